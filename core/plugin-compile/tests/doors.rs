//! The program's doors: input, output and exit codes.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// A component with nothing in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
/// The header of a core module.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_estampe-compile"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // it may end before it read everything
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn a_component_becomes_an_artifact() {
    let output = run(&[], EMPTY);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stdout.starts_with(b"\x7fELF"));
    assert!(output.stderr.is_empty());
}

#[test]
fn what_is_no_component_is_refused() {
    for input in [&b""[..], b"(component)", MODULE, &EMPTY[..7], &[0xff; 4096]] {
        let output = run(&[], input);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty());
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn the_fingerprint_stays_the_same() {
    let first = run(&["--fingerprint"], b"");
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    assert_eq!(first.stdout.len(), 17);
    assert_eq!(first.stdout, run(&["--fingerprint"], b"").stdout);
}

#[test]
fn wrong_usage_is_told() {
    for arguments in [&["--help"][..], &["a", "b"]] {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("usage"));
    }
}
