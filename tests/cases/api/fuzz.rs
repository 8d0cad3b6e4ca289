//! Whatever the document allows, and more: schemathesis against the running server.

use std::process::Command;

use estampe_tests::Server;
use estampe_tests::api::Program;
use estampe_tests::on_both;

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
fn schemathesis(server: &Server, program: &Program, settings: &str, more: &[&str]) -> (bool, String) {
    let tool = std::env::var_os("ESTAMPE_TEST_SCHEMATHESIS").expect(
        "ESTAMPE_TEST_SCHEMATHESIS is not set: run the tests by `cargo xtask test`, which installs schemathesis",
    );
    let file = server.folder().join("schemathesis.toml");
    std::fs::write(&file, settings).unwrap();
    let mut command = Command::new(tool);
    command.current_dir(server.folder()).arg("--config-file").arg(&file).args(["--no-color", "run"]);
    command.arg(format!("{}/api/v1/openapi.json", server.internal));
    command.arg("--tls-verify").arg(server.data().join("tls/ca.pem"));
    command.args(["--header", &format!("Authorization: Bearer {}", program.token())]);
    command.args(["--max-examples", &tries(), "--seed", &seed(), "--continue-on-failure"]);
    command.args(["--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off"]);
    let output = command.args(more).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// Names of what is there, so that it gets beyond "there is no such thing".
fn settings(server: &Server) -> String {
    let person = server.json(&["person", "list", "lefevre"])["people"][0].clone();
    let lead = server.json(&["lead", "list"])["leads"][0].clone();
    let run = server.json(&["run", "list"])["runs"][0].clone();
    let mut settings = String::new();
    for (operation, parameter, value) in [
        ("get_person", "id", text(&person["id"])),
        ("get_photo", "id", text(&person["id"])),
        ("get_lead", "id", text(&lead["id"])),
        ("get_run", "id", text(&run["id"])),
        ("get_source", "name", "siege"),
        ("get_plugin", "id", "directory-file"),
    ] {
        settings += &format!(
            "[[operations]]\ninclude-operation-id = \"{operation}\"\nparameters = {{ \"path.{parameter}\" = \"{value}\" }}\n"
        );
    }
    settings += &format!(
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
        let (well, said) = schemathesis(&server, &program, "", &[]);
        assert!(well, "{said}");
        let (well, said) = schemathesis(&server, &program, &settings(&server), &["--phases", "coverage,fuzzing"]);
        assert!(well, "{said}");
        println!("{said}");
    }
}
