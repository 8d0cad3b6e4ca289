//! A throw-away PostgreSQL cluster for the tests and benches, gone with them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::children::{self, Running};
use crate::stop;

/// Whether what is committed has to survive a power cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// It is gone with the test anyhow.
    Nothing,
    /// As in production: what a bench measures.
    Durable,
}

/// A running cluster.
pub struct Cluster {
    process: Option<Running>,
    folder: PathBuf,
    port: u16,
}

/// Whom the server runs as: PostgreSQL refuses root.
struct Owner {
    uid: u32,
    gid: u32,
}

impl Cluster {
    /// Makes and starts one in a temporary folder, on a free port of the loopback.
    pub fn start(keeping: Keeping) -> Result<Self, String> {
        let programs = programs()?;
        let owner = owner()?;
        let folder = std::env::temp_dir().join(format!("estampe-postgres-{}", std::process::id()));
        let mut cluster = Self { process: None, folder, port: 0 };
        fs::create_dir_all(&cluster.folder)
            .and_then(|()| fs::set_permissions(&cluster.folder, fs::Permissions::from_mode(0o700)))
            .and_then(|()| std::os::unix::fs::chown(&cluster.folder, Some(owner.uid), Some(owner.gid)))
            .map_err(|error| format!("{}: {error}", cluster.folder.display()))?;
        let data = cluster.folder.join("data");
        // an ICU collation of a language with accents, as customers have: an order that
        // leans on the database's own would differ from SQLite's and be found out
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.arg("--pgdata").arg(&data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--locale-provider=icu",
            "--icu-locale=fr-FR",
            "--no-sync",
        ]);
        initdb.current_dir(&cluster.folder).uid(owner.uid).gid(owner.gid);
        children::output("initdb", &mut initdb)?;
        cluster.serve(&programs, &data, &owner, keeping)?;
        Ok(cluster)
    }

    fn serve(&mut self, programs: &Path, data: &Path, owner: &Owner, keeping: Keeping) -> Result<(), String> {
        self.port = free_port()?;
        let log_file = self.folder.join("log");
        let log = fs::File::create(&log_file).map_err(|error| format!("{}: {error}", log_file.display()))?;
        // SIGQUIT stops it at once, which is right for data that nobody keeps
        let mut command = Running::leashed(programs.join("postgres"), "QUIT");
        command.arg("-D").arg(data).arg("-k").arg(&self.folder);
        for setting in [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            "max_connections=300".to_owned(),
            "shared_buffers=64MB".to_owned(),
            "timezone=UTC".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        if keeping == Keeping::Nothing {
            for setting in ["fsync=off", "synchronous_commit=off", "full_page_writes=off"] {
                command.arg("-c").arg(setting);
            }
        }
        command.current_dir(&self.folder).uid(owner.uid).gid(owner.gid);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = Running::start("postgres", &mut command, Signal::QUIT, Duration::from_secs(10))?;
        let process = self.process.insert(process);
        let (port, folder) = (self.port.to_string(), self.folder.clone());
        stop::until("PostgreSQL", Duration::from_secs(30), || {
            if let Some(status) = process.ended()? {
                let said = fs::read_to_string(&log_file).unwrap_or_default();
                return Err(format!("PostgreSQL ended ({status}):\n{said}"));
            }
            let mut ready = Command::new(programs.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &port]).current_dir(&folder);
            Ok(children::output("pg_isready", &mut ready).ok())
        })
        .map(|_| ())
    }

    /// The address of its maintenance database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.process.take());
        // it is in the folder for temporary files: whoever cleans there takes it along
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The newest version's programs, where Debian puts them.
fn programs() -> Result<PathBuf, String> {
    let versions = fs::read_dir("/usr/lib/postgresql").map_err(|error| format!("/usr/lib/postgresql: {error}"))?;
    versions
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("bin"))
        .filter(|path| path.join("initdb").is_file())
        .max_by_key(|path| {
            let version = path.parent().and_then(Path::file_name);
            version.and_then(|v| v.to_str()?.parse::<u32>().ok())
        })
        .ok_or_else(|| "no PostgreSQL in /usr/lib/postgresql: install the package postgresql".to_owned())
}

fn owner() -> Result<Owner, String> {
    if rustix::process::geteuid().is_root() {
        let passwd = fs::read_to_string("/etc/passwd").map_err(|error| format!("/etc/passwd: {error}"))?;
        let mut fields =
            passwd.lines().find(|line| line.starts_with("postgres:")).into_iter().flat_map(|l| l.split(':'));
        let uid = fields.nth(2).and_then(|id| id.parse().ok());
        let gid = fields.next().and_then(|id| id.parse().ok());
        return match (uid, gid) {
            (Some(uid), Some(gid)) => Ok(Owner { uid, gid }),
            _ => Err("there is no user postgres: install the package postgresql".to_owned()),
        };
    }
    let own = fs::metadata("/proc/self").map_err(|error| format!("/proc/self: {error}"))?;
    Ok(Owner { uid: own.uid(), gid: own.gid() })
}

fn free_port() -> Result<u16, String> {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}
