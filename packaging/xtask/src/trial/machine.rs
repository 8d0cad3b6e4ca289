//! A clean Debian with a real systemd, in namespaces of its own and without a network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::children::{self, Running};
use crate::dist::Variant;
use crate::steps::note;
use crate::{stop, tools};

/// What a small server has before anybody installs something, and libpq where the package needs it:
/// there is no network to fetch it from.
const PACKAGES: &[&str] = &["ca-certificates", "dbus", "systemd", "systemd-sysv"];

/// Its files.
pub fn archive(variant: Variant) -> Result<PathBuf, String> {
    let mut packages = PACKAGES.to_vec();
    if variant == Variant::Postgres {
        packages.push("libpq5");
    }
    tools::debian("minbase", &packages)
}

/// It, while it runs.
pub struct Machine {
    nspawn: Running,
    root: PathBuf,
    leader: String,
}

impl Machine {
    /// Unpacks and boots it.
    pub fn boot(work: &Path, variant: Variant) -> Result<Self, String> {
        let archive = archive(variant)?;
        let root = work.join("root");
        fs::create_dir_all(&root).map_err(|error| format!("{}: {error}", root.display()))?;
        let mut unpack = Command::new("tar");
        // its own device nodes are made by nspawn
        unpack.args(["--numeric-owner", "--exclude=./dev/*", "-xf"]).arg(&archive).arg("-C").arg(&root);
        children::run("tar", &mut unpack)?;
        let mut nspawn = Running::leashed("systemd-nspawn", "KILL");
        nspawn.args(["--quiet", "--boot", "--register=no", "--keep-unit", "--private-network", "--machine=clean"]);
        nspawn.arg("--directory").arg(&root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut nspawn = Running::start("systemd-nspawn", &mut nspawn, Signal::TERM, Duration::from_secs(30))?;
        let id = nspawn.child().id();
        let leader = stop::until("a Debian that boots", Duration::from_mins(1), || {
            if let Some(status) = nspawn.ended()? {
                return Err(format!("systemd-nspawn ended ({status})"));
            }
            let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
            Ok(children.split_whitespace().next().map(str::to_owned))
        })?;
        let machine = Self { nspawn, root, leader };
        stop::until("a Debian that is up", Duration::from_mins(4), || {
            let state = machine.sh("systemctl is-system-running || true").unwrap_or_default();
            Ok(matches!(state.trim(), "running" | "degraded").then_some(()))
        })?;
        note("a clean Debian is up");
        Ok(machine)
    }

    /// Copies a file into it.
    pub fn put(&self, from: &Path, to: &str) -> Result<(), String> {
        let to = self.root.join(to);
        fs::copy(from, &to).map(|_| ()).map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))
    }

    /// Runs a command as its root does.
    pub fn sh(&self, command: &str) -> Result<String, String> {
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &self.leader, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--"]);
        enter.args(["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"]);
        enter.args(["DEBIAN_FRONTEND=noninteractive", "sh", "-ec"]).arg(format!("cd /root; {command}"));
        children::output(command, &mut enter).map_err(|problem| format!("{problem}\n{}", self.journal()))
    }

    /// What a browser on it gets: status and headers. This machine's curl asks, in its network.
    pub fn curl(&self, url: &str) -> Result<String, String> {
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &self.leader, "--net", "--", "curl", "--silent", "--show-error", "--insecure"]);
        enter.args(["--dump-header", "-", "--output", "/dev/null", url]);
        children::output("curl", &mut enter)
    }

    /// The newest lines of the service, for whoever has to find out.
    fn journal(&self) -> String {
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &self.leader, "--mount", "--pid", "--"]);
        enter.args(["journalctl", "--no-pager", "--lines=40", "--unit=estampe"]);
        children::output("journalctl", &mut enter).unwrap_or_default()
    }

    /// Shuts it down.
    pub fn stop(mut self) -> Result<(), String> {
        // the answer may be cut off by what it asks for
        let _ = self.sh("systemctl poweroff");
        stop::until("a Debian that is down", Duration::from_mins(1), || self.nspawn.ended())?;
        fs::remove_dir_all(&self.root).map_err(|error| format!("{}: {error}", self.root.display()))
    }
}
