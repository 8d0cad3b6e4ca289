//! What this version takes of the configuration, what it does not, and what is new in it.

use super::super::doctor::Report;
use super::LastStart;
use crate::config::{Origins, Problem, Settings, shown};

const CHECK: &str = "configuration";
const NEW: &str = "new keys";

/// Tells what is wrong, and which keys are new. `refused`: what `check-config` would say.
pub fn tell(
    settings: &Settings,
    problems: &[Problem],
    refused: Option<&String>,
    last: Option<&LastStart>,
    report: &mut Report,
) {
    for problem in problems {
        // one that the version before knew is no slip of a pen
        let is_gone = problem.unknown.as_ref().zip(last).is_some_and(|(key, last)| knew(last, key));
        if is_gone {
            let found = format!("{}; {} knew it", problem.text, last.map_or("", |last| last.version.as_str()));
            report.fail(CHECK, found, "take it away when you upgrade: CHANGELOG.md says what took its place");
        } else {
            report.fail(CHECK, problem.text.clone(), "mend it: this version does not start with it");
        }
    }
    match refused {
        Some(words) => report.fail(CHECK, words.replace('\n', "; "), "mend it: this version does not start with it"),
        None if problems.is_empty() => report.ok(CHECK, "can be used by this version"),
        None => {}
    }
    let Some(last) = last else {
        return report.skip(NEW, "which keys the version before had is not noted");
    };
    let now = shown(&Settings::default(), &Origins::new());
    let added: Vec<_> = now.iter().filter(|fact| !last.keys.contains(&fact.key)).collect();
    if added.is_empty() {
        return report.ok(NEW, format!("none since {}", last.version));
    }
    let set = shown(settings, &Origins::new());
    let told = added.iter().map(|fact| {
        let set = set.iter().find(|set| set.key == fact.key && set.value != fact.value);
        match set {
            Some(_) => format!("{} (set already)", fact.key),
            None => format!("{} = \"{}\"", fact.key, fact.value),
        }
    });
    let found = format!("since {}, with their defaults: {}", last.version, told.collect::<Vec<_>>().join(", "));
    report.ok(NEW, found);
}

/// Whether it knew this key, or a key of this section.
fn knew(last: &LastStart, key: &str) -> bool {
    let section = format!("{key}.");
    last.keys.iter().any(|known| known == key || known.starts_with(&section))
}

#[cfg(test)]
mod tests {
    use super::super::super::doctor::Status;
    use super::*;

    fn told(problems: &[Problem], refused: Option<&String>, last: Option<&LastStart>) -> Vec<(Status, String)> {
        let mut report = Report::default();
        tell(&Settings::default(), problems, refused, last, &mut report);
        report.told()
    }

    #[test]
    fn keys_that_came_and_keys_that_went_are_named() {
        let keys = shown(&Settings::default(), &Origins::new()).into_iter().map(|fact| fact.key);
        let mut keys: Vec<_> = keys.filter(|key| key != "sync.hold_percent").collect();
        keys.push("old.way".into());
        let last = LastStart { version: "0.0.9".into(), keys };
        let all = told(&[], None, Some(&last));
        assert_eq!(all[0], (Status::Ok, "can be used by this version".into()));
        assert_eq!(all[1], (Status::Ok, "since 0.0.9, with their defaults: sync.hold_percent = \"10\"".into()));

        let unknown = |key: &str| Problem { text: format!("f: unknown key {key}"), unknown: Some(key.to_owned()) };
        let all = told(&[unknown("old"), unknown("smpt.host")], None, Some(&last));
        assert_eq!(all[0], (Status::Failed, "f: unknown key old; 0.0.9 knew it".into()));
        assert_eq!(all[1], (Status::Failed, "f: unknown key smpt.host".into()));
        let all = told(&[], Some(&"a\nb".to_owned()), None);
        assert_eq!(all.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [Status::Failed, Status::Skipped]);
    }
}
