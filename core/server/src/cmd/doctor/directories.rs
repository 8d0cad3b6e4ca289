//! The directories that sources read: each server, what its account may do, and what the
//! connector tries by itself. The running service asks them.

use std::time::Duration;

use estampe_adapters::SystemClock;
use estampe_domain::Ts;
use estampe_domain::ldap::examine::{Examination, ServerReport, Step, Tried};
use estampe_domain::ports::Clock;
use serde_json::{Value, json};

use super::{Report, Service, days_left};
use crate::cmd::work::{encoded, text};
use crate::operator::Operator;

const CHECK: &str = "directory";
/// Days left under which somebody should renew a server's certificate.
const SOON: i64 = 30;
/// Time for one source: the service ends a directory that hangs before that.
const LIMIT: Duration = Duration::from_mins(1);

/// Looks at those of all sources.
pub async fn examine(service: &Service, report: &mut Report) {
    let Service::Running(operator) = service else {
        return report.skip(CHECK, "the running service asks it");
    };
    let answer = match operator.get("/v1/sources").await {
        Ok(answer) => answer,
        Err(error) => return report.skip(CHECK, format!("the service could not be asked: {error}")),
    };
    let sources = answer.get("sources").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut there = false;
    for source in &sources {
        let name = text(source, "name");
        match tokio::time::timeout(LIMIT, ask(operator, &name)).await {
            Ok(Ok(None)) => continue,
            Ok(Ok(Some(examination))) => tell(&name, &examination, SystemClock.now(), report),
            Ok(Err(error)) => {
                report.fail(CHECK, format!("{name}: the service could not look at it: {error}"), "look at its log");
            }
            Err(_) => {
                let words = format!("{name}: nothing was heard of it within {LIMIT:?}");
                report.fail(CHECK, words, "look at the servers of the source, and at the service's log");
            }
        }
        there = true;
    }
    if !there {
        report.ok(CHECK, "no source reads one");
    }
}

async fn ask(operator: &Operator, name: &str) -> Result<Option<Examination>, String> {
    let mut answer = operator.post(&format!("/v1/sources/{}/examine", encoded(name)), &json!({})).await?;
    let examination = answer.get_mut("examination").map(Value::take).unwrap_or_default();
    serde_json::from_value(examination).map_err(|e| format!("the service's answer was not understood: {e}"))
}

fn tell(source: &str, examination: &Examination, now: Ts, report: &mut Report) {
    let one_is_well = examination.servers.iter().any(|server| server.failed.is_none());
    for server in &examination.servers {
        tell_server(source, server, one_is_well, now, report);
    }
    for Tried { step, passed, found } in &examination.tried {
        let found = format!("{source}: {found}");
        match (passed, step) {
            (true, _) => report.ok(CHECK, found),
            // full runs go on without it
            (false, Step::Changes) => report.warn(CHECK, found, advice(*step, source)),
            (false, _) => report.fail(CHECK, found, advice(*step, source)),
        }
    }
}

fn tell_server(source: &str, server: &ServerReport, one_is_well: bool, now: Ts, report: &mut Report) {
    let passed = server.passed.join(", ");
    if let Some(failed) = &server.failed {
        let reached = if passed.is_empty() { String::new() } else { format!(" (after: {passed})") };
        let found = format!("{source}: {}: {}{reached}", server.server, failed.why);
        let advice = advice(failed.step, source);
        // another server serves
        return if one_is_well { report.warn(CHECK, found, advice) } else { report.fail(CHECK, found, advice) };
    }
    let found = format!("{source}: {}: {passed}", server.server);
    match server.certificate_until.map(|until| (until, until.seconds_since(now).div_euclid(86_400))) {
        None => report.ok(CHECK, found),
        Some((until, days)) if days < SOON => {
            let found = format!("{found}; its certificate ends at {until} ({})", days_left(days));
            report.warn(CHECK, found, "renew the certificate of that server: without it nobody is read any more");
        }
        Some((until, days)) => {
            report.ok(CHECK, format!("{found}; certificate until {until} ({})", days_left(days)));
        }
    }
}

fn advice(step: Step, source: &str) -> String {
    match step {
        Step::Configuration => format!("mend it: estampe source set \"{source}\""),
        Step::Connection => "look at \"servers\" of the source, the name service, the firewall, and that server".into(),
        Step::Tls => {
            "name the CA in \"ca-file\" of the source, or look at the server's certificate, StartTLS and port".into()
        }
        Step::Bind => "look at \"bind-dn\" and \"password\" of the source, and at that account in the directory".into(),
        Step::Base => "look at \"base\" of the source, and at what its account may read there".into(),
        Step::Changes => "let its account read modifyTimestamp, or uSNChanged in Active Directory".into(),
        Step::Connector => {
            format!(
                "look at \"base\" and \"filter\", and at what the account may read: estampe source check \"{source}\""
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use estampe_domain::ldap::examine::StepFailed;

    use super::super::Status;
    use super::*;

    fn server(name: &str, days: Option<i64>, failed: Option<Step>) -> ServerReport {
        ServerReport {
            server: name.to_owned(),
            passed: vec!["connected".to_owned()],
            certificate_until: days.map(|days| Ts::from_micros(0).plus_seconds(days * 86_400 + 60)),
            failed: failed.map(|step| StepFailed { step, why: "it is broken".to_owned() }),
        }
    }

    fn told(servers: Vec<ServerReport>, tried: Vec<Tried>) -> Vec<(Status, String)> {
        let mut report = Report::default();
        tell("siege", &Examination { servers, tried }, Ts::from_micros(0), &mut report);
        report.0.into_iter().map(|finding| (finding.status, finding.found)).collect()
    }

    #[test]
    fn what_is_broken_and_what_should_be_looked_at() {
        let one = told(vec![server("a", Some(90), None), server("b", None, Some(Step::Connection))], Vec::new());
        assert_eq!((one[0].0, one[1].0), (Status::Ok, Status::Warning));
        assert_eq!(one[0].1, "siege: a: connected; certificate until 1970-04-01T00:01:00Z (90 days left)");
        assert_eq!(one[1].1, "siege: b: it is broken (after: connected)");
        assert_eq!(told(vec![server("a", Some(29), None)], Vec::new())[0].0, Status::Warning);
        assert_eq!(told(vec![server("a", None, Some(Step::Bind))], Vec::new())[0].0, Status::Failed);
        let tried = [(Step::Base, true), (Step::Changes, false), (Step::Connector, false)];
        let tried = tried.map(|(step, passed)| Tried { step, passed, found: "x".to_owned() }).to_vec();
        let statuses: Vec<_> = told(Vec::new(), tried).into_iter().map(|(status, _)| status).collect();
        assert_eq!(statuses, [Status::Ok, Status::Warning, Status::Failed]);
    }
}
