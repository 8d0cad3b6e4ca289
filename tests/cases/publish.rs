//! Signatures into mailboxes, by the command line: what is refused, and what it says. The work
//! itself is tried in core/service/tests/publish.

use estampe_tests::{Options, Server, on_both};
use serde_json::json;

use crate::signatures::for_everybody;

fn refused(server: &Server, arguments: &[&str]) -> String {
    let output = server.cli(&[&["signature", "publish"], arguments].concat());
    assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{arguments:?}: {}", output.stderr);
    output.stderr
}

on_both! {
    async fn a_source_without_mailboxes_is_none_to_publish_by(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        for_everybody(&server);
        let source = server.json(&["source", "list"])["sources"][0]["name"].as_str().unwrap().to_owned();
        for arguments in [&["plan", &source][..], &["drift", &source], &["restore", &source, "--all"]] {
            let told = refused(&server, arguments);
            assert!(told.contains("directory-file") && told.contains("reaches no mailboxes"), "{told}");
        }
        let told = refused(&server, &["plan", "Nowhere"]);
        assert!(told.contains("Nowhere") && told.contains("estampe source list"), "{told}");
        let told = refused(&server, &["plan", &source, "--person", "nobody of this name"]);
        assert!(told.contains("nobody fits"), "{told}");
        assert_eq!(server.json(&["signature", "publish", "show"])["publications"], json!([]));
        let told = server.cli(&["signature", "publish", "show"]).stdout;
        assert!(told.contains("estampe signature publish plan"), "{told}");
        let id = "0193a3c0-0000-7000-8000-000000000000";
        for what in ["show", "apply", "pause", "resume", "stop"] {
            let told = refused(&server, &[what, id]);
            assert!(told.contains(id) && told.contains("There is nothing"), "{what}: {told}");
        }
        assert_eq!(server.sql("SELECT count(*) FROM signature_publication"), ["0"]);
        // what is meant has to be said
        assert_eq!(server.cli(&["signature", "publish", "restore", &source]).code, 2);
        assert_eq!(server.cli(&["signature", "publish", "apply", id, "--first", "2", "--person", "x"]).code, 2);
    }
}
