//! Google Workspace from end to end: people by the plugin, signatures into Gmail and back. Google is
//! the one of tests/fakes, behind a proxy that leads its names there.

use estampe_domain::signature::is_same;
use estampe_fakes::Tls;
use estampe_fakes::google::{ADMIN, Google, scope};
use estampe_tests::{Authority, Database, Options, Server, WayOut, on_both, until};
use serde_json::{Value, json};

use crate::signatures::for_everybody;

/// What the plugin has to be allowed.
pub(crate) const SCOPES: [&str; 5] = [
    "admin.directory.user.readonly",
    "admin.directory.group.readonly",
    "admin.directory.customer.readonly",
    "admin.directory.rolemanagement.readonly",
    "gmail.settings.basic",
];

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) google: Google,
    _proxy: WayOut,
    /// Its authority's certificate is read at each start.
    folder: tempfile::TempDir,
}

/// A Workspace of so many people, read once, everybody with a signature.
pub(crate) async fn world(database: Database, users: usize) -> World {
    let (authority, root) = Authority::new();
    let names = ["admin.googleapis.com", "gmail.googleapis.com", "oauth2.googleapis.com"];
    let (certificates, key) = authority.leaf(&names, (1, 30));
    let google = Google::start_tls(users, &Tls { certificates, key });
    google.delegate(&SCOPES.map(scope).each_ref().map(String::as_str));
    let proxy = WayOut::to(google.address()).await;
    let folder = tempfile::tempdir().unwrap();
    let (ca, account) = (folder.path().join("ca.pem"), folder.path().join("account.json"));
    std::fs::write(&ca, root).unwrap();
    std::fs::write(&account, google.service_account_at("https://oauth2.googleapis.com/token")).unwrap();
    let extra = format!("[egress]\nproxy = \"{}\"\nca_file = {ca:?}\n", proxy.url());
    let server = Server::start(Options { database, extra }).await;
    server.json(&["plugin", "install", "google-workspace", "--yes"]);
    let file = format!("service-account={}", account.display());
    let administrator = format!("administrator={ADMIN}");
    let add = ["source", "add", "google", "--plugin", "google-workspace", "--set-file", &file, "--set", &administrator];
    let more = ["--set", "groups=true", "--set", "signatures=true"];
    server.json(&[&add[..], &more[..]].concat());
    server.json(&["source", "sync", "google"]);
    for_everybody(&server);
    World { server, google, _proxy: proxy, folder }
}

impl World {
    /// What stands in Gmail for this address now.
    pub(crate) fn in_gmail(&self, address: &str) -> String {
        self.google.people(|people| {
            let senders = people.senders.values().flatten();
            let found =
                senders.filter(|one| one["sendAsEmail"] == address).map(|one| one["signature"].as_str().unwrap());
            found.map(str::to_owned).next().unwrap_or_else(|| panic!("no {address}"))
        })
    }

    /// Somebody writes a signature in Gmail.
    pub(crate) fn write_in_gmail(&self, address: &str, html: &str) {
        self.google.people(|people| {
            let mut senders = people.senders.values_mut().flatten();
            senders.find(|one| one["sendAsEmail"] == address).unwrap()["signature"] = json!(html);
        });
    }

    /// The file with the service account's key.
    fn account(&self) -> std::path::PathBuf {
        self.folder.path().join("account.json")
    }

    fn publish(&self, arguments: &[&str]) -> Value {
        self.server.json(&[&["signature", "publish"], arguments].concat())
    }

    /// The mailboxes of a publication in a state.
    fn lines(&self, id: &str, state: &str) -> Vec<Value> {
        let shown = self.publish(&["show", id, "--lines", "--state", state]);
        shown["lines"].as_array().unwrap_or_else(|| panic!("{shown}")).clone()
    }

    pub(crate) fn is_well(&self) {
        assert_eq!(self.google.control().violations(), [""; 0]);
        assert_eq!(self.google.control().refused(), [""; 0]);
    }
}

on_both! {
    async fn people_come_signatures_go_and_everything_is_brought_back(database) {
        let world = world(database, 12).await;
        let people = world.server.people();
        // one of the twelve is suspended; the administrator is there too
        assert_eq!(people.len(), 12, "{people:?}");
        let addresses: Vec<String> =
            people.iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect();
        for address in addresses.iter().step_by(2) {
            world.write_in_gmail(address, "<div dir=\"ltr\"><b>Mine</b> &amp; nobody else’s</div>");
        }
        let before: Vec<String> = addresses.iter().map(|address| world.in_gmail(address)).collect();

        let plan = world.publish(&["plan", "google"]);
        let id = plan["id"].as_str().unwrap_or_else(|| panic!("{plan}")).to_owned();
        assert_eq!(plan["state"], "planned", "{plan}");
        assert_eq!(world.lines(&id, "planned").len(), 12, "{plan}");
        assert_eq!(world.google.control().count_of("PATCH", "sendAs"), 0, "a plan writes nothing");

        // a ring of two, then the others
        world.publish(&["apply", &id, "--first", "2"]);
        assert_eq!(world.lines(&id, "done").len(), 2);
        assert_eq!(world.google.control().count_of("PATCH", "sendAs"), 2);
        let done = world.publish(&["apply", &id]);
        assert_eq!(done["state"], "done", "{done}");
        assert_eq!(world.google.control().count_of("PATCH", "sendAs"), 12);
        for (address, person) in addresses.iter().zip(&people) {
            let there = world.in_gmail(address);
            let given = person["name"].as_str().unwrap_or_else(|| panic!("{person}")).split(' ').next().unwrap();
            assert!(there.contains(given) && there.contains("<table"), "{address}: {there}");
        }
        // planned once more there is nothing to do, and nobody drifted
        let again = world.publish(&["plan", "google"]);
        let again_id = again["id"].as_str().unwrap();
        assert_eq!(world.lines(again_id, "unchanged").len(), 12, "{again}");
        let drift = world.publish(&["drift", "google"]);
        assert_eq!(world.lines(drift["id"].as_str().unwrap(), "drifted"), [json!(null); 0], "{drift}");

        // another source of the same Workspace that never ran is offered nobody else's people
        let file = format!("service-account={}", world.account().display());
        let administrator = format!("administrator={ADMIN}");
        let add = ["source", "add", "never", "--plugin", "google-workspace", "--set-file", &file, "--set", &administrator];
        world.server.json(&[&add[..], &["--set", "signatures=true"]].concat());
        let told = world.server.cli(&["signature", "publish", "plan", "never"]);
        assert!(told.code == 1 && told.stderr.contains("estampe source sync \"never\""), "{told:?}");

        // somebody writes their own
        world.write_in_gmail(&addresses[3], "<div>Another</div>");
        let drift = world.publish(&["drift", "google"]);
        let drifted = world.lines(drift["id"].as_str().unwrap(), "drifted");
        assert_eq!(drifted.len(), 1, "{drift}");
        assert_eq!(drifted[0]["mailbox"], json!(addresses[3]), "{drifted:?}");

        // the end of the source would cost what can be brought back
        let told = world.server.cli(&["source", "disconnect", "google"]);
        assert!(told.stdout.contains("12 mailboxes with a signature that Estampe wrote"), "{told:?}");
        assert!(told.stdout.contains("estampe signature publish restore \"google\" --all"), "{told:?}");
        // by words, by a group that is not there
        let name = people[3]["name"].as_str().unwrap();
        let one = world.publish(&["restore", "google", "--search", name]);
        assert_eq!(one["counts"], json!({ "planned": 1 }), "{one}");
        world.publish(&["stop", one["id"].as_str().unwrap()]);
        let told = world.server.cli(&["signature", "publish", "plan", "google", "--group", "Nobody here"]);
        assert!(told.code == 1 && told.stderr.contains("there is no group \"Nobody here\""), "{told:?}");
        let both = ["signature", "publish", "plan", "google", "--group", "x", "--person", name];
        assert_eq!(world.server.cli(&both).code, 2);

        // exactly what stood there before
        let plan = world.publish(&["restore", "google", "--all"]);
        world.publish(&["apply", plan["id"].as_str().unwrap()]);
        for (address, before) in addresses.iter().zip(&before) {
            let now = world.in_gmail(address);
            assert!(is_same(&now, before), "{address}: {now} and {before}");
        }
        world.is_well();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_goes_on_and_writes_no_mailbox_twice() {
    // `cargo xtask soak mailboxes` has more
    let users: usize = std::env::var("ESTAMPE_TEST_MAILBOXES").map_or(60, |told| told.parse().unwrap());
    let mut world = world(Database::Sqlite, users).await;
    let plan = world.publish(&["plan", "google"]);
    let id = plan["id"].as_str().unwrap().to_owned();
    let control = world.google.control();
    control.flaky(7, 5, 503);
    control.latency(std::time::Duration::from_millis(if users > 1_000 { 0 } else { 20 }));
    let before = control.count_of("PATCH", "sendAs");
    assert_eq!(before, 0);
    let all = world.lines(&id, "planned").len();
    let mut applying = world.server.begin(&["signature", "publish", "apply", &id]);
    for wanted in [users / 4, users / 12 * 7] {
        until("some mailboxes to be written", 60 + users as u64 / 10, async || {
            (world.google.control().count_of("PATCH", "sendAs") >= wanted).then_some(())
        })
        .await;
        world.server.kill();
        applying.wait().unwrap();
        world.google.control().throttle_next(3, 1);
        world.server.start_again().await;
    }
    until("the end", 120 + users as u64 / 5, async || (world.publish(&["show", &id])["state"] == "done").then_some(()))
        .await;
    assert_eq!(world.lines(&id, "done").len(), all);
    // what was under way when the server died may have been written: it was read, not written again
    let control = world.google.control();
    let written: Vec<_> =
        control.log().into_iter().filter(|asked| asked.method == "PATCH" && asked.status == 200).collect();
    let mut mailboxes: Vec<_> = written.iter().map(|asked| (asked.who.clone(), asked.path.clone())).collect();
    mailboxes.sort();
    mailboxes.dedup();
    assert_eq!((written.len(), mailboxes.len()), (all, all), "none is written twice in vain");
    for (mailbox, _) in &mailboxes {
        let there = world.in_gmail(mailbox.as_deref().unwrap());
        assert!(there.contains("<table"), "{mailbox:?}: {there}");
    }
    // nobody who was told to wait asked before
    assert_eq!(control.violations(), [""; 0]);
}
