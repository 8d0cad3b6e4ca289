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
