//! The directories of sources over the operator's socket: signing in by one, and looking
//! whether all is well there.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::credential::Secret;
use estampe_service::views::SignInTrial;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

#[derive(Deserialize)]
struct Typed {
    login: String,
    password: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Trial {
    Accepted { accepted: bool, person: String, name: String },
    Refused { accepted: bool, reason: &'static str, detail: &'static str },
}

impl From<SignInTrial> for Trial {
    fn from(trial: SignInTrial) -> Self {
        match trial {
            SignInTrial::Accepted(person) => Self::Accepted {
                accepted: true,
                person: person.id.to_string(),
                name: person.profile.display_name.to_string(),
            },
            SignInTrial::Refused(reason) => {
                Self::Refused { accepted: false, reason: reason.code(), detail: reason.words() }
            }
        }
    }
}

/// `POST /v1/sources/{name}/sign-in`: who would sign in so, or why nobody would.
pub(crate) async fn sign_in(wire: Wire, name: web::Path<String>, body: Body) -> Reply {
    let Typed { login, password } = wire.body(&body)?;
    let password = Secret::new(password);
    let trial = wire.ok(wire.service().try_directory_sign_in(&wire.ctx, &name, &login, &password).await)?;
    wire.json(StatusCode::OK, &Trial::from(trial))
}

/// `POST /v1/sources/{name}/examine`: what is found of its directory; null when it has none.
pub(crate) async fn examine(wire: Wire, name: web::Path<String>) -> Reply {
    let examination = wire.ok(wire.service().examine_source(&wire.ctx, &name).await)?;
    wire.json(StatusCode::OK, &json!({ "examination": examination }))
}
