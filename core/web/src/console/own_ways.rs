//! How the signed-in account can sign in: the providers that it is joined to.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::Error;
use estampe_service::{Errand, OwnWay};

use crate::console::confirm::SensitiveForm;
use crate::console::people::query_of;
use crate::console::shell::{Section, Shell};
use crate::console::sign_in_with::away;
use crate::forms::Fields;
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::{Desk, knock};
use crate::words::provider::{reason, why};

/// The list.
#[derive(Template)]
#[template(path = "console/own_ways.html")]
pub(crate) struct OwnWaysPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) ways: &'a [OwnWay],
    pub(crate) problem: Option<String>,
}

/// Which button.
pub(crate) struct Act {
    leave: bool,
}

impl From<Fields> for Act {
    fn from(fields: Fields) -> Self {
        Self { leave: fields.text("act") == "leave" }
    }
}

/// `GET /account/sign-in`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    let problem = reason(&query_of(&request, "why")).map(|reason| why(&desk.l, reason));
    page(&desk, problem, StatusCode::OK).await
}

/// `POST /account/sign-in/{provider}`: the way there is by the button of this session's page
/// alone, so that nobody is joined to somebody else's identity.
pub(crate) async fn act(sent: SensitiveForm<Act>, request: HttpRequest, path: web::Path<String>) -> Reply {
    let SensitiveForm { desk, form: Act { leave } } = sent;
    if leave {
        return match desk.service().leave_provider(&desk.ctx, &path).await {
            Err(Error::Conflict(_)) => {
                page(&desk, Some(desk.l.t("own-ways-only").to_string()), StatusCode::CONFLICT).await
            }
            left => desk.ok(left).map(|()| see_other("/account/sign-in")),
        };
    }
    let way = desk.ok(desk.service().door_way(&path).await)?;
    away(&desk, &knock(&desk, &request), &way, Errand::Join(desk.account.id)).await
}

async fn page(desk: &Desk, problem: Option<String>, status: StatusCode) -> Reply {
    let ways = desk.ok(desk.service().own_ways(&desk.ctx).await)?;
    let s = Shell::new(desk, Section::Account, "/account/sign-in");
    desk.page_with(status, &OwnWaysPage { l: &desk.l, s, ways: &ways, problem })
}
