//! Signatures: written, rewritten, read back, too long, somebody else's.

use reqwest::Method;
use serde_json::json;

use crate::{Bench, answered, refusal};

#[tokio::test]
async fn a_signature_is_written_and_comes_back_otherwise() {
    let bench = Bench::new(3);
    let anna = bench.email(1);
    let token = bench.as_user(&anna, &["gmail.settings.basic"]);
    let url = format!("{}/gmail/v1/users/{anna}/settings/sendAs/{anna}", bench.google.url());
    let html = "<table width='480' border=0><tr><td style=\"color: #123; font-size: 12px;\" class=\"x\">Anna</td></tr></table>";
    let patch = bench.client.patch(&url).bearer_auth(&token).json(&json!({"signature": html}));
    let (status, body) = answered(patch).await;
    assert_eq!(status, 200, "{body}");
    let (_, back) = answered(bench.client.get(&url).bearer_auth(&token)).await;
    assert_eq!(back["signature"], body["signature"]);
    assert_ne!(back["signature"], html);
    let wanted = "<table border=\"0\" width=\"480\"><tr><td style=\"color:#123;font-size:12px\">Anna</td></tr></table>";
    assert_eq!(back["signature"], wanted);
    let list = format!("{}/gmail/v1/users/me/settings/sendAs", bench.google.url());
    let (_, body) = answered(bench.client.get(&list).bearer_auth(&token)).await;
    assert_eq!(body["sendAs"].as_array().unwrap().len(), 2, "the mailbox and its alias");
    assert_eq!(bench.google.units(&anna), 102);
    assert_eq!(bench.google.control().violations(), [""; 0]);
    assert_eq!(bench.google.control().log()[0].who.as_deref(), Some(anna.as_str()));
}

#[tokio::test]
async fn what_gmail_does_not_take() {
    let bench = Bench::new(3);
    let (anna, emile) = (bench.email(1), bench.email(2));
    let token = bench.as_user(&anna, &["gmail.settings.basic"]);
    let at = |mailbox: &str, sender: &str| {
        format!("{}/gmail/v1/users/{mailbox}/settings/sendAs/{sender}", bench.google.url())
    };
    let patch = |url: String, body| refusal(bench.client.request(Method::PATCH, url).bearer_auth(&token).json(&body));
    let just = json!({"signature": "é".repeat(10_000)});
    assert_eq!(answered(bench.client.patch(at("me", &anna)).bearer_auth(&token).json(&just)).await.0, 200);
    let (status, _, message) = patch(at("me", &anna), json!({"signature": "é".repeat(10_001)})).await;
    assert_eq!((status, message.as_str()), (400, "Signature exceeds maximum length of 10000 characters"));
    for (body, named) in [
        (json!({"signatur": "x"}), "signatur"),
        (json!({"signature": 1}), "signature"),
        (json!({"isPrimary": true}), "isPrimary"),
        (json!({"sendAsEmail": "x@y.example"}), "sendAsEmail"),
        (json!({"verificationStatus": "accepted"}), "verificationStatus"),
        (json!({"isDefault": false}), "isDefault"),
    ] {
        let (status, _, message) = patch(at("me", &anna), body).await;
        assert_eq!(status, 400);
        assert!(message.contains(named), "{message}");
    }
    let (status, _, message) = patch(at(&emile, &emile), json!({"signature": "x"})).await;
    assert_eq!((status, message), (403, format!("Delegation denied for {anna}")));
    assert_eq!(patch(at("me", &emile), json!({"signature": "x"})).await.0, 404);
    let reader = bench.as_user(&anna, &["gmail.readonly"]);
    let write = bench.client.patch(at("me", &anna)).bearer_auth(&reader).json(&json!({"signature": "x"}));
    assert_eq!(refusal(write).await.0, 403);
    bench.google.people(|people| people.set(&anna, "isMailboxSetup", false.into()));
    let (status, reason, _) = patch(at("me", &anna), json!({"signature": "x"})).await;
    assert_eq!((status, reason.as_str()), (400, "failedPrecondition"));
}

#[tokio::test]
async fn a_project_has_so_many_units_a_minute() {
    let bench = Bench::new(3);
    let anna = bench.email(1);
    bench.google.quota(150);
    let token = bench.as_user(&anna, &["gmail.settings.basic"]);
    let url = format!("{}/gmail/v1/users/me/settings/sendAs/{anna}", bench.google.url());
    let patch = || bench.client.patch(&url).bearer_auth(&token).json(&json!({"signature": "x"}));
    assert_eq!(answered(patch()).await.0, 200);
    let (status, reason, _) = refusal(patch()).await;
    assert_eq!((status, reason.as_str()), (403, "rateLimitExceeded"));
    assert_eq!(answered(bench.client.get(&url).bearer_auth(&token)).await.0, 200, "reading is cheap");
    assert_eq!(bench.google.units(&anna), 101);
}
