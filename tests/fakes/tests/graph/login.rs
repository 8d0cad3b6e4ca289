//! Tokens of the application and of people; consent.

use data_encoding::BASE64URL_NOPAD;
use estampe_fakes::graph::{CLIENT_ID, CLIENT_SECRET, TENANT};
use estampe_fakes::jwt::{Token, now};
use rcgen::{CertificateParams, KeyPair, SigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Bench, answered};

const DEFAULT: &str = "https://graph.microsoft.com/.default";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const BACK: &str = "https://cartes.banque.example/back";
const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-in-all";

impl Bench {
    async fn form(&self, tenant: &str, form: &[(&str, &str)]) -> (u16, Value) {
        answered(self.client.post(format!("{}/{tenant}/oauth2/v2.0/token", self.graph.url())).form(form)).await
    }

    async fn visit(&self, path: &str, query: &[(&str, &str)]) -> (u16, Vec<(String, String)>) {
        let mut url = url::Url::parse(&format!("{}/{TENANT}/{path}", self.graph.url())).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        let response = self.client.get(url).send().await.unwrap();
        let back = response.headers().get("location").map(|to| url::Url::parse(to.to_str().unwrap()).unwrap());
        let pairs = back.map(|back| back.query_pairs().into_owned().collect()).unwrap_or_default();
        (response.status().as_u16(), pairs)
    }

    fn admin(&self) -> String {
        self.graph.tenant(|tenant| tenant.administrators.first().unwrap().clone())
    }
}

#[tokio::test]
async fn a_secret_gives_what_was_consented() {
    let bench = Bench::new(3);
    bench.graph.consent(&["User.Read.All", "Group.Read.All"]);
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("scope", DEFAULT),
    ];
    let (status, body) = bench.form(TENANT, &good).await;
    assert_eq!(status, 200, "{body}");
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(Token::read(token).unwrap().claims["roles"], json!(["Group.Read.All", "User.Read.All"]));
    let users = bench.client.get(format!("{}/v1.0/users", bench.graph.url())).bearer_auth(token);
    assert_eq!(answered(users).await.0, 200);
    let with =
        |name: &str, value: &'static str| good.map(|(known, it)| (known, if known == name { value } else { it }));
    for (form, status, error, number) in [
        (with("client_secret", "x"), 401, "invalid_client", 7_000_215),
        (with("client_secret", ""), 401, "invalid_client", 7_000_218),
        (with("client_id", "x"), 400, "unauthorized_client", 700_016),
        (with("scope", "https://graph.microsoft.com/User.Read.All"), 400, "invalid_scope", 1_002_012),
        (with("grant_type", "password"), 400, "unsupported_grant_type", 70_003),
    ] {
        let (got, body) = bench.form(TENANT, &form).await;
        assert_eq!((got, &body["error"], &body["error_codes"][0]), (status, &json!(error), &json!(number)), "{body}");
        assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{number}:")));
    }
    let more: Vec<(&str, &str)> = good.into_iter().chain([("tenant", "x")]).collect();
    assert_eq!(bench.form(TENANT, &more).await.1["error"], "invalid_request");
    assert_eq!(bench.form("common", &good).await.0, 400);
    assert_eq!(bench.form("other.example", &good).await.1["error_codes"][0], 90_002);
    bench.graph.remove_application(true);
    assert_eq!(bench.form(TENANT, &good).await.1["error_codes"][0], 7_000_229);
    let users = bench.client.get(format!("{}/v1.0/users", bench.graph.url())).bearer_auth(token);
    assert_eq!(answered(users).await.0, 401);
}

#[tokio::test]
async fn a_certificate_does_as_well() {
    let bench = Bench::new(3);
    bench.graph.consent(&["User.Read.All"]);
    let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::new(vec!["estampe".to_owned()]).unwrap().self_signed(&key).unwrap();
    bench.graph.trust(&certificate.pem());
    let thumbprint = BASE64URL_NOPAD.encode(&Sha256::digest(certificate.der()));
    let url = format!("{}/{TENANT}/oauth2/v2.0/token", bench.graph.url());
    let header = json!({"alg": "RS256", "typ": "JWT", "x5t#S256": thumbprint});
    let claims = json!({"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": url, "jti": "1", "iat": now(), "exp": now() + 300});
    let sign = |header: &Value, claims: &Value| {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&key.sign(signed.as_bytes()).unwrap()))
    };
    let ask = async |assertion: String| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT_ID),
            ("scope", DEFAULT),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", &assertion),
        ];
        bench.form(TENANT, &form).await
    };
    let (status, body) = ask(sign(&header, &claims)).await;
    assert_eq!(status, 200, "{body}");
    // PS256, as Microsoft would rather have it
    let better = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
    let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(&key.serialize_der()).unwrap();
    let (signed, mut signature) = (sign(&better, &claims), vec![0; pair.public_modulus_len()]);
    let (signed, _) = signed.rsplit_once('.').unwrap();
    let random = aws_lc_rs::rand::SystemRandom::new();
    pair.sign(&aws_lc_rs::signature::RSA_PSS_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
    let (status, body) = ask(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))).await;
    assert_eq!(status, 200, "{body}");
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    for bad in [
        sign(&json!({"alg": "RS256", "x5t#S256": "x"}), &claims),
        sign(&json!({"alg": "none", "x5t#S256": thumbprint}), &claims),
        // signed with RS256, and named otherwise
        sign(&better, &claims),
        sign(&header, &with("aud", "https://other.example/".into())),
        sign(&header, &with("iss", "x".into())),
        sign(&header, &with("exp", (now() - 1).into())),
        sign(&header, &with("jti", "".into())),
        "nothing".to_owned(),
    ] {
        let (status, body) = ask(bad).await;
        assert_eq!((status, body["error"].as_str()), (401, Some("invalid_client")), "{body}");
    }
}

#[tokio::test]
async fn an_administrator_consents_and_refuses() {
    let bench = Bench::new(3);
    let query = [("client_id", CLIENT_ID), ("redirect_uri", BACK), ("state", "s"), ("scope", DEFAULT)];
    bench.graph.browser_of(None);
    assert_eq!(bench.visit("v2.0/adminconsent", &query).await.1[0].1, "access_denied");
    bench.graph.browser_of(Some(&bench.user(|_| true)));
    assert_eq!(bench.visit("v2.0/adminconsent", &query).await.1[0].1, "access_denied", "nobody but an administrator");
    bench.graph.browser_of(Some(&bench.admin()));
    let (status, back) = bench.visit("v2.0/adminconsent", &query).await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!((status, back), (302, vec![pair("admin_consent", "True"), pair("tenant", TENANT), pair("state", "s")]));
}

#[tokio::test]
async fn people_sign_in_by_code_with_pkce() {
    let bench = Bench::new(12);
    let anna = bench.user(|user| user["accountEnabled"] == true);
    bench.graph.browser_of(Some(&anna));
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(VERIFIER.as_bytes()));
    let query = [
        ("client_id", CLIENT_ID),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("state", "s"),
        ("nonce", "n"),
        ("scope", "openid profile email offline_access User.Read"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let code = async || bench.visit("oauth2/v2.0/authorize", &query).await.1[0].1.clone();
    let redeem = async |code: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT_ID),
            ("client_secret", CLIENT_SECRET),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", verifier),
        ];
        bench.form(TENANT, &form).await
    };
    let first = code().await;
    let (status, body) = redeem(&first, VERIFIER).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(redeem(&first, VERIFIER).await.1["error"], "invalid_grant");
    assert_eq!(redeem(&code().await, "other").await.1["error"], "invalid_grant");
    let token = Token::read(body["id_token"].as_str().unwrap()).unwrap();
    assert_eq!((token.text("tid"), token.text("oid"), token.text("nonce")), (TENANT, anna.as_str(), "n"));
    let me =
        bench.client.get(format!("{}/v1.0/me", bench.graph.url())).bearer_auth(body["access_token"].as_str().unwrap());
    assert_eq!(answered(me).await.1["id"], anna.as_str());
    let info = bench
        .client
        .get(format!("{}/oidc/userinfo", bench.graph.url()))
        .bearer_auth(body["access_token"].as_str().unwrap());
    assert_eq!(answered(info).await.1["sub"], token.text("sub"));
    let refresh = body["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("refresh_token", refresh),
    ];
    assert_eq!(bench.form(TENANT, &form).await.0, 200);
    bench.graph.tenant(|tenant| tenant.set(&anna, "accountEnabled", false.into()));
    assert_eq!(bench.form(TENANT, &form).await.1["error"], "invalid_grant");
    let url = format!("{}/common/v2.0/.well-known/openid-configuration", bench.graph.url());
    let (_, body) = answered(bench.client.get(url)).await;
    assert_eq!(body["issuer"], format!("{}/{{tenantid}}/v2.0", bench.graph.url()), "a template");
}

#[tokio::test]
async fn by_its_real_name_links_have_it_too() {
    let bench = Bench::new(150);
    let named = bench
        .client
        .get(format!("{}/v1.0/users", bench.graph.url()))
        .bearer_auth(&bench.token)
        .header("host", "graph.microsoft.com");
    let (_, body) = answered(named).await;
    assert!(
        body["@odata.nextLink"].as_str().unwrap().starts_with("https://graph.microsoft.com/v1.0/users?$skiptoken="),
        "{body}"
    );
    let url = format!("{}/{TENANT}/v2.0/.well-known/openid-configuration", bench.graph.url());
    let (_, body) = answered(bench.client.get(url).header("host", "login.microsoftonline.com")).await;
    assert_eq!(body["issuer"], format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    let astray = bench.request(reqwest::Method::GET, "/users").header("host", "login.microsoftonline.com");
    assert_eq!(answered(astray).await.0, 400);
}
