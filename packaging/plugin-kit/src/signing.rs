//! Signs bundles as minisign does (Ed25519 over BLAKE2b-512). Keys are files of minisign
//! without a password, readable by their owner alone.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub use minisign::SecretKey;
use minisign::{KeyPair, PError, PublicKey, SecretKeyBox};

/// A new key, and its file.
pub fn generate(comment: &str) -> Result<(SecretKey, String), String> {
    let failed = |error: PError| format!("making a key: {error}");
    let pair = KeyPair::generate_unencrypted_keypair().map_err(failed)?;
    let text = pair.sk.to_box(Some(comment)).map_err(failed)?.into_string();
    Ok((pair.sk, text))
}

/// Makes a key and writes both halves: the secret one to `file` (mode 0600, never over one
/// that is there), the public one beside it with `.pub`. Gives the latter's path.
pub fn create(file: &Path, comment: &str) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{}: there is a file already, and a key is never written over; name another", file.display())
        }
        _ => format!("{}: {error}", file.display()),
    };
    let (key, text) = generate(comment)?;
    let mut written = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(failed)?;
    written.write_all(text.as_bytes()).map_err(failed)?;
    let public = file.with_extension("pub");
    write_public(&key, &public)?;
    Ok(public)
}

/// Reads a secret key without a password.
pub fn read(file: &Path) -> Result<SecretKey, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    SecretKeyBox::from_string(&text).and_then(SecretKeyBox::into_unencrypted_secret_key).map_err(|error| {
        format!(
            "{}: {error}; expected a secret key of minisign without a password, as `estampe plugin key new` makes it",
            file.display()
        )
    })
}

/// The key in this folder, made when it is not there; its public half goes to `public`.
pub fn ensure(folder: &Path, public: &Path, comment: &str) -> Result<SecretKey, String> {
    let path = folder.join("estampe.key");
    if !path.is_file() {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        create(&path, comment)?;
    }
    read_with(&path, public)
}

/// The key in this file; its public half is written to `public`.
pub fn read_with(file: &Path, public: &Path) -> Result<SecretKey, String> {
    let key = read(file)?;
    write_public(&key, public)?;
    Ok(key)
}

/// The signature of these octets, as a file of minisign.
pub fn sign(octets: &[u8], key: &SecretKey) -> Result<String, String> {
    sign_as(octets, key, "estampe bundle")
}

/// The same, with another comment in the place where minisign would write the time and the file's
/// name. No two signatures are alike: the library mixes in noise, against faults of hardware.
pub fn sign_as(octets: &[u8], key: &SecretKey, comment: &str) -> Result<String, String> {
    let signature = minisign::sign(None, key, octets, Some(comment), Some(comment));
    Ok(signature.map_err(|error| format!("signing: {error}"))?.into_string())
}

fn write_public(key: &SecretKey, path: &Path) -> Result<(), String> {
    let shown = PublicKey::from_secret_key(key)
        .and_then(|key| key.to_box())
        .map_err(|error| format!("{}: {error}", path.display()))?
        .into_string();
    if fs::read_to_string(path).ok().as_ref() == Some(&shown) {
        return Ok(());
    }
    fs::write(path, shown).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_its_owners_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.key");
        let public = create(&file, "a test").unwrap();
        assert_eq!(public, folder.path().join("mine.pub"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(create(&file, "a test").unwrap_err().contains("never written over"));
        assert!(read(&public).unwrap_err().contains("estampe plugin key new"));
        assert!(sign(b"x", &read(&file).unwrap()).unwrap().contains("estampe bundle"));
    }
}
