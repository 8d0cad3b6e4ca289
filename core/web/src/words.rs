//! The words for the domain's own enumerations.

pub(crate) mod asked;
pub(crate) mod mapping;
pub(crate) mod provider;
pub(crate) mod publication;
pub(crate) mod signature;

use std::borrow::Cow;

use estampe_domain::Locale;
use estampe_domain::access::{Role, Roles};
use estampe_domain::difference::PlanReason;
use estampe_domain::ending::PeopleFate;
use estampe_domain::lead::LeadField;
use estampe_domain::mail::{AccountMail, LeadMail, Occasion, ServerFault};
use estampe_domain::manifest::ConfigProblem;
use estampe_domain::ownership::{InputProblem, Owner};
use estampe_domain::person::{NotAPerson, PersonSummary, ProfileField};
use estampe_domain::plugin::{LogLevel, SyncMode};
use estampe_domain::run::{PlanAction, Refusal, RunState};
use estampe_domain::text::TextProblem;
use estampe_domain::token::TokenScope;
use estampe_service::views::JobState;
use estampe_texts::key;

use crate::locale::Lang;

/// What is wrong with a field that a visitor filled in.
pub(crate) fn lead_problem(l: &Lang, field: LeadField, problem: &TextProblem) -> String {
    match (problem, field) {
        (TextProblem::Empty, LeadField::Name) => l.t("problem-empty-name").to_string(),
        (TextProblem::Empty, LeadField::Email) => l.t("problem-empty-email").to_string(),
        _ => text_problem(l, problem),
    }
}

/// How much a line of a plugin's log matters, and its tone.
pub(crate) fn log_level(level: LogLevel) -> (&'static str, &'static str) {
    match level {
        LogLevel::Debug => (key("log-debug"), "plain"),
        LogLevel::Info => (key("log-info"), "plain"),
        LogLevel::Warn => (key("log-warn"), "sun"),
        LogLevel::Error => (key("log-error"), "seal"),
    }
}

/// What is wrong with a value of a plugin's configuration.
pub(crate) fn config_problem(l: &Lang, problem: &ConfigProblem) -> String {
    match problem {
        ConfigProblem::TooLong => l.t("problem-config-long").to_string(),
        ConfigProblem::Nul => l.t("problem-control").to_string(),
        ConfigProblem::NoFlag => l.t("problem-config-flag").to_string(),
        ConfigProblem::NoInteger(i64::MIN, i64::MAX) => l.t("problem-config-integer").to_string(),
        ConfigProblem::NoInteger(least, i64::MAX) => {
            l.t("problem-config-least").with("least", least.to_string().as_str()).to_string()
        }
        ConfigProblem::NoInteger(i64::MIN, most) => {
            l.t("problem-config-most").with("most", most.to_string().as_str()).to_string()
        }
        ConfigProblem::NoInteger(least, most) => l
            .t("problem-config-between")
            .with("least", least.to_string().as_str())
            .with("most", most.to_string().as_str())
            .to_string(),
        ConfigProblem::NoChoice(words) => {
            l.t("problem-config-choice").with("words", words.join(", ").as_str()).to_string()
        }
        ConfigProblem::NoPair(part) => l.t("problem-config-pair").with("part", part.as_str()).to_string(),
        ConfigProblem::Unknown(_) => l.t("problem-config-unknown").to_string(),
        ConfigProblem::Missing => l.t("problem-empty").to_string(),
        ConfigProblem::NoPicture => l.t("problem-config-picture").to_string(),
        ConfigProblem::NoAddress(_) => l.t("problem-config-address").to_string(),
        ConfigProblem::Again(key) => l.t("problem-config-again").with("key", key.as_str()).to_string(),
    }
}

/// What is wrong with a text.
pub(crate) fn text_problem(l: &Lang, problem: &TextProblem) -> String {
    match problem {
        TextProblem::Empty => l.t("problem-empty").to_string(),
        TextProblem::TooLong(max) => l.t("problem-too-long").with("max", *max).to_string(),
        TextProblem::Control => l.t("problem-control").to_string(),
        TextProblem::NotAnEmail => l.t("problem-not-an-email").to_string(),
        TextProblem::Comma(meant) => l.t("problem-comma").with("meant", meant.as_str()).to_string(),
        TextProblem::NoAt => l.t("problem-no-at").to_string(),
        TextProblem::NotAPhone => l.t("problem-not-a-phone").to_string(),
        TextProblem::ImpossiblePhone => l.t("problem-impossible-phone").to_string(),
        TextProblem::NotALink => l.t("problem-not-a-link").to_string(),
    }
}

/// The name of a profile's field.
pub(crate) const fn field(field: ProfileField) -> &'static str {
    match field {
        ProfileField::Name => key("field-name"),
        ProfileField::Pronouns => key("field-pronouns"),
        ProfileField::Title => key("field-title"),
        ProfileField::Organisation => key("field-organisation"),
        ProfileField::Department => key("field-department"),
        ProfileField::Office => key("field-office"),
        ProfileField::Phones => key("field-phones"),
        ProfileField::Emails => key("field-emails"),
        ProfileField::Links => key("field-links"),
        ProfileField::Address => key("field-address"),
        ProfileField::Language => key("field-language"),
        ProfileField::Photo => key("field-photo"),
    }
}

/// A value of a field as a person reads it, what it was or what it becomes: a photo has no
/// words of its own, a language has a name.
pub(crate) fn field_value(locale: Locale, field: ProfileField, value: &str, becomes: bool) -> Cow<'_, str> {
    match field {
        _ if value.is_empty() => Cow::Borrowed(value),
        ProfileField::Photo if becomes => estampe_texts::t(locale, "run-photo-new").into(),
        ProfileField::Photo => estampe_texts::t(locale, "run-photo-old").into(),
        ProfileField::Language => value.parse().map_or(Cow::Borrowed(value), |tag| language(tag).into()),
        _ => Cow::Borrowed(value),
    }
}

/// Why a plan does what no field says.
pub(crate) const fn reason(reason: PlanReason) -> &'static str {
    match reason {
        PlanReason::Missing => key("run-why-missing"),
        PlanReason::Deleted => key("run-why-deleted"),
        PlanReason::Moved => key("run-why-moved"),
        PlanReason::DisabledThere => key("run-why-disabled-there"),
        PlanReason::Back => key("run-why-back"),
    }
}

/// Where somebody's card stands, and its tone.
pub(crate) fn card_state(person: &PersonSummary) -> (&'static str, &'static str) {
    match (person.active, person.card_active) {
        (false, _) => (key("person-disabled"), "plain"),
        (true, false) => (key("person-card-down"), "sun"),
        (true, true) => (key("person-active"), "leaf"),
    }
}

/// What becomes of a source's people.
pub(crate) const fn fate(fate: PeopleFate) -> &'static str {
    match fate {
        PeopleFate::Keep => key("ending-fate-keep"),
        PeopleFate::Disable => key("ending-fate-disable"),
        PeopleFate::Erase => key("ending-fate-erase"),
    }
}

/// Where a field's value comes from.
pub(crate) const fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Directory => key("owner-directory"),
        Owner::Written => key("owner-written"),
        Owner::Once => key("owner-once"),
        Owner::Own => key("owner-own"),
    }
}

/// What is wrong with an input of a person.
pub(crate) fn input_problem(l: &Lang, problem: &InputProblem) -> String {
    match problem {
        InputProblem::Text(problem) => text_problem(l, problem),
        InputProblem::Language => l.t("problem-language").to_string(),
    }
}

/// A run's state and the colour of its pill.
pub(crate) const fn run_state(state: RunState) -> (&'static str, &'static str) {
    match state {
        RunState::Planning => (key("run-state-planning"), "plate"),
        RunState::Held => (key("run-state-held"), "sun"),
        RunState::Applying => (key("run-state-applying"), "plate"),
        RunState::Done => (key("run-state-done"), "leaf"),
        RunState::Failed => (key("run-state-failed"), "seal"),
        RunState::Discarded => (key("run-state-discarded"), "plain"),
    }
}

/// Whom a run reads.
pub(crate) const fn run_mode(mode: SyncMode) -> &'static str {
    match mode {
        SyncMode::Full => key("run-mode-full"),
        SyncMode::Incremental => key("run-mode-incremental"),
    }
}

/// What a plan does or did with a person, and the colour of its pill.
pub(crate) const fn action(action: PlanAction, done: bool) -> (&'static str, &'static str) {
    match action {
        PlanAction::Create => (key("run-action-create"), "leaf"),
        PlanAction::Update | PlanAction::Note => (key("run-action-update"), "plate"),
        PlanAction::Disable if done => (key("run-action-disabled"), "seal"),
        PlanAction::Disable => (key("run-action-disable"), "seal"),
    }
}

/// What to do about a connector's failure, by its code.
pub(crate) fn failure(code: &str) -> &'static str {
    match code {
        "config" | "unsupported" | "conflict" => key("failure-config"),
        "auth" | "denied" => key("failure-access"),
        "not-found" => key("failure-missing"),
        "unavailable" | "rate-limited" | "cursor-expired" => key("failure-away"),
        "limit" | "out-of-memory" | "deadline" => key("failure-limit"),
        "apply-failed" => key("failure-applying"),
        _ => key("failure-defect"),
    }
}

/// Why an entry was refused, in our words; the connector's own stand beside them.
pub(crate) fn refusal(refusal: &Refusal) -> &'static str {
    match refusal.code.as_str() {
        "no-name-no-mail" => key("refusal-no-name-no-mail"),
        "name-not-granted" => key("refusal-name-not-granted"),
        "bad-name" => key("refusal-bad-name"),
        "bad-identity" => key("refusal-bad-identity"),
        "twice" => key("refusal-twice"),
        "photo" => key("refusal-photo"),
        "left-out" => key("refusal-left-out"),
        _ => key("refusal-connector"),
    }
}

/// Why nobody comes of an entry.
pub(crate) fn not_a_person(why: &NotAPerson) -> &'static str {
    match why {
        NotAPerson::NoNameNoMail => key("refusal-no-name-no-mail"),
        NotAPerson::NotGranted(_) => key("refusal-name-not-granted"),
        NotAPerson::BadName => key("refusal-bad-name"),
        NotAPerson::BadIdentity => key("refusal-bad-identity"),
        NotAPerson::Twice => key("refusal-twice"),
    }
}

/// Which mail.
pub(crate) const fn mail(about: Occasion) -> &'static str {
    match about {
        Occasion::Lead(LeadMail::Acknowledgement, _) => key("mail-kind-acknowledgement"),
        Occasion::Lead(LeadMail::Notice, _) => key("mail-kind-notice"),
        Occasion::Account(AccountMail::Invitation, _) => key("mail-kind-invitation"),
        Occasion::Account(AccountMail::Reset, _) => key("mail-kind-reset"),
        Occasion::Account(AccountMail::PasswordChanged, _) => key("mail-kind-password"),
        Occasion::Account(AccountMail::FactorsChanged, _) => key("mail-kind-factors"),
        Occasion::NewBrowser(..) => key("mail-kind-browser"),
        Occasion::Signature(..) => key("mail-kind-signature"),
    }
}

/// What hinders the mail server, and what helps.
pub(crate) const fn server_fault(fault: ServerFault) -> &'static str {
    match fault {
        ServerFault::Name => key("outage-name"),
        ServerFault::Connection => key("outage-connection"),
        ServerFault::Silent => key("outage-silent"),
        ServerFault::Tls => key("outage-tls"),
        ServerFault::SignIn => key("outage-sign-in"),
        ServerFault::Answer => key("outage-answer"),
    }
}

/// How a mail fares, and the colour of its pill.
pub(crate) const fn job_state(state: JobState) -> (&'static str, &'static str) {
    match state {
        JobState::Waiting => (key("mail-state-waiting"), "sun"),
        JobState::Running => (key("mail-state-running"), "plate"),
        JobState::Done => (key("mail-state-done"), "leaf"),
        JobState::Dead => (key("mail-state-dead"), "seal"),
    }
}

/// A language's own name.
pub(crate) fn language(locale: Locale) -> String {
    estampe_texts::t(locale, "language-name")
}

/// A role, and what it is for.
pub(crate) fn role(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Employee => (key("role-employee"), key("role-employee-hint")),
        Role::TeamManager => (key("role-team-manager"), key("role-team-manager-hint")),
        Role::CardDesigner => (key("role-card-designer"), key("role-card-designer-hint")),
        Role::Integrator => (key("role-integrator"), key("role-integrator-hint")),
        Role::Auditor => (key("role-auditor"), key("role-auditor-hint")),
        Role::DataProtectionOfficer => (key("role-dpo"), key("role-dpo-hint")),
        Role::Administrator => (key("role-administrator"), key("role-administrator-hint")),
    }
}

/// Roles in one line.
pub(crate) fn roles(l: &Lang, roles: Roles) -> String {
    roles.iter().map(|one| l.t(role(one).0).to_string()).collect::<Vec<_>>().join(", ")
}

/// What a token may be used for.
pub(crate) fn token_scope(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::PeopleRead => key("scope-people-read"),
        TokenScope::PeopleWrite => key("scope-people-write"),
        TokenScope::LeadsRead => key("scope-leads-read"),
        TokenScope::SignaturesRead => key("scope-signatures-read"),
        TokenScope::SourcesRead => key("scope-sources-read"),
        TokenScope::SourcesRun => key("scope-sources-run"),
        TokenScope::PluginsRead => key("scope-plugins-read"),
        TokenScope::AccountsRead => key("scope-accounts-read"),
        TokenScope::AccountsWrite => key("scope-accounts-write"),
        TokenScope::HealthRead => key("scope-health-read"),
        TokenScope::TokensRead => key("scope-tokens-read"),
        TokenScope::TokensWrite => key("scope-tokens-write"),
    }
}
