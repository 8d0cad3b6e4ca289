//! The only user of actix: public cards, the console, the operator's socket.
//!
//! Three applications on three listeners, so that nothing internal can be reached by
//! a mistake in a route: [`public`], [`console`] and [`operator`]. A handler extracts,
//! calls one use case and fills a view struct; its template is checked at compile time.
//! [`serve`] binds them; nobody else needs to know of actix.

pub mod console;
pub mod operator;
pub mod public;

mod assets;
mod error;
mod fields;
mod forms;
mod headers;
mod icons;
mod locale;
mod respond;
mod serve;
mod session;
mod state;
mod telemetry;
mod visit;
mod words;

#[cfg(test)]
mod contrast;
#[cfg(test)]
mod gallery;
#[cfg(test)]
mod samples;

pub use headers::{Surface, headers};
pub use serve::{Listeners, Servers, serve};
pub use state::{AppState, LocalRoot};
