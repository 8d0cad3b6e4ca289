//! Programs that run beside us for a while: started on a leash, stopped by their id.
//!
//! The leash is the kernel's: `setpriv --pdeathsig` has it send the child a signal when
//! this process ends, however it ends. So nothing is left running, even after
//! `kill -9`. The main thread starts them, because the leash is tied to the thread.

use std::ffi::OsStr;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::stop;

/// A running program. Dropping it stops it.
pub struct Running {
    name: &'static str,
    child: Child,
    signal: Signal,
    group: bool,
    patience: Duration,
}

impl Running {
    /// A command that starts on the leash; `signal` as setpriv writes it: `TERM`.
    pub fn leashed(program: impl AsRef<OsStr>, signal: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", signal, "--"]).arg(program);
        command
    }

    /// Starts it in a process group of its own, so that Ctrl-C in a terminal reaches us
    /// alone and we stop things in order. It is stopped by `signal`, and by SIGKILL when
    /// that took longer than `patience`.
    pub fn start(
        name: &'static str,
        command: &mut Command,
        signal: Signal,
        patience: Duration,
    ) -> Result<Self, String> {
        let child = command.process_group(0).spawn().map_err(|error| format!("{name} cannot be started: {error}"))?;
        Ok(Self { name, child, signal, group: false, patience })
    }

    /// Sends the signals to everything that it started, too.
    pub fn with_group(mut self) -> Self {
        self.group = true;
        self
    }

    /// What it writes, when that is piped.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, String> {
        self.child.try_wait().map_err(|error| format!("{}: {error}", self.name))
    }

    /// Waits for its end; when someone asks to stop, stops it and says so.
    pub fn wait(&mut self) -> Result<ExitStatus, String> {
        let ended = stop::until(self.name, Duration::MAX / 4, || self.ended());
        if ended.is_err() {
            self.stop()?;
        }
        ended
    }

    /// Stops it and gives back how it ended.
    pub fn stop(&mut self) -> Result<ExitStatus, String> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        self.send(self.signal);
        let end = std::time::Instant::now() + self.patience;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if std::time::Instant::now() > end {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.send(Signal::KILL);
        let status = self.child.wait().map_err(|error| format!("{}: {error}", self.name))?;
        debug_assert!(status.signal().is_some() || status.code().is_some());
        Err(format!("{} did not stop within {} and was killed", self.name, crate::steps::seconds(self.patience)))
    }

    fn send(&self, signal: Signal) {
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return };
        // a process that is gone needs no signal
        let _ = if self.group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // an end that was waited for has been reported already
        let _ = self.stop();
    }
}

/// Runs a program to its end with its output as ours; it and what it starts are stopped
/// when someone asks.
pub fn run(name: &'static str, command: &mut Command) -> Result<(), String> {
    command.stdin(Stdio::null());
    let mut running = Running::start(name, command, Signal::TERM, Duration::from_secs(20))?.with_group();
    let ended = running.wait();
    // what a failed test left behind (a browser outlives its driver) ends with the run
    running.send(Signal::KILL);
    let status = ended?;
    if status.success() { Ok(()) } else { Err(format!("{name} failed ({status})")) }
}

/// Runs a short program and gives what it wrote.
pub fn output(name: &str, command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{name} ({}) cannot be started: {error}", command.get_program().display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} failed ({}): {}{}", output.status, said.trim(), text.trim()))
}
