//! Every test that drives the product by the doors that its users use.

mod cards;
mod config;
mod console;
mod doctor;
mod doors;
mod e2e;
mod hostile;
mod import;
mod leads;
mod outbox;
mod server;
mod store;
