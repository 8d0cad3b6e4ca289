//! The other ways in: the second factor, a passkey alone, a code by mail for whoever forgot.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use estampe_service::views::{FactorAnswer, StepOffer};
use estampe_texts::key;

use crate::console::doors::{DoorPage, PasskeyForm, next_of, refusal};
use crate::console::people::query_of;
use crate::fields::{Field, Kind};
use crate::forms::{Fields, OpenForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::routes::Table;
use crate::session::{enter, half_way, knock};
use crate::visit::Visit;

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table
        .get("/sign-in/second", second)
        .post("/sign-in/second", do_second)
        .get("/sign-in/passkey", back)
        .post("/sign-in/passkey", passkey)
        .get("/forgotten", forgotten)
        .post("/forgotten", do_forgotten)
}

/// What is shown as a second factor.
pub(crate) struct StepForm {
    answer: FactorAnswer,
    next: String,
}

/// A passkey where a browser sent one, else what was typed.
fn answer_of(fields: &Fields) -> FactorAnswer {
    let answer = fields.text("passkey");
    if answer.is_empty() {
        FactorAnswer::Code(fields.text("code"))
    } else {
        FactorAnswer::Passkey { state: fields.text("state"), answer }
    }
}

impl From<Fields> for StepForm {
    fn from(fields: Fields) -> Self {
        Self { answer: answer_of(&fields), next: fields.text("next") }
    }
}

/// The field for a code.
pub(crate) fn code_field(l: &Lang, app: bool) -> Field {
    let (words, hint) = if app {
        (key("second-code"), key("second-code-hint"))
    } else {
        (key("second-recovery"), key("second-recovery-hint"))
    };
    Field::new("code", l.t(words), "").hint(l.t(hint)).autocomplete("one-time-code")
}

pub(crate) fn second_page<'a>(
    l: &'a Lang,
    host: &'a str,
    offer: StepOffer,
    next: &str,
    problem: Option<&str>,
) -> DoorPage<'a> {
    DoorPage {
        l,
        host,
        title: key("second-title"),
        text: key("second-text"),
        submit: key("second-submit"),
        action: "/sign-in/second",
        back: "/sign-in/second",
        hidden: next_of(next),
        fields: vec![code_field(l, offer.app)],
        passkey: offer.passkey.map(|asked| PasskeyForm {
            action: "/sign-in/second",
            asked,
            words: key("second-passkey"),
            prefix: "",
        }),
        foot: vec![("/sign-in", key("second-again"))],
        problem: problem.map(|key| l.t(key).to_string()),
        done: None,
        ways: Vec::new(),
        invited: false,
    }
}

async fn second(visit: Visit, request: HttpRequest) -> Reply {
    let Some(token) = half_way(&request) else { return Ok(see_other("/sign-in")) };
    let Some(offer) = visit.ok(visit.service().half_way(&token, visit.ctx.now).await)? else {
        return Ok(see_other("/sign-in"));
    };
    let next = query_of(&request, "next");
    visit.page(&second_page(&visit.l, visit.organisation(), offer, &next, None))
}

async fn do_second(sent: OpenForm<StepForm>, request: HttpRequest) -> Reply {
    let OpenForm { visit, form } = sent;
    let Some(token) = half_way(&request) else { return Ok(see_other("/sign-in")) };
    let knock = knock(&visit, &request);
    let outcome = visit.ok(visit.service().second_step(&visit.ctx, &knock, &token, &form.answer).await);
    let fault = match outcome {
        Ok(admission) => return Ok(enter(&admission, &form.next)),
        Err(fault) => fault,
    };
    let (status, problem) = refusal(fault, key("second-wrong"))?;
    let Some(offer) = visit.ok(visit.service().half_way(&token, visit.ctx.now).await)? else {
        return Ok(see_other("/sign-in"));
    };
    visit.page_with(status, &second_page(&visit.l, visit.organisation(), offer, &form.next, Some(problem)))
}

/// What the browser answered when it was asked for any passkey.
pub(crate) struct PasskeySent {
    state: String,
    passkey: String,
    next: String,
}

impl From<Fields> for PasskeySent {
    fn from(fields: Fields) -> Self {
        Self { state: fields.text("state"), passkey: fields.text("passkey"), next: fields.text("next") }
    }
}

/// Whoever reloads what a passkey answered.
async fn back(_: Visit) -> Reply {
    Ok(see_other("/sign-in"))
}

async fn passkey(sent: OpenForm<PasskeySent>, request: HttpRequest) -> Reply {
    let OpenForm { visit, form } = sent;
    let knock = knock(&visit, &request);
    let outcome = visit.ok(visit.service().passkey_sign_in(&visit.ctx, &knock, &form.state, &form.passkey).await);
    let fault = match outcome {
        Ok(admission) => return Ok(enter(&admission, &form.next)),
        Err(fault) => fault,
    };
    let (status, problem) = refusal(fault, key("sign-in-passkey-wrong"))?;
    super::doors::sign_in_again(&visit, &form.next, status, problem).await
}

/// The address of whoever forgot.
#[derive(Default)]
pub(crate) struct Forgotten {
    email: String,
}

impl From<Fields> for Forgotten {
    fn from(fields: Fields) -> Self {
        Self { email: fields.text("email") }
    }
}

pub(crate) fn forgotten_page<'a>(l: &'a Lang, host: &'a str, asked: bool, mail: bool) -> DoorPage<'a> {
    let email = Field::new("email", l.t("sign-in-email"), "")
        .kind(Kind::Line("email"))
        .autocomplete("username")
        .inputmode("email");
    let text = match (mail, asked) {
        (false, _) => key("forgotten-no-mail"),
        (true, true) => key("forgotten-sent"),
        (true, false) => key("forgotten-text"),
    };
    DoorPage {
        l,
        host,
        title: if asked { key("forgotten-sent-title") } else { key("forgotten-title") },
        text,
        submit: key("forgotten-submit"),
        action: "/forgotten",
        back: "/forgotten",
        hidden: Vec::new(),
        fields: if mail && !asked { vec![email] } else { Vec::new() },
        passkey: None,
        foot: if asked {
            vec![("/welcome", key("forgotten-have-code"))]
        } else {
            vec![("/sign-in", key("second-again"))]
        },
        problem: None,
        done: None,
        ways: Vec::new(),
        invited: false,
    }
}

async fn forgotten(visit: Visit) -> Reply {
    let mail = visit.service().settings().mail_configured;
    visit.page(&forgotten_page(&visit.l, visit.organisation(), false, mail))
}

async fn do_forgotten(sent: OpenForm<Forgotten>, request: HttpRequest) -> Reply {
    let OpenForm { visit, form } = sent;
    let knock = knock(&visit, &request);
    let mail = visit.service().settings().mail_configured;
    if mail {
        visit.ok(visit.service().forgot_password(&visit.ctx, &knock, &form.email).await)?;
    }
    visit.page_with(StatusCode::OK, &forgotten_page(&visit.l, visit.organisation(), mail, mail))
}
