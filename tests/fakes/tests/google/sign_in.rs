//! Signing in: consent, codes, refresh tokens, revoking.

use data_encoding::BASE64URL_NOPAD;
use estampe_fakes::google::{CLIENT_ID, CLIENT_SECRET};
use estampe_fakes::jwt::Token;
use sha2::{Digest as _, Sha256};

use crate::{Bench, answered};

const BACK: &str = "https://cartes.banque.example/back";
const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-in-all";

impl Bench {
    /// Where the browser is sent back to, as its query.
    async fn consent(&self, more: &[(&str, &str)]) -> (u16, Vec<(String, String)>) {
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(VERIFIER.as_bytes()));
        let mut query = vec![
            ("client_id", CLIENT_ID),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid email profile"),
            ("state", "s"),
            ("nonce", "n"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("access_type", "offline"),
        ];
        query.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        query.extend(more);
        let mut url = url::Url::parse(&format!("{}/o/oauth2/v2/auth", self.google.url())).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        let response = self.client.get(url).send().await.unwrap();
        let back = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        let pairs = back.map(|back| url::Url::parse(&back).unwrap().query_pairs().into_owned().collect());
        (response.status().as_u16(), pairs.unwrap_or_default())
    }

    async fn redeem(&self, code: &str, more: &[(&str, &str)]) -> (u16, serde_json::Value) {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        form.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        form.extend(more);
        self.form("/token", &form).await
    }

    async fn refreshed(&self, token: &str) -> (u16, serde_json::Value) {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("refresh_token", token),
        ];
        self.form("/token", &form).await
    }
}

#[tokio::test]
async fn who_consents_is_known_and_may_take_it_back() {
    let bench = Bench::new(3);
    let anna = bench.email(1);
    bench.google.browser_of(Some(&anna));
    let (status, back) = bench.consent(&[]).await;
    assert_eq!(status, 302);
    assert_eq!(back[1], ("state".to_owned(), "s".to_owned()));
    let code = &back[0].1;
    let (status, body) = bench.redeem(code, &[]).await;
    assert_eq!(status, 200, "{body}");
    let token = Token::read(body["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(
        (token.text("iss"), token.text("aud"), token.text("nonce")),
        (bench.google.url().as_str(), CLIENT_ID, "n")
    );
    assert_eq!(token.text("email"), anna);
    assert_eq!(bench.redeem(code, &[]).await.1["error"], "invalid_grant", "a code is good once");
    let access = body["access_token"].as_str().unwrap().to_owned();
    let info = || bench.client.get(format!("{}/oauth2/v2/userinfo", bench.google.url())).bearer_auth(&access);
    assert_eq!(answered(info()).await.1["email"], anna);
    let standard = bench.client.get(format!("{}/v1/userinfo", bench.google.url())).bearer_auth(&access);
    assert_eq!(answered(standard).await.1["sub"], token.text("sub"));
    let refresh = body["refresh_token"].as_str().unwrap();
    assert_eq!(bench.refreshed(refresh).await.0, 200);
    assert_eq!(bench.form("/revoke", &[("token", refresh)]).await.0, 200);
    assert_eq!(bench.refreshed(refresh).await.1["error"], "invalid_grant");
    assert_eq!(answered(info()).await.0, 401);
    assert_eq!(bench.form("/revoke", &[("token", refresh)]).await.1["error"], "invalid_token");
    // on Google's side
    let (_, back) = bench.consent(&[]).await;
    let refresh = bench.redeem(&back[0].1, &[]).await.1["refresh_token"].as_str().unwrap().to_owned();
    bench.google.revoke_consent(&anna);
    assert_eq!(bench.refreshed(&refresh).await.1["error"], "invalid_grant");
    // without consent
    bench.google.browser_of(None);
    assert_eq!(bench.consent(&[]).await.1[0], ("error".to_owned(), "access_denied".to_owned()));
}

#[tokio::test]
async fn a_sign_in_that_is_not_right_is_none() {
    let bench = Bench::new(3);
    bench.google.browser_of(Some(&bench.email(1)));
    for wrong in [
        ("client_id", "other"),
        ("response_type", "token"),
        ("scope", ""),
        ("code_challenge_method", "plain"),
        ("tenant", "x"),
    ] {
        assert_eq!(bench.consent(&[wrong]).await.0, 400, "{wrong:?}");
    }
    for (wrong, error) in [
        (("client_id", "other"), "invalid_client"),
        (("client_secret", "x"), "invalid_client"),
        (("redirect_uri", "https://other.example/"), "redirect_uri_mismatch"),
        (("code_verifier", "x"), "invalid_grant"),
        (("code", "x"), "invalid_grant"),
        (("tenant", "x"), "invalid_request"),
    ] {
        let (_, back) = bench.consent(&[]).await;
        let (status, body) = bench.redeem(&back[0].1, &[wrong]).await;
        assert!(status >= 400, "{wrong:?}");
        assert_eq!(body["error"], error, "{wrong:?}");
    }
}

#[tokio::test]
async fn a_client_may_name_itself_by_basic_and_hosts_have_their_own_paths() {
    let bench = Bench::new(3);
    bench.google.browser_of(Some(&bench.email(1)));
    let (_, back) = bench.consent(&[]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", back[0].1.as_str()),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let token = bench.client.post(format!("{}/token", bench.google.url())).form(&form);
    let (status, body) =
        answered(token.basic_auth(CLIENT_ID, Some(CLIENT_SECRET)).header("host", "oauth2.googleapis.com")).await;
    assert_eq!(status, 200, "{body}");
    let token = Token::read(body["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(token.text("iss"), "https://accounts.google.com");
    let path = "/admin/directory/v1/users?customer=my_customer&maxResults=1";
    for (host, status) in [("admin.googleapis.com", 200), ("gmail.googleapis.com", 404)] {
        let named = bench.request(reqwest::Method::GET, path).header("host", host);
        assert_eq!(answered(named).await.0, status, "{host}");
    }
    let astray =
        bench.client.post(format!("{}/token", bench.google.url())).form(&form).header("host", "www.googleapis.com");
    assert_eq!(answered(astray).await.0, 404);
}
