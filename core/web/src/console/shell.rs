//! What surrounds every page of the console: sections, search, account.

use crate::public::card::initial;
use crate::session::Desk;

/// A section of the sidebar; there are no empty ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Home,
    People,
    Leads,
    Sources,
    Plugins,
    Outbox,
}

/// What surrounds a page. Templates call it `s`.
pub(crate) struct Shell {
    pub(crate) section: Section,
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
            Section::Leads => "leads",
            Section::Sources => "sources",
            Section::Plugins => "plugins",
            Section::Outbox => "outbox",
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
