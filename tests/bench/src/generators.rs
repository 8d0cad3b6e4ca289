//! The load generators that are not ours: wrk for HTTP/1.1, h2load for HTTP/2.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::client::{ENCODINGS, Target};
use crate::process::output;

/// As many threads as there are cores in the smallest machine.
const THREADS: &str = "2";

/// Requests a second by wrk over HTTP/1.1; with `paths`, each request asks for the next.
pub fn wrk(
    target: &Target,
    path: &str,
    connections: usize,
    time: Duration,
    paths: Option<&Paths>,
) -> Result<f64, String> {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t", THREADS, "-c", &connections.to_string(), "-d", &format!("{}s", time.as_secs().max(1))]);
    wrk.args(["-H", &format!("Accept-Encoding: {ENCODINGS}"), "-H", "Accept-Language: fr"]);
    if let Some(paths) = paths {
        wrk.arg("-s").arg(&paths.script);
    }
    wrk.arg(format!("{}{path}", target.origin()));
    if let Some(paths) = paths {
        wrk.args([paths.list.as_os_str(), paths.from.to_string().as_ref()]);
    }
    let text = output(&mut wrk)?;
    for line in text.lines().map(str::trim) {
        if line.starts_with("Non-2xx") || line.starts_with("Socket errors") {
            return Err(format!("wrk: {line}"));
        }
    }
    text.lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:")?.trim().parse().ok())
        .ok_or_else(|| format!("wrk said something else:\n{text}"))
}

/// Requests a second by h2load over HTTP/2, this many at a time in each connection.
pub fn h2load(target: &Target, path: &str, connections: usize, streams: usize, time: Duration) -> Result<f64, String> {
    let mut h2load = Command::new("h2load");
    h2load.args(["-t", THREADS, "-c", &connections.to_string(), "-m", &streams.to_string()]);
    h2load.args(["-D", &time.as_secs().max(1).to_string(), "--warm-up-time", "1"]);
    h2load.args(["-H", &format!("accept-encoding: {ENCODINGS}"), "-H", "accept-language: fr"]);
    h2load.arg(format!("{}{path}", target.origin()));
    let text = output(&mut h2load)?;
    let codes = text.lines().find(|line| line.starts_with("status codes:")).unwrap_or_default();
    let failed = text.lines().find(|line| line.starts_with("requests:")).unwrap_or_default();
    if !text.contains("Application protocol: h2") {
        return Err(format!("h2load was not answered by HTTP/2:\n{text}"));
    }
    if !codes.contains(" 0 3xx, 0 4xx, 0 5xx") || !failed.contains(" 0 failed, 0 errored, 0 timeout") {
        return Err(format!("h2load: {failed}; {codes}"));
    }
    text.lines()
        .find_map(|line| {
            let (_, rest) = line.strip_prefix("finished in")?.split_once(", ")?;
            rest.split_once(" req/s")?.0.parse().ok()
        })
        .ok_or_else(|| format!("h2load said something else:\n{text}"))
}

/// A list of paths for wrk, in a file, and how far it was used.
pub struct Paths {
    script: PathBuf,
    list: PathBuf,
    from: usize,
}

/// Each thread takes every n-th path, so that none is asked for twice before the end of
/// the list.
const SCRIPT: &str = "\
local threads = 0
function setup(thread)
  thread:set('number', threads)
  threads = threads + 1
end
function init(args)
  paths = {}
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
  at = tonumber(args[2]) + number
end
function request()
  local path = paths[at % #paths + 1]
  at = at + 2
  return wrk.format('GET', path)
end
";

impl Paths {
    /// Writes the list of these cards.
    pub fn write(folder: &Path, cards: &[String]) -> Result<Self, String> {
        let paths = Self { script: folder.join("paths.lua"), list: folder.join("paths.txt"), from: 0 };
        let text: String = cards.iter().map(|card| format!("/c/{card}\n")).collect();
        for (file, text) in [(&paths.script, SCRIPT), (&paths.list, text.as_str())] {
            fs::write(file, text).map_err(|e| format!("{}: {e}", file.display()))?;
        }
        Ok(paths)
    }

    /// Goes on after those that were asked for.
    pub fn skip(&mut self, used: usize) {
        self.from += used;
    }

    /// How many were asked for so far.
    pub fn used(&self) -> usize {
        self.from
    }
}
