//! The container's image: Debian's own libraries, certificates and time zones, the programs, and
//! nothing else: no shell, no package manager. No daemon builds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tree::{programs, put, tar, text};
use super::{Parts, Variant};
use crate::steps::note;
use crate::{build, children, tools};

/// Who the service is in a container; a number, so that `runAsNonRoot` can be checked.
const USER: u32 = 10_001;

/// What is kept of Debian's packages; the rest is documentation, other languages and interpreters.
const LEFT_OUT: &[&str] = &[
    "etc/cron.daily",
    "etc/default",
    "etc/dpkg",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/lintian",
    "usr/share/bug",
    "usr/share/info",
    "usr/share/perl",
    "usr/share/perl5",
    "usr/share/postgresql-common",
    "usr/lib/x86_64-linux-gnu/perl",
    "usr/lib/x86_64-linux-gnu/perl-base",
    "usr/lib/x86_64-linux-gnu/gconv",
    "usr/lib/x86_64-linux-gnu/audit",
    "usr/bin",
    "usr/sbin",
    "usr/games",
    "bin",
    "sbin",
    "var/lib/dpkg",
    "var/lib/apt",
    "var/cache",
];

/// Makes the archive (OCI image layout in a tar); gives its path. Root builds it, for the files in it
/// have owners.
pub fn image(workspace: &Path, parts: &Parts, out: &Path) -> Result<PathBuf, String> {
    let package = parts.variant.package();
    let name = format!("{package}_{}_amd64.oci.tar", parts.version);
    note(&name);
    let work = build::target(workspace).join("packaging").join(format!("{package}-image"));
    let failed = |error: std::io::Error| format!("{}: {error}", work.display());
    if work.exists() {
        fs::remove_dir_all(&work).map_err(failed)?;
    }
    let root = work.join("root");
    fs::create_dir_all(&root).map_err(failed)?;
    debian(parts, &root)?;
    programs(parts, &root)?;
    configure(workspace, &root)?;
    let archive = work.join("root.tar");
    let owners = [(".", 0, "--exclude=./var/lib/estampe"), ("./var/lib/estampe", USER, "--exclude=none")];
    for (at, (what, owner, without)) in owners.into_iter().enumerate() {
        let mut command = tar(parts.epoch);
        command.arg(format!("--owner={owner}")).arg(format!("--group={owner}")).arg(without);
        command.arg(if at == 0 { "-cf" } else { "-rf" }).arg(&archive).arg("-C").arg(&root).arg(what);
        children::run("tar", &mut command)?;
    }
    let containerfile = text(workspace, "packaging/container/Containerfile")?;
    put(&work, "Containerfile", containerfile.replace("@VERSION@", &parts.version).as_bytes(), 0o644)?;
    let tag = format!("localhost/{package}:{}", parts.version);
    let mut made = buildah(&work);
    made.args(["build", "--isolation=chroot", "--network=host", "--format=oci"]);
    made.arg(format!("--timestamp={}", parts.epoch)).args(["--tag", &tag]).arg(&work);
    children::output("buildah build", &mut made)?;
    let layout = work.join("layout");
    let mut push = buildah(&work);
    children::output("buildah push", push.args(["push", &tag]).arg(format!("oci:{}:{tag}", layout.display())))?;
    // archived here: buildah's own archive bears the moment of its making
    let to = out.join(&name);
    let mut command = tar(parts.epoch);
    command.args(["--owner=0", "--group=0", "--mode=u=rwX,go=rX", "-cf"]).arg(&to).arg("-C").arg(&layout);
    children::run("tar", command.args(["blobs", "index.json", "oci-layout"]))?;
    Ok(to)
}

/// Buildah with a store of its own, which goes with the folder.
fn buildah(work: &Path) -> Command {
    let mut command = Command::new("buildah");
    command.arg("--root").arg(work.join("store")).arg("--runroot").arg(work.join("run"));
    command.args(["--storage-driver", "vfs"]);
    command
}

/// Debian's packages, unpacked into an archive.
pub fn base(variant: Variant) -> Result<PathBuf, String> {
    let mut packages = vec!["base-files", "ca-certificates", "libc6", "libgcc-s1", "tzdata"];
    if variant == Variant::Postgres {
        packages.extend(["libpq5", "postgresql-client-15"]);
    }
    tools::debian("extract", &packages)
}

/// What is wanted of them, in place.
fn debian(parts: &Parts, root: &Path) -> Result<(), String> {
    let archive = base(parts.variant)?;
    let mut unpack = Command::new("tar");
    unpack.args(["--exclude=./dev/*", "-xf"]).arg(&archive).arg("-C").arg(root);
    children::run("tar", &mut unpack)?;
    for path in LEFT_OUT {
        let path = root.join(path);
        let gone = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match gone {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{}: {error}", path.display()));
            }
            _ => {}
        }
    }
    // what the package's own script does with programs that are not here
    let mut trusted = Vec::new();
    let folder = root.join("usr/share/ca-certificates/mozilla");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        trusted.extend(fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?);
    }
    put(root, "etc/ssl/certs/ca-certificates.crt", &trusted, 0o644)?;
    if parts.variant == Variant::Postgres {
        // what makes backups of PostgreSQL; the package's own links lead through Perl
        for program in ["pg_dump", "pg_restore"] {
            let from = root.join("usr/lib/postgresql/15/bin").join(program);
            let content = fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
            put(root, &format!("usr/bin/{program}"), &content, 0o755)?;
        }
        let rest = root.join("usr/lib/postgresql");
        fs::remove_dir_all(&rest).map_err(|error| format!("{}: {error}", rest.display()))?;
    }
    Ok(())
}

fn configure(workspace: &Path, root: &Path) -> Result<(), String> {
    put(root, "etc/estampe/estampe.toml", text(workspace, "packaging/container/estampe.toml")?.as_bytes(), 0o644)?;
    put(
        root,
        "etc/passwd",
        format!("root:x:0:0::/:/\nestampe:x:{USER}:{USER}::/var/lib/estampe:/\n").as_bytes(),
        0o644,
    )?;
    put(root, "etc/group", format!("root:x:0:\nestampe:x:{USER}:\n").as_bytes(), 0o644)?;
    for folder in ["var/lib/estampe", "etc/estampe/conf.d", "tmp"] {
        let path = root.join(folder);
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
