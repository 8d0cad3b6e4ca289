//! Whatever the document allows, and more: schemathesis against the running server.

use std::fmt::Write as _;
use std::process::Command;

use estampe_domain::access::Role;
use estampe_tests::Server;
use estampe_tests::api::Program;
use estampe_tests::on_both;

use super::super::access::welcomed;
use super::tokens::personal;
use super::{sample, text};

/// Everything that a service may do.
const SCOPES: [&str; 9] = [
    "people:read",
    "people:write",
    "leads:read",
    "sources:read",
    "sources:run",
    "plugins:read",
    "accounts:read",
    "accounts:write",
    "health:read",
];

/// How many tries each operation gets; the long trial says more.
fn tries() -> String {
    std::env::var("ESTAMPE_TEST_API_TRIES").unwrap_or_else(|_| "12".to_owned())
}

/// The same for every run, unless another is asked for.
fn seed() -> String {
    std::env::var("ESTAMPE_TEST_API_SEED").unwrap_or_else(|_| "20260301".to_owned())
}

/// Asks the server for whatever its document says; what was found.
fn schemathesis(server: &Server, program: &Program, settings: &str, at: &str, more: &[&str]) -> (bool, String) {
    let tool = std::env::var_os("ESTAMPE_TEST_SCHEMATHESIS").expect(
        "ESTAMPE_TEST_SCHEMATHESIS is not set: run the tests by `cargo xtask test`, which installs schemathesis",
    );
    let file = server.folder().join("schemathesis.toml");
    std::fs::write(&file, settings).unwrap();
    let mut command = Command::new(tool);
    command.current_dir(server.folder()).arg("--config-file").arg(&file).args(["--no-color", "run"]);
    command.arg(at);
    command.arg("--tls-verify").arg(server.data().join("tls/ca.pem"));
    command.args(["--header", &format!("Authorization: Bearer {}", program.token())]);
    command.args(["--max-examples", &tries(), "--seed", &seed(), "--continue-on-failure"]);
    command.args(["--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off"]);
    let output = command.args(more).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// Answers that schemathesis does not expect by itself: what a schema cannot say is 422, what
/// `If-Match` says is 412, and 428 is for whoever leaves it out (RFC 6585).
const EXPECTED: &str = "\
[checks.positive_data_acceptance]
expected-statuses = [\"2xx\", \"3xx\", \"401\", \"403\", \"404\", \"409\", \"412\", \"422\", \"429\"]
[checks.negative_data_rejection]
expected-statuses = [\"400\", \"401\", \"403\", \"404\", \"405\", \"406\", \"409\", \"412\", \"413\", \"415\", \"422\", \"428\", \"429\"]
[checks.missing_required_header]
expected-statuses = [\"400\", \"401\", \"403\", \"404\", \"415\", \"422\", \"428\"]
";

/// Names of what is there, so that it gets beyond "there is no such thing".
fn settings(server: &Server) -> String {
    let person = server.json(&["person", "list", "lefevre"])["people"][0].clone();
    let lead = server.json(&["lead", "list"])["leads"][0].clone();
    let run = server.json(&["run", "list"])["runs"][0].clone();
    let mut settings = EXPECTED.to_owned();
    for (operation, parameter, value) in [
        ("get_person", "id", text(&person["id"])),
        ("get_photo", "id", text(&person["id"])),
        ("get_lead", "id", text(&lead["id"])),
        ("get_run", "id", text(&run["id"])),
        ("get_source", "name", "siege"),
        ("get_plugin", "id", "directory-file"),
    ] {
        let _ = writeln!(
            settings,
            "[[operations]]\ninclude-operation-id = \"{operation}\"\nparameters = {{ \"path.{parameter}\" = \"{value}\" }}"
        );
    }
    let _ = write!(
        settings,
        "[[operations]]\ninclude-operation-id = \"change_person\"\n\
         parameters = {{ \"path.id\" = \"{}\", \"If-Match\" = \"*\" }}\n\
         [[operations]]\ninclude-operation-id = \"start_run\"\nparameters = {{ \"path.name\" = \"siege\" }}\n",
        text(&person["id"])
    );
    settings
}

async fn leave_a_lead(server: &Server) {
    let form =
        [("name", "Amélie Traoré"), ("email", "amelie@atelier.example"), ("idempotency_key", "0123456789abcdefghij")];
    let card = server.card_of("lefevre");
    assert_eq!(server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap().status(), 200);
}

on_both! {
    async fn whatever_is_asked_the_answer_is_documented(database) {
        let server = sample(database).await;
        leave_a_lead(&server).await;
        let program = Program::service(&server, &SCOPES);
        let url = format!("{}/api/v1/openapi.json", server.internal);
        let (well, said) = schemathesis(&server, &program, EXPECTED, &url, &[]);
        assert!(well, "{said}");
        let (well, said) = schemathesis(&server, &program, &settings(&server), &url, &["--phases", "coverage,fuzzing"]);
        assert!(well, "{said}");
        // and what an account may do with its tokens
        let signed = welcomed(&server, Role::Auditor, None).await;
        let program = personal(&server, &signed, &["people:read", "tokens:read", "tokens:write"]).await;
        let (well, said) = schemathesis(&server, &program, EXPECTED, &url, &["--include-tag", "tokens", "--include-tag", "me"]);
        assert!(well, "{said}");
        // it can say no: a document that is wrong in one word
        let document = server.client().get(format!("{}/api/v1/openapi.json", server.internal)).send().await.unwrap();
        let mut document: serde_json::Value = document.json().await.unwrap();
        document["components"]["schemas"]["PeoplePage"]["properties"]["total"]["type"] = "string".into();
        let lie = server.folder().join("lie.json");
        std::fs::write(&lie, document.to_string()).unwrap();
        let program = Program::service(&server, &SCOPES);
        let url = format!("{}/api/v1", server.internal);
        let more = ["--url", url.as_str(), "--include-operation-id", "list_people"];
        let (well, said) = schemathesis(&server, &program, EXPECTED, lie.to_str().unwrap(), &more);
        assert!(!well && said.contains("Response violates schema"), "{said}");
    }
}
