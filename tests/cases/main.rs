//! Every test that drives the product by the doors that its users use.

mod cards;
mod config;
mod console;
mod e2e;
mod import;
mod leads;
mod server;
mod store;
