//! People: the list with its search, and one person.

use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::PersonId;
use estampe_domain::group::GroupSummary;
use estampe_domain::person::{Profile, ProfileField};
use estampe_service::views::{PeopleFilter, PeoplePage, PersonDetail};

use crate::console::shell::{Section, Shell, initials};
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
}

impl PeopleListPage<'_> {
    /// The address of this list with one thing changed.
    fn with(&self, active: Option<bool>, after: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.filter.query.is_empty() {
            query.append_pair("q", &self.filter.query);
        }
        if let Some(group) = self.filter.group {
            query.append_pair("group", &group.to_string());
        }
        if let Some(active) = active {
            query.append_pair("show", if active { "active" } else { "disabled" });
        }
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        let query = query.finish();
        if query.is_empty() { "/people".to_owned() } else { format!("/people?{query}") }
    }

    fn filters(&self) -> [(&'static str, String, bool); 3] {
        use estampe_texts::key;
        [(None, key("people-all")), (Some(true), key("people-active")), (Some(false), key("people-disabled"))]
            .map(|(active, words)| (words, self.with(active, None), self.filter.active == active))
    }

    fn next(&self) -> Option<String> {
        self.page.next.as_deref().map(|after| self.with(self.filter.active, Some(after)))
    }

    fn is_filtered(&self) -> bool {
        !self.filter.query.is_empty() || self.filter.active.is_some() || self.filter.group.is_some()
    }
}

/// One person.
#[derive(Template)]
#[template(path = "console/person.html")]
pub(crate) struct PersonPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) detail: &'a PersonDetail,
    pub(crate) card_url: String,
}

impl PersonPage<'_> {
    fn profile(&self) -> &Profile {
        &self.detail.summary.profile
    }

    fn initials(&self) -> String {
        initials(self.profile().display_name.as_str())
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

/// `GET /people`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    let active = match query_of(&request, "show").as_str() {
        "active" => Some(true),
        "disabled" => Some(false),
        _ => None,
    };
    let after = Some(query_of(&request, "after")).filter(|after| !after.is_empty());
    let group = Some(query_of(&request, "group")).filter(|group| !group.is_empty());
    let group = group.map(|group| desk.id(&group)).transpose()?;
    let filter = PeopleFilter { query: query_of(&request, "q").trim().to_owned(), active, group, after };
    let group = match group {
        Some(group) => Some(desk.ok(desk.service().group(&desk.ctx, group).await)?),
        None => None,
    };
    let page = desk.ok(desk.service().people(&desk.ctx, &filter).await)?;
    let s = Shell::new(&desk, Section::People, here(&request));
    desk.page(&PeopleListPage { l: &desk.l, s, filter: &filter, group: group.as_ref(), page: &page })
}

/// `GET /people/{id}`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id: PersonId = desk.id(&path)?;
    let detail = desk.ok(desk.service().person(&desk.ctx, id).await)?;
    let card_url = desk.service().card_url(&detail.summary.public_id);
    let s = Shell::new(&desk, Section::People, here(&request));
    desk.page(&PersonPage { l: &desk.l, s, detail: &detail, card_url })
}

/// `GET /people/{id}/photo.jpg`
pub(crate) async fn photo(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id: PersonId = desk.id(&path)?;
    let photo = desk.ok(desk.service().person_photo(&desk.ctx, id).await)?;
    Ok(kept_as(&request, "image/jpeg", photo.blob.as_str(), photo.bytes))
}
