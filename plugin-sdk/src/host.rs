//! All that a plugin can reach, as a trait: real in a component, scripted in a test.

use crate::bindings::estampe::plugin as imports;
use crate::http::{Outcome, Request};
use crate::{Cursor, Failure, FileInfo, LogLevel, ldap};

/// The imports of the contract.
pub trait Host {
    /// Writes a line to the run's own log, which administrators read. At most 1,000
    /// octets a line and 200 lines a call; never a person's data.
    fn log(&self, level: LogLevel, message: &str);

    /// Microseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> i64;

    /// Whether the run was cancelled: return soon.
    fn cancelled(&self) -> bool;

    /// The value of one key of the configuration; none when it was not set.
    fn config(&self, key: &str) -> Option<String>;

    /// Looks at a granted input.
    ///
    /// # Errors
    /// `denied` when no grant names it, `not-found` or `unavailable` when it cannot be
    /// opened.
    fn stat(&self, input: &str) -> Result<FileInfo, Failure>;

    /// Reads at most `length` octets (at most 1 MiB is given) from `offset` of a
    /// granted input; fewer only at its end, none past it.
    ///
    /// # Errors
    /// `conflict` when the file was changed since the first call of this run, else
    /// as [`stat`](Self::stat).
    fn read(&self, input: &str, offset: u64, length: u32) -> Result<Vec<u8>, Failure>;

    /// Makes a request and waits for its whole answer, whatever its status. Redirects are
    /// not followed.
    ///
    /// # Errors
    /// `denied` when no grant names it; `config` or `auth` when the credential cannot be
    /// had; `unavailable` when there is no answer; `rate-limited` while the other side wants
    /// to be left alone; `limit` when the answer is too large or the call made its 200.
    fn http(&self, request: &Request) -> Result<Outcome, Failure>;

    /// One page of a search in the directory that the source names; see [`ldap`].
    ///
    /// # Errors
    /// `denied` when no grant names it, `cursor-expired` when the connection that its cookie
    /// belongs to is lost, and as the contract says.
    fn ldap_search(&self, query: &ldap::Query) -> Result<ldap::Entries, Failure>;

    /// Which entries that fit a query changed since a position; without one, only where the
    /// directory is now.
    ///
    /// # Errors
    /// `unsupported` or `denied` when the server does not do this, `cursor-expired` when it
    /// cannot tell from that position; else as [`ldap_search`](Self::ldap_search).
    fn ldap_changes(
        &self,
        tracking: ldap::Tracking,
        query: &ldap::Query,
        position: Option<&[u8]>,
    ) -> Result<ldap::Changes, Failure>;

    /// The directory server's own entry (RFC 4512, section 5.1): what it can do.
    ///
    /// # Errors
    /// As [`ldap_search`](Self::ldap_search).
    fn ldap_root_dse(&self) -> Result<ldap::Entry, Failure>;

    /// The fields of people that something is made of, in lower case: what the mapping of this
    /// source names, as far as it was granted. Nothing comes of others, and those that neither
    /// the manifest nor the mapping names are a breach.
    fn fields(&self) -> Vec<String>;

    /// The checkpoint of the last run that was applied, while it is good: a full run need not
    /// fetch again what it knows to be the same.
    fn checkpoint(&self) -> Option<Cursor>;

    /// Of people by their ids, each with the version of the photo that the source has now:
    /// whether that is the photo that the last applied run brought, so that it need not be
    /// fetched again. Such a person is told without a photo and with that `photo_etag`.
    fn same_photos(&self, photos: &[(String, String)]) -> Vec<bool>;

    /// A durable value of this source, as the pages before left it.
    fn state_get(&self, key: &str) -> Option<Vec<u8>>;

    /// Sets a durable value, or removes it with none. Takes effect together with the
    /// page that the call returns, or not at all.
    ///
    /// # Errors
    /// `limit` above 64 keys or 64 KiB in all.
    fn state_set(&self, key: &str, value: Option<&[u8]>) -> Result<(), Failure>;
}

/// The host of the running component. Outside of one (natively) every call panics:
/// tests use [`testing::ScriptedHost`](crate::testing::ScriptedHost).
#[derive(Clone, Copy, Debug, Default)]
pub struct ContractHost;

impl Host for ContractHost {
    fn log(&self, level: LogLevel, message: &str) {
        imports::log::write(level, message);
    }

    fn now(&self) -> i64 {
        imports::clock::now()
    }

    fn cancelled(&self) -> bool {
        imports::clock::cancelled()
    }

    fn config(&self, key: &str) -> Option<String> {
        imports::config::get(key)
    }

    fn fields(&self) -> Vec<String> {
        imports::config::fields()
    }

    fn stat(&self, input: &str) -> Result<FileInfo, Failure> {
        imports::file::stat(input)
    }

    fn read(&self, input: &str, offset: u64, length: u32) -> Result<Vec<u8>, Failure> {
        imports::file::read(input, offset, length)
    }

    fn http(&self, request: &Request) -> Result<Outcome, Failure> {
        request.send()
    }

    fn ldap_search(&self, query: &ldap::Query) -> Result<ldap::Entries, Failure> {
        imports::ldap::search(query)
    }

    fn ldap_changes(
        &self,
        tracking: ldap::Tracking,
        query: &ldap::Query,
        position: Option<&[u8]>,
    ) -> Result<ldap::Changes, Failure> {
        imports::ldap::changes_since(tracking, query, position)
    }

    fn ldap_root_dse(&self) -> Result<ldap::Entry, Failure> {
        imports::ldap::root_dse()
    }

    fn checkpoint(&self) -> Option<Cursor> {
        imports::state::checkpoint()
    }

    fn same_photos(&self, photos: &[(String, String)]) -> Vec<bool> {
        imports::state::same_photos(photos)
    }

    fn state_get(&self, key: &str) -> Option<Vec<u8>> {
        imports::state::get(key)
    }

    fn state_set(&self, key: &str, value: Option<&[u8]>) -> Result<(), Failure> {
        imports::state::set(key, value)
    }
}
