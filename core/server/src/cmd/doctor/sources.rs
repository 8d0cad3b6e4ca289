//! Sources: whether a run of one waits for a word, or the last one failed.

use serde_json::Value;

use super::{Report, Service};
use crate::cmd::work::text;

const CHECK: &str = "sources";

/// Looks at the last run of each.
pub async fn examine(service: &Service, report: &mut Report) {
    let Service::Running(operator) = service else {
        return report.skip(CHECK, "the running service knows them");
    };
    match operator.get("/v1/sources").await {
        Ok(answer) => tell(answer.get("sources").and_then(Value::as_array).map_or(&[], Vec::as_slice), report),
        Err(error) => report.skip(CHECK, format!("the service could not be asked: {error}")),
    }
}

fn tell(sources: &[Value], report: &mut Report) {
    let mut well = Vec::new();
    for source in sources {
        let (name, run) = (text(source, "name"), source.get("last_run").cloned().unwrap_or_default());
        let (id, at) = (text(&run, "id"), text(&run, "at"));
        match text(&run, "state").as_str() {
            "held" => {
                let found =
                    format!("{name}: the run {id} of {at} waits for a yes or a no; until then nothing of it is read");
                report.warn(
                    CHECK,
                    found,
                    format!("estampe run show {id}, then estampe run approve {id} or discard {id}"),
                );
            }
            "failed" => {
                let found = format!("{name}: the run {id} of {at} failed; people stay as they were");
                report.warn(
                    CHECK,
                    found,
                    format!("read why: estampe run show {id}; then: estampe source check \"{name}\""),
                );
            }
            "" => well.push(format!("{name} (never run)")),
            _ => well.push(name),
        }
    }
    if sources.is_empty() {
        report.ok(CHECK, "there is none");
    } else if !well.is_empty() {
        report.ok(CHECK, format!("no run of these waits or failed: {}", well.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Status;
    use super::*;

    #[test]
    fn runs_that_wait_or_failed_are_named() {
        let source =
            |name: &str, state: &str| json!({ "name": name, "last_run": { "id": "r1", "state": state, "at": "t" } });
        let mut report = Report::default();
        tell(&[source("a", "held"), source("b", "failed"), source("c", "done"), json!({ "name": "d" })], &mut report);
        assert!(report.is_helpful());
        let told = report.told();
        assert_eq!(
            told.iter().map(|(status, _)| *status).collect::<Vec<_>>(),
            [Status::Warning, Status::Warning, Status::Ok]
        );
        assert!(told[0].1.contains("r1") && told[2].1.ends_with("c, d (never run)"), "{told:?}");
    }
}
