//! The mark of an installation in its folder of backups: who finds another's leaves the files there alone,
//! and who finds none where one was knows that the disk is not mounted.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use estampe_domain::backup::MARK;

use super::{make_folder, sync_folder};

/// An id and some words are shorter.
const MOST: u64 = 4_096;

/// Whether the mark in a folder is this one's. Another's is refused.
pub(super) fn is_there(folder: &Path, installation: &str) -> Result<bool, String> {
    let path = folder.join(MARK);
    let mut text = Vec::new();
    match fs::File::open(&path).and_then(|file| file.take(MOST).read_to_end(&mut text)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    }
    let text = String::from_utf8_lossy(&text);
    let id = text.lines().next().unwrap_or_default().trim();
    // a kill may have come between its making and its writing
    if id == installation || id.is_empty() {
        return Ok(id == installation);
    }
    Err(format!(
        "{} holds the backups of another installation of Estampe (the file {MARK} there begins with {id:?}, and this one is \
         {installation}): name another folder in backup.folder; two would remove each other's",
        folder.display()
    ))
}

/// Puts it there. The folder is made where it is missing.
pub(super) fn put(folder: &Path, installation: &str) -> Result<(), String> {
    make_folder(folder)?;
    let path = folder.join(MARK);
    let write = || -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        let mut file = match options.write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && fs::metadata(&path)?.len() == 0 => {
                fs::OpenOptions::new().write(true).open(&path)?
            }
            other => other?,
        };
        let words = "The backups of one installation of Estampe lie here. Leave this file: by it the folder is known.";
        file.write_all(format!("{installation}\n{words}\n").as_bytes())?;
        file.sync_all()?;
        sync_folder(folder)
    };
    match write() {
        // another node was as quick
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => is_there(folder, installation).map(drop),
        other => other.map_err(|error| format!("{}: {error}", path.display())),
    }
}
