//! Signed-in browsers: the cookie, and the desk that a session opens.

use std::ops::Deref;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use estampe_domain::account::Account;
use estampe_domain::session::Agent;
use estampe_domain::{Actor, Right, SecretToken};
use estampe_service::views::{Admission, Knock};

use crate::error::{Cause, Fault};
use crate::forms::{Local, token};
use crate::respond::{local_path, see_other};
use crate::visit::Visit;

/// The `__Host-` prefix ties it to this host, to TLS and to the root path.
const COOKIE: &str = "__Host-estampe";
/// Who showed one factor keeps this until the second.
const STEP: &str = "__Host-estampe-step";
/// By this a browser is known to accounts that were signed in from it.
const BROWSER: &str = "__Host-estampe-browser";
/// A browser keeps it for as long as browsers keep anything (400 days).
const BROWSER_DAYS: i64 = 400;
/// Where somebody adds a second factor who has to.
const ENROL: &str = "/account";

/// A visit by a signed-in account; everything of the console but its doors.
pub(crate) struct Desk {
    visit: Visit,
    pub(crate) account: Account,
    pub(crate) secret: String,
    /// Nothing but the own account is open until a second factor is added.
    pub(crate) must_enrol: bool,
}

impl Deref for Desk {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl Desk {
    pub(crate) async fn of(request: &HttpRequest) -> Result<Self, actix_web::Error> {
        let mut visit = Visit::of(request, Actor::Visitor)?;
        let session = match presented(request) {
            Some(token) => visit.ok(visit.service().session(&token).await)?,
            None => None,
        };
        let Some(session) = session else {
            let open = visit.ok(visit.service().first_run_open().await)?;
            let door = if open { "/first-run".to_owned() } else { sign_in_for(request) };
            return Err(Fault::new(&visit, Cause::SignIn(door)).into());
        };
        if session.must_enrol && !enrols(request.path()) {
            return Err(Fault::new(&visit, Cause::SignIn(ENROL.to_owned())).into());
        }
        let Account { id, roles, person, .. } = session.account;
        visit.ctx = visit.ctx.of_account(id, roles, person).with_proof(session.proof());
        Ok(Self { visit, account: session.account, secret: session.csrf, must_enrol: session.must_enrol })
    }

    /// Refuses whoever may not do this for everybody, before anything of what they sent is
    /// looked at. The use cases refuse as well.
    pub(crate) fn needs(&self, right: Right) -> Result<(), Fault> {
        self.ok(self.ctx.require(right))
    }

    /// Refuses whoever may do this for nobody.
    pub(crate) fn needs_some(&self, right: Right) -> Result<(), Fault> {
        self.ok(self.ctx.scope(right).map(|_| ()))
    }

    /// The token for this session's forms.
    pub(crate) fn csrf(&self) -> String {
        token(&self.secret)
    }
}

impl FromRequest for Desk {
    type Error = actix_web::Error;
    type Future = Local<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

/// The door, remembering where a reader wanted to go.
fn sign_in_for(request: &HttpRequest) -> String {
    let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if request.method() != actix_web::http::Method::GET || local_path(wanted) == "/" {
        return "/sign-in".to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish();
    format!("/sign-in?{query}")
}

/// The token in the cookie.
pub(crate) fn presented(request: &HttpRequest) -> Option<SecretToken> {
    request.cookie(COOKIE).map(|cookie| SecretToken::presented(cookie.value()))
}

/// What is open to whoever has to add a second factor first.
fn enrols(path: &str) -> bool {
    path == ENROL
        || path.strip_prefix(ENROL).is_some_and(|rest| rest.starts_with('/'))
        || ["/sign-out", "/confirm"].contains(&path)
}

/// From where a request comes, for whoever signs in.
pub(crate) fn knock(visit: &Visit, request: &HttpRequest) -> Knock {
    let client = visit.state.edge.client(request.head());
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    Knock {
        client: client.map(|client| format!("{:x}", client.unit())).unwrap_or_default(),
        address: client.map(|client| client.ip().to_string()).unwrap_or_default(),
        agent: Agent::of_header(agent),
        browser: request.cookie(BROWSER).map(|cookie| SecretToken::presented(cookie.value())),
        session: presented(request),
    }
}

/// What was kept between the first factor and the second.
pub(crate) fn half_way(request: &HttpRequest) -> Option<SecretToken> {
    request.cookie(STEP).map(|cookie| SecretToken::presented(cookie.value()))
}

/// Lets somebody in as far as they came: to `next`, or to the second factor on the way there.
pub(crate) fn enter(admission: &Admission, next: &str) -> HttpResponse {
    let next = local_path(next);
    let (location, cookies) = match admission {
        Admission::In(signed_in) => {
            let browser = signed_in.browser.as_ref().map(|token| {
                let mut kept = kept(BROWSER, token);
                kept.set_max_age(Duration::days(BROWSER_DAYS));
                kept
            });
            (next.to_owned(), [Some(cookie(&signed_in.token)), browser, Some(gone(STEP))])
        }
        Admission::HalfWay(half) => {
            let location = if next == "/" {
                "/sign-in/second".to_owned()
            } else {
                let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
                format!("/sign-in/second?{query}")
            };
            (location, [Some(kept(STEP, &half.token)), None, None])
        }
    };
    let mut reply = see_other(&location);
    for cookie in cookies.into_iter().flatten() {
        // a cookie of our own making is always writable
        let _ = reply.add_cookie(&cookie);
    }
    reply
}

/// The cookie of a new session. `Lax`, so that a link in a mail finds its reader
/// signed in; forms have their token and their Origin.
pub(crate) fn cookie(token: &SecretToken) -> Cookie<'static> {
    kept(COOKIE, token)
}

fn kept(name: &'static str, token: &SecretToken) -> Cookie<'static> {
    Cookie::build(name, token.reveal().to_owned())
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// The cookie that takes it away.
pub(crate) fn no_cookie() -> Cookie<'static> {
    gone(COOKIE)
}

fn gone(name: &'static str) -> Cookie<'static> {
    let mut cookie = Cookie::build(name, "").path("/").secure(true).http_only(true).finish();
    cookie.make_removal();
    cookie
}
