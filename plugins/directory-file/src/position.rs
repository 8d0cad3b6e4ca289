//! Where a run stands between two pages: all that a fresh instance has to know.

use estampe_plugin_sdk::{Cursor, FailKind, Failure, FileInfo, cursor};
use serde::{Deserialize, Serialize};

use crate::csv::Layout;
use crate::ldif::Skip;

/// The version of the cursor's shape.
const VERSION: u8 = 1;

/// The cursor.
#[derive(Debug, Serialize, Deserialize)]
pub struct Position {
    #[serde(rename = "v")]
    version: u8,
    /// Octets of the file: another size is another file.
    size: u64,
    /// Where the next record begins, octets.
    pub offset: u64,
    /// And on which line, the first being 1.
    pub line: u64,
    /// What was met so far, for the last log line.
    pub counts: Counts,
    /// What the format has to remember.
    pub format: Format,
}

/// The file's format and its reader's memory.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 2849; within a refused entry of which the rest is skipped, how far.
    Ldif(Option<Skip>),
    /// RFC 4180, with the meaning of its columns.
    Csv(Layout),
}

/// What was met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Entries of people.
    pub people: u64,
    /// Entries that were refused.
    pub refused: u64,
    /// Entries of something else: units, groups, machines, empty rows.
    pub others: u64,
}

impl Position {
    /// The beginning of a file, past its byte order mark.
    pub fn start(info: &FileInfo, offset: u64, line: u64, format: Format) -> Self {
        Self { version: VERSION, size: info.size, offset, line, counts: Counts::default(), format }
    }

    /// Reads a cursor for this file.
    pub fn decode(from: &[u8], info: &FileInfo) -> Result<Self, Failure> {
        let position: Self = cursor::decode(from)?;
        let expired = |why: &str| Err(Failure::new(FailKind::CursorExpired, why));
        if position.version != VERSION {
            return expired("the cursor was written by another version of this plugin");
        }
        if position.size != info.size || position.offset > info.size {
            return expired("the file is not the one that this run began with: its size is another");
        }
        Ok(position)
    }

    /// Writes it.
    pub fn encode(&self) -> Result<Cursor, Failure> {
        cursor::encode(self)
    }
}
