//! What the use cases give back: plain data, no transport, no HTML.

use std::collections::BTreeMap;
use std::sync::Arc;

use estampe_domain::Ts;
use estampe_domain::access::Roles;
use estampe_domain::account::{Account, AccountDetail};
use estampe_domain::card::{Card, CardState, LeadTally};
use estampe_domain::context::Proof;
use estampe_domain::credential::Secret;
use estampe_domain::difference::{PlanLine, PlanPlace};
use estampe_domain::group::GroupSummary;
use estampe_domain::ids::{
    AccountId, BlobId, GroupId, JobId, LeadId, PersonId, PublicationId, RunId, SecretToken, SessionId, SourceId,
};
use estampe_domain::ldap::sign_in::SignInReason;
use estampe_domain::lead::{ConsentRecord, FormProblems, Lead};
use estampe_domain::mail::{MailOutage, Occasion};
use estampe_domain::ownership::{Inputs, Made, ProfileProblems};
use estampe_domain::person::PersonSummary;
use estampe_domain::plugin::{LogLine, PluginInfo};
use estampe_domain::purpose::Purpose;
use estampe_domain::run::{PlanAction, Refusal, Run};
use estampe_domain::session::{Agent, Factor, How};
use estampe_domain::signature::publication::Publication;
use estampe_domain::source::SourceOverview;
use estampe_domain::text::Email;

/// What became of an administrator's try to sign in as somebody.
#[derive(Clone, Debug)]
pub enum SignInTrial {
    /// It is they.
    Accepted(Box<PersonSummary>),
    /// They would not be let in; why.
    Refused(SignInReason),
}

/// A photo as it is served: always a JPEG.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Its content's name, fit for an ETag.
    pub blob: BlobId,
    /// The JPEG.
    pub bytes: Vec<u8>,
}

/// A vCard ready to be downloaded.
#[derive(Clone, Debug)]
pub struct VcardFile {
    /// The vCard.
    pub text: String,
    /// Media type with charset and version.
    pub media_type: &'static str,
    /// Name for the download, UTF-8.
    pub file_name: String,
}

/// All that the form to share details needs.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Whose form it is.
    pub card: Arc<Card>,
    /// What is told or asked, in the visitor's language: the consents ask by a box,
    /// the legitimate interests tell.
    pub purposes: Vec<Purpose>,
    /// A fresh key for a fresh form.
    pub idempotency_key: String,
    /// Where visitors write to about their data, where the house named somebody.
    pub rights_contact: Option<Email>,
    /// Whether there is a server to send its sender a copy by.
    pub by_mail: bool,
}

/// What became of a submitted form.
#[derive(Clone, Debug)]
pub enum Submission {
    /// It is on disk (now, or since an earlier identical try).
    Received(Receipt),
    /// Some fields need mending; nothing was stored.
    Problems {
        /// The form again.
        exchange: Exchange,
        /// What is wrong, by field.
        problems: FormProblems,
    },
    /// It may come from a program: nothing was stored, and whoever is a human only has
    /// to send it again.
    Doubtful {
        /// The form again, with the key to send it with.
        exchange: Exchange,
        /// What looks like a program.
        doubt: Doubt,
    },
    /// This key was used for other details before: those are on disk, what was
    /// changed since is not. The form comes back with a fresh key.
    AlreadySent {
        /// The form again, with a fresh key.
        exchange: Exchange,
        /// When the first details were received.
        at: Ts,
    },
}

/// Why a submission may come from a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The field that people leave empty was filled in.
    Trap,
    /// It came sooner after its form than anybody can type.
    TooQuick,
}

/// The proof that a lead is on disk.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The card it was left at.
    pub card: Arc<Card>,
    /// The lead.
    pub lead: LeadId,
    /// When it was received.
    pub at: Ts,
    /// Whether its sender is sent a copy: not when several went to the address within the
    /// hour.
    pub copied: bool,
}

/// Something that needs a person first.
#[derive(Clone, Debug)]
pub enum Attention {
    /// A plan waits for a word.
    RunHeld(Run),
    /// The last run of a source failed.
    RunFailed(Run),
    /// Of so many people the directory has come to contradict what was entered.
    Conflicts(u64),
    /// So many mails could not go and are not tried any more.
    DeadMail(u64),
    /// The mail server cannot be used: since when, why, and how many mails wait for it.
    MailOutage(MailOutage, u64),
    /// A plugin is paused or could not be loaded: its id and why.
    PluginProblem(String, String),
    /// A version of a plugin waits for what it asks for: its id and the version.
    PluginWaits(String, String),
    /// No mail server is configured: so many mails wait.
    NoMailServer(u64),
    /// The database's file system is full, or has little room left: free and in all, in octets.
    DiskLow {
        /// Free; nothing, when a write just failed for want of room.
        free: u64,
        /// In all.
        total: u64,
    },
    /// The last backup failed, or is older than it should be: when the newest good one was made.
    BackupStands(Option<Ts>),
    /// So many acts wait for a second administrator.
    SecondLook(u64),
    /// Signatures are not written before somebody says so, or mends what hinders it.
    PublicationStands(Publication),
    /// The last look at a source's mailboxes found some that are no longer as they were written.
    SignaturesDrifted(Publication),
    /// No source is configured yet.
    NoSource,
    /// No folder for backups is configured: none are made.
    NoBackups,
    /// A folder is configured, and there is no backup yet.
    FirstBackup,
    /// Nobody looked into a backup for long, or ever: when somebody did.
    BackupDrill(Option<Ts>),
    /// There are backups, and nobody showed a copy of the key that they need.
    KeyNotCopied,
    /// This was restored, and nothing leaves it since.
    Held(Ts),
    /// Cards name the organisation that stands there by default.
    NoOrganisation,
}

/// The console's first page.
#[derive(Clone, Debug)]
pub struct Home {
    /// What needs a person, most urgent first.
    pub attention: Vec<Attention>,
    /// Cards that are shown.
    pub cards: u64,
    /// People known, active or not.
    pub people: u64,
    /// Leads received in the last 30 days.
    pub leads_30_days: u64,
    /// Mails waiting to go.
    pub mails_waiting: u64,
    /// The sources.
    pub sources: Vec<SourceOverview>,
}

/// Which people to list.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// Words that name, title or address must contain; empty for all.
    pub query: String,
    /// Only active or only disabled people.
    pub active: Option<bool>,
    /// Only people with an entered value that the directory contradicts; those disabled
    /// wait until they are back.
    pub conflicts: bool,
    /// Only people whose card was taken down.
    pub cards_down: bool,
    /// Only people whose card is shown.
    pub cards_up: bool,
    /// Count all whom it finds; else counting ends above a thousand.
    pub exact: bool,
    /// Only people of this group.
    pub group: Option<GroupId>,
    /// From where on, and how many.
    pub page: Asking,
}

/// Which part of a list.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Where the last page ended, as its `next` said.
    pub after: Option<String>,
    /// At most so many.
    pub limit: i64,
}

impl Default for Asking {
    fn default() -> Self {
        Self { after: None, limit: 50 }
    }
}

impl From<Option<String>> for Asking {
    fn from(after: Option<String>) -> Self {
        Self { after, ..Self::default() }
    }
}

impl From<Option<&str>> for Asking {
    fn from(after: Option<&str>) -> Self {
        after.map(ToOwned::to_owned).into()
    }
}

/// A page of people, by name.
#[derive(Clone, Debug)]
pub struct PeoplePage {
    /// Some of them.
    pub people: Vec<PersonSummary>,
    /// How many the filter finds in all.
    pub total: u64,
    /// Whether there are more than that: counting ended.
    pub is_least: bool,
    /// Of how many people, whatever the filter, the directory contradicts what was entered.
    pub conflicts: u64,
    /// How many cards are taken down, whatever the filter.
    pub cards_down: u64,
    /// How many changes for the directory wait or failed, for who decides about any.
    pub changes: u64,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Which cards to list.
#[derive(Clone, Debug, Default)]
pub struct CardFilter {
    /// Words that their holder's name, title or address must contain; empty for all.
    pub query: String,
    /// Only cards in this state.
    pub state: Option<CardState>,
    /// Count all that it finds; else counting ends above a thousand.
    pub exact: bool,
    /// From where on, and how many.
    pub page: Asking,
}

/// One card of the list.
#[derive(Clone, Debug)]
pub struct CardLine {
    /// Whose it is, with its public id and whether it is shown.
    pub holder: PersonSummary,
    /// What it received, for whoever may see these leads.
    pub tally: Option<LeadTally>,
}

/// A page of cards.
#[derive(Clone, Debug)]
pub struct CardPage {
    /// Some of them, by their holder's name.
    pub cards: Vec<CardLine>,
    /// How many the filter finds in all.
    pub total: u64,
    /// Whether there are more than that: counting ended.
    pub is_least: bool,
    /// Whether whoever asks may see any leads.
    pub tells_leads: bool,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Whom an act on many people is about.
#[derive(Clone, Debug)]
pub enum Chosen {
    /// These.
    These(Vec<PersonId>),
    /// All whom a filter finds.
    All {
        /// The filter; of its page nothing counts.
        filter: PeopleFilter,
        /// How many the reader saw that it finds.
        seen: Option<u64>,
    },
}

/// A page of groups, by name.
#[derive(Clone, Debug)]
pub struct GroupPage {
    /// Some of them.
    pub groups: Vec<GroupSummary>,
    /// How many the source has in all.
    pub total: u64,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One person.
#[derive(Clone, Debug)]
pub struct PersonDetail {
    /// The person.
    pub summary: PersonSummary,
    /// What their profile is made of.
    pub made: Made,
    /// Names of the sources that know them, and the identity there.
    pub identities: Vec<(String, String)>,
    /// The groups that they are in, at most 500.
    pub groups: Vec<GroupSummary>,
    /// Leads left at their cards.
    pub leads: Option<u64>,
}

/// What is to be changed of a person.
#[derive(Clone, Debug, Default)]
pub struct PersonChange {
    /// What was typed. Each field that is named is entered, also where it is what is shown.
    pub inputs: Inputs,
    /// What the form was made of ([`Made::version`]); without it what stands there now is
    /// changed, whatever it is.
    pub seen: Option<String>,
}

/// What became of a change of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonEdit {
    /// Done.
    Done,
    /// Some of it is written into the directory, and shown once that has it; the rest is done.
    Asked,
    /// Some inputs need mending; nothing was stored.
    Problems(ProfileProblems),
}

/// One run. Its plan is read page by page.
#[derive(Clone, Debug)]
pub struct RunDetail {
    /// The run.
    pub run: Run,
    /// Whether it was to be held whatever its plan says.
    pub plan_only: bool,
    /// What it refused, at most 1,000.
    pub refusals: Vec<Refusal>,
    /// How many of those are kept with their reasons.
    pub kept_refusals: u64,
    /// What the plugin wrote, at most 2,000.
    pub log: Vec<LogLine>,
    /// Groups that would go, at most 200, while the plan waits.
    pub groups_going: Vec<String>,
}

/// Which lines of a plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanFilter {
    /// Only those of one action.
    pub only: Option<PlanAction>,
    /// After this one.
    pub after: Option<PlanPlace>,
    /// At most so many, and 500.
    pub limit: u64,
}

/// What a run does or did with people, a page of it; empty once the run's details are past
/// their retention.
#[derive(Clone, Debug, Default)]
pub struct PlanPage {
    /// The lines: disables, then changes, then the new ones.
    pub lines: Vec<PlanLine>,
    /// Where the next page begins.
    pub next: Option<PlanPlace>,
}

/// A page of what a run refused.
#[derive(Clone, Debug, Default)]
pub struct RefusalPage {
    /// The entries.
    pub refusals: Vec<Refusal>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

/// A page of leads, newest first.
#[derive(Clone, Debug)]
pub struct LeadPage {
    /// Some of them.
    pub leads: Vec<Lead>,
    /// What was told and agreed with each.
    pub consents: BTreeMap<LeadId, Vec<ConsentRecord>>,
    /// How many in all.
    pub total: u64,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One lead.
#[derive(Clone, Debug)]
pub struct LeadDetail {
    /// The lead.
    pub lead: Lead,
    /// What was told and agreed.
    pub consents: Vec<ConsentRecord>,
    /// Its mails.
    pub mails: Vec<MailEntry>,
}

/// How a job fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Waiting for its time.
    Waiting,
    /// Being done.
    Running,
    /// Done.
    Done,
    /// Given up; waits for a person.
    Dead,
}

/// A mail of the outbox: references only, no personal data.
#[derive(Clone, Debug)]
pub struct MailEntry {
    /// Its job.
    pub job: JobId,
    /// Which mail, and what it is about.
    pub about: Occasion,
    /// How it fares.
    pub state: JobState,
    /// Tries so far.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Ts,
    /// What the last try said: classes and codes.
    pub last_error: Option<String>,
}

/// A mail of the outbox with its times.
#[derive(Clone, Debug)]
pub struct OutboxEntry {
    /// The mail.
    pub mail: MailEntry,
    /// Since when it is in the outbox.
    pub since: Ts,
    /// When it was given up.
    pub given_up_at: Option<Ts>,
}

/// The outbox.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// Since when the mail server cannot be used, and why.
    pub outage: Option<MailOutage>,
    /// How many mails wait or are under way.
    pub waiting_count: u64,
    /// How many were given up.
    pub dead_count: u64,
    /// Mails that wait or are under way, newest first, at most 200.
    pub waiting: Vec<OutboxEntry>,
    /// Mails that were given up, newest first, at most 200.
    pub dead: Vec<OutboxEntry>,
}

/// What is typed at the first start.
#[derive(Clone, Default)]
pub struct FirstRun {
    /// The one-time token, from `estampe first-run`.
    pub token: String,
    /// How the administrator is addressed.
    pub name: String,
    /// What they sign in with.
    pub email: String,
    /// Their password.
    pub password: String,
}

/// A browser that signed in; the token goes into its cookie and nowhere else.
#[derive(Debug)]
pub struct SignedIn {
    /// The opaque session token, given once.
    pub token: SecretToken,
    /// Who signed in.
    pub account: Account,
    /// By which this browser is known from now on, where it was not.
    pub browser: Option<SecretToken>,
}

/// Whoever showed one factor and has another to show.
#[derive(Debug)]
pub struct HalfWay {
    /// What the browser keeps for the step that is left.
    pub token: SecretToken,
}

/// How far whoever signs in came.
#[derive(Debug)]
pub enum Admission {
    /// In.
    In(SignedIn),
    /// To the second factor.
    HalfWay(HalfWay),
}

/// From where somebody comes to the door.
#[derive(Clone, Debug, Default)]
pub struct Knock {
    /// What counts as one client.
    pub client: String,
    /// Its address, to be shown to who signs in.
    pub address: String,
    /// Which browser.
    pub agent: Agent,
    /// By which this browser says that it was here before.
    pub browser: Option<SecretToken>,
    /// The session that it has, which a new one takes the place of.
    pub session: Option<SecretToken>,
}

/// What somebody shows of themselves besides signing in.
#[derive(Clone, Debug)]
pub enum FactorAnswer {
    /// The account's password, where it has no second factor.
    Password(String),
    /// A code of an app, or a recovery code.
    Code(String),
    /// A passkey: what it was asked with, sealed, and what the browser answered.
    Passkey {
        /// From [`PasskeyAsked`].
        state: String,
        /// JSON of `PublicKeyCredential`.
        answer: String,
    },
}

/// What a browser asks its device with.
#[derive(Clone, Debug)]
pub struct PasskeyAsked {
    /// JSON of the options.
    pub options: String,
    /// Sealed; comes back with the answer.
    pub state: String,
}

/// What may be shown as a second factor; a recovery code always may.
#[derive(Clone, Debug)]
pub struct StepOffer {
    /// A passkey.
    pub passkey: Option<PasskeyAsked>,
    /// Codes of an app.
    pub app: bool,
}

/// One's own second factors.
#[derive(Clone, Debug)]
pub struct OwnFactors {
    /// The oldest first.
    pub factors: Vec<Factor>,
    /// How many recovery codes are left.
    pub recovery_codes: u64,
    /// Whether there is a password to change.
    pub has_password: bool,
    /// Whether this console can have passkeys.
    pub passkeys_can_be: bool,
}

/// The seed for an app, to be read from the screen.
#[derive(Debug)]
pub struct TotpOffer {
    /// As a QR code, SVG.
    pub qr: String,
    /// To be typed.
    pub seed: Secret,
    /// Sealed; comes back with the first code.
    pub state: String,
}

/// A second factor was added.
#[derive(Debug)]
pub struct FactorAdded {
    /// The session's new token.
    pub token: SecretToken,
    /// Shown once, with the first factor.
    pub recovery_codes: Option<Vec<String>>,
}

/// What became of a new second factor.
#[derive(Debug)]
pub enum FactorOutcome {
    /// It is added.
    Done(FactorAdded),
    /// What was offered is too old, or for somebody else: begin again.
    Expired,
    /// Fields to mend: field name (`name`, `code`, `passkey`) and the key of the words that say
    /// why; and the same offer again.
    Problems(Vec<(&'static str, &'static str)>, Option<Box<TotpOffer>>),
}

/// What became of a new password.
#[derive(Debug)]
pub enum PasswordOutcome {
    /// It is chosen; the session's new token.
    Done(SecretToken),
    /// Fields to mend: field name (`current`, `password`) and the key of the words that say why.
    Problems(Vec<(&'static str, &'static str)>),
}

/// What became of the first run's form.
#[derive(Debug)]
pub enum FirstRunOutcome {
    /// The administrator exists and is signed in.
    Done(Admission),
    /// Fields to mend: field name (`token`, `name`, `email`, `password`) and the key
    /// of the words that say why.
    Problems(Vec<(&'static str, &'static str)>),
}

/// What is entered for a new account.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// How it is addressed.
    pub name: String,
    /// What it signs in with.
    pub email: String,
    /// What it is for.
    pub roles: Roles,
    /// Whose it is.
    pub person: Option<PersonId>,
}

/// What was done once a second administrator agreed.
#[derive(Debug)]
pub enum ActDone {
    /// An account was made; its token.
    Invited(Box<Invited>),
    /// An account was changed.
    Account(AccountId),
    /// A plugin was granted something.
    Plugin(String),
    /// A sign-in provider of this name was set.
    Provider(String),
    /// A ring of this publication is written.
    Publication(PublicationId),
    /// This source ends.
    Ending(SourceId),
    /// Whoever asked does it now.
    Agreed,
}

/// What changes of an account; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// What it is for.
    pub roles: Option<Roles>,
    /// Whether it may sign in.
    pub active: Option<bool>,
    /// Whose it is; nobody's, when there is none within.
    pub person: Option<Option<PersonId>>,
    /// The groups whose people it sees as a team manager.
    pub teams: Option<Vec<GroupId>>,
    /// What its reader saw ([`AccountDetail::version`]); without it what stands there now is
    /// changed, whatever it is.
    pub seen: Option<String>,
}

/// An account and the token by which its password is chosen, once.
#[derive(Debug)]
pub struct Invited {
    /// The account.
    pub account: Account,
    /// Given once.
    pub token: SecretToken,
}

/// Accounts, by their address.
#[derive(Clone, Debug)]
pub struct AccountPage {
    /// Some of them.
    pub accounts: Vec<AccountDetail>,
    /// How many there are.
    pub total: u64,
    /// After which address the next page begins.
    pub next: Option<String>,
}

/// What became of choosing a password.
#[derive(Debug)]
pub enum WelcomeOutcome {
    /// It is chosen, and the account signed in, or half way.
    Done(Admission),
    /// Fields to mend: field name (`token`, `password`) and the key of the words that say why.
    Problems(Vec<(&'static str, &'static str)>),
}

/// A valid session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub account: Account,
    /// Secret of this session from which the CSRF token is derived.
    pub csrf: String,
    /// How its holder showed who they are.
    pub how: How,
    /// When they last did.
    pub confirmed: Ts,
    /// When with a second factor.
    pub factor: Option<Ts>,
    /// Whether the account has a second factor.
    pub has_factor: bool,
    /// A role of the account wants a second factor, and it has none: nothing else is open to it.
    pub must_enrol: bool,
}

impl Session {
    /// What it knows of how its holder showed who they are.
    pub fn proof(&self) -> Proof {
        Proof { session: self.id, confirmed: self.confirmed, factor: self.factor, has_factor: self.has_factor }
    }
}

/// A started or finished synchronisation, as the operator sees it.
#[derive(Clone, Debug)]
pub struct SyncStarted {
    /// The run.
    pub run: RunId,
}

/// A plugin as the console lists it.
#[derive(Clone, Debug)]
pub struct PluginEntry {
    /// What it is.
    pub info: PluginInfo,
}
