//! A real SMTP server that keeps what it gets (`tests/mail/catcher.py`, aiosmtpd):
//! STARTTLS required, name and password asked for.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Process, until};
use crate::workspace;

const USER: &str = "estampe";
const PASSWORD: &str = "a password for tests";

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Envelope recipients.
    pub recipients: Vec<String>,
    /// Whether it came over TLS, signed in.
    pub protected: bool,
    /// Headers and body as they came.
    pub text: String,
}

impl Mail {
    /// The value of a header on one line.
    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ").to_lowercase();
        self.text
            .lines()
            .take_while(|l| !l.is_empty())
            .find(|l| l.to_lowercase().starts_with(&prefix))
            .map(|l| &l[prefix.len()..])
    }

    /// The body's plain text, decoded by Python's mail library.
    pub fn plain_text(&self) -> String {
        self.decoded("plain")
    }

    /// The same of its HTML.
    pub fn html(&self) -> String {
        self.decoded("html")
    }

    /// What a French mail says without the thin space before `:`, `;`, `?` and `»`, or after `«`; nothing of other mails.
    pub fn wrong_spaces(&self) -> Vec<String> {
        if !self.html().contains("<html lang=\"fr\">") {
            return Vec::new();
        }
        let text = self.plain_text().replace('\r', "");
        // what follows is somebody's signature
        let (text, _) = text.split_once("\n-- \n").unwrap_or((&text, ""));
        let is_thin = |c: Option<char>| matches!(c, Some('\u{202f}' | '\u{a0}'));
        let wrong = |line: &&str| {
            line.char_indices().any(|(at, c)| {
                let (before, after) = (line[..at].chars().next_back(), line[at + c.len_utf8()..].chars().next());
                match c {
                    // elsewhere it stands in an address or a time
                    ':' | ';' | '?' | '»' => after.is_none_or(char::is_whitespace) && !is_thin(before),
                    '«' => !is_thin(after),
                    _ => false,
                }
            })
        };
        text.lines().filter(wrong).map(str::to_owned).collect()
    }

    fn decoded(&self, part: &str) -> String {
        let script = "import sys,email,email.policy as p\n\
            m=email.message_from_bytes(sys.stdin.buffer.read(),policy=p.default)\n\
            sys.stdout.buffer.write((m['subject']+'\\n'+m.get_body((sys.argv[1],)).get_content()).encode())";
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", script, part])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), self.text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The running server.
pub struct MailCatcher {
    _process: Process,
    folder: TempDir,
    port: u64,
    ca_file: String,
}

impl MailCatcher {
    /// Starts one on a free port.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one that refuses its first mails with this answer.
    pub fn start_refusing(mails: u32, answer: &str) -> Self {
        Self::start_with(&["--refuse", &mails.to_string(), "--answer", answer])
    }

    fn start_with(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-W", "ignore"]).arg(workspace().join("tests/mail/catcher.py"));
        command.arg("--dir").arg(folder.path()).args(["--user", USER, "--password", PASSWORD]).args(more);
        let mut process = Process::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let mut line = String::new();
        BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let here: Value = serde_json::from_str(&line).expect("the mail catcher says where it is");
        std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
        Self {
            _process: process,
            port: here["port"].as_u64().unwrap(),
            ca_file: here["ca_file"].as_str().unwrap().to_owned(),
            folder,
        }
    }

    /// The section that a server needs to send by it.
    pub fn configuration(&self) -> String {
        let password = self.folder.path().join("password");
        format!(
            "[smtp]\nhost = \"localhost\"\nport = {}\nusername = \"{USER}\"\npassword_file = {password:?}\n\
             from = \"Banque Garonne <cartes@banque-garonne.example>\"\nca_file = {:?}\n",
            self.port, self.ca_file
        )
    }

    /// The same with a wrong password.
    pub fn configuration_with_wrong_password(&self) -> String {
        let wrong = self.folder.path().join("wrong");
        std::fs::write(&wrong, "not the password").unwrap();
        let password = self.folder.path().join("password");
        self.configuration().replace(&format!("{password:?}"), &format!("{wrong:?}"))
    }

    /// The same without trust in its authority.
    pub fn configuration_without_trust(&self) -> String {
        self.configuration().lines().filter(|l| !l.starts_with("ca_file")).fold(String::new(), |all, l| all + l + "\n")
    }

    /// What came so far.
    pub fn mails(&self) -> Vec<Mail> {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("mail")) else { return Vec::new() };
        let mut files: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
        files.retain(|p| {
            p.extension().is_some_and(|e| e == "eml") && !p.file_name().unwrap().to_string_lossy().starts_with('.')
        });
        files.sort();
        files
            .iter()
            .map(|file| {
                let how: Value =
                    serde_json::from_str(&std::fs::read_to_string(file.with_extension("json")).unwrap()).unwrap();
                let text = |key: &str| how[key].as_str().unwrap_or_default().to_owned();
                Mail {
                    recipients: how["to"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect(),
                    protected: !text("tls").is_empty() && !text("user").is_empty(),
                    text: String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned(),
                }
            })
            .collect()
    }

    /// Message-IDs of the mails that it refused.
    pub fn refused(&self) -> Vec<String> {
        let refused = std::fs::read_to_string(self.folder.path().join("mail/refused")).unwrap_or_default();
        refused.lines().map(ToOwned::to_owned).collect()
    }

    /// Waits until there are so many.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        until("mails", 60, async || {
            let mails = self.mails();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }
}
