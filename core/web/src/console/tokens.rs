//! Tokens of the API: one's own, and for administrators those of services.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use estampe_domain::token::{ApiToken, MOST_DAYS, TokenScope, USUAL_DAYS};
use estampe_domain::{Error, Right};
use estampe_service::{MadeToken, NewToken};

use crate::console::confirm::SensitiveForm;
use crate::console::shell::{Section, Shell};
use crate::fields::{Field, problems};
use crate::forms::{Fields, Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::routes::Table;
use crate::session::Desk;
use crate::words;

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table.scope("/tokens", |table| {
        table
            .get("", own)
            .post("", make_own)
            .get("/services", services)
            .post("/services", make_service)
            .post("/services/{id}/revoke", revoke_service)
            .post("/{id}/revoke", revoke_own)
    })
}

/// Tokens, and the form for a new one.
#[derive(Template)]
#[template(path = "console/tokens.html")]
pub(crate) struct TokensPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    /// Those of services, not one's own.
    pub(crate) is_services: bool,
    pub(crate) may_make: bool,
    pub(crate) tokens: &'a [ApiToken],
    pub(crate) fields: Vec<Field>,
    pub(crate) scopes: Vec<ScopeChoice>,
    pub(crate) problem: Option<String>,
    /// The text of one that was just made.
    pub(crate) secret: Option<String>,
}

/// A scope that may be ticked.
pub(crate) struct ScopeChoice {
    pub(crate) name: &'static str,
    pub(crate) id: String,
    pub(crate) words: &'static str,
    pub(crate) ticked: bool,
}

impl TokensPage<'_> {
    fn problems(&self) -> usize {
        problems(&self.fields)
    }

    fn home(&self) -> &'static str {
        if self.is_services { "/tokens/services" } else { "/tokens" }
    }

    fn names(&self, token: &ApiToken) -> String {
        token.scopes.iter().map(TokenScope::as_str).collect::<Vec<_>>().join(", ")
    }

    fn used(&self, token: &ApiToken) -> String {
        token.last_used_at.as_ref().map_or_else(|| self.l.t("token-never").to_string(), |at| self.l.when(at))
    }

    fn is_good(&self, token: &ApiToken) -> bool {
        token.is_good(self.l.now)
    }
}

/// What is typed for a new one.
#[derive(Default)]
pub(crate) struct Typed {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) days: String,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        Self { name: fields.text("name"), scopes: fields.all("scope"), days: fields.text("days") }
    }
}

impl Typed {
    fn new_token(&self) -> NewToken {
        // what is no number is out of range
        let days = self.days.trim().parse().unwrap_or(0);
        NewToken { name: self.name.clone(), scopes: self.scopes.clone(), days: Some(days) }
    }
}

/// The fields of the form, and the words over it where something else is wrong.
pub(crate) fn form(l: &Lang, typed: &Typed, wrong: Option<&Error>) -> (Vec<Field>, Option<String>) {
    let what = if let Some(Error::Invalid { what, .. }) = wrong { what.as_str() } else { "" };
    let problem = |name: &str, key: &'static str| (what == name).then(|| l.t(key).to_string());
    let days = if typed.days.is_empty() { USUAL_DAYS.to_string() } else { typed.days.clone() };
    let fields = vec![
        Field::new("name", l.t("token-name"), &typed.name)
            .hint(l.t("token-name-hint"))
            .problem(problem("name", "token-name-needed")),
        Field::new("days", l.t("token-days"), &days)
            .inputmode("numeric")
            .hint(l.t("token-days-hint").with("most", u64::from(MOST_DAYS)))
            .problem(problem("days", "token-days-wrong")),
    ];
    let other = problem("scopes", "token-scope-needed")
        .or_else(|| matches!(wrong, Some(Error::Conflict(_))).then(|| l.t("token-too-many").to_string()));
    (fields, other)
}

/// The scopes that may be ticked: none that opens nothing.
pub(crate) fn choices(ctx: &estampe_domain::Context, is_services: bool, ticked: &[String]) -> Vec<ScopeChoice> {
    let open = |scope: &TokenScope| {
        if is_services { scope.is_for_services() } else { scope.opens().iter().all(|right| ctx.may(*right)) }
    };
    let choice = |scope: TokenScope| {
        let name = scope.as_str();
        let ticked = ticked.iter().any(|one| one == name);
        ScopeChoice { name, id: name.replace(':', "-"), words: words::token_scope(scope), ticked }
    };
    TokenScope::ALL.into_iter().filter(open).map(choice).collect()
}

async fn page(desk: &Desk, is_services: bool, typed: &Typed, outcome: Option<Result<MadeToken, Error>>) -> Reply {
    let tokens = if is_services {
        desk.service().service_tokens(&desk.ctx).await
    } else {
        desk.service().own_tokens(&desk.ctx).await
    };
    let tokens = desk.ok(tokens)?;
    let (secret, wrong) = match outcome {
        None => (None, None),
        Some(Ok(made)) => (Some(made.secret.reveal().to_owned()), None),
        Some(Err(error @ (Error::Invalid { .. } | Error::Conflict(_)))) => (None, Some(error)),
        Some(Err(error)) => return desk.ok(Err(error)),
    };
    let (fields, problem) = form(&desk.l, typed, wrong.as_ref());
    let section = if is_services { Section::Accounts } else { Section::Tokens };
    let here = if is_services { "/tokens/services" } else { "/tokens" };
    let page = TokensPage {
        l: &desk.l,
        s: Shell::new(desk, section, here),
        is_services,
        may_make: !is_services || desk.ctx.may_all(Right::AccountsChange),
        tokens: &tokens,
        fields,
        scopes: choices(&desk.ctx, is_services, &typed.scopes),
        problem,
        secret,
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    desk.page_with(status, &page)
}

/// `GET /tokens`
pub(crate) async fn own(desk: Desk) -> Reply {
    page(&desk, false, &Typed::default(), None).await
}

/// `POST /tokens`
pub(crate) async fn make_own(sent: SensitiveForm<Typed>) -> Reply {
    let SensitiveForm { desk, form } = sent;
    match desk.service().make_own_token(&desk.ctx, form.new_token()).await {
        Ok(made) => page(&desk, false, &Typed::default(), Some(Ok(made))).await,
        wrong => page(&desk, false, &form, Some(wrong)).await,
    }
}

/// `POST /tokens/{id}/revoke`
pub(crate) async fn revoke_own(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().revoke_own_token(&desk.ctx, desk.id(&path)?).await)?;
    Ok(see_other("/tokens"))
}

/// `GET /tokens/services`
pub(crate) async fn services(desk: Desk) -> Reply {
    page(&desk, true, &Typed::default(), None).await
}

/// `POST /tokens/services`
pub(crate) async fn make_service(sent: SensitiveForm<Typed>) -> Reply {
    let SensitiveForm { desk, form } = sent;
    desk.needs(Right::AccountsChange)?;
    match desk.service().make_service_token(&desk.ctx, form.new_token()).await {
        Ok(made) => page(&desk, true, &Typed::default(), Some(Ok(made))).await,
        wrong => page(&desk, true, &form, Some(wrong)).await,
    }
}

/// `POST /tokens/services/{id}/revoke`
pub(crate) async fn revoke_service(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.needs(Right::AccountsChange)?;
    desk.ok(desk.service().revoke_token(&desk.ctx, desk.id(&path)?).await)?;
    Ok(see_other("/tokens/services"))
}
