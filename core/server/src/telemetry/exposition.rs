//! Metrics in the text format of Prometheus. The recorder listens nowhere: the internal
//! listener's route `/metrics` shows what it holds.

use std::time::Duration;

use estampe_domain::Ts;
use estampe_domain::mail::{AccountMail, LeadMail, TestedSignature};
use estampe_domain::metric::{self, Kind};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::process;

/// How often waiting samples are put into their buckets, so that they take no memory
/// however seldom somebody looks.
const UPKEEP: Duration = Duration::from_secs(2);

/// What was measured so far.
#[derive(Clone)]
pub struct Exposition(PrometheusHandle);

impl Exposition {
    /// Begins to measure; `now` is the process's start.
    pub fn begin(now: Ts) -> Result<Self, String> {
        let mut builder = PrometheusBuilder::new();
        for metric in metric::ALL {
            if let Kind::Histogram(buckets) = metric.kind {
                let whole = Matcher::Full(metric.name.to_owned());
                builder = builder.set_buckets_for_metric(whole, buckets).map_err(|e| format!("metrics: {e}"))?;
            }
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|e| format!("metrics: {e}"))?;
        for metric in metric::ALL {
            match metric.kind {
                Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
                Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
                Kind::Histogram(_) => metrics::describe_histogram!(metric.name, metric.help),
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970, far below 2^52")]
        metrics::gauge!(metric::PROCESS_START.name).set(now.as_millis() as f64 / 1_000.0);
        begin_at_zero();
        Ok(Self(handle))
    }

    /// The whole, as Prometheus reads it.
    pub fn text(&self) -> String {
        process::measure();
        self.0.render()
    }

    /// Tidies until dropped.
    pub async fn keep(self) {
        let mut tick = tokio::time::interval(UPKEEP);
        loop {
            tick.tick().await;
            self.0.run_upkeep();
        }
    }
}

/// Counters of what may not happen for long are there from the start: an alert on growth
/// does not see the first one of a counter that was not there before.
fn begin_at_zero() {
    for level in ["warn", "error"] {
        metrics::counter!(metric::LOG_LINES.name, "level" => level).increment(0);
    }
    for outcome in ["done", "failed", "held", "discarded"] {
        metrics::counter!(metric::RUNS.name, "outcome" => outcome).increment(0);
    }
    for outcome in ["accepted", "refused", "throttled"] {
        metrics::counter!(metric::SIGN_INS.name, "outcome" => outcome).increment(0);
    }
    for reason in ["origin", "form", "right"] {
        metrics::counter!(metric::REFUSALS.name, "reason" => reason).increment(0);
    }
    let of_leads = [LeadMail::Acknowledgement, LeadMail::Notice].map(LeadMail::as_str);
    let of_accounts = AccountMail::ALL.map(AccountMail::as_str);
    for mail in of_leads.into_iter().chain(of_accounts).chain([TestedSignature::KIND]) {
        for outcome in ["sent", "later", "dead", "void"] {
            metrics::counter!(metric::MAILS.name, "mail" => mail, "outcome" => outcome).increment(0);
        }
    }
    metrics::counter!(metric::PANICS.name).increment(0);
}

/// Says what runs.
pub fn build(version: &'static str, database: &'static str) {
    metrics::gauge!(metric::BUILD.name, "version" => version, "database" => database).set(1.0);
}
