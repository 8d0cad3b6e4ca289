//! The benches: one file each, one line in [`all`].

mod backup;
mod card;
mod console;
mod directory;
mod guests;
mod idle;
mod leads;
mod plugins;
mod providers;
mod sign_ins;
mod start;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::certificate::Certificates;
use crate::data::Prepared;
use crate::report::Row;
use crate::server::{Built, Server};

/// Something that is measured.
pub trait Bench {
    /// Its name, on the command line and of its file.
    fn name(&self) -> &'static str;
    /// What it measures, in a line.
    fn about(&self) -> &'static str;
    /// Measures it.
    fn run(&self, with: &Setting) -> Result<Vec<Row>, String>;
}

/// Every bench, in the order in which they run.
pub fn all() -> Vec<Box<dyn Bench>> {
    vec![
        Box::new(card::Card),
        Box::new(leads::Leads),
        Box::new(idle::Idle),
        Box::new(start::Start),
        Box::new(plugins::OfPlugins),
        Box::new(guests::OfGuests),
        Box::new(directory::Directory),
        Box::new(providers::Providers),
        Box::new(console::Console),
        Box::new(sign_ins::SignIns),
        Box::new(backup::Backup),
    ]
}

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Rounds, of which the median counts.
    pub rounds: usize,
    /// How long one side is measured in a round.
    pub time: Duration,
    /// Cards in the database.
    pub cards: usize,
    /// Connections that idle.
    pub idle: usize,
}

impl Pace {
    /// Whether everything works, in a minute; the figures mean little.
    pub const QUICK: Self = Self { rounds: 1, time: Duration::from_secs(1), cards: 2_000, idle: 500 };
    /// What the bars are meant for.
    pub const USUAL: Self = Self { rounds: 5, time: Duration::from_secs(3), cards: 100_000, idle: 10_000 };
    /// For a quiet machine and a patient reader.
    pub const LONG: Self = Self { rounds: 9, time: Duration::from_secs(15), ..Self::USUAL };
}

/// What every bench works with.
pub struct Setting {
    /// The folder of the workspace.
    pub workspace: PathBuf,
    /// `target/bench`: on the disk that is measured, and kept.
    pub folder: PathBuf,
    /// The release build.
    pub built: Built,
    /// A cluster of PostgreSQL, durable; xtask starts it.
    pub postgres: Option<String>,
    /// How much is measured.
    pub pace: Pace,
}

/// A server with its folder, which goes with it.
pub struct Running {
    /// The server.
    pub server: Server,
    /// What both sides show.
    pub certificates: Certificates,
    /// Its folder.
    pub folder: TempDir,
    /// The public ids of its cards.
    pub cards: Vec<String>,
}

impl Setting {
    /// A folder for this run, on the disk that is measured.
    pub fn fresh_folder(&self) -> Result<TempDir, String> {
        let problem = |e| format!("{}: {e}", self.folder.display());
        tempfile::Builder::new().prefix("run-").tempdir_in(&self.folder).map_err(problem)
    }

    /// The data folder with as many cards as the pace says.
    pub fn prepared(&self) -> Result<Prepared, String> {
        Prepared::get(&self.workspace, &self.folder, &self.built, self.pace.cards)
    }

    /// A server on a copy of the prepared data folder.
    pub fn server(&self) -> Result<Running, String> {
        let prepared = self.prepared()?;
        let folder = self.fresh_folder()?;
        prepared.copy_to(folder.path())?;
        let certificates = Certificates::make(folder.path())?;
        let server = Server::start(&self.built, folder.path(), &certificates)?;
        Ok(Running { server, certificates, folder, cards: prepared.cards })
    }
}

impl Running {
    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The path of the card that everybody asks for.
    pub fn hot_card(&self) -> Result<String, String> {
        self.cards.first().map(|card| format!("/c/{card}")).ok_or_else(|| "there is no card".to_owned())
    }

    /// Stops the server; it must end well.
    pub fn stop(self) -> Result<(), String> {
        self.server.stop()
    }
}
