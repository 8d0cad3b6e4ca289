//! Durable work done later: the worker, the backoff, one file for each kind.

mod backoff;
mod letter;
mod mail;
mod sender;
mod signed;
mod weather;
mod worker;

pub use worker::Worker;
