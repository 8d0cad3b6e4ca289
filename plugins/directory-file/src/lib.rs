//! Reads people from an LDIF (RFC 2849) or CSV (RFC 4180) file, page by page.
//!
//! A page ends by its [`Limits`]; the cursor holds all that the next instance needs.
//! Memory stays flat whatever the file's size: at most one entry is held besides the
//! page.

mod attributes;
mod csv;
mod entry;
mod ldif;
mod options;
mod page;
mod position;
mod sniff;

use estampe_plugin_sdk::{
    Connector, Cursor, Description, Event, FailKind, Failure, Features, Host, LogLevel, Page, Probe, SyncMode,
};

use options::Options;
use position::{Format, Position};

/// The granted input that it reads.
const INPUT: &str = "people";

/// When a page ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most events.
    pub events: usize,
    /// About the most that its events hold, octets; a bigger one stands alone.
    pub weight: usize,
    /// About the most that it reads of the file, octets.
    pub read: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { events: 500, weight: 2 * 1024 * 1024, read: 16 * 1024 * 1024 }
    }
}

/// The connector.
#[derive(Debug)]
pub struct DirectoryFile;

impl Connector for DirectoryFile {
    fn describe() -> Description {
        Description {
            features: Features { incremental: false },
            attributes: attributes::KNOWN.iter().map(|known| known.name.to_owned()).collect(),
        }
    }

    fn check(host: &dyn Host) -> Vec<Probe> {
        let mut probes = Vec::new();
        let _ = try_everything(host, &mut probes);
        probes
    }

    fn sync_page(host: &dyn Host, mode: SyncMode, from: Option<Cursor>) -> Result<Page, Failure> {
        if mode == SyncMode::Incremental {
            return Err(Failure::new(
                FailKind::Unsupported,
                "a file does not say what changed; every run reads all of it",
            ));
        }
        page_within(host, from, Limits::default())
    }
}

/// One page of a full run, within these limits.
pub fn page_within(host: &dyn Host, from: Option<Cursor>, limits: Limits) -> Result<Page, Failure> {
    let options = Options::read(host)?;
    let info = host.stat(INPUT)?;
    let position = match from {
        Some(from) => Position::decode(&from, &info)?,
        None => sniff::start(host, &info, &options)?,
    };
    let (events, next, counts) = page::build(host, position, &options, limits)?;
    if next.is_none() {
        host.log(
            LogLevel::Info,
            &format!(
                "read to the end: {} people, {} entries refused, {} that are no people passed over",
                counts.people, counts.refused, counts.others
            ),
        );
    }
    let next = next.map(|next| next.encode()).transpose()?;
    Ok(Page { events, next, checkpoint: None })
}

/// Fills in a probe for each thing tried, and stops at the first that fails.
fn try_everything(host: &dyn Host, probes: &mut Vec<Probe>) -> Option<()> {
    let mut keep = |name: &str, result: Result<String, Failure>| match result {
        Ok(detail) => {
            probes.push(Probe::passed(name, detail));
            Some(())
        }
        Err(failure) => {
            probes.push(Probe::failed(name, failure.message));
            None
        }
    };
    let options = Options::read(host);
    keep("configuration", options.as_ref().map(|_| "can be read".to_owned()).map_err(Failure::clone))?;
    let options = options.ok()?;
    let info = host.stat(INPUT);
    keep("file", info.as_ref().map(|info| format!("{}, {} octets", info.name, info.size)).map_err(Failure::clone))?;
    let start = sniff::start(host, &info.ok()?, &options);
    keep("format", start.as_ref().map(describe_format).map_err(Failure::clone))?;
    let page = page::build(host, start.ok()?, &options, Limits::default());
    keep(
        "first entries",
        page.map(|(events, next, _)| {
            let refused = events.iter().filter(|e| matches!(e, Event::Rejected(_))).count();
            let more = if next.is_some() { ", and the file goes on" } else { ", and that is the whole file" };
            format!("{} people, {refused} refused{more}", events.len() - refused)
        }),
    )
}

fn describe_format(position: &Position) -> String {
    match &position.format {
        Format::Ldif(_) => "LDIF".to_owned(),
        Format::Csv(layout) => {
            let columns: Vec<String> =
                layout.columns.iter().map(|(column, meaning)| format!("{}: {meaning}", column + 1)).collect();
            format!(
                "CSV with {} columns; people are told apart by column {}; columns {}",
                layout.width,
                layout.id + 1,
                columns.join(", ")
            )
        }
    }
}

estampe_plugin_sdk::export_connector!(DirectoryFile);
