//! PostgreSQL's own programs, `pg_dump` and `pg_restore`: found on the PATH, given the password by the
//! environment and never by an argument that others could read.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Result, StoreError};

/// What of a program's complaints is told: the first lines, which name the cause.
const TOLD: u64 = 2_000;

/// An address without its password, and the password.
#[derive(PartialEq, Eq)]
struct Address {
    url: String,
    password: Option<String>,
}

/// Takes the password out of an address, from before the `@` and from its query.
fn without_password(url: &str) -> Address {
    let (mut password, mut rest) = (None, url.to_owned());
    if let Some((scheme, after)) = url.split_once("://") {
        let end = after.find(['/', '?']).unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        if let Some((user, host)) = authority.rsplit_once('@')
            && let Some((name, secret)) = user.split_once(':')
        {
            password = Some(decoded(secret));
            rest = format!("{scheme}://{name}@{host}{tail}");
        }
    }
    if let Some((head, query)) = rest.clone().split_once('?') {
        let mut kept = Vec::new();
        for pair in query.split('&') {
            match pair.strip_prefix("password=") {
                Some(secret) => password = Some(decoded(secret)),
                None => kept.push(pair),
            }
        }
        rest = if kept.is_empty() { head.to_owned() } else { format!("{head}?{}", kept.join("&")) };
    }
    Address { url: rest, password }
}

/// Percent-encoding (RFC 3986, 2.1) undone; what is none stays.
fn decoded(text: &str) -> String {
    let octets = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(octets.len()), 0);
    while let Some(octet) = octets.get(at) {
        let pair = (*octet == b'%').then(|| octets.get(at + 1..at + 3)).flatten();
        let value = pair.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        out.push(value.unwrap_or(*octet));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn program(name: &str, url: Option<&str>) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    if let Some(url) = url {
        let address = without_password(url);
        command.arg("--no-password").arg("--dbname").arg(address.url);
        if let Some(password) = address.password {
            command.env("PGPASSWORD", password);
        }
    }
    command
}

/// Runs it; what it wrote goes to `out`.
fn run(name: &str, mut command: Command, mut out: impl io::Write) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| {
        StoreError::Copy(match error.kind() {
            io::ErrorKind::NotFound => format!(
                "{name} is not on the PATH: install PostgreSQL's client programs (Debian: postgresql-client), at least of \
                 the server's version"
            ),
            _ => format!("{name}: {error}"),
        })
    })?;
    let complaints = child.stderr.take();
    // read beside it, so that neither waits for the other
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(complaints) = complaints {
            let mut complaints = io::BufReader::new(complaints);
            let _ = (&mut complaints).take(TOLD).read_to_string(&mut text);
            let _ = io::copy(&mut complaints, &mut io::sink());
        }
        text
    });
    let copied = child.stdout.take().map_or(Ok(0), |mut stdout| io::copy(&mut stdout, &mut out));
    if copied.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| StoreError::Copy(format!("{name}: {error}")))?;
    let told = reader.join().unwrap_or_default();
    copied.map_err(|error| StoreError::Copy(format!("{name}: its output could not be kept: {error}")))?;
    if status.success() {
        return Ok(());
    }
    let mut words = told.lines().map(str::trim).filter(|line| !line.is_empty()).take(4).collect::<Vec<_>>().join("; ");
    if words.contains("server version mismatch") || words.contains("unsupported version") {
        words += "; install client programs (Debian: postgresql-client) at least of the server's version";
    }
    Err(StoreError::Copy(format!("{name} failed ({status}): {words}")))
}

/// Dumps a database as it was in a snapshot that another transaction holds.
pub(crate) fn dump(url: &str, snapshot: &str, to: &Path) -> Result<()> {
    let file = |error: io::Error| StoreError::Copy(format!("{}: {error}", to.display()));
    let out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(file)?;
    let mut command = program("pg_dump", Some(url));
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--compress=1", "--snapshot", snapshot]);
    run("pg_dump", command, out)
}

/// Fills an empty database: all or nothing.
pub(crate) fn restore(url: &str, dump: &Path) -> Result<()> {
    let mut command = program("pg_restore", Some(url));
    command.args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]).arg(dump);
    run("pg_restore", command, io::sink())
}

/// What stands in a dump, a line for each thing.
pub(crate) fn list(dump: &Path) -> Result<Vec<String>> {
    let mut command = program("pg_restore", None);
    command.arg("--list").arg(dump);
    let mut out = Vec::new();
    run("pg_restore", command, &mut out)?;
    let lines =
        String::from_utf8_lossy(&out).lines().filter(|line| !line.starts_with(';')).map(str::to_owned).collect();
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_no_argument() {
        let cases = [
            ("postgres://u:p%40ss@h/db", "postgres://u@h/db", Some("p@ss")),
            ("postgres://u@h:5433/db?sslmode=require", "postgres://u@h:5433/db?sslmode=require", None),
            ("postgres://h/db?password=a%2Bb&host=/run", "postgres://h/db?host=/run", Some("a+b")),
            ("postgres://u:a@b@h/db?password=x", "postgres://u@h/db", Some("x")),
            ("postgres:///db", "postgres:///db", None),
        ];
        for (url, rest, password) in cases {
            let found = without_password(url);
            assert_eq!((found.url.as_str(), found.password.as_deref()), (rest, password), "{url}");
        }
        assert_eq!(decoded("100%"), "100%");
    }

    #[test]
    fn a_program_that_is_missing_or_fails_says_so() {
        let missing = run("estampe-no-such-program", Command::new("estampe-no-such-program"), io::sink());
        assert!(missing.unwrap_err().to_string().contains("is not on the PATH"));
        let mut failing = Command::new("sh");
        failing.args(["-c", "echo 'aborting because of server version mismatch' >&2; exit 3"]).stderr(Stdio::piped());
        let words = run("pg_dump", failing, io::sink()).unwrap_err().to_string();
        assert!(words.contains("mismatch") && words.contains("postgresql-client"), "{words}");
    }
}
