//! The harness: starts the real binary, a mail server, databases and browsers, each
//! with a folder and ports of its own, and stops them by process id.

mod browser;
mod database;
mod mail;
mod post;
mod process;
mod server;
mod sql;

pub use browser::{Browser, DESKTOP, PHONE, Scheme};
pub use database::{Database, fresh_postgres};
pub use mail::{Mail, MailCatcher};
pub use post::{PostOffice, Weather};
pub use process::{Process, until};
pub use server::{Options, Output, Server, sample, workspace};

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
