//! `estampe doctor` on what others have to do: providers that should answer, runs that wait for a
//! word, plugins that wait or are paused, a key that is too old.

use estampe_tests::{Options, Server, on_both, until};
use serde_json::Value;

use super::doctor::{doctor, find};
use super::single_sign_on::house;

/// All findings of a check.
fn all<'a>(findings: &'a [Value], check: &str) -> Vec<&'a Value> {
    findings.iter().filter(|finding| finding["check"] == check).collect()
}

fn says(finding: &Value, status: &str, words: &[&str]) -> bool {
    let found = finding["found"].as_str().unwrap();
    finding["status"] == status && words.iter().all(|word| found.contains(word))
}

on_both! {
    async fn a_provider_is_asked_as_for_a_sign_in(database) {
        let (mut server, mut provider) = house(Options { database, ..Options::default() }, &[]).await;
        let (code, findings) = doctor(&server);
        let one = find(&findings, "provider");
        let back = format!("send people back to {}/sign-in/back", server.internal);
        // the tests' certificate has less than thirty days
        assert!(code == 0 && says(one, "warning", &["sso", "keys", &back, "days left"]), "{findings:#?}");
        assert!(one["advice"].as_str().unwrap().contains("renewed"), "{one}");

        server.json(&["provider", "set", "sso", "--network", "10.0.0.0/8"]);
        let (code, findings) = doctor(&server);
        let one = find(&findings, "provider");
        assert!(code == 1 && says(one, "failed", &["sso", "unreachable"]), "{findings:#?}");
        assert!(one["advice"].as_str().unwrap().contains("estampe provider set sso --network"), "{one}");

        server.json(&["provider", "set", "sso", "--network", "127.0.0.0/8", "--network", "::1/128"]);
        assert_eq!(doctor(&server).0, 0);
        provider.stop();
        let (code, findings) = doctor(&server);
        assert!(code == 1 && says(find(&findings, "provider"), "failed", &["sso", "unreachable"]), "{findings:#?}");
        server.stop();
        assert_eq!(find(&doctor(&server).1, "provider")["status"], "skipped");
    }

    async fn runs_that_wait_and_plugins_that_cannot_go_on_are_named(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let (_, findings) = doctor(&server);
        assert!(says(find(&findings, "sources"), "ok", &["siege"]), "{findings:#?}");
        let plugins = all(&findings, "plugins");
        assert!(says(plugins[1], "ok", &["directory-file 0.1.0: contract 0.1.0, signed by ", "grants given"]), "{plugins:#?}");
        server.cli(&["source", "sync", "siege", "--dry-run", "--full"]);
        let id = server.json(&["run", "list"])["runs"][0]["id"].as_str().unwrap().to_owned();
        server.sql(&format!("UPDATE run SET state = 'held', hold = 'too-many-gone', ended_at = NULL WHERE id = '{id}'"));
        server.sql("UPDATE plugin SET state = 'paused', problem = '5 failures in a row'");
        let (code, findings) = doctor(&server);
        let run = find(&findings, "sources");
        assert!(says(run, "warning", &["siege", &id, "waits for a yes"]), "{run}");
        assert!(run["advice"].as_str().unwrap().contains(&format!("estampe run approve {id}")), "{run}");
        let plugins = all(&findings, "plugins");
        assert!(code == 1 && says(plugins[1], "failed", &["paused", "5 failures in a row"]), "{plugins:#?}");
        assert!(plugins[1]["advice"].as_str().unwrap().contains("estampe plugin enable directory-file"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_should_have_been_replaced_is_told() {
    let mut server = Server::start_default().await;
    until("the key to be noted", 20, async || server.json(&["key", "show"])["since"].is_string().then_some(())).await;
    server.stop();
    let of = |days: i64| {
        let id =
            server.sql("SELECT value FROM setting WHERE key = 'key-since'")[0].split(' ').next().unwrap().to_owned();
        let at = format!("(changed_at - {days} * 86400000000)");
        server.sql(&format!("UPDATE setting SET value = '{id} ' || {at} WHERE key = 'key-since'"));
        let (code, findings) = doctor(&server);
        assert_eq!(code, 0, "{findings:#?}");
        find(&findings, "keys").clone()
    };
    assert!(says(&of(80), "ok", &["(80 days), replaced every 90 days"]), "{}", of(80));
    assert!(says(&of(100), "warning", &["(100 days)"]), "{}", of(100));
    server.configure_more("[database]\nkey_rotation = \"off\"\n");
    assert!(says(&of(100), "ok", &["never replaced by itself"]), "{}", of(100));
    assert!(says(&of(400), "warning", &["never replaced by itself"]), "{}", of(400));
}
