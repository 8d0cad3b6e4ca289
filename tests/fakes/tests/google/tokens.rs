//! Assertions, good and bad in each way, and what revoking does.

use estampe_fakes::google::{ADMIN, scope};
use estampe_fakes::jwt::{Key, now};
use serde_json::{Value, json};

use crate::{Bench, answered};

#[tokio::test]
async fn a_good_assertion_gives_a_token_for_one_mailbox() {
    let bench = Bench::new(3);
    let anna = bench.email(1);
    let signed = bench.google.service_key().sign(&json!({}), &bench.claims(&anna, &scope("gmail.settings.basic")));
    let (status, body) = bench.assert(&signed).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["token_type"], "Bearer");
    let token = body["access_token"].as_str().unwrap();
    let read = |who: &str| {
        bench.client.get(format!("{}/gmail/v1/users/{who}/settings/sendAs", bench.google.url())).bearer_auth(token)
    };
    assert_eq!(answered(read(&anna)).await.0, 200);
    assert_eq!(answered(read(ADMIN)).await.0, 403);
    let file: Value = serde_json::from_str(&bench.google.service_account()).unwrap();
    assert_eq!(file["token_uri"], format!("{}/token", bench.google.url()));
    assert!(file["private_key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
}

#[tokio::test]
async fn a_bad_assertion_gives_none() {
    let bench = Bench::new(12);
    let anna = bench.email(1);
    let suspended = bench.email(10);
    let good = bench.claims(&anna, &scope("gmail.settings.basic"));
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let key = bench.google.service_key();
    let sign = |claims: &Value| key.sign(&json!({}), claims);
    let mut tampered = sign(&good);
    let tail = tampered.split_off(tampered.len() - 8);
    tampered.push_str(if tail == "AAAAAAAA" { "BBBBBBBB" } else { "AAAAAAAA" });
    for (why, assertion, status, error) in [
        ("another key", Key::new("x").sign(&json!({}), &good), 400, "invalid_grant"),
        ("a tampered signature", tampered, 400, "invalid_grant"),
        ("no algorithm", key.sign(&json!({"alg": "none"}), &good), 400, "invalid_grant"),
        ("no token", "nothing".to_owned(), 400, "invalid_grant"),
        ("another account", sign(&with("iss", "x@y.iam.gserviceaccount.com".into())), 400, "invalid_grant"),
        ("another audience", sign(&with("aud", "https://login.example/token".into())), 400, "invalid_grant"),
        ("too long", sign(&with("exp", (now() + 3700).into())), 400, "invalid_grant"),
        ("over", sign(&with("exp", (now() - 1).into())), 400, "invalid_grant"),
        ("from tomorrow", sign(&with("iat", (now() + 86_400).into())), 400, "invalid_grant"),
        ("no time", sign(&with("exp", Value::Null)), 400, "invalid_grant"),
        ("nobody", sign(&with("sub", "nobody@banque.example".into())), 400, "invalid_grant"),
        ("suspended", sign(&with("sub", suspended.into())), 400, "invalid_grant"),
        ("no scope", sign(&with("scope", "".into())), 400, "invalid_scope"),
        ("a scope too many", sign(&with("scope", "https://mail.google.com/".into())), 401, "unauthorized_client"),
    ] {
        let (got, body) = bench.assert(&assertion).await;
        assert_eq!((got, body["error"].as_str()), (status, Some(error)), "{why}: {body}");
        assert!(body["error_description"].is_string());
    }
    assert_eq!(bench.form("/token", &[("grant_type", "password")]).await.1["error"], "unsupported_grant_type");
    let more = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", "x"), ("scope", "y")];
    assert_eq!(bench.form("/token", &more).await.1["error"], "invalid_request");
    let json = bench.client.post(format!("{}/token", bench.google.url())).json(&json!({"grant_type": "x"}));
    assert_eq!(answered(json).await.0, 400);
}

#[tokio::test]
async fn a_delegation_that_is_taken_back_is_noticed() {
    let bench = Bench::new(3);
    let anna = bench.email(1);
    let signed = bench.google.service_key().sign(&json!({}), &bench.claims(&anna, &scope("gmail.settings.basic")));
    let token = bench.assert(&signed).await.1["access_token"].as_str().unwrap().to_owned();
    bench.google.revoke_delegation();
    assert_eq!(bench.assert(&signed).await.1["error"], "unauthorized_client");
    let read = bench.client.get(format!("{}/gmail/v1/users/me/settings/sendAs", bench.google.url())).bearer_auth(token);
    assert_eq!(answered(read).await.0, 401);
}
