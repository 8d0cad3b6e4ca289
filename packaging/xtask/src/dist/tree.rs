//! Files laid out as a package or an image has them, and archives that two builds make alike.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::Parts;
use crate::children;
use crate::steps::note;

/// Writes a file, with the folders above it.
pub fn put(root: &Path, path: &str, content: &[u8], mode: u32) -> Result<(), String> {
    let file = root.join(path);
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    fs::create_dir_all(file.parent().unwrap_or(root)).map_err(failed)?;
    fs::write(&file, content).map_err(failed)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).map_err(failed)
}

/// Reads a file of ours.
pub fn text(workspace: &Path, path: &str) -> Result<String, String> {
    let file = workspace.join(path);
    fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
}

/// The programs and the plugins, where they are installed.
pub fn programs(parts: &Parts, root: &Path) -> Result<(), String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    put(root, "usr/bin/estampe", &read(&parts.server)?, 0o755)?;
    put(root, "usr/lib/estampe/estampe-compile", &read(&parts.compiler)?, 0o755)?;
    let failed = |error: std::io::Error| format!("{}: {error}", parts.plugins.display());
    for entry in fs::read_dir(&parts.plugins).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".estampe") || name == "estampe.pub" {
            put(root, &format!("usr/lib/estampe/plugins/{name}"), &read(&path)?, 0o644)?;
        }
    }
    Ok(())
}

/// `tar` with everything sorted, dated `epoch` and root's.
pub fn tar(epoch: u64) -> Command {
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--numeric-owner", "--format=gnu"]).arg(format!("--mtime=@{epoch}"));
    tar
}

/// One archive with what a site without network carries over: packages, plugins, bills of materials,
/// checksums and their signature, and what an operator reads. The images are files of their own.
pub fn offline(workspace: &Path, out: &Path, version: &str, epoch: u64) -> Result<(), String> {
    let name = format!("estampe_{version}_offline.tar");
    note(&name);
    let folder = format!("estampe-{version}");
    let mut command = tar(epoch);
    command.args(["--owner=0", "--group=0", "--exclude=*.oci.tar"]).arg(format!("--exclude={name}"));
    command
        .arg(format!("--transform=s,^\\./,{folder}/,"))
        .arg(format!("--transform=s,^docs/operator/,{folder}/docs/,"));
    command.arg("-cf").arg(out.join(&name)).arg("-C").arg(out).arg(".").arg("-C").arg(workspace).arg("docs/operator");
    children::run("tar", &mut command)
}
