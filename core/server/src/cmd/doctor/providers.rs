//! Sign-in providers: what each says of itself, asked by the running service as it asks when somebody
//! signs in.

use std::time::Duration;

use estampe_adapters::SystemClock;
use estampe_domain::Ts;
use estampe_domain::ports::Clock;
use serde_json::{Value, json};

use super::{Report, Service, days_left};
use crate::cmd::work::{encoded, text};
use crate::operator::Operator;

const CHECK: &str = "provider";
/// Days left under which somebody should renew its certificate.
const SOON: i64 = 30;
/// Time for one provider, its document and its keys.
const LIMIT: Duration = Duration::from_secs(30);

/// Asks each of them.
pub async fn examine(service: &Service, report: &mut Report) {
    let Service::Running(operator) = service else {
        return report.skip(CHECK, "the running service asks it");
    };
    let answer = match operator.get("/v1/providers").await {
        Ok(answer) => answer,
        Err(error) => return report.skip(CHECK, format!("the service could not be asked: {error}")),
    };
    let providers = answer.get("providers").and_then(Value::as_array).cloned().unwrap_or_default();
    if providers.is_empty() {
        report.ok(CHECK, "nobody signs in by one");
    }
    for provider in &providers {
        let name = text(provider, "name");
        match tokio::time::timeout(LIMIT, ask(operator, &name)).await {
            Ok(Ok(found)) => tell(provider, &found, SystemClock.now(), report),
            Ok(Err(error)) => {
                report.fail(CHECK, format!("{name}: the service could not ask it: {error}"), "look at its log");
            }
            Err(_) => {
                let found = format!("{name}: nothing was heard of it within {} seconds", LIMIT.as_secs());
                report.fail(CHECK, found, "look at the provider, the firewall and egress.proxy");
            }
        }
    }
}

async fn ask(operator: &Operator, name: &str) -> Result<Value, String> {
    operator.post(&format!("/v1/providers/{}/check", encoded(name)), &json!({})).await
}

fn tell(provider: &Value, found: &Value, now: Ts, report: &mut Report) {
    let name = text(provider, "name");
    let source = text(found, "source");
    if !source.is_empty() {
        return report
            .ok(CHECK, format!("{name}: the directory of the source \"{source}\", looked at as \"directory\""));
    }
    if found.get("good") != Some(&Value::Bool(true)) {
        let words = format!("{name}: {} ({}): {}", text(found, "text"), text(found, "reason"), text(found, "detail"));
        return report.fail(CHECK, words, advice(&text(found, "reason"), &name));
    }
    let told = format!(
        "{name}: {} answers, with {} keys; it has to send people back to {}",
        text(provider, "issuer"),
        text(found, "keys"),
        text(provider, "redirect")
    );
    let until: Option<jiff::Timestamp> = text(found, "certificate_until").parse().ok();
    match until.map(|until| (until, Ts::from(until).seconds_since(now).div_euclid(86_400))) {
        None => report.ok(CHECK, told),
        Some((until, days)) if days < SOON => {
            let words = format!("{told}; its certificate ends at {until} ({})", days_left(days));
            report.warn(CHECK, words, "have the certificate of that server renewed: without it nobody signs in there");
        }
        Some((until, days)) => report.ok(CHECK, format!("{told}; certificate until {until} ({})", days_left(days))),
    }
}

fn advice(reason: &str, name: &str) -> String {
    match reason {
        "unreachable" => format!(
            "look at its issuer, the name service, the firewall and egress.proxy; a private address has to be named \
             (estampe provider set {name} --network), a private CA in egress.ca_file"
        ),
        "discovery-issuer" => {
            format!("write the issuer letter by letter as it stands there: estampe provider set {name} --issuer")
        }
        _ => format!(
            "compare its issuer with what the provider documents (estampe provider show {name}), and ask who runs it"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    #[test]
    fn a_provider_is_told_with_its_days_and_its_next_step() {
        let provider =
            json!({ "name": "sso", "issuer": "https://sso.example", "redirect": "https://c.example/sign-in/back" });
        let told = |found: Value| {
            let mut report = Report::default();
            tell(&provider, &found, Ts::from_micros(0), &mut report);
            assert!(report.is_helpful());
            report.told().remove(0)
        };
        let until = |until: &str| json!({ "good": true, "keys": 2, "certificate_until": until });
        let (status, words) = told(until("1970-02-10T00:00:00Z"));
        assert!(status == Status::Ok && words.contains("(40 days left)") && words.contains("/sign-in/back"), "{words}");
        assert_eq!(told(until("1970-01-30T00:00:00Z")).0, Status::Warning);
        assert_eq!(told(json!({ "good": true, "keys": 2, "certificate_until": null })).0, Status::Ok);
        let (status, words) = told(json!({ "good": false, "reason": "unreachable", "text": "t", "detail": "d" }));
        assert_eq!((status, words.as_str()), (Status::Failed, "sso: t (unreachable): d"));
        assert_eq!(told(json!({ "good": true, "source": "siege" })).0, Status::Ok);
    }
}
