//! A run, page by page: those who are there, those who were deleted, the groups.

use estampe_plugin_sdk::{Cursor, FailKind, Failure, Host, LogLevel, Page, SyncMode, cursor};
use serde::{Deserialize, Serialize};

use crate::groups::{self, Reading};
use crate::{is_on, people};

/// Where a run stands between two pages.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Among the users.
    Users {
        /// Google's token of the page; none for the first.
        token: Option<String>,
        /// The last user of the page that was told: the photos of a page are too many for a call.
        after: Option<String>,
    },
    /// Among those that were deleted in the last twenty days.
    Deleted {
        /// Google's token of the page.
        token: Option<String>,
    },
    /// Among the groups.
    Groups(Reading),
}

/// One page.
pub fn page(host: &dyn Host, mode: SyncMode, from: Option<Cursor>) -> Result<Page, Failure> {
    if mode == SyncMode::Incremental {
        let words = "Google tells no changes: the directory is read as a whole";
        return Err(Failure::new(FailKind::CursorExpired, words));
    }
    if !is_on(host, "people", true) {
        host.log(LogLevel::Info, "`people` is switched off: nobody is read, and who was read earlier is gone");
        return Ok(Page { events: Vec::new(), next: None, checkpoint: None });
    }
    let (events, next) = match from.map(|from| cursor::decode(&from)).transpose()? {
        None => people::page(host, None, None)?,
        Some(Place::Users { token, after }) => people::page(host, token, after.as_deref())?,
        Some(Place::Deleted { token }) => people::deleted(host, token.as_deref())?,
        Some(Place::Groups(reading)) => groups::page(host, reading)?,
    };
    let next = next.as_ref().map(cursor::encode).transpose()?;
    Ok(Page { events, next, checkpoint: None })
}
