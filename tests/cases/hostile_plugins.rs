//! Plugins that attack the appliance that runs them. Each is contained with a named error,
//! which stands in the history of the run, while strangers open cards and the health check
//! passes. What can only be seen inside the host is tried in `core/plugin-host/tests/host`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use estampe_tests::guest::{GUEST, Guest, manifest};
use estampe_tests::{Bundle, Options, Server, Signer, UNLIMITED};

/// An attack by `sync-page`: the plugin's id, what it does, and what its run fails by.
struct Attack(&'static str, Guest<'static>, &'static str, &'static str);

const ATTACKS: [Attack; 17] = [
    Attack("loop", Guest { page: "(loop $a (br $a)) unreachable", ..GUEST }, "deadline", "computed for more than 1s"),
    Attack(
        "loop-in-the-host",
        Guest { page: "(loop $a (drop (call $cancelled)) (br $a)) unreachable", ..GUEST },
        "internal",
        "called the host more than 100000 times",
    ),
    Attack(
        "memory",
        Guest { page: "(loop $a (drop (memory.grow (i32.const 16))) (br $a)) unreachable", ..GUEST },
        "out-of-memory",
        "64 MiB",
    ),
    Attack(
        "table",
        Guest {
            page: "(loop $a (drop (table.grow $t (ref.null func) (i32.const 10000))) (br $a)) unreachable",
            fields: "(table $t 1 funcref)",
            ..GUEST
        },
        "out-of-memory",
        "table",
    ),
    Attack(
        "recursion",
        Guest {
            page: "(call $deep) (i32.const 0)",
            fields: "(func $deep (call $deep) (drop (memory.size)))",
            ..GUEST
        },
        "trapped",
        "stack",
    ),
    Attack("trap", Guest { page: "unreachable", ..GUEST }, "trapped", "crashed"),
    Attack(
        "no-utf-8",
        Guest {
            page: "(i32.store8 (i32.const 0) (i32.const 255)) (call $log (i32.const 1) (i32.const 0) (i32.const 1)) unreachable",
            ..GUEST
        },
        "trapped",
        "broke the contract",
    ),
    Attack(
        "two-gigabytes",
        Guest { page: "(call $log (i32.const 1) (i32.const 0) (i32.const 0x7fffffff)) unreachable", ..GUEST },
        "trapped",
        "broke the contract",
    ),
    Attack(
        "a-list-that-is-not-there",
        Guest {
            page: "(i32.store (i32.const 8) (i32.const 65536)) (i32.store (i32.const 12) (i32.const 100000000)) (i32.const 0)",
            ..GUEST
        },
        "trapped",
        "broke the contract",
    ),
    Attack("an-answer-elsewhere", Guest { page: "(i32.const 0x7ffffff0)", ..GUEST }, "trapped", "broke the contract"),
    Attack(
        "nul",
        Guest {
            page: "(i32.store (i32.const 8) (i32.const 131072)) (i32.store (i32.const 12) (i32.const 1))
                (i32.store offset=8 (i32.const 131072) (i32.const 1)) (i32.const 0)",
            ..GUEST
        },
        "limit",
        "id",
    ),
    Attack(
        // `people` is no field of its manifest
        "a-field-of-its-own",
        Guest {
            page: "(i32.store (i32.const 8) (i32.const 131072)) (i32.store (i32.const 12) (i32.const 1))
                (i32.store offset=4 (i32.const 131072) (i32.const 66000)) (i32.store offset=8 (i32.const 131072) (i32.const 6))
                (i32.store offset=40 (i32.const 131072) (i32.const 131200)) (i32.store offset=44 (i32.const 131072) (i32.const 1))
                (i32.store (i32.const 131200) (i32.const 66000)) (i32.store offset=4 (i32.const 131200) (i32.const 6))
                (i32.store offset=16 (i32.const 131200) (i32.const 66000)) (i32.store offset=20 (i32.const 131200) (i32.const 6))
                (i32.const 0)",
            ..GUEST
        },
        "internal",
        "the field \"people\", which its manifest does not ask for",
    ),
    Attack(
        "a-long-cursor",
        Guest {
            page: "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 24) (i32.const 20000)) (i32.const 0)",
            ..GUEST
        },
        "limit",
        "cursor",
    ),
    Attack(
        "the-same-page",
        Guest {
            page: "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 24) (i32.const 8)) (i32.const 0)",
            ..GUEST
        },
        "internal",
        "same cursor twice",
    ),
    Attack(
        // 65,537 octets under one key; and the result handed on
        "state-over-its-quota",
        Guest {
            page: "(call $set (i32.const 66000) (i32.const 6) (i32.const 1) (i32.const 0) (i32.const 65537) (i32.const 140000))
                (i32.const 140000)",
            ..GUEST
        },
        "limit",
        "65536 octets",
    ),
    Attack(
        "a-file-of-others",
        Guest {
            page: "(call $stat (i32.const 66000) (i32.const 6) (i32.const 140000)) (i32.const 140000)",
            ..GUEST
        },
        "denied",
        "people",
    ),
    Attack(
        "a-checkpoint-beyond",
        Guest {
            page: "(i32.store8 (i32.const 28) (i32.const 1)) (i32.store (i32.const 32) (i32.const 1048000))
                (i32.store (i32.const 36) (i32.const 4000)) (i32.const 0)",
            ..GUEST
        },
        "trapped",
        "broke the contract",
    ),
];

/// Strangers who open a card and a monitor that asks for the health, again and again.
struct Visitors {
    leave: Arc<AtomicBool>,
    served: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<Duration>,
}

impl Visitors {
    fn come(server: &Server) -> Self {
        let (leave, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (client, card) = (server.client(), server.card_of("lefevre"));
        let (health, left, counter) =
            (format!("{}/health/ready", server.internal), Arc::clone(&leave), Arc::clone(&count));
        let task = tokio::spawn(async move {
            let mut slowest = Duration::ZERO;
            while !left.load(Ordering::SeqCst) {
                for url in [&card, &health] {
                    let begun = Instant::now();
                    let answer = client.get(url).send().await.unwrap();
                    assert!(answer.status().is_success(), "{url}: {answer:?}");
                    answer.bytes().await.unwrap();
                    slowest = slowest.max(begun.elapsed());
                }
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            slowest
        });
        Self { leave, served: count, task }
    }

    fn served(&self) -> u32 {
        self.served.load(Ordering::SeqCst)
    }

    /// Nobody was refused, and nobody waited for as long as an attack lasted.
    async fn leave(self) {
        self.leave.store(true, Ordering::SeqCst);
        let slowest = self.task.await.unwrap();
        assert!(slowest < Duration::from_secs(5), "somebody waited for {slowest:?}");
    }
}

/// A server with the sample, one second of processor time a call, and a key that it trusts.
async fn server(signer: &Signer) -> Server {
    let mut server = Server::with_sample(Options { extra: UNLIMITED.to_owned(), ..Options::default() }).await;
    server.configure_more(&format!("[plugins]\ntrusted_keys = [{:?}]\ncpu_seconds = 1\n", signer.public()));
    server.stop();
    server.start_again().await;
    server
}

fn well(server: &Server, arguments: &[&str]) {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
}

/// Installs it with all that it asks for, as a source of its name.
fn attacker(server: &Server, signer: &Signer, id: &str, guest: Guest<'_>) {
    let bundle = guest.bundle(id).write(server.folder(), id, Some(signer));
    well(server, &["plugin", "install", bundle.to_str().unwrap(), "--yes"]);
    well(server, &["source", "add", id, "--plugin", id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn each_attack_is_contained_and_named_while_others_are_served() {
    let signer = Signer::new();
    let server = server(&signer).await;
    let people = server.people();
    let visitors = Visitors::come(&server);
    let mut otherwise = Vec::new();
    for Attack(id, guest, code, words) in ATTACKS {
        attacker(&server, &signer, id, guest);
        let before = visitors.served();
        let run = server.json(&["source", "sync", id]);
        let said = run["failure"]["message"].as_str().unwrap_or_default();
        if run["state"] != "failed" || run["failure"]["code"] != code || !said.contains(words) {
            otherwise.push(format!("{id}: not {code} and {words:?}: {run}"));
            continue;
        }
        assert!(visitors.served() > before, "{id}: nobody was served");
        let shown = server.cli(&["run", "show", run["id"].as_str().unwrap()]);
        assert!(shown.stdout.contains(words), "{id}: {shown:?}");
    }
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n"));
    assert_eq!(server.people(), people, "nobody was changed");
    visitors.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_cannot_be_held_is_never_loaded() {
    let signer = Signer::new();
    let server = server(&signer).await;
    let visitors = Visitors::come(&server);
    let refused = |name: &str, bundle: &Bundle, words: &str| {
        let path = bundle.write(server.folder(), name, Some(&signer));
        let before = visitors.served();
        let output = server.cli(&["plugin", "install", path.to_str().unwrap(), "--yes"]);
        assert!(output.code == 1 && output.stderr.contains(words), "{name}: {words}: {output:?}");
        assert!(visitors.served() > before, "{name}: nobody was served");
    };
    // more memory at its beginning than any call may have: 1 GiB
    refused("large", &Guest { memory: 16_384, ..GUEST }.bundle("large"), "memory");
    // imports that no host has
    let foreign = wat::parse_str(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#).unwrap();
    refused("foreign", &Bundle::new(manifest("foreign"), foreign), "wasi:cli/environment");
    // a newer contract
    let newer = manifest("newer").replace("contract = \"0.1.0\"", "contract = \"0.7.0\"");
    let newer = Bundle::new(newer, GUEST.component());
    refused("newer", &newer, "\"0.7.0\"");
    // what proves who somebody is
    for (field, words) in [("userPassword", "no plugin's to carry"), ("unicodePwd;x", "no plugin's to carry")] {
        let asking = manifest("secrets").replace("\"mail\"", &format!("{field:?}"));
        refused("secrets", &Bundle::new(asking, GUEST.component()), words);
    }
    let listed = server.json(&["plugin", "list"]);
    assert_eq!(listed["plugins"].as_array().unwrap().len(), 1, "only that of the sample: {listed}");
    visitors.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_flood_of_lines_is_cut_and_a_crash_in_the_check_named() {
    let signer = Signer::new();
    let server = server(&signer).await;
    // 50,000 lines, then a good last page
    let page = "(local.set 0 (i32.const 50000))
        (loop $a
            (call $log (i32.const 2) (i32.const 66000) (i32.const 6))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if $a (local.get 0)))
        (i32.const 0)";
    attacker(&server, &signer, "lines", Guest { page, ..GUEST });
    let run = server.json(&["source", "sync", "lines"]);
    assert_eq!(run["state"], "done", "{run}");
    let log = run["log"].as_array().unwrap();
    assert!(log.len() == 201 && log.last().unwrap().to_string().contains("49800 more lines"), "{run}");
    attacker(&server, &signer, "check", Guest { check: "unreachable", ..GUEST });
    let checked = server.cli(&["source", "check", "check"]);
    assert!(checked.code == 1 && checked.stderr.contains("crashed"), "{checked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_broken_limit_of_the_contract_pauses_and_a_limit_of_others_does_not() {
    let signer = Signer::new();
    let server = server(&signer).await;
    // what the plugin hands on of somebody's limit is the other side's
    for (id, pauses) in [("a-long-cursor", true), ("state-over-its-quota", false)] {
        let Attack(_, guest, code, _) = ATTACKS.into_iter().find(|attack| attack.0 == id).unwrap();
        attacker(&server, &signer, id, guest);
        for _ in 0..5 {
            let run = server.json(&["source", "sync", id]);
            assert_eq!(run["failure"]["code"], code, "{run}");
            let said = run["failure"]["message"].as_str().unwrap();
            assert_eq!(said.contains("page 1 of the run"), pauses, "{said}");
        }
        let listed = server.json(&["plugin", "list"]);
        let plugin = listed["plugins"].as_array().unwrap().iter().find(|plugin| plugin["id"] == id).unwrap().clone();
        assert_eq!(plugin["state"] == "paused", pauses, "{plugin}");
    }
}
