//! Tests that pages name: `path/of/file.rs::name`.

use std::collections::BTreeMap;
use std::path::Path;

use super::read;

/// Looks for every test that a page names; how many it names.
pub(super) fn check(workspace: &Path, page: &str, name: &str, problems: &mut Vec<String>) -> usize {
    let mut files: BTreeMap<&str, Option<String>> = BTreeMap::new();
    let mut count = 0;
    for (line, file, test) in named(page) {
        count += 1;
        let source = files.entry(file).or_insert_with(|| read(&workspace.join(file)).ok());
        match source {
            None => problems.push(format!("{name}:{line}: there is no {file}")),
            Some(source) if !is_test(source, test) => {
                problems.push(format!("{name}:{line}: {file} has no test {test}"));
            }
            Some(_) => {}
        }
    }
    count
}

/// What stands in backticks as a file and a name in it, with its line.
fn named(page: &str) -> Vec<(usize, &str, &str)> {
    let mut found = Vec::new();
    for (at, line) in page.lines().enumerate() {
        // every second part stands between backticks
        for code in line.split('`').skip(1).step_by(2) {
            if let Some((file, test)) = code.split_once("::")
                && Path::new(file).extension().is_some_and(|end| end == "rs")
            {
                found.push((at + 1, file, test));
            }
        }
    }
    found
}

/// Whether a source has a test of this name: marked as one, or made two of by `on_both!`.
fn is_test(source: &str, test: &str) -> bool {
    let lines: Vec<&str> = source.lines().collect();
    let begins = format!("fn {test}(");
    lines.iter().enumerate().any(|(at, line)| {
        let Some((_, rest)) = line.split_once(&begins) else { return false };
        let marks = lines.iter().take(at).rev().map(|before| before.trim());
        let mut marks = marks.take_while(|before| before.starts_with("#[") || before.starts_with("//"));
        let is_marked = marks.any(|mark| mark.starts_with("#[test") || mark.contains("::test"));
        // the macro's bodies name their database and no type
        let is_of_macro = source.contains("on_both! {") && rest.starts_with("database) ") | rest.starts_with("kind) ");
        is_marked || is_of_macro
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_stand_in_backticks() {
        let page = "| a | `core/x.rs`, `core/x.rs::it_is_so` |\nsee core/y.rs::not, `a::b` and `tests/z.rs::both`";
        assert_eq!(named(page), [(1, "core/x.rs", "it_is_so"), (2, "tests/z.rs", "both")]);
    }

    #[test]
    fn a_test_is_told_from_a_function() {
        let source = "#[tokio::test(flavor = \"multi_thread\")]\n// why\n#[ignore]\nasync fn one() {}\nfn two() {}\n\
                      on_both! {\n    async fn three(database) {\n    }\n}\n#[test]\nfn four() {}\n";
        for (name, wanted) in [("one", true), ("two", false), ("three", true), ("four", true), ("our", false)] {
            assert_eq!(is_test(source, name), wanted, "{name}");
        }
    }
}
