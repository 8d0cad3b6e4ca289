//! One publication: how far it is, its mailboxes, and what can be done with it now.

use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::signature::publication::{
    LineState, Publication, PublicationKind, PublicationLine, PublicationState,
};
use estampe_domain::{Error, PublicationId, Right};
use estampe_texts::key;

use crate::console::people::here;
use crate::console::publication_ring::{RingForm, Which};
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
    /// Whom somebody ticked.
    pub(crate) ticked: Vec<String>,
    /// What was asked and not done.
    pub(crate) refused: Option<&'static str>,
}

impl<'a> PublicationPage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell, of: &'a Publication, shown: &'a Shown) -> Self {
        let waiting = of.count(LineState::Planned);
        let which = if of.ring == 0 && waiting > FIRST { Which::First } else { Which::All };
        let how_many = Field::new("first", l.t(key("publication-ring-how-many")), &FIRST.min(waiting).to_string());
        let how_many = how_many.kind(Kind::Line("number")).inputmode("numeric");
        Self { l, s, of, shown, which, how_many, ticked: Vec::new(), refused: None }
    }

    /// With what was chosen before.
    pub(crate) fn chosen(mut self, form: &RingForm) -> Self {
        if let Some(which) = form.which {
            self.which = which;
        }
        if form.which == Some(Which::First) {
            self.how_many.value.clone_from(&form.first);
        }
        self.ticked.clone_from(&form.people);
        self
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

    fn is_ticked(&self, line: &PublicationLine) -> bool {
        self.ticked.contains(&line.person.to_string())
    }

    /// What the list shows, to be sent with a choice.
    fn place(&self) -> Vec<(&'static str, String)> {
        place(self.shown.state, self.shown.from)
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

fn shows(id: PublicationId, state: Option<LineState>, from: u64) -> String {
    address(id, &place(state, from))
}

/// What the list shows: fields of its address.
pub(crate) fn place(state: Option<LineState>, from: u64) -> Vec<(&'static str, String)> {
    let state = state.map(|state| ("state", state.as_str().to_owned()));
    let from = (from > 0).then(|| ("from", from.to_string()));
    state.into_iter().chain(from).collect()
}

/// The page of a publication with such a query.
pub(crate) fn address(id: PublicationId, fields: &[(&'static str, String)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{mark}{query}", path_of(id))
}

pub(crate) async fn read(desk: &Desk, id: PublicationId, state: Option<LineState>, from: u64) -> Result<Shown, Fault> {
    let one_more = i64::try_from(LINES).unwrap_or(i64::MAX).saturating_add(1);
    let mut lines = desk.ok(desk.service().publication_lines(&desk.ctx, id, state, (from, one_more)).await)?;
    let next = if lines.len() as u64 > LINES { lines.pop().map(|(line, _)| line.seq) } else { None };
    Ok(Shown { state, from, lines, next })
}

/// `GET /signatures/publications/{publication}?state=&from=`, and what was chosen for a ring and left
/// on the page that asks once more.
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    desk.needs(Right::SignaturesRead)?;
    let id: PublicationId = desk.id(&path)?;
    let of = desk.ok(desk.service().publication(&desk.ctx, id).await)?;
    let form = RingForm::from(Fields::of_query(&request));
    let shown = read(&desk, id, form.state, form.from).await?;
    let s = Shell::new(&desk, Section::Signatures, here(&request));
    desk.page(&PublicationPage::new(&desk.l, s, &of, &shown).chosen(&form))
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
