//! A card, and its QR code to be scanned from the screen.

use actix_web::http::header::{CACHE_CONTROL, HeaderMap, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use estampe_domain::card::Card;
use estampe_domain::person::{PhoneKind, Profile};
use estampe_domain::{Actor, PublicId};
use estampe_texts::key;

use crate::encoded::Encoded;
use crate::error::Fault;
use crate::headers::Surface;
use crate::locale::{Lang, wanted};
use crate::public::pages::Key;
use crate::respond::{HTML, Reply};
use crate::state::AppState;
use crate::visit::Visit;

/// The card. Nothing in it differs from one view to the next.
#[derive(Template)]
#[template(path = "public/card.html")]
pub(crate) struct CardPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) host: &'a str,
    /// Where other programs find this page and its photo.
    pub(crate) origin: &'a str,
    pub(crate) card: &'a Card,
    pub(crate) profile: &'a Profile,
    pub(crate) rows: Vec<Row>,
}

/// A way to reach the holder.
pub(crate) struct Row {
    pub(crate) icon: &'static str,
    pub(crate) href: Option<String>,
    pub(crate) main: String,
    pub(crate) small: String,
}

impl<'a> CardPage<'a> {
    pub(crate) fn new(l: &'a Lang, (host, origin): (&'a str, &'a str), card: &'a Card) -> Self {
        Self { l, host, origin, card, profile: &card.profile, rows: rows(l, &card.profile) }
    }

    /// Whose card it is: the holder's organisation, else the host.
    fn organisation(&self) -> &str {
        self.profile.organisation.as_ref().map_or(self.host, |o| o.as_str())
    }

    /// The name, word by word: a line may end between two, not at a hyphen.
    fn words(&self) -> std::str::Split<'_, char> {
        self.profile.display_name.as_str().split(' ')
    }

    fn initial(&self) -> String {
        initial(self.organisation())
    }

    /// "Agence de Toulouse · Clientèle"
    fn place(&self) -> String {
        [&self.profile.office, &self.profile.department]
            .into_iter()
            .flatten()
            .map(|part| part.as_str())
            .collect::<Vec<_>>()
            .join(" · ")
    }
}

/// The letter in the mark.
pub(crate) fn initial(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().collect()).unwrap_or_default()
}

fn rows(l: &Lang, profile: &Profile) -> Vec<Row> {
    let mut rows = Vec::new();
    for phone in &profile.phones {
        let kind = match phone.kind {
            PhoneKind::Work => key("card-phone-work"),
            PhoneKind::Mobile => key("card-phone-mobile"),
        };
        rows.push(Row {
            icon: "phone",
            href: Some(format!("tel:{}", phone.number.dialled())),
            main: phone.number.to_string(),
            small: l.t(kind).to_string(),
        });
    }
    for email in &profile.emails {
        rows.push(Row {
            icon: "mail",
            href: Some(format!("mailto:{email}")),
            main: email.to_string(),
            small: l.t("card-email").to_string(),
        });
    }
    for link in &profile.links {
        let host = link.url.host();
        rows.push(Row {
            icon: "link",
            href: Some(link.url.to_string()),
            main: link.label.as_ref().map_or_else(|| host.clone(), ToString::to_string),
            small: if link.label.is_some() { host } else { String::new() },
        });
    }
    if let Some(address) = &profile.address {
        let main = address.first_line();
        let locality = address.locality();
        let small = if main == locality { String::new() } else { locality };
        rows.push(Row { icon: "pin", href: None, main, small });
    }
    rows
}

/// `GET /c/{public_id}`. What is kept is answered before anything else is made ready.
pub(crate) async fn show(
    state: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, actix_web::Error> {
    let (locale, chosen) = wanted(&request, Surface::Public);
    let key = path.parse().ok().map(|card| Key { card, locale, chosen });
    if let Some(page) = key.as_ref().and_then(|key| state.pages.ready(&*state.service, key)) {
        return Ok(answer(&page, request.headers()));
    }
    let visit = Visit::of(&request, Actor::Visitor)?;
    let Some(key) = key else { return Ok(written_well(&visit, &request, &path)?) };
    let id = key.card.clone();
    let page = state
        .pages
        .get(&visit, key, async || {
            let card = visit.ok(visit.traced(visit.service().card(&visit.ctx, &id)).await)?;
            let page = visit.render(&CardPage::new(&visit.l, (visit.organisation(), visit.origin()), &card))?;
            Ok((Encoded::text(HTML, page), card.version))
        })
        .await?;
    Ok(answer(&page, request.headers()))
}

/// `GET /c/{public_id}/`
pub(crate) async fn slash(visit: Visit, request: HttpRequest, path: web::Path<String>) -> Reply {
    written_well(&visit, &request, &path)
}

/// The address as it is written, for one with capitals or a slash at its end. Nothing is looked up: whether there is
/// such a card is said there.
fn written_well(visit: &Visit, request: &HttpRequest, path: &str) -> Reply {
    let id: PublicId = path.to_ascii_lowercase().parse().map_err(|_| Fault::not_found(visit))?;
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut reply = HttpResponse::PermanentRedirect();
    Ok(reply.insert_header((LOCATION, format!("/c/{id}{query}"))).insert_header((CACHE_CONTROL, "no-store")).finish())
}

/// Kept by whoever asks, and asked for anew each time.
pub(crate) fn answer(page: &Encoded, asked: &HeaderMap) -> HttpResponse {
    page.answer(asked, "no-cache", "Accept-Encoding, Accept-Language")
}

/// The QR code, large.
#[derive(Template)]
#[template(path = "public/qr.html")]
pub(crate) struct QrPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) card: &'a Card,
    pub(crate) url: String,
}

/// `GET /c/{public_id}/qr`
pub(crate) async fn qr(visit: Visit, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id = visit.public_id(&path)?;
    let card = visit.ok(visit.service().card(&visit.ctx, &id).await)?;
    let url = visit.service().card_url(&id);
    visit.kept_page(&request, &QrPage { l: &visit.l, card: &card, url })
}
