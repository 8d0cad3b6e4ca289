//! Sources after they were added: shown, and configured anew.

use std::io::Write as _;
use std::process::Stdio;

use estampe_tests::{Bundle, Options, Output, Server, Signer, on_both, sample};

const TOKEN: &str = "a-token-that-nobody-sees";
const OTHER: &str = "another-token-that-nobody-sees";

fn well(server: &Server, arguments: &[&str]) -> Output {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

fn refused(server: &Server, arguments: &[&str], words: &str) {
    let output = server.cli(arguments);
    assert!(output.code == 1 && output.stderr.contains(words), "{arguments:?}: {words}: {output:?}");
}

/// The shipped connector, which also asks for a service and how to authenticate there.
pub fn with_a_service() -> Bundle {
    Bundle::shipped("directory-file").replacing(
        "[config.format]",
        r#"[[http]]
url = "{url}/people/*"
methods = ["GET"]
credential = "service"

[credentials.service]
type = "client-credentials"
token-url = "https://login.example/token"
client-id = "estampe"
client-secret = "{token}"

[config.url]
type = "string"

[config.token]
type = "string"
secret = true

[config.format]"#,
    )
}

on_both! {
    async fn a_source_is_configured_anew_and_its_secrets_stay_secret(database) {
        let signer = Signer::new();
        let mut server = Server::start(Options { database, ..Options::default() }).await;
        server.never_logs(&[TOKEN, OTHER]);
        server.configure_more(&format!("[plugins]\ntrusted_keys = [{:?}]\n", signer.public()));
        server.stop();
        server.start_again().await;
        let bundle = with_a_service().write(server.folder(), "service", Some(&signer));
        well(&server, &["plugin", "install", &bundle.display().to_string(), "--yes"]);
        let (whole, short) = (sample(), server.folder().join("short.csv"));
        let secret = server.folder().join("token");
        std::fs::write(&secret, format!("{TOKEN}\n")).unwrap();
        std::fs::write(&short, "Nom complet;Courriel;Identifiant\nAda Lovelace;ada@example.org;1\n").unwrap();
        let input = |file: &std::path::Path| format!("people={}", file.display());
        let (token, a) = (format!("token={}", secret.display()), "url=https://a.example");
        well(&server, &["source", "add", "siege", "--input", &input(&whole), "--set", a, "--set-file", &token]);
        let shown = well(&server, &["source", "show", "siege"]).stdout;
        assert!(shown.contains("config url") && shown.contains("a.example") && shown.contains("(a secret, set)"), "{shown}");
        assert!(!shown.contains(TOKEN));
        assert_eq!(server.sync()["state"], "done");

        // what is wrong is named, all of it, and changes nothing
        let before = server.json(&["source", "show", "siege"]);
        let set = |arguments: &[&'static str]| [&["source", "set", "siege"], arguments].concat();
        refused(&server, &set(&["--set", "format=xml", "--set", "colour=red"]), "\"colour\" is unknown");
        refused(&server, &set(&["--set", "format=xml"]), "\"format\" is one of");
        refused(&server, &set(&["--unset", "colour"]), "\"colour\" is unknown");
        refused(&server, &set(&["--input", "file=/x"]), "does not ask for a file \"file\"");
        refused(&server, &set(&["--set-file", "token=/nowhere/token"]), "/nowhere/token");
        refused(&server, &set(&[]), "nothing to change");
        refused(&server, &["source", "set", "nobody", "--unset", "format"], "no source \"nobody\"; there are: siege");
        // a secret is not sent to a place that was named after it
        refused(&server, &set(&["--set", "url=https://evil.example"]), "\"token\" is needed again: \"url\"");
        refused(&server, &set(&["--unset", "url"]), "\"token\" is needed again");
        assert_eq!(server.json(&["source", "show", "siege"]), before);

        // nor by a version that sends it elsewhere: that waits for a word
        let elsewhere = with_a_service().version("0.2.0").replacing("login.example", "login.evil.example");
        let elsewhere = elsewhere.write(server.folder(), "elsewhere", Some(&signer)).display().to_string();
        let said = well(&server, &["plugin", "upgrade", &elsewhere]).stdout;
        assert!(said.contains("NOT GRANTED  credential service client-credentials with token at https://login.evil"), "{said}");
        assert_eq!(server.json(&["plugin", "show", "directory-file"])["current"]["info"]["version"], "0.1.0");
        well(&server, &["plugin", "rollback", "directory-file"]);
        refused(&server, &set(&["--set", "url=directory.example"]), "\"url\" is no address of a service");

        // not under a plan that stands
        std::fs::write(server.folder().join("token"), OTHER).unwrap();
        well(&server, &["source", "set", "siege", "--input", &input(&short), "--set", "format=csv"]);
        let held = server.json(&["source", "sync", "siege"]);
        assert_eq!((held["state"].as_str(), held["hold"].as_str()), (Some("held"), Some("too-many-gone")), "{held}");
        refused(&server, &["source", "set", "siege", "--input", &input(&whole)], "waits for a word");
        let runs = well(&server, &["run", "list", "siege"]).stdout;
        assert!(runs.contains(held["id"].as_str().unwrap()) && runs.contains("held (too-many-gone)"), "{runs}");
        refused(&server, &["run", "show", "nothing"], "see estampe run list");
        well(&server, &["run", "discard", held["id"].as_str().unwrap()]);

        // the place changes with the secret; a value that goes is the default again
        let changed = ["source", "set", "siege", "--input", &input(&whole), "--set", "url=https://b.example"];
        well(&server, &[&changed[..], &["--set-file", &token, "--unset", "format"]].concat());
        let now = server.json(&["source", "show", "siege"]);
        assert_eq!(now["config"], serde_json::json!({"url": "https://b.example"}));
        assert_eq!(now["secrets"], serde_json::json!(["token"]));
        assert_eq!(server.sync()["state"], "done");
        well(&server, &set(&["--unset", "token"]));
        assert_eq!(server.json(&["source", "show", "siege"])["secrets"], serde_json::json!([]));
        well(&server, &set(&["--set", "url=https://c.example"]));
        // what is as it was is not written again
        well(&server, &set(&["--set", "url=https://c.example"]));
        let events = server.sql("select details from audit_event where operation = 'source.change' order by id");
        assert_eq!(events.len(), 4, "{events:?}");
        assert!(events[0].contains("format") && events[0].contains("people"), "{events:?}");
        assert!(events[1].contains("token") && events[1].contains("url"), "{events:?}");
        assert!(events.iter().all(|event| !event.contains(OTHER) && !event.contains("example")), "{events:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_comes_from_standard_input() {
    let signer = Signer::new();
    let mut server = Server::start_default().await;
    server.never_logs(&[TOKEN]);
    server.configure_more(&format!("[plugins]\ntrusted_keys = [{:?}]\n", signer.public()));
    server.stop();
    server.start_again().await;
    let bundle = with_a_service().write(server.folder(), "service", Some(&signer));
    well(&server, &["plugin", "install", &bundle.display().to_string(), "--yes"]);
    let input = format!("people={}", sample().display());
    well(&server, &["source", "add", "siege", "--input", &input, "--set", "url=https://a.example"]);
    let mut command = std::process::Command::new(estampe_tests::binary());
    command.arg("--config").arg(server.config()).args(["source", "set", "siege", "--set-file", "token=-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(TOKEN.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(server.json(&["source", "show", "siege"])["secrets"], serde_json::json!(["token"]));
}
