//! By which providers an account signs in, as the console, the command line and the API show it.

use estampe_domain::access::Role;
use estampe_tests::{Options, Server, on_both};

use super::super::access::welcomed;
use super::super::ldap::well;
use super::tokens::personal;

on_both! {
    async fn the_providers_of_an_account_are_shown(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let signed = welcomed(&server, Role::Administrator, None).await;
        let program = personal(&server, &signed, &["accounts:read"]).await;
        well(&server, &[
            "provider", "add", "sso", "--kind", "oidc", "--label", "House SSO", "--issuer", "https://sso.banque.example",
            "--client-id", "estampe",
        ]);
        let added = server.json(&["account", "add", "anna@banque.example", "--name", "Anna", "--role", "auditor"]);
        let id = added["account"]["id"].as_str().unwrap();
        let page = async || {
            let request = signed.browser.get(format!("{}/accounts/{id}", server.internal));
            request.header("accept-language", "en").send().await.unwrap().text().await.unwrap()
        };
        let shown = || well(&server, &["account", "show", "anna@banque.example"]).stdout;
        let path = format!("/accounts/{id}");
        assert!(!page().await.contains("Signs in by") && !shown().contains("Signs in by"));
        assert_eq!(program.get(&path, 200).await["providers"], serde_json::json!([]));

        server.sql(&format!(
            "INSERT INTO account_identity (issuer, subject, account_id, created_at) \
             VALUES ('https://sso.banque.example', 'anna', '{id}', 1)"
        ));
        assert!(page().await.contains("Signs in by House SSO"), "{}", page().await);
        assert!(shown().contains("Signs in by: House SSO"), "{}", shown());
        assert_eq!(server.json(&["account", "show", "anna@banque.example"])["providers"][0], "House SSO");
        assert_eq!(program.get(&path, 200).await["providers"], serde_json::json!(["House SSO"]));
    }
}
