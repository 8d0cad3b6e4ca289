//! A ring of a publication: which mailboxes are to be written, asked once more, then written.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use estampe_domain::signature::publication::{LineState, Publication, PublicationKind, PublicationState};
use estampe_domain::{Error, PersonId, PublicationId, Right};
use estampe_service::Ring;
use estampe_texts::key;

use crate::console::confirm::SensitiveForm;
use crate::console::publication::{PublicationPage, address, place, read};
use crate::console::publications::path_of;
use crate::console::shell::{Section, Shell};
use crate::error::Fault;
use crate::forms::Fields;
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words::publication as words;

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
    /// What the list showed.
    pub(crate) state: Option<LineState>,
    pub(crate) from: u64,
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
            state: LineState::from_stored(&fields.text("state")),
            from: number("from").unwrap_or(0),
        }
    }
}

impl RingForm {
    /// The choice, field by field, and what the list showed.
    fn chosen(&self) -> Vec<(&'static str, String)> {
        let mut chosen = match self.which {
            Some(Which::First) => vec![("which", "first".to_owned()), ("first", self.first.clone())],
            Some(Which::Ticked) => {
                let people = self.people.iter().map(|person| ("person", person.clone()));
                [("which", "ticked".to_owned())].into_iter().chain(people).collect()
            }
            Some(Which::All) | None => vec![("which", "all".to_owned())],
        };
        chosen.extend(place(self.state, self.from));
        chosen
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
    fn chosen(&self) -> Vec<(&'static str, String)> {
        self.form.chosen()
    }

    /// Where the choice was made, with all of it.
    fn back(&self) -> String {
        address(self.of.id, &self.chosen())
    }
}

/// The page, with what was chosen and not done.
async fn refused(desk: &Desk, of: &Publication, form: &RingForm, (status, why): (StatusCode, &'static str)) -> Reply {
    let shown = read(desk, of.id, form.state, form.from).await?;
    let s = Shell::new(desk, Section::Signatures, path_of(of.id));
    let mut page = PublicationPage::new(&desk.l, s, of, &shown).chosen(form);
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
