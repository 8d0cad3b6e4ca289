//! The card page beside nginx: kept alive by HTTP/1.1 and HTTP/2, uncached, and with a
//! handshake each time.

use std::cell::RefCell;

use super::{Bench, Setting};
use crate::client::Target;
use crate::generators::{Paths, h2load, wrk};
use crate::load::{handshakes, runtime};
use crate::nginx::Nginx;
use crate::report::Row;
use crate::stats::{Pair, median};

const CONNECTIONS: usize = 32;

/// The card page beside nginx.
pub struct Card;

impl Bench for Card {
    fn name(&self) -> &'static str {
        "card"
    }

    fn about(&self) -> &'static str {
        "card page over TLS 1.3, 32 connections, beside nginx serving the same bytes as a file"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        let ours = with.server()?;
        let path = ours.hot_card()?;
        let page = runtime(1)?.block_on(ours.server.public.get(&path, "fr"))?;
        if page.status != 200 {
            return Err(format!("the card's page: status {}", page.status));
        }
        let nginx = Nginx::start(ours.path(), &ours.certificates, &page)?;
        let (time, rounds) = (with.pace.time, with.pace.rounds);
        let (here, there) = (&ours.server.public, &nginx.target);
        let bytes = format!("{} bytes, {}", page.body.len(), page.encoding().unwrap_or("not compressed"));
        // once for nothing: caches, lazily made things
        wrk(here, &path, CONNECTIONS, time / 3, None)?;
        wrk(there, &path, CONNECTIONS, time / 3, None)?;

        let h1 = Pair::alternate(
            rounds,
            || wrk(here, &path, CONNECTIONS, time, None),
            || wrk(there, &path, CONNECTIONS, time, None),
        )?;
        let h2 = |streams| {
            Pair::alternate(
                rounds,
                || h2load(here, &path, CONNECTIONS, streams, time),
                || h2load(there, &path, CONNECTIONS, streams, time),
            )
        };
        let (h2, h2_many) = (h2(1)?, h2(10)?);
        let mut rows = vec![
            ratio("card.h1", &h1, "HTTP/1.1").bar(1.0),
            ratio("card.h2", &h2, "HTTP/2").bar(0.7),
            ratio("card.h2.streams", &h2_many, "HTTP/2, 10 streams a connection"),
        ];
        for row in &mut rows {
            row.detail = format!("{}; {bytes}", row.detail);
        }
        rows.push(Row::higher("card.h1.rate", median(&h1.ours), "1/s"));
        rows.push(Row::higher("card.h2.rate", median(&h2.ours), "1/s"));

        // last: it fills the page cache with others
        rows.extend(handshake_rows(with, here, there, &ours.certificates, &path)?);
        // shorter, so that the cards suffice
        let time = time / 3;
        let paths = RefCell::new(Paths::write(ours.path(), &ours.cards)?);
        let fresh = || {
            let mut paths = paths.borrow_mut();
            let rate = wrk(here, &path, CONNECTIONS, time, Some(&paths))?;
            paths.skip((rate * time.as_secs_f64() * 1.05) as usize);
            Ok(rate)
        };
        let uncached = Pair::alternate(rounds, fresh, || wrk(there, &path, CONNECTIONS, time, Some(&paths.borrow())))?;
        let used = paths.borrow().used();
        let again = if used > ours.cards.len() { ", some more than once" } else { "" };
        let told = format!("HTTP/1.1, another card each time ({used} of {}{again})", ours.cards.len());
        rows.push(ratio("card.uncached", &uncached, &told));
        rows.push(Row::higher("card.uncached.rate", median(&uncached.ours), "1/s"));
        drop(nginx);
        ours.stop()?;
        Ok(rows)
    }
}

fn ratio(name: &str, pair: &Pair, what: &str) -> Row {
    Row::higher(name, pair.ratio(), "ratio").detail(format!("{what}: {}", pair.told("nginx")))
}

/// Full handshakes: as clients choose, which is post-quantum where the server knows it,
/// and with X25519 alone, which both sides know.
fn handshake_rows(
    with: &Setting,
    here: &Target,
    there: &Target,
    certificates: &crate::certificate::Certificates,
    path: &str,
) -> Result<Vec<Row>, String> {
    let (time, rounds) = (with.pace.time, with.pace.rounds);
    let rate = |target: &Target| Ok(handshakes(target, path, CONNECTIONS, time)?.flawless()?.rate());
    let plain = |target: &Target| Target::with_x25519(target.port(), certificates);
    let (ours, nginx) = (plain(here)?, plain(there)?);
    let x25519 = Pair::alternate(rounds, || rate(&ours), || rate(&nginx))?;
    let chosen = Pair::alternate(rounds, || rate(here), || rate(there))?;
    Ok(vec![
        ratio("card.handshakes", &x25519, "a connection and full handshake each, X25519, ECDSA P-256"),
        ratio("card.handshakes.hybrid", &chosen, "the same, X25519MLKEM768 where the server knows it"),
        Row::higher("card.handshakes.rate", median(&chosen.ours), "1/s"),
    ])
}
