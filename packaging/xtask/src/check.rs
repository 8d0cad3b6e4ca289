//! `cargo xtask demo --check`: the demo without a person, one line for each step.

use std::path::{Path, PathBuf};

use crate::demo::{self, HOLDER};
use crate::mail::{Catcher, Mail};
use crate::server::{Address, Server};
use crate::steps::quiet;

/// Who leaves their details.
const VISITOR: &str = "amelie.traore@atelier.example";

/// A folder that goes with the check.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("estampe-check-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // it is in the folder for temporary files: whoever cleans there takes it along
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts, imports, fetches, leaves details, reads the mails, stops.
pub fn run(workspace: &Path) -> Result<(), String> {
    let built = demo::prepare(workspace)?;
    let folder = Folder::new()?;
    let catcher = Catcher::start(workspace, &folder.0.join("mail"))?;
    let mut server = quiet("starts on free ports, with its own certificates", || {
        Server::start(&built.server, &built.plugins, &folder.0, &Address::loopback()?, &catcher)
    })?;
    let went = journey(workspace, &server, &catcher);
    let went = went.map_err(|problem| format!("{problem}\nThe server's last words:\n{}", server.last_words()));
    let stopped = quiet("stops on SIGTERM", || server.stop());
    went.and(stopped)
}

fn journey(workspace: &Path, server: &Server, catcher: &Catcher) -> Result<(), String> {
    let mut told = Vec::new();
    quiet("imports the sample directory through the plugin", || {
        demo::import(workspace, server, |run| told = demo::told(run))?;
        if told.len() < 2 { Err(format!("some entries should have been refused: {}", told.join("; "))) } else { Ok(()) }
    })?;
    for line in &told {
        println!("    {line}");
    }
    let card = quiet("shows a card", || {
        let url = demo::card_of(server, HOLDER)?;
        expect(&server.fetch(&url, &[])?, HOLDER, "the card")?;
        Ok(url)
    })?;
    quiet("gives its vCard", || {
        let vcard = server.fetch(&format!("{card}.vcf"), &[])?;
        expect(&vcard, "BEGIN:VCARD\r\nVERSION:3.0\r\n", "the vCard")?;
        expect(&vcard, &format!("FN:{HOLDER}\r\n"), "the vCard")
    })?;
    quiet("takes what a visitor leaves", || leave_details(server, &card))?;
    quiet("sends both mails, over TLS", || {
        let mails = catcher.wait_for(2)?;
        let to = |address: &str| mails.iter().find(|mail| mail.recipients.iter().any(|to| to == address));
        let receipt = to(VISITOR).ok_or("no mail to the visitor")?;
        let notice = mails.iter().find(|mail| !std::ptr::eq(*mail, receipt)).ok_or("no mail to the card's holder")?;
        if mails.len() != 2 || !mails.iter().all(|mail: &Mail| mail.tls) {
            return Err(format!("two mails over TLS with a sign-in were expected, {} came", mails.len()));
        }
        for mail in [receipt, notice] {
            expect(&mail.text, "Message-ID: <", "the mail")?;
        }
        Ok(())
    })
}

/// Opens the form, fills it in, sends it.
fn leave_details(server: &Server, card: &str) -> Result<(), String> {
    let form = server.fetch(&format!("{card}/exchange?lang=en"), &[])?;
    let key = form
        .split_once("name=\"idempotency_key\" value=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(key, _)| format!("idempotency_key={key}"))
        .ok_or("the form has no idempotency_key")?;
    // as long as a person needs at least: what comes sooner is taken for a program's
    std::thread::sleep(std::time::Duration::from_millis(2_200));
    let email = format!("email={VISITOR}");
    let mut fields = Vec::new();
    for field in ["name=Amélie Traoré", &email, "company=Atelier Traoré", "consent=invitations", &key] {
        fields.extend(["--data-urlencode", field]);
    }
    let origin = format!("Origin: {}", server.public_origin);
    fields.extend(["--location", "-H", &origin]);
    expect(&server.fetch(&format!("{card}/leads?lang=en"), &fields)?, VISITOR, "the confirmation")
}

fn expect(text: &str, wanted: &str, what: &str) -> Result<(), String> {
    if text.contains(wanted) { Ok(()) } else { Err(format!("{what} does not hold {wanted:?}:\n{text}")) }
}
