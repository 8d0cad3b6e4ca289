//! A folder served over HTTP, for pages that stand in files.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::{Process, until};

/// Serves the files below a folder until it is dropped.
pub struct FileServer {
    _process: Process,
    /// Where: `http://127.0.0.1:port`.
    pub origin: String,
}

impl FileServer {
    /// Starts one.
    pub async fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut python = Command::new("/usr/bin/python3");
        python.args(["-m", "http.server", "--bind", "127.0.0.1", "--directory"]).arg(folder).arg(port.to_string());
        let process = Process::start(python.stdout(Stdio::null()).stderr(Stdio::null()));
        let origin = format!("http://127.0.0.1:{port}");
        until("a server of files", 20, async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
        Self { _process: process, origin }
    }
}
