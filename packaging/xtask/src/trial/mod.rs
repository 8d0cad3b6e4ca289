//! `cargo xtask trial`: the package in a clean Debian that systemd runs, and the image in a container,
//! as an administrator would meet them. Nothing of this machine is changed.

mod container;
mod machine;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use machine::Machine;

use crate::dist::{self, Parts, Variant};
use crate::steps::{loud, note, seconds};
use crate::{apt, build, children, stop};

/// The version that the package is brought up to: the same programs, packed once more.
const NEXT: &str = "0.99.0";

/// The trial of what the tests drive, where this machine lets us boot one of its own; elsewhere it
/// says why not. What the doors' tests start is then all that was started.
pub fn where_possible(workspace: &Path) -> Result<(), String> {
    apt::need(&[apt::COMPILING, apt::PACKAGING])?;
    match possible() {
        Ok(()) => run(workspace, false),
        Err(why) => {
            println!("!! Packages and image were NOT tried: {why}");
            Ok(())
        }
    }
}

/// Whether namespaces of its own and Debian's packages are to be had.
fn possible() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("it needs root".to_owned());
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"]);
    children::output("namespaces", &mut unshare)?;
    machine::archive(Variant::Postgres)?;
    dist::base(Variant::Postgres).map(|_| ())
}

/// Packs what the tests drive, or takes what `dist` made, and tries both.
pub fn run(workspace: &Path, shipped: bool) -> Result<(), String> {
    apt::need(&[apt::COMPILING, apt::PACKAGING])?;
    if !rustix::process::geteuid().is_root() {
        return Err("the trial boots a Debian of its own and starts a container: it needs root".to_owned());
    }
    let work = build::target(workspace).join("trial");
    let failed = |error: std::io::Error| format!("{}: {error}", work.display());
    if work.exists() {
        fs::remove_dir_all(&work).map_err(failed)?;
    }
    fs::create_dir_all(&work).map_err(failed)?;
    let parts = if shipped { of_dist(workspace)? } else { of_tests(workspace)? };
    let out = build::target(workspace).join("dist");
    let (deb, image) = if shipped {
        let named = |end: &str| out.join(format!("{}_{}_amd64.{end}", parts.variant.package(), parts.version));
        (named("deb"), named("oci.tar"))
    } else {
        let (deb, _) = loud("package", || dist::package(workspace, &parts, &work))?;
        let (image, _) = loud("image", || dist::image(workspace, &parts, &work))?;
        (deb, image)
    };
    loud("lintian", || dist::lint(&deb))?;
    let later = Parts { version: NEXT.to_owned(), quick: true, ..parts };
    let (next, _) = loud("a later package", || dist::package(workspace, &later, &work))?;
    let (other, _) = loud("the other package", || {
        dist::package(workspace, &Parts { variant: later.variant.other(), ..later.clone() }, &work)
    })?;
    loud("units", || units(workspace))?;
    loud("a clean Debian", || debian(workspace, &later, &work, (&deb, &next, &other)))?;
    loud("a container", || container::run(&work, &image, &later))?;
    fs::remove_dir_all(&work).map_err(failed)
}

/// What `dist` left.
fn of_dist(workspace: &Path) -> Result<Parts, String> {
    let target = build::target(workspace);
    let found = |path: PathBuf| {
        if path.exists() {
            Ok(path)
        } else {
            Err(format!("{}: not there; call cargo xtask dist first", path.display()))
        }
    };
    Ok(Parts {
        variant: Variant::Sqlite,
        version: dist::VERSION.to_owned(),
        server: found(target.join("packaging/estampe.bin"))?,
        compiler: found(target.join("shipped/estampe-compile"))?,
        plugins: found(target.join("dist/plugins"))?,
        sbom: Vec::new(),
        notices: String::new(),
        epoch: dist::epoch(workspace)?,
        quick: true,
    })
}

/// What the tests drive: a debug build that speaks PostgreSQL as well.
fn of_tests(workspace: &Path) -> Result<Parts, String> {
    let target = build::target(workspace);
    let folder = target.join("packaging");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let strip = |name: &str| {
        let to = folder.join(format!("{name}.debug"));
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(&to).arg(target.join("debug").join(name));
        children::output("strip (are the tests built? cargo xtask test)", &mut strip).map(|_| to)
    };
    Ok(Parts {
        variant: Variant::Postgres,
        version: dist::VERSION.to_owned(),
        server: strip("estampe")?,
        compiler: strip("estampe-compile")?,
        plugins: target.join("plugins"),
        sbom: b"{}\n".to_vec(),
        notices: "A trial.\n".to_owned(),
        epoch: dist::epoch(workspace)?,
        quick: true,
    })
}

/// How exposed each service is, as systemd reckons it: 1.3 at most.
fn units(workspace: &Path) -> Result<(), String> {
    let folder = workspace.join("packaging/systemd");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_none_or(|end| end != "service") {
            continue;
        }
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(["security", "--offline=true", "--threshold=13", "--no-pager"]).arg(&path);
        let said = children::output("systemd-analyze security", &mut analyze)?;
        note(said.lines().last().unwrap_or_default().trim_start_matches(['→', ' ']));
    }
    Ok(())
}

/// From nothing to a card, a plugin, an update, and to nothing again.
fn debian(
    workspace: &Path,
    parts: &Parts,
    work: &Path,
    (deb, next, other): (&Path, &Path, &Path),
) -> Result<(), String> {
    let package = parts.variant.package();
    let machine = Machine::boot(work, parts.variant)?;
    let copy = |from: &Path, to: &str| machine.put(from, to);
    copy(deb, "root/estampe.deb")?;
    copy(next, "root/next.deb")?;
    copy(other, "root/other.deb")?;
    copy(&workspace.join("config/sample/garonne.ldif"), "srv/people.ldif")?;

    let begun = Instant::now();
    machine.sh("apt-get install --yes ./estampe.deb")?;
    machine.sh("estampe source add Siège --input people=/srv/people.ldif --install --yes --sync")?;
    let card = field(&machine.sh("estampe person list --json")?, "card_url")?;
    let shown = machine.curl(&card)?;
    note(&format!("2 commands and {} from a clean Debian to a card", seconds(begun.elapsed())));
    expect("the card", &shown, " 200")?;

    let first = machine.sh("estampe first-run")?;
    expect("the first administrator's token", &first, "Token ")?;
    machine.sh("systemctl is-active estampe && systemctl is-enabled estampe")?;
    let unit = machine.sh("systemctl show estampe --property=WatchdogUSec,Type")?;
    expect("the unit", &unit, "Type=notify")?;
    // the manual, the completions, and what systemd thinks of the units where they are installed
    machine
        .sh("test -s /usr/share/man/man1/estampe.1.gz && test -s /usr/share/man/man1/estampe-plugin-install.1.gz")?;
    machine.sh("test -s /usr/share/bash-completion/completions/estampe")?;
    machine.sh(
        "systemd-analyze verify --man=no estampe.service estampe-public.socket estampe-http.socket estampe-internal.socket",
    )?;
    expect("the folder of backups", &machine.sh("stat -c %U:%a /var/backups/estampe")?, "estampe:700")?;
    expect("a stranger's look at the data", &machine.sh("stat -c %U:%a /var/lib/estampe")?, "estampe:700")?;

    machine.sh("estampe doctor")?;

    // the key apart from the data, and another one in its place
    machine.sh("systemctl stop estampe && mv /var/lib/estampe/keys/kek /etc/estampe/keys/ && \
         printf '[database]\\nkey_file = \"/etc/estampe/keys/kek\"\\n' > /etc/estampe/conf.d/05-key.toml && \
         systemctl start estampe && estampe key rotate")?;

    // a backup, made by the confined unit and looked into by its owner
    let recipient = machine.sh("estampe backup key /root/backup.key")?;
    let recipient = recipient.split_whitespace().find(|word| word.starts_with("age1")).unwrap_or_default().to_owned();
    machine.sh(&format!(
        "printf '[backup]\\nfolder = \"/var/backups/estampe\"\\nrecipients = [\"{recipient}\"]\\n' \
           > /etc/estampe/conf.d/30-backup.toml && systemctl restart estampe && estampe backup && \
         estampe backup verify /var/backups/estampe/estampe-*.tar.age --identity /root/backup.key"
    ))?;

    // what changes while it runs, and a port below 1024
    machine.sh(
        "printf '[limits]\\nleads_per_minute = 31\\n' > /etc/estampe/conf.d/10-mine.toml && systemctl reload estampe",
    )?;
    machine.sh("systemctl stop estampe && systemctl enable --now estampe-public.socket && systemctl start estampe")?;
    let port = card.split('/').nth(2).unwrap_or_default().to_owned();
    expect("the card at port 443", &machine.curl(&card.replace(&port, "localhost:443"))?, " 200")?;

    // a secret that the unit alone reads
    machine.sh(
        "mkdir -p /etc/credstore.encrypted && head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \\n' > /root/secret && \
         systemd-creds encrypt --with-key=host --name=smtp /root/secret /etc/credstore.encrypted/smtp && \
         mkdir -p /etc/systemd/system/estampe.service.d && printf '[Service]\\nLoadCredentialEncrypted=smtp:/etc/credstore.encrypted/smtp\\n' \
           > /etc/systemd/system/estampe.service.d/smtp.conf && \
         printf '[smtp]\\nhost = \"localhost\"\\nusername = \"cards\"\\nfrom = \"cards@example.com\"\\npassword_file = \"credential:smtp\"\\n' \
           > /etc/estampe/conf.d/20-smtp.toml && systemctl daemon-reload && systemctl restart estampe && estampe check-config",
    )?;

    // an update keeps everything; what was changed by hand stays
    let people = people(&machine)?;
    let grants = machine.sh("estampe plugin list --json")?;
    let told = machine.sh("dpkg-deb -x next.deb /root/next && /root/next/usr/bin/estampe upgrade-check")?;
    expect("what the next version says before", &told, "can be upgraded")?;
    machine.sh("apt-get install --yes ./next.deb")?;
    same("the people", &people, &self::people(&machine)?)?;
    same("the plugins and their grants", &grants, &machine.sh("estampe plugin list --json")?)?;
    // the socket was held meanwhile
    expect("the card after the update", &machine.curl(&card.replace(&port, "localhost:443"))?, " 200")?;
    machine.sh("systemctl disable --now estampe-public.socket && systemctl restart estampe")?;
    expect("the card without the socket", &machine.curl(&card)?, " 200")?;
    machine.sh("test -f /etc/estampe/conf.d/10-mine.toml")?;
    expect("the version", &machine.sh(&format!("dpkg-query --show {package}"))?, NEXT)?;

    machine.sh("systemctl kill --signal=KILL estampe")?;
    stop::until("a service that systemd started again", Duration::from_mins(1), || {
        let state = machine.sh("systemctl show estampe --property=NRestarts,ActiveState")?;
        Ok((state.contains("ActiveState=active") && !state.contains("NRestarts=0")).then_some(()))
    })?;
    same("the people after kill -9", &people, &self::people(&machine)?)?;
    restored(&machine, &people)?;

    // removing keeps data, configuration and which sockets are enabled; purging leaves nothing
    machine.sh("systemctl stop estampe && systemctl enable --now estampe-public.socket && systemctl start estampe")?;
    machine.sh(&format!(
        "apt-get remove --yes {package} && test -f /var/lib/estampe/estampe.db && test -d /etc/estampe"
    ))?;
    gone(&machine)?;
    machine.sh("apt-get install --yes ./estampe.deb --allow-downgrades")?;
    same("the people after the old package came back", &people, &self::people(&machine)?)?;
    expect("the card after it came back", &machine.curl(&card.replace(&port, "localhost:443"))?, " 200")?;
    // the other variant takes over everything, and purging what is left of this one takes nothing away
    machine.sh(&format!("apt-get install --yes ./other.deb && apt-get purge --yes {package}"))?;
    machine.sh("systemctl is-active estampe && systemctl is-enabled estampe estampe-public.socket")?;
    same("the people with the other variant", &people, &self::people(&machine)?)?;
    let package = parts.variant.other().package();
    machine.sh(&format!("apt-get purge --yes {package}"))?;
    gone(&machine)?;
    let left = machine.sh("find / -xdev -iname '*estampe*' -not -path '/proc/*' -not -path '/root/*' -not -path '/var/log/*' -not -path '/var/backups/*' -not -path '/etc/systemd/system/estampe.service.d*' -not -path '/run/*' | sort")?;
    let left: Vec<&str> = left.lines().filter(|line| !line.is_empty()).collect();
    if !left.is_empty() {
        return Err(format!("purging leaves {}", left.join(", ")));
    }
    machine.sh("ls /var/backups/estampe/estampe-*.tar.age")?;
    expect("the user after purging", &machine.sh("getent passwd estampe || echo gone")?, "gone")?;
    machine.stop()
}

/// Whether neither a process nor a socket of the package is left.
fn gone(machine: &Machine) -> Result<(), String> {
    let left = machine
        .sh("systemctl list-units --plain --no-legend --state=active,activating,deactivating 'estampe*'; \
         grep -lz '^/usr/bin/estampe' /proc/[0-9]*/cmdline 2>/dev/null || true")?;
    same("what still runs of the package", "", left.trim())
}

/// The data is lost, and root brings the newest backup back: it has to be the service's again.
fn restored(machine: &Machine, before: &str) -> Result<(), String> {
    machine.sh(
        "systemctl stop estampe && mv /var/lib/estampe /root/lost && install -d -o estampe -g estampe -m 700 /var/lib/estampe && \
         estampe restore $(ls /var/backups/estampe/estampe-*.tar.age | tail -1) --identity /root/backup.key",
    )?;
    same("what is not the service's own", "", machine.sh("find /var/lib/estampe ! -user estampe")?.trim())?;
    machine.sh("systemctl start estampe && rm -r /root/lost")?;
    same("the people of the backup", before, &people(machine)?)
}

/// The people; but not the addresses of their cards, which follow the port that is listened on.
fn people(machine: &Machine) -> Result<String, String> {
    let said = machine.sh("estampe person list --json")?;
    let mut found: serde_json::Value = serde_json::from_str(&said).map_err(|error| format!("{error}: {said}"))?;
    for person in found.get_mut("people").and_then(serde_json::Value::as_array_mut).into_iter().flatten() {
        person.as_object_mut().and_then(|person| person.remove("card_url"));
    }
    Ok(found.to_string())
}

fn field(json: &str, name: &str) -> Result<String, String> {
    let value: serde_json::Value = serde_json::from_str(json).map_err(|error| format!("{error}: {json}"))?;
    let found = value.pointer(&format!("/people/0/{name}")).and_then(serde_json::Value::as_str);
    found.map(str::to_owned).ok_or_else(|| format!("no {name} in {json}"))
}

fn expect(what: &str, said: &str, wanted: &str) -> Result<(), String> {
    if said.contains(wanted) { Ok(()) } else { Err(format!("{what}: expected \"{wanted}\": {said}")) }
}

fn same(what: &str, before: &str, after: &str) -> Result<(), String> {
    if before == after { Ok(()) } else { Err(format!("{what} changed:\n{before}\n{after}")) }
}
