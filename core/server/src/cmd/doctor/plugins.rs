//! Plugins: the compiler is there, the bundles load; what waits for a word, and what is newer.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use estampe_service::is_newer;
use serde_json::Value;

use super::{Report, Service};
use crate::cmd::work::text;
use crate::config::CheckedSettings;

const CHECK: &str = "plugins";

/// Looks at them.
pub async fn examine(settings: &CheckedSettings, service: &Service, report: &mut Report) {
    let compiler = settings.plugins.compiler.display();
    match fs::metadata(&settings.plugins.compiler) {
        Ok(facts) if facts.is_file() && facts.permissions().mode() & 0o111 != 0 => {}
        Ok(_) => return report.fail(CHECK, format!("{compiler} is no program"), "name it in plugins.compiler"),
        Err(error) => {
            let advice = "put estampe-compile beside estampe, or name it in plugins.compiler";
            return report.fail(CHECK, format!("{compiler}: {error}"), advice);
        }
    }
    let folder = settings.plugins.dir.display();
    let Service::Running(operator) = service else {
        let bundles = fs::read_dir(&settings.plugins.dir).map(|entries| {
            entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "estampe")).count()
        });
        return match bundles {
            Ok(0) => report.warn(CHECK, format!("{folder} holds no bundle"), "no source can be read without one"),
            Ok(count) => {
                report.ok(CHECK, format!("compiler {compiler}; bundles in {folder}: {count}, loaded at the start"));
            }
            Err(error) => report.warn(CHECK, format!("{folder}: {error}"), "look at plugins.dir"),
        };
    };
    let answer = match operator.get("/v1/plugins").await {
        Ok(answer) => answer,
        Err(error) => return report.skip(CHECK, format!("the service could not be asked: {error}")),
    };
    tell(&answer, &compiler.to_string(), report);
}

/// What the service says of those that are installed and those that lie ready.
fn tell(answer: &Value, compiler: &str, report: &mut Report) {
    let list = |key: &str| answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let (plugins, offered) = (list("plugins"), list("offered"));
    let own: Vec<_> =
        plugins.iter().map(|plugin| format!("{}: {}", text(plugin, "id"), text(plugin, "problem"))).collect();
    let others = list("problems").into_iter().filter_map(|problem| Some(problem.as_str()?.to_owned()));
    for problem in others.filter(|problem| !own.contains(problem)) {
        report.fail(CHECK, problem, "replace or remove the bundle, then restart the service");
    }
    if plugins.is_empty() {
        let advice = "no source can be read without one: estampe plugin list names those that lie ready";
        return report.warn(CHECK, "no plugin is installed".to_owned(), advice);
    }
    let ids: Vec<_> = plugins.iter().map(|plugin| text(plugin, "id")).collect();
    report.ok(CHECK, format!("compiler {compiler}; installed: {}", ids.join(", ")));
    for plugin in &plugins {
        one(plugin, &offered, report);
    }
}

fn one(plugin: &Value, offered: &[Value], report: &mut Report) {
    let (id, problem) = (text(plugin, "id"), text(plugin, "problem"));
    let asks = |key: &str| plugin.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let refused = |asks: &[Value]| asks.iter().filter(|ask| ask.get("granted") != Some(&Value::Bool(true))).count();
    let at = |pointer: &str| plugin.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (version, contract) = (at("/current/info/version"), at("/current/info/contract"));
    let (asked, waiting) = (asks("asks"), at("/waiting/info/version"));
    let signed = match at("/current/signature/state").as_str() {
        "none" => "signed by nobody".to_owned(),
        _ => format!("signed by {}", at("/current/signature/key")),
    };
    let name = format!("{id} {version}");
    let found = format!(
        "{name}: contract {contract}, {signed}, {} of {} grants given",
        asked.len() - refused(&asked),
        asked.len()
    );
    match text(plugin, "state").as_str() {
        "paused" => {
            let advice = format!("mend what it names, then: estampe plugin enable {id}");
            report.fail(CHECK, format!("{name} is paused: {problem}"), advice);
        }
        "disabled" => report.ok(CHECK, format!("{found}; switched off by an administrator")),
        _ if !problem.is_empty() => {
            let advice = format!("bring another version of it, or trust its key: estampe plugin show {id}");
            report.fail(CHECK, format!("{name} cannot be used: {problem}"), advice);
        }
        _ if !version.is_empty() => report.ok(CHECK, found),
        _ => {}
    }
    if !waiting.is_empty() {
        let found = match refused(&asks("waiting_asks")) {
            0 => format!("{id} {waiting} waits for your word"),
            open => format!("{id} {waiting} waits for your word on {open} grants"),
        };
        report.warn(CHECK, found, format!("estampe plugin show {id}, then estampe plugin grant {id}"));
    }
    let newest = if waiting.is_empty() { &version } else { &waiting };
    let info = |offer: &Value, key: &str| offer.get("info").map(|info| text(info, key)).unwrap_or_default();
    let newer = offered.iter().find(|offer| info(offer, "id") == id && is_newer(&info(offer, "version"), newest));
    if let Some(offer) = newer {
        let found = format!("{id} {} lies ready, {newest} is installed", info(offer, "version"));
        report.warn(CHECK, found, format!("estampe plugin upgrade {id}, or restart the service"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Status;
    use super::*;

    fn told(answer: &Value) -> Vec<(Status, String)> {
        let mut report = Report::default();
        tell(answer, "c", &mut report);
        assert!(report.is_helpful());
        report.told()
    }

    fn version(version: &str) -> Value {
        json!({ "info": { "id": "a", "version": version, "contract": "0.1.0" }, "signature": { "state": "trusted", "key": "K" } })
    }

    #[test]
    fn what_hinders_a_plugin_is_told() {
        let plugin = |state: &str, problem: Value| {
            json!({ "id": "a", "state": state, "problem": problem, "current": version("1.0.0"), "waiting": null,
                "asks": [{ "granted": true }, { "granted": false }], "waiting_asks": [] })
        };
        let of = |plugin: Value, offered: Value, problems: Value| {
            told(&json!({ "plugins": [plugin], "offered": offered, "problems": problems }))
        };
        let well = of(plugin("enabled", Value::Null), json!([version("1.0.0")]), json!([]));
        assert_eq!(well[1], (Status::Ok, "a 1.0.0: contract 0.1.0, signed by K, 1 of 2 grants given".into()));
        let newer = of(plugin("enabled", Value::Null), json!([version("1.1.0")]), json!([]));
        assert_eq!(newer[2], (Status::Warning, "a 1.1.0 lies ready, 1.0.0 is installed".into()));
        let paused = of(plugin("paused", json!("5 failures")), json!([]), json!(["a: 5 failures"]));
        assert_eq!(paused[1], (Status::Failed, "a 1.0.0 is paused: 5 failures".into()));
        let revoked =
            of(plugin("enabled", json!("the key K is revoked")), json!([]), json!(["a: the key K is revoked", "x"]));
        assert_eq!(revoked[0], (Status::Failed, "x".into()));
        assert_eq!(revoked[2], (Status::Failed, "a 1.0.0 cannot be used: the key K is revoked".into()));
        let mut waits = plugin("enabled", Value::Null);
        waits["waiting"] = version("2.0.0");
        waits["waiting_asks"] = json!([{ "granted": false }]);
        let waits = of(waits, json!([version("2.0.0")]), json!([]));
        assert_eq!(waits[2], (Status::Warning, "a 2.0.0 waits for your word on 1 grants".into()));
        assert_eq!(waits.len(), 3, "what waits is no news: {waits:?}");
        assert_eq!(told(&json!({ "plugins": [] }))[0].0, Status::Warning);
    }
}
