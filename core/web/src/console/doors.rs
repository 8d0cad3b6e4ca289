//! The ways in and out of the console: first run, sign in, sign out.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use estampe_domain::ErrorKind;
use estampe_service::DoorWay;
use estampe_service::views::{FirstRun, FirstRunOutcome, SignedIn, WelcomeOutcome};

use crate::console::people::query_of;
use crate::error::Fault;
use crate::fields::{Field, Kind, problems};
use crate::forms::{Fields, Nothing, OpenForm, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, local_path, see_other};
use crate::routes::Table;
use crate::session::{cookie, no_cookie, presented};
use crate::visit::Visit;
use crate::words::provider::{reason, why};

/// A page with one form on a sheet: first run and sign in.
#[derive(Template)]
#[template(path = "console/door.html")]
pub(crate) struct DoorPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) host: &'a str,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    pub(crate) submit: &'a str,
    pub(crate) action: &'a str,
    pub(crate) next: &'a str,
    pub(crate) fields: Vec<Field>,
    /// What is wrong with the whole.
    pub(crate) problem: Option<String>,
    /// Providers beside it.
    pub(crate) ways: Vec<DoorWay>,
    /// Whether the form's token is for them as well.
    pub(crate) invited: bool,
}

impl DoorPage<'_> {
    /// With the providers that people can sign in by.
    async fn with_ways(self, visit: &Visit) -> Result<Self, Fault> {
        Ok(Self { ways: visit.ok(visit.service().door_ways().await)?, ..self })
    }

    fn next_query(&self) -> String {
        if self.next.is_empty() {
            return String::new();
        }
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", self.next).finish();
        format!("?{query}")
    }

    fn problems(&self) -> usize {
        problems(&self.fields)
    }
}

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table
        .get("/first-run", first_run)
        .post("/first-run", do_first_run)
        .get("/sign-in", sign_in)
        .post("/sign-in", do_sign_in)
        .post("/sign-out", sign_out)
        .get("/welcome", welcome)
        .post("/welcome", do_welcome)
}

/// What is typed to sign in.
#[derive(Default)]
pub(crate) struct SignIn {
    email: String,
    password: String,
    next: String,
}

impl From<Fields> for SignIn {
    fn from(fields: Fields) -> Self {
        Self { email: fields.text("email"), password: fields.text("password"), next: fields.text("next") }
    }
}

/// The typed first run; of the service's own type.
pub(crate) struct FirstRunForm(FirstRun);

impl From<Fields> for FirstRunForm {
    fn from(fields: Fields) -> Self {
        Self(FirstRun {
            token: fields.text("token"),
            name: fields.text("name"),
            email: fields.text("email"),
            password: fields.text("password"),
        })
    }
}

pub(crate) fn first_run_page<'a>(
    l: &'a Lang,
    host: &'a str,
    form: &FirstRun,
    found: &[(&'static str, &'static str)],
) -> DoorPage<'a> {
    let problem = |name: &str| found.iter().find(|(field, _)| *field == name).map(|(_, key)| l.t(key).to_string());
    let fields = vec![
        Field::new("token", l.t("first-run-token"), &form.token)
            .hint(l.t("first-run-token-hint"))
            .problem(problem("token")),
        Field::new("name", l.t("first-run-name"), &form.name).autocomplete("name").problem(problem("name")),
        Field::new("email", l.t("first-run-email"), &form.email)
            .kind(Kind::Line("email"))
            .autocomplete("username")
            .inputmode("email")
            .hint(l.t("first-run-email-hint"))
            .problem(problem("email")),
        // a password is never sent back
        Field::new("password", l.t("first-run-password"), "")
            .kind(Kind::Line("password"))
            .autocomplete("new-password")
            .hint(l.t("first-run-password-hint"))
            .problem(problem("password")),
    ];
    DoorPage {
        l,
        host,
        title: estampe_texts::key("first-run-title"),
        text: estampe_texts::key("first-run-text"),
        submit: estampe_texts::key("first-run-submit"),
        action: "/first-run",
        next: "",
        fields,
        problem: None,
        ways: Vec::new(),
        invited: false,
    }
}

pub(crate) fn sign_in_page<'a>(l: &'a Lang, host: &'a str, form: &'a SignIn, problem: Option<&str>) -> DoorPage<'a> {
    let fields = vec![
        Field::new("email", l.t("sign-in-email"), &form.email)
            .kind(Kind::Line("email"))
            .autocomplete("username")
            .inputmode("email"),
        Field::new("password", l.t("sign-in-password"), "")
            .kind(Kind::Line("password"))
            .autocomplete("current-password"),
    ];
    DoorPage {
        l,
        host,
        title: estampe_texts::key("sign-in-title"),
        text: estampe_texts::key("sign-in-text"),
        submit: estampe_texts::key("sign-in-submit"),
        action: "/sign-in",
        next: &form.next,
        fields,
        problem: problem.map(|key| l.t(key).to_string()),
        ways: Vec::new(),
        invited: false,
    }
}

async fn first_run(visit: Visit) -> Reply {
    if !visit.ok(visit.service().first_run_open().await)? {
        return Ok(see_other("/sign-in"));
    }
    visit.page(&first_run_page(&visit.l, visit.organisation(), &FirstRun::default(), &[]))
}

async fn do_first_run(sent: OpenForm<FirstRunForm>) -> Reply {
    let OpenForm { visit, form: FirstRunForm(form) } = sent;
    match visit.ok(visit.service().first_run(&visit.ctx, &form).await)? {
        FirstRunOutcome::Done(signed_in) => Ok(enter(&signed_in, "/")),
        FirstRunOutcome::Problems(found) => {
            let page = first_run_page(&visit.l, visit.organisation(), &form, &found);
            visit.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// What is typed to choose a password.
#[derive(Default)]
pub(crate) struct WelcomeForm {
    token: String,
    password: String,
}

impl From<Fields> for WelcomeForm {
    fn from(fields: Fields) -> Self {
        Self { token: fields.text("token"), password: fields.text("password") }
    }
}

pub(crate) fn welcome_page<'a>(
    l: &'a Lang,
    host: &'a str,
    form: &WelcomeForm,
    found: &[(&'static str, &'static str)],
) -> DoorPage<'a> {
    let problem = |name: &str| found.iter().find(|(field, _)| *field == name).map(|(_, key)| l.t(key).to_string());
    let fields = vec![
        Field::new("token", l.t("welcome-token"), &form.token)
            .hint(l.t("welcome-token-hint"))
            .autocomplete("off")
            .problem(problem("token")),
        // a password is never sent back
        Field::new("password", l.t("first-run-password"), "")
            .kind(Kind::Line("password"))
            .autocomplete("new-password")
            .hint(l.t("first-run-password-hint"))
            .problem(problem("password")),
    ];
    DoorPage {
        l,
        host,
        title: estampe_texts::key("welcome-title"),
        text: estampe_texts::key("welcome-text"),
        submit: estampe_texts::key("welcome-submit"),
        action: "/welcome",
        next: "",
        fields,
        problem: None,
        ways: Vec::new(),
        invited: true,
    }
}

async fn welcome(visit: Visit, request: HttpRequest) -> Reply {
    let form = WelcomeForm::default();
    let mut page = welcome_page(&visit.l, visit.organisation(), &form, &[]).with_ways(&visit).await?;
    page.problem = reason(&query_of(&request, "why")).map(|reason| why(&visit.l, reason));
    visit.page(&page)
}

async fn do_welcome(sent: OpenForm<WelcomeForm>) -> Reply {
    let OpenForm { visit, form } = sent;
    match visit.ok(visit.service().welcome(&visit.ctx, &form.token, &form.password).await)? {
        WelcomeOutcome::Done(signed_in) => Ok(enter(&signed_in, "/")),
        WelcomeOutcome::Problems(found) => {
            let page = welcome_page(&visit.l, visit.organisation(), &form, &found).with_ways(&visit).await?;
            visit.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn sign_in(visit: Visit, request: HttpRequest) -> Reply {
    if visit.ok(visit.service().first_run_open().await)? {
        return Ok(see_other("/first-run"));
    }
    let form = SignIn { next: query_of(&request, "next"), ..SignIn::default() };
    let mut page = sign_in_page(&visit.l, visit.organisation(), &form, None).with_ways(&visit).await?;
    page.problem = reason(&query_of(&request, "why")).map(|reason| why(&visit.l, reason));
    visit.page(&page)
}

async fn do_sign_in(sent: OpenForm<SignIn>) -> Reply {
    let OpenForm { visit, form } = sent;
    let outcome = visit.ok(visit.service().sign_in(&visit.ctx, &form.email, &form.password).await);
    let fault = match outcome {
        Ok(signed_in) => return Ok(enter(&signed_in, local_path(&form.next))),
        Err(fault) => fault,
    };
    let (status, problem) = match fault.domain().map(estampe_domain::Error::kind) {
        Some(ErrorKind::Unauthenticated) => (StatusCode::UNPROCESSABLE_ENTITY, estampe_texts::key("sign-in-wrong")),
        Some(ErrorKind::StorageFull) => (StatusCode::INSUFFICIENT_STORAGE, estampe_texts::key("sign-in-full")),
        Some(ErrorKind::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, estampe_texts::key("sign-in-throttled")),
        _ => return Err(fault),
    };
    let page = sign_in_page(&visit.l, visit.organisation(), &form, Some(problem)).with_ways(&visit).await?;
    visit.page_with(status, &page)
}

async fn sign_out(sent: ProtectedForm<Nothing>, request: HttpRequest) -> Reply {
    if let Some(token) = presented(&request) {
        sent.desk.ok(sent.desk.service().sign_out(&sent.desk.ctx, &token).await)?;
    }
    let mut reply = see_other("/sign-in");
    // a cookie of our own making is always writable
    let _ = reply.add_cookie(&no_cookie());
    Ok(reply)
}

pub(crate) fn enter(signed_in: &SignedIn, next: &str) -> HttpResponse {
    let mut reply = see_other(next);
    // a cookie of our own making is always writable
    let _ = reply.add_cookie(&cookie(&signed_in.token));
    reply
}
