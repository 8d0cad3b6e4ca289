//! One publication: how far it is, its mailboxes, and what can be done with it now.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::signature::publication::{
    LineState, Publication, PublicationKind, PublicationLine, PublicationState,
};
use estampe_domain::{Error, PersonId, PublicationId, Right};
use estampe_service::Ring;
use estampe_texts::key;

use crate::console::confirm::SensitiveForm;
use crate::console::people::{here, query_of};
use crate::console::publications::{counts, path_of};
use crate::console::shell::{Section, Shell};
use crate::error::Fault;
use crate::fields::{Field, Kind};
use crate::forms::{Fields, Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words::publication as words;

/// Mailboxes of a page.
const LINES: u64 = 50;
/// How many the first ring has, if nobody says otherwise.
const FIRST: u64 = 5;

/// A part of its mailboxes.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) state: Option<LineState>,
    pub(crate) from: u64,
    pub(crate) lines: Vec<(PublicationLine, String)>,
    pub(crate) next: Option<u64>,
}

/// Which mailboxes are to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    First,
    Ticked,
    All,
}

/// What is chosen for a ring.
#[derive(Clone, Default)]
pub(crate) struct RingForm {
    pub(crate) which: Option<Which>,
    pub(crate) first: String,
    pub(crate) people: Vec<String>,
    /// Asked once more, and said yes.
    pub(crate) sure: bool,
    pub(crate) seen: Option<(u64, u64)>,
}

impl From<Fields> for RingForm {
    fn from(fields: Fields) -> Self {
        let number = |name: &str| fields.text(name).parse().ok();
        Self {
            which: match fields.text("which").as_str() {
                "first" => Some(Which::First),
                "ticked" => Some(Which::Ticked),
                "all" => Some(Which::All),
                _ => None,
            },
            first: fields.text("first"),
            people: fields.all("person"),
            sure: fields.text("sure") == "yes",
            seen: number("ring").zip(number("mailboxes")),
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "console/publication.html")]
pub(crate) struct PublicationPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) of: &'a Publication,
    pub(crate) shown: &'a Shown,
    pub(crate) which: Which,
    pub(crate) how_many: Field,
    /// What was asked and not done.
    pub(crate) refused: Option<&'static str>,
}

impl<'a> PublicationPage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell, of: &'a Publication, shown: &'a Shown) -> Self {
        let waiting = of.count(LineState::Planned);
        let which = if of.ring == 0 && waiting > FIRST { Which::First } else { Which::All };
        let how_many = Field::new("first", l.t(key("publication-ring-how-many")), &FIRST.min(waiting).to_string());
        let how_many = how_many.kind(Kind::Line("number")).inputmode("numeric");
        Self { l, s, of, shown, which, how_many, refused: None }
    }

    fn title(&self) -> String {
        words::title(self.l, self.of)
    }

    fn day(&self) -> String {
        self.l.day(self.of.day)
    }

    /// Whether the page should look again by itself.
    fn moves(&self) -> bool {
        self.of.state.is_busy()
    }

    fn is_planned(&self) -> bool {
        self.of.state == PublicationState::Planned
    }

    fn is_paused(&self) -> bool {
        self.of.state == PublicationState::Paused
    }

    fn is_open(&self) -> bool {
        self.of.state.is_open()
    }

    fn state(&self) -> (&'static str, &'static str) {
        words::state(self.of.state)
    }

    /// One sentence on where it stands.
    fn standing(&self) -> String {
        let (l, of) = (self.l, self.of);
        let ended = |key| l.t(key).with("when", l.when(of.ended_at.as_ref().unwrap_or(&of.started_at))).to_string();
        match of.state {
            PublicationState::Planning => l.t("publication-reads").to_string(),
            PublicationState::Planned if of.ring == 0 => l.t("publication-stands").to_string(),
            PublicationState::Planned => l.t("publication-stands-on").to_string(),
            PublicationState::Applying if of.kind == PublicationKind::Restore => {
                l.t("publication-restores").to_string()
            }
            PublicationState::Applying => l.t("publication-writes").to_string(),
            PublicationState::Paused => l.t("publication-rests").to_string(),
            PublicationState::Stopped => ended(key("publication-stopped")),
            PublicationState::Done if of.ring == 0 && of.kind != PublicationKind::Drift => {
                ended(key("publication-nothing"))
            }
            PublicationState::Done => ended(key("publication-ended")),
        }
    }

    /// Until when the provider is left alone.
    fn provider_waits(&self) -> Option<String> {
        let until = self.of.not_before.filter(|until| self.moves() && *until > self.l.now)?;
        Some(self.l.t("publication-provider-waits").with("when", self.l.when(&until)).to_string())
    }

    fn paused(&self) -> &'static str {
        words::paused(self.of.why.as_deref())
    }

    /// Whether something has to be mended before it goes on.
    fn is_hindered(&self) -> bool {
        self.paused() != "publication-paused-asked"
    }

    /// How far it is, where it has something to do.
    fn progress(&self) -> Option<(u64, u64, String)> {
        let (done, all) = self.of.progress();
        let reads = self.of.resumes_in.unwrap_or(self.of.state) == PublicationState::Planning;
        let key = if reads { key("publication-progress-reads") } else { key("publication-progress-writes") };
        let words = self.l.t(key).with("done", done).with("count", all).to_string();
        (self.moves() || self.is_paused()).then_some((done, all, words))
    }

    fn chips(&self) -> Vec<(&'static str, String)> {
        counts(self.l, self.of)
    }

    fn path(&self) -> String {
        path_of(self.of.id)
    }

    fn shows(&self, state: Option<LineState>, from: u64) -> String {
        shows(self.of.id, state, from)
    }

    /// States that may be looked at alone: words, address, whether it is what is shown.
    fn tabs(&self) -> Vec<(&'static str, String, bool)> {
        let some = self.of.counts.iter().filter(|(_, count)| **count > 0);
        let some: Vec<_> = some.map(|(state, _)| (Some(*state), words::line(self.of.kind, *state).show)).collect();
        if some.len() < 2 && self.shown.state.is_none() {
            return Vec::new();
        }
        let all = [(None, key("publication-show-all"))];
        let all = all.into_iter().chain(some);
        all.map(|(state, words)| (words, self.shows(state, 0), state == self.shown.state)).collect()
    }

    fn next(&self) -> Option<String> {
        self.shown.next.map(|from| self.shows(self.shown.state, from))
    }

    fn first(&self) -> Option<String> {
        (self.shown.from > 0).then(|| self.shows(self.shown.state, 0))
    }

    fn line_state(&self, line: &PublicationLine) -> (&'static str, &'static str) {
        let words = words::line(self.of.kind, line.state);
        (words.one, words.tone)
    }

    fn address(&'a self, line: &'a PublicationLine) -> &'a str {
        if line.content.address.is_empty() { &line.content.mailbox } else { &line.content.address }
    }

    fn why(&self, line: &PublicationLine) -> Option<&'static str> {
        words::why(line)
    }

    fn is_tried_again(&self, line: &PublicationLine) -> bool {
        words::is_tried_again(line)
    }

    /// Whether somebody may tick it for a ring.
    fn can_be_ticked(&self, line: &PublicationLine) -> bool {
        self.s.sees.publishes && self.is_planned() && line.state == LineState::Planned
    }

    fn any_to_tick(&self) -> bool {
        self.shown.lines.iter().any(|(line, _)| self.can_be_ticked(line))
    }

    fn waiting(&self) -> u64 {
        self.of.count(LineState::Planned)
    }

    fn is(&self, which: &str) -> bool {
        which
            == match self.which {
                Which::First => "first",
                Which::Ticked => "ticked",
                Which::All => "all",
            }
    }

    fn ring_title(&self) -> &'static str {
        if self.of.ring == 0 { key("publication-ring-first") } else { key("publication-ring-next") }
    }

    /// Mailboxes that a look found changed, which can be written anew.
    fn drifted(&self) -> u64 {
        if self.of.kind == PublicationKind::Drift { self.of.count(LineState::Drifted) } else { 0 }
    }
}

/// The question before a ring is written.
#[derive(Template)]
#[template(path = "console/publication_ask.html")]
pub(crate) struct PublicationAskPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) of: &'a Publication,
    /// What was chosen, to be sent once more.
    pub(crate) form: &'a RingForm,
    /// How many mailboxes that is.
    pub(crate) count: u64,
    /// Whether another administrator has to agree.
    pub(crate) second: bool,
}

impl PublicationAskPage<'_> {
    fn restores(&self) -> bool {
        self.of.kind == PublicationKind::Restore
    }

    fn title(&self) -> String {
        let key = if self.restores() { key("publication-ask-restore") } else { key("publication-ask-write") };
        self.l.t(key).with("count", self.count).to_string()
    }

    fn button(&self) -> String {
        let key = if self.restores() { key("publication-do-restore") } else { key("publication-do-write") };
        self.l.t(key).with("count", self.count).to_string()
    }

    fn text(&self) -> &'static str {
        if self.restores() { key("publication-ask-restore-text") } else { key("publication-ask-write-text") }
    }

    fn of_title(&self) -> String {
        words::title(self.l, self.of)
    }

    fn path(&self) -> String {
        path_of(self.of.id)
    }

    /// The choice, field by field.
    fn chosen(&self) -> Vec<(&'static str, &str)> {
        match self.form.which {
            Some(Which::First) => vec![("which", "first"), ("first", &self.form.first)],
            Some(Which::Ticked) => {
                let people = self.form.people.iter().map(|person| ("person", person.as_str()));
                [("which", "ticked")].into_iter().chain(people).collect()
            }
            Some(Which::All) | None => vec![("which", "all")],
        }
    }
}

fn shows(id: PublicationId, state: Option<LineState>, from: u64) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(state) = state {
        query.append_pair("state", state.as_str());
    }
    if from > 0 {
        query.append_pair("from", &from.to_string());
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{mark}{query}", path_of(id))
}

async fn read(desk: &Desk, id: PublicationId, state: Option<LineState>, from: u64) -> Result<Shown, Fault> {
    let one_more = i64::try_from(LINES).unwrap_or(i64::MAX).saturating_add(1);
    let mut lines = desk.ok(desk.service().publication_lines(&desk.ctx, id, state, (from, one_more)).await)?;
    let next = if lines.len() as u64 > LINES { lines.pop().map(|(line, _)| line.seq) } else { None };
    Ok(Shown { state, from, lines, next })
}

/// `GET /signatures/publications/{publication}?state=&from=`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    desk.needs(Right::SignaturesRead)?;
    let id: PublicationId = desk.id(&path)?;
    let of = desk.ok(desk.service().publication(&desk.ctx, id).await)?;
    let state = LineState::from_stored(&query_of(&request, "state"));
    let shown = read(&desk, id, state, query_of(&request, "from").parse().unwrap_or(0)).await?;
    let s = Shell::new(&desk, Section::Signatures, here(&request));
    desk.page(&PublicationPage::new(&desk.l, s, &of, &shown))
}

/// The page, with what was chosen and not done.
async fn refused(desk: &Desk, of: &Publication, form: &RingForm, (status, why): (StatusCode, &'static str)) -> Reply {
    let shown = read(desk, of.id, None, 0).await?;
    let s = Shell::new(desk, Section::Signatures, path_of(of.id));
    let mut page = PublicationPage::new(&desk.l, s, of, &shown);
    if let Some(which) = form.which {
        page.which = which;
    }
    if form.which == Some(Which::First) {
        page.how_many.value.clone_from(&form.first);
    }
    if why == "publication-ring-number" {
        page.how_many.problem = Some(desk.l.t(why).to_string());
    } else {
        page.refused = Some(why);
    }
    desk.page_with(status, &page)
}

/// The ring that is chosen; what is wrong with the choice.
fn ring(desk: &Desk, form: &RingForm) -> Result<Result<Ring, &'static str>, Fault> {
    let ring = match form.which {
        None => return Ok(Err(key("publication-ring-nobody"))),
        Some(Which::All) => Ring::default(),
        Some(Which::First) => match form.first.trim().parse() {
            Ok(first) if first > 0 => Ring { first: Some(first), ..Ring::default() },
            _ => return Ok(Err(key("publication-ring-number"))),
        },
        Some(Which::Ticked) if form.people.is_empty() => return Ok(Err(key("publication-ring-nobody"))),
        Some(Which::Ticked) => {
            let people: Result<Vec<PersonId>, _> = form.people.iter().map(|text| desk.id(text)).collect();
            Ring { people: people?, ..Ring::default() }
        }
    };
    Ok(Ok(Ring { seen: form.seen, ..ring }))
}

/// `POST /signatures/publications/{publication}/apply`: asks once more, then writes.
pub(crate) async fn apply(sent: SensitiveForm<RingForm>, path: web::Path<String>) -> Reply {
    let SensitiveForm { desk, form } = sent;
    desk.needs(Right::SignaturesPublish)?;
    let id: PublicationId = desk.id(&path)?;
    let of = desk.ok(desk.service().publication(&desk.ctx, id).await)?;
    let ring = match ring(&desk, &form)? {
        Ok(ring) => ring,
        Err(why) => return refused(&desk, &of, &form, (StatusCode::UNPROCESSABLE_ENTITY, why)).await,
    };
    if !form.sure || ring.seen.is_none() {
        return ask(&desk, &of, &form, &ring).await;
    }
    let released = match desk.service().release_ring(&desk.ctx, id, ring).await {
        Err(Error::Plugin(_)) => Err(key("publication-provider-silent")),
        released => desk.ok(released)?.map_err(words::not_released),
    };
    match released {
        Ok(()) => Ok(see_other(&path_of(id))),
        Err(why) => {
            let of = desk.ok(desk.service().publication(&desk.ctx, id).await)?;
            refused(&desk, &of, &form, (StatusCode::CONFLICT, why)).await
        }
    }
}

async fn ask(desk: &Desk, of: &Publication, form: &RingForm, ring: &Ring) -> Reply {
    if of.state != PublicationState::Planned {
        return refused(desk, of, form, (StatusCode::CONFLICT, key("publication-not-planned"))).await;
    }
    let count = desk.ok(desk.service().ring_count(&desk.ctx, of.id, ring).await)?;
    if count == 0 {
        return refused(desk, of, form, (StatusCode::UNPROCESSABLE_ENTITY, key("publication-ring-nobody"))).await;
    }
    let s = Shell::new(desk, Section::Signatures, path_of(of.id));
    let second = desk.service().settings().sign_in.second_administrator;
    desk.page(&PublicationAskPage { l: &desk.l, s, of, form, count, second })
}

/// What was asked of one that is not so any more: its page says how it stands.
fn done(desk: &Desk, id: PublicationId, outcome: Result<(), Error>) -> Reply {
    match outcome {
        Ok(()) | Err(Error::Conflict(_)) => Ok(see_other(&path_of(id))),
        Err(error) => desk.ok(Err(error)),
    }
}

/// `POST /signatures/publications/{publication}/pause`
pub(crate) async fn pause(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.needs(Right::SignaturesPublish)?;
    let id = desk.id(&path)?;
    done(&desk, id, desk.service().pause_publication(&desk.ctx, id).await)
}

/// `POST /signatures/publications/{publication}/resume`
pub(crate) async fn resume(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.needs(Right::SignaturesPublish)?;
    let id = desk.id(&path)?;
    done(&desk, id, desk.service().resume_publication(&desk.ctx, id).await)
}

/// `POST /signatures/publications/{publication}/stop`
pub(crate) async fn stop(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.needs(Right::SignaturesPublish)?;
    let id = desk.id(&path)?;
    done(&desk, id, desk.service().stop_publication(&desk.ctx, id).await)
}

/// `GET` of the addresses of buttons.
pub(crate) async fn back(_: Desk, path: web::Path<String>) -> Reply {
    Ok(see_other(&format!("/signatures/publications/{}", crate::respond::segment(&path))))
}
