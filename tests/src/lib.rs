//! The harness: starts the real binary, a mail server, databases and browsers, each
//! with a folder and ports of its own, and stops them by process id.

pub mod api;
mod browser;
mod bundle;
pub mod canary;
mod database;
mod directory;
mod files;
pub mod guest;
pub mod hostile_oidc;
mod ldap_server;
mod mail;
mod metrics;
mod mount;
pub mod oidc;
mod post;
mod prepared;
mod process;
mod raw;
mod server;
mod sql;
mod tls;
mod way_out;

pub use browser::{Browser, DESKTOP, PHONE, Scheme};
pub use bundle::{Bundle, Signer};
pub use database::{Database, fresh_postgres};
pub use directory::{HttpDirectory, Manners, REFRESH};
pub use files::FileServer;
pub use ldap_server::{Answer, Entry, LdapServer};
pub use mail::{Mail, MailCatcher};
pub use metrics::{Family, Metrics, Sample};
pub use mount::SmallDisk;
pub use post::{PostOffice, Weather};
pub use process::{Process, until};
pub use raw::Raw;
pub use server::{Options, Output, Server, binary, free_ports, sample, workspace};
pub use sql::quoted;
pub use tls::{Authority, Offer, Served, fingerprint, shake_hands};
pub use way_out::WayOut;

/// A configuration without limits of rates, for tests that ask more than a person would.
pub const UNLIMITED: &str = "[limits]\nrequests_per_minute = 0\nleads_per_minute = 0\ncard_leads_per_minute = 0\napi_requests_per_minute = 0\nconnections_per_client = 0\n";

/// Makes two tests of one: on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($database:ident) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn body($database: $crate::Database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                body($crate::Database::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                body($crate::Database::Postgres).await;
            }
        }
    )+};
}
