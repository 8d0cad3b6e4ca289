//! Changes of people's fields that are written into the directory: what waits, what failed, and
//! the word of whom it concerns.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::ownership::FieldValue;
use estampe_domain::write_back::{ChangeState, DirectoryChange, code};
use estampe_domain::{ChangeId, Error, PersonId, Right};
use estampe_service::{ChangeWord, ShownChange};
use estampe_texts::key;

use crate::console::people::{here, query_of};
use crate::console::shell::{Section, Shell};
use crate::forms::{Fields, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// One change, in words.
pub(crate) struct Line {
    pub(crate) id: String,
    /// Whose it is, and where they are found.
    pub(crate) person: String,
    pub(crate) person_id: String,
    pub(crate) field: &'static str,
    pub(crate) was: String,
    pub(crate) wanted: String,
    /// Its state, whether it needs somebody, and what to do.
    pub(crate) state: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) why: Option<String>,
    /// The words of whoever failed, which are in English.
    pub(crate) detail: Option<String>,
    /// Who asked for it, and when.
    pub(crate) asked: String,
    /// What can be said: the end of an address, the words, whether it is the main thing.
    pub(crate) words: Vec<(&'static str, &'static str, bool)>,
}

/// The changes, in words.
pub(crate) fn lines(l: &Lang, changes: &[ShownChange]) -> Vec<Line> {
    changes.iter().map(|shown| line(l, shown)).collect()
}

fn line(l: &Lang, shown: &ShownChange) -> Line {
    let (named, change) = (&shown.named, &shown.named.change);
    let read = |value: &FieldValue| {
        let text = value.readable();
        if text.is_empty() { l.t("person-nothing").to_string() } else { text }
    };
    let ago = l.ago(&change.asked_at);
    let asked = match &named.asked_by_name {
        Some(name) => l.t("change-asked-by").with("name", name.as_str()).with("ago", ago).to_string(),
        None => l.t("change-asked").with("ago", ago).to_string(),
    };
    let (state, tone) = state(change);
    let end = if shown.can_agree { key("change-refuse") } else { key("change-end") };
    let offers = [
        (shown.can_agree, ("agree", key("change-agree"), true)),
        (shown.can_try_again, ("again", key("change-again"), true)),
        (shown.can_end, ("end", end, false)),
    ];
    Line {
        id: change.id.to_string(),
        person: named.person_name.clone(),
        person_id: change.person.to_string(),
        field: words::field(change.field()),
        was: read(&change.before),
        wanted: read(&change.wanted),
        state,
        tone,
        why: why(l, change, &named.source_name),
        detail: change.detail.clone(),
        asked,
        words: offers.into_iter().filter_map(|(open, offer)| open.then_some(offer)).collect(),
    }
}

fn state(change: &DirectoryChange) -> (&'static str, &'static str) {
    match (change.state, change.code.is_some()) {
        (ChangeState::Asked, _) => (key("change-state-asked"), "sun"),
        (ChangeState::Approved, false) => (key("change-state-approved"), "plain"),
        (ChangeState::Approved, true) => (key("change-state-waits"), "plain"),
        (ChangeState::Writing, _) => (key("change-state-writing"), "plain"),
        (ChangeState::Failed, _) => (key("change-state-failed"), "seal"),
        (ChangeState::Conflict, _) => (key("change-state-conflict"), "sun"),
    }
}

/// Why it stands as it does, and what to do.
fn why(l: &Lang, change: &DirectoryChange, source: &str) -> Option<String> {
    let words = match (change.state, change.code.as_deref()) {
        (ChangeState::Asked, _) => key("change-why-asked"),
        (ChangeState::Approved, Some("rate-limited")) => key("change-why-busy"),
        (ChangeState::Approved, Some(_)) => key("change-why-away"),
        (ChangeState::Failed, Some(code::OFF)) => key("change-why-off"),
        (ChangeState::Failed, Some(code::GONE | "not-found")) => key("change-why-gone"),
        (ChangeState::Failed, Some(code::MAPPING)) => key("change-why-mapping"),
        (ChangeState::Failed, Some(code::NOT_SHOWN)) => key("change-why-not-shown"),
        (ChangeState::Failed, Some("denied")) => key("change-why-denied"),
        (ChangeState::Failed, Some("auth" | "config")) => key("change-why-access"),
        (ChangeState::Failed, Some("unsupported")) => key("change-why-unsupported"),
        (ChangeState::Failed, Some("unavailable" | "rate-limited")) => key("change-why-away-long"),
        (ChangeState::Failed, _) => key("change-why-other"),
        (ChangeState::Conflict, _) => {
            let found = change.found.as_ref().map(FieldValue::readable).unwrap_or_default();
            let found = if found.is_empty() { l.t("person-nothing").to_string() } else { found };
            return Some(l.t("change-why-conflict").with("source", source).with("value", found).to_string());
        }
        (ChangeState::Approved | ChangeState::Writing, _) => return None,
    };
    Some(l.t(words).with("source", source).to_string())
}

/// The page.
#[derive(Template)]
#[template(path = "console/changes.html")]
pub(crate) struct ChangesPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) lines: Vec<Line>,
    /// Something was said to a change that is another one by now.
    pub(crate) stale: bool,
    /// Whether who they are about is said here: the page is of everybody.
    pub(crate) names: bool,
    /// How many there are in all.
    pub(crate) total: u64,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
    /// Whether this is not the first page.
    pub(crate) is_later: bool,
}

impl ChangesPage<'_> {
    fn next(&self) -> Option<String> {
        let after = self.next.as_deref()?;
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("after", after).finish();
        Some(format!("/changes?{query}"))
    }
}

async fn page(desk: &Desk, here: String, after: Option<String>, stale: bool) -> Reply {
    let is_later = after.is_some();
    let found = desk.ok(desk.service().directory_changes(&desk.ctx, None, after.into()).await)?;
    let s = Shell::new(desk, Section::People, here);
    let status = if stale { StatusCode::CONFLICT } else { StatusCode::OK };
    let lines = lines(&desk.l, &found.changes);
    let (total, next) = (found.total, found.next);
    desk.page_with(status, &ChangesPage { l: &desk.l, s, lines, stale, names: true, total, next, is_later })
}

/// `GET /changes`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    let after = Some(query_of(&request, "after")).filter(|after| !after.is_empty());
    page(&desk, here(&request), after, false).await
}

/// Where somebody came from: a person's page, or the list.
pub(crate) struct CameFrom {
    person: Option<PersonId>,
}

impl From<Fields> for CameFrom {
    fn from(fields: Fields) -> Self {
        Self { person: fields.text("person").parse().ok() }
    }
}

async fn say(sent: ProtectedForm<CameFrom>, path: web::Path<String>, word: ChangeWord) -> Reply {
    let ProtectedForm { desk, form: CameFrom { person } } = sent;
    desk.needs_some(Right::ChangesDecide)?;
    let id: ChangeId = desk.id(&path)?;
    match desk.service().decide_change(&desk.ctx, id, word).await {
        Ok(()) => Ok(see_other(&person.map_or_else(|| "/changes".to_owned(), |person| format!("/people/{person}")))),
        Err(Error::Conflict(_) | Error::Changed(_)) => page(&desk, "/changes".to_owned(), None, true).await,
        Err(error) => desk.ok(Err(error)),
    }
}

/// `POST /changes/{change}/agree`
pub(crate) async fn agree(sent: ProtectedForm<CameFrom>, path: web::Path<String>) -> Reply {
    say(sent, path, ChangeWord::Agree).await
}

/// `POST /changes/{change}/again`
pub(crate) async fn again(sent: ProtectedForm<CameFrom>, path: web::Path<String>) -> Reply {
    say(sent, path, ChangeWord::Again).await
}

/// `POST /changes/{change}/end`
pub(crate) async fn end(sent: ProtectedForm<CameFrom>, path: web::Path<String>) -> Reply {
    say(sent, path, ChangeWord::End).await
}

/// `GET` of a button's address, after a reload.
pub(crate) async fn back(_: Desk) -> Reply {
    Ok(see_other("/changes"))
}
