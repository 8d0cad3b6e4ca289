//! Microsoft Entra from end to end: people by the plugin, and approved changes of them back into
//! the tenant. Microsoft is the one of tests/fakes, behind a proxy that leads its names there.

use estampe_domain::access::Role;
use estampe_fakes::Tls;
use estampe_fakes::graph::{CLIENT_ID, CLIENT_SECRET, Graph, TENANT};
use estampe_tests::{Authority, Database, Options, Server, WayOut, on_both, until};
use serde_json::Value;

use crate::access::{Signed, hidden, welcomed};

struct World {
    server: Server,
    graph: Graph,
    /// Somebody of the tenant alone, without a role there: their id, and the person's.
    user: String,
    person: String,
    _proxy: WayOut,
    /// Its authority's certificate is read at each start.
    _folder: tempfile::TempDir,
}

/// A tenant that was read once, and whose titles are written.
async fn world(database: Database) -> World {
    let (authority, root) = Authority::new();
    let (certificates, key) = authority.leaf(&["graph.microsoft.com", "login.microsoftonline.com"], (1, 30));
    let graph = Graph::start_tls(14, &Tls { certificates, key });
    graph.consent(&["User.Read.All"]);
    let proxy = WayOut::to(graph.address()).await;
    let folder = tempfile::tempdir().unwrap();
    let (ca, secret) = (folder.path().join("ca.pem"), folder.path().join("secret"));
    std::fs::write(&ca, root).unwrap();
    std::fs::write(&secret, CLIENT_SECRET).unwrap();
    let extra = format!("[egress]\nproxy = \"{}\"\nca_file = {ca:?}\n", proxy.url());
    let server = Server::start(Options { database, extra }).await;
    server.json(&["plugin", "install", "microsoft-entra", "--yes"]);
    let (tenant, client) = (format!("tenant={TENANT}"), format!("client-id={CLIENT_ID}"));
    let file = format!("client-secret={}", secret.display());
    let add = ["source", "add", "entra", "--plugin", "microsoft-entra", "--set", &tenant, "--set", &client];
    server.json(&[&add[..], &["--set-file", &file]].concat());
    server.json(&["source", "sync", "entra"]);
    let (user, name) = graph.tenant(|tenant| {
        let is = |id: &String, user: &Value| {
            user["onPremisesSyncEnabled"] != true && user["userType"] != "Guest" && !tenant.administrators.contains(id)
        };
        let (id, user) = tenant.users.iter().find(|(id, user)| is(id, user)).unwrap();
        (id.clone(), user["displayName"].as_str().unwrap().to_owned())
    });
    let found = server.json(&["person", "list", &name]);
    let all = found["people"].as_array().unwrap_or_else(|| panic!("{found}"));
    let of_name = all.iter().find(|person| person["name"] == name.as_str()).unwrap_or_else(|| panic!("{found}"));
    let person = of_name["id"].as_str().unwrap().to_owned();
    server.json(&["source", "owners", "entra", "--set", "title=written"]);
    World { server, graph, user, person, _proxy: proxy, _folder: folder }
}

impl World {
    /// What the tenant has.
    fn in_tenant(&self) -> Value {
        self.graph.tenant(|tenant| tenant.users[&self.user]["jobTitle"].clone())
    }

    /// What the card shows.
    fn shown(&self) -> String {
        let person = self.server.json(&["person", "show", &self.person]);
        let fields = person["fields"].as_array().unwrap_or_else(|| panic!("{person}")).clone();
        let title = fields.into_iter().find(|field| field["field"] == "title").unwrap();
        title["shown"].as_str().unwrap().to_owned()
    }

    fn changes(&self) -> Vec<Value> {
        let listed = self.server.json(&["change", "list"]);
        listed["changes"].as_array().unwrap_or_else(|| panic!("{listed}")).clone()
    }

    /// The one change, once it is in this state.
    async fn change(&self, state: &str) -> Value {
        until("the change", 60, async || {
            let changes = self.changes();
            changes.first().filter(|one| one["state"] == state && changes.len() == 1).cloned()
        })
        .await
    }

    async fn no_change(&self) {
        until("nothing to be left", 60, async || self.changes().is_empty().then_some(())).await;
    }

    fn patches(&self) -> usize {
        let log = self.graph.control().log();
        log.iter().filter(|asked| asked.method == "PATCH" && asked.status == 204).count()
    }

    async fn page(&self, signed: &Signed, path: &str) -> String {
        let request = signed.browser.get(format!("{}{path}", self.server.internal)).header("accept-language", "en");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    async fn post(&self, signed: &Signed, path: &str, form: &[(&str, &str)]) -> u16 {
        let form = [&[("csrf", signed.csrf.as_str())], form].concat();
        let request = signed.browser.post(format!("{}{path}", self.server.internal)).form(&form);
        request.send().await.unwrap().status().as_u16()
    }

    /// Somebody enters a title on the page of the person.
    async fn enters(&self, signed: &Signed, title: &str) -> u16 {
        let path = format!("/people/{}/edit", self.person);
        let form = self.page(signed, &path).await;
        let (seen, was) = (hidden(&form, "seen"), hidden(&form, "was"));
        self.post(signed, &path, &[("seen", &seen), ("was", &was), ("title", title)]).await
    }
}

on_both! {
    async fn changes_are_agreed_to_written_and_shown_and_the_next_run_reads_the_same(database) {
        let world = world(database).await;
        let before = world.shown();
        let employee = welcomed(&world.server, Role::Employee, Some(&world.person)).await;
        let administrator = welcomed(&world.server, Role::Administrator, None).await;
        let own = format!("/people/{}", world.person);

        // an administrator enters it: it waits, and nobody but the person agrees
        assert_eq!(world.enters(&administrator, "Head of exports").await, 303);
        let id = world.change("asked").await["id"].as_str().unwrap().to_owned();
        assert!(world.page(&administrator, "/changes").await.contains("Head of exports"));
        assert!(!world.page(&administrator, &own).await.contains("/agree"));
        assert_eq!(world.post(&administrator, &format!("/changes/{id}/agree"), &[]).await, 403);
        assert_eq!((world.shown(), world.patches()), (before.clone(), 0));
        let page = world.page(&employee, &own).await;
        assert!(page.contains("Head of exports") && page.contains(&format!("/changes/{id}/agree")), "{page}");

        // the tenant does not let us yet: said, and tried again once it does
        assert_eq!(world.post(&employee, &format!("/changes/{id}/agree"), &[("person", &world.person)]).await, 303);
        let failed = world.change("failed").await;
        assert!(failed["detail"].as_str().unwrap().contains("User.ReadWrite.All"), "{failed}");
        assert_eq!(world.shown(), before);
        world.graph.consent(&["User.Read.All", "User.ReadWrite.All"]);
        world.graph.expire_tokens();
        world.server.json(&["change", "again", &id]);
        world.no_change().await;
        assert_eq!((world.in_tenant(), world.shown()), ("Head of exports".into(), "Head of exports".to_owned()));
        assert_eq!(world.patches(), 1);

        // the next run reads the same, and so does one of everybody
        world.server.json(&["source", "sync", "entra"]);
        world.server.json(&["source", "sync", "entra", "--full"]);
        assert_eq!(world.shown(), "Head of exports");

        // what they enter themselves needs no other word; the service wants a pause first
        world.graph.control().throttle_next(1, 2);
        assert_eq!(world.enters(&employee, "Director").await, 303);
        world.no_change().await;
        assert_eq!((world.in_tenant(), world.shown(), world.patches()), ("Director".into(), "Director".to_owned(), 2));

        // somebody changes it in Entra meanwhile: not overwritten, and shown
        world.graph.tenant(|tenant| tenant.set(&world.user, "jobTitle", "Governor".into()));
        assert_eq!(world.enters(&employee, "Clerk").await, 303);
        let conflict = world.change("conflict").await;
        assert_eq!(conflict["found"], "Governor");
        assert_eq!((world.in_tenant(), world.shown(), world.patches()), ("Governor".into(), "Governor".to_owned(), 2));
        let id = conflict["id"].as_str().unwrap();
        assert_eq!(world.post(&employee, &format!("/changes/{id}/end"), &[]).await, 303);
        world.no_change().await;

        // the directory has the last word, also where it goes back to what it said before
        world.graph.tenant(|tenant| tenant.set(&world.user, "jobTitle", "Head of exports".into()));
        world.server.json(&["source", "sync", "entra"]);
        assert_eq!(world.shown(), "Head of exports");
        assert_eq!(world.graph.control().violations(), [""; 0]);
        let log = world.graph.control().log();
        assert!(log.iter().all(|asked| matches!(asked.method.as_str(), "GET" | "PATCH" | "POST")), "{log:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_writes_a_change_once() {
    let mut world = world(Database::Sqlite).await;
    world.graph.consent(&["User.Read.All", "User.ReadWrite.All"]);
    world.graph.expire_tokens();
    let employee = welcomed(&world.server, Role::Employee, Some(&world.person)).await;
    world.graph.control().latency(std::time::Duration::from_millis(300));
    assert_eq!(world.enters(&employee, "Head of exports").await, 303);
    until("the change to be written", 60, async || {
        (world.graph.control().count_of("PATCH", "users/") > 0).then_some(())
    })
    .await;
    world.server.kill();
    world.server.start_again().await;
    world.no_change().await;
    assert_eq!((world.in_tenant(), world.shown()), ("Head of exports".into(), "Head of exports".to_owned()));
    assert_eq!(world.patches(), 1);
    assert_eq!(world.graph.control().violations(), [""; 0]);
}

on_both! {
    async fn groups_are_made_and_filled_and_nobody_is_deleted(database) {
        let world = world(database).await;
        let server = &world.server;
        let off = server.cli(&["group", "create", "entra", "Export"]);
        assert!(off.code == 1 && off.stderr.contains("write-groups=true"), "{off:?}");
        server.json(&["source", "set", "entra", "--set", "groups=true", "--set", "write-groups=true"]);
        let missing = server.cli(&["group", "create", "entra", "Export"]);
        assert!(missing.code == 1 && missing.stderr.contains("Group.ReadWrite.All"), "{missing:?}");
        // whoever may delete users: nothing of it is used
        let all = ["User.Read.All", "User.ReadWrite.All", "Directory.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All"];
        world.graph.consent(&all);
        world.graph.expire_tokens();
        // what was refused for its token alone is asked again with a new one
        let made = server.json(&["group", "create", "entra", "Équipe Export"]);
        let id = made["made"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        server.json(&["source", "sync", "entra"]);
        server.json(&["group", "join", "Équipe Export", &world.person]);
        server.json(&["group", "rename", "Équipe Export", "Export"]);
        server.json(&["source", "sync", "entra"]);
        let shown = server.json(&["group", "show", "Export"]);
        assert_eq!(shown["people"][0]["id"], world.person.as_str(), "{shown}");
        let users = world.graph.tenant(|tenant| tenant.users.len());
        server.json(&["group", "leave", "Export", &world.person]);
        server.json(&["source", "sync", "entra"]);
        let (left, members) = world.graph.tenant(|tenant| {
            (tenant.users.len(), tenant.members.get(&id).map_or(0, std::collections::BTreeSet::len))
        });
        assert_eq!((left, members), (users, 0));
        // the audit says which group it was, and which was made
        let noted = |operation: &str| {
            let of = format!("SELECT details FROM audit_event WHERE outcome = 'done' AND operation = '{operation}'");
            server.sql(&of).join("\n").replace(' ', "")
        };
        let group = shown["group"]["id"].as_str().unwrap();
        assert!(noted("group.directory-create").contains(&format!("\"made\":\"{id}\"")));
        for operation in ["write", "join", "leave", "rename"] {
            let details = noted(&format!("group.directory-{operation}"));
            assert!(details.contains(&format!("\"group\":\"{group}\"")), "{operation}: {details}");
        }
        assert_eq!(world.graph.control().violations(), [""; 0]);
    }
}
