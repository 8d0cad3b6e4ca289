//! One thing done to the cards of many people: chosen in the list, asked once more where it
//! is about all, followed on a page of its own, undone.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::bulk::{Bulk, BulkAct};
use estampe_domain::{BulkId, Error, PersonId, Right};
use estampe_service::views::{Chosen, PeopleFilter};
use estampe_texts::key;

use crate::console::people::{self, filter_of, here, shows};
use crate::console::shell::{Section, Shell};
use crate::forms::{Fields, Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;

/// The question before all whom a search finds are dealt with.
#[derive(Template)]
#[template(path = "console/bulk_ask.html")]
pub(crate) struct BulkAskPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) act: BulkAct,
    pub(crate) filter: &'a PeopleFilter,
    /// How many it is about.
    pub(crate) count: u64,
    /// Whether they were others when it was asked before.
    pub(crate) changed: bool,
}

impl BulkAskPage<'_> {
    fn title(&self) -> String {
        let key = if self.act.shows() { key("bulk-ask-up") } else { key("bulk-ask-down") };
        self.l.t(key).with("count", self.count).to_string()
    }

    fn button(&self) -> String {
        let key = if self.act.shows() { key("bulk-do-up") } else { key("bulk-do-down") };
        self.l.t(key).with("count", self.count).to_string()
    }

    fn text(&self) -> &'static str {
        if self.act.shows() { key("bulk-text-up") } else { key("bulk-text-down") }
    }

    fn shows(&self) -> &'static str {
        shows(self.filter)
    }

    /// The list that it is about.
    fn back(&self) -> String {
        people::address(self.filter, self.shows(), None)
    }
}

/// An act, under way or done.
#[derive(Template)]
#[template(path = "console/bulk.html")]
pub(crate) struct BulkPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) bulk: &'a Bulk,
}

impl BulkPage<'_> {
    fn is_done(&self) -> bool {
        self.bulk.ended_at.is_some()
    }

    fn title(&self) -> String {
        let key = match (self.bulk.act, self.is_done()) {
            (BulkAct::CardDown, false) => key("bulk-moves-down"),
            (BulkAct::CardUp, false) => key("bulk-moves-up"),
            (BulkAct::CardDown, true) => key("bulk-done-down"),
            (BulkAct::CardUp, true) => key("bulk-done-up"),
        };
        self.l.t(key).with("count", self.bulk.changed).to_string()
    }

    fn standing(&self) -> String {
        match &self.bulk.ended_at {
            Some(at) => self.l.t("bulk-done-text").with("when", self.l.when(at)).to_string(),
            None => self.l.t("bulk-moves-text").to_string(),
        }
    }

    fn path(&self) -> String {
        path_of(self.bulk.id)
    }

    fn other(&self) -> Option<(&'static str, String)> {
        let undoes = self.bulk.undoes.map(|id| (key("bulk-undoes"), path_of(id)));
        undoes.or_else(|| self.bulk.undone_by.map(|id| (key("bulk-undone-by"), path_of(id))))
    }

    /// What was done so far, without what was not.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let same = self.bulk.done.saturating_sub(self.bulk.changed);
        let all = [
            (key("bulk-chosen"), self.bulk.people),
            (key("bulk-changed"), self.bulk.changed),
            (key("bulk-same"), same),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).map(|(key, count)| (key, self.l.n(count))).collect()
    }
}

/// What is asked of the list.
pub(crate) struct Wanted {
    act: Option<BulkAct>,
    people: Vec<String>,
    all: bool,
    /// Asked once more, and said yes.
    sure: bool,
    seen: Option<u64>,
    query: String,
    show: String,
    group: String,
}

impl From<Fields> for Wanted {
    fn from(fields: Fields) -> Self {
        Self {
            act: BulkAct::from_stored(&fields.text("act")),
            people: fields.all("person"),
            all: fields.text("all") == "yes",
            sure: fields.text("sure") == "yes",
            seen: fields.text("seen").parse().ok(),
            query: fields.text("q"),
            show: fields.text("show"),
            group: fields.text("group"),
        }
    }
}

fn path_of(id: BulkId) -> String {
    format!("/people/bulk/{id}")
}

/// `POST /people/bulk`
pub(crate) async fn begin(sent: ProtectedForm<Wanted>) -> Reply {
    let ProtectedForm { desk, form } = sent;
    desk.needs(Right::PeopleChange)?;
    let act = desk.ok(form.act.ok_or_else(|| Error::invalid("act", "it is \"card-down\" or \"card-up\"")))?;
    let filter = filter_of(&desk, &form.query, &form.show, &form.group, None)?;
    if form.all && !form.sure {
        return ask(&desk, act, &filter, StatusCode::OK).await;
    }
    let chosen = if form.all {
        Chosen::All { filter: filter.clone(), seen: form.seen }
    } else {
        let ids: Result<Vec<PersonId>, _> = form.people.iter().map(|text| desk.id(text)).collect();
        Chosen::These(ids?)
    };
    match desk.service().begin_bulk(&desk.ctx, act, chosen).await {
        Ok(id) => Ok(see_other(&path_of(id))),
        Err(Error::Conflict(_)) => ask(&desk, act, &filter, StatusCode::CONFLICT).await,
        Err(Error::Invalid { .. }) => people::nobody_chosen(&desk, &filter).await,
        Err(error) => desk.ok(Err(error)),
    }
}

async fn ask(desk: &Desk, act: BulkAct, filter: &PeopleFilter, status: StatusCode) -> Reply {
    let count = desk.ok(desk.service().people_found(&desk.ctx, filter).await)?;
    if count == 0 {
        return people::nobody_chosen(desk, filter).await;
    }
    let s = Shell::new(desk, Section::People, "/people");
    let changed = status == StatusCode::CONFLICT;
    desk.page_with(status, &BulkAskPage { l: &desk.l, s, act, filter, count, changed })
}

/// `GET /people/bulk`, after a reload: the list.
pub(crate) async fn back(_: Desk) -> Reply {
    Ok(see_other("/people"))
}

/// `GET /people/bulk/{id}`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    desk.needs(Right::PeopleChange)?;
    let bulk = desk.ok(desk.service().bulk(&desk.ctx, desk.id(&path)?).await)?;
    let s = Shell::new(&desk, Section::People, here(&request));
    desk.page(&BulkPage { l: &desk.l, s, bulk: &bulk })
}

/// `POST /people/bulk/{id}/undo`
pub(crate) async fn undo(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let ProtectedForm { desk, .. } = sent;
    desk.needs(Right::PeopleChange)?;
    let id: BulkId = desk.id(&path)?;
    match desk.service().undo_bulk(&desk.ctx, id).await {
        Ok(undo) => Ok(see_other(&path_of(undo))),
        // its page says how it stands
        Err(Error::Conflict(_)) => Ok(see_other(&path_of(id))),
        Err(error) => desk.ok(Err(error)),
    }
}

/// `GET /people/bulk/{id}/undo`, after a reload: the act.
pub(crate) async fn undo_back(desk: Desk, path: web::Path<String>) -> Reply {
    Ok(see_other(&path_of(desk.id(&path)?)))
}
