//! Types and rules of Estampe: no I/O, no clock, no randomness of its own.
//!
//! Everything from outside (people, directories, plugins, files, HTTP) is parsed
//! into a type of this crate before anything else looks at it. The *ports* that the
//! outer crates make real stand in [`ports`]; the shapes of DESIGN's words (person,
//! source, card, lead, purpose, run, …) in the module of their name.

pub mod access;
pub mod account;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod bulk;
pub mod bundle;
pub mod card;
pub mod context;
pub mod credential;
pub mod difference;
pub mod egress;
pub mod ending;
pub mod error;
pub mod group;
pub mod ids;
pub mod json_keys;
pub mod ldap;
pub mod lead;
pub mod locale;
pub mod mail;
pub mod manifest;
pub mod mapping;
pub mod metric;
pub mod networks;
pub mod openid;
pub mod ownership;
pub mod password;
pub mod permission;
pub mod person;
pub mod plan;
pub mod plugin;
pub mod ports;
pub mod provider;
pub mod purpose;
pub mod run;
pub mod security_txt;
pub mod session;
pub mod signature;
pub mod source;
pub mod text;
pub mod time;
pub mod token;
pub mod vcard;
pub mod write_back;

pub use access::{Right, Roles};
pub use context::{Actor, Context};
pub use error::{Error, ErrorKind, Result};
pub use ids::*;
pub use locale::Locale;
pub use time::Ts;
