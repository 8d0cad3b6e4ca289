//! The words for signatures that are written into mailboxes.

use estampe_domain::signature::publication::{
    LineState, Publication, PublicationKind, PublicationLine, PublicationState, code,
};
use estampe_service::{PlanRefusal, RingRefusal};
use estampe_texts::key;

use crate::locale::Lang;

/// What is done to the mailboxes.
pub(crate) const fn kind(kind: PublicationKind) -> &'static str {
    match kind {
        PublicationKind::Publish => key("publication-kind-publish"),
        PublicationKind::Drift => key("publication-kind-drift"),
        PublicationKind::Restore => key("publication-kind-restore"),
    }
}

/// The title of a publication's page.
pub(crate) fn title(l: &Lang, publication: &Publication) -> String {
    let key = match publication.kind {
        PublicationKind::Publish => key("publication-title-publish"),
        PublicationKind::Drift => key("publication-title-drift"),
        PublicationKind::Restore => key("publication-title-restore"),
    };
    l.t(key).with("source", publication.source_name.as_str()).to_string()
}

/// How far one is, and the colour of its pill.
pub(crate) const fn state(state: PublicationState) -> (&'static str, &'static str) {
    match state {
        PublicationState::Planning => (key("publication-state-planning"), "plate"),
        PublicationState::Planned => (key("publication-state-planned"), "sun"),
        PublicationState::Applying => (key("publication-state-applying"), "plate"),
        PublicationState::Paused => (key("publication-state-paused"), "sun"),
        PublicationState::Stopped => (key("publication-state-stopped"), "plain"),
        PublicationState::Done => (key("publication-state-done"), "leaf"),
    }
}

/// A mailbox's state in the words for one, for a count and for a list, and the colour of its pill.
pub(crate) struct LineWords {
    pub(crate) one: &'static str,
    pub(crate) count: &'static str,
    pub(crate) show: &'static str,
    pub(crate) tone: &'static str,
}

const fn told(one: &'static str, count: &'static str, show: &'static str, tone: &'static str) -> LineWords {
    LineWords { one, count, show, tone }
}

/// How far a mailbox is.
pub(crate) const fn line(kind: PublicationKind, state: LineState) -> LineWords {
    match (kind, state) {
        (_, LineState::Waiting) => told(
            key("publication-line-waiting"),
            key("publication-count-waiting"),
            key("publication-show-waiting"),
            "plain",
        ),
        (PublicationKind::Restore, LineState::Planned) => told(
            key("publication-line-restore"),
            key("publication-count-restore"),
            key("publication-show-restore"),
            "plate",
        ),
        (_, LineState::Planned) => told(
            key("publication-line-planned"),
            key("publication-count-planned"),
            key("publication-show-planned"),
            "plate",
        ),
        (_, LineState::Applying) => told(
            key("publication-line-applying"),
            key("publication-count-applying"),
            key("publication-show-applying"),
            "plate",
        ),
        (PublicationKind::Restore, LineState::Done) => told(
            key("publication-line-restored"),
            key("publication-count-restored"),
            key("publication-show-restored"),
            "leaf",
        ),
        (_, LineState::Done) => {
            told(key("publication-line-done"), key("publication-count-done"), key("publication-show-done"), "leaf")
        }
        (PublicationKind::Publish | PublicationKind::Restore, LineState::Unchanged) => told(
            key("publication-line-unchanged"),
            key("publication-count-unchanged"),
            key("publication-show-unchanged"),
            "plain",
        ),
        (PublicationKind::Drift, LineState::Unchanged) => told(
            key("publication-line-as-written"),
            key("publication-count-as-written"),
            key("publication-show-as-written"),
            "leaf",
        ),
        (_, LineState::Skipped) => told(
            key("publication-line-skipped"),
            key("publication-count-skipped"),
            key("publication-show-skipped"),
            "plain",
        ),
        (_, LineState::Failed) => told(
            key("publication-line-failed"),
            key("publication-count-failed"),
            key("publication-show-failed"),
            "seal",
        ),
        (_, LineState::Drifted) => told(
            key("publication-line-drifted"),
            key("publication-count-drifted"),
            key("publication-show-drifted"),
            "sun",
        ),
    }
}

/// Why a mailbox is in its state; none where that needs no word.
pub(crate) fn why(line: &PublicationLine) -> Option<&'static str> {
    let words = match line.code.as_deref()? {
        code::NO_SIGNATURE => key("publication-why-no-signature"),
        code::NO_ADDRESS if line.state == LineState::Skipped => key("publication-why-no-email"),
        code::NO_ADDRESS => key("publication-why-no-address"),
        code::GONE => key("publication-why-gone"),
        code::TEMPLATE => key("publication-why-template"),
        code::CHANGED => key("publication-why-changed"),
        code::REWRITTEN => key("publication-why-rewritten"),
        code::THERE => key("publication-why-there"),
        code::SHARED => key("publication-why-shared"),
        code::UNSURE => key("publication-why-unsure"),
        "config" => key("publication-why-config"),
        "auth" => key("publication-why-auth"),
        "denied" => key("publication-why-denied"),
        "not-found" => key("publication-why-not-found"),
        "rate-limited" => key("publication-why-busy"),
        "unavailable" => key("publication-why-away"),
        "unsupported" => key("publication-why-unsupported"),
        "limit" => key("publication-why-limit"),
        "conflict" => key("publication-why-conflict"),
        _ => key("publication-why-defect"),
    };
    Some(words)
}

/// Whether a mailbox failed and is tried again by itself.
pub(crate) fn is_tried_again(line: &PublicationLine) -> bool {
    line.tries > 0 && matches!(line.state, LineState::Waiting | LineState::Planned | LineState::Applying)
}

/// Why one is paused, and what to do.
pub(crate) fn paused(why: Option<&str>) -> &'static str {
    match why {
        None | Some(code::ASKED) => key("publication-paused-asked"),
        Some("config" | "unsupported") => key("publication-paused-config"),
        Some("auth" | "denied") => key("publication-paused-access"),
        Some(_) => key("publication-paused-plugin"),
    }
}

/// Why nothing is planned: the field that it is about, and the words.
pub(crate) fn not_planned(l: &Lang, refusal: &PlanRefusal) -> (&'static str, String) {
    let plain = |field, key| (field, l.t(key).to_string());
    match refusal {
        PlanRefusal::NoMailboxes(_) => plain("source", key("publication-refused-source")),
        PlanRefusal::Open(_) => plain("source", key("publication-refused-open")),
        PlanRefusal::TooMany => plain("q", key("publication-refused-many")),
        PlanRefusal::Nobody => plain("q", key("publication-refused-nobody")),
        PlanRefusal::OtherSource => plain("source", key("publication-refused-look")),
        PlanRefusal::NeverRead(name) => {
            let words = l.t("publication-refused-unread").with("source", name.as_str());
            ("source", words.with("command", format!("estampe source sync \"{name}\"")).to_string())
        }
        PlanRefusal::Inactive(names) => {
            ("q", l.t("publication-refused-left").with("names", names.join(", ")).to_string())
        }
        PlanRefusal::NothingWritten => plain("kind", key("publication-refused-unwritten")),
        PlanRefusal::NoGroup(name) => {
            ("group", l.t("publication-refused-group").with("name", name.as_str()).to_string())
        }
        PlanRefusal::SeveralGroups(name, ids) => {
            let words = l.t("publication-refused-groups").with("name", name.as_str());
            ("group", words.with("ids", ids.as_str()).to_string())
        }
    }
}

/// Why a ring is not written.
pub(crate) const fn not_released(refusal: RingRefusal) -> &'static str {
    match refusal {
        RingRefusal::NotPlanned(_) => key("publication-not-planned"),
        RingRefusal::Nobody => key("publication-ring-nobody"),
        RingRefusal::Changed => key("publication-changed"),
        RingRefusal::NotAdministrator => key("publication-not-administrator"),
    }
}
