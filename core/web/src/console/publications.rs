//! Signatures into mailboxes: what was published, and the form that begins a plan.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;
use estampe_domain::signature::publication::{LineState, Publication, PublicationKind};
use estampe_domain::{PublicationId, Right};
use estampe_service::{MailboxSources, NewPublication, PlanRefusal, Whom};
use estampe_texts::key;

use crate::console::people::here;
use crate::console::shell::{Section, Shell};
use crate::console::{publication, publication_line, publication_ring};
use crate::error::Fault;
use crate::fields::{Field, Kind};
use crate::forms::{Fields, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::routes::Table;
use crate::session::Desk;
use crate::words::publication as words;

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table.scope("/signatures/publications", |table| {
        table
            .get("", list)
            .post("", begin)
            .get("/{publication}", publication::show)
            .get("/{publication}/apply", publication::back)
            .post("/{publication}/apply", publication_ring::apply)
            .get("/{publication}/pause", publication::back)
            .post("/{publication}/pause", publication::pause)
            .get("/{publication}/resume", publication::back)
            .post("/{publication}/resume", publication::resume)
            .get("/{publication}/stop", publication::back)
            .post("/{publication}/stop", publication::stop)
            .get("/{publication}/lines/{line}", publication_line::show)
            .get("/{publication}/lines/{line}/preview", publication_line::preview)
    })
}

pub(crate) fn path_of(id: PublicationId) -> String {
    format!("/signatures/publications/{id}")
}

/// What is typed for a plan.
#[derive(Clone, Default)]
pub(crate) struct PlanForm {
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) day: String,
    pub(crate) query: String,
    pub(crate) group: String,
    /// The look that found mailboxes changed, which are written anew.
    pub(crate) drifted: String,
}

impl From<Fields> for PlanForm {
    fn from(fields: Fields) -> Self {
        Self {
            source: fields.text("source"),
            kind: fields.text("kind"),
            day: fields.text("day"),
            query: fields.text("q"),
            group: fields.text("group"),
            drifted: fields.text("drifted"),
        }
    }
}

/// What is wrong with a plan.
#[derive(Default)]
pub(crate) struct NotPlanned {
    problems: Vec<(&'static str, String)>,
    /// The publication that has to end first.
    open: Option<PublicationId>,
}

impl NotPlanned {
    pub(crate) fn refused(l: &Lang, refusal: &PlanRefusal) -> Self {
        let open = if let PlanRefusal::Open(open) = refusal { Some(*open) } else { None };
        Self { problems: vec![words::not_planned(l, refusal)], open }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "console/publications.html")]
pub(crate) struct PublicationsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) publications: &'a [Publication],
    pub(crate) sources: &'a MailboxSources,
    fields: Vec<Field>,
    not_planned: NotPlanned,
    /// The look whose changed mailboxes alone are to be planned.
    anew: Option<&'a Publication>,
}

impl<'a> PublicationsPage<'a> {
    pub(crate) fn new(
        l: &'a Lang,
        s: Shell,
        (publications, sources): (&'a [Publication], &'a MailboxSources),
        form: &PlanForm,
        not_planned: NotPlanned,
    ) -> Self {
        let fields = fields(l, sources, form, &not_planned);
        Self { l, s, publications, sources, fields, not_planned, anew: None }
    }

    /// About the mailboxes that a look found changed, and nobody else's.
    pub(crate) fn anew(mut self, look: Option<&'a Publication>) -> Self {
        if look.is_some() {
            self.fields.retain(|field| !matches!(&*field.name, "q" | "group") || field.problem.is_some());
        }
        self.anew = look;
        self
    }

    /// Whom it is about.
    fn about(&self, look: &Publication) -> String {
        let words = self.l.t("publications-anew").with("count", look.count(LineState::Drifted));
        words.with("source", look.source_name.as_str()).with("when", self.l.when(&look.started_at)).to_string()
    }

    fn problems(&self) -> usize {
        crate::fields::problems(&self.fields)
    }

    fn path(&self, publication: &Publication) -> String {
        path_of(publication.id)
    }

    fn kind(&self, publication: &Publication) -> &'static str {
        words::kind(publication.kind)
    }

    fn state(&self, publication: &Publication) -> (&'static str, &'static str) {
        words::state(publication.state)
    }

    fn counts(&self, publication: &Publication) -> Vec<(&'static str, String)> {
        counts(self.l, publication)
    }

    fn without(&self) -> String {
        self.sources.without.join(", ")
    }

    /// The way to begin, in its order.
    fn steps(&self) -> [&'static str; 5] {
        [
            key("publications-step-plan"),
            key("publications-step-look"),
            key("publications-step-ring"),
            key("publications-step-all"),
            key("publications-step-back"),
        ]
    }

    fn open(&self) -> Option<String> {
        self.not_planned.open.map(path_of)
    }
}

fn fields(l: &Lang, sources: &MailboxSources, form: &PlanForm, not_planned: &NotPlanned) -> Vec<Field> {
    let problem = |name: &str| {
        let found = not_planned.problems.iter().find(|(field, _)| *field == name);
        found.map(|(_, words)| words.clone())
    };
    let kinds = PublicationKind::ALL.iter().map(|kind| (kind.as_str().to_owned(), l.t(words::kind(*kind)).to_string()));
    let names = sources.with.iter().map(|(name, _)| (name.clone(), name.clone()));
    let day = if form.day.is_empty() { l.today().to_string() } else { form.day.clone() };
    vec![
        Field::new("source", l.t(key("publications-source")), &form.source).kind(Kind::Choice(names.collect())),
        Field::new("kind", l.t(key("publications-kind")), &form.kind).kind(Kind::Choice(kinds.collect())),
        Field::new("day", l.t(key("publications-day")), &day)
            .kind(Kind::Line("date"))
            .hint(l.t(key("publications-day-hint"))),
        Field::new("q", l.t(key("publications-query")), &form.query)
            .kind(Kind::Line("search"))
            .hint(l.t(key("publications-query-hint")))
            .optional(),
        Field::new("group", l.t(key("publications-group")), &form.group)
            .hint(l.t(key("publications-group-hint")))
            .optional(),
    ]
    .into_iter()
    .map(|field| {
        let problem = problem(&field.name);
        field.problem(problem)
    })
    .collect()
}

/// Mailboxes by how far they are, as chips: tone and words.
pub(crate) fn counts(l: &Lang, publication: &Publication) -> Vec<(&'static str, String)> {
    let counts = publication.counts.iter().filter(|(_, count)| **count > 0);
    let told = counts.map(|(state, count)| {
        let words = words::line(publication.kind, *state);
        (words.tone, l.t(words.count).with("count", *count).to_string())
    });
    told.collect()
}

async fn list_page(desk: &Desk, at: String, form: &PlanForm, not_planned: NotPlanned) -> Reply {
    let publications = desk.ok(desk.service().publications(&desk.ctx).await)?;
    let sources = desk.ok(desk.service().mailbox_sources(&desk.ctx).await)?;
    let look = match form.drifted.as_str() {
        "" => None,
        of => Some(desk.ok(desk.service().publication(&desk.ctx, desk.id(of)?).await)?),
    };
    let is_well = not_planned.problems.is_empty();
    let status = if is_well { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let s = Shell::new(desk, Section::Signatures, at);
    let page = PublicationsPage::new(&desk.l, s, (&publications, &sources), form, not_planned);
    desk.page_with(status, &page.anew(look.as_ref()))
}

/// `GET /signatures/publications`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    list_page(&desk, here(&request), &PlanForm::default(), NotPlanned::default()).await
}

/// What was typed, or what is wrong with it.
fn read(desk: &Desk, form: &PlanForm) -> Result<Result<NewPublication, NotPlanned>, Fault> {
    let Some(kind) = PublicationKind::from_stored(&form.kind) else { return Err(Fault::not_found(desk)) };
    let day = match form.day.as_str() {
        "" => Some(desk.l.today()),
        typed => typed.parse().ok(),
    };
    let Some(day) = day else {
        let problems = vec![("day", desk.l.t("signature-problem-day").to_string())];
        return Ok(Err(NotPlanned { problems, open: None }));
    };
    let whom = match form.drifted.as_str() {
        "" => Whom::found(&form.query, &form.group),
        of => Whom::Drifted(desk.id(of)?),
    };
    Ok(Ok(NewPublication { source: form.source.clone(), kind, day, whom }))
}

/// `POST /signatures/publications`: makes a plan, and writes nothing.
pub(crate) async fn begin(sent: ProtectedForm<PlanForm>) -> Reply {
    let ProtectedForm { desk, form } = sent;
    desk.needs(Right::SignaturesPublish)?;
    let at = || "/signatures/publications".to_owned();
    let new = match read(&desk, &form)? {
        Ok(new) => new,
        Err(not_planned) => return list_page(&desk, at(), &form, not_planned).await,
    };
    match desk.ok(desk.service().plan_publication(&desk.ctx, new).await)? {
        Ok(id) => Ok(see_other(&path_of(id))),
        Err(refusal) => list_page(&desk, at(), &form, NotPlanned::refused(&desk.l, &refusal)).await,
    }
}
