//! Signing in by a source's directory, through the running server: who is let in, who is not,
//! and what nobody hears or finds in the log.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use estampe_tests::{Options, Output, Server, binary, on_both};
use serde_json::Value;

use crate::ldap::slapd::{Certificate, More, PASSWORD, PEOPLE, READER, SUFFIX, Slapd, base64};

/// What everybody's password is.
pub(super) const SECRET: &str = "Mirabelle 1912";

/// Attributes that other directories have, as they have them.
const SCHEMA: &str = "\
moduleload ppolicy
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.159 NAME 'accountExpires' EQUALITY integerMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.662 NAME 'lockoutTime' EQUALITY integerMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' EQUALITY caseIgnoreMatch \
SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
";

fn policy() -> String {
    format!("overlay ppolicy\nppolicy_default \"cn=policy,{SUFFIX}\"\n")
}

pub(super) fn person(uid: &str, more: &str) -> String {
    format!(
        "dn: uid={uid},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: extensibleObject\nuid: {uid}\n\
         cn: {uid} Mirbach\nsn: Mirbach\nmail: {uid}@mirbach.example\nuserPassword: {SECRET}\n{more}\n"
    )
}

/// A directory whose accounts are locked after three wrong passwords, for two seconds.
pub(super) fn directory(entries: &str) -> Slapd {
    let policy_entry = format!(
        "dn: cn=policy,{SUFFIX}\nobjectClass: person\nobjectClass: pwdPolicy\ncn: policy\nsn: policy\n\
         pwdAttribute: userPassword\npwdLockout: TRUE\npwdMaxFailure: 3\npwdLockoutDuration: 2\n\n"
    );
    let more =
        More { global: SCHEMA.to_owned(), of_database: policy(), entries: policy_entry + entries, ..More::default() };
    Slapd::start_with(0, Certificate::Good, &more)
}

fn well(server: &Server, arguments: &[&str]) -> Output {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

/// A server whose source "siege" has read this directory.
pub(super) async fn serving(options: Options, slapd: &Slapd, set: &[&str]) -> Server {
    let server = Server::start(options).await;
    server.never_logs(&[SECRET, PASSWORD, "mirbach", "quince"]);
    well(&server, &["plugin", "install", "ldap", "--yes"]);
    let servers = format!("servers={}", slapd.ldaps());
    let (ca, base) = (format!("ca-file={}", slapd.ca().display()), format!("base={PEOPLE}"));
    let (dn, password) = (format!("bind-dn={READER}"), format!("password={PASSWORD}"));
    let all = ["--set", &servers, "--set", &ca, "--set", &base, "--set", &dn, "--set", &password];
    well(&server, &[&["source", "add", "siege", "--plugin", "ldap"], &all[..], set].concat());
    assert_eq!(server.sync()["state"], "done");
    server
}

/// What `estampe source sign-in` says of this name and password.
fn sign_in(server: &Server, login: &str, password: &str) -> (i32, Value) {
    let mut command = Command::new(binary())
        .arg("--config")
        .arg(server.config())
        .args(["--json", "source", "sign-in", "siege", "--", login])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    command.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let output = command.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!errors.contains(SECRET), "{errors}");
    let answer = serde_json::from_slice(&output.stdout).unwrap_or(Value::String(errors));
    (output.status.code().unwrap(), answer)
}

pub(super) fn accepted(server: &Server, login: &str) {
    let (code, answer) = sign_in(server, login, SECRET);
    assert_eq!((code, &answer["accepted"]), (0, &Value::Bool(true)), "{login:?}: {answer}");
}

/// Refused for this reason, to the administrator who tries it.
pub(super) fn refused(server: &Server, login: &str, password: &str, reason: &str) {
    let (code, answer) = sign_in(server, login, password);
    assert_eq!((code, answer["reason"].as_str()), (1, Some(reason)), "{login:?}: {answer}");
}

on_both! {
    async fn who_the_directory_knows_signs_in_and_nobody_else(database) {
        let mut slapd = directory(&[
            person("anna", ""),
            person("bert", ""),
            person("two", "mail: one@mirbach.example\n"),
            person("three", "mail: one@mirbach.example\n"),
        ].concat());
        let server = serving(Options { database, ..Options::default() }, &slapd, &[]).await;
        for login in ["anna", " ANNA ", "anna@mirbach.example"] {
            accepted(&server, login);
        }
        let (_, answer) = sign_in(&server, "anna", SECRET);
        assert_eq!(answer["name"], "anna Mirbach");
        let person = answer["person"].as_str().unwrap();
        refused(&server, "anna", "quince", "wrong-password");
        refused(&server, "anna", &format!("{SECRET} "), "wrong-password");
        refused(&server, "anna", &"quince".repeat(300), "wrong-password");
        refused(&server, "anna", "", "no-password");
        refused(&server, "nobody", SECRET, "nobody");
        refused(&server, "one@mirbach.example", SECRET, "several");
        // whose name would be a filter, if it were text
        for injected in ["*", "a*", "anna)(uid=*", "*)(uid=*))(|(uid=*", ")(uid=*", "\\2a", "\\61nna", "", " ", "uid=anna"] {
            refused(&server, injected, SECRET, "nobody");
        }
        // an account outside of the base, whatever its password
        refused(&server, "reader", PASSWORD, "nobody");
        // the events say whose and why, and not what was typed
        let events = server.sql("SELECT details FROM audit_event WHERE operation = 'person.sign-in'").join("\n");
        for reason in ["wrong-password", "no-password", "nobody", "several"] {
            assert!(events.contains(reason), "{reason}: {events}");
        }
        assert!(!events.contains("anna") && !events.contains("mirbach") && !events.contains("quince"), "{events}");
        let of_anna = format!("SELECT outcome FROM audit_event WHERE operation = 'person.sign-in' AND object_id = '{person}'");
        assert_eq!(server.sql(&of_anna).iter().filter(|outcome| *outcome == "done").count(), 4);
        assert!(server.log().contains("somebody was not let in"), "{}", server.log());

        // no connection: said as such, and no try is counted
        accepted(&server, "bert");
        slapd.kill();
        for _ in 0..11 {
            let (code, answer) = sign_in(&server, "bert", SECRET);
            assert_eq!(code, 1);
            assert!(answer.as_str().is_some_and(|words| words.contains("refused")), "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_locked_disabled_expired_or_gone_is_told_apart() {
    let names = ["locked", "disabled", "inactive", "lock-time", "expired", "never", "gone", "guid"];
    let slapd = directory(&names.map(|name| person(name, "")).concat());
    let server = serving(Options::default(), &slapd, &[]).await;
    let change = |name: &str, attribute: &str, value: &str| {
        slapd.change(&format!(
            "dn: uid={name},{PEOPLE}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
        ));
    };
    for name in names {
        accepted(&server, name);
    }
    change("locked", "pwdAccountLockedTime", "000001010000Z");
    change("disabled", "userAccountControl", "514");
    change("inactive", "nsAccountLock", "TRUE");
    change("lock-time", "lockoutTime", "134000000000000000");
    change("expired", "accountExpires", "130000000000000000");
    change("never", "accountExpires", "9223372036854775807");
    for (name, reason) in [
        ("locked", "locked"),
        ("disabled", "disabled"),
        ("inactive", "disabled"),
        ("lock-time", "locked"),
        ("expired", "expired"),
    ] {
        refused(&server, name, SECRET, reason);
        // the entry says so, whatever the password
        refused(&server, name, "quince", reason);
    }
    accepted(&server, "never");

    // locked by the server itself after three wrong passwords, and let in when that is over
    for _ in 0..3 {
        sign_in(&server, "gone", "quince");
    }
    refused(&server, "gone", SECRET, "locked");
    tokio::time::sleep(Duration::from_secs(3)).await;
    accepted(&server, "gone");

    // disabled by a run of the source, though the directory lets them in again
    change("gone", "nsAccountLock", "TRUE");
    let run = server.sync();
    let id = run["id"].as_str().unwrap();
    if run["state"] == "held" {
        assert_eq!(server.cli(&["run", "approve", id]).code, 0);
    }
    change("gone", "nsAccountLock", "FALSE");
    refused(&server, "gone", SECRET, "inactive");
    // known to the directory alone
    slapd.change(&person("new", "").replacen('\n', "\nchangetype: add\n", 1));
    refused(&server, "new", SECRET, "not-known");

    // the same identity as the plugin's, where it is sixteen octets
    let guid = format!("objectGUID:: {}\n", base64(&(0..16).collect::<Vec<u8>>()));
    slapd.change(&person("windows", &guid).replacen('\n', "\nchangetype: add\n", 1));
    server.sync();
    accepted(&server, "windows");
    let identities = server.sql("SELECT external_id FROM person_identity");
    assert!(identities.contains(&"03020100-0504-0706-0809-0a0b0c0d0e0f".to_owned()), "{identities:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_and_unknown_names_are_not_heard() {
    let slapd = directory(&[person("anna", "sAMAccountName: am\n"), person("bert", ""), person("carl", "")].concat());
    let server = serving(Options::default(), &slapd, &[]).await;
    // one spelling after another, one name after another: one entry
    let spellings =
        ["anna", "Anna", "am", "AM", "anna@mirbach.example", "ANNA", "aM", "Am", "aNNa", "annA@mirbach.example"];
    for login in spellings {
        let (_, answer) = sign_in(&server, login, "quince");
        assert!(["wrong-password", "locked"].contains(&answer["reason"].as_str().unwrap()), "{answer}");
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    refused(&server, "anna", SECRET, "too-many");
    accepted(&server, "bert");
    for _ in 0..10 {
        refused(&server, "nobody", SECRET, "nobody");
    }
    refused(&server, "NOBODY ", SECRET, "too-many");
    // a right password forgives what came before
    for _ in 0..2 {
        refused(&server, "carl", "quince", "wrong-password");
    }
    accepted(&server, "carl");

    // a name that nobody has takes as long as a wrong password
    let time = |login: &str| {
        let mut times: Vec<_> = (0..3)
            .map(|_| {
                let begun = Instant::now();
                sign_in(&server, login, "quince");
                begun.elapsed()
            })
            .collect();
        times.sort();
        times[1]
    };
    let (known, unknown) = (time("carl"), time("nobody else"));
    assert!(known.abs_diff(unknown) < Duration::from_millis(120), "{known:?} {unknown:?}");
    assert!(known > Duration::from_millis(250), "{known:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_says_by_which_names_and_a_file_has_none() {
    let slapd = directory(&person("anna", ""));
    let server = serving(Options::default(), &slapd, &["--set", "login=mail"]).await;
    refused(&server, "anna", SECRET, "nobody");
    accepted(&server, "anna@mirbach.example");
    well(&server, &["source", "set", "siege", "--set", "login=uid", "--set", "identity=ipaUniqueID"]);
    refused(&server, "anna", SECRET, "no-identity");
    well(&server, &["source", "set", "siege", "--set", "login=*", "--unset", "identity"]);
    let (code, answer) = sign_in(&server, "anna", SECRET);
    assert_eq!(code, 1);
    assert!(answer.as_str().is_some_and(|words| words.contains("is no attribute")), "{answer}");

    let other = Server::with_sample(Options::default()).await;
    let (code, answer) = sign_in(&other, "lefevre", SECRET);
    assert_eq!(code, 1);
    assert!(answer.as_str().is_some_and(|words| words.contains("asks for no directory")), "{answer}");
}
