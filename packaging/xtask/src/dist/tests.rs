//! What needs no long build of what is shipped.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use estampe_plugin_kit::signing;

use super::{Variant, notices, sums, tree};
use crate::children;

fn workspace() -> PathBuf {
    crate::workspace()
}

#[test]
fn sums_check_and_what_differs_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dist");
    fs::create_dir_all(out.join("plugins")).unwrap();
    fs::write(out.join("estampe_1.deb"), b"a package").unwrap();
    fs::write(out.join("plugins/ldap.estampe"), b"a plugin").unwrap();
    let key = folder.path().join("release.key");
    signing::create(&key, "a test").unwrap();
    let key = signing::read(&key).unwrap();
    sums::write(&out, Some(&key)).unwrap();
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    assert!(read("SHA256SUMS.minisig").contains("estampe release"));
    let checked =
        children::output("sha256sum", Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(&out));
    assert_eq!(checked.unwrap(), "estampe_1.deb: OK\nplugins/ldap.estampe: OK\n");
    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::copy(out.join("SHA256SUMS"), theirs.join("SHA256SUMS")).unwrap();
    sums::same(&out, &theirs).unwrap();
    let other = read("SHA256SUMS").replace("estampe_1.deb", "estampe_2.deb");
    fs::write(theirs.join("SHA256SUMS"), other).unwrap();
    let differ = sums::same(&out, &theirs).unwrap_err();
    assert!(differ.ends_with("estampe_1.deb, estampe_2.deb"), "{differ}");

    // one archive for a site without network: what was summed, and what an operator reads
    let archive = |name: &str| {
        tree::offline(&workspace(), &out, "1", 1_700_000_000).unwrap();
        let kept = folder.path().join(name);
        fs::rename(out.join("estampe_1_offline.tar"), &kept).unwrap();
        kept
    };
    let (one, another) = (archive("one.tar"), archive("another.tar"));
    assert_eq!(fs::read(&one).unwrap(), fs::read(&another).unwrap(), "two archives of the same differ");
    let listed = children::output("tar", Command::new("tar").arg("-tf").arg(&one)).unwrap();
    for path in ["SHA256SUMS.minisig", "plugins/ldap.estampe", "docs/install.md", "docs/upgrade.md"] {
        assert!(listed.lines().any(|line| line == format!("estampe-1/{path}")), "{path}: {listed}");
    }
}

#[test]
fn whoever_is_linked_is_thanked_in_their_own_words() {
    let sqlite = notices::of(&workspace(), "estampe", Variant::Sqlite.features()).unwrap();
    for part in ["serde ", "rustls ", "Permission is hereby granted, free of charge", "Apache License"] {
        assert!(sqlite.contains(part), "{part}");
    }
    assert!(!sqlite.contains("\nfantoccini "), "the tests' browser is not shipped");
    let postgres = notices::of(&workspace(), "estampe", Variant::Postgres.features()).unwrap();
    assert!(postgres.contains("\npq-sys ") && !sqlite.contains("\npq-sys "));
}
