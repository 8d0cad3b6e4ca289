//! The crash trial: a server killed again and again while visitors send their details
//! and try anew. What was acknowledged is there once, and nobody is mailed twice but
//! under the same Message-ID.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use estampe_tests::{Database, MailCatcher, Options, Server, UNLIMITED, until};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Visitors at the same time.
const CLIENTS: usize = 32;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name}: not a number: {value}")))
}

/// The moments of the kills: xorshift64, so that a seed gives them again.
struct Moments(u64);

impl Moments {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Sends one form until it is acknowledged; how often that took.
async fn insist(client: &reqwest::Client, url: &str, email: &str, key: &str) -> u32 {
    let form = [("name", "Amélie Traoré"), ("email", email), ("consent", "invitations"), ("idempotency_key", key)];
    let mut tries = 0;
    loop {
        tries += 1;
        match client.post(url).form(&form).timeout(Duration::from_secs(10)).send().await {
            Ok(answer) if answer.status() == 200 => return tries,
            Ok(answer) => assert!(answer.status().is_server_error(), "{}", answer.status()),
            // killed before or while it answered
            Err(_) => {}
        }
        assert!(tries < 2_000, "never acknowledged");
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

/// Every stored lead's address.
fn stored(server: &Server) -> Vec<String> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let more = after.as_deref().map_or(Vec::new(), |after| vec!["--after", after]);
        let page = server.json(&[&["lead", "list"][..], &more].concat());
        let leads = page["leads"].as_array().unwrap();
        all.extend(leads.iter().map(|lead| lead["details"]["email"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => return all,
        }
    }
}

/// Two minutes pass for the work that killed servers held: other nodes may share a
/// PostgreSQL, so that a start gives nothing back by itself.
async fn expire_leases(server: &mut Server) {
    server.stop();
    let configuration = std::fs::read_to_string(server.config()).unwrap();
    let url = configuration.split_once("url = \"").unwrap().1.split_once('"').unwrap().0;
    let sql = "UPDATE job SET lease_until = 0 WHERE state = 'running'";
    let done = Command::new("psql").args(["-q", "-d", url, "-c", sql]).status().unwrap();
    assert!(done.success());
    server.start_again().await;
}

async fn trial(database: Database) {
    let rounds = setting("ESTAMPE_TEST_CRASHES").unwrap_or(20);
    let seed = setting("ESTAMPE_TEST_SEED").unwrap_or_else(|| RandomState::new().hash_one(rounds));
    println!("{rounds} kills on {database:?}, ESTAMPE_TEST_SEED={seed}");
    let mut moments = Moments(seed.max(1));
    let mail = MailCatcher::start();
    let mut server = Server::with_sample(Options { database, extra: mail.configuration() + UNLIMITED }).await;
    let url = format!("{}/leads", server.card_of("lefevre"));
    let client = server.client();
    // two from each visitor a round; one is enough for the long trial's mails
    let each = if rounds > 100 { 1 } else { 2 };
    let (mut acknowledged, mut insisted) = (BTreeSet::new(), 0);
    for round in 0..rounds {
        let gun = Arc::new(Barrier::new(CLIENTS + 1));
        let mut visitors = JoinSet::new();
        for visitor in 0..CLIENTS {
            let (client, url, gun) = (client.clone(), url.clone(), Arc::clone(&gun));
            visitors.spawn(async move {
                gun.wait().await;
                let mut sent = Vec::new();
                for n in 0..each {
                    let email = format!("v{round}.{visitor}.{n}@atelier.example");
                    let tries = insist(&client, &url, &email, &format!("crash-{round:06}-{visitor:03}-{n}")).await;
                    sent.push((email, tries));
                }
                sent
            });
        }
        gun.wait().await;
        tokio::time::sleep(Duration::from_micros(moments.below(250_000))).await;
        server.kill();
        server.start_again().await;
        for (email, tries) in visitors.join_all().await.into_iter().flatten() {
            insisted += usize::from(tries > 1);
            acknowledged.insert(email);
        }
    }
    assert_eq!(acknowledged.len() as u64, rounds * CLIENTS as u64 * each);
    assert!(insisted > 0, "no kill met a submission: nothing was tried");

    let stored = stored(&server);
    let distinct: BTreeSet<String> = stored.iter().cloned().collect();
    let lost: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {} of {}: {lost:?}", lost.len(), acknowledged.len());
    assert_eq!(stored.len(), distinct.len(), "stored twice");
    assert_eq!(distinct, acknowledged, "stored under nobody's name");

    if database == Database::Postgres {
        expire_leases(&mut server).await;
    }
    // every lead has two mails: the visitor's receipt and the holder's notice
    let wanted = acknowledged.len() * 2;
    let named = until("the mails", 60 + rounds * 10, async || {
        let mut ids: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for mail in mail.mails() {
            let about = mail.header("reply-to").unwrap_or_default().to_owned();
            let id = mail.header("message-id").unwrap().to_owned();
            ids.entry((mail.recipients.join(" "), about)).or_default().insert(id);
        }
        if ids.len() < wanted {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        (ids.len() >= wanted).then_some(ids)
    })
    .await;
    assert_eq!(named.len(), wanted, "a mail that belongs to no lead");
    for (to, ids) in &named {
        assert_eq!(ids.len(), 1, "mailed twice under different Message-IDs: {to:?}");
    }
    let mails = mail.mails().len();
    println!("{} leads, {insisted} sent more than once; {mails} mails, {wanted} different", acknowledged.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kills_on_sqlite() {
    trial(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kills_on_postgres() {
    trial(Database::Postgres).await;
}
