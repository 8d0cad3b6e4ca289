//! Reads people and groups from Google Workspace by a service account with domain-wide
//! delegation, and reads and sets the signatures of its mailboxes. The host signs the assertions
//! (RFC 7523) and keeps the tokens; the key never comes here.
//!
//! Google tells no changes: every run lists everybody. What weighs, the photos, is fetched for
//! those alone whose photo has another etag than the one that was brought last.

mod address;
mod ask;
mod check;
mod groups;
mod mailboxes;
mod organisation;
mod people;
mod person;
mod photo;
mod refusal;
mod run;
mod scope;

use estampe_plugin_sdk::{Connector, Cursor, Description, Failure, Features, Host, Page, Probe, SyncMode, config};

/// The connector, with what it offers besides.
#[derive(Debug)]
pub struct GoogleWorkspace;

impl Connector for GoogleWorkspace {
    fn describe() -> Description {
        Description { features: Features { incremental: false }, attributes: person::fields() }
    }

    fn check(host: &dyn Host) -> Vec<Probe> {
        check::probes(host)
    }

    fn sync_page(host: &dyn Host, mode: SyncMode, from: Option<Cursor>) -> Result<Page, Failure> {
        run::page(host, mode, from)
    }
}

/// Whether a flag of the configuration is set; `default` when nothing stands there.
fn is_on(host: &dyn Host, key: &str, default: bool) -> bool {
    config::get(host, key).map_or(default, |value| value.eq_ignore_ascii_case("true"))
}

estampe_plugin_sdk::export_connector!(GoogleWorkspace);
estampe_plugin_sdk::export_mailboxes!(GoogleWorkspace);
estampe_plugin_sdk::export_organisation!(GoogleWorkspace);
