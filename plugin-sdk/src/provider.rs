//! What a connector offers besides people: the worlds `mailboxes-plugin`, `organisation-plugin`
//! and `write-back-plugin`.

use std::marker::PhantomData;

use crate::connector::hook_panics;
use crate::mailboxes_bindings::exports::estampe::plugin::mailboxes::Guest as MailboxesGuest;
pub use crate::mailboxes_bindings::exports::estampe::plugin::mailboxes::Sender;
use crate::organisation_bindings::exports::estampe::plugin::organisation::Guest as OrganisationGuest;
pub use crate::organisation_bindings::exports::estampe::plugin::organisation::{Details, Role};
use crate::write_back_bindings::exports::estampe::plugin::write_back::Guest as WriteBackGuest;
use crate::{Attribute, ContractHost, Failure, Host};

/// Reads and sets the signatures that a provider keeps for its mailboxes. The manifest says
/// `offers = ["mailboxes"]`. Each call runs in a fresh instance.
pub trait Mailboxes {
    /// The addresses that a mailbox sends from, with their signatures, at most 200. Changes
    /// nothing.
    ///
    /// # Errors
    /// `not-found` when there is no such mailbox, `denied` when the credential may not look
    /// into it, `rate-limited` with the time that the provider asked for.
    fn read_signatures(host: &dyn Host, mailbox: &str) -> Result<Vec<Sender>, Failure>;

    /// Sets the signature of one address and nothing else; an empty text takes it away. Gives
    /// what the provider has from now on. Called again for a mailbox it comes to the same.
    ///
    /// # Errors
    /// As [`read_signatures`](Self::read_signatures).
    fn push_signature(host: &dyn Host, mailbox: &str, address: &str, signature: &str) -> Result<String, Failure>;
}

/// Tells of the organisation that the credentials belong to. The manifest says
/// `offers = ["organisation"]`. Each call runs in a fresh instance.
pub trait Organisation {
    /// What the provider says of the organisation.
    ///
    /// # Errors
    /// What the provider refused, or that it did not answer.
    fn about(host: &dyn Host) -> Result<Details, Failure>;

    /// What somebody is there now, by their address or their id of the provider.
    ///
    /// # Errors
    /// `not-found` when nobody is known by it.
    fn roles_of(host: &dyn Host, user: &str) -> Result<Vec<Role>, Failure>;
}

/// Sets fields of people in the directory. The manifest says `offers = ["write-back"]` and names
/// the fields in `[fields] write`. Each call runs in a fresh instance.
pub trait WriteBack {
    /// What the directory has now in these fields of somebody, by the names that the connector
    /// delivers them by; what is empty is left out. Changes nothing.
    ///
    /// # Errors
    /// `not-found` when nobody has this id any more, `rate-limited` with the time that the
    /// provider asked for.
    fn read_person(host: &dyn Host, id: &str, fields: &[String]) -> Result<Vec<Attribute>, Failure>;

    /// Sets these fields, all or none: each has a list of texts, and an empty list takes away
    /// what stands there. Gives what the directory has from now on. Called again with the same
    /// values it comes to the same.
    ///
    /// # Errors
    /// As [`read_person`](Self::read_person), `denied` when the credential may not change this
    /// person, `unsupported` when the directory cannot keep this.
    fn write_person(host: &dyn Host, id: &str, changes: &[Attribute]) -> Result<Vec<Attribute>, Failure>;
}

/// Joins [`Mailboxes`] to the generated exports.
#[derive(Debug)]
pub struct MailboxesAdapter<T>(PhantomData<T>);

impl<T: Mailboxes> MailboxesGuest for MailboxesAdapter<T> {
    fn read_signatures(mailbox: String) -> Result<Vec<Sender>, Failure> {
        hook_panics();
        T::read_signatures(&ContractHost, &mailbox)
    }

    fn push_signature(mailbox: String, address: String, signature: String) -> Result<String, Failure> {
        hook_panics();
        T::push_signature(&ContractHost, &mailbox, &address, &signature)
    }
}

/// Joins [`Organisation`] to the generated exports.
#[derive(Debug)]
pub struct OrganisationAdapter<T>(PhantomData<T>);

impl<T: Organisation> OrganisationGuest for OrganisationAdapter<T> {
    fn about() -> Result<Details, Failure> {
        hook_panics();
        T::about(&ContractHost)
    }

    fn roles_of(user: String) -> Result<Vec<Role>, Failure> {
        hook_panics();
        T::roles_of(&ContractHost, &user)
    }
}

/// Joins [`WriteBack`] to the generated exports.
#[derive(Debug)]
pub struct WriteBackAdapter<T>(PhantomData<T>);

impl<T: WriteBack> WriteBackGuest for WriteBackAdapter<T> {
    fn read_person(id: String, fields: Vec<String>) -> Result<Vec<Attribute>, Failure> {
        hook_panics();
        T::read_person(&ContractHost, &id, &fields)
    }

    fn write_person(id: String, changes: Vec<Attribute>) -> Result<Vec<Attribute>, Failure> {
        hook_panics();
        T::write_person(&ContractHost, &id, &changes)
    }
}

/// Exports [`Mailboxes`] beside a connector. Does nothing on other targets than `wasm32`.
#[macro_export]
macro_rules! export_mailboxes {
    ($mailboxes:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::MailboxesAdapter<$mailboxes>;
            $crate::mailboxes_bindings::export_mailboxes_plugin!(
                Exported with_types_in $crate::mailboxes_bindings
            );
        };
    };
}

/// Exports [`Organisation`] beside a connector. Does nothing on other targets than `wasm32`.
#[macro_export]
macro_rules! export_organisation {
    ($organisation:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::OrganisationAdapter<$organisation>;
            $crate::organisation_bindings::export_organisation_plugin!(
                Exported with_types_in $crate::organisation_bindings
            );
        };
    };
}

/// Exports [`WriteBack`] beside a connector. Does nothing on other targets than `wasm32`.
#[macro_export]
macro_rules! export_write_back {
    ($write_back:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::WriteBackAdapter<$write_back>;
            $crate::write_back_bindings::export_write_back_plugin!(
                Exported with_types_in $crate::write_back_bindings
            );
        };
    };
}
