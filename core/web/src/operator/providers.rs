//! Sign-in providers over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::credential::Secret;
use estampe_domain::provider::{FormProblems, ProviderForm};
use estampe_domain::{Error, access::Role};
use estampe_service::{ProviderDetail, ProviderSaved, ProviderTried};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

fn view(detail: &ProviderDetail) -> Value {
    let ProviderDetail { provider, form, has_secret, redirect } = detail;
    json!({
        "id": provider.id, "name": form.name, "label": form.label, "kind": form.kind, "issuer": form.issuer,
        "tenant": form.tenant, "domain": form.domain, "client_id": form.client_id, "has_secret": has_secret,
        "scopes": form.scopes, "groups_claim": form.groups_claim, "networks": form.networks,
        "source": form.source, "create": form.create,
        "roles": provider.coming.roles.iter().map(Role::as_str).collect::<Vec<_>>(),
        "rules": form.rules.lines().collect::<Vec<_>>(), "redirect": redirect,
    })
}

/// `GET /v1/providers`
pub(crate) async fn list(wire: Wire) -> Reply {
    let providers = wire.ok(wire.service().providers(&wire.ctx).await)?;
    wire.json(StatusCode::OK, &json!({ "providers": providers.iter().map(view).collect::<Vec<_>>() }))
}

/// `GET /v1/providers/{provider}`
pub(crate) async fn show(wire: Wire, path: web::Path<String>) -> Reply {
    let detail = wire.ok(wire.service().provider(&wire.ctx, &path).await)?;
    wire.json(StatusCode::OK, &view(&detail))
}

/// What is to be changed; what is not named stays, or is empty where it is a new one.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Change {
    name: Option<String>,
    label: Option<String>,
    kind: Option<String>,
    issuer: Option<String>,
    tenant: Option<String>,
    domain: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scopes: Option<String>,
    groups_claim: Option<String>,
    networks: Option<String>,
    source: Option<String>,
    create: Option<bool>,
    roles: Option<Vec<String>>,
    rules: Option<Vec<String>>,
}

impl Change {
    fn of(self, before: ProviderForm) -> (ProviderForm, Option<Secret>) {
        let form = ProviderForm {
            name: self.name.unwrap_or(before.name),
            label: self.label.unwrap_or(before.label),
            kind: self.kind.unwrap_or(before.kind),
            issuer: self.issuer.unwrap_or(before.issuer),
            tenant: self.tenant.unwrap_or(before.tenant),
            domain: self.domain.unwrap_or(before.domain),
            client_id: self.client_id.unwrap_or(before.client_id),
            scopes: self.scopes.unwrap_or(before.scopes),
            groups_claim: self.groups_claim.unwrap_or(before.groups_claim),
            networks: self.networks.unwrap_or(before.networks),
            source: self.source.unwrap_or(before.source),
            create: self.create.unwrap_or(before.create),
            roles: self.roles.unwrap_or(before.roles),
            rules: self.rules.map_or(before.rules, |rules| rules.join("\n")),
        };
        (form, self.client_secret.map(|secret| Secret::new(secret.trim())))
    }
}

/// The first of what is wrong, as one error.
fn told(problems: &FormProblems) -> Error {
    match problems.first() {
        Some((field, problem)) => Error::invalid(*field, problem.words()),
        None => Error::invalid("provider", "it cannot be read"),
    }
}

async fn saved(wire: &Wire, saved: ProviderSaved, status: StatusCode) -> Reply {
    match saved {
        ProviderSaved::Done(provider) => {
            let detail = wire.ok(wire.service().provider(&wire.ctx, &provider.name).await)?;
            wire.json(status, &view(&detail))
        }
        ProviderSaved::Problems(problems) => wire.ok(Err(told(&problems))),
    }
}

/// `POST /v1/providers`
pub(crate) async fn add(wire: Wire, body: Body) -> Reply {
    let (form, secret) = wire.body::<Change>(&body)?.of(ProviderForm::default());
    let done = wire.ok(wire.service().add_provider(&wire.ctx, &form, secret).await)?;
    saved(&wire, done, StatusCode::CREATED).await
}

/// `POST /v1/providers/{provider}`
pub(crate) async fn change(wire: Wire, path: web::Path<String>, body: Body) -> Reply {
    let before = wire.ok(wire.service().provider(&wire.ctx, &path).await)?;
    let (form, secret) = wire.body::<Change>(&body)?.of(before.form);
    let done = wire.ok(wire.service().set_provider(&wire.ctx, &path, &form, secret).await)?;
    saved(&wire, done, StatusCode::OK).await
}

/// `POST /v1/providers/{provider}/remove`
pub(crate) async fn remove(wire: Wire, path: web::Path<String>) -> Reply {
    wire.ok(wire.service().remove_provider(&wire.ctx, &path).await)?;
    wire.json(StatusCode::OK, &json!({ "removed": path.as_str() }))
}

/// `POST /v1/providers/{provider}/check`
pub(crate) async fn check(wire: Wire, path: web::Path<String>) -> Reply {
    let body = match wire.ok(wire.service().check_provider(&wire.ctx, &path).await)? {
        ProviderTried::Good(found) => {
            let until = found.certificate_until.map(|until| until.to_string());
            json!({
                "good": true, "authorization": found.authorization, "keys": found.keys, "certificate_until": until,
            })
        }
        ProviderTried::Bad(reason, detail) => {
            json!({ "good": false, "reason": reason.code(), "text": reason.words(), "detail": detail })
        }
        ProviderTried::Directory(source) => json!({ "good": true, "source": source }),
    };
    wire.json(StatusCode::OK, &body)
}
