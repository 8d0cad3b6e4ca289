//! What a connector offers besides people: the worlds `mailboxes-plugin`, `organisation-plugin`,
//! `write-back-plugin` and `write-groups-plugin`.

use std::marker::PhantomData;

use crate::connector::hook_panics;
use crate::mailboxes_bindings::exports::estampe::plugin::mailboxes::Guest as MailboxesGuest;
pub use crate::mailboxes_bindings::exports::estampe::plugin::mailboxes::Sender;
use crate::organisation_bindings::exports::estampe::plugin::organisation::Guest as OrganisationGuest;
pub use crate::organisation_bindings::exports::estampe::plugin::organisation::{Details, Role};
use crate::write_back_bindings::exports::estampe::plugin::write_back::Guest as WriteBackGuest;
use crate::write_groups_bindings::exports::estampe::plugin::write_groups::Guest as WriteGroupsGuest;
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

/// Makes and changes groups of the directory, and deletes none. The manifest says
/// `offers = ["write-groups"]` and `[groups] write = true`. Each call runs in a fresh instance.
pub trait WriteGroups {
    /// Makes a group of this name with nobody in it; gives its id.
    ///
    /// # Errors
    /// `denied` when the credential may not do that.
    fn create_group(host: &dyn Host, name: &str) -> Result<String, Failure>;

    /// Gives a group another name.
    ///
    /// # Errors
    /// `not-found` when there is no such group, `unsupported` when it is kept elsewhere, `denied`
    /// when the credential may not change it.
    fn rename_group(host: &dyn Host, group: &str, name: &str) -> Result<(), Failure>;

    /// Puts somebody into a group; done where they are in it.
    ///
    /// # Errors
    /// As [`rename_group`](Self::rename_group).
    fn add_member(host: &dyn Host, group: &str, person: &str) -> Result<(), Failure>;

    /// Takes somebody out of a group; done where they are not in it.
    ///
    /// # Errors
    /// As [`rename_group`](Self::rename_group).
    fn remove_member(host: &dyn Host, group: &str, person: &str) -> Result<(), Failure>;
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

/// Joins [`WriteGroups`] to the generated exports.
#[derive(Debug)]
pub struct WriteGroupsAdapter<T>(PhantomData<T>);

impl<T: WriteGroups> WriteGroupsGuest for WriteGroupsAdapter<T> {
    fn create_group(name: String) -> Result<String, Failure> {
        hook_panics();
        T::create_group(&ContractHost, &name)
    }

    fn rename_group(group: String, name: String) -> Result<(), Failure> {
        hook_panics();
        T::rename_group(&ContractHost, &group, &name)
    }

    fn add_member(group: String, person: String) -> Result<(), Failure> {
        hook_panics();
        T::add_member(&ContractHost, &group, &person)
    }

    fn remove_member(group: String, person: String) -> Result<(), Failure> {
        hook_panics();
        T::remove_member(&ContractHost, &group, &person)
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

/// Exports [`WriteGroups`] beside a connector. Does nothing on other targets than `wasm32`.
#[macro_export]
macro_rules! export_write_groups {
    ($write_groups:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::WriteGroupsAdapter<$write_groups>;
            $crate::write_groups_bindings::export_write_groups_plugin!(
                Exported with_types_in $crate::write_groups_bindings
            );
        };
    };
}
