//! The add-in for Outlook: it puts one's own signature below new mails.
//!
//! Outlook fetches the manifest and the pages here; each holds nothing personal. What opens the
//! signature is a token of its holder's with one scope, which the holder makes once and Outlook
//! keeps with the mailbox: Office's own identity would need a registration at Microsoft.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{HttpResponse, web};
use askama::Template;
use estampe_domain::{Error, Locale};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::console::confirm::SensitiveForm;
use crate::error::Fault;
use crate::forms::Nothing;
use crate::locale::Lang;
use crate::respond::Reply;
use crate::routes::Table;
use crate::session::Desk;
use crate::visit::Visit;

/// Where add-ins have Office's own script from: Microsoft allows no copy.
const OFFICE: &str = "https://appsforoffice.microsoft.com/lib/1/hosted/office.js";

/// Pages that Outlook shows: in a window of its own, or in a frame of Outlook on the web.
const IN_OUTLOOK: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; \
    script-src 'self' https://appsforoffice.microsoft.com; connect-src 'self'; form-action 'self'; \
    frame-ancestors https://outlook.office.com https://outlook.office365.com https://outlook.cloud.microsoft \
    https://outlook.live.com; base-uri 'none'";

/// The page that makes the key: never in a frame.
const OF_DIALOG: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; \
    script-src 'self' https://appsforoffice.microsoft.com; connect-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

/// What runs when a mail is begun.
const RUNTIME: &str = include_str!("../../static/outlook/runtime.js");

/// Pictures of the ribbon, by the names that the manifest gives them.
const PICTURES: [(&str, &[u8]); 5] = [
    ("icon-16.png", include_bytes!("../../static/outlook/icon-16.png")),
    ("icon-32.png", include_bytes!("../../static/outlook/icon-32.png")),
    ("icon-64.png", include_bytes!("../../static/outlook/icon-64.png")),
    ("icon-80.png", include_bytes!("../../static/outlook/icon-80.png")),
    ("icon-128.png", include_bytes!("../../static/outlook/icon-128.png")),
];

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table.scope("/outlook", |table| {
        table
            .get("/manifest.xml", manifest)
            .get("/runtime.html", runtime)
            .get("/runtime.js", script)
            .get("/pane", pane)
            .get("/connect", ask)
            .post("/connect", connect)
            .get("/{picture:icon-[0-9]+[.]png}", picture)
    })
}

/// What an administrator hands to Exchange or Microsoft 365.
#[derive(Template)]
#[template(path = "console/outlook/manifest.xml")]
struct Manifest<'a> {
    en: Lang,
    fr: Lang,
    id: String,
    version: String,
    organisation: &'a str,
    origin: &'a str,
}

impl Manifest<'_> {
    fn picture(&self, name: &str) -> String {
        format!("{}/outlook/{name}", self.origin)
    }
}

/// The page around the script where Outlook has browsers.
#[derive(Template)]
#[template(path = "console/outlook/runtime.html")]
struct RuntimePage {
    office: &'static str,
}

/// The add-in's pane.
#[derive(Template)]
#[template(path = "console/outlook/pane.html")]
pub(crate) struct PanePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) office: &'static str,
    pub(crate) origin: &'a str,
}

impl<'a> PanePage<'a> {
    pub(crate) const fn new(l: &'a Lang, origin: &'a str) -> Self {
        Self { l, office: OFFICE, origin }
    }

    fn connect(&self) -> String {
        format!("{}/outlook/connect", self.origin)
    }
}

/// The page that makes the key.
#[derive(Template)]
#[template(path = "console/outlook/connect.html")]
pub(crate) struct ConnectPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) office: &'static str,
    pub(crate) csrf: String,
    pub(crate) key: Option<String>,
    pub(crate) problem: Option<String>,
}

impl<'a> ConnectPage<'a> {
    pub(crate) const fn new(l: &'a Lang, csrf: String) -> Self {
        Self { l, office: OFFICE, csrf, key: None, problem: None }
    }
}

/// An id that stays the same for this appliance's address: of version 8 (RFC 9562, section 5.8).
fn id_of(origin: &str) -> String {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(format!("estampe outlook add-in {origin}")));
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// Four numbers, from 1.0.0.0 on, that grow with our version.
fn version_of(version: &str) -> String {
    let numbers = version.split(['-', '+']).next().unwrap_or_default();
    format!("1.{numbers}")
}

fn lang(visit: &Visit, locale: Locale) -> Lang {
    Lang { locale, ..visit.l.clone() }
}

/// `GET /outlook/manifest.xml`
async fn manifest(visit: Visit) -> Reply {
    let (origin, settings) = (visit.origin(), visit.service().settings());
    let manifest = Manifest {
        en: lang(&visit, Locale::En),
        fr: lang(&visit, Locale::Fr),
        id: id_of(origin),
        version: version_of(settings.version),
        organisation: visit.organisation(),
        origin,
    };
    let body = visit.render(&manifest)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/xml; charset=utf-8")).body(body))
}

/// A page with a policy of its own.
fn page(visit: &Visit, view: &impl Template, policy: &'static str, status: StatusCode) -> Reply {
    let mut reply = visit.page_with(status, view)?;
    reply.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    // Outlook on the web talks to the window that it opened
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    reply.headers_mut().insert(opener, HeaderValue::from_static("unsafe-none"));
    Ok(reply)
}

/// `GET /outlook/runtime.html`
async fn runtime(visit: Visit) -> Reply {
    page(&visit, &RuntimePage { office: OFFICE }, IN_OUTLOOK, StatusCode::OK)
}

/// `GET /outlook/runtime.js`
async fn script(visit: Visit) -> Reply {
    let words = |locale| {
        let l = lang(&visit, locale);
        json!({
            "open": l.t("outlook-open").to_string(),
            "unconnected": l.t("outlook-unconnected").to_string(),
            "refused": l.t("outlook-refused").to_string(),
        })
    };
    let words = json!({"en": words(Locale::En), "fr": words(Locale::Fr)});
    let origin = json!(visit.origin());
    let body = format!("const ESTAMPE_ORIGIN = {origin};\nconst ESTAMPE_WORDS = {words};\n{RUNTIME}");
    Ok(for_outlook(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8")).body(body)))
}

/// `GET /outlook/icon-16.png` and others.
async fn picture(visit: Visit, path: web::Path<String>) -> Reply {
    let found = PICTURES.iter().find(|(name, _)| *name == path.as_str());
    let (_, octets) = found.ok_or_else(|| Fault::not_found(&visit))?;
    let reply = HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "image/png"))
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .body(*octets);
    Ok(for_outlook(reply))
}

/// Pages of Outlook on the web show and run it.
fn for_outlook(mut reply: HttpResponse) -> HttpResponse {
    let name = HeaderName::from_static("cross-origin-resource-policy");
    reply.headers_mut().insert(name, HeaderValue::from_static("cross-origin"));
    reply
}

/// `GET /outlook/pane`
async fn pane(visit: Visit) -> Reply {
    page(&visit, &PanePage::new(&visit.l, visit.origin()), IN_OUTLOOK, StatusCode::OK)
}

/// `GET /outlook/connect`
async fn ask(desk: Desk) -> Reply {
    page(&desk, &ConnectPage::new(&desk.l, desk.csrf()), OF_DIALOG, StatusCode::OK)
}

/// `POST /outlook/connect`
async fn connect(sent: SensitiveForm<Nothing>) -> Reply {
    let desk = sent.desk;
    let mut view = ConnectPage::new(&desk.l, desk.csrf());
    let status = match desk.service().connect_outlook(&desk.ctx).await {
        Ok(made) => {
            view.key = Some(made.secret.reveal().to_owned());
            StatusCode::OK
        }
        Err(Error::Invalid { .. }) => {
            view.problem = Some(desk.l.t("outlook-no-signature").to_string());
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(Error::Conflict(_)) => {
            view.problem = Some(desk.l.t("token-too-many").to_string());
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(other) => return desk.ok(Err(other)),
    };
    page(&desk, &view, OF_DIALOG, status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_the_form_that_outlook_takes_and_stays() {
        let id = id_of("https://estampe.example");
        assert_eq!(id, id_of("https://estampe.example"));
        assert_ne!(id, id_of("https://other.example"));
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_eq!((id.get(14..15), id.get(19..20)), (Some("8"), Some("8")), "{id}");
        assert_eq!(version_of("0.1.0-rc.1"), "1.0.1.0");
    }
}
