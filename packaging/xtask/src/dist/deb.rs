//! The Debian package: laid out here, made by debhelper.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tree::{programs, put, text};
use super::{Parts, Variant};
use crate::steps::note;
use crate::{build, children};

/// The units, by the name that systemd has for them.
const UNITS: &[&str] = &["estampe.service", "estampe-public.socket", "estampe-http.socket", "estampe-internal.socket"];

/// Makes it; gives its path.
pub fn package(workspace: &Path, parts: &Parts, out: &Path) -> Result<PathBuf, String> {
    let package = parts.variant.package();
    let name = format!("{package}_{}_amd64.deb", parts.version);
    note(&name);
    let work = build::target(workspace).join("packaging").join(package);
    let failed = |error: std::io::Error| format!("{}: {error}", work.display());
    if work.exists() {
        fs::remove_dir_all(&work).map_err(failed)?;
    }
    fs::create_dir_all(&work).map_err(failed)?;
    lay_out(workspace, parts, &work)?;
    debian(workspace, parts, &work)?;
    let mut rules = Command::new("debian/rules");
    rules.arg("binary").current_dir(&work).env("SOURCE_DATE_EPOCH", parts.epoch.to_string());
    // flags of whoever calls us are not for it
    rules.env_remove("MAKEFLAGS").env_remove("CARGO_MAKEFLAGS");
    if parts.quick {
        rules.env("PACKING", "-Zgzip -z1");
    }
    children::output("debian/rules binary", &mut rules)?;
    let made = work.with_file_name(&name);
    let to = out.join(&name);
    fs::rename(&made, &to).map_err(|error| format!("{}: {error}", made.display()))?;
    Ok(to)
}

/// What goes into it, below `root/`.
fn lay_out(workspace: &Path, parts: &Parts, work: &Path) -> Result<(), String> {
    let root = work.join("root");
    programs(parts, &root)?;
    put(&root, "etc/estampe/estampe.toml", text(workspace, "packaging/deb/estampe.toml")?.as_bytes(), 0o644)?;
    let completions = [
        ("bash", "usr/share/bash-completion/completions/estampe"),
        ("zsh", "usr/share/zsh/vendor-completions/_estampe"),
        ("fish", "usr/share/fish/vendor_completions.d/estampe.fish"),
    ];
    for (shell, path) in completions {
        let said = children::output("estampe completions", Command::new(&parts.server).args(["completions", shell]))?;
        put(&root, path, said.as_bytes(), 0o644)?;
    }
    let mut man = Command::new(&parts.server);
    children::output("estampe man", man.arg("man").arg(work.join("man")))?;
    let docs = format!("usr/share/doc/{}", parts.variant.package());
    put(&root, &format!("{docs}/estampe.toml"), text(workspace, "config/estampe.toml")?.as_bytes(), 0o644)?;
    put(&root, &format!("{docs}/operator/CHANGELOG.md"), text(workspace, "CHANGELOG.md")?.as_bytes(), 0o644)?;
    put(&root, &format!("{docs}/sbom.cdx.json"), &parts.sbom, 0o644)?;
    put(&root, &format!("{docs}/THIRD-PARTY.txt"), parts.notices.as_bytes(), 0o644)?;
    for page in operator_docs(workspace)? {
        let content = fs::read(&page).map_err(|error| format!("{}: {error}", page.display()))?;
        let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
        put(&root, &format!("{docs}/operator/{name}"), &content, 0o644)?;
    }
    Ok(())
}

/// The pages for operators: who has no network reads them on the machine.
fn operator_docs(workspace: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = workspace.join("docs/operator");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut pages: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    pages.sort();
    Ok(pages)
}

/// The folder `debian/`.
fn debian(workspace: &Path, parts: &Parts, work: &Path) -> Result<(), String> {
    let package = parts.variant.package();
    let filled = |path: &str| text(workspace, path).map(|text| fill(&text, parts.variant));
    let scripts = ["rules", "postinst", "prerm", "postrm"].map(|name| (name, 0o755));
    for (name, mode) in [("control", 0o644), ("copyright", 0o644)].into_iter().chain(scripts) {
        put(work, &format!("debian/{name}"), filled(&format!("packaging/deb/{name}"))?.as_bytes(), mode)?;
    }
    put(
        work,
        &format!("debian/{package}.lintian-overrides"),
        filled("packaging/deb/lintian-overrides")?.as_bytes(),
        0o644,
    )?;
    for unit in UNITS {
        let content = text(workspace, &format!("packaging/systemd/{unit}"))?;
        put(work, &format!("debian/{package}.{unit}"), content.as_bytes(), 0o644)?;
    }
    for kind in ["sysusers", "tmpfiles"] {
        let content = text(workspace, &format!("packaging/systemd/estampe.{kind}"))?;
        put(work, &format!("debian/{package}.{kind}"), content.as_bytes(), 0o644)?;
    }
    let changelog = format!(
        "{package} ({}) stable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- Estampe <packages@estampe.example>  {}\n",
        parts.version,
        date(parts.epoch)?
    );
    put(work, "debian/changelog", changelog.as_bytes(), 0o644)?;
    put(work, "debian/install", b"root/etc /\nroot/usr /\n", 0o644)?;
    put(work, "debian/dirs", b"etc/estampe/conf.d\netc/estampe/secrets\n", 0o644)?;
    put(work, "debian/manpages", b"man/*.1\n", 0o644)?;
    put(work, "debian/source/format", b"3.0 (native)\n", 0o644)
}

fn fill(text: &str, variant: Variant) -> String {
    let (other, relations, summary, words) = match variant {
        Variant::Sqlite => (
            "estampe-postgres",
            "Recommends: ca-certificates\nConflicts: estampe-postgres\nReplaces: estampe-postgres",
            "",
            " This package keeps everything in SQLite, which is built in: there is no\n database to install. For PostgreSQL, and for several nodes, install\n estampe-postgres.",
        ),
        Variant::Postgres => (
            "estampe",
            "Recommends: ca-certificates, postgresql-client\nSuggests: postgresql\nConflicts: estampe\nReplaces: estampe",
            " (PostgreSQL)",
            " This package speaks PostgreSQL as well as the built-in SQLite. Its\n connections to PostgreSQL are made by libpq, whose TLS is the distribution's.",
        ),
    };
    text.replace("@PACKAGE@", variant.package())
        .replace("@OTHER@", other)
        .replace("@RELATIONS@", relations)
        .replace("@SUMMARY@", summary)
        .replace("@VARIANT@", words)
}

/// As a changelog of Debian has it (RFC 5322).
fn date(epoch: u64) -> Result<String, String> {
    let mut date = Command::new("date");
    date.args(["--utc", "--rfc-email"]).arg(format!("--date=@{epoch}")).env("LC_ALL", "C");
    children::output("date", &mut date).map(|text| text.trim().to_owned())
}
