//! The only user of actix: public cards, the console, the operator's socket.
//!
//! Each application on a listener of its own, so that nothing internal can be reached by
//! a mistake in a route: [`public`], [`console`], [`operator`] and, where it is asked for,
//! [`plain`]. A handler extracts,
//! calls one use case and fills a view struct; its template is checked at compile time.
//! [`serve`] binds them; nobody else needs to know of actix.

pub mod console;
pub mod operator;
pub mod plain;
pub mod public;

mod api;
mod assets;
mod connection;
mod edge;
mod encoded;
mod error;
mod fields;
mod forms;
mod headers;
mod icons;
mod locale;
mod refusals;
mod respond;
mod routes;
mod serve;
mod session;
mod state;
mod telemetry;
mod uploads;
mod visit;
mod words;

#[cfg(test)]
mod contrast;
#[cfg(test)]
mod gallery;
#[cfg(test)]
mod samples;

pub use connection::Places;
pub use edge::{ClientAddress, Edge, EdgeSettings, ForwardHeader};
pub use headers::{Surface, headers};
pub use plain::TlsFacts;
pub use routes::{Route, routes};
pub use serve::{Listeners, Servers, serve};
pub use state::{AppState, Listening, LocalRoot, SettingFact};
