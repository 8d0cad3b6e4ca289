//! A directory of 50,000 people (slapd): the first run beside reading and storing the same
//! without us, later runs beside the first, and cards while it goes on.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use tempfile::TempDir;

use super::{Bench, Running, Setting};
use crate::certificate::Certificates;
use crate::load;
use crate::process::mib;
use crate::report::Row;
use crate::samba::{self, Samba};
use crate::server::Server;
use crate::slapd::{Certificate, More, PASSWORD, PEOPLE, READER, Slapd};
use crate::stats::{median, ms, percentile};

const CONNECTIONS: usize = 32;
/// Octets of a photo; one person of a hundred has one.
const PHOTO: usize = 12_000;
/// People changed between two runs.
const CHANGED: usize = 100;
/// The source.
const SOURCE: &str = "annuaire";

/// See the module.
pub struct Directory;

impl Bench for Directory {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn about(&self) -> &'static str {
        "runs of an LDAP directory beside ldapsearch and plain inserts; what changed; cards meanwhile"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        let people = with.pace.cards / 2;
        let slapd = Slapd::start_from(&ldif(people, &photo(with)?), Certificate::Good, &More::default());
        let mut rows = first_and_later(with, &slapd, people)?;
        rows.push(cards_meanwhile(with, &slapd, people)?);
        drop(slapd);
        rows.push(of_a_domain(with, with.pace.cards / 20)?);
        Ok(rows)
    }
}

/// The first photo of the sample, made as heavy as [`PHOTO`] says, as base64.
fn photo(with: &Setting) -> Result<String, String> {
    let file = with.workspace.join("config/sample/garonne.ldif");
    // one name in it is not UTF-8, on purpose
    let sample = std::fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let sample = String::from_utf8_lossy(&sample).replace("\n ", "");
    let encoded = sample.lines().find_map(|line| line.strip_prefix("jpegPhoto:: ")).ok_or("the sample has no photo")?;
    let mut photo = BASE64.decode(encoded.as_bytes()).map_err(|e| format!("the sample's photo: {e}"))?;
    // what follows the end of the image is no part of it
    photo.resize(PHOTO.max(photo.len()), 0);
    Ok(BASE64.encode(&photo))
}

fn ldif(people: usize, photo: &str) -> String {
    let mut ldif = String::new();
    for number in 0..people {
        let _ = write!(
            ldif,
            "dn: uid=p{number},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: p{number}\ncn: Camille Person {number}\n\
             displayName: Camille Person {number}\ngivenName: Camille\nsn: Person {number}\n\
             mail: p{number}@bank.example.org\ntelephoneNumber: +33 5 61 {:02} {:02} 42\nmobile: +33 6 12 {:02} {:02} 17\n\
             title: Chargée de clientèle\nou: Direction {}\no: Banque Garonne\nstreet: 1 rue du Taur\n\
             postalCode: 31000\nl: Toulouse\nphysicalDeliveryOfficeName: Toulouse-Capitole\npreferredLanguage: fr\n",
            number / 100 % 100,
            number % 100,
            number / 100 % 100,
            number % 100,
            number % 40,
        );
        if number % 100 == 0 {
            let _ = writeln!(ldif, "jpegPhoto:: {photo}");
        }
        ldif.push('\n');
    }
    ldif
}

/// A directory, and who reads it.
struct Peer {
    url: String,
    ca: PathBuf,
    base: &'static str,
    account: &'static str,
    password: &'static str,
}

impl Peer {
    fn of_slapd(slapd: &Slapd) -> Self {
        Self { url: slapd.ldaps(), ca: slapd.ca(), base: PEOPLE, account: READER, password: PASSWORD }
    }

    fn of_samba(samba: &Samba) -> Self {
        let (url, ca) = (samba.ldaps(), samba.ca());
        Self { url, ca, base: samba::STAFF, account: samba::READER, password: samba::PASSWORD }
    }
}

/// Adds the source.
fn add(server: &Server, peer: &Peer, folder: &Path) -> Result<(), String> {
    let password = folder.join("password");
    std::fs::write(&password, peer.password).map_err(|e| format!("{}: {e}", password.display()))?;
    server.ask(&["plugin", "install", "ldap", "--yes"])?;
    let values = [
        format!("servers={}", peer.url),
        format!("ca-file={}", peer.ca.display()),
        format!("base={}", peer.base),
        format!("bind-dn={}", peer.account),
    ];
    let password = format!("password={}", password.display());
    let mut arguments = vec!["source", "add", SOURCE, "--plugin", "ldap", "--set-file", &password];
    arguments.extend(values.iter().flat_map(|value| ["--set", value]));
    server.ask(&arguments).map(|_| ())
}

/// One run, by the server's own clock; it has to be of this mode and change so many.
fn sync(server: &Server, arguments: &[&str], mode: &str, changes: usize) -> Result<Duration, String> {
    let run = server.ask(&[&["source", "sync", SOURCE], arguments].concat())?;
    let counts = |name: &str| run["counts"][name].as_u64().unwrap_or_default() as usize;
    if run["state"] != "done" || run["mode"] != mode || counts("created") + counts("changed") != changes {
        return Err(format!("a run that is no {mode} one of {changes} changes: {run}"));
    }
    took(server)
}

/// How long a run took that is done, and how many people it made.
pub fn newest_run(server: &Server, run: &serde_json::Value) -> Result<(Duration, u64), String> {
    if run["state"] != "done" {
        return Err(format!("a run that is not done: {run}"));
    }
    Ok((took(server)?, run["counts"]["created"].as_u64().unwrap_or_default()))
}

/// How long the newest run took.
fn took(server: &Server) -> Result<Duration, String> {
    // answers have whole seconds, and the command asks now and then whether a run has ended
    let took = || -> rusqlite::Result<i64> {
        let store = rusqlite::Connection::open_with_flags(server.store(), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        store.query_row("SELECT ended_at - started_at FROM run ORDER BY started_at DESC LIMIT 1", [], |row| row.get(0))
    };
    let micros = took().map_err(|e| format!("the run's moments: {e}"))?;
    u64::try_from(micros).map(Duration::from_micros).map_err(|e| format!("{micros} µs: {e}"))
}

/// First runs, each of a server of its own.
struct Firsts {
    ratios: Vec<f64>,
    told: Vec<String>,
    seconds: Vec<f64>,
    /// Octets of memory, of all of them.
    peak: u64,
    /// The last one's.
    last: (Server, TempDir),
}

fn firsts(with: &Setting, peer: &Peer, people: usize) -> Result<Firsts, String> {
    let (mut ratios, mut told, mut seconds, mut peak) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let mut last = None;
    for _ in 0..with.pace.rounds.min(3) {
        let folder = with.fresh_folder()?;
        let certificates = Certificates::make(folder.path())?;
        let server = Server::start(&with.built, folder.path(), &certificates)?;
        add(&server, peer, folder.path())?;
        let took = sync(&server, &[], "full", people)?;
        peak = peak.max(server.peak()?);
        let read = searched(&server, peer)?;
        let stored = inserted(&server.store(), &folder.path().join("plain.db"))?;
        ratios.push(took.as_secs_f64() / (read + stored).as_secs_f64());
        told.push(format!("{:.2} s ÷ ({:.2} + {:.2})", took.as_secs_f64(), read.as_secs_f64(), stored.as_secs_f64()));
        seconds.push(took.as_secs_f64());
        // the one before is stopped
        last = Some((server, folder));
    }
    Ok(Firsts { ratios, told, seconds, peak, last: last.ok_or("no round")? })
}

/// A first run of Active Directory, which Samba is.
fn of_a_domain(with: &Setting, people: usize) -> Result<Row, String> {
    let samba = Samba::start(people);
    let Firsts { ratios, told, last, .. } = firsts(with, &Peer::of_samba(&samba), people)?;
    last.0.stop()?;
    Ok(Row::lower("directory.domain", median(&ratios), "ratio")
        .bar(2.5)
        .detail(format!("{people} people in Samba; ours ÷ (ldapsearch + inserts): {}", told.join("; "))))
}

fn first_and_later(with: &Setting, slapd: &Slapd, people: usize) -> Result<Vec<Row>, String> {
    let Firsts { ratios, told, seconds, peak, last } = firsts(with, &Peer::of_slapd(slapd), people)?;
    let (server, _folder) = last;
    let full = median(&seconds);
    let mut idle = Vec::new();
    for _ in 0..5 {
        idle.push(sync(&server, &[], "incremental", 0)?.as_secs_f64());
    }
    let mut changed = Vec::new();
    for round in 0..3 {
        let change: String = (0..CHANGED)
            .map(|number| {
                let number = number * (people / CHANGED);
                format!("dn: uid=p{number},{PEOPLE}\nchangetype: modify\nreplace: title\ntitle: Title {round}\n\n")
            })
            .collect();
        slapd.change(&change);
        changed.push(sync(&server, &[], "incremental", CHANGED)?.as_secs_f64());
    }
    let compared = sync(&server, &["--full"], "full", 0)?;
    server.stop()?;
    let of_full = |name: &str, seconds: &[f64], bar: f64, what: &str| {
        Row::lower(name, median(seconds) / full, "ratio")
            .bar(bar)
            .detail(format!("{what}: {:.0} ms ÷ {full:.2} s", median(seconds) * 1e3))
    };
    Ok(vec![
        Row::lower("directory.full", median(&ratios), "ratio")
            .bar(2.5)
            .detail(format!("{people} people; ours ÷ (ldapsearch + inserts): {}", told.join("; "))),
        Row::lower("directory.memory", mib(peak), "MiB").bar(160.0).detail("resident, at its most"),
        of_full("directory.unchanged", &idle, 0.02, "nothing changed"),
        of_full("directory.changed", &changed, 0.05, "100 people changed"),
        Row::lower("directory.compared", compared.as_secs_f64() / full, "ratio")
            .detail(format!("everybody read again, nothing changed: {:.2} s", compared.as_secs_f64())),
    ])
}

/// Reads the same attributes of everybody, to nowhere.
fn searched(server: &Server, peer: &Peer) -> Result<Duration, String> {
    let plugin = server.ask(&["plugin", "show", "ldap"])?.to_string();
    let names: Vec<_> = plugin.split("\"ldap read ").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    if names.len() < 10 {
        return Err(format!("the attributes of the plugin ldap are not told: {plugin}"));
    }
    let mut search = Command::new("ldapsearch");
    search.env("LDAPTLS_CACERT", &peer.ca).args([
        "-LLL",
        "-x",
        "-H",
        &peer.url,
        "-D",
        peer.account,
        "-w",
        peer.password,
    ]);
    search.args(["-b", peer.base, "-E", "pr=1000/noprompt", "(|(objectClass=person)(objectClass=posixAccount))"]);
    search.args(names).stdout(Stdio::null());
    let begun = Instant::now();
    let status = search.status().map_err(|e| format!("ldapsearch: {e}"))?;
    if status.success() { Ok(begun.elapsed()) } else { Err(format!("ldapsearch: {status}")) }
}

/// Puts all rows of a database into an empty one of the same schema, in one transaction.
fn inserted(from: &Path, to: &PathBuf) -> Result<Duration, String> {
    let copy = || -> rusqlite::Result<Duration> {
        let source = rusqlite::Connection::open(from)?;
        let target = rusqlite::Connection::open(to)?;
        target.pragma_update(None, "journal_mode", "WAL")?;
        target.pragma_update(None, "synchronous", "FULL")?;
        let mut schema =
            source.prepare("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC")?;
        let made: Vec<(String, String, String)> =
            schema.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
        let mut all = Vec::new();
        for (kind, name, sql) in &made {
            target.execute_batch(sql)?;
            if kind == "table" {
                let mut read = source.prepare(&format!("SELECT * FROM {name}"))?;
                let columns = read.column_count();
                let values = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Vec<rusqlite::types::Value>> {
                    (0..columns).map(|column| row.get(column)).collect()
                };
                let rows = read.query_map([], values)?.collect::<Result<Vec<_>, _>>()?;
                all.push((format!("INSERT INTO {name} VALUES ({})", vec!["?"; columns].join(",")), rows));
            }
        }
        let begun = Instant::now();
        target.execute_batch("BEGIN IMMEDIATE")?;
        for (sql, rows) in &all {
            let mut insert = target.prepare(sql)?;
            for row in rows {
                insert.execute(rusqlite::params_from_iter(row))?;
            }
        }
        target.execute_batch("COMMIT")?;
        Ok(begun.elapsed())
    };
    copy().map_err(|e| format!("plain inserts: {e}"))
}

fn cards_meanwhile(with: &Setting, slapd: &Slapd, people: usize) -> Result<Row, String> {
    let mut ours = with.server()?;
    add(&ours.server, &Peer::of_slapd(slapd), ours.path())?;
    let (target, path) = (&ours.server.public, ours.hot_card()?);
    let capacity = load::closed(target, &path, CONNECTIONS, with.pace.time)?.flawless()?.rate();
    let rate = capacity * 0.3;
    let p95 = |ours: &Running, time: Duration| -> Result<f64, String> {
        let outcome = load::open(&ours.server.public, &path, CONNECTIONS, rate, time)?.flawless()?;
        Ok(ms(percentile(&outcome.latencies, 0.95)))
    };
    let without = p95(&ours, with.pace.time)?;
    let ended = AtomicBool::new(false);
    let (beside, took) = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let took = sync(&ours.server, &[], "full", people);
            ended.store(true, Ordering::SeqCst);
            took
        });
        let mut beside = Vec::new();
        while !ended.load(Ordering::SeqCst) {
            beside.push(p95(&ours, Duration::from_secs(1)));
        }
        (beside, run.join().unwrap_or_else(|_| Err("the run's thread failed".to_owned())))
    });
    let took = took?;
    let beside = beside.into_iter().collect::<Result<Vec<_>, _>>()?;
    ours.server.check()?;
    ours.stop()?;
    let seconds: Vec<_> = beside.iter().map(|p95| format!("{p95:.1}")).collect();
    Ok(Row::lower("directory.cards", median(&beside) / without, "ratio").bar(2.0).detail(format!(
        "a card's p95 during a first run of {:.1} s: {:.2} ms (second by second {}), without {without:.2} ms; open load of {rate:.0}/s, 30 % of {capacity:.0}/s",
        took.as_secs_f64(),
        median(&beside),
        seconds.join(" "),
    )))
}
