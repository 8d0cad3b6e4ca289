//! Finds the property tests: whatever proptest runs, by the names of the tests.

use std::fs;
use std::path::Path;

/// Where tests of ours are.
const PLACES: &[&str] = &["core", "plugin-sdk", "plugins", "tests/cases"];

/// The names of all properties; fails on a file that uses proptest in a way that is not
/// understood here, so that none is left out silently.
pub fn find(workspace: &Path) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for place in PLACES {
        walk(&workspace.join(place), &mut names)?;
    }
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err("there are no property tests".to_owned());
    }
    Ok(names)
}

fn walk(folder: &Path, names: &mut Vec<String>) -> Result<(), String> {
    let at = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(at)? {
        let path = entry.map_err(at)?.path();
        if path.is_dir() {
            walk(&path, names)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let found = properties(&text);
            if found.is_empty() && text.contains("proptest::prelude") {
                return Err(format!("{}: it uses proptest, but no property was found in it", path.display()));
            }
            names.extend(found);
        }
    }
    Ok(())
}

/// The tests inside `proptest! { … }`, and those that run a `TestRunner` of their own.
fn properties(text: &str) -> Vec<String> {
    let (mut found, mut block, mut current) = (Vec::new(), None, None);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let code = line.trim_start();
        if code.starts_with("proptest! {") {
            block = Some(indent);
        } else if code.starts_with('}') && block == Some(indent) {
            block = None;
        }
        if let Some(name) = function(code) {
            current = Some(name.to_owned());
            if block.is_some() {
                found.extend(current.clone());
            }
        }
        if code.contains("TestRunner::new") {
            found.extend(current.clone());
        }
    }
    found
}

fn function(code: &str) -> Option<&str> {
    let code = code.strip_prefix("pub ").unwrap_or(code);
    let code = code.strip_prefix("async ").unwrap_or(code);
    let (name, _) = code.strip_prefix("fn ")?.split_once('(')?;
    Some(name.split('<').next().unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_a_property_are_found_and_nothing_else() {
        let text = "fn helper() {}\nproptest! {\n    #[test]\n    fn a_rule(x in 0..3) {\n    }\n}\n\
                    async fn of_the_store(database) {\n    let r = TestRunner::new(c);\n}\n#[test]\nfn plain() {}\n";
        assert_eq!(properties(text), ["a_rule", "of_the_store"]);
    }
}
