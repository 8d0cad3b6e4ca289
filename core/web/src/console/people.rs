//! People: the list with its search, and one person.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::group::GroupSummary;
use estampe_domain::ownership::Conflict;
use estampe_domain::person::{Profile, ProfileField};
use estampe_domain::{PersonId, Right};
use estampe_service::views::{Asking, PeopleFilter, PeoplePage, PersonDetail};
use estampe_texts::key;

use crate::console::changes::{Line, lines};
use crate::console::person_edit::changeable;
use crate::console::person_settle::{Kept, kept};
use crate::console::shell::{Section, Shell, initials};
use crate::error::Fault;
use crate::locale::Lang;
use crate::respond::{Reply, kept_as};
use crate::session::Desk;
use crate::words;

/// The list.
#[derive(Template)]
#[template(path = "console/people.html")]
pub(crate) struct PeopleListPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) filter: &'a PeopleFilter,
    /// The group whose people are listed.
    pub(crate) group: Option<&'a GroupSummary>,
    pub(crate) page: &'a PeoplePage,
    /// Something was asked of nobody.
    pub(crate) nobody_chosen: bool,
}

impl PeopleListPage<'_> {
    /// What is shown of all, as it stands in the address.
    fn shows(&self) -> &'static str {
        shows(self.filter)
    }

    /// The address of this list with one thing changed.
    fn with(&self, show: &str, after: Option<&str>) -> String {
        address(self.filter, show, after)
    }

    /// Conflicts, and cards that were taken down, have their place only where there are any.
    fn filters(&self) -> Vec<(&'static str, String, bool)> {
        let mut all = vec![("", key("people-all")), ("active", key("people-active"))];
        all.push(("disabled", key("people-disabled")));
        if self.page.cards_down > 0 || self.filter.cards_down {
            all.push(("down", key("people-cards-down")));
        }
        if self.page.conflicts > 0 || self.filter.conflicts {
            all.push(("conflicts", key("people-conflicts")));
        }
        all.into_iter().map(|(show, words)| (words, self.with(show, None), self.shows() == show)).collect()
    }

    fn next(&self) -> Option<String> {
        self.page.next.as_deref().map(|after| self.with(self.shows(), Some(after)))
    }

    fn is_filtered(&self) -> bool {
        !self.filter.query.is_empty() || !self.shows().is_empty() || self.filter.group.is_some()
    }
}

/// What is shown of all, as it stands in the address.
pub(crate) fn shows(filter: &PeopleFilter) -> &'static str {
    match (filter.conflicts, filter.cards_down, filter.active) {
        (true, ..) => "conflicts",
        (_, true, _) => "down",
        (.., Some(true)) => "active",
        (.., Some(false)) => "disabled",
        (.., None) => "",
    }
}

/// The address of the list that a filter makes, showing something else of it.
pub(crate) fn address(filter: &PeopleFilter, show: &str, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if !filter.query.is_empty() {
        query.append_pair("q", &filter.query);
    }
    if let Some(group) = filter.group {
        query.append_pair("group", &group.to_string());
    }
    if !show.is_empty() {
        query.append_pair("show", show);
    }
    if let Some(after) = after {
        query.append_pair("after", after);
    }
    let query = query.finish();
    if query.is_empty() { "/people".to_owned() } else { format!("/people?{query}") }
}

/// One person.
#[derive(Template)]
#[template(path = "console/person.html")]
pub(crate) struct PersonPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) detail: &'a PersonDetail,
    pub(crate) card_url: String,
    /// Something was asked that was made of another state of this person.
    pub(crate) stale: bool,
    /// What was just done: the key of its words.
    pub(crate) done: Option<&'static str>,
    /// Whether there are signatures, and this one may be seen.
    pub(crate) has_signature: bool,
    /// Changes on their way to the directory, for who decides about them.
    pub(crate) lines: Vec<Line>,
    /// The page is of one person, who is not named at each of them.
    pub(crate) names: bool,
}

impl PersonPage<'_> {
    fn profile(&self) -> &Profile {
        &self.detail.summary.profile
    }

    fn initials(&self) -> String {
        initials(self.profile().display_name.as_str())
    }

    /// Whether there is anything that whoever looks may change.
    fn edits(&self) -> bool {
        self.s.sees.changes(&self.detail.summary.id) && changeable(&self.s, &self.detail.made).next().is_some()
    }

    fn is_own(&self) -> bool {
        self.s.sees.is_own(&self.detail.summary.id)
    }

    /// How many leads their cards received, for who may see leads.
    fn leads(&self) -> Option<String> {
        self.detail.leads.map(|leads| self.l.n(leads))
    }

    /// The source that the profile comes from.
    fn source(&self) -> &str {
        self.detail.made.origin.as_ref().map_or("", |origin| origin.source.as_str())
    }

    fn conflicts(&self) -> Vec<Conflict> {
        self.detail.made.conflicts()
    }

    fn field(&self, conflict: &Conflict) -> &'static str {
        words::field(conflict.field)
    }

    /// Values that were entered and that nothing contradicts.
    fn kept(&self) -> Vec<Kept> {
        kept(self.l, &self.detail.made)
    }

    /// What the card shows, field by field, without the empty ones and those above.
    fn facts(&self) -> Vec<(&'static str, String)> {
        use ProfileField as F;
        [F::Title, F::Organisation, F::Department, F::Office, F::Phones, F::Emails, F::Links, F::Address, F::Pronouns]
            .into_iter()
            .map(|field| (words::field(field), self.profile().readable(field)))
            .chain(self.profile().locale.map(|locale| (words::field(F::Language), words::language(locale))))
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }
}

/// One parameter of the query, or nothing.
pub(crate) fn query_of(request: &HttpRequest, name: &str) -> String {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Where a request stands, for coming back to it.
pub(crate) fn here(request: &HttpRequest) -> String {
    request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned()
}

/// The filter of an address or a form.
pub(crate) fn filter_of(
    desk: &Desk,
    query: &str,
    show: &str,
    group: &str,
    after: Option<String>,
) -> Result<PeopleFilter, Fault> {
    let active = match show {
        "active" => Some(true),
        "disabled" => Some(false),
        _ => None,
    };
    let group = Some(group).filter(|group| !group.is_empty()).map(|group| desk.id(group)).transpose()?;
    let query = query.trim().to_owned();
    Ok(PeopleFilter {
        active,
        conflicts: show == "conflicts",
        cards_down: show == "down",
        cards_up: false,
        exact: false,
        group,
        // whoever searches looks at the first few, and types on
        page: Asking { after, limit: if query.is_empty() { 50 } else { 25 } },
        query,
    })
}

/// `GET /people`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    let asked = |name| query_of(&request, name);
    let after = Some(asked("after")).filter(|after| !after.is_empty());
    let filter = filter_of(&desk, &asked("q"), &asked("show"), &asked("group"), after)?;
    list_page(&desk, &filter, here(&request), false).await
}

/// The list, where something was asked of nobody.
pub(crate) async fn nobody_chosen(desk: &Desk, filter: &PeopleFilter) -> Reply {
    list_page(desk, filter, address(filter, shows(filter), None), true).await
}

async fn list_page(desk: &Desk, filter: &PeopleFilter, here: String, nobody_chosen: bool) -> Reply {
    let group = match filter.group {
        Some(group) => Some(desk.ok(desk.service().group(&desk.ctx, group).await)?),
        None => None,
    };
    let page = desk.ok(desk.service().people(&desk.ctx, filter).await)?;
    let s = Shell::new(desk, Section::People, here);
    let status = if nobody_chosen { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = PeopleListPage { l: &desk.l, s, filter, group: group.as_ref(), page: &page, nobody_chosen };
    desk.page_with(status, &page)
}

/// `GET /people/{id}`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id: PersonId = desk.id(&path)?;
    let done = match query_of(&request, "done").as_str() {
        "saved" => Some(key("person-saved")),
        "asked" => Some(key("person-asked")),
        _ => None,
    };
    page(&desk, id, here(&request), false, done).await
}

/// A person's page; `stale` where something was asked that was made of another state, `done` what was just done.
pub(crate) async fn page(desk: &Desk, id: PersonId, here: String, stale: bool, done: Option<&'static str>) -> Reply {
    let detail = desk.ok(desk.service().person(&desk.ctx, id).await)?;
    let card_url = desk.service().card_url(&detail.summary.public_id);
    let has_signature = desk.ok(desk.service().may_have_signature(&desk.ctx, id).await)?;
    let changes = if desk.ctx.may(Right::ChangesDecide) {
        desk.ok(desk.service().directory_changes(&desk.ctx, Some(id), Asking::default()).await)?.changes
    } else {
        Vec::new()
    };
    let is_own = desk.ctx.person == Some(detail.summary.id);
    let s = Shell::new(desk, if is_own { Section::Own } else { Section::People }, here);
    let status = if stale { StatusCode::CONFLICT } else { StatusCode::OK };
    let lines = lines(&desk.l, &changes);
    let (l, detail) = (&desk.l, &detail);
    let page = PersonPage { l, s, detail, card_url, stale, done, has_signature, lines, names: false };
    desk.page_with(status, &page)
}

/// `GET /people/{id}/photo.jpg`
pub(crate) async fn photo(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id: PersonId = desk.id(&path)?;
    let photo = desk.ok(desk.service().person_photo(&desk.ctx, id).await)?;
    Ok(kept_as(&request, "image/jpeg", photo.blob.as_str(), photo.bytes))
}
