//! The plugin for Microsoft Entra, as `cargo xtask build` makes it: whatever it is asked, it reads,
//! at the addresses and with the credential that its source is configured with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use estampe_domain::credential::{Credential, Secret};
use estampe_domain::egress::Method;
use estampe_domain::plugin::{ConnectorSpec, FailKind, Given, Offer, PluginInfo, SyncCall};
use estampe_domain::ports::{Directory, Organisations};
use estampe_plugin_host::HostSettings;

use crate::egress::Noted;
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
        assert_eq!(info.offers.iter().copied().collect::<Vec<_>>(), [Offer::Organisation]);
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
