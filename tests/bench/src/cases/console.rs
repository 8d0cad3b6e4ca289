//! The console over 50,000 people: its list beside that of 50, and search as you type
//! beside a page that asks the database for nothing but the session.

use std::time::{Duration, Instant};

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{COOKIE, SET_COOKIE};

use super::{Bench, Running, Setting};
use crate::certificate::Certificates;
use crate::client::Connection;
use crate::data::Prepared;
use crate::load::runtime;
use crate::report::Row;
use crate::server::Server;
use crate::stats::{Pair, median, ms, percentile};

/// The house that the bars are meant for, and the small one beside it.
const LARGE: usize = 50_000;
const SMALL: usize = 50;

/// A page with a form and nothing of the database on it.
const TRIVIAL: &str = "/accounts/new";

/// What people type, letter by letter: names, titles, addresses, and what nobody is called.
const TYPED: &[&str] = &["camille", "mesure-4217", "directrice", "Export", "toulouse", "mesure-99@", "zoé", "xavier"];

/// The console.
pub struct Console;

impl Bench for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn about(&self) -> &'static str {
        "the console's list of 50,000 people beside one of 50, and search as you type over them"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        let people = with.pace.cards.min(LARGE);
        let (large, small) = (house(with, people)?, house(with, SMALL)?);
        let (of_large, of_small) = (SignedIn::at(&large.server)?, SignedIn::at(&small.server)?);
        // a release knows no style guide
        let status = of_large.status("/styleguide")?;
        if status != 404 {
            return Err(format!("/styleguide of a release answers {status}, where 404 would be right"));
        }
        let (rounds, time) = (with.pace.rounds, with.pace.time);
        let list = ["/people".to_owned()];
        let searches = typed();
        let trivial = [TRIVIAL.to_owned()];
        // once for nothing: what is read first is kept
        of_large.p95(&searches, time / 3)?;
        of_small.p95(&list, time / 3)?;
        let lists = Pair::alternate(rounds, || of_large.p95(&list, time), || of_small.p95(&list, time))?;
        let search = Pair::alternate(rounds, || of_large.p95(&searches, time), || of_large.p95(&trivial, time))?;
        let rows = vec![
            ratio("console.list", &lists, &format!("p95 of /people with {people} people"), "with 50").bar(3.0),
            ratio("console.search", &search, &format!("p95 of {} searches as typed", searches.len()), TRIVIAL).bar(4.0),
            Row::lower("console.list.p95", median(&lists.ours), "ms"),
            Row::lower("console.search.p95", median(&search.ours), "ms"),
        ];
        large.stop()?;
        small.stop()?;
        Ok(rows)
    }
}

fn ratio(name: &str, pair: &Pair, what: &str, beside: &str) -> Row {
    let rounds: Vec<_> = pair.ours.iter().zip(&pair.theirs).map(|(a, b)| format!("{:.2}", a / b)).collect();
    let (ours, theirs) = (median(&pair.ours), median(&pair.theirs));
    let detail = format!("{what}: {ours:.2} ms, {beside}: {theirs:.2} ms; rounds {}", rounds.join(" "));
    Row::lower(name, pair.ratio(), "ratio").detail(detail)
}

/// A server with this many people.
fn house(with: &Setting, people: usize) -> Result<Running, String> {
    let prepared = Prepared::get(&with.workspace, &with.folder, &with.built, people)?;
    let folder = with.fresh_folder()?;
    prepared.copy_to(folder.path())?;
    let certificates = Certificates::make(folder.path())?;
    let server = Server::start(&with.built, folder.path(), &certificates)?;
    Ok(Running { server, certificates, folder, cards: prepared.cards })
}

/// The address of every state of the field while somebody types.
fn typed() -> Vec<String> {
    let mut addresses = Vec::new();
    for word in TYPED {
        let letters: Vec<char> = word.chars().collect();
        for end in 1..=letters.len() {
            let typed: String = letters.iter().take(end).collect();
            let query: String = typed.bytes().map(|octet| format!("%{octet:02X}")).collect();
            addresses.push(format!("/people?q={query}"));
        }
    }
    addresses
}

/// An administrator's browser.
struct SignedIn<'a> {
    server: &'a Server,
    cookie: String,
}

impl<'a> SignedIn<'a> {
    /// Makes the first account.
    fn at(server: &'a Server) -> Result<Self, String> {
        let first = server.ask(&["first-run"])?;
        let token = first.get("token").and_then(serde_json::Value::as_str).ok_or("first-run gives no token")?;
        let form =
            format!("token={token}&name=Mireille+Barrau&email=mireille%40banque.example&password=violet+hortensia+47");
        let answer =
            runtime(1)?.block_on(async { server.internal.connect(0).await?.post("/first-run", form).await })?;
        let cookie = answer.headers.get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookie = cookie.ok_or_else(|| format!("/first-run answers {} and no cookie", answer.status))?;
        Ok(Self { server, cookie: cookie.to_owned() })
    }

    async fn ask(&self, connection: &mut Connection, path: &str) -> Result<u16, String> {
        let headers = [(COOKIE, self.cookie.as_str())];
        Ok(connection.ask(Method::GET, path, "fr", &headers, Bytes::new()).await?.status)
    }

    fn status(&self, path: &str) -> Result<u16, String> {
        runtime(1)?.block_on(async { self.ask(&mut self.server.internal.connect(0).await?, path).await })
    }

    /// The p95 of these pages, one after the other, in milliseconds.
    fn p95(&self, paths: &[String], time: Duration) -> Result<f64, String> {
        runtime(1)?.block_on(async {
            let mut connection = self.server.internal.connect(0).await?;
            let (begun, mut took) = (Instant::now(), Vec::new());
            for path in paths.iter().cycle() {
                let asked = Instant::now();
                let status = self.ask(&mut connection, path).await?;
                took.push(asked.elapsed());
                if status != 200 {
                    return Err(format!("{path} got status {status}"));
                }
                if begun.elapsed() >= time && took.len() >= paths.len() {
                    break;
                }
            }
            Ok(ms(percentile(&took, 0.95)))
        })
    }
}
