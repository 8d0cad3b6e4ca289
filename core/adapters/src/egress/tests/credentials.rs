//! Tokens: the requests for them as the RFCs want them, and what is done with the answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use data_encoding::BASE64URL_NOPAD;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize, SigningKey};
use serde_json::{Value, json};

use super::*;

/// A token endpoint at `/token`, an API everywhere else. Tokens are `access-token-N`; the
/// API takes those that `good` lets pass.
pub(super) struct Provider {
    pub(super) server: Server,
}

impl Provider {
    pub(super) fn start(
        token: impl Fn(usize, &BTreeMap<String, String>) -> String + Send + Sync + 'static,
        good: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        let count = AtomicUsize::new(0);
        let server = Server::start(move |heard| {
            if heard.target == "/token" {
                return token(count.fetch_add(1, Ordering::SeqCst) + 1, &form(heard));
            }
            let bearer = heard.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
            if bearer.is_some_and(&good) { answer(200, "", "data") } else { answer(401, "", "no") }
        });
        Self { server }
    }

    pub(super) fn token_url(&self) -> url::Url {
        parse_url(&self.server.url("/token")).unwrap()
    }

    pub(super) fn tokens(&self) -> Vec<Heard> {
        self.server.heard().into_iter().filter(|heard| heard.target == "/token").collect()
    }

    fn client(&self) -> Credential {
        Credential::ClientCredentials {
            token_url: self.token_url(),
            client_id: "the client".into(),
            client_secret: secret("s3cret&=+ "),
            scopes: vec!["a".into(), "b/.default".into()],
        }
    }

    pub(super) fn request(&self, credential: Credential) -> HttpRequest {
        with(get(&self.server.url("/api")), credential)
    }
}

/// The request's form, which has to be one.
pub(super) fn form(heard: &Heard) -> BTreeMap<String, String> {
    assert_eq!(heard.method, "POST");
    assert_eq!(heard.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(heard.header("accept"), Some("application/json"));
    assert_eq!(heard.header("authorization"), None);
    let pairs: Vec<_> = url::form_urlencoded::parse(heard.body.as_bytes()).into_owned().collect();
    let form: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(form.len(), pairs.len(), "RFC 6749, 3.2: no parameter twice");
    form
}

pub(super) fn granted(number: usize, more: &str) -> String {
    let body = format!("{{\"access_token\":\"access-token-{number}\",\"token_type\":\"Bearer\"{more}}}");
    answer(200, "content-type: application/json\r\ncache-control: no-store\r\n", &body)
}

#[tokio::test]
async fn client_credentials_are_asked_once_and_again_before_they_end() {
    let provider = Provider::start(|n, _| granted(n, ",\"expires_in\":3600"), |_| true);
    let bench = Bench::new();
    let all = (0..8).map(|_| bench.send(provider.request(provider.client())));
    for answered in futures(all).await {
        assert_eq!(answered.unwrap().body, b"data");
    }
    let tokens = provider.tokens();
    assert_eq!(tokens.len(), 1, "eight at once fetch one token");
    let expected = [
        ("client_id", "the client"),
        ("client_secret", "s3cret&=+"),
        ("grant_type", "client_credentials"),
        ("scope", "a b/.default"),
    ];
    assert_eq!(form(&tokens[0]), expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    bench.clock.forward(3_530);
    bench.send(provider.request(provider.client())).await.unwrap();
    assert_eq!(provider.tokens().len(), 1);
    bench.clock.forward(15);
    bench.send(provider.request(provider.client())).await.unwrap();
    assert_eq!(provider.tokens().len(), 2, "a minute before its end it is replaced");
    // another secret is another token
    let mut other = provider.client();
    if let Credential::ClientCredentials { client_secret, .. } = &mut other {
        *client_secret = secret("another");
    }
    bench.send(provider.request(other)).await.unwrap();
    assert_eq!(provider.tokens().len(), 3);
}

async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in all.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_token_that_was_revoked_is_replaced_once() {
    let provider = Provider::start(|n, _| granted(n, ",\"expires_in\":\"3600\""), |token| token != "access-token-1");
    let bench = Bench::new();
    // a new token that is refused is told as it is
    assert_eq!(bench.send(provider.request(provider.client())).await.unwrap().status, 401);
    assert_eq!(provider.server.heard().len(), 2);
    assert_eq!(bench.send(provider.request(provider.client())).await.unwrap().status, 200);
    let revoked = Provider::start(|n, _| granted(n, ""), {
        let uses = AtomicUsize::new(0);
        move |token| token != "access-token-1" || uses.fetch_add(1, Ordering::SeqCst) == 0
    });
    assert_eq!(bench.send(revoked.request(revoked.client())).await.unwrap().status, 200);
    // it is asked again with a new one
    assert_eq!(bench.send(revoked.request(revoked.client())).await.unwrap().status, 200);
    assert_eq!(revoked.tokens().len(), 2);
    let post = |provider: &Provider| HttpRequest {
        method: Method::Post,
        body: Some(b"x".to_vec()),
        ..provider.request(provider.client())
    };
    // what was refused for its token changed nothing yet
    let revoked = Provider::start(|n, _| granted(n, ""), {
        let uses = AtomicUsize::new(0);
        move |token| token != "access-token-1" || uses.fetch_add(1, Ordering::SeqCst) == 0
    });
    assert_eq!(bench.send(post(&revoked)).await.unwrap().status, 200);
    assert_eq!(bench.send(post(&revoked)).await.unwrap().status, 200);
    assert_eq!(revoked.tokens().len(), 2);
    let never = Provider::start(|n, _| granted(n, ""), |_| false);
    assert_eq!(bench.send(post(&never)).await.unwrap().status, 401);
    assert_eq!(never.server.heard().len(), 2);
}

#[tokio::test]
async fn refresh_tokens_are_followed_by_those_that_replace_them() {
    let provider = Provider::start(
        |n, form| {
            let expected = if n == 1 { "the-first".to_owned() } else { format!("refresh-{}", n - 1) };
            assert_eq!(form["grant_type"], "refresh_token");
            if form["refresh_token"] != expected {
                return answer(400, "", "{\"error\":\"invalid_grant\"}");
            }
            granted(n, &format!(",\"expires_in\":600,\"refresh_token\":\"refresh-{n}\""))
        },
        |_| true,
    );
    let credential = || Credential::RefreshToken {
        token_url: provider.token_url(),
        client_id: "c".into(),
        client_secret: None,
        refresh_token: secret("the-first"),
        refresh_key: "grant".into(),
        scopes: Vec::new(),
    };
    let bench = Bench::new();
    for _ in 0..3 {
        assert_eq!(bench.send(provider.request(credential())).await.unwrap().status, 200);
        bench.clock.forward(600);
    }
    let names: Vec<_> = form(&provider.tokens()[0]).into_keys().collect();
    assert_eq!(names, ["client_id", "grant_type", "refresh_token"]);
}

/// Keeps what it is told, and writes it down.
#[derive(Default)]
struct Kept {
    stands: Mutex<String>,
    fails: AtomicBool,
}

#[async_trait]
impl SecretKeeper for Kept {
    async fn replace(&self, key: &str, old: &[Secret], new: &Secret) -> Result<bool, String> {
        if self.fails.load(Ordering::Relaxed) {
            return Err("the disk is full".into());
        }
        let mut stands = self.stands.lock().unwrap();
        assert_eq!(key, "grant");
        let is_known = old.iter().any(|old| old.reveal() == stands.as_str());
        if is_known {
            new.reveal().clone_into(&mut stands);
        }
        Ok(is_known)
    }
}

#[tokio::test]
async fn a_rotated_refresh_token_is_kept_before_it_is_needed() {
    // each is good once
    let provider = Provider::start(
        |n, form| {
            let expected = format!("refresh-{}", n - 1);
            if form["refresh_token"] != expected {
                return answer(400, "", "{\"error\":\"invalid_grant\"}");
            }
            granted(n, &format!(",\"expires_in\":600,\"refresh_token\":\"refresh-{n}\""))
        },
        |_| true,
    );
    let kept = Arc::new(Kept::default());
    "refresh-0".clone_into(&mut kept.stands.lock().unwrap());
    let request = |token: &str| {
        let mut request = provider.request(Credential::RefreshToken {
            token_url: provider.token_url(),
            client_id: "c".into(),
            client_secret: None,
            refresh_token: secret(token),
            refresh_key: "grant".into(),
            scopes: Vec::new(),
        });
        if let Some(attached) = &mut request.credential {
            attached.keeper = Keeper::new(Arc::<Kept>::clone(&kept));
        }
        request
    };
    let bench = Bench::new();
    let stands = || kept.stands.lock().unwrap().clone();
    assert_eq!(bench.send(request("refresh-0")).await.unwrap().status, 200);
    assert_eq!(stands(), "refresh-1");
    // a run that began before goes on with what came; one that reads it anew shares its token
    assert_eq!(bench.send(request(&stands())).await.unwrap().status, 200);
    assert_eq!(provider.tokens().len(), 1);
    bench.clock.forward(600);
    assert_eq!(bench.send(request("refresh-0")).await.unwrap().status, 200);
    assert_eq!(stands(), "refresh-2");
    bench.clock.forward(600);
    assert_eq!(bench.send(request(&stands())).await.unwrap().status, 200);
    // what could not be kept is made up for by the next
    kept.fails.store(true, Ordering::Relaxed);
    bench.clock.forward(600);
    assert_eq!(bench.send(request("refresh-3")).await.unwrap().status, 200);
    assert_eq!(stands(), "refresh-3");
    kept.fails.store(false, Ordering::Relaxed);
    bench.clock.forward(600);
    assert_eq!(bench.send(request("refresh-3")).await.unwrap().status, 200);
    assert_eq!(stands(), "refresh-5");
    // an administrator's own word stays, and is what the next one takes the place of
    "refresh-0".clone_into(&mut kept.stands.lock().unwrap());
    bench.clock.forward(600);
    assert_eq!(bench.send(request("refresh-5")).await.unwrap().status, 200);
    assert_eq!(stands(), "refresh-0");
    bench.clock.forward(600);
    assert_eq!(bench.send(request("refresh-0")).await.unwrap().status, 200);
    assert_eq!(stands(), "refresh-7");
    // and after a restart it is the one that counts
    let restarted = Bench::new();
    assert_eq!(restarted.send(request(&stands())).await.unwrap().status, 200);
    assert_eq!(stands(), "refresh-8");
}

fn jwt(provider: &Provider, key: &str, issuer: Option<&str>, subject: Option<&str>) -> Credential {
    Credential::JwtBearer {
        token_url: provider.token_url(),
        key: secret(key),
        issuer: issuer.map(str::to_owned),
        audience: None,
        subject: subject.map(str::to_owned),
        scopes: vec!["s1".into(), "s2".into()],
    }
}

#[tokio::test]
async fn assertions_are_signed_with_rs256_and_say_what_rfc_7523_wants() {
    let provider = Provider::start(|n, _| granted(n, ",\"expires_in\":3600"), |_| true);
    let bench = Bench::new();
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let pem = key.serialize_pem();
    let google = json!({ "type": "service_account", "private_key": pem, "private_key_id": "k1",
        "client_email": "robot@example.com", "token_uri": "https://elsewhere.example/token" })
    .to_string();
    let mut on_behalf = provider.request(jwt(&provider, &google, None, None));
    if let Some(attached) = &mut on_behalf.credential {
        attached.subject = Some("admin@example.com".into());
    }
    bench.send(provider.request(jwt(&provider, &pem, Some("issuer"), None))).await.unwrap();
    bench.send(provider.request(jwt(&provider, &google, None, None))).await.unwrap();
    bench.send(on_behalf).await.unwrap();
    let aud = provider.token_url().to_string();
    let (iat, exp) = (1_795_521_600, 1_795_522_200);
    let jti = "07070707070707070707070707070707";
    for (heard, header, claims, scope) in [
        (
            0,
            json!({"alg": "RS256", "typ": "JWT"}),
            json!({"iss": "issuer", "sub": "issuer", "aud": aud, "iat": iat, "exp": exp, "jti": jti}),
            Some("s1 s2"),
        ),
        (
            1,
            json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}),
            json!({"iss": "robot@example.com", "aud": aud, "iat": iat, "exp": exp, "jti": jti, "scope": "s1 s2"}),
            None,
        ),
        (
            2,
            json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}),
            json!({"iss": "robot@example.com", "sub": "admin@example.com", "aud": aud, "iat": iat, "exp": exp,
                "jti": jti, "scope": "s1 s2"}),
            None,
        ),
    ] {
        let form = form(&provider.tokens()[heard]);
        assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
        assert_eq!(form.get("scope").map(String::as_str), scope);
        let parts: Vec<_> = form["assertion"].split('.').collect();
        let [head, body, signature] = parts.as_slice() else { panic!("{parts:?}") };
        let read = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&read(head)).unwrap(), header);
        assert_eq!(serde_json::from_slice::<Value>(&read(body)).unwrap(), claims);
        // RSASSA-PKCS1-v1_5 has one signature for one text
        assert_eq!(read(signature), key.sign(format!("{head}.{body}").as_bytes()).unwrap());
    }
}

#[tokio::test]
async fn keys_that_cannot_sign_are_told_without_showing_them() {
    let provider = Provider::start(|n, _| granted(n, ""), |_| true);
    let bench = Bench::new();
    let elliptic = KeyPair::generate().unwrap().serialize_pem();
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap().serialize_pem();
    for (key, issuer, words) in [
        ("hidden", Some("i"), "RSA private key"),
        (elliptic.as_str(), Some("i"), "RSA private key"),
        ("{\"hidden\":", Some("i"), "begins like JSON"),
        ("{\"client_email\":\"hidden\"}", None, "service account"),
        (rsa.as_str(), None, "issuer is not set"),
    ] {
        let (kind, message) = bench.fails(provider.request(jwt(&provider, key, issuer, None))).await;
        assert_eq!(kind, FailKind::Config, "{message}");
        assert!(message.contains(words) && message.contains("\"api\"") && !message.contains("hidden"), "{message}");
    }
    assert!(provider.server.heard().is_empty());
}

#[tokio::test]
async fn refusals_of_a_token_endpoint_name_the_code_and_no_secret() {
    for (status, headers, body, kind, words) in [
        (400, "", "{\"error\":\"invalid_grant\",\"error_description\":\"s3cret&=+\"}", FailKind::Auth, "invalid_grant"),
        (401, "", "{\"error\":\"invalid_client\"}", FailKind::Auth, "invalid_client"),
        (400, "", "{\"error\":\"s3cret&=+\"}", FailKind::Auth, "status 400"),
        (403, "", "<html>s3cret&=+</html>", FailKind::Auth, "status 403"),
        (400, "", "{\"error\":\"temporarily_unavailable\"}", FailKind::Unavailable, "temporarily_unavailable"),
        (502, "", "", FailKind::Unavailable, "status 502"),
        (429, "retry-after: 7\r\n", "", FailKind::RateLimited, "status 429"),
        (302, "location: https://elsewhere.example/\r\n", "", FailKind::Config, "not followed"),
        (200, "", "{\"access_token\":\"\"}", FailKind::Auth, "without an access_token"),
        (200, "", "{\"access_token\":\"x\",\"token_type\":\"mac\"}", FailKind::Auth, "no bearer token"),
        (200, "", "s3cret&=+", FailKind::Auth, "without an access_token"),
        (200, "", "{\"access_token\":\"a\\nb\",\"token_type\":\"bearer\"}", FailKind::Config, "no header can carry"),
    ] {
        let provider = Provider::start(move |_, _| answer(status, headers, body), |_| true);
        let bench = Bench::new();
        let failure = bench.send(provider.request(provider.client())).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{body}: {failure}");
        assert!(failure.message.contains(words) && failure.message.contains("\"api\""), "{failure}");
        assert!(!failure.message.contains("s3cret"), "{failure}");
        if kind == FailKind::RateLimited {
            assert_eq!(failure.retry_after_ms, Some(7_000));
        }
        // a refused secret is not tried again at once, and no API is asked
        let again = bench.send(provider.request(provider.client())).await.unwrap_err();
        assert_eq!(again.kind, kind);
        let tries = if matches!(kind, FailKind::Auth | FailKind::RateLimited) { 1 } else { provider.tokens().len() };
        assert_eq!(provider.server.heard().len(), tries, "{body}");
        bench.clock.forward(11);
        let _ = bench.send(provider.request(provider.client())).await;
        assert!(provider.tokens().len() > tries.min(1) || words.contains("carry"), "{body}");
    }
}

#[tokio::test]
async fn a_token_endpoint_is_reached_within_the_same_networks() {
    let provider = Provider::start(|n, _| granted(n, ""), |_| true);
    let api = Server::start(|_| answer(200, "", "never"));
    let bench = Bench::with(&EgressSettings::default(), Names::default());
    let granted = vec![format!("{}/32", "127.0.0.2").parse().unwrap()];
    let url = api.url("/").replace("127.0.0.1", "127.0.0.2");
    let request = HttpRequest { networks: granted, ..with(get(&url), provider.client()) };
    let (kind, message) = bench.fails(request).await;
    assert_eq!(kind, FailKind::Denied);
    assert!(message.contains("\"network 127.0.0.1\""), "{message}");
    assert!(provider.server.heard().is_empty() && api.heard().is_empty());
}
