//! Forms: what was typed, from where, and whether it is this session's.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use actix_web::{FromRequest, HttpRequest, web};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::connection;
use crate::error::{Cause, Fault, Kept};
use crate::session::Desk;
use crate::visit::Visit;

/// Most bytes of a form's body.
const LIMIT: usize = 64 * 1024;
/// Most fields of a form; the largest of ours has some thirty.
const FIELDS: usize = 256;

/// The hidden field of a session's forms.
pub(crate) const CSRF: &str = "csrf";

/// A future that actix awaits on its own thread.
pub(crate) type Local<T> = Pin<Box<dyn Future<Output = Result<T, actix_web::Error>>>>;

/// The pairs of a form, in order.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// None for too many.
    fn parse(body: &[u8]) -> Option<Self> {
        let pairs: Vec<_> = url::form_urlencoded::parse(body).into_owned().take(FIELDS + 1).collect();
        (pairs.len() <= FIELDS).then_some(Self(pairs))
    }

    /// What stands in an address; nothing of too much.
    pub(crate) fn of_query(request: &HttpRequest) -> Self {
        Self::parse(request.query_string().as_bytes()).unwrap_or(Self(Vec::new()))
    }

    /// The first value of this name, or nothing typed.
    pub(crate) fn text(&self, name: &str) -> String {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// What is named with this before it: the rest of the name, and the value.
    pub(crate) fn below(&self, prefix: &str) -> Vec<(String, String)> {
        let named =
            self.0.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone())));
        named.collect()
    }

    /// All of them, but for one name.
    pub(crate) fn but(&self, name: &str) -> Vec<(String, String)> {
        self.0.iter().filter(|(key, _)| key != name).cloned().collect()
    }

    /// Every value of this name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }
}

/// A form that anybody may send, from our own pages: the Origin is checked, there is
/// no session yet that a token could belong to.
pub(crate) struct OpenForm<T> {
    pub(crate) visit: Visit,
    pub(crate) form: T,
}

/// A form of a session: signed in, its own token, from our own pages.
pub(crate) struct ProtectedForm<T> {
    pub(crate) desk: Desk,
    pub(crate) form: T,
}

impl<T: From<Fields> + 'static> FromRequest for OpenForm<T> {
    type Error = actix_web::Error;
    type Future = Local<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let visit = Visit::of(&request, estampe_domain::Actor::Visitor)?;
            let fields = read(&visit, &request, payload).await?;
            Ok(Self { visit, form: T::from(fields) })
        })
    }
}

impl<T: From<Fields> + 'static> FromRequest for ProtectedForm<T> {
    type Error = actix_web::Error;
    type Future = Local<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (desk, fields) = protected(&request, payload).await?;
            Ok(Self { desk, form: T::from(fields) })
        })
    }
}

/// The fields of a session's form, once it is known to be one.
pub(crate) async fn protected(request: &HttpRequest, payload: Payload) -> Result<(Desk, Fields), actix_web::Error> {
    let desk = match Desk::of(request).await {
        Ok(desk) => desk,
        Err(error) => return Err(ended(request, payload, error).await),
    };
    let fields = read(&desk, request, payload).await?;
    if !is_token(&desk.secret, &fields.text(CSRF)) {
        let kept = kept(request, &fields, desk.csrf());
        return Err(Fault::new(&desk, Cause::Expired(kept)).into());
    }
    Ok((desk, fields))
}

/// What somebody gets who sends a form while nobody is signed in: the door, or what they typed where that
/// would be lost behind it.
async fn ended(request: &HttpRequest, payload: Payload, door: actix_web::Error) -> actix_web::Error {
    if !door.as_error::<Fault>().is_some_and(Fault::wants_sign_in) {
        return door;
    }
    let Ok(visit) = Visit::of(request, estampe_domain::Actor::Visitor) else { return door };
    match read(&visit, request, payload).await {
        Ok(fields) => match kept(request, &fields, String::new()) {
            Some(kept) => Fault::new(&visit, Cause::Ended(kept)).into(),
            None => door,
        },
        Err(_) => door,
    }
}

/// Where forms take what no page ever shows again: passwords, codes, keys of sources. The gallery holds every
/// page's forms against it.
const SECRET: [&str; 6] = ["/account", "/accounts/providers", "/confirm", "/plugins", "/sources", "/tokens"];

/// Whether a form that is sent there is never kept.
pub(crate) fn is_secret(path: &str) -> bool {
    let below = |secret: &&str| path.strip_prefix(*secret).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    SECRET.iter().any(below)
}

/// The form to send again: where something was typed into it, and nothing that no page shows.
fn kept(request: &HttpRequest, fields: &Fields, csrf: String) -> Option<Kept> {
    let fields = fields.but(CSRF);
    let typed = fields.iter().any(|(_, value)| !value.trim().is_empty());
    let action = request.uri().path_and_query()?.as_str().to_owned();
    (typed && !is_secret(request.path())).then_some(Kept { action, fields, csrf })
}

/// For forms of a button alone.
pub(crate) struct Nothing;

impl From<Fields> for Nothing {
    fn from(_: Fields) -> Self {
        Self
    }
}

/// Refuses what another site sent.
pub(crate) fn is_from_here(visit: &Visit, request: &HttpRequest) -> Result<(), Fault> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(actix_web::http::uri::Authority::as_str));
    if is_own(request.headers(), visit.origin(), host) { Ok(()) } else { Err(Fault::new(visit, Cause::Origin)) }
}

/// How long a body is said to be, where that is said.
pub(crate) fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok())
}

async fn read(visit: &Visit, request: &HttpRequest, payload: Payload) -> Result<Fields, Fault> {
    is_from_here(visit, request)?;
    if !is_form(request.headers()) {
        return Err(Fault::new(visit, Cause::MediaType));
    }
    // said beforehand: nothing of it is read
    if announced(request).is_some_and(|length| length > LIMIT as u64) {
        return Err(Fault::new(visit, Cause::TooLarge));
    }
    let payload = web::Payload::from_request(request, &mut { payload }).await;
    let body = match payload {
        Ok(payload) => payload.to_bytes_limited(LIMIT).await,
        Err(_) => return Err(Fault::new(visit, Cause::TooLarge)),
    };
    match body {
        Ok(Ok(body)) => Fields::parse(&body).ok_or_else(|| Fault::new(visit, Cause::TooLarge)),
        Ok(Err(error)) if connection::is_too_slow(&error) => Err(Fault::new(visit, Cause::TooSlow)),
        // the visitor went away in the middle: nobody reads this answer
        Ok(Err(_)) => Err(Fault::new(visit, Cause::Domain(estampe_domain::Error::invalid("body", "it is cut short")))),
        Err(_) => Err(Fault::new(visit, Cause::TooLarge)),
    }
}

/// Whether a body is of the one kind that our forms are sent as; a script that says
/// nothing means it.
fn is_form(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_none_or(|value| {
        let essence = value.to_str().unwrap_or("?").split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

/// Whether a form comes from our own pages, as far as the browser says: no page of
/// another site can take these headers away or forge them. Without any (an old
/// browser, a script) nothing is said against it.
fn is_own(headers: &HeaderMap, own: &str, host: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site");
    let site_is_own = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin_is_own = match text(ORIGIN.as_str()) {
        None => true,
        // a page without referrer sends "null"; then only the other header can tell
        Some("null") => site.is_some(),
        Some(origin) => {
            // also by another name of ours: the browser connected to the host it names
            origin == own || host.is_some_and(|host| origin.strip_prefix("https://") == Some(host))
        }
    };
    site_is_own && origin_is_own
}

/// The token for a session's forms.
pub(crate) fn token(secret: &str) -> String {
    mac(secret).map(|mac| data_encoding::BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())).unwrap_or_default()
}

/// Whether this is the token of a session's forms.
pub(crate) fn is_token(secret: &str, given: &str) -> bool {
    let given = data_encoding::BASE64URL_NOPAD.decode(given.as_bytes()).unwrap_or_default();
    mac(secret).is_some_and(|mac| mac.verify_slice(&given).is_ok())
}

fn mac(secret: &str) -> Option<Hmac<Sha256>> {
    if secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(b"estampe console form v1");
    Some(mac)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn own(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        is_own(&headers, "https://cards.example", Some("localhost:8443"))
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        assert!(own(&[]));
        assert!(own(&[("origin", "https://cards.example"), ("sec-fetch-site", "same-origin")]));
        assert!(own(&[("origin", "https://localhost:8443")]));
        assert!(own(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!own(&[("origin", "null")]));
        assert!(!own(&[("origin", "http://localhost:8443")]));
        assert!(!own(&[("origin", "https://evil.example")]));
        assert!(!own(&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
        assert!(!own(&[("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn a_token_is_good_for_its_session_alone() {
        let good = token("one session");
        assert!(is_token("one session", &good));
        assert!(!is_token("another", &good));
        assert!(!is_token("one session", ""));
        assert!(!is_token("", &token("")));
    }

    #[test]
    fn boxes_of_one_name_are_all_kept() {
        let fields = Fields::parse(b"name=Zo%C3%A9+L&consent=a&consent=b&x").unwrap();
        assert_eq!(fields.text("name"), "Zoé L");
        assert_eq!(fields.all("consent"), ["a", "b"]);
        assert_eq!(fields.text("absent"), "");
        assert!(Fields::parse(&b"a&".repeat(FIELDS)).is_some());
        assert!(Fields::parse(&b"a&".repeat(FIELDS + 1)).is_none(), "a part of a form is no form");
    }
}
