//! Plugins that make requests, most of them such as no grant names.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use estampe_domain::credential::{Credential, Secret};
use estampe_domain::plugin::{FailKind, Page, PluginFailure, SyncCall};
use estampe_domain::ports::Directory;
use estampe_plugin_host::{HostSettings, Limits};

use crate::egress::Noted;
use crate::support::{Loaded, Place, call, component, given, manifest};

const ASKS: &str = r#"
    [config.url]
    type = "string"
    [config.token]
    type = "string"
    secret = true
    [[http]]
    url = "https://api.example.com/v1/*"
    methods = ["GET", "POST"]
    credential = "api"
    [[http]]
    url = "https://api.example.com/v1/search"
    methods = ["POST"]
    read-only = true
    [[http]]
    url = "{url}/users/*"
    methods = ["GET", "DELETE"]
    [credentials.api]
    type = "bearer"
    token = "{token}"
    [credentials.robot]
    type = "jwt-bearer"
    token-url = "https://login.example.com/token"
    key = "{token}"
    scopes = ["people"]
"#;

/// A request as a guest hands it over. Texts lie in its memory one after another.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// get, head, post, put, patch, delete
    pub method: u8,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: Option<&'a str>,
    pub credential: Option<&'a str>,
    pub subject: Option<&'a str>,
}

/// Where the texts of a request begin.
const TEXTS: usize = 600_000;

/// A plugin that makes the request so often and gives back what it was told: a failure, or a
/// page whose checkpoint is the answer's body, or `R` when it was recorded. `keep`: whether
/// it holds on to its answers.
pub fn guest(wanted: Wanted<'_>, times: u32, keep: bool) -> Vec<u8> {
    let mut texts = Vec::new();
    let mut text = |text: &str| {
        let at = TEXTS + texts.len();
        texts.extend_from_slice(text.as_bytes());
        format!("(i32.const {at}) (i32.const {})", text.len())
    };
    let url = text(wanted.url);
    let mut optional = |wanted: Option<&str>| match wanted {
        Some(wanted) => format!("(i32.const 1) {}", text(wanted)),
        None => "(i32.const 0) (i32.const 0) (i32.const 0)".to_owned(),
    };
    let (body, credential) = (optional(wanted.body), optional(wanted.credential));
    let subject = optional(wanted.subject);
    let fields: Vec<_> = wanted.headers.iter().map(|(name, value)| (text(name), text(value))).collect();
    let mut stores = String::new();
    for (number, (name, value)) in fields.iter().enumerate() {
        let at = 500_000 + 16 * number;
        for (offset, pair) in [(0, name), (8, value)] {
            let (pointer, length) = pair.split_once(") ").unwrap();
            write!(stores, "(i32.store (i32.const {}) {pointer}))", at + offset).unwrap();
            write!(stores, "(i32.store (i32.const {}) {length})", at + offset + 4).unwrap();
        }
    }
    let (method, count) = (wanted.method, wanted.headers.len());
    let data: Vec<_> = texts.iter().map(|octet| format!("\\{octet:02x}")).collect();
    let data = data.concat();
    let drop = if keep { "" } else { "(call $drop (i32.load (i32.const 65548)))" };
    component(&format!(
        r#"(module
            (import "estampe:plugin/http@0.1.0" "send" (func $send (param
                i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
            (import "estampe:plugin/http@0.1.0" "[method]response.status" (func $status (param i32) (result i32)))
            (import "estampe:plugin/http@0.1.0" "[method]response.headers" (func $headers (param i32 i32)))
            (import "estampe:plugin/http@0.1.0" "[method]response.read" (func $read (param i32 i32 i32)))
            (import "estampe:plugin/http@0.1.0" "[resource-drop]response" (func $drop (param i32)))
            (memory (export "memory") 16)
            (data (i32.const {TEXTS}) "{data}")
            (global $free (mut i32) (i32.const 70000))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $free)
                (global.set $free (i32.and (i32.const -8)
                    (i32.add (i32.const 7) (i32.add (global.get $free) (local.get 3))))))
            (func (export "estampe:plugin/connector@0.1.0#describe") (result i32) (i32.const 0))
            (func (export "estampe:plugin/connector@0.1.0#check") (result i32) (i32.const 0))
            (func (export "estampe:plugin/connector@0.1.0#sync-page")
                (param i32 i32 i32 i32) (result i32) (local $left i32)
                {stores}
                (local.set $left (i32.const {times}))
                (loop $again
                    (call $send (i32.const {method}) {url} (i32.const 500000) (i32.const {count})
                        {body} {credential} {subject} (i32.const 65536))
                    (if (i32.load8_u (i32.const 65536)) (then (return (i32.const 65536))))
                    (i32.store8 (i32.const 228) (i32.const 1))
                    (if (i32.load8_u (i32.const 65544))
                        (then
                            (i32.store8 (i32.const 66000) (i32.const 82))
                            (i32.store (i32.const 232) (i32.const 66000))
                            (i32.store (i32.const 236) (i32.const 1)))
                        (else
                            (if (i32.ne (call $status (i32.load (i32.const 65548))) (i32.const 200))
                                (then unreachable))
                            (call $headers (i32.load (i32.const 65548)) (i32.const 65640))
                            (if (i32.ne (i32.load (i32.const 65644)) (i32.const 1)) (then unreachable))
                            (call $read (i32.load (i32.const 65548)) (i32.const 4) (i32.const 65600))
                            (i32.store (i32.const 232) (i32.load (i32.const 65600)))
                            (i32.store (i32.const 236) (i32.load (i32.const 65604)))
                            {drop}))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if $again (local.get $left)))
                (i32.const 200)))"#
    ))
}

const GRANTS: [&str; 7] = [
    "http GET https://api.example.com/v1/* with api",
    "http POST https://api.example.com/v1/* with api",
    "http POST https://api.example.com/v1/search read-only",
    "http GET {url}/users/*",
    "http DELETE {url}/users/*",
    "credential api bearer with token",
    "network 10.0.0.0/8",
];

struct Bench {
    host: Loaded,
    noted: Arc<Noted>,
    _place: Place,
}

async fn bench_with(component: &[u8], noted: Noted, limits: impl FnOnce(&mut Limits)) -> Bench {
    let (place, noted) = (Place::new(), Arc::new(noted));
    place.bundle_of("test", &format!("{}{ASKS}", manifest("test", "0.1.0")), component);
    let mut settings = HostSettings { egress: noted.clone(), ..place.settings() };
    limits(&mut settings.limits);
    let host = Loaded::start(settings).await;
    assert_eq!(host.problems, []);
    Bench { host, noted, _place: place }
}

async fn bench(wanted: Wanted<'_>) -> Bench {
    bench_with(&guest(wanted, 1, false), Noted { body: b"body of it".to_vec(), ..Noted::default() }, |_| {}).await
}

fn granted() -> SyncCall {
    let mut call = call("test");
    call.given = given(GRANTS);
    call.given.secrets = [("token".to_owned(), Secret::new("t0ken"))].into();
    call.connector.config.insert("url".to_owned(), "https://dir.example.com:8443/scim".to_owned());
    call
}

impl Bench {
    async fn page(&self, call: SyncCall) -> Result<Page, PluginFailure> {
        self.host.sync_page(call).await
    }

    fn sent(&self) -> usize {
        self.noted.requests.lock().unwrap().len()
    }
}

async fn fails(wanted: Wanted<'_>, call: SyncCall) -> PluginFailure {
    let bench = bench(wanted).await;
    let failure = bench.page(call).await.unwrap_err();
    assert_eq!(bench.sent(), 0, "{failure}");
    failure
}

#[tokio::test]
async fn a_granted_request_is_made_with_its_credential() {
    let wanted = Wanted {
        method: 2,
        url: "https://api.example.com/v1/users?x=1",
        headers: &[("accept", "text/plain")],
        body: Some("hello"),
        credential: Some("api"),
        subject: None,
    };
    let bench = bench(wanted).await;
    assert_eq!(bench.page(granted()).await.unwrap().checkpoint, Some(b"body".to_vec()));
    let requests = bench.noted.requests.lock().unwrap();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.url.as_str(), "https://api.example.com/v1/users?x=1");
    assert_eq!(request.headers, [("accept".to_owned(), "text/plain".to_owned())]);
    assert_eq!(request.body.as_deref(), Some(b"hello".as_slice()));
    assert_eq!(request.networks, ["10.0.0.0/8".parse().unwrap()]);
    let attached = request.credential.as_ref().unwrap();
    assert_eq!(attached.credential, Credential::Bearer { token: Secret::new("t0ken") });
    assert!(!format!("{request:?}").contains("t0ken"));
    assert!(request.timeout <= Duration::from_secs(20) && request.max_response <= 16 << 20);
}

#[tokio::test]
async fn addresses_that_no_grant_names_are_denied_however_they_are_written() {
    for url in [
        "https://evil.example.com/v1/users",
        "https://api.example.com@evil.example/v1/users",
        "https://user:pass@api.example.com/v1/users",
        "https://@api.example.com/v1/users",
        "https://api.example.com:8443/v1/users",
        "http://api.example.com/v1/users",
        "https://api.example.com./v1/users",
        "https://api.example.com/v2/users",
        "https://api.example.com/v1/../v2/users",
        "https://api.example.com/v1/%2e%2e/v2/users",
        "https://api.example.com/v1/..%2fv2",
        "https://api.example.com/v1/%252e%252e/v2",
        "https://api.example.com/v1\\..\\v2",
        "https://api.example.com/v1/users#x",
        "https://api.example.com.evil.example/v1/users",
        "https://[::ffff:7f00:1]/v1/users",
        "https://127.0.0.1/v1/users",
        "https://2130706433/v1/users",
        "https://dir.example.com:8443/users/1",
        "https://dir.example.com/scim/users/1",
        "file:///etc/passwd",
        "https://api.example.com/v1/\r\nhost: evil",
        "",
    ] {
        let failure = fails(Wanted { url, ..Wanted::default() }, granted()).await;
        assert_eq!(failure.kind, FailKind::Denied, "{url}: {failure}");
    }
    let long = format!("https://api.example.com/v1/{}", "x".repeat(9_000));
    assert_eq!(fails(Wanted { url: &long, ..Wanted::default() }, granted()).await.kind, FailKind::Denied);
}

#[tokio::test]
async fn what_was_asked_for_and_not_granted_is_denied_with_the_words_to_grant() {
    let users = Wanted { url: "https://api.example.com/v1/users", ..Wanted::default() };
    let mut nothing = granted();
    nothing.given.grants = given(["network 0.0.0.0/0"]).grants;
    let failure = fails(users, nothing).await;
    assert_eq!(failure.kind, FailKind::Denied);
    assert!(failure.message.contains("\"http GET https://api.example.com/v1/* with api\""), "{failure}");
    // a grant that the manifest does not ask for opens nothing
    let mut wider = granted();
    wider.given.grants = given(["http GET https://evil.example/*", "http PUT https://api.example.com/v1/*"]).grants;
    let evil = Wanted { url: "https://evil.example/", ..Wanted::default() };
    assert_eq!(fails(evil, wider.clone()).await.kind, FailKind::Denied);
    assert_eq!(fails(Wanted { method: 3, ..users }, wider).await.kind, FailKind::Denied);
}

#[tokio::test]
async fn credentials_go_where_a_grant_lets_them_and_nowhere_else() {
    let users = Wanted { url: "https://api.example.com/v1/users", credential: Some("api"), ..Wanted::default() };
    let mut without = granted();
    let kept = GRANTS.iter().filter(|item| !item.starts_with("credential")).map(|item| item.parse().unwrap());
    without.given.grants = kept.collect();
    let failure = fails(users, without).await;
    assert_eq!(failure.kind, FailKind::Denied);
    assert!(failure.message.contains("\"credential api bearer with token\""), "{failure}");
    let mut unset = granted();
    unset.given.secrets.clear();
    let failure = fails(users, unset).await;
    assert_eq!(failure.kind, FailKind::Config);
    assert!(failure.message.contains("\"token\" is not set"), "{failure}");
    let elsewhere = Wanted { url: "https://dir.example.com:8443/scim/users/1", ..users };
    for (wanted, kind) in [
        (elsewhere, FailKind::Denied),
        (Wanted { credential: Some("robot"), ..users }, FailKind::Denied),
        (Wanted { credential: Some("nobody"), ..users }, FailKind::Denied),
        (Wanted { credential: Some(""), ..users }, FailKind::Denied),
        (Wanted { subject: Some("admin@example.com"), ..users }, FailKind::Unsupported),
        (Wanted { credential: None, subject: Some("admin@example.com"), ..users }, FailKind::Denied),
        (Wanted { headers: &[("Authorization", "Bearer x")], ..users }, FailKind::Denied),
        (Wanted { headers: &[("x", "a\r\nhost: evil")], ..users }, FailKind::Denied),
    ] {
        let failure = fails(wanted, granted()).await;
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(!failure.message.contains("t0ken"), "{failure}");
    }
}

#[tokio::test]
async fn a_dry_run_records_what_would_change_something() {
    let create = Wanted { method: 2, url: "https://api.example.com/v1/users", body: Some("x"), ..Wanted::default() };
    for (wanted, recorded) in [
        (create, true),
        (Wanted { method: 5, url: "https://dir.example.com:8443/scim/users/1", ..create }, true),
        (Wanted { url: "https://api.example.com/v1/search", ..create }, false),
        (Wanted { method: 0, body: None, ..create }, false),
    ] {
        let bench = bench(wanted).await;
        let mut dry = granted();
        dry.given.dry_run = true;
        let expected = if recorded { b"R".to_vec() } else { b"body".to_vec() };
        assert_eq!(bench.page(dry).await.unwrap().checkpoint, Some(expected));
        assert_eq!(bench.sent(), usize::from(!recorded));
        assert_eq!(bench.page(granted()).await.unwrap().checkpoint, Some(b"body".to_vec()));
    }
    // what would be denied is denied in a dry run too
    let mut dry = granted();
    dry.given.dry_run = true;
    assert_eq!(fails(Wanted { url: "https://evil.example/", ..create }, dry).await.kind, FailKind::Denied);
}

#[tokio::test]
async fn floods_and_hoards_are_bounded() {
    let users = Wanted { url: "https://api.example.com/v1/users", ..Wanted::default() };
    let small = || Noted { body: b"body".to_vec(), ..Noted::default() };
    let large = || Noted { body: vec![7; 3 << 20], ..Noted::default() };
    for (guest, noted, sent, words) in [
        (guest(users, 100_000, false), small(), 200, "at most 200 requests"),
        (guest(users, 1_000, true), small(), 16, "at most 16 answers"),
        (guest(users, 1_000, true), large(), 11, "32 MiB"),
        (guest(users, 1_000, false), large(), 43, "128 MiB"),
    ] {
        let bench = bench_with(&guest, noted, |_| {}).await;
        let failure = bench.page(granted()).await.unwrap_err();
        assert_eq!(failure.kind, FailKind::Limit, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
        assert_eq!(bench.sent(), sent, "{failure}");
        // the next call begins anew
        assert!(bench.page(granted()).await.is_err());
        assert_eq!(bench.sent(), 2 * sent);
    }
}

#[tokio::test]
async fn waiting_is_bounded_and_ends_with_the_caller() {
    let users = Wanted { url: "https://api.example.com/v1/users", ..Wanted::default() };
    let slow = || Noted { body: b"body".to_vec(), delay: Some(Duration::from_mins(1)), ..Noted::default() };
    let one = |limits: &mut Limits| limits.threads = 1;
    let bench = bench_with(&guest(users, 1, false), slow(), |limits| limits.waiting = Duration::from_millis(300)).await;
    let begun = Instant::now();
    let failure = bench.page(granted()).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Deadline, "{failure}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let bench = bench_with(&guest(users, 1, false), slow(), one).await;
    let begun = Instant::now();
    for _ in 0..3 {
        let impatient = tokio::time::timeout(Duration::from_millis(100), bench.page(granted()));
        assert!(impatient.await.is_err());
    }
    // each found the only thread free soon after the one before gave up
    while bench.sent() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
