//! Before a sensitive act: who are you, once more. What was typed is carried along.

use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use estampe_service::views::{FactorAnswer, StepOffer};
use estampe_texts::key;

use crate::console::doors::{DoorPage, PasskeyForm, refusal};
use crate::console::people::query_of;
use crate::console::second_door::code_field;
use crate::error::Fault;
use crate::fields::{Field, Kind};
use crate::forms::{CSRF, Fields, Local, ProtectedForm, protected};
use crate::locale::Lang;
use crate::respond::{Reply, local_path, see_other};
use crate::routes::Table;
use crate::session::{Desk, cookie, knock};

/// Before the names of this page's own fields: what it carries keeps its own names.
const PREFIX: &str = "confirm-";
/// Where the carried form goes on to.
const TO: &str = "confirm-to";
/// Whether there is such a form.
const POSTS: &str = "confirm-posts";

/// Forms that are answered by a file: the browser would keep it and leave the question standing, so their own
/// page comes first, with the button once more.
const FILES: [&str; 1] = ["/leads/export"];

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table.get("/confirm", show).post("/confirm", confirm)
}

/// A form of a session whose holder showed a short while ago who they are. Whoever did not is
/// asked, and their form goes on with what they typed.
pub(crate) struct SensitiveForm<T> {
    pub(crate) desk: Desk,
    pub(crate) form: T,
}

impl<T: From<Fields> + 'static> FromRequest for SensitiveForm<T> {
    type Error = actix_web::Error;
    type Future = Local<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (desk, fields) = protected(&request, payload).await?;
            if desk.ctx.require_recent().is_ok() {
                return Ok(Self { desk, form: T::from(fields) });
            }
            let mut carried = fields.but(CSRF);
            carried.retain(|(name, _)| !name.starts_with(PREFIX));
            carried.push((TO.to_owned(), request.path().to_owned()));
            carried.push((POSTS.to_owned(), "yes".to_owned()));
            let page = page(&desk, carried, StatusCode::FORBIDDEN, None).await?;
            Err(InternalError::from_response("unconfirmed", page).into())
        })
    }
}

/// What was shown, and what is carried.
pub(crate) struct ConfirmForm {
    answer: FactorAnswer,
    to: String,
    carried: Vec<(String, String)>,
}

impl From<Fields> for ConfirmForm {
    fn from(fields: Fields) -> Self {
        let own = |name: &str| fields.text(&format!("{PREFIX}{name}"));
        let (passkey, code) = (own("passkey"), own("code"));
        let answer = if !passkey.is_empty() {
            FactorAnswer::Passkey { state: own("state"), answer: passkey }
        } else if !code.is_empty() {
            FactorAnswer::Code(code)
        } else {
            FactorAnswer::Password(own("password"))
        };
        let mut carried = fields.but(CSRF);
        carried.retain(|(name, _)| !name.starts_with(PREFIX) || name == TO || name == POSTS);
        Self { answer, to: fields.text(TO), carried }
    }
}

impl ConfirmForm {
    fn posts(&self) -> bool {
        self.carried.iter().any(|(name, _)| name == POSTS)
    }
}

pub(crate) fn confirm_page<'a>(
    l: &'a Lang,
    host: &'a str,
    (offer, password): (StepOffer, bool),
    hidden: Vec<(String, String)>,
    problem: Option<&str>,
) -> DoorPage<'a> {
    let has_factor = offer.app || offer.passkey.is_some();
    let fields = if has_factor {
        let mut field = code_field(l, offer.app);
        field.name = format!("{PREFIX}code").into();
        vec![field]
    } else if password {
        let field = Field::new(format!("{PREFIX}password"), l.t(key("sign-in-password")), "");
        vec![field.kind(Kind::Line("password")).autocomplete("current-password")]
    } else {
        Vec::new()
    };
    DoorPage {
        l,
        host,
        title: key("confirm-title"),
        text: if fields.is_empty() { key("confirm-sign-in-again") } else { key("confirm-text") },
        submit: key("confirm-submit"),
        action: "/confirm",
        back: "/confirm",
        hidden,
        fields,
        passkey: offer.passkey.map(|asked| PasskeyForm {
            action: "/confirm",
            asked,
            words: key("second-passkey"),
            prefix: PREFIX,
        }),
        foot: vec![("/", key("confirm-leave"))],
        problem: problem.map(|key| l.t(key).to_string()),
        done: None,
        ways: Vec::new(),
        invited: false,
    }
}

async fn page(
    desk: &Desk,
    mut carried: Vec<(String, String)>,
    status: StatusCode,
    problem: Option<&str>,
) -> Result<HttpResponse, Fault> {
    let offered = desk.ok(desk.service().confirmation(&desk.ctx).await)?;
    carried.insert(0, (CSRF.to_owned(), desk.csrf()));
    desk.deref().page_with(status, &confirm_page(&desk.l, desk.organisation(), offered, carried, problem))
}

async fn show(desk: Desk, request: HttpRequest) -> Reply {
    let next = query_of(&request, "next");
    page(&desk, vec![(TO.to_owned(), local_path(&next).to_owned())], StatusCode::OK, None).await
}

async fn confirm(sent: ProtectedForm<ConfirmForm>, request: HttpRequest) -> Reply {
    let ProtectedForm { desk, form } = sent;
    let knock = knock(&desk, &request);
    let outcome = desk.ok(desk.service().confirm(&desk.ctx, &knock, &form.answer).await);
    let token = match outcome {
        Ok(token) => token,
        Err(fault) => {
            let (status, problem) = refusal(fault, key("confirm-wrong"))?;
            return page(&desk, form.carried, status, Some(problem)).await;
        }
    };
    let to = local_path(&form.to);
    let mut reply = if FILES.contains(&to) {
        see_other(&format!("{to}?confirmed=yes"))
    } else if form.posts() {
        // the browser sends the same body there, as a form (RFC 9110, 15.4.8)
        HttpResponse::TemporaryRedirect()
            .insert_header((LOCATION, to))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish()
    } else {
        see_other(to)
    };
    // a cookie of our own making is always writable
    let _ = reply.add_cookie(&cookie(&token));
    Ok(reply)
}
