//! The mail catcher: a real SMTP server that keeps everything and delivers nothing
//! (`tests/mail/catcher.py`, on Debian's python3-aiosmtpd).

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::children::Running;
use crate::demo::text;
use crate::server::quoted;
use crate::stop;

/// The name and the password that it asks for.
const USER: &str = "estampe";
const PASSWORD: &str = "only for the catcher";

/// A running catcher.
pub struct Catcher {
    _process: Running,
    folder: PathBuf,
    port: u64,
    ca_file: String,
}

/// A mail as it came.
pub struct Mail {
    pub recipients: Vec<String>,
    pub tls: bool,
    pub text: String,
}

impl Catcher {
    /// Starts one that keeps its things in `folder`.
    pub fn start(workspace: &Path, folder: &Path) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut command = Running::leashed("/usr/bin/python3", "TERM");
        // -W: the distribution's aiosmtpd warns of its own future
        command.args(["-W", "ignore"]).arg(workspace.join("tests/mail/catcher.py")).arg("--dir").arg(folder);
        command.args(["--user", USER, "--password", PASSWORD]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Running::start("the mail catcher", &mut command, Signal::TERM, Duration::from_secs(5))?;
        let mut line = String::new();
        let out = process.child().stdout.take().ok_or("the mail catcher has no output")?;
        BufReader::new(out).read_line(&mut line).map_err(|error| format!("the mail catcher: {error}"))?;
        let here: Value = serde_json::from_str(&line)
            .map_err(|_| "the mail catcher did not start; its words are above".to_owned())?;
        let password = folder.join("password");
        // an earlier one may stand there, readable by its owner alone too
        let _ = fs::remove_file(&password);
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&password)
            .and_then(|mut file| std::io::Write::write_all(&mut file, PASSWORD.as_bytes()))
            .map_err(|error| format!("{}: {error}", password.display()))?;
        Ok(Self {
            _process: process,
            folder: folder.to_owned(),
            port: here.get("port").and_then(Value::as_u64).ok_or("the mail catcher named no port")?,
            ca_file: text(&here, "ca_file"),
        })
    }

    /// What the server's configuration says of it.
    pub fn configuration(&self) -> String {
        format!(
            "[smtp]\nhost = \"localhost\"\nport = {}\nencryption = \"starttls\"\nusername = \"{USER}\"\n\
             password_file = {}\nfrom = \"Estampe <cartes@estampe.example>\"\nca_file = {}\n",
            self.port,
            quoted(self.folder.join("password")),
            quoted(&self.ca_file)
        )
    }

    /// Where the mails are.
    pub fn mails_folder(&self) -> PathBuf {
        self.folder.join("mail")
    }

    /// Waits until there are so many mails.
    pub fn wait_for(&self, count: usize) -> Result<Vec<Mail>, String> {
        stop::until("mails", Duration::from_secs(20), || {
            let mails = self.mails()?;
            Ok((mails.len() >= count).then_some(mails))
        })
    }

    fn mails(&self) -> Result<Vec<Mail>, String> {
        let folder = self.mails_folder();
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut files: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| {
                let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
                path.extension().is_some_and(|e| e == "eml") && !hidden
            })
            .collect();
        files.sort();
        files.iter().map(|file| read(file)).collect()
    }
}

fn read(file: &Path) -> Result<Mail, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let how = fs::read_to_string(file.with_extension("json")).map_err(failed)?;
    let how: Value = serde_json::from_str(&how).map_err(|error| format!("{}: {error}", file.display()))?;
    let recipients = how.get("to").and_then(Value::as_array).into_iter().flatten();
    Ok(Mail {
        recipients: recipients.filter_map(|to| to.as_str().map(str::to_owned)).collect(),
        tls: !text(&how, "tls").is_empty() && !text(&how, "user").is_empty(),
        text: String::from_utf8_lossy(&fs::read(file).map_err(failed)?).into_owned(),
    })
}
