//! What a restore leaves for the next start: that it was done, for the audit log of the database that it
//! brought back.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use estampe_domain::Context;
use estampe_domain::backup::Restored;
use estampe_service::Service;

/// Where it is left.
pub fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("restored.json")
}

/// Where a backup is unpacked, in the data folder.
pub fn beside(data_dir: &Path) -> PathBuf {
    data_dir.join("restoring")
}

/// Takes away what a restore put in its place that was killed before the database was in its own: the place was
/// empty before.
pub fn clear(data_dir: &Path) -> Result<(), String> {
    let (note, tls) = (file(data_dir), data_dir.join("tls"));
    if !note.exists() {
        return Ok(());
    }
    let at = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    if tls.exists() {
        fs::remove_dir_all(&tls).map_err(|error| at(&tls, error))?;
    }
    fs::remove_file(&note).map_err(|error| at(&note, error))
}

/// Leaves it, on disk before this returns.
pub fn leave(data_dir: &Path, restored: &Restored) -> Result<(), String> {
    let path = file(data_dir);
    let new = path.with_extension("json.new");
    let write = || -> io::Result<()> {
        // root writes here, where the service's user may have put a link
        let _ = fs::remove_file(&new);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(&serde_json::to_vec(restored)?)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        fs::File::open(data_dir)?.sync_all()
    };
    write().map_err(|error| format!("{}: {error}", path.display()))
}

/// Notes what was left, if something was, and takes it away.
pub async fn note(service: &Service, ctx: &Context, data_dir: &Path) -> Result<(), String> {
    // of a restore that was killed: a copy of the whole database, in clear but for what is sealed
    let _ = fs::remove_dir_all(beside(data_dir));
    let path = file(data_dir);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    match serde_json::from_slice::<Restored>(&text) {
        Ok(restored) => {
            let name = restored.name.clone();
            if service.note_restore(ctx, restored).await.map_err(|error| error.to_string())? {
                tracing::info!(backup.file = name, "this database was brought back from a backup");
            } else {
                // it was killed before the database was in its place, and this is another one
                tracing::warn!(backup.file = name, "a restore did not end: nothing of its database is here");
            }
            fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))
        }
        Err(error) => {
            tracing::warn!(file = %path.display(), error.text = %error, "what a restore left is not understood");
            Ok(())
        }
    }
}
