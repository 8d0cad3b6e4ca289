//! The image in a container that may do nothing: not root, no capability, a root that cannot be
//! written, 64 MiB of memory for a shipped build.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::children;
use crate::dist::{Parts, VERSION};
use crate::steps::{note, seconds};
use crate::stop;

/// Who the service is there.
const USER: u32 = 10_001;
/// Memory for a shipped build, and for one of the tests, whose code is thrice as large.
const MEMORY: [(&str, bool); 2] = [("64m", true), ("256m", false)];

/// Starts it, asks for its health and for a page, and stops it.
pub fn run(work: &Path, image: &Path, parts: &Parts) -> Result<(), String> {
    let store = work.join("containers");
    let podman = || {
        let mut podman = Command::new("podman");
        podman.arg("--root").arg(store.join("store")).arg("--runroot").arg(store.join("run"));
        podman.args(["--storage-driver", "vfs", "--runtime", "/usr/sbin/runc", "--cgroup-manager", "cgroupfs"]);
        podman.args(["--events-backend", "file"]);
        podman
    };
    let data = work.join("container-data");
    fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
    chown(&data, Some(USER), Some(USER)).map_err(|error| format!("{}: {error}", data.display()))?;
    let loaded = children::output("podman load", podman().args(["load", "--input"]).arg(image))?;
    note(loaded.trim());
    let tag = format!("localhost/{}:{VERSION}", parts.variant.package());
    let shipped = parts.sbom.is_empty();
    let memory = MEMORY.iter().find(|(_, of)| *of == shipped).map_or("64m", |(memory, _)| memory);
    let mut start = podman();
    start.args(["run", "--detach", "--name=estampe", "--network=host", "--read-only", "--cap-drop=all"]);
    start.args(["--security-opt=no-new-privileges", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]);
    start.args([&format!("--memory={memory}"), "--user=10001:10001"]);
    start.args(["--env=ESTAMPE_LISTEN__PUBLIC=127.0.0.1:18443", "--env=ESTAMPE_LISTEN__INTERNAL=127.0.0.1:19443"]);
    start.arg(format!("--volume={}:/var/lib/estampe", data.display())).arg(&tag);
    let begun = Instant::now();
    children::output("podman run", &mut start)?;
    let outcome = tried(&podman, begun);
    let log = children::output("podman logs", podman().args(["logs", "estampe"])).unwrap_or_default();
    let stopped = children::output("podman stop", podman().args(["stop", "--time=30", "estampe"]));
    let ended =
        children::output("podman inspect", podman().args(["inspect", "--format={{.State.ExitCode}}", "estampe"]));
    let _ = children::output("podman rm", podman().args(["rm", "--force", "estampe"]));
    outcome.and(stopped).map_err(|problem| format!("{problem}\n{log}"))?;
    match ended?.trim() {
        "0" => Ok(()),
        code => Err(format!("it ended with {code} when asked to stop\n{log}")),
    }
}

fn tried(podman: &dyn Fn() -> Command, begun: Instant) -> Result<String, String> {
    let inside = |arguments: &[&str]| {
        let mut exec = podman();
        exec.args(["exec", "estampe", "/usr/bin/estampe"]).args(arguments);
        children::output("podman exec", &mut exec)
    };
    stop::until("a healthy container", Duration::from_mins(1), || Ok(inside(&["health"]).ok()))?;
    note(&format!("healthy after {}", seconds(begun.elapsed())));
    inside(&["source", "list"])?;
    inside(&["plugin", "install", "signature-classic", "--yes"])?;
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--insecure", "--output", "/dev/null", "--write-out", "%{http_code}"]);
    let code = children::output("curl", curl.arg("https://localhost:18443/c/none"))?;
    if code.trim() != "404" {
        return Err(format!("a card that is not there: {code}"));
    }
    // what it holds once nobody asks for anything: two looks that see the same
    let mut before = String::new();
    let memory = stop::until("memory that stands still", Duration::from_mins(1), || {
        let mut stats = podman();
        stats.args(["stats", "--no-stream", "--format={{.MemUsage}}", "estampe"]);
        let memory = children::output("podman stats", &mut stats)?;
        let still = memory == before;
        before.clone_from(&memory);
        Ok(still.then_some(memory))
    })?;
    note(&format!("memory, idle, with a plugin: {}", memory.trim()));
    Ok(memory)
}
