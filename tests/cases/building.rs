//! The tutorials of `docs/plugins`, followed to the letter: every block of commands is run by
//! a shell, every change is applied, in a folder that was empty. At the end the plugin runs
//! in an appliance; the one in Rust against a directory that answers over TLS. Compilers take long: by its
//! name this begins early, so that nothing else waits for it at the end.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use estampe_tests::{Bundle, HttpDirectory, Manners, Options, REFRESH, Server, Signer, binary, free_ports, workspace};
use serde_json::Value;

/// A fenced block: of `sh` or `diff`.
struct Block {
    step: u32,
    language: String,
    text: String,
}

/// The blocks of a page, each with the number of the heading above it.
fn blocks(page: &str) -> Vec<Block> {
    let (mut found, mut step, mut open): (Vec<Block>, u32, Option<Block>) = (Vec::new(), 0, None);
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { step, language: language.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => block.text.extend([line, "\n"]),
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    step = heading.split('.').next().unwrap().parse().unwrap_or(step);
                }
            }
        }
    }
    found
}

/// A folder in which somebody works, with the programs on the path.
struct Desk {
    folder: PathBuf,
    path: String,
}

impl Desk {
    /// `estampe` there asks this server.
    fn new(folder: &Path, server: &Server) -> Self {
        let programs = folder.join("programs");
        std::fs::create_dir(&programs).unwrap();
        let script = format!("#!/bin/sh\nexec {:?} --config {:?} \"$@\"\n", binary(), server.config());
        std::fs::write(programs.join("estampe"), script).unwrap();
        std::fs::set_permissions(programs.join("estampe"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        Self { folder: folder.to_owned(), path }
    }

    fn run(&self, script: &str) -> String {
        let output = Command::new("bash")
            .args(["-euc", script])
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            // with the crates that are there: a test fetches nothing
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{script}\n{said}");
        said
    }

    /// A block of the tutorial, with its examples' names replaced by real ones.
    fn follow(&mut self, block: &Block, names: &[(&str, &str)]) -> String {
        let text = names.iter().fold(block.text.clone(), |text, (from, to)| text.replace(from, to));
        let said = match block.language.as_str() {
            "sh" => self.run(&text),
            "diff" => {
                std::fs::write(self.folder.join("change.patch"), text).unwrap();
                self.run("git apply --unidiff-zero change.patch && rm change.patch")
            }
            _ => return String::new(),
        };
        for line in block.text.lines().filter_map(|line| line.strip_prefix("cd ")) {
            self.folder.push(line);
        }
        said
    }
}

/// The failed run of a source, by what the connector's service did.
fn failed_run(server: &Server, words: &str) -> Value {
    let run = server.json(&["source", "sync", "people"]);
    assert!(run["state"] == "failed" && run["failure"].to_string().contains(words), "{words}: {run}");
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tutorial_leads_from_nothing_to_people_in_an_appliance() {
    const TOKEN: &str = "a-token-that-nobody-sees";
    let place = tempfile::tempdir().unwrap();
    let directory = HttpDirectory::start(TOKEN);
    let authority = place.path().join("house-ca.pem");
    std::fs::write(&authority, &directory.root).unwrap();
    let server = tempfile::tempdir().unwrap();
    let bundles = server.path().join("bundles");
    std::fs::create_dir(&bundles).unwrap();
    let extra = format!("[egress]\nca_file = {authority:?}\n");
    let mut server = Server::start_in(server, Options { extra, ..Options::default() }).await;
    server.never_logs(&[TOKEN, REFRESH, "Lovelace", "Turing", "ada@example.org"]);
    let mut desk = Desk::new(place.path(), &server);

    let page = std::fs::read_to_string(workspace().join("docs/plugins/tutorial.md")).unwrap();
    let blocks = blocks(&page);
    let until_signed: Vec<_> = blocks.iter().filter(|block| (1..=5).contains(&block.step)).collect();
    assert!(until_signed.iter().any(|block| block.language == "diff"));
    let sdk = workspace().display().to_string();
    let mut tried = String::new();
    for block in until_signed {
        tried.push_str(&desk.follow(block, &[("/src/estampe", &sdk)]));
        if block.step == 1 && !desk.folder.join("Cargo.lock").exists() && desk.folder.ends_with("staff") {
            // the versions that are tried everywhere else
            std::fs::copy(workspace().join("Cargo.lock"), desk.folder.join("Cargo.lock")).unwrap();
        }
    }
    assert!(tried.contains("3 passed") && tried.contains("redaction"), "{tried}");
    conformance(&desk);

    // 6: its key lies with the bundles, and the appliance starts again
    std::fs::copy(desk.folder.join("staff.pub"), bundles.join("staff.pub")).unwrap();
    server.configure_more(&format!("[plugins]\ndir = {bundles:?}\n"));
    server.stop();
    server.start_again().await;
    let url = directory.url();
    let names = [("https://directory.example", url.as_str()), ("THE-TOKEN", TOKEN), ("10.1.2.0/24", "127.0.0.0/8")];
    let mut steps = blocks.iter().filter(|block| block.step == 6 && block.language == "sh");
    // the directory stands inside the house, as far as the appliance can see
    let (install, grant, plan) = (steps.next().unwrap(), steps.next().unwrap(), steps.next().unwrap());
    let (install, check) = install.text.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(check, "estampe source check people");
    desk.follow(&Block { step: 6, language: "sh".to_owned(), text: install.to_owned() }, &names);
    let checked = server.cli(&["source", "check", "people"]);
    assert!(checked.code != 0 && checked.stdout.contains("network"), "{checked:?}");
    assert_eq!(directory.requests(), [""; 0], "nothing was connected to");
    let granted = desk.follow(grant, &names);
    assert!(granted.contains("2 people on its first page"), "{granted}");
    let planned = desk.follow(plan, &names);
    assert_eq!(server.people(), [Value::Null; 0], "a plan changes nobody");
    let run = planned.lines().find_map(|line| line.trim().strip_prefix("estampe run approve ")).unwrap();
    let shown = desk.follow(steps.next().unwrap(), &[("ID", run)]);
    assert!(shown.contains("3 added"), "{shown}");
    let people = server.people();
    let names: Vec<_> = people.iter().map(|person| person["name"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["Zoé Lefèvre-Núñez", "Ada Lovelace", "Alan Turing"], "{people:?}");
    let card = server.client().get(server.card_of("Turing")).send().await.unwrap().text().await.unwrap();
    assert!(card.contains("7946"), "the number that step 3 added: {card}");
    assert_eq!(directory.requests().last().unwrap(), "GET /people?page=2");

    misbehaves(&server, &directory, TOKEN).await;
    a_rotated_refresh_token_outlives_a_restart(&mut server, &directory, &desk).await;
}

/// The same connector with another credential: a refresh token of which each is good once.
async fn a_rotated_refresh_token_outlives_a_restart(server: &mut Server, directory: &HttpDirectory, desk: &Desk) {
    let rotating = Bundle::read(&desk.folder.join("staff.estampe")).version("0.2.0").replacing(
        "type = \"bearer\"\ntoken = \"{token}\"",
        "type = \"refresh-token\"\ntoken-url = \"{url}/token\"\nclient-id = \"estampe\"\nrefresh-token = \"{token}\"",
    );
    rotating.write(&desk.folder, "rotating", None);
    std::fs::write(desk.folder.join("grant"), format!("{REFRESH}0\n")).unwrap();
    desk.run(
        "estampe plugin sign rotating.estampe --key staff.key
        estampe plugin upgrade ./rotating.estampe --yes
        estampe source set people --set-file token=grant
        estampe source check people",
    );
    // within its time the token is used again; after a restart the new grant is exchanged
    assert_eq!(server.json(&["source", "sync", "people"])["state"], "done");
    server.stop();
    server.start_again().await;
    assert_eq!(server.json(&["source", "sync", "people"])["state"], "done");
    assert_eq!(directory.requests().iter().filter(|asked| *asked == "POST /token").count(), 2);
    let renewed = server.sql("select details from audit_event where operation = 'source.secret.renew'");
    assert!(renewed.len() == 2 && renewed.iter().all(|event| !event.contains(REFRESH)), "{renewed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_in_javascript_is_built_and_run() {
    let modules = std::env::var("ESTAMPE_TEST_COMPONENTIZE").expect("`cargo xtask test` installs componentize-js");
    let (place, signer) = (tempfile::tempdir().unwrap(), Signer::new());
    let extra = format!("[plugins]\ntrusted_keys = [{:?}]\n", signer.public());
    let mut server = Server::start_default().await;
    let mut desk = Desk::new(place.path(), &server);
    let page = std::fs::read_to_string(workspace().join("docs/plugins/javascript.md")).unwrap();
    let (sdk, install) = (workspace().display().to_string(), format!("ln -s {modules} node_modules"));
    let mut said = String::new();
    for block in blocks(&page) {
        // what `npm ci` would install is there already
        said.push_str(&desk.follow(&block, &[("/src/estampe", &sdk), ("npm ci", &install)]));
        if block.language == "js" {
            let shown = std::fs::read_to_string(desk.folder.join("hello.js")).unwrap();
            assert_eq!(block.text, shown, "the page shows the example as it is");
        }
    }
    assert!(said.contains("hello-js 0.1.0: conforms"), "{said}");

    let bundle = Bundle::read(&desk.folder.join("hello-js.estampe")).write(place.path(), "hello-js", Some(&signer));
    server.configure_more(&extra);
    server.stop();
    server.start_again().await;
    let installed = server.cli(&["plugin", "install", bundle.to_str().unwrap(), "--yes"]);
    assert_eq!(installed.code, 0, "{installed:?}");
    let added = server.cli(&["source", "add", "hello", "--plugin", "hello-js", "--set", "greeting=Ada Lovelace"]);
    assert_eq!(added.code, 0, "{added:?}");
    assert_eq!(server.json(&["source", "sync", "hello"])["state"], "done");
    let people = server.people();
    let names: Vec<_> = people.iter().map(|person| person["name"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["Ada Lovelace", "Núñez"]);
}

/// What the conformance suite says when something is wrong.
fn conformance(desk: &Desk) {
    let fails = |command: &str, words: &str| {
        let said = desk.run(&format!("if {command}; then exit 1; fi"));
        assert!(said.contains(words), "{command}: {words}: {said}");
    };
    fails("estampe plugin key new staff.key", "never written over");
    let test = "estampe plugin test staff.estampe";
    fails(
        &format!("{test} --set url=https://directory.example"),
        "no answer to GET https://directory.example/people?page=1",
    );
    fails(test, "\"url\" is not set");
}

/// A service that has gone wrong, or is an attacker's: each run fails by name, nobody is
/// changed, and the token shows nowhere.
async fn misbehaves(server: &Server, directory: &HttpDirectory, token: &str) {
    let before = server.people();
    let (port, _) = free_ports();
    let elsewhere = format!("http://127.0.0.1:{port}/people");
    for (manners, words) in [
        (Manners::Redirects(elsewhere), "302"),
        (Manners::Echoes, "credential"),
        (Manners::Floods, "larger than"),
        (Manners::NeverEnds, "same cursor twice"),
    ] {
        directory.behave(manners.clone());
        let run = failed_run(server, words);
        let shown = server.cli(&["run", "show", run["id"].as_str().unwrap()]);
        assert!(!format!("{run} {shown:?}").contains(token), "{manners:?}");
        assert_eq!(server.people(), before, "{manners:?}");
        let live = server.client().get(format!("{}/health/live", server.internal)).send().await.unwrap();
        assert!(live.status().is_success());
    }
    directory.behave(Manners::Good);
    assert_eq!(server.json(&["source", "sync", "people"])["state"], "done");
}
