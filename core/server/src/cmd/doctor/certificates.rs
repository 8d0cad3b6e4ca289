//! The certificates: read as `serve` would read them, with days left.

use estampe_adapters::SystemClock;
use estampe_domain::Ts;
use estampe_domain::ports::Clock;

use super::{Report, Status, days_left};
use crate::config::{CheckedSettings, TlsSource, is_withheld};
use crate::tls::{CertificateStatus, inspect};

const CHECK: &str = "certificate";
/// Days left under which somebody should renew a certificate of their own.
const SOON: i64 = 30;
/// Days left under which one that renews itself should have done so.
const LATE: i64 = 14;

/// Looks at what the listeners are to serve.
pub fn examine(settings: &CheckedSettings, report: &mut Report) {
    if let TlsSource::Files { certificate, key } = &settings.tls
        && (is_withheld(certificate) || is_withheld(key))
    {
        return report.skip(CHECK, "it is a credential of the unit, which is stopped");
    }
    let now = SystemClock.now();
    for certificate in inspect(settings, now) {
        judge(&certificate, now, report);
    }
}

fn judge(certificate: &CertificateStatus, now: Ts, report: &mut Report) {
    let (by, advice, soon) = match certificate.source {
        "files" => ("your own", "renew it in the files that [tls] names: it is taken up while running", SOON),
        "acme" => ("signed by the ACME server", "read in the log why it was not renewed", LATE),
        _ => ("signed by the local CA", "restart the service: it makes a new one", LATE),
    };
    let names = certificate.names.join(", ");
    let Some(until) = certificate.not_after.as_deref() else {
        return match (&certificate.problem, certificate.source) {
            (Some(problem), _) => report.fail(CHECK, problem, advice),
            (None, "acme") => {
                report.warn(CHECK, format!("the ACME server has signed none yet for {names}"), "read in the log why");
            }
            (None, _) => report.skip(CHECK, "the local certificate is made at the first start"),
        };
    };
    let days = until.parse().map_or(0, |until: jiff::Timestamp| {
        until.as_second().saturating_sub(now.as_micros() / 1_000_000).div_euclid(86_400)
    });
    let found = format!("for {names}, {by}, until {until}");
    match &certificate.problem {
        Some(problem) if certificate.usable => report.warn(CHECK, format!("{found}: {problem}"), advice),
        Some(problem) => report.fail(CHECK, problem, advice),
        None if days < 0 => report.fail(CHECK, format!("{found}: it has expired"), advice),
        None => {
            let status = if days < soon { Status::Warning } else { Status::Ok };
            let advice = if status == Status::Ok { "" } else { advice };
            report.note(CHECK, status, format!("{found} ({})", days_left(days)), advice);
        }
    }
}
