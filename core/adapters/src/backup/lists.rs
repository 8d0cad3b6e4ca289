//! Lists of who was erased: a line each, added to and never rewritten. One lies where others may write too,
//! so its lines are words of whoever wrote them.

use std::fs;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::sync_folder;

/// Octets of a line that are looked at: ours are shorter.
const LONGEST: usize = 300;

/// Nothing is read or written through a link that somebody put there.
fn no_link() -> Option<i32> {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).ok()
}

/// The lines of a list, of so many octets at most; none where it is not there.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<String>, String> {
    let at = |error: io::Error| format!("{}: {error}", path.display());
    let opened = fs::OpenOptions::new().read(true).custom_flags(no_link().unwrap_or_default()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(error)),
    };
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    let mut source = io::BufReader::new(file.take(most.saturating_add(1)));
    let mut octets = 0;
    while source.read_until(b'\n', &mut line).map_err(at)? > 0 {
        octets += line.len() as u64;
        if octets > most {
            return Err(format!("{}: it is longer than such a list can be", path.display()));
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = String::from_utf8_lossy(text.get(..LONGEST).unwrap_or(text)).trim_end().to_owned();
        if !text.is_empty() {
            lines.push(text);
        }
        line.clear();
    }
    Ok(lines)
}

/// Adds lines, on disk before this returns; a list that is not there is made.
pub(super) fn append(path: &Path, lines: &[String]) -> Result<(), String> {
    if lines.is_empty() && path.exists() {
        return Ok(());
    }
    let append = || -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.read(true).create(true).append(true).mode(0o600).custom_flags(no_link().unwrap_or_default());
        let mut file = options.open(path)?;
        let mut text = String::new();
        // after a line that a kill cut
        if file.metadata()?.len() > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                text.push('\n');
            }
        }
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        path.parent().map_or(Ok(()), sync_folder)
    };
    append().map_err(|error| format!("{}: {error}", path.display()))
}
