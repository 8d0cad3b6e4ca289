//! Data folders with many cards, imported once by the server itself and kept for the next
//! time in `target/bench/data`.

use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::certificate::Certificates;
use crate::process::output;
use crate::server::{Built, Server};

/// Raise it when the people below change.
const GENERATION: u32 = 1;

/// A data folder that is kept, and the public ids of its cards.
pub struct Prepared {
    folder: PathBuf,
    /// The public ids.
    pub cards: Vec<String>,
}

impl Prepared {
    /// The folder with this many cards, made when it is not there.
    pub fn get(workspace: &Path, bench: &Path, built: &Built, cards: usize) -> Result<Self, String> {
        let version = schema_version(&workspace.join("core/store/migrations/sqlite"))?;
        let folder = bench.join("data").join(format!("{cards}-{GENERATION}-{version:016x}"));
        let list = folder.join("cards.txt");
        if !list.is_file() {
            make(&folder, built, cards)?;
        }
        let text = fs::read_to_string(&list).map_err(|e| format!("{}: {e}", list.display()))?;
        Ok(Self { folder, cards: text.lines().map(ToOwned::to_owned).collect() })
    }

    /// Copies it to where a server may write in it.
    pub fn copy_to(&self, folder: &Path) -> Result<(), String> {
        let mut copy = Command::new("cp");
        copy.args(["-a", "--reflink=auto"]).arg(self.folder.join("data")).arg(folder.join("data"));
        output(&mut copy).map(|_| ())
    }
}

fn make(folder: &Path, built: &Built, cards: usize) -> Result<(), String> {
    let at = |e: std::io::Error| format!("{}: {e}", folder.display());
    println!("  making a data folder with {cards} cards (once; kept in {})", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(at)?;
    }
    fs::create_dir_all(folder).map_err(at)?;
    let certificates = Certificates::make(folder)?;
    let people = folder.join("people.ldif");
    fs::write(&people, ldif(cards)).map_err(at)?;
    let begun = Instant::now();
    let server = Server::start(built, folder, &certificates)?;
    let input = format!("people={}", people.display());
    server.ask(&["plugin", "install", "directory-file", "--yes"])?;
    server.ask(&["source", "add", "bench", "--plugin", "directory-file", "--input", &input])?;
    let run = server.ask(&["source", "sync", "bench"])?;
    let created = run.pointer("/counts/created").and_then(serde_json::Value::as_u64);
    if created != Some(cards as u64) {
        return Err(format!("the import of {cards} people went wrong: {run}"));
    }
    server.stop()?;
    println!("  imported in {:.0} s", begun.elapsed().as_secs_f64());
    let database = folder.join("data/estampe.db");
    let ids = public_ids(&database).map_err(|e| format!("{}: {e}", database.display()))?;
    // last: a folder without it is made anew
    fs::write(folder.join("cards.txt"), ids.join("\n") + "\n").map_err(at)
}

fn public_ids(database: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = rusqlite::Connection::open(database)?;
    let mut query = connection.prepare("SELECT public_id FROM card WHERE active ORDER BY public_id")?;
    let rows = query.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// People as a directory has them; no photo, which no card page contains.
fn ldif(cards: usize) -> String {
    let mut text = String::from("version: 1\n\n");
    for n in 0..cards {
        // infallible: a String takes all
        let _ = write!(
            text,
            "dn: uid=u{n},ou=people,dc=banque-garonne,dc=example\nobjectClass: inetOrgPerson\nuid: u{n}\n\
             employeeNumber: G{n:06}\ngivenName: Camille\nsn: Mesure-{n}\ncn: Camille Mesure-{n}\n\
             displayName: Camille Mesure-{n}\ntitle: Directrice des financements d'exportation\n\
             o: Banque Garonne\ndepartment: Financements d'exportation\n\
             physicalDeliveryOfficeName: Agence de Toulouse\nmail: camille.mesure-{n}@banque-garonne.example\n\
             telephoneNumber: +33 5 61 {a:02} {b:02} {c:02}\nmobile: +33 6 12 {a:02} {b:02} {c:02}\n\
             street: 18 avenue de l'Europe\npostalCode: 31520\nl: Ramonville-Saint-Agne\n\n",
            a = n / 10_000 % 100,
            b = n / 100 % 100,
            c = n % 100,
        );
    }
    text
}

/// A number for the schema, from the text of its migrations.
fn schema_version(migrations: &Path) -> Result<u64, String> {
    let at = |e: std::io::Error| format!("{}: {e}", migrations.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(migrations).map_err(at)? {
        files.push(entry.map_err(at)?.path().join("up.sql"));
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(&fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?);
    }
    Ok(hasher.finish())
}
