//! The API, as programs use it.

mod fuzz;
mod matrix;
mod once;
mod people;
mod teams;
mod tokens;
mod ways;

use estampe_tests::{Database, Options, Server};
use serde_json::Value;

/// A server with the sample, without limits of rates.
async fn sample(database: Database) -> Server {
    Server::with_sample(Options { database, extra: estampe_tests::UNLIMITED.to_owned() }).await
}

/// The text of a value.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}
