//! What surrounds every page of the console: sections, search, account.

use estampe_domain::access::Scope;
use estampe_domain::{Context, PersonId, Right};

use crate::public::card::initial;
use crate::session::Desk;

/// A section of the sidebar; there are no empty ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Home,
    People,
    Teams,
    Cards,
    Signatures,
    Leads,
    Sources,
    Plugins,
    Outbox,
    Accounts,
    Settings,
    /// One's own card.
    Own,
    /// One's own account.
    Account,
    /// The design system, in development.
    Styleguide,
    /// One's own tokens.
    Tokens,
}

/// What whoever is signed in may see and do: nobody is shown a door that does not open.
#[derive(Clone, Copy)]
pub(crate) struct Sees {
    pub(crate) own: Option<PersonId>,
    pub(crate) overview: bool,
    /// More people than oneself.
    pub(crate) people: bool,
    /// Designs and rules.
    pub(crate) signatures: bool,
    pub(crate) leads: bool,
    pub(crate) sources: bool,
    pub(crate) plugins: bool,
    pub(crate) outbox: bool,
    pub(crate) accounts: bool,
    pub(crate) settings: bool,
    /// Enters whatever is shown of everybody.
    pub(crate) changes_people: bool,
    /// Enters what is theirs of their own card.
    pub(crate) changes_own: bool,
    pub(crate) changes_accounts: bool,
    pub(crate) changes_sources: bool,
    pub(crate) ends_sources: bool,
    pub(crate) changes_plugins: bool,
    pub(crate) grants: bool,
    pub(crate) changes_mails: bool,
    pub(crate) changes_signatures: bool,
    /// Writes signatures into mailboxes.
    pub(crate) publishes: bool,
}

impl Sees {
    pub(crate) fn of(ctx: &Context) -> Self {
        let is_more = |right| matches!(ctx.scope(right), Ok(Scope::All | Scope::Team(..)));
        Self {
            own: ctx.person.filter(|_| ctx.may(Right::PeopleRead)),
            overview: ctx.may_all(Right::Overview),
            people: is_more(Right::PeopleRead),
            signatures: ctx.may_all(Right::SignaturesRead),
            leads: ctx.may(Right::LeadsRead),
            sources: ctx.may_all(Right::SourcesRead),
            plugins: ctx.may_all(Right::PluginsRead),
            outbox: ctx.may_all(Right::MailsRead),
            accounts: ctx.may_all(Right::AccountsRead),
            settings: ctx.may_all(Right::HealthRead),
            changes_people: ctx.may_all(Right::PeopleChange),
            changes_own: ctx.may(Right::PeopleChange),
            changes_accounts: ctx.may_all(Right::AccountsChange),
            changes_sources: ctx.may_all(Right::SourcesChange),
            ends_sources: ctx.may_all(Right::SourcesEnd),
            changes_plugins: ctx.may_all(Right::PluginsChange),
            grants: ctx.may_all(Right::PluginsGrant),
            changes_mails: ctx.may_all(Right::MailsChange),
            changes_signatures: ctx.may_all(Right::SignaturesChange),
            publishes: ctx.may_all(Right::SignaturesPublish),
        }
    }

    /// Where somebody begins who has no overview.
    pub(crate) fn first(&self) -> Option<String> {
        let own = self.own.map(|person| format!("/people/{person}"));
        let doors = [(self.people, "/people"), (self.leads, "/leads"), (self.sources, "/sources")];
        own.or_else(|| doors.into_iter().find(|(open, _)| *open).map(|(_, path)| path.to_owned()))
    }

    /// Whether this is oneself.
    pub(crate) fn is_own(&self, person: &PersonId) -> bool {
        self.own == Some(*person)
    }

    /// Whether a person's page lets them change something.
    pub(crate) fn changes(&self, person: &PersonId) -> bool {
        self.changes_people || (self.changes_own && self.is_own(person))
    }
}

/// What surrounds a page. Templates call it `s`.
pub(crate) struct Shell {
    pub(crate) section: Section,
    pub(crate) sees: Sees,
    pub(crate) account: String,
    pub(crate) initials: String,
    pub(crate) csrf: String,
    pub(crate) organisation: String,
    pub(crate) version: &'static str,
    /// Where this page is, for the switch of language.
    pub(crate) here: String,
}

impl Shell {
    pub(crate) fn new(desk: &Desk, section: Section, here: impl Into<String>) -> Self {
        Self {
            section,
            sees: Sees::of(&desk.ctx),
            account: desk.account.name.to_string(),
            initials: initials(desk.account.name.as_str()),
            csrf: desk.csrf(),
            organisation: desk.organisation().to_owned(),
            version: desk.service().settings().version,
            here: here.into(),
        }
    }

    /// `aria-current`, with its leading space, where this section is open.
    pub(crate) fn current(&self, section: &str) -> &'static str {
        let open = match self.section {
            Section::Home => "home",
            Section::People => "people",
            Section::Teams => "teams",
            Section::Cards => "cards",
            Section::Signatures => "signatures",
            Section::Leads => "leads",
            Section::Sources => "sources",
            Section::Plugins => "plugins",
            Section::Outbox => "outbox",
            Section::Accounts => "accounts",
            Section::Settings => "settings",
            Section::Own => "own",
            Section::Account => "account",
            Section::Styleguide => "styleguide",
            Section::Tokens => "tokens",
        };
        if open == section { " aria-current=\"page\"" } else { "" }
    }

    /// This page in the other language.
    pub(crate) fn switch(&self, tag: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &self.here).finish();
        format!("/language/{tag}?{query}")
    }
}

/// First letters of the first and the last word.
pub(crate) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().map(initial).unwrap_or_default();
    let last = words.next_back().map(initial).unwrap_or_default();
    first + &last
}
