//! One mailbox of a publication: what stands there, what is to stand there, and what that changes
//! for whoever reads it. Whatever stands in a mailbox is somebody else's HTML.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use estampe_domain::signature::publication::{LineState, Publication, PublicationKind, PublicationLine};
use estampe_domain::signature::{Change, Seen, difference};
use estampe_domain::{Error, PublicationId, Right};
use estampe_texts::key;

use crate::console::harmless::harmless;
use crate::console::people::{here, query_of};
use crate::console::publications::path_of;
use crate::console::shell::{Section, Shell};
use crate::console::signature::{FROM_A_MAILBOX, IN_A_FRAME, framed_html, page_with_frames};
use crate::error::Fault;
use crate::locale::Lang;
use crate::respond::Reply;
use crate::session::Desk;
use crate::words::publication as words;

/// The page.
#[derive(Template)]
#[template(path = "console/publication_line.html")]
pub(crate) struct PublicationLinePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) of: &'a Publication,
    pub(crate) line: &'a PublicationLine,
    /// Its holder.
    pub(crate) name: &'a str,
}

/// One side of the difference.
pub(crate) struct Side {
    /// What it is.
    title: &'static str,
    html: String,
    /// Its frame; none where it cannot be shown, or is empty.
    frame: Option<(String, &'static str)>,
    /// Why there is no frame.
    instead: Option<&'static str>,
}

impl PublicationLinePage<'_> {
    fn holder(&self) -> String {
        if self.name.is_empty() { self.l.t("publication-somebody").to_string() } else { self.name.to_owned() }
    }

    fn of_title(&self) -> String {
        words::title(self.l, self.of)
    }

    fn of_path(&self) -> String {
        path_of(self.of.id)
    }

    fn state(&self) -> (&'static str, &'static str) {
        let words = words::line(self.of.kind, self.line.state);
        (words.one, words.tone)
    }

    fn why(&self) -> Option<&'static str> {
        words::why(self.line)
    }

    fn is_tried_again(&self) -> bool {
        words::is_tried_again(self.line)
    }

    fn path(&self) -> String {
        format!("{}/lines/{}", path_of(self.of.id), self.line.seq)
    }

    /// Their signature by the rules of the day, where that is what is written.
    fn signature(&self) -> Option<String> {
        let shows = self.of.kind == PublicationKind::Publish && self.s.sees.people;
        shows.then(|| format!("/people/{}/signature?day={}", self.line.person, self.of.day))
    }

    fn before(&self) -> Side {
        let content = &self.line.content;
        let planned = matches!(self.line.state, LineState::Planned | LineState::Drifted | LineState::Unchanged);
        let title = if planned { key("publication-line-before") } else { key("publication-line-found") };
        self.side("found", title, content.found.as_deref(), key("publication-line-not-read"))
    }

    /// Nothing where nothing is ever written.
    fn after(&self) -> Option<Side> {
        if self.of.kind == PublicationKind::Drift {
            return None;
        }
        let title = match self.line.state {
            LineState::Done => key("publication-line-written"),
            LineState::Planned | LineState::Applying | LineState::Unchanged => key("publication-line-wanted"),
            _ => key("publication-line-meant"),
        };
        let wanted = self.line.content.wanted.as_deref();
        Some(self.side("wanted", title, wanted, key("publication-line-none-wanted")))
    }

    fn side(&self, of: &str, title: &'static str, html: Option<&str>, none: &'static str) -> Side {
        let is_ours = is_ours(self.of, of);
        let (frame, instead) = match html {
            None => (None, Some(none)),
            Some(html) if html.trim().is_empty() => (None, Some(key("publication-line-empty"))),
            Some(html) if !is_ours && harmless(html).is_none() => (None, Some(key("publication-line-tangled"))),
            Some(_) if is_ours => (Some(key("publication-line-wanted-frame")), None),
            Some(_) => (Some(key("publication-line-found-frame")), None),
        };
        let frame = frame.map(|words| (format!("{}/preview?of={of}", self.path()), words));
        Side { title, html: html.unwrap_or_default().to_owned(), frame, instead }
    }

    /// Whether there are two signatures to compare.
    fn compares(&self) -> bool {
        self.line.content.found.is_some() && self.line.content.wanted.is_some()
    }

    /// What changes for a reader; none where it is too long to be compared.
    fn changes(&self) -> Option<Vec<(Change, Seen)>> {
        let content = &self.line.content;
        difference(content.found.as_deref()?, content.wanted.as_deref()?)
    }

    fn is_same(&self, changes: &[(Change, Seen)]) -> bool {
        changes.iter().all(|(change, _)| *change == Change::Same)
    }

    fn seen(&self, seen: &Seen) -> String {
        match seen {
            Seen::Words(words) => words.clone(),
            Seen::Link(to) => self.l.t("publication-line-link").with("to", to.as_str()).to_string(),
            Seen::Picture { alt, from } => {
                let words = self.l.t("publication-line-picture").with("alt", alt.as_str());
                words.with("from", from.as_str()).to_string()
            }
        }
    }
}

/// Whether one side is what a template made and the host made harmless.
fn is_ours(of: &Publication, side: &str) -> bool {
    side == "wanted" && of.kind == PublicationKind::Publish
}

async fn line_of(
    desk: &Desk,
    (publication, line): (String, String),
) -> Result<(Publication, PublicationLine, String), Fault> {
    desk.needs(Right::SignaturesRead)?;
    let id: PublicationId = desk.id(&publication)?;
    let of = desk.ok(desk.service().publication(&desk.ctx, id).await)?;
    let (line, name) = desk.ok(desk.service().publication_line(&desk.ctx, id, desk.id(&line)?).await)?;
    Ok((of, line, name))
}

/// `GET /signatures/publications/{publication}/lines/{line}`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<(String, String)>) -> Reply {
    let (of, line, name) = line_of(&desk, path.into_inner()).await?;
    let s = Shell::new(&desk, Section::Signatures, here(&request));
    let page = PublicationLinePage { l: &desk.l, s, of: &of, line: &line, name: &name };
    page_with_frames(&desk, StatusCode::OK, &page)
}

/// `GET /signatures/publications/{publication}/lines/{line}/preview?of=`: for a frame.
pub(crate) async fn preview(desk: Desk, request: HttpRequest, path: web::Path<(String, String)>) -> Reply {
    let (of, line, _) = line_of(&desk, path.into_inner()).await?;
    let side = query_of(&request, "of");
    let content = line.content;
    let html = match side.as_str() {
        "found" => content.found,
        "wanted" => content.wanted,
        _ => None,
    };
    let html = desk.ok(html.ok_or(Error::NotFound))?;
    desk.ok(shown(&of, &side, &html).ok_or(Error::NotFound))
}

/// A side of the difference, for its frame.
fn shown(of: &Publication, side: &str, html: &str) -> Option<HttpResponse> {
    if is_ours(of, side) {
        return Some(framed_html(html, IN_A_FRAME));
    }
    harmless(html).map(|html| framed_html(&html, FROM_A_MAILBOX))
}
