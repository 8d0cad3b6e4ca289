//! Signatures written into mailboxes: a plan, line by line, that is applied ring by ring; and what
//! is done next with each line. A mailbox is read before it is written, so that a killed process
//! goes on without doing one twice.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::difference::says_the_same;
use super::same::{fingerprint, is_same};
use crate::ids::{PersonId, PublicationId, SourceId};
use crate::plugin::{FailKind, MailSender, PluginFailure};
use crate::time::Ts;

macro_rules! stored {
    ($name:ident: $($value:ident = $text:literal),+ $(,)?) => {
        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// As the database keeps it and the command line shows it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }

            /// Reads what [`as_str`](Self::as_str) wrote.
            pub fn from_stored(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }
    };
}

/// What is done to the mailboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublicationKind {
    /// Everybody gets what the rules say.
    Publish,
    /// What stood there before Estampe ever wrote comes back.
    Restore,
    /// Nothing is written: those are found that are no longer as they were written.
    Drift,
}

stored!(PublicationKind: Publish = "publish", Restore = "restore", Drift = "drift");

/// How far a publication is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublicationState {
    /// The mailboxes are read.
    Planning,
    /// The plan stands; nothing of what remains is written before somebody says so.
    Planned,
    /// The mailboxes of a ring are written.
    Applying,
    /// Somebody, or a failure that concerns all, made it wait.
    Paused,
    /// Ended before its time; what was written stays.
    Stopped,
    /// Nothing is left to do.
    Done,
}

stored!(PublicationState:
    Planning = "planning", Planned = "planned", Applying = "applying", Paused = "paused", Stopped = "stopped",
    Done = "done",
);

impl PublicationState {
    /// Whether more can become of it.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Stopped | Self::Done)
    }

    /// Whether a job works on it.
    pub const fn is_busy(self) -> bool {
        matches!(self, Self::Planning | Self::Applying)
    }
}

/// How far one mailbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineState {
    /// Not read yet.
    Waiting,
    /// Another signature stands there: it will be written.
    Planned,
    /// The right one stands there.
    Unchanged,
    /// Left alone; the code says why.
    Skipped,
    /// About to be written, or written and not noted yet.
    Applying,
    /// Written.
    Done,
    /// Could not be read or written; the code says why.
    Failed,
    /// It is no longer as Estampe wrote it.
    Drifted,
}

stored!(LineState:
    Waiting = "waiting", Planned = "planned", Unchanged = "unchanged", Skipped = "skipped", Applying = "applying",
    Done = "done", Failed = "failed", Drifted = "drifted",
);

/// Signatures of a source's mailboxes, planned or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its id.
    pub id: PublicationId,
    /// What it does.
    pub kind: PublicationKind,
    /// The source whose connector has the mailboxes.
    pub source: SourceId,
    /// Its name.
    pub source_name: String,
    /// The day whose rules count.
    pub day: Date,
    /// How far it is.
    pub state: PublicationState,
    /// Where it goes on once it is resumed.
    pub resumes_in: Option<PublicationState>,
    /// Why it is paused: a kind of failure, or `asked`.
    pub why: Option<String>,
    /// How many rings were begun.
    pub ring: u64,
    /// Mailboxes that refused us one after the other.
    pub refused_in_row: u32,
    /// The provider wants to be left alone until then.
    pub not_before: Option<Ts>,
    /// Mailboxes by how far they are.
    pub counts: BTreeMap<LineState, u64>,
    /// Mailboxes of the rings that were begun.
    pub released: u64,
    /// Of them, those whose turn is still to come.
    pub left: u64,
    /// Begun.
    pub started_at: Ts,
    /// Done or stopped.
    pub ended_at: Option<Ts>,
}

impl Publication {
    /// How many mailboxes are in a state.
    pub fn count(&self, state: LineState) -> u64 {
        self.counts.get(&state).copied().unwrap_or(0)
    }

    /// All mailboxes that it is about.
    pub fn mailboxes(&self) -> u64 {
        self.counts.values().sum()
    }

    /// What it works on, or would once it is resumed: mailboxes dealt with, and all of them.
    pub fn progress(&self) -> (u64, u64) {
        match self.resumes_in.unwrap_or(self.state) {
            PublicationState::Planning => {
                (self.mailboxes().saturating_sub(self.count(LineState::Waiting)), self.mailboxes())
            }
            _ => (self.released.saturating_sub(self.left), self.released),
        }
    }
}

/// What concerns one mailbox, sealed where it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineContent {
    /// The mailbox: its own address.
    pub mailbox: String,
    /// The address whose signature it is, as the provider writes it.
    pub address: String,
    /// What stood there when it was read.
    pub found: Option<String>,
    /// What is to stand there.
    pub wanted: Option<String>,
}

/// One mailbox of a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicationLine {
    /// Its place.
    pub seq: u64,
    /// Whose mailbox it is.
    pub person: PersonId,
    /// How far it is.
    pub state: LineState,
    /// Why.
    pub code: Option<String>,
    /// Failed tries.
    pub tries: u32,
    /// What concerns the mailbox.
    pub content: LineContent,
}

/// What stood in a mailbox before Estampe ever wrote it, and what was written last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxBackup {
    /// Whose mailbox it is.
    pub person: PersonId,
    /// The mailbox.
    pub mailbox: String,
    /// The address.
    pub address: String,
    /// What stood there, octet by octet.
    pub before: String,
    /// Taken when.
    pub taken_at: Ts,
    /// [`fingerprint`](super::fingerprint) of what the provider had after it was last written;
    /// none while nothing got there.
    pub written: Option<String>,
    /// Of what was sent since, when nobody knows whether it got there.
    pub tried: Option<String>,
}

impl MailboxBackup {
    /// Whether what stands there is what Estampe wrote, as far as anybody knows.
    pub fn is_ours(&self, html: &str) -> bool {
        let now = fingerprint(html);
        [&self.written, &self.tried].into_iter().flatten().any(|ours| *ours == now)
    }
}

/// A mailbox that Estampe wrote, or may have written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMailbox {
    /// Whose mailbox it is.
    pub person: PersonId,
    /// The mailbox.
    pub mailbox: String,
    /// The address.
    pub address: String,
}

/// Codes of lines that no failure of a provider explains.
pub mod code {
    /// No rule gives them a design.
    pub const NO_SIGNATURE: &str = "no-signature";
    /// Their source says no e-mail address, or the mailbox does not send from it.
    pub const NO_ADDRESS: &str = "no-address";
    /// They left, or were erased, since the plan began.
    pub const GONE: &str = "gone";
    /// The template failed.
    pub const TEMPLATE: &str = "template";
    /// Something else stands there since the plan was made.
    pub const CHANGED: &str = "changed-since-plan";
    /// The provider made something else of it.
    pub const REWRITTEN: &str = "drifted";
    /// The right one stood there already when it was to be written.
    pub const THERE: &str = "there-already";
    /// Two people of the plan meet at this address.
    pub const SHARED: &str = "shared-address";
    /// Nobody knows whether it was ever written, and what stands there is not ours.
    pub const UNSURE: &str = "unsure";
    /// Somebody made the publication wait.
    pub const ASKED: &str = "asked";
}

/// The mailbox's own address among those that it sends from.
pub fn own_address<'a>(senders: &'a [MailSender], mailbox: &str) -> Option<&'a MailSender> {
    let primary = senders.iter().find(|sender| sender.primary);
    primary.or_else(|| senders.iter().find(|sender| sender.address.eq_ignore_ascii_case(mailbox)))
}

/// What is done with a mailbox whose turn it is to be written, once it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is written.
    Push,
    /// What is wanted stands there: nothing is written.
    There,
    /// It was written, and the provider made something else of it.
    Rewritten,
    /// It is left alone, for this reason.
    Leave(&'static str),
}

/// Decides by what stands there now. A restore brings back octets, and forgets what was kept: only
/// the provider's answer to a write tells that they are there, for a mailbox may be read late.
pub fn step(kind: PublicationKind, state: LineState, content: &LineContent, now: &str) -> Step {
    let Some(wanted) = content.wanted.as_deref() else { return Step::Leave(code::GONE) };
    let restores = kind == PublicationKind::Restore;
    let is_there = if restores { wanted == now } else { is_same(wanted, now) };
    if is_there {
        let moved = state == LineState::Applying && content.found.as_deref() != Some(wanted);
        return if restores && !moved { Step::Push } else { Step::There };
    }
    let is_as_found = content.found.as_deref().is_none_or(|found| is_same(found, now));
    match state {
        // of one that a killed process left: it never got there
        LineState::Planned | LineState::Applying if is_as_found => Step::Push,
        // it got there, and is spelt the provider's way
        LineState::Applying if is_same(wanted, now) => Step::There,
        LineState::Applying if is_rewritten(content, wanted, now) => Step::Rewritten,
        // its holder's own, written since: it is not ours to overwrite
        _ => Step::Leave(code::CHANGED),
    }
}

/// Whether what stands there can only be what we sent: it says our words, and what was found did
/// not.
fn is_rewritten(content: &LineContent, wanted: &str, now: &str) -> bool {
    let found = content.found.as_deref().unwrap_or_default();
    says_the_same(wanted, now) && !says_the_same(wanted, found)
}

/// What becomes of a mailbox that could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Nobody is asked anything for so many milliseconds, then it is tried again.
    WaitAll(u64),
    /// It is tried again after so many milliseconds; others go on.
    Again(u64),
    /// It failed.
    Fail,
}

/// Tries of a mailbox whose provider is away.
const AWAY: u32 = 5;
/// Tries of a mailbox whose provider has too much to do.
const BUSY: u32 = 30;
/// The longest pause that we choose ourselves, in milliseconds.
const LONGEST: u64 = 300_000;

/// Decides by the kind of the failure and how often the mailbox failed before. What the provider
/// says of waiting is kept to.
pub fn after_failure(failure: &PluginFailure, tries: u32) -> AfterFailure {
    let doubled = |first: u64| first.saturating_mul(1 << tries.min(20)).min(LONGEST);
    match failure.kind {
        FailKind::RateLimited if tries < BUSY => {
            AfterFailure::WaitAll(failure.retry_after_ms.unwrap_or_else(|| doubled(1_000)).max(1))
        }
        // it says for how long: nobody else is served meanwhile either
        FailKind::Unavailable if tries < AWAY => match failure.retry_after_ms {
            Some(told) => AfterFailure::WaitAll(told.max(1)),
            None => AfterFailure::Again(doubled(2_000)),
        },
        _ => AfterFailure::Fail,
    }
}

/// Whether the provider said no, so that what was sent is not there. Of other failures nobody knows,
/// nor of a limit: it may be the answer that was too long.
pub const fn is_refusal(kind: FailKind) -> bool {
    may_concern_all(kind) || matches!(kind, FailKind::NotFound | FailKind::Conflict | FailKind::RateLimited)
}

/// Mailboxes that refuse us in a row before a publication is paused.
pub const REFUSED_TO_PAUSE: u32 = 5;

/// Whether such a failure may well concern all mailboxes alike.
pub const fn may_concern_all(kind: FailKind) -> bool {
    matches!(kind, FailKind::Config | FailKind::Auth | FailKind::Denied | FailKind::Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(found: &str, wanted: &str) -> LineContent {
        LineContent { found: Some(found.to_owned()), wanted: Some(wanted.to_owned()), ..LineContent::default() }
    }

    #[test]
    fn words_are_read_back() {
        for state in PublicationState::ALL {
            assert_eq!(PublicationState::from_stored(state.as_str()), Some(*state));
            assert!(state.is_open() || !state.is_busy());
        }
        for state in LineState::ALL {
            assert_eq!(LineState::from_stored(state.as_str()), Some(*state));
        }
        for kind in PublicationKind::ALL {
            assert_eq!(PublicationKind::from_stored(kind.as_str()), Some(*kind));
        }
        assert_eq!(LineState::from_stored("nowhere"), None);
    }

    #[test]
    fn only_what_stands_as_planned_is_written() {
        use LineState::{Applying, Planned};
        use PublicationKind::{Publish, Restore};
        let line = content("<p>old</p>", "<p>new</p>");
        for (kind, state, now, expected) in [
            (Publish, Planned, "<p>old</p>", Step::Push),
            (Publish, Planned, "<P>old </P>", Step::Push),
            (Publish, Planned, "<p>new</p>\n", Step::There),
            (Publish, Planned, "<p>mine</p>", Step::Leave(code::CHANGED)),
            // after a kill: there, not there yet, ours in other clothes, or somebody's own since
            (Publish, Applying, "<P>new</P>", Step::There),
            (Publish, Applying, "<p>old</p>", Step::Push),
            (Publish, Applying, "<div><b>new</b></div>", Step::Rewritten),
            (Publish, Applying, "<p>mine</p>", Step::Leave(code::CHANGED)),
            (Publish, Applying, "", Step::Leave(code::CHANGED)),
            // only an answer to a write is believed, and what got there is not written again
            (Restore, Planned, "<p>new</p>", Step::Push),
            (Restore, Planned, "<p>old</p>", Step::Push),
            (Restore, Planned, "<p>mine</p>", Step::Leave(code::CHANGED)),
            (Restore, Applying, "<p>new</p>", Step::There),
            (Restore, Applying, "<P>new</P>", Step::There),
            (Restore, Applying, "<p>old</p>", Step::Push),
            (Restore, Applying, "<p>mine</p>", Step::Leave(code::CHANGED)),
        ] {
            assert_eq!(step(kind, state, &line, now), expected, "{kind:?} {state:?} {now}");
        }
        let spelt = content("<P>new</P>", "<p>new</p>");
        assert_eq!(step(Restore, Planned, &spelt, "<P>new</P>"), Step::Push);
        // the same words before and after: nobody can tell whose they are now
        let restyled = content("<b>new</b>", "<p>new</p>");
        assert_eq!(step(Publish, Applying, &restyled, "<i>new</i>"), Step::Leave(code::CHANGED));
        let erased = LineContent::default();
        assert_eq!(step(Publish, Planned, &erased, ""), Step::Leave(code::GONE));
    }

    proptest! {
        /// A process is killed any number of times, before or after its push got through: the
        /// mailbox ends right, and is written once.
        #[test]
        fn a_killed_process_writes_a_mailbox_once(kills in proptest::collection::vec(any::<bool>(), 0..5)) {
            let line = content("<p>old</p>", "<p>new</p>");
            let (mut mailbox, mut state, mut pushes) = ("<p>old</p>".to_owned(), LineState::Planned, 0);
            let mut kills = kills.into_iter();
            loop {
                match step(PublicationKind::Publish, state, &line, &mailbox) {
                    Step::There => break,
                    other @ (Step::Leave(_) | Step::Rewritten) => prop_assert!(false, "{other:?}"),
                    Step::Push => {
                        state = LineState::Applying;
                        match kills.next() {
                            // before it got out
                            Some(false) => {}
                            got_through => {
                                // as a provider writes it
                                mailbox = "<P>new</P>\n".to_owned();
                                pushes += 1;
                                if got_through.is_none() {
                                    break;
                                }
                            }
                        }
                    }
                }
            }
            prop_assert_eq!((pushes, is_same(&mailbox, "<p>new</p>")), (1, true));
        }

        #[test]
        fn no_word_about_waiting_is_ignored(told in 0_u64..10_000_000, tries in 0_u32..5) {
            for kind in [FailKind::RateLimited, FailKind::Unavailable] {
                let failure = PluginFailure::new(kind, "later").after(Some(told));
                match after_failure(&failure, tries) {
                    AfterFailure::WaitAll(wait) => prop_assert!(wait >= told),
                    other => prop_assert!(false, "{other:?}"),
                }
            }
        }
    }

    #[test]
    fn tries_come_to_an_end() {
        let of = |kind| PluginFailure::new(kind, "no");
        assert_eq!(after_failure(&of(FailKind::Unavailable), 0), AfterFailure::Again(2_000));
        assert_eq!(after_failure(&of(FailKind::Unavailable), 2), AfterFailure::Again(8_000));
        assert_eq!(after_failure(&of(FailKind::Unavailable), AWAY), AfterFailure::Fail);
        assert_eq!(after_failure(&of(FailKind::RateLimited), 1), AfterFailure::WaitAll(2_000));
        assert_eq!(after_failure(&of(FailKind::RateLimited), 29), AfterFailure::WaitAll(LONGEST));
        assert_eq!(after_failure(&of(FailKind::RateLimited), BUSY), AfterFailure::Fail);
        for kind in [FailKind::Auth, FailKind::Denied, FailKind::NotFound, FailKind::Trapped, FailKind::Limit] {
            assert_eq!(after_failure(&of(kind), 0), AfterFailure::Fail);
        }
        assert!(may_concern_all(FailKind::Auth) && !may_concern_all(FailKind::NotFound));
        assert!(is_refusal(FailKind::Denied) && !is_refusal(FailKind::Unavailable) && !is_refusal(FailKind::Limit));
    }

    #[test]
    fn a_mailbox_has_an_address_of_its_own() {
        let sender =
            |address: &str, primary| MailSender { address: address.to_owned(), primary, signature: String::new() };
        let senders = [sender("info@a.example", false), sender("Zoe@a.example", false)];
        assert_eq!(own_address(&senders, "zoe@a.example"), Some(&senders[1]));
        assert_eq!(
            own_address(&[senders[0].clone(), sender("z@a.example", true)], "zoe@a.example").unwrap().address,
            "z@a.example"
        );
        assert_eq!(own_address(&senders[..1], "zoe@a.example"), None);
    }
}
