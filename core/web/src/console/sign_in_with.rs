//! The way to a provider and back; the form for a directory's name and password.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use estampe_domain::credential::Secret;
use estampe_domain::openid::{OpenIdBack, ProofReason};
use estampe_domain::{ErrorKind, SecretToken};
use estampe_service::views::Knock;
use estampe_service::{Came, DoorWay, Errand, Started};

use crate::console::doors::{DoorPage, next_of};
use crate::console::people::query_of;
use crate::error::Fault;
use crate::fields::{Field, Kind};
use crate::forms::{Fields, OpenForm};
use crate::locale::Lang;
use crate::respond::{Reply, local_path, see_other};
use crate::routes::Table;
use crate::session::{enter, knock, presented};
use crate::visit::Visit;
use crate::words::provider::why;

/// The mark of the browser that began a sign-in. `Lax`: it comes back by a link of the
/// provider's.
const MARK: &str = "__Host-estampe-door";
/// How long the mark is good, as what is kept of the sign-in.
const AWAY: i64 = 600;
/// Octets of what a provider sends along.
const LONGEST: usize = 4096;

/// The page on the way to a provider. A redirect would be stopped: what a form leads to has to
/// be ours (`form-action`), and a policy that names providers would be another one for each.
#[derive(Template)]
#[template(path = "console/door_away.html")]
pub(crate) struct AwayPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) label: &'a str,
    pub(crate) url: &'a str,
}

/// What is sent to begin.
#[derive(Default)]
pub(crate) struct WithForm {
    login: String,
    password: String,
    next: String,
    token: String,
    welcome: bool,
}

impl From<Fields> for WithForm {
    fn from(fields: Fields) -> Self {
        Self {
            login: fields.text("login"),
            password: fields.text("password"),
            next: fields.text("next"),
            token: fields.text("token"),
            welcome: fields.text("errand") == "welcome",
        }
    }
}

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table.get("/sign-in/back", back).get("/sign-in/with/{provider}", ask).post("/sign-in/with/{provider}", begin)
}

pub(crate) fn directory_page<'a>(
    l: &'a Lang,
    way: &'a DoorWay,
    action: &'a str,
    typed: (&str, &'a str),
    problem: Option<String>,
) -> DoorPage<'a> {
    let fields = vec![
        Field::new("login", l.t("sign-in-directory-name"), typed.0).autocomplete("username"),
        Field::new("password", l.t("sign-in-password"), "")
            .kind(Kind::Line("password"))
            .autocomplete("current-password"),
    ];
    DoorPage {
        l,
        host: &way.label,
        title: estampe_texts::key("sign-in-title"),
        text: estampe_texts::key("sign-in-directory-text"),
        submit: estampe_texts::key("sign-in-submit"),
        action,
        back: "/sign-in",
        hidden: next_of(typed.1),
        fields,
        passkey: None,
        foot: vec![("/sign-in", estampe_texts::key("second-again"))],
        problem,
        done: None,
        ways: Vec::new(),
        invited: false,
    }
}

/// `GET /sign-in/with/{provider}`
async fn ask(visit: Visit, request: HttpRequest, path: web::Path<String>) -> Reply {
    let next = query_of(&request, "next");
    match visit.service().door_way(&path).await {
        Ok(way) if way.is_directory => {
            let action = format!("/sign-in/with/{}", way.name);
            visit.page(&directory_page(&visit.l, &way, &action, ("", local_path(&next)), None))
        }
        // its button is there
        _ => Ok(see_other("/sign-in")),
    }
}

/// `POST /sign-in/with/{provider}`
async fn begin(sent: OpenForm<WithForm>, request: HttpRequest, path: web::Path<String>) -> Reply {
    let OpenForm { visit, form } = sent;
    let Ok(way) = visit.service().door_way(&path).await else { return Ok(see_other("/sign-in")) };
    if way.is_directory {
        return by_directory(&visit, &knock(&visit, &request), &way, &form).await;
    }
    let errand = if form.welcome {
        Errand::Welcome(SecretToken::presented(form.token.trim()).hash())
    } else {
        Errand::SignIn(local_path(&form.next).to_owned())
    };
    away(&visit, &knock(&visit, &request), &way, errand).await
}

/// Sends a browser to a provider.
pub(crate) async fn away(visit: &Visit, knock: &Knock, way: &DoorWay, errand: Errand) -> Reply {
    let started = visit.ok(visit.service().start_with(&visit.ctx, knock, &way.name, errand.clone()).await)?;
    let (url, browser) = match started {
        Started::Go { url, browser } => (url, browser),
        Started::Refused(reason) => return Ok(see_other(&door_of(Some(&errand), reason))),
        Started::Ask => return Ok(see_other(&format!("/sign-in/with/{}", way.name))),
    };
    let mut reply = visit.page(&AwayPage { l: &visit.l, label: &way.label, url: &url })?;
    let refresh = format!("0; url={url}");
    if let Ok(refresh) = refresh.parse() {
        reply.headers_mut().insert(HeaderName::from_static("refresh"), refresh);
    }
    // a cookie of our own making is always writable
    let _ = reply.add_cookie(&mark(browser.reveal(), Duration::seconds(AWAY)));
    Ok(reply)
}

async fn by_directory(visit: &Visit, knock: &Knock, way: &DoorWay, form: &WithForm) -> Reply {
    let password = Secret::new(form.password.clone());
    let next = local_path(&form.next).to_owned();
    let came = visit
        .service()
        .sign_in_with_directory(&visit.ctx, knock, &way.name, &form.login, &password, next.clone())
        .await;
    let (status, problem) = match visit.ok(came) {
        Ok(Came::SignedIn(admission, next)) => return Ok(enter(&admission, &next)),
        Ok(Came::Joined) => return Ok(see_other("/")),
        Ok(Came::Refused(reason, _)) => (StatusCode::FORBIDDEN, why(&visit.l, reason)),
        Err(fault) => wrong(visit, fault)?,
    };
    let action = format!("/sign-in/with/{}", way.name);
    let page = directory_page(&visit.l, way, &action, (&form.login, &next), Some(problem));
    visit.page_with(status, &page)
}

/// What whoever types a wrong password may know.
fn wrong(visit: &Visit, fault: Fault) -> Result<(StatusCode, String), Fault> {
    let (status, key) = match fault.domain().map(estampe_domain::Error::kind) {
        Some(ErrorKind::Unauthenticated) => (StatusCode::UNPROCESSABLE_ENTITY, "sign-in-directory-wrong"),
        Some(ErrorKind::StorageFull) => (StatusCode::INSUFFICIENT_STORAGE, "sign-in-full"),
        // its source may be gone
        Some(ErrorKind::Unavailable | ErrorKind::NotFound) => {
            (StatusCode::SERVICE_UNAVAILABLE, "sign-in-directory-away")
        }
        _ => return Err(fault),
    };
    Ok((status, visit.l.t(key).to_string()))
}

/// `GET /sign-in/back`: the provider sent the browser back. The answer leads on at once, so that
/// no code stays in the address.
async fn back(visit: Visit, request: HttpRequest) -> Reply {
    let text = |name: &str| Some(query_of(&request, name)).filter(|text| !text.is_empty() && text.len() <= LONGEST);
    let browser = request.cookie(MARK).map(|cookie| SecretToken::presented(cookie.value()));
    let answer = OpenIdBack { code: text("code").map(Secret::new), issuer: text("iss"), error: text("error") };
    let state = text("state").unwrap_or_default();
    let who = (browser, presented(&request));
    let came = visit.ok(visit.service().come_back(&visit.ctx, &knock(&visit, &request), who, &state, answer).await)?;
    let mut reply = match came {
        // a new session in any case: whatever the browser had before is not gone on with
        Came::SignedIn(admission, next) => enter(&admission, &next),
        Came::Joined => see_other("/account/sign-in"),
        Came::Refused(reason, errand) => see_other(&door_of(errand.as_ref(), reason)),
    };
    unmark(&mut reply);
    Ok(reply)
}

/// Where somebody hears why they are not let in.
fn door_of(errand: Option<&Errand>, reason: ProofReason) -> String {
    let door = match errand {
        Some(Errand::Join(_)) => "/account/sign-in",
        Some(Errand::Welcome(_)) => "/welcome",
        Some(Errand::SignIn(_)) | None => "/sign-in",
    };
    format!("{door}?why={}", reason.code())
}

fn mark(value: &str, age: Duration) -> Cookie<'static> {
    Cookie::build(MARK, value.to_owned())
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(age)
        .finish()
}

fn unmark(reply: &mut HttpResponse) {
    // a cookie of our own making is always writable
    let _ = reply.add_cookie(&mark("", Duration::ZERO));
}
