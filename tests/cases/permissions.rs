//! What providers have to permit, tried piece by piece: Google Workspace and Microsoft Entra as
//! tests/fakes has them, behind a proxy that leads their names there.

use estampe_domain::access::Role;
use estampe_fakes::Tls;
use estampe_fakes::graph::{CLIENT_ID, CLIENT_SECRET, Graph, TENANT};
use estampe_tests::{Authority, Database, Options, Server, WayOut};
use serde_json::{Value, json};

use crate::access::welcomed;
use crate::google;

/// Name, whether it is needed, and whether it is there.
fn rows(found: &Value) -> Vec<(String, bool, Option<bool>)> {
    let lines = found["permissions"].as_array().unwrap_or_else(|| panic!("{found}"));
    let row = |line: &Value| {
        let name = line["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        (name, line["needed"].as_bool().unwrap(), line["granted"].as_bool())
    };
    lines.iter().map(row).collect()
}

fn row(name: &str, needed: bool, granted: Option<bool>) -> (String, bool, Option<bool>) {
    (name.to_owned(), needed, granted)
}

#[tokio::test(flavor = "multi_thread")]
async fn google_is_asked_for_each_scope_and_says_what_it_is_called() {
    let world = google::world(Database::Sqlite, 3).await;
    let (server, fake) = (&world.server, &world.google);
    let scopes = |all: &[&str]| {
        let scopes: Vec<String> = all.iter().map(|name| estampe_fakes::google::scope(name)).collect();
        fake.delegate(&scopes.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let [users, groups, customer, roles, gmail] = google::SCOPES;
    // the run asked what the Workspace is called
    let named = server.json(&["source", "show", "google"])["organisation"].as_str().unwrap().to_owned();
    let untried = server.json(&["source", "permissions", "google"]);
    assert!(rows(&untried).iter().all(|(_, needed, granted)| *needed && granted.is_none()), "{untried}");
    let pasted = untried["paste"].as_str().unwrap();
    assert_eq!(pasted.split(',').count(), 5, "{pasted}");

    let all = server.cli(&["source", "permissions", "google", "--check"]);
    assert!(all.code == 0 && all.stdout.contains(&named), "{all:?}");
    assert_eq!(fake.control().count_of("PATCH", ""), 0);
    // what is switched off is tried all the same, so that it can be taken back
    server.json(&["source", "set", "google", "--set", "signatures=false", "--set", "groups=false"]);
    scopes(&[users, customer, gmail]);
    let found = server.json(&["source", "permissions", "google", "--check"]);
    let expected = [
        row(customer, true, Some(true)),
        row(users, true, Some(true)),
        row(groups, false, Some(false)),
        row(roles, false, Some(false)),
        row(gmail, false, Some(true)),
    ];
    assert_eq!(rows(&found), expected, "{found}");
    assert_eq!(found["paste"].as_str().unwrap().split(',').count(), 2, "{found}");
    // taken back: the next check knows it, whatever tokens there were
    scopes(&[customer]);
    let missing = server.cli(&["source", "permissions", "google", "--check"]);
    assert!(missing.code == 1 && missing.stdout.contains("delegat"), "{missing:?}");

    let signed = welcomed(server, Role::Administrator, None).await;
    let page = format!("{}/sources/google/permissions", server.internal);
    let text = signed.browser.post(&page).form(&[("csrf", &signed.csrf)]).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("One permission is missing.") && text.contains(&named), "{text}");
    let new = format!("{}/sources/new?plugin=google-workspace&asked=1&want=people&want=signatures", server.internal);
    let text = signed.browser.get(&new).send().await.unwrap().text().await.unwrap();
    let pasted = text.split("<textarea readonly").nth(1).unwrap().split("</textarea>").next().unwrap();
    assert!(pasted.contains(gmail) && pasted.contains(roles) && !pasted.contains(groups), "{pasted}");
    assert!(!text.contains("PRIVATE KEY"));

    // with the source its tokens end, there too
    assert_eq!(fake.control().count_of("POST", "/revoke"), 0);
    let ended = server.cli(&["source", "disconnect", "google", "--people", "keep", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let given_back = fake.control().log().into_iter().filter(|asked| asked.path == "/revoke");
    let given_back: Vec<u16> = given_back.map(|asked| asked.status).collect();
    assert!(!given_back.is_empty() && given_back.iter().all(|status| *status == 200), "{given_back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entras_token_tells_what_is_granted_beyond_need() {
    let (authority, root) = Authority::new();
    let (certificates, key) = authority.leaf(&["graph.microsoft.com", "login.microsoftonline.com"], (1, 30));
    let graph = Graph::start_tls(3, &Tls { certificates, key });
    graph.consent(&["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]);
    let proxy = WayOut::to(graph.address()).await;
    let folder = tempfile::tempdir().unwrap();
    let (ca, secret) = (folder.path().join("ca.pem"), folder.path().join("secret"));
    std::fs::write(&ca, root).unwrap();
    std::fs::write(&secret, CLIENT_SECRET).unwrap();
    let extra = format!("[egress]\nproxy = \"{}\"\nca_file = {ca:?}\n", proxy.url());
    let server = Server::start(Options { extra, ..Options::default() }).await;
    server.never_logs(&[CLIENT_SECRET]);
    server.json(&["plugin", "install", "microsoft-entra", "--yes"]);
    let (tenant, client) = (format!("tenant={TENANT}"), format!("client-id={CLIENT_ID}"));
    let secret = format!("client-secret={}", secret.display());
    let add = ["source", "add", "Entra", "--plugin", "microsoft-entra", "--set-file", &secret];
    server.json(&[&add[..], &["--set", &tenant, "--set", &client, "--set", "groups=true"]].concat());

    let found = server.json(&["source", "permissions", "Entra", "--check"]);
    let expected = [
        row("User.Read.All", true, Some(true)),
        row("Group.Read.All", true, Some(false)),
        row("User.ReadWrite.All", false, Some(true)),
        row("Group.ReadWrite.All", false, Some(false)),
        row("Directory.Read.All", false, Some(true)),
    ];
    let without_groups = rows(&found);
    // groups can be read by Directory.Read.All too: what was done counts
    assert_eq!(without_groups[0], expected[0], "{found}");
    assert_eq!(without_groups[2..], expected[2..], "{found}");
    assert_eq!(found["idle"], json!(["Directory.ReadWrite.All"]), "{found}");
    assert!(!found["organisation"].as_str().unwrap_or_default().is_empty(), "{found}");

    graph.consent(&["User.Read.All"]);
    let found = server.json(&["source", "permissions", "Entra", "--check"]);
    assert_eq!(rows(&found)[1], expected[1], "{found}");
    assert_eq!(rows(&found)[4], row("Directory.Read.All", false, Some(false)), "{found}");
    assert_eq!((found["idle"].clone(), found["paste"].as_str().unwrap()), (json!([]), "User.Read.All\nGroup.Read.All"));
    // needed for what is written alone, which is not always
    let signed = welcomed(&server, Role::Administrator, None).await;
    let page = format!("{}/sources/Entra/permissions", server.internal);
    let needed = async |name: &str| {
        let page =
            signed.browser.get(&page).header("accept-language", "en").send().await.unwrap().text().await.unwrap();
        let row = page.split(&format!(">{name}</code>")).nth(1).unwrap_or_else(|| panic!("{page}")).to_owned();
        let cell = row.split("<td data-label").nth(1).unwrap().split("</td>").next().unwrap().to_owned();
        cell.split_once('>').unwrap().1.to_owned()
    };
    assert_eq!(needed("User.Read.All").await, "Always");
    assert_eq!(needed("User.ReadWrite.All").await, "No, switched off");
    // a field that is written back needs more
    server.json(&["source", "sync", "Entra"]);
    server.json(&["source", "owners", "Entra", "--set", "title=written"]);
    let found = server.json(&["source", "permissions", "Entra"]);
    assert_eq!(rows(&found)[2], row("User.ReadWrite.All", true, None), "{found}");
    assert_eq!(needed("User.ReadWrite.All").await, "Yes, switched on");
    assert_eq!(graph.control().violations(), [""; 0]);
}
