//! The plugin for Microsoft Entra, as `cargo xtask build` makes it: whatever it is asked, it reads,
//! at the addresses and with the credential that its source is configured with, and sets what was
//! granted. And a hostile build of it, which has the same manifest and the same grants.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use estampe_domain::credential::{Credential, Secret};
use estampe_domain::egress::Method;
use estampe_domain::plugin::{ConnectorSpec, FailKind, Given, Offer, PluginInfo, SyncCall};
use estampe_domain::ports::{Directory, Organisations, WriteBack};
use estampe_plugin_host::HostSettings;

use crate::egress::Noted;
use crate::http::{Wanted, guest};
use crate::support::{Loaded, Place, call};

const ID: &str = "microsoft-entra";

/// What every request is answered: an organisation, and a page of one user that ends.
fn body(base: &str) -> String {
    format!(r#"{{"value": [{{"id": "t", "displayName": "Bank"}}], "@odata.deltaLink": "{base}/v1.0/users/delta?x"}}"#)
}

/// A host with the plugin, and a call with all that it asks for.
async fn host(place: &Place, base: &str, more: &[(&str, &str)]) -> (Loaded, Arc<Noted>, SyncCall) {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins").join(ID).with_extension("estampe");
    assert!(bundle.exists(), "{} is not there: run `cargo xtask build`", bundle.display());
    std::fs::copy(&bundle, place.path("plugins/microsoft-entra.estampe")).unwrap();
    let noted = Arc::new(Noted { body: body(base).into(), ..Noted::default() });
    let host = Loaded::start(HostSettings { egress: noted.clone(), ..place.settings() }).await;
    assert_eq!(host.problems, []);
    let mut call = call(ID);
    let config = [("tenant", "bank.example"), ("client-id", "c")].iter().chain(more);
    let config: BTreeMap<_, _> = config.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    call.connector = ConnectorSpec { config, ..call.connector };
    let grants = host.plugins().iter().flat_map(PluginInfo::asked).map(|asked| asked.permission).collect();
    let secrets = ["client-secret", "certificate"].map(|key| (key.to_owned(), Secret::new("s3cret"))).into();
    call.given = Given { grants, secrets, ..Given::default() };
    (host, noted, call)
}

/// Where tokens of what was sent come from, by its credential's name.
fn tokens(noted: &Noted, base: &str) -> Vec<(String, &'static str, String)> {
    let requests = noted.requests.lock().unwrap();
    let mut all = Vec::new();
    for request in requests.iter() {
        assert_eq!(request.method, Method::Get);
        assert!(request.url.as_str().starts_with(&format!("{base}/v1.0/")), "{}", request.url);
        let attached = request.credential.as_ref().expect("every request has one");
        let (kind, token_url) = match &attached.credential {
            Credential::ClientCredentials { token_url, .. } => ("secret", token_url),
            Credential::ClientAssertion { token_url, .. } => ("certificate", token_url),
            _ => unreachable!(),
        };
        all.push((attached.name.clone(), kind, token_url.to_string()));
    }
    all.dedup();
    all
}

#[tokio::test]
async fn it_reads_with_the_credential_of_its_source() {
    let (graph, own) = ("https://graph.microsoft.com", "https://graph.bank.example");
    let gateway = [("graph-url", own), ("login-url", "https://login.bank.example")];
    let microsoft = "https://login.microsoftonline.com/bank.example/oauth2/v2.0/token";
    let other = "https://login.bank.example/bank.example/oauth2/v2.0/token";
    let certificate = ("authentication", "certificate");
    for (base, more, name, kind, token_url) in [
        (graph, vec![], "secret", "secret", microsoft),
        (graph, vec![certificate], "certificate", "certificate", microsoft),
        (own, gateway.to_vec(), "elsewhere-secret", "secret", other),
        (own, [&gateway[..], &[certificate]].concat(), "elsewhere-certificate", "certificate", other),
    ] {
        let place = Place::new();
        let (host, noted, call) = host(&place, base, &more).await;
        let info = host.plugins().into_iter().find(|info| info.id == ID).unwrap();
        assert_eq!(
            info.offers.iter().copied().collect::<Vec<_>>(),
            [Offer::Organisation, Offer::WriteBack, Offer::WriteGroups]
        );
        let (connector, given) = (&call.connector, &call.given);
        assert_eq!(host.about(connector, given).await.unwrap().name, "Bank");
        let probes = host.check(connector, given).await.unwrap();
        assert!(probes.len() == 2 && probes.iter().all(|probe| probe.passed), "{probes:?}");
        let page = host.sync_page(call.clone()).await.unwrap();
        assert!(page.events.len() == 1 && page.next.is_none() && page.checkpoint.is_some());
        assert_eq!(tokens(&noted, base), [(name.to_owned(), kind, token_url.to_owned())]);
    }
}

#[tokio::test]
async fn nothing_leaves_without_its_grant_and_roles_have_to_be_switched_on() {
    let place = Place::new();
    let (host, noted, mut call) = host(&place, "https://graph.microsoft.com", &[]).await;
    let failure = host.administers(&call.connector, &call.given, "zoe@bank.example").await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Unsupported);
    let others = call.given.grants.iter().filter(|item| !item.to_string().starts_with("credential")).cloned().collect();
    call.given.grants = others;
    let failure = host.sync_page(call.clone()).await.unwrap_err();
    assert!(failure.to_string().contains("grant"), "{failure}");
    assert!(noted.requests.lock().unwrap().is_empty());
}

const USER: &str = "6f1e0f3a-0000-4000-8000-000000000009";

fn changes(fields: &[&str]) -> BTreeMap<String, Vec<String>> {
    fields.iter().map(|field| ((*field).to_owned(), vec!["Chief".to_owned()])).collect()
}

#[tokio::test]
async fn it_sets_what_was_granted_and_is_asked_for_nothing_else() {
    let place = Place::new();
    let (host, noted, mut call) = host(&place, "https://graph.microsoft.com", &[]).await;
    let (connector, given) = (call.connector.clone(), call.given.clone());
    let written = host.write_person(&connector, &given, USER, &changes(&["title", "l"])).await;
    assert_eq!(written, Ok(Vec::new()));
    {
        let requests = noted.requests.lock().unwrap();
        let user = format!("https://graph.microsoft.com/v1.0/users/{USER}");
        let made: Vec<_> = requests.iter().map(|request| (request.method, request.url.as_str().to_owned())).collect();
        assert_eq!(
            made,
            [
                (Method::Get, format!("{user}?$select=id,onPremisesSyncEnabled")),
                (Method::Patch, user.clone()),
                (Method::Get, format!("{user}?$select=id,city,jobTitle")),
            ]
        );
        assert_eq!(requests[1].body.as_deref(), Some(br#"{"city":"Chief","jobTitle":"Chief"}"#.as_slice()));
    }
    noted.requests.lock().unwrap().clear();
    // what its manifest does not name, and what nobody granted, is not even handed to it
    for field in ["mail", "passwordProfile"] {
        let failure = host.write_person(&connector, &given, USER, &changes(&[field])).await.unwrap_err();
        assert!(failure.kind == FailKind::Denied && failure.message.contains("manifest"), "{failure}");
    }
    let others = given.grants.iter().filter(|item| item.to_string() != "field write title").cloned().collect();
    call.given.grants = others;
    let failure = host.write_person(&connector, &call.given, USER, &changes(&["l", "title"])).await.unwrap_err();
    assert!(failure.kind == FailKind::Denied && failure.message.contains("field write title"), "{failure}");
    let asked = BTreeSet::from(["title".to_owned()]);
    let failure = host.read_person(&connector, &call.given, USER, &asked).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Denied);
    assert!(noted.requests.lock().unwrap().is_empty());
    // without the grant of the requests it reads as before, and sets nothing
    call.given.grants = given.grants.iter().filter(|item| !item.to_string().contains("PATCH")).cloned().collect();
    let failure = host.write_person(&connector, &call.given, USER, &changes(&["title"])).await.unwrap_err();
    assert!(failure.message.contains("http PATCH https://graph.microsoft.com/v1.0/users/*$ keys"), "{failure}");
    assert!(host.sync_page(call.clone()).await.is_ok());
    assert!(noted.requests.lock().unwrap().iter().all(|request| request.method == Method::Get));
}

/// A plugin with the real one's manifest, all of it granted, that makes this request: why it was
/// refused, or how it went out.
async fn hostile(wanted: Wanted<'_>) -> Option<String> {
    let place = Place::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/microsoft-entra");
    let manifest = std::fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let manifest = manifest.replace(r#"offers = ["organisation", "write-back", "write-groups"]"#, "");
    place.bundle_of(ID, &manifest, &guest(wanted, 1, false));
    let noted = Arc::new(Noted { body: b"body".to_vec(), ..Noted::default() });
    let host = Loaded::start(HostSettings { egress: noted.clone(), ..place.settings() }).await;
    assert_eq!(host.problems, []);
    let mut call = call(ID);
    let config = [("tenant", "bank.example"), ("client-id", "c")].map(|(key, value)| (key.into(), value.into()));
    call.connector.config = config.into();
    let grants = host.plugins().iter().flat_map(PluginInfo::asked).map(|asked| asked.permission).collect();
    let secrets = [("client-secret".to_owned(), Secret::new("s3cret"))].into();
    call.given = Given { grants, secrets, ..Given::default() };
    let outcome = host.sync_page(call).await;
    let sent = noted.requests.lock().unwrap().len();
    match outcome {
        Ok(_) => {
            assert_eq!(sent, 1);
            None
        }
        Err(failure) => {
            assert_eq!((failure.kind, sent), (FailKind::Denied, 0), "{failure}");
            Some(failure.message)
        }
    }
}

#[tokio::test]
async fn a_hostile_build_deletes_nobody_and_reaches_no_password() {
    let (get, post, put, patch, delete) = (0, 2, 3, 4, 5);
    let json = &[("content-type", "application/json")][..];
    let title = Some(r#"{"jobTitle": "x"}"#);
    let make = async |method: u8, path: &str, headers: &[(&str, &str)], body: Option<&str>| {
        let url = format!("https://graph.microsoft.com/v1.0/{path}");
        hostile(Wanted { method, url: &url, headers, body, credential: Some("secret"), subject: None }).await
    };
    let user = format!("users/{USER}");
    // what it may
    assert_eq!(make(get, &user, &[], None).await, None);
    assert_eq!(make(patch, &user, json, title).await, None);
    assert_eq!(make(delete, &format!("groups/{USER}/members/{USER}/$ref"), &[], None).await, None);
    let elsewhere = [
        (delete, user.clone()),
        (delete, format!("groups/{USER}/members/{USER}")),
        (delete, format!("groups/{USER}")),
        (delete, format!("groups/{USER}/members/{USER}/")),
        (delete, format!("groups/{USER}/members/{USER}/%24ref")),
        (delete, format!("groups/{USER}/members/{USER}%2F$ref")),
        (delete, format!("groups/{USER}/members//$ref")),
        (delete, format!("groups/{USER}/owners/{USER}/$ref")),
        (delete, format!("directory/deletedItems/{USER}")),
        (post, "users".to_owned()),
        (post, "$batch".to_owned()),
        (post, format!("{user}/changePassword")),
        (post, format!("{user}/revokeSignInSessions")),
        (post, format!("{user}/authentication/methods/1/resetPassword")),
        (put, format!("{user}/manager/$ref")),
        (patch, "me".to_owned()),
        (patch, format!("{user}/authentication/phoneMethods/1")),
        (patch, format!("{user}/")),
        (patch, format!("{user}%2Fauthentication")),
        (patch, "users/".to_owned()),
        (patch, format!("users/x/../../devices/{USER}")),
        (patch, format!("groups/{USER}/settings/1")),
    ];
    for (method, path) in elsewhere {
        let why = make(method, &path, json, title).await.unwrap_or_else(|| panic!("{method} {path} went out"));
        assert!(why.contains("no such method and path") || why.contains("the address"), "{path}: {why}");
    }
    // nor is somebody made the owner of everything by a group
    let role = Some(r#"{"displayName": "x", "isAssignableToRole": true}"#);
    assert!(make(post, "groups", json, role).await.unwrap().contains("isAssignableToRole"));
    let members = Some(r#"{"members@odata.bind": []}"#);
    assert!(make(patch, &format!("groups/{USER}"), json, members).await.unwrap().contains("members@odata.bind"));
    // the body is looked at, however it is sent
    let password = r#"{"passwordProfile": {"password": "x", "forceChangePasswordNextSignIn": false}}"#;
    for (headers, body, words) in [
        (json, Some(password), "\"passwordProfile\""),
        (json, Some(r#"{"jobTitle": "x", "\u0070asswordProfile": {}}"#), "\"passwordProfile\""),
        (json, Some(r#"{"jobTitle": "x", "accountEnabled": false}"#), "\"accountEnabled\""),
        (json, Some(r#"{"jobtitle": "x"}"#), "\"jobtitle\""),
        (json, Some(r#"[{"jobTitle": "x"}]"#), "JSON object"),
        (json, None, "JSON object"),
        (&[], title, "JSON object"),
        (&[("content-type", "text/json")], title, "JSON object"),
        (&[("content-type", "application/json"), ("content-encoding", "gzip")], title, "JSON object"),
        (&[("content-type", "application/json"), ("x-http-method-override", "DELETE")], title, "by the host alone"),
    ] {
        let why = make(patch, &user, headers, body).await.unwrap_or_else(|| panic!("{body:?} went out"));
        assert!(why.contains(words), "{body:?}: {why}");
    }
}
