//! Who can open a backup: recipients (age1…), and the identities that belong to them.

use std::fs;
use std::io::{self, BufRead, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use age::secrecy::ExposeSecret as _;
use age::x25519::{Identity, Recipient};
use zeroize::Zeroizing;

use super::sync_folder;

/// Reads a recipient.
pub(super) fn recipient(text: &str) -> Result<Recipient, String> {
    text.trim().parse().map_err(|_| {
        if text.trim().to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            // not repeated: it is the secret half
            "the secret half of a key stands where its public half belongs (age1…): make a new key, for this one may \
             have been read"
                .to_owned()
        } else {
            format!("\"{text}\" is no recipient; it begins with age1, as `estampe backup key FILE` prints it")
        }
    })
}

/// What opens backups.
pub struct Identities(Vec<Identity>);

impl Identities {
    /// Reads them from a file, as `age-keygen` and `estampe backup key` write it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let at = |error: io::Error| format!("{}: {error}", path.display());
        let file = io::BufReader::new(fs::File::open(path).map_err(at)?);
        let mut found = Vec::new();
        for line in file.lines() {
            let line = Zeroizing::new(line.map_err(at)?);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |_| format!("{}: it holds a line that is no identity (AGE-SECRET-KEY-1…)", path.display());
            found.push(line.parse().map_err(wrong)?);
        }
        if found.is_empty() {
            return Err(format!("{}: it holds no identity (AGE-SECRET-KEY-1…)", path.display()));
        }
        Ok(Self(found))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|identity| identity as &dyn age::Identity)
    }
}

/// Makes an identity, in a new file that its owner alone may read; its recipient.
pub fn new_identity(path: &Path) -> Result<String, String> {
    let at = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("{} is there already, and older backups may need it: name another file", path.display())
        }
        _ => format!("{}: {error}", path.display()),
    };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at)?;
    let identity = Identity::generate();
    let recipient = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = Zeroizing::new(format!(
        "# Opens the backups of Estampe. Keep it apart from them, and a copy of it.\n# public key: {recipient}\n{}\n",
        secret.expose_secret()
    ));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // the next backup is encrypted to it: its name has to be on disk as well
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| sync_folder(folder)).map_err(at)?;
    Ok(recipient)
}
