//! Writing keys and certificates: whole, private, owned by whoever owns the folder.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// A file that only its owner may read.
pub const PRIVATE: u32 = 0o600;
/// A file that anybody may read.
pub const SHOWN: u32 = 0o644;

/// Writes a file whole or not at all. What root writes belongs to the folder's owner, so
/// that a command run by root leaves nothing that the service cannot read.
pub fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!("{name}.{}.new", std::process::id()));
    let written = (|| -> io::Result<()> {
        let _ = fs::remove_file(&temporary);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(content)?;
        if let Some(folder) = path.parent() {
            let (folder, own) = (fs::metadata(folder)?, file.metadata()?);
            if (folder.uid(), folder.gid()) != (own.uid(), own.gid()) && own.uid() == 0 {
                std::os::unix::fs::fchown(&file, Some(folder.uid()), Some(folder.gid()))?;
            }
        }
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    })();
    written.map_err(|e| {
        let _ = fs::remove_file(&temporary);
        format!("{}: {e}", path.display())
    })
}

/// Makes a folder that only its owner may enter, and those above it. It belongs to the
/// owner of the folder it stands in.
pub fn folder(path: &Path) -> Result<(), String> {
    if path.is_dir() {
        return Ok(());
    }
    let at = |e: io::Error| format!("{}: {e}", path.display());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(at)?;
    if let Some(parent) = path.parent() {
        let (above, own) = (fs::metadata(parent).map_err(at)?, fs::metadata(path).map_err(at)?);
        if own.uid() == 0 && above.uid() != 0 {
            std::os::unix::fs::chown(path, Some(above.uid()), Some(above.gid())).map_err(at)?;
        }
    }
    Ok(())
}
