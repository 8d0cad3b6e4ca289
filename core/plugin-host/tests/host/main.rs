//! The host against hostile plugins, written in WebAssembly text so that they can do
//! what no Rust guest would.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

mod budgets;
mod bundles;
mod contained;
mod directory_file;
mod egress;
mod google_workspace;
mod hostile;
mod http;
mod ldap;
mod microsoft_entra;
mod released;
mod signatures;
mod support;
