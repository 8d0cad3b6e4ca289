//! Signs bundles as minisign does, with a key of this checkout: it is made at the first
//! build and never leaves `target`. Releases are signed with a key of their own.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};

/// The key that bundles of this checkout are signed with, from this folder or made there;
/// its public half is written to `public`.
pub fn key(folder: &Path, public: &Path) -> Result<SecretKey, String> {
    let path = folder.join("estampe.key");
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let wrong = |error: minisign::PError| format!("{}: {error}", path.display());
    if !path.is_file() {
        fs::create_dir_all(folder).map_err(failed)?;
        let pair = KeyPair::generate_unencrypted_keypair().map_err(wrong)?;
        let text = pair.sk.to_box(Some("signs bundles of this checkout")).map_err(wrong)?.into_string();
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
    }
    let text = fs::read_to_string(&path).map_err(failed)?;
    let key = SecretKeyBox::from_string(&text).and_then(SecretKeyBox::into_unencrypted_secret_key).map_err(wrong)?;
    let shown = PublicKey::from_secret_key(&key).and_then(|key| key.to_box()).map_err(wrong)?.into_string();
    if fs::read_to_string(public).ok().as_ref() != Some(&shown) {
        fs::write(public, shown).map_err(|error| format!("{}: {error}", public.display()))?;
    }
    Ok(key)
}

/// The signature of these octets, as a file of minisign.
pub fn sign(octets: &[u8], key: &SecretKey) -> Result<String, String> {
    // minisign would write the time here, which nobody needs
    let comment = Some("estampe bundle");
    let signature = minisign::sign(None, key, octets, comment, comment);
    Ok(signature.map_err(|error| format!("signing: {error}"))?.into_string())
}
