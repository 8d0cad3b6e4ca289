//! The peer for pages: nginx with a configuration of our own, in a folder of its own, on
//! a free port; the system's service is left alone.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::certificate::Certificates;
use crate::client::{Answer, Target};
use crate::process::{Running, free_port};

const PROGRAM: &str = "/usr/sbin/nginx";
/// As many workers as the server under test has on its public listener.
const WORKERS: usize = 2;

/// A running nginx.
pub struct Nginx {
    process: Running,
    /// Where it answers, by HTTP/1.1 and HTTP/2.
    pub target: Target,
}

impl Nginx {
    /// Serves `page` (our own answer, as it came: packed or not) as a static file under
    /// every path below `/c/`.
    pub fn start(folder: &Path, certificates: &Certificates, page: &Answer) -> Result<Self, String> {
        let folder = folder.join("nginx");
        let at = |e: std::io::Error| format!("{}: {e}", folder.display());
        fs::create_dir_all(folder.join("root")).map_err(at)?;
        fs::write(folder.join("root/card.html"), &page.body).map_err(at)?;
        let port = free_port()?;
        let file = folder.join("nginx.conf");
        fs::write(&file, configuration(&folder, certificates, port, page.encoding())).map_err(at)?;
        let log = folder.join("error.log");
        let arguments = [OsStr::new("-e"), log.as_os_str(), OsStr::new("-c"), file.as_os_str()];
        let process = Running::start("nginx", PROGRAM, &arguments, &log)?;
        let mut nginx = Self { process, target: Target::new(port, certificates)? };
        nginx.wait(&log, page)?;
        Ok(nginx)
    }

    fn wait(&mut self, log: &Path, page: &Answer) -> Result<(), String> {
        let (runtime, begun) = (crate::load::runtime(1)?, Instant::now());
        loop {
            let said = || fs::read_to_string(log).unwrap_or_default();
            if let Some(status) = self.process.ended()? {
                return Err(format!("nginx ended ({status}): {}", said()));
            }
            match runtime.block_on(self.target.get("/c/a", "fr")) {
                Ok(answer)
                    if answer.status == 200 && answer.body == page.body && answer.encoding() == page.encoding() =>
                {
                    return Ok(());
                }
                Ok(answer) => return Err(format!("nginx serves something else: status {}", answer.status)),
                Err(problem) if begun.elapsed() > Duration::from_secs(20) => {
                    return Err(format!("nginx does not answer: {problem}\n{}", said()));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

/// nginx as it serves a static file by default; no logs, connections never ended for their
/// age.
fn configuration(folder: &Path, certificates: &Certificates, port: u16, encoding: Option<&str>) -> String {
    let folder = folder.display();
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    let encoding = encoding.map_or_else(String::new, |name| format!("add_header Content-Encoding {name};"));
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("  {kind}_temp_path {folder}/{kind};\n"))
        .collect();
    format!(
        "{user}daemon off;\nworker_processes {WORKERS};\npid {folder}/nginx.pid;\n\
         events {{ worker_connections 20000; }}\n\
         http {{\n{temporary}\
           access_log off;\n  sendfile on;\n  tcp_nopush on;\n  tcp_nodelay on;\n  gzip off;\n  etag on;\n\
           keepalive_timeout 75s;\n  keepalive_requests 100000000;\n\
           server {{\n    listen 127.0.0.1:{port} ssl http2 backlog=4096;\n    server_name localhost;\n\
             ssl_certificate {leaf};\n    ssl_certificate_key {key};\n    ssl_protocols TLSv1.3;\n\
             root {folder}/root;\n\
             location /c/ {{\n      default_type text/html;\n      {encoding}\n      add_header Vary Accept-Encoding;\n\
               try_files /card.html =404;\n    }}\n  }}\n}}\n",
        leaf = certificates.leaf.display(),
        key = certificates.key.display(),
    )
}
