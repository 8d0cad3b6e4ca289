//! Runs `estampe-compile`. It limits its own memory and computing; this side bounds
//! the time and what is taken from it.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::text::clean;

/// Octets of an artifact, at most.
pub const MAX_ARTIFACT: u64 = 256 << 20;
/// Octets of a message, at most.
const MAX_MESSAGE: u64 = 4_096;

/// The compiler program.
#[derive(Debug)]
pub struct Compiler {
    program: PathBuf,
    time: Duration,
}

impl Compiler {
    /// Names the program and bounds the time of each run.
    pub fn new(program: PathBuf, time: Duration) -> Self {
        Self { program, time }
    }

    /// What artifacts depend on besides the component.
    pub fn fingerprint(&self) -> Result<String, String> {
        let output = self.run(&["--fingerprint"], &[], 64)?;
        let text = String::from_utf8_lossy(&output).trim().to_owned();
        if text.is_empty() {
            return Err(format!("{} gave no fingerprint", self.program.display()));
        }
        Ok(text)
    }

    /// Compiles a component; the error says why it was refused.
    pub fn compile(&self, component: &[u8]) -> Result<Vec<u8>, String> {
        self.run(&[], component, MAX_ARTIFACT)
    }

    fn run(&self, arguments: &[&str], input: &[u8], cap: u64) -> Result<Vec<u8>, String> {
        let program = self.program.display();
        let cannot = |error: io::Error| format!("cannot run {program}: {error}");
        let mut child = Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .current_dir(Path::new("/"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(cannot)?;
        let outcome = self.talk(&mut child, input, cap);
        // whatever happened, no child is left behind; killing a dead one does no harm
        let _ = child.kill();
        let _ = child.wait();
        outcome
    }

    fn talk(&self, child: &mut Child, input: &[u8], cap: u64) -> Result<Vec<u8>, String> {
        let program = self.program.display();
        let cannot = |error: io::Error| format!("cannot talk to {program}: {error}");
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(format!("cannot talk to {program}: no pipes"));
        };
        thread::scope(|scope| {
            let named = || thread::Builder::new().name("compile-pipe".to_owned());
            // it may refuse before it read everything: that is no error of the pipe
            let write = move || drop(stdin.write_all(input));
            let writer = named().spawn_scoped(scope, write).map_err(cannot);
            let output = named().spawn_scoped(scope, move || read_capped(stdout, cap));
            let words = named().spawn_scoped(scope, move || read_capped(stderr, MAX_MESSAGE));
            let finished = self.wait(child);
            if !matches!(finished, Ok(Some(_))) {
                // ends the pipes, and with them the threads
                let _ = child.kill();
            }
            let output = output.map_err(cannot)?.join();
            let words = words.map_err(cannot)?.join();
            writer?;
            let Some(status) = finished.map_err(cannot)? else {
                return Err(format!("compiling took longer than {:?} and was stopped", self.time));
            };
            let (Ok(output), Ok(words)) = (output, words) else {
                return Err(format!("the pipes to {program} broke"));
            };
            if !status.success() {
                let words = clean(&String::from_utf8_lossy(&words.unwrap_or_default()), 500);
                // no exit code: a signal ended it, as exceeding its own limits does
                return Err(if status.code().is_some() && !words.is_empty() {
                    words
                } else {
                    "compiling it used more memory or time than it may and was stopped".to_owned()
                });
            }
            let output = output.map_err(cannot)?;
            if output.len() as u64 > cap {
                return Err(format!("the compiled plugin is larger than {} MiB", cap >> 20));
            }
            Ok(output)
        })
    }

    /// How it ended; none when it did not in time.
    fn wait(&self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let start = Instant::now();
        while start.elapsed() < self.time {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(None)
    }
}

/// Reads at most one octet more than `cap`, then closes.
fn read_capped(pipe: impl Read, cap: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    pipe.take(cap + 1).read_to_end(&mut octets)?;
    Ok(octets)
}
