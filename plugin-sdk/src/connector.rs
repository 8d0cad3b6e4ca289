//! The trait of the world `connector-plugin`, and how it becomes exports.

use std::marker::PhantomData;
use std::sync::Once;

use crate::bindings::exports::estampe::plugin::connector::Guest;
use crate::{ContractHost, Cursor, Description, Failure, Host, LogLevel, Page, Probe, SyncMode};

/// Tells who is in the organisation. Each call runs in a fresh instance; the host
/// passed in is all that it can reach.
pub trait Connector {
    /// What it can do, and which attributes it may deliver. Needs nothing.
    fn describe() -> Description;

    /// Tries everything that a run needs, changes nothing, and says what would mend
    /// whatever does not work.
    fn check(host: &dyn Host) -> Vec<Probe>;

    /// One page of a run. `from` is none at the start of a full run, the checkpoint of the last
    /// run that was applied at the start of an incremental one, else the `next` of the page
    /// before. Of the pages of a run the last checkpoint counts. A page should hold some hundred events and at most some
    /// MiB, and take well below two seconds; an empty page with a `next` is normal.
    ///
    /// # Errors
    /// A [`Failure`] ends the run and nothing of it is applied. One bad entry is no
    /// failure but an [`Event::Rejected`](crate::Event::Rejected).
    fn sync_page(host: &dyn Host, mode: SyncMode, from: Option<Cursor>) -> Result<Page, Failure>;
}

/// Joins a [`Connector`] to the generated exports.
#[derive(Debug)]
pub struct Adapter<T>(PhantomData<T>);

impl<T: Connector> Guest for Adapter<T> {
    fn describe() -> Description {
        hook_panics();
        T::describe()
    }

    fn check() -> Vec<Probe> {
        hook_panics();
        T::check(&ContractHost)
    }

    fn sync_page(mode: SyncMode, from: Option<Cursor>) -> Result<Page, Failure> {
        hook_panics();
        T::sync_page(&ContractHost, mode, from)
    }
}

/// A trap tells the host nothing: say in the run's log what went wrong before it.
pub fn hook_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            ContractHost.log(LogLevel::Error, &format!("the plugin panicked: {info}"));
        }));
    });
}

/// Exports a [`Connector`] as the component's world `connector-plugin`. Does nothing
/// on other targets than `wasm32`, so that the crate's tests run natively.
#[macro_export]
macro_rules! export_connector {
    ($connector:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::Adapter<$connector>;
    $crate::bindings::export_connector_plugin!(Exported with_types_in $crate::bindings);
        };
    };
}
