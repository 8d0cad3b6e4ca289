//! Each rule is broken by a fixture of its own, which breaks no other, and stands in the
//! documentation as it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use estampe_signature_lint::{RULES, lint, table};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn fixture(name: &str) -> Option<String> {
    fs::read_to_string(fixtures().join(name)).ok()
}

#[test]
fn a_good_signature_breaks_no_rule() {
    let (html, text) = (fixture("good.html").unwrap(), fixture("good.txt").unwrap());
    assert_eq!(lint(&html, &text), []);
}

#[test]
fn each_rule_has_a_fixture_that_breaks_it_and_no_other() {
    let (html, text) = (fixture("good.html").unwrap(), fixture("good.txt").unwrap());
    for rule in RULES {
        let findings = match (fixture(&format!("{}.html", rule.id)), fixture(&format!("{}.txt", rule.id))) {
            (Some(broken), None) => lint(&broken, &text),
            (None, Some(broken)) => lint(&html, &broken),
            _ => panic!("`{}` needs a fixture, fixtures/{}.html or .txt", rule.id, rule.id),
        };
        let broken: BTreeSet<&str> = findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(broken, BTreeSet::from([rule.id]), "{findings:?}");
    }
}

#[test]
fn no_fixture_stands_alone() {
    for file in fs::read_dir(fixtures()).unwrap() {
        let path = file.unwrap().path();
        let id = path.file_stem().unwrap().to_str().unwrap();
        assert!(id == "good" || RULES.iter().any(|rule| rule.id == id), "{}", path.display());
    }
}

#[test]
fn ids_are_unique_and_every_rule_says_why_and_where_that_is_written() {
    let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), RULES.len());
    for rule in RULES {
        let words = [rule.demand, rule.why, rule.source];
        assert!(
            words.iter().all(|words| words.len() >= "practice".len() && !words.contains(['|', '\n'])),
            "{}",
            rule.id
        );
        assert!(!rule.clients.is_empty(), "{}", rule.id);
    }
}

#[test]
fn more_ways_to_break_a_rule() {
    let (html, text) = (fixture("good.html").unwrap(), fixture("good.txt").unwrap());
    for (right, wrong, rule) in [
        ("Ingénieure<br>", "<p>Ingénieure</p>", "layout-elements"),
        ("<strong ", "<strong onclick=\"x()\" ", "no-active"),
        ("<tbody>", "<tbody id=\"a\">", "no-style-sheet"),
        ("</strong>", "", "nesting"),
        ("<strong ", "<strong aria-hidden=\"true\" ", "attributes"),
        ("valign=\"top\" style=\"padding:0 14px", "style=\"display:none;padding:0 14px", "layout-properties"),
        ("color:#666666", "color:#666666;background:#eeeeee", "background-image"),
        ("color:#666666", "color:#666666;background-color:url(x)", "background-image"),
        ("border-left:2px solid #1a4d8f", "border-radius:4px", "properties"),
        ("padding:8px", "padding:calc(1px + 2px)", "units"),
        ("max-width:100%", "max-width:50vw", "units"),
        ("font-size:15px", "font-size:medium", "font-size"),
        ("2px solid #1a4d8f", "2px solid navy", "colour-hex"),
        ("color:#666666", "color:#fff", "colour-hex"),
        // readable on white, and lost in the dark
        ("color:#666666", "color:#0000ff", "contrast"),
        // white on white, were it not for its ground
        ("color:#666666", "color:#ffffff;background-color:#777777", "contrast"),
        ("https://www.garonne.example/logo.png", "data:image/png;base64,AAAA", "img-source"),
        ("logo.png", "logo.webp?v=2", "img-format"),
        ("https://www.garonne.example/salon\"", "javascript:x()\"", "link-scheme"),
        ("width=\"96\" height", "width=\"96px\" height", "img-size"),
        ("font-size:13px;line", "line", "font-declared"),
    ] {
        let broken = html.replacen(right, wrong, 1);
        assert_ne!(broken, html, "{right}");
        let findings = lint(&broken, &text);
        assert!(findings.iter().any(|finding| finding.rule == rule), "{wrong}: {findings:?}");
    }
    assert!(lint(&html, " \n").iter().any(|finding| finding.rule == "text-version"));
}

#[test]
fn the_example_of_the_documentation_keeps_every_rule() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plugins/signatures.md");
    let page = fs::read_to_string(file).unwrap();
    let (_, example) = page.split_once("```html\n").unwrap();
    let (example, _) = example.split_once("\n```").unwrap();
    assert_eq!(lint(example, "Zoé Lefèvre"), []);
}

#[test]
fn the_documentation_has_the_same_rules() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plugins/signatures.md");
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.contains(&table()), "{} does not have this table:\n\n{}", file.display(), table());
}
