//! Passkeys in a real browser, with an authenticator of its own making.

use estampe_tests::{Browser, DESKTOP, Options, PHONE, Scheme, Server};
use serde_json::{Value, json};

const PASSWORD: &str = "violet hortensia 47";

/// A device that verifies its holder and keeps passkeys.
async fn with_device(browser: &Browser) -> Value {
    browser.devtools("WebAuthn.enable", json!({"enableUI": false})).await;
    let options = json!({
        "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": true,
        "hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true,
    });
    browser.devtools("WebAuthn.addVirtualAuthenticator", json!({"options": options})).await["authenticatorId"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_made_and_signs_in_alone_and_after_the_password() {
    let server = Server::start(Options::default()).await;
    let at = |path: &str| format!("{}{path}", server.internal);
    let token = server.json(&["first-run"])["token"].as_str().unwrap().to_owned();
    let browser = Browser::open("en").await;
    browser.show_as(PHONE, Scheme::Light).await;
    let device = with_device(&browser).await;
    browser.go(&at("/first-run")).await;
    for (field, value) in
        [("token", token.as_str()), ("name", "Mireille"), ("email", "mireille@banque.example"), ("password", PASSWORD)]
    {
        browser.fill(&format!("[name={field}]"), value).await;
    }
    browser.follow("button[type=submit]").await;
    browser.go(&at("/account")).await;
    browser.picture("account-en-phone-light").await;
    browser.follow("a[href='/account/passkey']").await;
    browser.picture("passkey-en-phone-light").await;
    browser.follow("form[data-passkey] button").await;
    assert!(browser.text("main").await.contains("Recovery codes"), "the first factor brings codes");
    browser.picture("codes-en-phone-light").await;
    let credentials = browser.devtools("WebAuthn.getCredentials", json!({"authenticatorId": device})).await;
    assert_eq!(credentials["credentials"][0]["isResidentCredential"], true, "{credentials}");

    // alone: nothing is typed
    browser.go(&at("/account")).await;
    browser.follow("form[action='/sign-out'] button").await;
    browser.go(&at("/sign-in?next=/account")).await;
    browser.picture("sign-in-en-phone-light").await;
    browser.follow("form[data-passkey] button").await;
    assert!(browser.url().await.ends_with("/account"), "{}", browser.url().await);
    browser.show_as(DESKTOP, Scheme::Dark).await;
    browser.picture("account-en-desktop-dark").await;
    assert!(browser.text("main").await.contains("passkey · with a second factor"));

    // after the password
    browser.follow("form[action='/sign-out'] button").await;
    browser.go(&at("/sign-in")).await;
    browser.fill("[name=email]", "mireille@banque.example").await;
    browser.fill("[name=password]", PASSWORD).await;
    browser.follow("form:not([data-passkey]) button[type=submit]").await;
    assert!(browser.url().await.ends_with("/sign-in/second"));
    browser.picture("second-en-desktop-dark").await;
    browser.follow("form[data-passkey] button").await;
    browser.go(&at("/account")).await;
    assert!(browser.url().await.ends_with("/account"));

    // without its holder nothing is let in
    browser.follow("form[action='/sign-out'] button").await;
    browser.devtools("WebAuthn.setUserVerified", json!({"authenticatorId": device, "isUserVerified": false})).await;
    browser.go(&at("/sign-in")).await;
    browser.click("form[data-passkey] button").await;
    let problem = "form[data-passkey] .problem:not([hidden])";
    estampe_tests::until("the problem", 20, async || Some(browser.text(problem).await).filter(|t| !t.is_empty())).await;
    assert!(browser.url().await.ends_with("/sign-in"));
    browser.close().await;
}
