//! Plugins: the compiler is there, the bundles load.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::{Report, Service};
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
    let texts = |key: &str| -> Vec<String> {
        let list = answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter()
            .filter_map(|item| item.as_str().or_else(|| item.get("id")?.as_str()))
            .map(ToOwned::to_owned)
            .collect()
    };
    let (loaded, problems) = (texts("plugins"), texts("problems"));
    if !problems.is_empty() {
        return report.fail(CHECK, problems.join("; "), "replace or remove the bundle, then restart the service");
    }
    if loaded.is_empty() {
        let advice = "no source can be read without one: estampe plugin list names those that lie ready";
        return report.warn(CHECK, "no plugin is installed".to_owned(), advice);
    }
    report.ok(CHECK, format!("compiler {compiler}; loaded: {}", loaded.join(", ")));
}
