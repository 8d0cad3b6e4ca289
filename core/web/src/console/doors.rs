//! The ways in and out of the console: first run, password, sign out. See `second_door` for
//! the other factor.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use askama::Template;
use estampe_domain::ErrorKind;
use estampe_service::DoorWay;
use estampe_service::views::{FirstRun, FirstRunOutcome, PasskeyAsked, WelcomeOutcome};
use estampe_texts::key;

use crate::console::people::query_of;
use crate::error::Fault;
use crate::fields::{Field, Kind, problems};
use crate::forms::{Fields, Nothing, OpenForm, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::routes::Table;
use crate::session::{enter, knock, no_cookie, presented};
use crate::visit::Visit;
use crate::words::provider::{reason, why};

/// What a browser forgets when somebody signs out.
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

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
    /// Where the switch of language leads back to.
    pub(crate) back: &'a str,
    /// What the form carries unseen.
    pub(crate) hidden: Vec<(String, String)>,
    pub(crate) fields: Vec<Field>,
    /// A passkey, instead of the fields.
    pub(crate) passkey: Option<PasskeyForm>,
    /// Other doors: where, and the key of the words.
    pub(crate) foot: Vec<(&'static str, &'static str)>,
    /// What is wrong with the whole.
    pub(crate) problem: Option<String>,
    /// What was just done: the key of its words.
    pub(crate) done: Option<&'static str>,
    /// Providers beside it.
    pub(crate) ways: Vec<DoorWay>,
    /// Whether the form's token is for them as well.
    pub(crate) invited: bool,
}

/// A passkey is asked for.
pub(crate) struct PasskeyForm {
    pub(crate) action: &'static str,
    pub(crate) asked: PasskeyAsked,
    pub(crate) words: &'static str,
    /// What stands before the names of its fields.
    pub(crate) prefix: &'static str,
}

impl DoorPage<'_> {
    /// With the providers that people can sign in by.
    async fn with_ways(self, visit: &Visit) -> Result<Self, Fault> {
        Ok(Self { ways: visit.ok(visit.service().door_ways().await)?, ..self })
    }

    fn next_query(&self) -> String {
        let Some((_, next)) = self.hidden.iter().find(|(name, _)| name == "next") else { return String::new() };
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
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
        title: key("first-run-title"),
        text: key("first-run-text"),
        submit: key("first-run-submit"),
        action: "/first-run",
        back: "/first-run",
        hidden: Vec::new(),
        fields,
        passkey: None,
        foot: Vec::new(),
        problem: None,
        done: None,
        ways: Vec::new(),
        invited: false,
    }
}

/// What else the door offers.
#[derive(Default)]
pub(crate) struct SignInOffer {
    pub(crate) passkey: Option<PasskeyForm>,
    /// Whether a code can go by mail.
    pub(crate) forgotten: bool,
    /// Providers.
    pub(crate) ways: Vec<DoorWay>,
}

/// Where somebody wanted to go, for a form to carry.
pub(crate) fn next_of(next: &str) -> Vec<(String, String)> {
    if next.is_empty() { Vec::new() } else { vec![("next".to_owned(), next.to_owned())] }
}

pub(crate) fn sign_in_page<'a>(
    l: &'a Lang,
    host: &'a str,
    form: &'a SignIn,
    offer: SignInOffer,
    problem: Option<&str>,
) -> DoorPage<'a> {
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
        title: key("sign-in-title"),
        text: key("sign-in-text"),
        submit: key("sign-in-submit"),
        action: "/sign-in",
        back: "/sign-in",
        hidden: next_of(&form.next),
        fields,
        passkey: offer.passkey,
        foot: if offer.forgotten { vec![("/forgotten", key("sign-in-forgotten"))] } else { Vec::new() },
        problem: problem.map(|key| l.t(key).to_string()),
        done: None,
        ways: offer.ways,
        invited: false,
    }
}

async fn first_run(visit: Visit) -> Reply {
    if !visit.ok(visit.service().first_run_open().await)? {
        return Ok(see_other("/sign-in"));
    }
    visit.page(&first_run_page(&visit.l, visit.organisation(), &FirstRun::default(), &[]))
}

async fn do_first_run(sent: OpenForm<FirstRunForm>, request: HttpRequest) -> Reply {
    let OpenForm { visit, form: FirstRunForm(form) } = sent;
    let knock = knock(&visit, &request);
    match visit.ok(visit.service().first_run(&visit.ctx, &knock, &form).await)? {
        FirstRunOutcome::Done(admission) => Ok(enter(&admission, "/")),
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
        title: key("welcome-title"),
        text: key("welcome-text"),
        submit: key("welcome-submit"),
        action: "/welcome",
        back: "/welcome",
        hidden: Vec::new(),
        fields,
        passkey: None,
        foot: Vec::new(),
        problem: None,
        done: None,
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

async fn do_welcome(sent: OpenForm<WelcomeForm>, request: HttpRequest) -> Reply {
    let OpenForm { visit, form } = sent;
    let knock = knock(&visit, &request);
    match visit.ok(visit.service().welcome(&visit.ctx, &knock, &form.token, &form.password).await)? {
        WelcomeOutcome::Done(admission) => Ok(enter(&admission, "/")),
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
    let offer = offer(&visit).await?;
    let mut page = sign_in_page(&visit.l, visit.organisation(), &form, offer, None);
    page.problem = reason(&query_of(&request, "why")).map(|reason| why(&visit.l, reason));
    page.done = (query_of(&request, "done") == "out").then_some(key("sign-in-out"));
    visit.page(&page)
}

async fn do_sign_in(sent: OpenForm<SignIn>, request: HttpRequest) -> Reply {
    let OpenForm { visit, form } = sent;
    let knock = knock(&visit, &request);
    let outcome = visit.ok(visit.service().sign_in(&visit.ctx, &knock, &form.email, &form.password).await);
    let fault = match outcome {
        Ok(admission) => return Ok(enter(&admission, &form.next)),
        Err(fault) => fault,
    };
    let (status, problem) = refusal(fault, key("sign-in-wrong"))?;
    let offer = offer(&visit).await?;
    visit.page_with(status, &sign_in_page(&visit.l, visit.organisation(), &form, offer, Some(problem)))
}

/// Why somebody was not let in, as the door says it; other faults go on.
pub(crate) fn refusal(fault: Fault, wrong: &'static str) -> Result<(StatusCode, &'static str), Fault> {
    Ok(match fault.domain().map(estampe_domain::Error::kind) {
        Some(ErrorKind::Unauthenticated) => (StatusCode::UNPROCESSABLE_ENTITY, wrong),
        Some(ErrorKind::StorageFull) => (StatusCode::INSUFFICIENT_STORAGE, key("sign-in-full")),
        Some(ErrorKind::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, key("sign-in-throttled")),
        _ => return Err(fault),
    })
}

/// What else the door offers now.
async fn offer(visit: &Visit) -> Result<SignInOffer, Fault> {
    let service = visit.service();
    let asked = if service.passkeys_can_be() { Some(visit.ok(service.ask_passkey(visit.ctx.now))?) } else { None };
    let passkey =
        asked.map(|asked| PasskeyForm { action: "/sign-in/passkey", asked, words: key("sign-in-passkey"), prefix: "" });
    let ways = visit.ok(service.door_ways().await)?;
    Ok(SignInOffer { passkey, forgotten: service.settings().mail_configured, ways })
}

async fn sign_out(sent: ProtectedForm<Nothing>, request: HttpRequest) -> Reply {
    if let Some(token) = presented(&request) {
        sent.desk.ok(sent.desk.service().sign_out(&sent.desk.ctx, &token).await)?;
    }
    let mut reply = see_other("/sign-in?done=out");
    // a cookie of our own making is always writable
    let _ = reply.add_cookie(&no_cookie());
    // not "cookies": those of the house's other hosts would go with them, and the browser be known no more
    reply.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(reply)
}

/// The door once more, for whoever was not let in by another way.
pub(crate) async fn sign_in_again(visit: &Visit, next: &str, status: StatusCode, problem: &str) -> Reply {
    let form = SignIn { next: next.to_owned(), ..SignIn::default() };
    let offer = offer(visit).await?;
    visit.page_with(status, &sign_in_page(&visit.l, visit.organisation(), &form, offer, Some(problem)))
}
