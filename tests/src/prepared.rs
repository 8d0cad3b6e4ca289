//! A house with the sample imported: made once in a run, and copied for each test that wants it. The plugin
//! is compiled and the directory read by the first alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::database::{Database, copy_of, fresh_postgres};
use crate::server::{Server, sample, target};

/// What a server left that imported the sample and stopped.
struct Prepared {
    data: PathBuf,
    /// The URL of its database; empty for SQLite, whose file is in the folder.
    url: String,
}

static SQLITE: OnceCell<Prepared> = OnceCell::const_new();
static POSTGRES: OnceCell<Prepared> = OnceCell::const_new();

/// A folder with a copy of its data, and the URL of a copy of its database.
pub(crate) async fn copy(database: Database) -> (TempDir, String) {
    let once = match database {
        Database::Sqlite => &SQLITE,
        Database::Postgres => &POSTGRES,
    };
    let prepared = once.get_or_init(|| prepare(database)).await;
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&prepared.data, &folder.path().join("data"));
    let url = if prepared.url.is_empty() { String::new() } else { copy_of(&prepared.url) };
    (folder, url)
}

async fn prepare(database: Database) -> Prepared {
    let url = match database {
        Database::Sqlite => String::new(),
        Database::Postgres => fresh_postgres(),
    };
    let mut server = Server::start_on(tempfile::tempdir().unwrap(), &url, "").await;
    server.import(&sample());
    server.stop();
    let data = place(database);
    copy_folder(&server.data(), &data);
    Prepared { data, url }
}

/// Where it lies: below the folder of what is built, by the process that made it. What processes left that
/// are gone is taken away.
fn place(database: Database) -> PathBuf {
    const PREFIX: &str = "prepared-";
    let above = target().join("tmp");
    std::fs::create_dir_all(&above).unwrap();
    for entry in std::fs::read_dir(&above).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        let made_by = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if made_by.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    above.join(format!("{PREFIX}{}-{database:?}", std::process::id()))
}

/// With owners and modes, which the server is particular about.
fn copy_folder(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "{} to {}", from.display(), to.display());
}
