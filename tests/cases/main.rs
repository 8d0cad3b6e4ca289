//! Every test that drives the product by the doors that its users use.

mod acme;
mod cards;
mod config;
mod console;
mod crash;
mod disk_full;
mod doctor;
mod doors;
mod e2e;
mod edge;
mod headers;
mod hostile;
mod hostile_plugins;
mod import;
mod leads;
mod observe;
mod outbox;
mod pages;
mod plugin_kit;
mod plugins;
mod server;
mod slow;
mod sources;
mod store;
mod tls;
mod tutorial;
