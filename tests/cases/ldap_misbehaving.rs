//! A directory that misbehaves: each time the run says exactly what was wrong, nobody loses a
//! card, and pages answer meanwhile.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use estampe_tests::{Answer, Entry, LdapServer, Options, Output, Server, binary, on_both};
use reqwest::Client;
use serde_json::Value;

use crate::console::signed_in;
use crate::ldap::slapd::{Certificate, PASSWORD, PEOPLE, READER, SMALL, Slapd};

/// People of the directory.
const PEOPLE_THERE: usize = 60;

fn well(server: &Server, arguments: &[&str]) -> Output {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

/// A server whose people came from this directory, and a browser of its administrator.
async fn serving(options: Options, slapd: &Slapd) -> (Server, Client) {
    let server = Server::start(options).await;
    server.never_logs(&[PASSWORD]);
    well(&server, &["plugin", "install", "ldap", "--yes"]);
    let (servers, ca) = (format!("servers={}", slapd.ldaps()), format!("ca-file={}", slapd.ca().display()));
    let (base, dn) = (format!("base={PEOPLE}"), format!("bind-dn={READER}"));
    let password = format!("password={PASSWORD}");
    let set = ["--set", &servers, "--set", &ca, "--set", &base, "--set", &dn, "--set", &password];
    well(&server, &[&["source", "add", "siege", "--plugin", "ldap"], &set[..]].concat());
    let run = server.sync();
    assert_eq!(run["counts"]["created"], PEOPLE_THERE, "{run}");
    let browser = signed_in(&server).await;
    (server, browser)
}

/// Sends the source to another server, without TLS.
fn send_to(server: &Server, there: &str) {
    let (servers, password) = (format!("servers={there}"), format!("password={PASSWORD}"));
    well(server, &["source", "set", "siege", "--set", &servers, "--set", "clear-text=true", "--set", &password]);
}

fn begin_run(server: &Server) -> Child {
    let mut command = Command::new(binary());
    command.arg("--config").arg(server.config()).args(["--json", "source", "sync", "siege"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end_of(run: Child) -> Value {
    let output = run.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// The people page and a card answer at once.
async fn pages_answer(server: &Server, browser: &Client, card: &str) {
    let begun = Instant::now();
    let people = browser.get(format!("{}/people", server.internal)).send().await.unwrap();
    assert_eq!(people.status(), 200);
    assert!(people.text().await.unwrap().contains("Person 1"), "the list of people");
    let shown = server.client().get(card).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    assert!(shown.text().await.unwrap().contains("p59@example.org"), "the card");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

/// Runs the source while pages are asked for: it fails with this code and these words, within
/// so many seconds, and everybody keeps their card.
async fn fails(server: &Server, browser: &Client, code: &str, words: &[&str], seconds: u64) {
    let card = card_of(server, "Person 59");
    let begun = Instant::now();
    let run = begin_run(server);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        pages_answer(server, browser, &card).await;
    }
    let run = tokio::task::spawn_blocking(|| end_of(run)).await.unwrap();
    assert_eq!((run["state"].as_str(), run["failure"]["code"].as_str()), (Some("failed"), Some(code)), "{run}");
    for word in words {
        assert!(run["failure"]["message"].as_str().unwrap().contains(word), "{word}: {run}");
    }
    assert!(begun.elapsed() < Duration::from_secs(seconds), "{:?}: {run}", begun.elapsed());
    nobody_lost(server);
}

/// The card of the one person of this very name.
fn card_of(server: &Server, name: &str) -> String {
    let people = server.people();
    let person = people.iter().find(|person| person["name"] == name).unwrap_or_else(|| panic!("{name}: {people:?}"));
    person["card_url"].as_str().unwrap().to_owned()
}

fn nobody_lost(server: &Server) {
    let people = server.people();
    let there = people.iter().filter(|person| person["active"] == true).count();
    assert_eq!(there, PEOPLE_THERE, "{:?}", people.first());
}

/// By the numbers of their names.
fn identities(server: &Server) -> Vec<String> {
    let found = server.sql(
        "SELECT i.external_id FROM person_identity i JOIN person p ON p.id = i.person_id \
         ORDER BY length(p.display_name), p.display_name",
    );
    assert_eq!(found.len(), PEOPLE_THERE);
    found
}

fn entries(server: &Server) -> Vec<Entry> {
    let person = |(number, uuid): (usize, &String)| {
        Entry::person(&format!("p{number}"), uuid)
            .with("cn", &[format!("Person {number}")])
            .with("sn", &[format!("Number {number}")])
            .with("mail", &[format!("p{number}@example.org")])
    };
    identities(server).iter().enumerate().map(person).collect()
}

on_both! {
    async fn a_directory_that_is_away_slow_or_cut_off_costs_nobody_their_card(database) {
        let mut slapd = Slapd::start(PEOPLE_THERE, Certificate::Good);
        let (server, browser) = serving(Options { database, ..Options::default() }, &slapd).await;
        let people = entries(&server);
        // it takes connections and never speaks
        slapd.pause();
        fails(&server, &browser, "unavailable", &["no answer to TLS within 3s"], 15).await;
        slapd.resume();
        assert_eq!(server.sync()["state"], "done");
        slapd.kill();
        fails(&server, &browser, "unavailable", &["the connection was refused"], 10).await;

        // it lets in and never answers; it stops in the middle of a page; after the first one
        let strange = LdapServer::start(Answer::Silence);
        send_to(&server, &strange.url());
        fails(&server, &browser, "unavailable", &["no answer within 10s"], 20).await;
        strange.turn(Answer::Half(people.clone()));
        fails(&server, &browser, "unavailable", &["no answer within 10s"], 20).await;
        strange.turn(Answer::OnePage(people));
        fails(&server, &browser, "unavailable", &["no answer within 10s"], 30).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_a_directory_are_told_exactly() {
    let slapd = Slapd::start(PEOPLE_THERE, Certificate::Good);
    let (server, browser) = serving(Options::default(), &slapd).await;
    // more entries than the account may have
    let password = format!("password={PASSWORD}");
    let small = format!("bind-dn={SMALL}");
    well(&server, &["source", "set", "siege", "--set", &small, "--set", &password]);
    fails(&server, &browser, "limit", &["sizeLimitExceeded (4)", "let the server allow more"], 10).await;
    // the base is held elsewhere
    let (reader, elsewhere) = (format!("bind-dn={READER}"), format!("base=ou=elsewhere,{PEOPLE}"));
    well(&server, &["source", "set", "siege", "--set", &reader, "--set", &elsewhere, "--set", &password]);
    fails(&server, &browser, "config", &["referral (10)", "name the server that holds it"], 10).await;
    // and there it is said to be held here: nobody follows
    let base = format!("base={PEOPLE}");
    well(&server, &["source", "set", "siege", "--set", &base]);
    let (one, other) = (LdapServer::start(Answer::Silence), LdapServer::start(Answer::Silence));
    one.turn(Answer::Referral(format!("{}/{PEOPLE}", other.url())));
    other.turn(Answer::Referral(format!("{}/{PEOPLE}", one.url())));
    send_to(&server, &one.url());
    fails(&server, &browser, "config", &["referral (10)"], 10).await;
    assert_eq!((one.connections(), other.connections()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_never_ends_is_ended() {
    let slapd = Slapd::start(PEOPLE_THERE, Certificate::Good);
    let (server, browser) = serving(Options::default(), &slapd).await;
    let people = entries(&server);
    let strange = LdapServer::start(Answer::Endless(people));
    send_to(&server, &strange.url());
    fails(&server, &browser, "limit", &["the same people again", "never end"], 20).await;
    strange.turn(Answer::Endless(Vec::new()));
    fails(&server, &browser, "limit", &["nobody on them", "never end"], 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_entries_are_refused_one_by_one_and_keep_their_cards() {
    let slapd = Slapd::start(PEOPLE_THERE, Certificate::Good);
    let (server, browser) = serving(Options::default(), &slapd).await;
    // what a real directory can hold: ten thousand numbers, one address twice
    let numbers: String = (0..10_000).map(|number| format!("telephoneNumber: +33 5 {number:08}\n")).collect();
    slapd.change(&format!(
        "dn: uid=p1,{PEOPLE}\nchangetype: modify\nadd: telephoneNumber\n{numbers}\n\
         dn: uid=p2,{PEOPLE}\nchangetype: modify\nreplace: mail\nmail: p3@example.org\n"
    ));
    let run = server.sync();
    assert_eq!((run["state"].as_str(), run["counts"]["refused"].as_u64()), (Some("done"), Some(1)), "{run}");
    let refusal = &run["refusals"][0];
    assert_eq!(refusal["position"], format!("uid=p1,{PEOPLE}"));
    assert!(refusal["reason"].as_str().unwrap().contains("`telephoneNumber` has more than 1000 values"), "{refusal}");
    nobody_lost(&server);
    for name in ["Person 2", "Person 3"] {
        let card = server.client().get(card_of(&server, name)).send().await.unwrap();
        assert!(card.text().await.unwrap().contains("p3@example.org"), "{name}");
    }

    // and what only a broken one does
    let mut people = entries(&server);
    people[10] = people[10].clone().with("title", &[[0xff, 0xfe]]);
    people[11].attributes.retain(|(name, _)| !["cn", "mail", "sn"].contains(&name.as_str()));
    people[12].dn = b"uid=p12\xff,ou=people,dc=example,dc=org".to_vec();
    people[13].attributes.retain(|(name, _)| name != "entryUUID");
    let again = people[14].clone();
    people.push(again);
    let strange = LdapServer::start(Answer::Entries(people));
    send_to(&server, &strange.url());
    let run = server.sync();
    // who shows no identity any more cannot be told from who has gone: one of sixty
    let refusals: Vec<(String, String)> = run["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refusal| {
            (refusal["position"].as_str().unwrap().to_owned(), refusal["reason"].as_str().unwrap().to_owned())
        })
        .collect();
    for (position, words) in [
        ("uid=p10,", "a value of `title` is not UTF-8"),
        ("uid=p11,", "Neither"),
        ("uid=p13,", "it has none of objectGUID"),
        ("uid=p14,", ""),
    ] {
        assert!(
            refusals.iter().any(|(at, why)| at.starts_with(position) && why.contains(words)),
            "{position} {words}: {refusals:?}"
        );
    }
    assert_eq!((run["counts"]["refused"].as_u64(), refusals.len()), (Some(4), 4), "{run}");
    let active = server.people().iter().filter(|person| person["active"] == true).count();
    assert_eq!(active, PEOPLE_THERE - 1);
    pages_answer(&server, &browser, &card_of(&server, "Person 59")).await;
}
