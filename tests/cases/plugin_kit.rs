//! The conformance suite, on the shipped plugin and on wrong ones. How a plugin comes to be
//! is in `tutorial`.

use std::path::Path;
use std::process::Command;

use estampe_tests::{Output, Server, Signer, binary, sample};
use serde_json::Value;

/// A command in this folder; without a server.
fn estampe(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(binary()).args(arguments).current_dir(folder).output().unwrap();
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What the conformance suite says: exit code, and whether each check passed.
fn tried(folder: &Path, arguments: &[&str]) -> (i32, Vec<(String, bool)>, String) {
    let output = estampe(folder, &[&["--json", "plugin", "test"], arguments].concat());
    let said: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {output:?}"));
    let checks = said["checks"].as_array().unwrap().iter();
    let checks = checks.map(|check| (check["name"].as_str().unwrap().to_owned(), check["passed"].as_bool().unwrap()));
    (output.code, checks.collect(), output.stdout)
}

const CHECKS: [&str; 10] = [
    "loads",
    "describe",
    "check",
    "full run",
    "fields",
    "resume",
    "idempotence",
    "cancellation",
    "limits",
    "redaction",
];

fn conforms(folder: &Path, arguments: &[&str]) {
    let (code, checks, said) = tried(folder, arguments);
    assert!(code == 0 && checks.iter().all(|(_, passed)| *passed), "{said}");
    assert_eq!(checks.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), CHECKS);
}

#[test]
fn the_shipped_plugin_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = Server::bundles().join("directory-file.estampe");
    let input = format!("people={}", sample().display());
    conforms(folder.path(), &[bundle.to_str().unwrap(), "--input", &input]);
    // without what it reads
    let missing = estampe(folder.path(), &["plugin", "test", bundle.to_str().unwrap()]);
    assert!(missing.code == 1 && missing.stderr.contains("--input people=PATH"), "{missing:?}");
}

#[test]
fn a_plugin_that_delivers_beyond_its_manifest_does_not_conform() {
    let folder = tempfile::tempdir().unwrap();
    let narrow = estampe_tests::Bundle::shipped("directory-file").replacing("    \"givenName\",\n", "");
    let bundle = narrow.write(folder.path(), "narrow", Some(&Signer::new()));
    let input = format!("people={}", sample().display());
    let (code, checks, said) = tried(folder.path(), &[bundle.to_str().unwrap(), "--input", &input]);
    assert!(code == 1 && checks.contains(&("describe".to_owned(), false)), "{said}");
    assert!(said.contains("givenName"), "{said}");
}

const CHECKS_OF_TEMPLATES: [&str; 9] =
    ["loads", "render", "typed", "text", "size", "alone", "idempotence", "limits", "redaction"];

#[test]
fn the_shipped_templates_conform_and_what_they_made_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    for template in ["signature-classic", "signature-compact", "signature-banner"] {
        let bundle = Server::bundles().join(format!("{template}.estampe"));
        let (code, checks, said) = tried(folder.path(), &[bundle.to_str().unwrap()]);
        assert!(code == 0 && checks.iter().all(|(_, passed)| *passed), "{said}");
        assert_eq!(checks.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), CHECKS_OF_TEMPLATES);
    }
    let bundle = Server::bundles().join("signature-compact.estampe");
    let (code, checks, said) = tried(folder.path(), &[bundle.to_str().unwrap(), "--save", "looks"]);
    assert!(code == 0 && checks.last().unwrap().0 == "saved", "{said}");
    let look = std::fs::read_to_string(folder.path().join("looks/whole-fr.html")).unwrap();
    assert!(look.contains("Zoé Lefèvre-Núñez</strong>"), "{look}");
    // a connector makes no looks
    let connector = Server::bundles().join("ldap.estampe");
    let set = ["--set", "url=ldaps://a.example", "--set", "base=dc=a"];
    let refused =
        estampe(folder.path(), &[&["plugin", "test", connector.to_str().unwrap(), "--save", "x"], &set[..]].concat());
    assert_eq!(refused.code, 1, "{refused:?}");
}

#[test]
fn a_new_template_conforms_and_one_that_forgets_to_escape_does_not() {
    let place = tempfile::tempdir().unwrap();
    let sdk = estampe_tests::workspace().join("plugin-sdk");
    let made = estampe(
        place.path(),
        &["plugin", "new", "ours", "--kind", "signature-template", "--sdk", sdk.to_str().unwrap()],
    );
    assert_eq!(made.code, 0, "{made:?}");
    let folder = place.path().join("ours");
    // the versions that are tried everywhere else
    std::fs::copy(estampe_tests::workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let build = || {
        let built = estampe(&folder, &["plugin", "build"]);
        assert_eq!(built.code, 0, "{built:?}");
    };
    build();
    let logo = ["--set", "logo=https://a.example/l.png"];
    let (code, _, said) = tried(&folder, &[&["ours.estampe", "--save", "looks"], &logo[..]].concat());
    assert_eq!(code, 0, "{said}");
    lints(&folder.join("looks"));
    let source = folder.join("src/lib.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("escape(name)", "name")).unwrap();
    build();
    let (code, checks, said) = tried(&folder, &["ours.estampe"]);
    assert!(code == 1 && checks.contains(&("typed".to_owned(), false)), "{said}");
    assert!(said.contains("html::escape"), "{said}");
    // a manifest that is in order, of another kind than the component
    let manifest = folder.join("plugin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("kind = \"signature-template\"", "kind = \"connector\"")).unwrap();
    let other = estampe(&folder, &["plugin", "build"]);
    assert!(other.code == 1 && other.stderr.contains("does not export estampe:plugin/connector"), "{other:?}");
}

/// What a template made keeps the rules of docs/plugins/signatures.md.
fn lints(looks: &Path) {
    let mut looked = 0;
    for entry in std::fs::read_dir(looks).unwrap() {
        let page = entry.unwrap().path();
        if page.extension().is_some_and(|extension| extension == "html") {
            let html = std::fs::read_to_string(&page).unwrap();
            // the first line makes a page of it
            let (_, html) = html.split_once('\n').unwrap();
            let text = std::fs::read_to_string(page.with_extension("txt")).unwrap();
            assert_eq!(estampe_signature_lint::lint(html.trim(), &text), [], "{}: {html}", page.display());
            looked += 1;
        }
    }
    assert_eq!(looked, 7);
}

#[test]
fn a_manifest_that_no_appliance_takes_is_neither_built_nor_signed() {
    let place = tempfile::tempdir().unwrap();
    let sdk = estampe_tests::workspace().join("plugin-sdk");
    let made = estampe(place.path(), &["plugin", "new", "ours", "--sdk", sdk.to_str().unwrap()]);
    assert_eq!(made.code, 0, "{made:?}");
    let folder = place.path().join("ours");
    let good = std::fs::read_to_string(folder.join("plugin.toml")).unwrap();
    for (from, to, words) in [
        ("id = ", "colour = 1\nid = ", "colour"),
        ("\"GET\"", "\"GTE\"", "GTE"),
        ("contract = \"0.1.0\"", "contract = \"9.0.0\"", "9.0.0"),
    ] {
        assert!(good.contains(from), "{from}");
        std::fs::write(folder.join("plugin.toml"), good.replacen(from, to, 1)).unwrap();
        let built = estampe(&folder, &["plugin", "build"]);
        assert!(built.code == 1 && built.stderr.contains("plugin.toml: ") && built.stderr.contains(words), "{built:?}");
        assert!(!folder.join("target").exists(), "{to}: cargo ran");
    }
    assert_eq!(estampe(place.path(), &["plugin", "key", "new", "a.key"]).code, 0);
    let newer = estampe_tests::Bundle::shipped("directory-file")
        .replacing("contract = \"0.1.0\"", "contract = \"9.0.0\"")
        .write(place.path(), "newer", None);
    let before = std::fs::read(&newer).unwrap();
    let signed = estampe(place.path(), &["plugin", "sign", newer.to_str().unwrap(), "--key", "a.key"]);
    assert!(signed.code == 1 && signed.stderr.contains("9.0.0"), "{signed:?}");
    assert_eq!(std::fs::read(&newer).unwrap(), before);
}

#[test]
fn names_that_no_crate_may_have_are_refused() {
    let place = tempfile::tempdir().unwrap();
    for name in ["test", "struct", "self", "std", "a-"] {
        let made = estampe(place.path(), &["plugin", "new", name]);
        assert!(made.code == 1 && made.stderr.contains("the name"), "{name}: {made:?}");
        assert!(!place.path().join(name).exists(), "{name}");
    }
}

#[test]
fn what_a_plugin_wrote_before_it_crashed_stands_below_the_check() {
    use estampe_tests::guest::{GUEST, Guest};
    let place = tempfile::tempdir().unwrap();
    // `people` stands at 66,000
    let page = "(call $log (i32.const 3) (i32.const 66000) (i32.const 6)) unreachable";
    let bundle = Guest { page, ..GUEST }.bundle("crashes").write(place.path(), "crashes", None);
    let page = "(call $log (i32.const 1) (i32.const 66000) (i32.const 4)) (i32.const 0)";
    let quiet = Guest { page, ..GUEST }.bundle("quiet").write(place.path(), "quiet", None);
    let lines = |bundle: &Path, more: &[&str]| {
        let output = estampe(place.path(), &[&["plugin", "test", bundle.to_str().unwrap()], more].concat());
        output.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let said = lines(&bundle, &[]);
    let at = said.iter().position(|line| line.starts_with("FAILED full run")).unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!(said[at + 1], "error: people", "{said:?}");
    let (code, _, json) = tried(place.path(), &[bundle.to_str().unwrap()]);
    assert!(code == 1 && json.contains(r#""text":"people""#), "{json}");
    // of what went well it is shown when that is asked for
    let wrote = |more: &[&str]| lines(&quiet, more).iter().any(|line| line == "info: peop");
    assert!(!wrote(&[]) && wrote(&["--log"]));
}
