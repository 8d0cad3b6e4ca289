//! `cargo xtask demo`: an appliance with a sample company, from nothing to a card on a
//! telephone.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::mail::Catcher;
use crate::server::{Address, Server};
use crate::{apt, build, qr, stop};

/// The source of the sample and its file.
pub const SOURCE: &str = "garonne";
const SAMPLE: &str = "config/sample/garonne.ldif";
/// Whose card is shown.
pub const HOLDER: &str = "Zoé Lefèvre-Núñez";

/// What was built.
pub struct Built {
    pub server: PathBuf,
    pub plugins: PathBuf,
}

/// Installs and builds all that the demo needs.
pub fn prepare(workspace: &Path) -> Result<Built, String> {
    apt::need(&[apt::COMPILING, apt::DEMO])?;
    let server = build::server(workspace, false)?;
    build::compiler(workspace, false)?;
    Ok(Built { server, plugins: build::plugins(workspace)? })
}

/// Runs until someone asks to stop.
pub fn run(workspace: &Path, fresh: bool) -> Result<(), String> {
    println!("Estampe: the demo. The first time, building takes some minutes.");
    let built = prepare(workspace)?;
    let folder = workspace.join("var/demo");
    if fresh && folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let catcher = Catcher::start(workspace, &folder.join("mail"))?;
    let address = Address::for_telephones()?;
    let mut server = Server::start(&built.server, &built.plugins, &folder, &address, &catcher)?;
    let shown = show(workspace, &server, &catcher);
    match shown {
        Ok(()) => {
            server.wait()?;
            println!("\nStopping: what is under way is finished first.");
            server.stop()?;
            println!("Stopped. Everything is kept in {}; --fresh starts over.", folder.display());
            Ok(())
        }
        // asked to stop in the middle: no failure
        Err(_) if stop::asked() => server.stop(),
        Err(problem) => Err(format!("{problem}\nThe server's log: {}", server.log().display())),
    }
}

/// Imports the sample and says where everything is.
fn show(workspace: &Path, server: &Server, catcher: &Catcher) -> Result<(), String> {
    println!("\nThe directory of Banque Garonne ({SAMPLE}), read by a plugin in its sandbox:");
    import(workspace, server, |run| {
        for line in told(run) {
            println!("  {line}");
        }
    })?;
    let card = card_of(server, HOLDER)?;
    let ca = server.ask(&["ca"])?;
    println!("\nA card        {card}");
    match server.ask(&["first-run"]) {
        Ok(first) => println!(
            "The console   {}\n              one-time token for the first administrator: {}",
            text(&first, "url"),
            text(&first, "token")
        ),
        Err(_) => println!("The console   {}/sign-in (sign in as the administrator you made)", server.internal_origin),
    }
    println!("Mails         {}", catcher.mails_folder().display());
    println!("Certificates  signed by an authority of this appliance. To trust it on a telephone or in a browser:");
    println!("              {}/ca", server.public_origin);
    println!("              SHA-256 {}", text(&ca, "fingerprint_sha256"));
    if std::io::stdout().is_terminal() {
        println!("\n{}\n  {card}", qr::draw(&card)?);
    }
    println!("\nCtrl-C stops it.");
    Ok(())
}

/// Adds the sample as a source where it is missing, runs it, and gives the run to `tell`.
pub fn import(workspace: &Path, server: &Server, tell: impl FnOnce(&Value)) -> Result<(), String> {
    let sources = server.ask(&["source", "list"])?;
    if !holds(&sources, "name", SOURCE) {
        server.ask(&["plugin", "install", "directory-file", "--yes"])?;
        let file = format!("people={}", workspace.join(SAMPLE).display());
        server.ask(&["source", "add", SOURCE, "--plugin", "directory-file", "--input", &file])?;
    }
    let run = server.ask(&["source", "sync", SOURCE])?;
    tell(&run);
    Ok(())
}

/// A run in words: how many of what, and each refused entry.
pub fn told(run: &Value) -> Vec<String> {
    let counts = run.get("counts");
    let count = |name: &str| counts.and_then(|c| c.get(name)?.as_u64()).unwrap_or(0);
    let mut lines = vec![format!(
        "{} added, {} changed, {} disabled, {} unchanged, {} refused",
        count("created"),
        count("changed"),
        count("disabled"),
        count("unchanged"),
        count("refused")
    )];
    for refusal in list(run, "refusals") {
        lines.push(format!("refused, {}: {}", text(refusal, "position"), text(refusal, "reason")));
    }
    lines
}

/// The public address of someone's card.
pub fn card_of(server: &Server, name: &str) -> Result<String, String> {
    let found = server.ask(&["person", "list", name])?;
    let person = list(&found, "people").iter().find(|person| text(person, "name") == name);
    person.map(|p| text(p, "card_url")).filter(|url| !url.is_empty()).ok_or_else(|| format!("{name} has no card"))
}

/// A text of an object; empty when it has none.
pub fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A list of an object; empty when it has none.
fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether there is, anywhere within, an object with this text.
fn holds(value: &Value, key: &str, wanted: &str) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(k, v)| (k == key && v == wanted) || holds(v, key, wanted)),
        Value::Array(items) => items.iter().any(|item| holds(item, key, wanted)),
        _ => false,
    }
}
