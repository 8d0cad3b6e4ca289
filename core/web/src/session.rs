//! Signed-in browsers: the cookie, and the desk that a session opens.

use std::ops::Deref;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use estampe_domain::account::Account;
use estampe_domain::{Actor, Right, SecretToken};

use crate::error::{Cause, Fault};
use crate::forms::{Local, token};
use crate::respond::local_path;
use crate::visit::Visit;

/// The `__Host-` prefix ties it to this host, to TLS and to the root path.
const COOKIE: &str = "__Host-estampe";

/// A visit by a signed-in account; everything of the console but its doors.
pub(crate) struct Desk {
    visit: Visit,
    pub(crate) account: Account,
    pub(crate) secret: String,
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
        let Account { id, roles, person, .. } = session.account;
        visit.ctx = visit.ctx.of_account(id, roles, person);
        Ok(Self { visit, account: session.account, secret: session.csrf })
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

/// The cookie of a new session. `Lax`, so that a link in a mail finds its reader
/// signed in; forms have their token and their Origin.
pub(crate) fn cookie(token: &SecretToken) -> Cookie<'static> {
    Cookie::build(COOKIE, token.reveal().to_owned())
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// The cookie that takes it away.
pub(crate) fn no_cookie() -> Cookie<'static> {
    let mut cookie = Cookie::build(COOKIE, "").path("/").secure(true).http_only(true).finish();
    cookie.make_removal();
    cookie
}
