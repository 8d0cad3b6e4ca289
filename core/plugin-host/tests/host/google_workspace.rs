//! The plugin for Google Workspace, as `cargo xtask build` makes it: its requests are those that its
//! manifest asks for, each with its credential and nobody else's mailbox. And a hostile build of it,
//! which has the same manifest and the same grants, and writes no more than a signature.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use estampe_domain::credential::{Credential, Secret};
use estampe_domain::egress::Method;
use estampe_domain::plugin::{ConnectorSpec, FailKind, Given, Offer, PluginInfo, SyncCall};
use estampe_domain::ports::{Directory, Mailboxes, Organisations};
use estampe_plugin_host::HostSettings;

use crate::egress::Noted;
use crate::http::{Wanted, guest};
use crate::support::{Loaded, Place, call};

const ID: &str = "google-workspace";

/// A host with the plugin, whose requests are all answered by this; a call with all that it asks
/// for.
async fn host(place: &Place, body: &str) -> (Loaded, Arc<Noted>, SyncCall) {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins").join(ID).with_extension("estampe");
    assert!(bundle.exists(), "{} is not there: run `cargo xtask build`", bundle.display());
    std::fs::copy(&bundle, place.path("plugins/google-workspace.estampe")).unwrap();
    let noted = Arc::new(Noted { body: body.into(), ..Noted::default() });
    let host = Loaded::start(HostSettings { egress: noted.clone(), ..place.settings() }).await;
    assert_eq!(host.problems, []);
    let mut call = call(ID);
    call.connector = ConnectorSpec {
        config: BTreeMap::from([
            ("administrator".to_owned(), "admin@bank.example".to_owned()),
            ("signatures".to_owned(), "true".to_owned()),
        ]),
        ..call.connector
    };
    let grants = host.plugins().iter().flat_map(PluginInfo::asked).map(|asked| asked.permission).collect();
    let secrets = [("service-account".to_owned(), Secret::new("{}"))].into_iter().collect();
    call.given = Given { grants, secrets, ..Given::default() };
    (host, noted, call)
}

/// What was sent: method and address, the credential's name and whom it acts for.
fn sent(noted: &Noted) -> Vec<(Method, String, String, Option<String>)> {
    let requests = noted.requests.lock().unwrap();
    let one = |request: &estampe_domain::egress::HttpRequest| {
        let attached = request.credential.as_ref().expect("every request has one");
        let Credential::JwtBearer { token_url, subject, .. } = &attached.credential else { unreachable!() };
        assert_eq!(token_url.as_str(), "https://oauth2.googleapis.com/token");
        let subject = attached.subject.clone().or_else(|| subject.clone());
        let mut url = request.url.clone();
        url.set_query(None);
        (request.method, url.to_string(), attached.name.clone(), subject)
    };
    requests.iter().map(one).collect()
}

#[tokio::test]
async fn each_request_has_its_credential() {
    let place = Place::new();
    let (host, noted, call) = host(&place, "{\"id\": \"C1\", \"customerDomain\": \"bank.example\"}").await;
    let info = host.plugins().into_iter().find(|info| info.id == ID).unwrap();
    assert_eq!(info.offers.iter().copied().collect::<Vec<_>>(), [Offer::Mailboxes, Offer::Organisation]);
    let (connector, given) = (&call.connector, &call.given);

    assert_eq!(host.about(connector, given).await.unwrap().name, "bank.example");
    assert!(!host.administers(connector, given, "zoe@bank.example").await.unwrap());
    assert_eq!(host.read_signatures(connector, given, "zoe@bank.example").await.unwrap(), []);
    let push = async |address: &str| host.push_signature(connector, given, "zoe@bank.example", address, "<b>").await;
    assert_eq!(push("zoe@bank.example").await.unwrap(), "");
    // an address that would lead elsewhere is not sent at all
    assert_eq!(push("z/../../x@bank.example").await.unwrap_err().kind, FailKind::Denied);
    let page = host.sync_page(call.clone()).await.unwrap();
    assert!(page.events.is_empty() && page.next.is_some());

    let (directory, gmail) =
        ("https://admin.googleapis.com/admin/directory/v1", "https://gmail.googleapis.com/gmail/v1/users/me");
    let (admin, zoe) = (Some("admin@bank.example".to_owned()), Some("zoe@bank.example".to_owned()));
    assert_eq!(
        sent(&noted),
        [
            (Method::Get, format!("{directory}/customers/my_customer"), "customer".to_owned(), admin.clone()),
            (
                Method::Get,
                format!("{directory}/customer/my_customer/roleassignments"),
                "roles".to_owned(),
                admin.clone()
            ),
            (Method::Get, format!("{gmail}/settings/sendAs"), "gmail".to_owned(), zoe.clone()),
            (Method::Patch, format!("{gmail}/settings/sendAs/zoe%40bank.example"), "gmail".to_owned(), zoe),
            (Method::Get, format!("{directory}/users"), "directory".to_owned(), admin),
        ]
    );
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_not_used() {
    let place = Place::new();
    let (host, noted, mut call) = host(&place, "{}").await;
    let reads = call.given.grants.iter().filter(|item| !item.to_string().contains("gmail")).cloned().collect();
    call.given.grants = reads;
    let (connector, given) = (&call.connector, &call.given);
    let address = "zoe@bank.example";
    let failure = host.push_signature(connector, given, address, address, "x").await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Denied);
    assert!(failure.message.contains("grant"), "{failure}");
    assert!(noted.requests.lock().unwrap().is_empty());
    let probes = host.check(connector, given).await.unwrap();
    let failed: Vec<_> = probes.iter().filter(|probe| !probe.passed).map(|probe| probe.name.as_str()).collect();
    assert_eq!(failed, ["signatures"]);
}

/// A plugin with the real one's manifest, all of it granted, that makes this request in Zoé's
/// name: why it was refused, or nothing when it went out.
async fn hostile(method: u8, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Option<String> {
    let place = Place::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").join(ID);
    let manifest = std::fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let manifest = manifest.replace(r#"offers = ["mailboxes", "organisation"]"#, "");
    let url = format!("https://gmail.googleapis.com/gmail/v1/users/me/settings/{path}");
    let subject = Some("zoe@bank.example");
    let wanted = Wanted { method, url: &url, headers, body, credential: Some("gmail"), subject };
    place.bundle_of(ID, &manifest, &guest(wanted, 1, false));
    let noted = Arc::new(Noted { body: b"body".to_vec(), ..Noted::default() });
    let host = Loaded::start(HostSettings { egress: noted.clone(), ..place.settings() }).await;
    assert_eq!(host.problems, []);
    let mut call = call(ID);
    call.connector.config = [("administrator".to_owned(), "admin@bank.example".to_owned())].into();
    let grants = host.plugins().iter().flat_map(PluginInfo::asked).map(|asked| asked.permission).collect();
    let secrets = [("service-account".to_owned(), Secret::new("{}"))].into();
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
async fn a_hostile_build_sets_a_signature_and_nothing_else_of_a_mailbox() {
    let (post, put, patch, delete) = (2, 3, 4, 5);
    let json = &[("content-type", "application/json")][..];
    let signature = Some(r#"{"signature": "<b>Zoé</b>"}"#);
    let own = "sendAs/zoe%40bank.example";
    // what it may
    assert_eq!(hostile(patch, own, json, signature).await, None);
    assert_eq!(hostile(patch, &format!("{own}?fields=signature"), json, signature).await, None);
    for (method, path) in [
        (put, own),
        (delete, own),
        (post, "sendAs"),
        (post, "sendAs/zoe%40bank.example/verify"),
        (patch, "sendAs/zoe%40bank.example/smimeInfo/1"),
        (patch, "sendAs/zoe%40bank.example/"),
        (patch, "sendAs/zoe%40bank.example%2FsmimeInfo"),
        (patch, "sendAs/"),
        (patch, "sendAs/x/../../vacation"),
        (patch, "forwardingAddresses/x"),
        (put, "autoForwarding"),
        (post, "filters"),
    ] {
        let why = hostile(method, path, json, signature).await.unwrap_or_else(|| panic!("{method} {path} went out"));
        assert!(why.contains("no such method and path") || why.contains("the address"), "{path}: {why}");
    }
    // where answers go, by which server it sends, which address is the usual one, under what name
    for (headers, body, words) in [
        (json, r#"{"replyToAddress": "x@elsewhere.example"}"#, "\"replyToAddress\""),
        (json, r#"{"signature": "x", "isDefault": true}"#, "\"isDefault\""),
        (json, r#"{"smtpMsa": {"host": "mail.elsewhere.example", "port": 25}}"#, "\"smtpMsa\""),
        (json, r#"{"signature": "x", "displ\u0061yName": "The board"}"#, "\"displayName\""),
        (json, r#"{"Signature": "x"}"#, "\"Signature\""),
        (&[], r#"{"signature": "x"}"#, "JSON object"),
    ] {
        let why = hostile(patch, own, headers, Some(body)).await.unwrap_or_else(|| panic!("{body} went out"));
        assert!(why.contains(words), "{body}: {why}");
    }
}
