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
    let (code, _, said) = tried(&folder, &["ours.estampe", "--set", "logo=https://a.example/l.png"]);
    assert_eq!(code, 0, "{said}");
    let source = folder.join("src/lib.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("escape(name)", "name")).unwrap();
    build();
    let (code, checks, said) = tried(&folder, &["ours.estampe"]);
    assert!(code == 1 && checks.contains(&("typed".to_owned(), false)), "{said}");
    assert!(said.contains("html::escape"), "{said}");
}
