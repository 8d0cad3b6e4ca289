//! The archive: a tar of manifest, copy of the database and certificates, encrypted by age as it is
//! written. Its last member lists the hashes of all others, so that one that was cut or altered is told.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use age::x25519::Recipient;
use age::{DecryptError, Decryptor, Encryptor};
use estampe_domain::backup::{FORMAT, Manifest, Progress, is_tls_member};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::keys::Identities;

const MANIFEST: &str = "manifest.json";
const HASHES: &str = "hashes.json";
/// Members that are read into memory are no larger.
const SMALL: u64 = 4 << 20;
/// So many octets are written before the disk is waited for: others write to it too, and one long
/// wait at the end would be theirs.
const STEP: u64 = 4 << 20;
/// Room that is left after unpacking.
const SPARE: u64 = 64 << 20;

/// What was read or written of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    sha256: String,
    octets: u64,
}

/// Hashes what goes through it.
struct Hashing<'a, T> {
    inner: T,
    hash: Sha256,
    octets: u64,
    progress: Option<&'a Progress>,
}

impl<'a, T> Hashing<'a, T> {
    fn new(inner: T, progress: Option<&'a Progress>) -> Self {
        Self { inner, hash: Sha256::new(), octets: 0, progress }
    }

    fn note(&mut self, octets: &[u8]) {
        self.hash.update(octets);
        self.octets += octets.len() as u64;
        if let Some(progress) = self.progress {
            progress.add(octets.len() as u64);
        }
    }

    fn told(self) -> Told {
        Told { sha256: data_encoding::HEXLOWER.encode(&self.hash.finalize()), octets: self.octets }
    }
}

impl<T: Read> Read for Hashing<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.note(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// A file that is brought to the disk step by step.
struct Steady {
    file: fs::File,
    since: u64,
}

impl Write for Steady {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.file.write(octets)?;
        self.since += written as u64;
        if self.since >= STEP {
            self.since = 0;
            self.file.sync_data()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes an archive into a file, which is on disk whole when this returns.
pub(super) fn write(
    file: fs::File,
    recipients: &[Recipient],
    manifest: &Manifest,
    members: &[(String, PathBuf)],
    progress: &Progress,
) -> io::Result<()> {
    let encryptor = Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as &dyn age::Recipient))
        .map_err(io::Error::other)?;
    let stream = encryptor.wrap_output(Steady { file, since: 0 })?;
    let mut tar = tar::Builder::new(stream);
    let mut hashes = BTreeMap::new();
    let at = u64::try_from(manifest.made_at.as_millis() / 1000).unwrap_or(0);
    let text = serde_json::to_vec_pretty(manifest)?;
    let told = add(&mut tar, at, (MANIFEST, text.len() as u64), &mut text.as_slice(), progress)?;
    hashes.insert(MANIFEST.to_owned(), told);
    for (name, path) in members {
        let mut source = fs::File::open(path)?;
        let octets = source.metadata()?.len();
        hashes.insert(name.clone(), add(&mut tar, at, (name, octets), &mut source, progress)?);
    }
    let text = serde_json::to_vec_pretty(&hashes)?;
    add(&mut tar, at, (HASHES, text.len() as u64), &mut text.as_slice(), progress)?;
    let steady = tar.into_inner()?.finish()?;
    steady.file.sync_all()
}

/// Adds a member of so many octets; what was written of it.
fn add<W: Write>(
    tar: &mut tar::Builder<W>,
    at: u64,
    (name, octets): (&str, u64),
    source: &mut dyn Read,
    progress: &Progress,
) -> io::Result<Told> {
    let mut header = tar::Header::new_gnu();
    header.set_size(octets);
    header.set_mode(0o600);
    header.set_mtime(at);
    let mut source = Hashing::new(source.take(octets), Some(progress));
    tar.append_data(&mut header, name, &mut source)?;
    let told = source.told();
    if told.octets != octets {
        return Err(io::Error::other(format!("{name} became shorter while it was read")));
    }
    Ok(told)
}

/// What an archive held, unpacked.
#[derive(Debug)]
pub struct Unpacked {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Where the copy of the database is now.
    pub copy: PathBuf,
    /// Names of what else is there, beside it.
    pub certificates: Vec<String>,
    /// Octets of all members.
    pub octets: u64,
}

/// Unpacks a backup into an empty folder and checks every hash. `accept` sees the manifest before anything
/// is written. On an error the folder holds parts, which are not to be used.
pub fn unpack(
    file: &Path,
    identities: &Identities,
    into: &Path,
    accept: impl FnOnce(&Manifest) -> Result<(), String>,
) -> Result<Unpacked, String> {
    let shown = file.display();
    let damaged = |why: &dyn std::fmt::Display| {
        format!("{shown} is damaged or was cut off ({why}): nothing of it was used; take another backup")
    };
    let source = io::BufReader::new(fs::File::open(file).map_err(|error| format!("{shown}: {error}"))?);
    let opened = Decryptor::new_buffered(source).and_then(|sealed| sealed.decrypt(identities.iter()));
    let stream = opened.map_err(|error| match error {
        DecryptError::NoMatchingKeys => format!(
            "the identity does not open {shown}: the backup was made for another recipient; name the identity that \
             belongs to backup.recipients of then"
        ),
        DecryptError::InvalidHeader | DecryptError::UnknownFormat => {
            format!("{shown} is no backup of Estampe, or its beginning is damaged ({error})")
        }
        other => damaged(&other),
    })?;
    let mut archive = tar::Archive::new(stream);
    let mut reading = Reading { into, hashes: BTreeMap::new(), certificates: Vec::new(), copy: None };
    let mut listed: Option<BTreeMap<String, Told>> = None;
    let mut manifest: Option<Manifest> = None;
    let mut accept = Some(accept);
    for entry in archive.entries().map_err(|error| damaged(&error))? {
        let mut entry = entry.map_err(|error| damaged(&error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match (&manifest, name.as_str()) {
            (None, MANIFEST) => {
                let text = reading.small(&name, &mut entry).map_err(|error| damaged(&error))?;
                let read = manifest_of(&text).map_err(|why| format!("{shown}: {why}"))?;
                if let Some(accept) = accept.take() {
                    accept(&read)?;
                }
                manifest = Some(read);
            }
            (Some(_), HASHES) => {
                let text = reading.small(&name, &mut entry).map_err(|error| damaged(&error))?;
                reading.hashes.remove(HASHES);
                listed = Some(serde_json::from_slice(&text).map_err(|error| damaged(&error))?);
            }
            (Some(of), name) if listed.is_none() && (name == of.database.engine.member() || is_tls_member(name)) => {
                reading.keep(name, &mut entry).map_err(|error| match error {
                    Trouble::Source(error) => damaged(&error),
                    Trouble::Place(words) => words,
                })?;
            }
            _ => return Err(format!("{shown} holds {name:?}, which belongs in no backup: nothing of it was used")),
        }
    }
    // to the end of the encryption, which is what shows that nothing is missing
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| damaged(&error))?;
    let (Some(manifest), Some(listed)) = (manifest, listed) else { return Err(damaged(&"its end is missing")) };
    if listed != reading.hashes {
        return Err(damaged(&"a hash is not the one that was noted"));
    }
    let Some(copy) = reading.copy else { return Err(damaged(&"it holds no database")) };
    let octets = listed.values().map(|told| told.octets).sum();
    Ok(Unpacked { manifest, copy, certificates: reading.certificates, octets })
}

fn manifest_of(text: &[u8]) -> Result<Manifest, String> {
    #[derive(Deserialize)]
    struct Form {
        format: u32,
        estampe: String,
    }
    let wrong = |error: serde_json::Error| format!("its manifest is not understood ({error})");
    let Form { format, estampe } = serde_json::from_slice(text).map_err(wrong)?;
    if format != FORMAT {
        return Err(format!(
            "it has form {format}, and this version knows form {FORMAT}: use Estampe {estampe}, which made it, or newer"
        ));
    }
    serde_json::from_slice(text).map_err(wrong)
}

enum Trouble {
    Source(io::Error),
    Place(String),
}

struct Reading<'a> {
    into: &'a Path,
    hashes: BTreeMap<String, Told>,
    certificates: Vec<String>,
    copy: Option<PathBuf>,
}

impl Reading<'_> {
    fn small<R: Read>(&mut self, name: &str, entry: &mut tar::Entry<'_, R>) -> io::Result<Vec<u8>> {
        if entry.size() > SMALL {
            return Err(io::Error::other(format!("{name} is too large")));
        }
        let mut source = Hashing::new(entry, None);
        let mut text = Vec::new();
        source.read_to_end(&mut text)?;
        self.hashes.insert(name.to_owned(), source.told());
        Ok(text)
    }

    /// Writes a member into the folder, on disk when this returns.
    fn keep<R: Read>(&mut self, name: &str, entry: &mut tar::Entry<'_, R>) -> Result<(), Trouble> {
        let path = self.into.join(name);
        let place = |error: io::Error| Trouble::Place(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(place)?;
        }
        let octets = entry.size();
        ensure_room(self.into, octets + SPARE).map_err(Trouble::Place)?;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(place)?;
        let mut source = Hashing::new(entry, None);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = source.read(&mut buffer).map_err(Trouble::Source)?;
            if read == 0 {
                break;
            }
            file.write_all(buffer.get(..read).unwrap_or_default()).map_err(place)?;
        }
        let told = source.told();
        if told.octets != octets {
            return Err(Trouble::Source(io::ErrorKind::UnexpectedEof.into()));
        }
        file.sync_all().map_err(place)?;
        self.hashes.insert(name.to_owned(), told);
        if is_tls_member(name) {
            self.certificates.push(name.to_owned());
        } else {
            self.copy = Some(path);
        }
        Ok(())
    }
}

/// Refuses when a folder's file system has less room than this.
pub(super) fn ensure_room(folder: &Path, needed: u64) -> Result<(), String> {
    let stat = rustix::fs::statvfs(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    if free >= needed {
        return Ok(());
    }
    let mib = |octets: u64| octets.div_ceil(1 << 20);
    Err(format!("{}: {} MiB are needed, and {} MiB are free: make room", folder.display(), mib(needed), mib(free)))
}
