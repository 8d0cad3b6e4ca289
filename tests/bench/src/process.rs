//! Programs that run beside us for a while, on a leash of the kernel's: they end when we
//! do, however we end.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A running program. Dropping it stops it.
pub struct Running {
    name: &'static str,
    child: Child,
}

impl Running {
    /// Starts it with its words going to `log`. Call it from the main thread: the leash
    /// is tied to the thread.
    pub fn start(
        name: &'static str,
        program: impl AsRef<OsStr>,
        arguments: &[&OsStr],
        log: &Path,
    ) -> Result<Self, String> {
        let at = |e: std::io::Error| format!("{name}: {e}");
        let file = fs::File::options().create(true).append(true).open(log).map_err(at)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program).args(arguments);
        command.stdin(Stdio::null()).stdout(file.try_clone().map_err(at)?).stderr(file);
        // Ctrl-C in a terminal reaches xtask alone, which stops us, who stop it
        let child = command.process_group(0).spawn().map_err(at)?;
        Ok(Self { name, child })
    }

    /// Its process id: setpriv becomes the program.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, String> {
        self.child.try_wait().map_err(|e| format!("{}: {e}", self.name))
    }

    /// Stops it and waits for its end.
    pub fn stop(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
            && self.ended()?.is_none()
        {
            let _ = kill_process(pid, Signal::TERM);
        }
        while self.ended()?.is_none() {
            if begun.elapsed() > Duration::from_secs(40) {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return Err(format!("{} did not stop and was killed", self.name));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Memory that it holds now (VmRSS), in bytes.
    pub fn resident(&self) -> Result<u64, String> {
        self.memory("VmRSS:")
    }

    /// The most memory that it held so far (VmHWM), in bytes.
    pub fn peak(&self) -> Result<u64, String> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> Result<u64, String> {
        let file = format!("/proc/{}/status", self.pid());
        let text = fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse::<u64>().ok())
            .map(|kib| kib * 1024)
            .ok_or_else(|| format!("{file}: no {name}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

/// Runs a short program and gives what it wrote.
pub fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{name}: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!("{name} failed ({}): {}{text}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// MiB.
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// A port of the loopback that is free now.
pub fn free_port() -> Result<u16, String> {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|e| format!("no free port: {e}"))
}
