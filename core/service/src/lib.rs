//! Use cases: authorisation, transactions, jobs enqueued with the change.
//!
//! Every public method is one use case. It takes a [`Context`] (who, in which
//! language, under which request), checks that this actor may, and does its work in
//! as few transactions as the work has steps.

mod accounts;
mod admission;
mod approvals;
mod aside;
mod backup_folder;
mod backups;
mod bulk;
mod card_list;
mod cards;
mod checkup;
mod directory_sign_in;
mod doubt;
mod endings;
mod erasures;
mod examine;
mod factors;
mod gauges;
mod group_writing;
mod groups;
mod held;
mod home;
mod identities;
mod keys;
mod lead_export;
mod leads;
mod mails;
mod mapping;
mod outbox;
mod ownership;
mod password;
mod password_memory;
mod people;
mod permitted;
mod plan_pages;
mod plugins;
mod providers;
mod publish;
mod publish_line;
mod publish_plan;
mod publish_read;
mod publish_work;
mod requests;
mod roll;
mod runs;
mod second_step;
mod sign_in;
mod sign_in_with;
mod signature_forms;
mod signature_mail;
mod signature_pictures;
mod signature_views;
mod signatures;
mod sources;
mod starts;
mod sync;
mod throttle;
mod tidy;
mod tokens;
mod totp;
pub mod views;
mod write_back;
mod write_back_work;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use estampe_domain::ids::RequestId;
use estampe_domain::ports::{
    Backups, Breaches, Clock, Directory, Images, Mailboxes, OpenId, Organisations, Passkeys, Plugins, QrCodes, Random,
    Signatures, WriteBack, WriteGroups,
};
use estampe_domain::security_txt::SecurityContact;
use estampe_domain::text::Email;
use estampe_domain::{Actor, Context, Locale, Result, Roles, Ts};
use estampe_store::Store;
use tokio::sync::Notify;

pub use backups::{BackupNotes, BackupState, DRILL_DAYS, Drill, FailedBackup, GoodBackup};
pub use cards::TRUSTED;
pub use erasures::ErasureList;
pub use estampe_store::{
    AnswerKey, CheckupPage, CheckupPart, DatabaseFacts, Lease, MailHistory, NamedChange, Queue, Retry,
};
pub use group_writing::GroupOrder;
pub use identities::{Came, Errand, OwnWay};
pub use keys::KeyState;
pub use lead_export::LeadExport;
pub use mails::{AccountMailData, BrowserMailData, DueJob, LeadMailData, Work};
pub use mapping::{MappingPreview, PreviewedPerson, SeenAttribute};
pub use permitted::SourcePermissions;
pub use plugins::{FAILURES_TO_PAUSE, OfferedPlugins, PluginDetail, is_newer};
pub use providers::{ProviderDetail, ProviderSaved, ProviderTried};
pub use publish::{Ring, RingRefusal};
pub use publish_plan::{MailboxSources, NewPublication, PlanRefusal, Whom};
pub use requests::RequestIds;
pub use sign_in_with::{BACK, DoorWay, Started};
pub use signature_forms::{DesignForm, RuleForm, SignatureProblem, SignatureProblems, value_problems};
pub use signature_mail::{SignatureMailData, TestMailRefusal};
pub use signature_pictures::{PictureContent, PictureDetail, PictureRefusal};
pub use signature_views::{DesignLook, SignatureOverview};
pub use signatures::SignatureDetail;
pub use tokens::{ApiCaller, Asked, MadeToken, NewToken, Presented};
pub use write_back::{ChangePage, ChangeWord, ShownChange};

/// What the organisation is called where nobody said it.
pub const DEFAULT_ORGANISATION: &str = "Your organisation";

use crate::password::Passwords;
use crate::throttle::Throttle;

/// What an administrator set, as far as use cases need it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The organisation's name, shown on cards and in mails.
    pub organisation: String,
    /// Where visitors reach the public listener: `https://host[:port]`, no slash at the end.
    pub public_origin: String,
    /// Where administrators reach the console.
    pub internal_origin: String,
    /// This version of Estampe.
    pub version: &'static str,
    /// A run that would disable more than this share of its people is held, in percent.
    pub hold_threshold_percent: u8,
    /// Whether there is a server to send mail by.
    pub mail_configured: bool,
    /// Whether bundles that nobody known signed may be used.
    pub allow_unsigned_plugins: bool,
    /// The language for mail to people whose own is not known.
    pub default_locale: Locale,
    /// Where visitors write to about their data, instead of to a card's holder.
    pub rights_contact: Option<Email>,
    /// Whom to tell about a weakness.
    pub security: Option<SecurityContact>,
    /// How people sign in.
    pub sign_in: SignInSettings,
    /// After how many days another key takes the place of the one that wraps all others; none: never by itself.
    pub key_rotation_days: Option<u32>,
}

/// How people sign in, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct SignInSettings {
    /// A session ends after so many seconds without use.
    pub idle_seconds: i64,
    /// And so many seconds after it began.
    pub absolute_seconds: i64,
    /// Who has one of these roles has to have a second factor.
    pub factor_roles: Roles,
    /// What is sensitive waits for another administrator.
    pub second_administrator: bool,
}

/// The ports that use cases need.
pub struct Ports {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub random: Arc<dyn Random>,
    /// Makes plugins callable.
    pub plugins: Arc<dyn Plugins>,
    /// Asks connectors.
    pub directory: Arc<dyn Directory>,
    /// Lets templates make signatures.
    pub signatures: Arc<dyn Signatures>,
    /// Reads and sets the signatures of mailboxes.
    pub mailboxes: Arc<dyn Mailboxes>,
    /// Sets fields of people in their directories.
    pub write_back: Arc<dyn WriteBack>,
    /// Makes and changes groups of directories.
    pub write_groups: Arc<dyn WriteGroups>,
    /// Asks providers about the organisation.
    pub organisations: Arc<dyn Organisations>,
    /// Asks sign-in providers.
    pub open_id: Arc<dyn OpenId>,
    /// Makes photos harmless.
    pub images: Arc<dyn Images>,
    /// Draws QR codes.
    pub qr: Arc<dyn QrCodes>,
    /// Knows passwords that were taken from other services.
    pub breaches: Arc<dyn Breaches>,
    /// Asks browsers for passkeys.
    pub passkeys: Arc<dyn Passkeys>,
    /// Keeps backups.
    pub backups: Arc<dyn Backups>,
    /// Where work is done that takes a processor for long: its threads stand back.
    pub background: tokio::runtime::Handle,
    /// Where passwords are hashed: its threads run when nobody else wants a processor.
    pub hashing: tokio::runtime::Handle,
}

/// The use cases.
pub struct Service {
    store: Store,
    ports: Ports,
    settings: Settings,
    passwords: Passwords,
    throttle: Throttle,
    answered: second_step::Answered,
    directory_gate: directory_sign_in::Gate,
    purposes: leads::KeptPurposes,
    cards: cards::KeptCards,
    roll: tokio::sync::Mutex<Option<roll::KeptRoll>>,
    work: Notify,
    gauges: gauges::Reading,
    hurry: AtomicBool,
    plugin_changes: tokio::sync::Mutex<()>,
    rotation: Notify,
    /// Whether nothing leaves the house, after a restore.
    held: AtomicBool,
    backing: backups::AtWork,
    /// Who does something in the folder of backups.
    folder_gate: Arc<tokio::sync::Mutex<()>>,
    /// When this process began.
    since: Ts,
}

impl Service {
    /// Over this store and these ports.
    pub fn new(store: Store, ports: Ports, settings: Settings) -> Self {
        Self {
            store,
            settings,
            passwords: Passwords::new(ports.hashing.clone()),
            since: ports.clock.now(),
            ports,
            throttle: Throttle::default(),
            answered: second_step::Answered::default(),
            directory_gate: directory_sign_in::Gate::default(),
            purposes: leads::KeptPurposes::default(),
            cards: cards::no_cards(),
            roll: tokio::sync::Mutex::default(),
            work: Notify::new(),
            gauges: gauges::Reading::default(),
            hurry: AtomicBool::new(false),
            plugin_changes: tokio::sync::Mutex::default(),
            rotation: Notify::new(),
            held: AtomicBool::new(false),
            backing: backups::AtWork::default(),
            folder_gate: Arc::default(),
        }
    }

    /// The circumstances of a new request, at this moment.
    pub fn context(&self, actor: Actor, locale: Locale) -> Context {
        let now = self.ports.clock.now();
        Context::new(actor, locale, RequestId::new(now, &*self.ports.random), now)
    }

    /// The circumstances of a request that has its id already.
    pub fn context_of(&self, actor: Actor, locale: Locale, request: RequestId) -> Context {
        Context::new(actor, locale, request, self.ports.clock.now())
    }

    /// Makes ids of requests, for one thread.
    pub fn request_ids(&self) -> RequestIds {
        RequestIds::new(Arc::clone(&self.ports.clock), self.shared_random())
    }

    /// What an administrator set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether requests can be served: the database answers and has room.
    pub async fn ready(&self) -> Result<()> {
        Ok(self.store.ready().await?)
    }

    /// Waits until somebody enqueued a job, or returns at once when that happened
    /// since the last call.
    pub async fn job_enqueued(&self) {
        self.work.notified().await;
    }

    fn wake_worker(&self) {
        self.work.notify_one();
    }

    fn random(&self) -> &dyn Random {
        &*self.ports.random
    }

    /// The random source for a closure that leaves this thread.
    fn shared_random(&self) -> Arc<dyn Random> {
        Arc::clone(&self.ports.random)
    }
}
