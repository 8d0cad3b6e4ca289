//! Somebody's signature: how it looks, how it comes into a mail program, and why it is this one.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use estampe_domain::signature::{Aspect, Signature, Verdict};
use estampe_domain::{Error, Locale, PersonId, Right};
use estampe_service::SignatureDetail;
use jiff::civil::Date;

use crate::console::people::{here, query_of};
use crate::console::shell::{Section, Shell};
use crate::console::signature_mail::Mailed;
use crate::locale::Lang;
use crate::respond::{HTML, Reply};
use crate::session::Desk;

/// What such a page may show.
const WITH_FRAMES: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; script-src 'self'; \
    connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A signature as mail programs show it: its styles stand at its elements, its pictures anywhere.
/// Nothing in it acts.
pub(crate) const IN_A_FRAME: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; \
    frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox";

/// A signature that somebody else wrote: its styles stand at its elements, and nothing is fetched.
pub(crate) const FROM_A_MAILBOX: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
    frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox";

/// The page.
#[derive(Template)]
#[template(path = "console/signature.html")]
pub(crate) struct SignaturePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) detail: &'a SignatureDetail,
    /// Whether the rules may be seen.
    pub(crate) rules: bool,
    /// A day was typed that is none.
    pub(crate) wrong_day: bool,
    /// What became of the mail to oneself.
    pub(crate) mailed: Option<(Mailed, String)>,
}

impl SignaturePage<'_> {
    fn made(&self) -> Option<&Signature> {
        self.detail.made.as_ref()?.as_ref().ok()
    }

    /// Why it cannot be made, in the words of the host or the template.
    fn problem(&self) -> Option<&str> {
        self.detail.made.as_ref()?.as_ref().err().map(|failure| failure.message.as_str())
    }

    fn path(&self, rest: &str) -> String {
        format!("/people/{}/signature{rest}?day={}", self.detail.person.id, self.detail.day)
    }

    /// Each rule and what became of it, in words, and whether it gave something.
    fn why(&self) -> Vec<(String, String, bool)> {
        let name = |id| self.detail.rules.iter().find(|rule| rule.id == id).map(|rule| rule.name.clone());
        let verdicts = self.detail.decision.verdicts.iter();
        verdicts
            .map(|(rule, verdict)| {
                let gives = matches!(verdict, Verdict::Fits(aspects) if !aspects.is_empty());
                (name(*rule).unwrap_or_default(), self.verdict(verdict), gives)
            })
            .collect()
    }

    fn verdict(&self, verdict: &Verdict) -> String {
        let l = self.l;
        match verdict {
            Verdict::Fits(aspects) if aspects.is_empty() => l.t("signature-why-nothing").to_string(),
            Verdict::Fits(aspects) => {
                let words = |aspect: &Aspect| match aspect {
                    Aspect::Design => l.t("signature-design").to_string(),
                    Aspect::Value(key) => key.clone(),
                };
                let all = aspects.iter().map(words).collect::<Vec<_>>().join(", ");
                l.t("signature-why-gives").with("what", all).to_string()
            }
            Verdict::Early(day) => l.t("signature-why-early").with("day", day.to_string()).to_string(),
            Verdict::Over(day) => l.t("signature-why-over").with("day", day.to_string()).to_string(),
            Verdict::Group => l.t("signature-why-group").to_string(),
            Verdict::Office => l.t("signature-why-office").to_string(),
            Verdict::Language => l.t("signature-why-language").to_string(),
        }
    }
}

/// The day that is asked for; an error when that is none.
fn day_of(desk: &Desk, request: &HttpRequest) -> Result<Date, Date> {
    match query_of(request, "day") {
        text if text.is_empty() => Ok(desk.l.today()),
        text => text.parse().map_err(|_| desk.l.today()),
    }
}

async fn detail_of(desk: &Desk, id: &str, day: Date) -> Result<SignatureDetail, crate::error::Fault> {
    let person: PersonId = desk.id(id)?;
    desk.ok(desk.service().signature_of(&desk.ctx, person, day).await)
}

/// `GET /people/{id}/signature?day=`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let day = day_of(&desk, &request);
    let detail = detail_of(&desk, &path, day.unwrap_or_else(|today| today)).await?;
    let is_own = desk.ctx.person == Some(detail.person.id);
    let section = if is_own { Section::Own } else { Section::People };
    let s = Shell::new(&desk, section, here(&request));
    let rules = desk.ctx.may_all(Right::SignaturesRead);
    let status = if day.is_err() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mailed = Mailed::of(&request).map(|mailed| (mailed, mailed.words(&desk.l, desk.account.email.as_str())));
    let page = SignaturePage { l: &desk.l, s, detail: &detail, rules, wrong_day: day.is_err(), mailed };
    page_with_frames(&desk, status, &page)
}

/// A page that shows signatures in frames.
pub(crate) fn page_with_frames(desk: &Desk, status: StatusCode, page: &impl Template) -> Reply {
    let mut reply = desk.page_with(status, page)?;
    reply.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(WITH_FRAMES));
    Ok(reply)
}

/// The signature itself, and its language; 404 where there is none.
async fn made(desk: &Desk, request: &HttpRequest, id: &str) -> Result<(Signature, Locale), crate::error::Fault> {
    let day = day_of(desk, request).unwrap_or_else(|today| today);
    let detail = detail_of(desk, id, day).await?;
    match detail.made {
        Some(Ok(signature)) => Ok((signature, detail.locale)),
        Some(Err(failure)) => desk.ok(Err(failure.into())),
        None => desk.ok(Err(Error::NotFound)),
    }
}

/// Turns light and dark around and leaves pictures as they are, as mail programs with a dark theme
/// do with mails that were made for white.
const TURNED: &str = "<style>html{background:#1e1e1e}body{background:#e1e1e1;filter:invert(1) hue-rotate(180deg)}\
    img{filter:invert(1) hue-rotate(180deg)}</style>";

/// A document of HTML around a signature.
fn document(html: &str, locale: Locale, style: &str) -> String {
    let language = locale.tag();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>Signature</title>{style}</head>\
         <body>{html}</body></html>\n"
    )
}

/// `GET /people/{id}/signature/preview?day=&on=`: for a frame.
pub(crate) async fn preview(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let (signature, locale) = made(&desk, &request, &path).await?;
    Ok(framed(&signature, locale, &query_of(&request, "on")))
}

/// A signature for a frame: on white, or as a dark mail program shows it.
pub(crate) fn framed(signature: &Signature, locale: Locale, on: &str) -> HttpResponse {
    let style = if on == "dark" { TURNED } else { "" };
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HTML))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, IN_A_FRAME))
        .body(document(&signature.html, locale, style))
}

/// A signature from a mailbox or on its way there, for a frame: on white, whatever language it has.
pub(crate) fn framed_html(html: &str, policy: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HTML))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((HeaderName::from_static("x-dns-prefetch-control"), "off"))
        .body(format!(
            "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Signature</title></head><body>{html}</body></html>\n"
        ))
}

/// A file to be kept.
fn file(name: &'static str, media_type: &'static str, content: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(content)
}

/// `GET /people/{id}/signature.htm?day=`: for Outlook classic and Thunderbird.
pub(crate) async fn html(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let (signature, locale) = made(&desk, &request, &path).await?;
    Ok(file("attachment; filename=\"Signature.htm\"", HTML, document(&signature.html, locale, "")))
}

/// `GET /people/{id}/signature.txt?day=`
pub(crate) async fn text(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let (signature, _) = made(&desk, &request, &path).await?;
    // mail programs on Windows read lines that end so
    let text = signature.text.replace('\n', "\r\n") + "\r\n";
    Ok(file("attachment; filename=\"Signature.txt\"", "text/plain; charset=utf-8", text))
}
