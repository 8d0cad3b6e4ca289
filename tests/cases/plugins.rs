//! Plugins by the command line: installed from signed bundles, granted item by item,
//! upgraded, taken back, switched off, paused, removed.

use estampe_tests::{Bundle, Database, Options, Output, Server, Signer, on_both, sample};
use serde_json::Value;

const PLUGIN: &str = "directory-file";

/// A command that must do what it is told.
fn well(server: &Server, arguments: &[&str]) -> Output {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

/// A command that must be refused with these words.
fn refused(server: &Server, arguments: &[&str], words: &str) {
    let output = server.cli(arguments);
    assert!(output.code == 1 && output.stderr.contains(words), "{arguments:?}: {words}: {output:?}");
}

fn plugin(server: &Server) -> Value {
    server.json(&["plugin", "show", PLUGIN])
}

fn version<'a>(plugin: &'a Value, which: &str) -> Option<&'a str> {
    plugin[which]["info"]["version"].as_str()
}

fn add_source(server: &Server) -> Output {
    server.cli(&["source", "add", "siege", "--input", &format!("people={}", sample().display())])
}

/// Operations on plugins that the audit knows, in their order.
fn audited(server: &Server) -> Vec<String> {
    server.sql("select operation from audit_event where object_kind = 'plugin' order by id")
}

/// A server that trusts this key, with its configuration's other lines.
async fn trusting(signer: &Signer, database: Database) -> Server {
    let server = Server::start(Options { database, ..Options::default() }).await;
    let mut server = server;
    server.configure_more(&format!("[plugins]\ntrusted_keys = [{:?}]\n", signer.public()));
    server.stop();
    server.start_again().await;
    server
}

on_both! {
    async fn nothing_runs_before_it_is_granted(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let listed = well(&server, &["plugin", "list"]).stdout;
        assert!(listed.contains("No plugin is installed") && listed.contains("lies ready"), "{listed}");
        let added = add_source(&server);
        assert!(added.code == 1 && added.stderr.contains("no plugin \"directory-file\" is in use"), "{added:?}");

        // without a terminal and without a word nothing is granted, and all is said
        let said = well(&server, &["plugin", "install", PLUGIN]).stdout;
        assert!(said.contains("NOT GRANTED  input people") && said.contains("plugin grant directory-file --yes"), "{said}");
        assert_eq!((version(&plugin(&server), "current"), version(&plugin(&server), "waiting")), (None, Some("0.1.0")));
        assert_eq!(add_source(&server).code, 1);

        // item by item; what it does not ask for cannot be granted
        refused(&server, &["plugin", "grant", PLUGIN, "http GET https://example.com/*"], "does not ask");
        refused(&server, &["plugin", "grant", PLUGIN, "everything"], "is no permission");
        well(&server, &["plugin", "grant", PLUGIN, "input people", "field read mail", "field read cn", "field read sn"]);
        well(&server, &["plugin", "grant", PLUGIN, "field read givenName", "--as-granted"]);
        assert_eq!(add_source(&server).code, 0);
        let run = server.sync();
        assert_eq!(run["state"], "done", "{run}");
        let people = server.people();
        assert!(people.len() > 150 && people.iter().all(|person| person["title"].as_str().is_none_or(str::is_empty)));

        // the rest, and the fields arrive
        well(&server, &["plugin", "grant", PLUGIN, "--yes"]);
        assert_eq!(server.sync()["state"], "done");
        assert!(server.people().iter().any(|person| !person["title"].as_str().unwrap_or("").is_empty()));

        // taken back, it is denied, and nobody changes
        well(&server, &["plugin", "revoke", PLUGIN, "input people"]);
        refused(&server, &["plugin", "revoke", PLUGIN, "input people"], "is not granted");
        let run = server.sync();
        assert_eq!((run["state"].as_str(), run["failure"]["code"].as_str()), (Some("failed"), Some("denied")), "{run}");
        let events = audited(&server);
        assert_eq!(events.first().map(String::as_str), Some("plugin.install"));
        assert_eq!(events.last().map(String::as_str), Some("plugin.revoke"));
        assert!(events.iter().any(|event| event == "plugin.use"));
    }

    async fn an_upgrade_that_asks_for_more_waits_and_the_old_version_goes_on(database) {
        let signer = Signer::new();
        let server = trusting(&signer, database).await;
        let folder = server.folder().to_owned();
        let path = |bundle: &Bundle, name: &str| bundle.write(&folder, name, Some(&signer)).display().to_string();
        let shipped = Bundle::shipped(PLUGIN);
        well(&server, &["plugin", "install", &path(&shipped, "first"), "--yes"]);
        assert_eq!(add_source(&server).code, 0);

        // no more is asked for: at once
        let same = shipped.clone().version("0.2.0");
        well(&server, &["plugin", "upgrade", &path(&same, "same")]);
        assert_eq!(version(&plugin(&server), "current"), Some("0.2.0"));
        refused(&server, &["plugin", "upgrade", &path(&shipped, "first")], "not newer");
        refused(&server, &["plugin", "install", &path(&same, "same")], "installed already");

        // more: it waits, says what, and the old one runs
        let wider = shipped.clone().version("0.3.0").replacing("[fields]\nread = [", "[fields]\nread = [\n    \"employeeType\",");
        let said = well(&server, &["plugin", "upgrade", &path(&wider, "wider")]).stdout;
        assert!(said.contains("NOT GRANTED  field read employeeType"), "{said}");
        let waits = plugin(&server);
        assert_eq!((version(&waits, "current"), version(&waits, "waiting")), (Some("0.2.0"), Some("0.3.0")));
        let new: Vec<_> = waits["waiting_asks"].as_array().unwrap().iter().filter(|ask| ask["new"] == true).collect();
        assert_eq!(new.len(), 1, "{new:?}");
        assert_eq!(server.sync()["state"], "done");

        // withdrawn, brought again, granted
        well(&server, &["plugin", "rollback", PLUGIN]);
        assert_eq!(version(&plugin(&server), "waiting"), None);
        well(&server, &["plugin", "upgrade", &path(&wider, "wider")]);
        well(&server, &["plugin", "grant", PLUGIN, "field read employeeType"]);
        let now = plugin(&server);
        assert_eq!((version(&now, "current"), version(&now, "previous")), (Some("0.3.0"), Some("0.2.0")));
        assert_eq!(server.sync()["state"], "done");

        // back, and forth again
        well(&server, &["plugin", "rollback", PLUGIN]);
        assert_eq!(version(&plugin(&server), "current"), Some("0.2.0"));
        assert_eq!(server.sync()["state"], "done");
        well(&server, &["plugin", "rollback", PLUGIN]);
        assert_eq!(version(&plugin(&server), "current"), Some("0.3.0"));

        // what was gone back from can be brought again
        well(&server, &["plugin", "rollback", PLUGIN]);
        well(&server, &["plugin", "upgrade", &path(&wider, "wider")]);
        let again = plugin(&server);
        assert_eq!((version(&again, "current"), version(&again, "previous")), (Some("0.3.0"), Some("0.2.0")));

        // a plugin in use is not removed, one that is off is not called
        refused(&server, &["plugin", "remove", PLUGIN], "used by the source \"siege\"");
        well(&server, &["plugin", "disable", PLUGIN]);
        let run = server.sync();
        assert!(run["failure"]["message"].as_str().unwrap().contains("plugin enable directory-file"), "{run}");
        let mut server = server;
        server.stop();
        server.start_again().await;
        assert_eq!(server.sync()["state"], "failed");
        well(&server, &["plugin", "enable", PLUGIN]);
        assert_eq!(server.sync()["state"], "done");
    }

    async fn only_known_keys_are_trusted(database) {
        let (signer, stranger) = (Signer::new(), Signer::new());
        let mut server = trusting(&signer, database).await;
        let folder = server.folder().to_owned();
        let shipped = Bundle::shipped(PLUGIN);
        let path = |name: &str| folder.join(name).with_extension("estampe").display().to_string();
        shipped.write(&folder, "unsigned", None);
        shipped.write(&folder, "stranger", Some(&stranger));
        shipped.write(&folder, "good", Some(&signer));
        let good = shipped.octets(Some(&signer));
        let flip = |at: usize, name: &str| {
            let mut octets = good.clone();
            octets[at] ^= 1;
            std::fs::write(path(name), octets).unwrap();
        };
        flip(600, "changed");
        // what was signed with another bundle
        let stripped = shipped.octets(None);
        let mut swapped = stripped[..stripped.len() - 1024].to_vec();
        let other = shipped.clone().version("9.9.9").octets(Some(&signer));
        let cut = shipped.clone().version("9.9.9").octets(None).len() - 1024;
        swapped.extend_from_slice(&other[cut..]);
        std::fs::write(path("swapped"), swapped).unwrap();
        let mut longer = good.clone();
        longer.extend_from_slice(&[1; 512]);
        std::fs::write(path("longer"), longer).unwrap();

        refused(&server, &["plugin", "install", &path("unsigned")], "not signed");
        refused(&server, &["plugin", "install", &path("stranger")], "nobody here trusts");
        refused(&server, &["plugin", "install", &path("swapped")], "does not fit");
        refused(&server, &["plugin", "install", &path("longer")], "goes on after its end");
        assert_eq!(server.cli(&["plugin", "install", &path("changed")]).code, 1);
        refused(&server, &["plugin", "install", &path("missing")], "No such file");
        assert!(plugin_list(&server).is_empty());
        well(&server, &["plugin", "install", &path("good"), "--yes"]);
        assert_eq!(add_source(&server).code, 0);
        assert_eq!(server.sync()["state"], "done");

        // a revoked key counts no longer, also for what is installed
        let trusted = format!("trusted_keys = [{:?}]\n", signer.public());
        server.configure_more(&format!("[plugins]\n{trusted}revoked_keys = [{:?}]\n", signer.public()));
        server.stop();
        server.start_again().await;
        let run = server.sync();
        assert!(run["failure"]["message"].as_str().unwrap().contains("revoked"), "{run}");
        let said = well(&server, &["plugin", "list"]).stdout;
        assert!(said.contains("Problem: directory-file: it was signed with the key"), "{said}");

        // a file that should be a key and is none is named
        std::fs::write(folder.join("bad.pub"), "untrusted comment: mine\nRWgarbage\n").unwrap();
        server.configure_more(&format!("[plugins]\ndir = {folder:?}\n"));
        refused(&server, &["check-config"], "bad.pub: \"RWgarbage\" is no public key");

        // unsigned ones only when that is allowed, and then marked
        server.configure_more("[plugins]\nallow_unsigned = true\n");
        server.stop();
        server.start_again().await;
        shipped.clone().version("0.5.0").write(&folder, "own", None);
        // another key, or none: it waits for a word, whatever it asks for
        let said = well(&server, &["plugin", "upgrade", &path("own")]).stdout;
        assert!(said.contains("ANOTHER KEY: 0.5.0 is NOT SIGNED") && said.contains("waits for your word"), "{said}");
        well(&server, &["plugin", "grant", PLUGIN, "field read title"]);
        assert_eq!(version(&plugin(&server), "current"), Some("0.1.0"), "a grant is no such word");
        well(&server, &["plugin", "grant", PLUGIN, "--yes"]);
        let said = well(&server, &["plugin", "list"]).stdout;
        assert!(said.contains("0.5.0") && said.contains("NOT SIGNED"), "{said}");
        assert_eq!(server.sync()["state"], "done");

        // whoever writes one tries a version again: at once, with what is granted; more is not
        // slipped in under a number that is in use
        well(&server, &["plugin", "revoke", PLUGIN, "field read title"]);
        let own = shipped.clone().version("0.5.0").replacing("CSV file", "CSV table");
        own.write(&folder, "own", None);
        well(&server, &["plugin", "upgrade", &path("own")]);
        let shown = plugin(&server);
        assert!(version(&shown, "current") == Some("0.5.0") && shown.to_string().contains("CSV table"), "{shown}");
        let wider = own.replacing("[fields]\nread = [", "[fields]\nread = [\n    \"employeeType\",");
        wider.write(&folder, "wider", None);
        refused(&server, &["plugin", "upgrade", &path("wider")], "give this one another version");
        assert_eq!(server.sync()["state"], "done");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_takes_in_what_is_newer_and_leaves_what_was_gone_back_from() {
    let signer = Signer::new();
    let mut server = trusting(&signer, Database::Sqlite).await;
    let ready = server.folder().join("ready");
    std::fs::create_dir(&ready).unwrap();
    server.configure_more(&format!("[plugins]\ndir = {ready:?}\ntrusted_keys = [{:?}]\n", signer.public()));
    let shipped = Bundle::shipped(PLUGIN);
    shipped.write(&ready, "first", Some(&signer));
    server.stop();
    server.start_again().await;
    well(&server, &["plugin", "install", PLUGIN, "--yes"]);

    // a package brings a newer one
    shipped.clone().version("0.2.0").write(&ready, "second", Some(&signer));
    server.stop();
    server.start_again().await;
    assert_eq!(version(&plugin(&server), "current"), Some("0.2.0"));

    // an administrator's word outlives the next start
    well(&server, &["plugin", "rollback", PLUGIN]);
    server.stop();
    server.start_again().await;
    assert_eq!(version(&plugin(&server), "current"), Some("0.1.0"));
    shipped.version("0.3.0").write(&ready, "third", Some(&signer));
    server.stop();
    server.start_again().await;
    assert_eq!(version(&plugin(&server), "current"), Some("0.3.0"));
}

fn plugin_list(server: &Server) -> Vec<Value> {
    server.json(&["plugin", "list"])["plugins"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_that_nobody_granted_are_named_where_they_are_missing() {
    let signer = Signer::new();
    let server = trusting(&signer, Database::Sqlite).await;
    well(&server, &["plugin", "install", PLUGIN, "--yes"]);
    assert_eq!(add_source(&server).code, 0);
    let named = ["displayName", "cn", "givenName", "sn", "mail"].map(|name| format!("field read {name}"));
    let items: Vec<&str> = named.iter().map(String::as_str).collect();
    well(&server, &[&["plugin", "revoke", PLUGIN], &items[..]].concat());
    let checked = server.cli(&["source", "check", "siege"]);
    assert!(checked.code == 1 && checked.stdout.contains("\"field read sn\""), "{checked:?}");
    assert!(checked.stdout.contains("estampe plugin grant directory-file"), "{checked:?}");
    for more in [&["--dry-run"][..], &[]] {
        let read = server.cli(&[&["source", "sync", "siege"], more].concat());
        assert!(read.code == 1 && read.stdout.contains("Everybody was refused"), "{read:?}");
        assert!(read.stdout.contains("not granted to the plugin") && read.stdout.contains("field read sn"), "{read:?}");
        if !more.is_empty() {
            let run = server.json(&["run", "list"])["runs"][0]["id"].as_str().unwrap().to_owned();
            server.cli(&["run", "discard", &run]);
        }
    }
    let preview = server.cli(&["source", "mapping", "siege", "--preview"]);
    assert!(preview.stdout.contains("field read mail"), "{preview:?}");
    well(&server, &["plugin", "grant", PLUGIN, "field read mail"]);
    assert_eq!(server.cli(&["source", "check", "siege"]).code, 0);
    let read = server.cli(&["source", "sync", "siege"]);
    assert!(read.code == 0 && !read.stdout.contains("Everybody"), "{read:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_keeps_failing_is_paused_with_a_notice() {
    let signer = Signer::new();
    let server = trusting(&signer, Database::Sqlite).await;
    let folder = server.folder().to_owned();
    let shipped = Bundle::shipped(PLUGIN);
    // it delivers what its manifest does not name
    let broken = shipped.clone().replacing("    \"title\",\n", "").write(&folder, "broken", Some(&signer));
    well(&server, &["plugin", "install", &broken.display().to_string(), "--yes"]);
    assert_eq!(add_source(&server).code, 0);
    for _ in 0..5 {
        let run = server.sync();
        assert_eq!(run["failure"]["code"], "internal", "{run}");
        assert!(run["failure"]["message"].as_str().unwrap().contains("the field \"title\""), "{run}");
    }
    let paused = plugin(&server);
    assert_eq!(paused["state"], "paused", "{paused}");
    assert!(paused["problem"].as_str().unwrap().contains("5 failures in a row"), "{paused}");
    let run = server.sync();
    assert_eq!(run["failure"]["code"], "denied", "{run}");
    assert!(run["failure"]["message"].as_str().unwrap().contains("plugin enable"), "{run}");
    assert_eq!(audited(&server).last().map(String::as_str), Some("plugin.pause"));

    let mended = shipped.version("0.1.1").write(&folder, "mended", Some(&signer));
    well(&server, &["plugin", "upgrade", &mended.display().to_string(), "--yes"]);
    well(&server, &["plugin", "enable", PLUGIN]);
    assert_eq!(server.sync()["state"], "done");
    assert_eq!(plugin(&server)["problem"], Value::Null);
}
