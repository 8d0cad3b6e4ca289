//! One's own account: password, second factors, sessions.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use estampe_domain::session::{How, SessionFacts};
use estampe_domain::{Error, SessionId};
use estampe_service::views::{OwnFactors, PasswordOutcome};
use estampe_texts::key;

use crate::console::people::query_of;
use crate::console::shell::{Section, Shell};
use crate::console::{own_factors, own_ways};
use crate::fields::{Field, Kind, problems};
use crate::forms::{Fields, Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::routes::Table;
use crate::session::{Desk, cookie};

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table.scope("/account", |table| {
        table
            .get("", show)
            .get("/password", back)
            .post("/password", password)
            .get("/app", own_factors::app)
            .post("/app", own_factors::add_app)
            .get("/passkey", own_factors::passkey)
            .post("/passkey", own_factors::add_passkey)
            .get("/recovery", back)
            .post("/recovery", own_factors::recovery)
            .get("/sign-in", own_ways::list)
            .post("/sign-in/{provider}", own_ways::act)
            .post("/factors/{factor}/remove", own_factors::remove)
            .post("/sessions/end", end_others)
            .post("/sessions/{session}/end", end)
    })
}

/// One's own account.
#[derive(Template)]
#[template(path = "console/own.html")]
pub(crate) struct OwnPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) email: String,
    pub(crate) own: &'a OwnFactors,
    pub(crate) sessions: &'a [SessionFacts],
    /// The session that asks.
    pub(crate) this: Option<SessionId>,
    pub(crate) fields: Vec<Field>,
    /// What was just done: the key of its words.
    pub(crate) done: Option<&'static str>,
    /// Nothing else is open until there is a second factor.
    pub(crate) must_enrol: bool,
}

impl OwnPage<'_> {
    fn problems(&self) -> usize {
        problems(&self.fields)
    }

    fn is_this(&self, session: &SessionFacts) -> bool {
        self.this == Some(session.id)
    }

    /// How a session was begun.
    fn how(&self, session: &SessionFacts) -> String {
        match &session.how {
            How::Password => self.l.t("own-how-password").to_string(),
            How::Passkey => self.l.t("own-how-passkey").to_string(),
            How::Token => self.l.t("own-how-token").to_string(),
            How::Provider(name) => name.clone(),
        }
    }

    fn few_codes(&self) -> bool {
        self.own.recovery_codes < 3
    }
}

/// The fields for another password.
pub(crate) fn password_fields(l: &Lang, found: &[(&'static str, &'static str)]) -> Vec<Field> {
    let problem = |name: &str| found.iter().find(|(field, _)| *field == name).map(|(_, key)| l.t(key).to_string());
    vec![
        Field::new("current", l.t("own-password-current"), "")
            .kind(Kind::Line("password"))
            .autocomplete("current-password")
            .problem(problem("current")),
        Field::new("password", l.t("own-password-new"), "")
            .kind(Kind::Line("password"))
            .autocomplete("new-password")
            .hint(l.t("first-run-password-hint"))
            .problem(problem("password")),
    ]
}

/// The page, after what was just done or with what is wrong.
pub(crate) async fn page(
    desk: &Desk,
    done: Option<&'static str>,
    found: &[(&'static str, &'static str)],
) -> Result<HttpResponse, crate::error::Fault> {
    let own = desk.ok(desk.service().own_factors(&desk.ctx).await)?;
    let sessions = desk.ok(desk.service().own_sessions(&desk.ctx).await)?;
    let page = OwnPage {
        l: &desk.l,
        s: Shell::new(desk, Section::Account, "/account"),
        email: desk.account.email.to_string(),
        own: &own,
        sessions: &sessions,
        this: desk.ctx.proof.map(|proof| proof.session),
        fields: password_fields(&desk.l, found),
        done,
        must_enrol: desk.must_enrol,
    };
    let status = if found.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    desk.page_with(status, &page)
}

async fn show(desk: Desk, request: HttpRequest) -> Reply {
    let done = match query_of(&request, "done").as_str() {
        "password" => Some(key("own-done-password")),
        "factor" => Some(key("own-done-factor")),
        "removed" => Some(key("own-done-removed")),
        "ended" => Some(key("own-done-ended")),
        _ => None,
    };
    page(&desk, done, &[]).await
}

/// Whoever reloads what a form gave.
async fn back(_: Desk) -> Reply {
    Ok(see_other("/account"))
}

/// What is typed for another password.
pub(crate) struct PasswordForm {
    current: String,
    password: String,
}

impl From<Fields> for PasswordForm {
    fn from(fields: Fields) -> Self {
        Self { current: fields.text("current"), password: fields.text("password") }
    }
}

async fn password(sent: ProtectedForm<PasswordForm>) -> Reply {
    let ProtectedForm { desk, form } = sent;
    match desk.service().change_password(&desk.ctx, &form.current, &form.password).await {
        Ok(PasswordOutcome::Done(token)) => Ok(with_cookie(see_other("/account?done=password"), &token)),
        Ok(PasswordOutcome::Problems(found)) => page(&desk, None, &found).await,
        // passwords are not carried along
        Err(Error::Unconfirmed) => Ok(see_other("/confirm?next=/account")),
        Err(error) => desk.ok(Err(error)),
    }
}

/// With the session's new token.
pub(crate) fn with_cookie(mut reply: HttpResponse, token: &estampe_domain::SecretToken) -> HttpResponse {
    // a cookie of our own making is always writable
    let _ = reply.add_cookie(&cookie(token));
    reply
}

async fn end(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let id: SessionId = desk.id(&path)?;
    desk.ok(desk.service().end_own_session(&desk.ctx, id).await)?;
    Ok(see_other("/account?done=ended"))
}

async fn end_others(sent: ProtectedForm<Nothing>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().end_other_sessions(&desk.ctx).await)?;
    Ok(see_other("/account?done=ended"))
}
