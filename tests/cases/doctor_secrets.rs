//! `estampe doctor` on secrets: each that was altered is found, and named by whose it is.

use estampe_tests::{MailCatcher, Options, Server, Signer, on_both, sample};

use super::doctor::{doctor, find, flip};
use super::ldap::well;
use super::sign_in::with_app;
use super::sources::with_a_service;
use crate::console::signed_in;

on_both! {
    async fn a_damaged_secret_of_a_source_a_provider_and_a_factor_is_named(database) {
        let (mail, signer) = (MailCatcher::start(), Signer::new());
        let mut server = Server::start(Options { database, extra: mail.configuration() }).await;
        server.configure_more(&format!("[plugins]\ntrusted_keys = [{:?}]\n", signer.public()));
        server.stop();
        server.start_again().await;
        let browser = signed_in(&server).await;
        drop(with_app(&browser, &server).await);
        let bundle = with_a_service().write(server.folder(), "service", Some(&signer)).display().to_string();
        well(&server, &["plugin", "install", &bundle, "--yes"]);
        let file = server.folder().join("secret");
        std::fs::write(&file, "hush-hush-47\n").unwrap();
        let (people, token) = (format!("people={}", sample().display()), format!("token={}", file.display()));
        well(&server, &["source", "add", "siege", "--input", &people, "--set", "url=https://a.example", "--set-file", &token]);
        well(&server, &[
            "provider", "add", "sso", "--kind", "oidc", "--label", "House SSO", "--issuer", "https://sso.banque.example",
            "--client-id", "estampe", "--client-secret-file", file.to_str().unwrap(),
        ]);
        let (_, findings) = doctor(&server);
        assert_eq!(find(&findings, "sealed data")["status"], "ok", "{findings:#?}");
        let id = |sql: &str| server.sql(sql)[0].clone();
        for (table, column, key, row) in [
            ("source_secret", "sealed", "source_id", id("SELECT source_id FROM source_secret")),
            ("sign_in_provider", "sealed", "id", id("SELECT id FROM sign_in_provider")),
            ("account_factor", "seed", "account_id", id("SELECT account_id FROM account_factor")),
        ] {
            flip(&server, database, table, column, key, &row);
            // a source whose secret does not open cannot be looked at either
            let (code, findings) = doctor(&server);
            let sealed = find(&findings, "sealed data");
            assert_eq!((code, &sealed["status"]), (1, &"failed".into()), "{sealed}");
            assert!(sealed["found"].as_str().unwrap().contains(&format!("{table} {row}")), "{sealed}");
        }
    }
}
