//! The database of Estampe: SQLite and PostgreSQL, migrations, field encryption.
//!
//! One concrete [`Store`] over two real databases. A unit of work is a closure given
//! to [`Store::read`] or [`Store::write`]; it runs in one transaction on the blocking
//! pool and sees the tables through [`Tx`], whose methods stand in the module of
//! their subject. Small writes that come in floods share their commits:
//! [`Store::submit`]. Every change of personal data takes its audit event with it:
//! [`Tx::audit`] in the same closure.

mod conn;
mod copy;
mod crypto;
mod disk;
mod erasure_line;
mod error;
mod form_key;
mod keyring;
mod meter;
mod migrate;
mod offline;
mod open;
mod pg_tools;
mod rotation;
mod schema;
mod sealed_state;
mod submit;
mod tx;
mod upgrade;

pub use copy::{ensure_empty, facts_of, fill};
pub use crypto::Sealed;
pub use error::{Result, StoreError};
pub use keyring::next_file as next_key_file;
pub use migrate::{Schema, schema_of};
pub use offline::{Offline, key_file_id, key_text_id};
pub use open::{Database, OpenError, Store, StoreSettings, hold_data_dir};
pub use rotation::{KeyState, Rewrapped};
pub use submit::Single;
pub use tx::Tx;
pub use tx::answers::{AnswerKey, Before};
pub use tx::checkup::{CheckupPage, CheckupPart, DatabaseFacts};
pub use tx::directory_changes::NamedChange;
pub use tx::factors::{StoredPasskey, StoredTotp};
pub use tx::gauges::OutboxDepth;
pub use tx::group_plans::{GroupAction, GroupContent, StagedGroup};
pub use tx::groups::{GroupQuery, KnownGroup, MemberChange, Named, Reference};
pub use tx::jobs::{Job, JobRow, JobState, Lease, NewJob, Queue};
pub use tx::leads::EarlierSubmission;
pub use tx::outbox::{MailHistory, MailRow, Retry};
pub use tx::people::{IdentityOf, IdentityRow, PeopleQuery};
pub use tx::plans::{PlanPayload, StagedItem};
pub use tx::receive::{KnownSubject, NewLead, PreparedLead, ShownPurpose, StoredConsent};
pub use tx::roll::RollRow;
pub use tx::runs::NewRun;
pub use tx::sessions::{NewSession, StoredSession};
pub use upgrade::{LAST_START, OpenWork, PluginRow, UpgradeFacts, upgrade_facts};
