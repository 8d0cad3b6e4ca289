//! Disconnecting a source: what it would do, the three choices, and what was done.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::ending::{Ending, EndingPlan, PeopleFate};
use estampe_domain::source::SourceOverview;
use estampe_domain::{Error, Right, SourceId};
use estampe_texts::key;

use crate::console::confirm::SensitiveForm;
use crate::console::people::here;
use crate::console::publications;
use crate::console::shell::{Section, Shell};
use crate::console::source_settings::Waits;
use crate::console::sources::path_of;
use crate::fields::Field;
use crate::forms::Fields;
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;

/// The page that asks.
#[derive(Template)]
#[template(path = "console/source_end.html")]
pub(crate) struct SourceEndPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) overview: &'a SourceOverview,
    pub(crate) plan: &'a EndingPlan,
    /// What has to be typed before anybody is erased.
    pub(crate) name: Field,
    pub(crate) waits: Option<Waits>,
    /// The publication that works on its mailboxes now.
    pub(crate) publishing: Option<String>,
}

impl<'a> SourceEndPage<'a> {
    pub(crate) fn new(
        l: &'a Lang,
        s: Shell,
        overview: &'a SourceOverview,
        plan: &'a EndingPlan,
        typed: &str,
        waits: Option<Waits>,
    ) -> Self {
        let label = l.t("ending-name").with("name", overview.source.name.as_str()).to_string();
        let wrong = typed_wrong(typed, overview);
        let name = Field::new("name", label, typed).problem(wrong.then(|| l.t("ending-name-wrong").to_string()));
        Self { l, s, overview, plan, name, waits, publishing: None }
    }

    fn path(&self) -> String {
        path_of(&self.overview.source.name)
    }

    fn seen(&self) -> String {
        seen(self.plan)
    }

    fn waits_for_work(&self) -> bool {
        matches!(self.waits, Some(Waits::Run(_))) || self.publishing.is_some()
    }

    /// What goes with the source whatever is chosen.
    fn goes(&self) -> Vec<String> {
        let counts = [
            (self.plan.runs, key("ending-goes-runs")),
            (self.plan.secrets, key("ending-goes-secrets")),
            (self.plan.state, key("ending-goes-state")),
        ];
        let said = counts.into_iter().filter(|(count, _)| *count > 0);
        said.map(|(count, key)| self.l.t(key).with("count", count).to_string()).collect()
    }
}

/// Something was typed, and it is not the name.
fn typed_wrong(typed: &str, overview: &SourceOverview) -> bool {
    !typed.is_empty() && typed.trim() != overview.source.name
}

/// What the page was made of, so that nothing is done that its reader did not see.
fn seen(plan: &EndingPlan) -> String {
    let cards = (plan.cards_disabled, plan.cards_erased);
    format!("{}.{}.{}.{}.{}", plan.people, plan.known_elsewhere, cards.0, cards.1, plan.mailboxes)
}

/// Reads what [`seen`] wrote; a plan that fits nothing for what nobody wrote.
fn seen_plan(text: &str) -> EndingPlan {
    let mut numbers = text.split('.').map(|number| number.parse().unwrap_or(u64::MAX));
    let mut next = || numbers.next().unwrap_or(u64::MAX);
    EndingPlan {
        people: next(),
        known_elsewhere: next(),
        cards_disabled: next(),
        cards_erased: next(),
        mailboxes: next(),
        ..EndingPlan::default()
    }
}

/// How an end fares.
#[derive(Template)]
#[template(path = "console/ending.html")]
pub(crate) struct EndingPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) ending: &'a Ending,
}

impl EndingPage<'_> {
    fn is_done(&self) -> bool {
        self.ending.ended_at.is_some()
    }

    fn title(&self) -> String {
        let key = if self.is_done() { key("ending-title-done") } else { key("ending-title-moves") };
        self.l.t(key).with("name", self.ending.name.as_str()).to_string()
    }

    fn standing(&self) -> String {
        match &self.ending.ended_at {
            Some(at) => self.l.t("ending-done-text").with("when", self.l.when(at)).to_string(),
            None => self.l.t("ending-moves-text").to_string(),
        }
    }

    fn fate(&self) -> &'static str {
        crate::words::fate(self.ending.fate)
    }

    /// What was done so far, without what was not.
    fn done(&self) -> Vec<(&'static str, String)> {
        let done = &self.ending.done;
        [
            (done.erased, key("ending-done-erased")),
            (done.disabled, key("ending-done-disabled")),
            (done.released, key("ending-done-released")),
            (done.runs, key("ending-done-runs")),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, key)| (key, self.l.n(count)))
        .collect()
    }
}

/// What is decided.
pub(crate) struct Decision {
    fate: Option<PeopleFate>,
    name: String,
    seen: EndingPlan,
}

impl From<Fields> for Decision {
    fn from(fields: Fields) -> Self {
        let seen = seen_plan(&fields.text("seen"));
        Self { fate: PeopleFate::from_stored(&fields.text("people")), name: fields.text("name"), seen }
    }
}

/// The address of an end.
pub(crate) fn ending_path(source: SourceId) -> String {
    format!("/endings/{source}")
}

async fn asks(desk: &Desk, name: &str, status: StatusCode, typed: &str, refused: bool) -> Reply {
    let overview = desk.ok(desk.service().source(&desk.ctx, name).await)?;
    let id = overview.source.id;
    if overview.ending.is_some() {
        return Ok(see_other(&ending_path(id)));
    }
    let plan = desk.ok(desk.service().ending_plan(&desk.ctx, id).await)?;
    let open = overview.last_run.as_ref().filter(|(_, state, _)| state.is_open());
    let waits = open.map(|(run, ..)| Waits::Run(format!("/runs/{run}"))).or(refused.then_some(Waits::Changed));
    let publishing = desk.ok(desk.service().publishes(&desk.ctx, id).await)?.map(publications::path_of);
    let s = Shell::new(desk, Section::Sources, format!("{}/disconnect", path_of(name)));
    let page = SourceEndPage::new(&desk.l, s, &overview, &plan, typed, waits.filter(|_| publishing.is_none()));
    desk.page_with(status, &SourceEndPage { publishing, ..page })
}

/// `GET /sources/{name}/disconnect`
pub(crate) async fn ask(desk: Desk, name: web::Path<String>) -> Reply {
    asks(&desk, &name, StatusCode::OK, "", false).await
}

/// `POST /sources/{name}/disconnect`
pub(crate) async fn decide(sent: SensitiveForm<Decision>, name: web::Path<String>) -> Reply {
    let SensitiveForm { desk, form: Decision { fate, name: typed, seen } } = sent;
    desk.needs(Right::SourcesEnd)?;
    let Some(fate) = fate else { return asks(&desk, &name, StatusCode::UNPROCESSABLE_ENTITY, "", false).await };
    if fate == PeopleFate::Erase && typed.trim() != name.as_str() {
        // nothing typed is as wrong as another name
        let typed = if typed.trim().is_empty() { "?" } else { &typed };
        return asks(&desk, &name, StatusCode::UNPROCESSABLE_ENTITY, typed, false).await;
    }
    match desk.service().end_source(&desk.ctx, &name, fate, Some(seen)).await {
        Ok(source) => Ok(see_other(&ending_path(source))),
        Err(Error::Conflict(_)) => asks(&desk, &name, StatusCode::CONFLICT, "", true).await,
        Err(error) => desk.ok(Err(error)),
    }
}

/// `GET /endings/{id}`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id: SourceId = desk.id(&path)?;
    let ending = desk.ok(desk.service().ending(&desk.ctx, id).await)?;
    let s = Shell::new(&desk, Section::Sources, here(&request));
    desk.page(&EndingPage { l: &desk.l, s, ending: &ending })
}
