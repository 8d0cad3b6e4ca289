//! Sign-in providers: who else may say who somebody is.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use estampe_domain::Right;
use estampe_domain::access::{Role, Roles};
use estampe_domain::credential::Secret;
use estampe_domain::provider::{FormProblems, ProviderForm};
use estampe_service::{ProviderDetail, ProviderSaved, ProviderTried};

use crate::console::account_parts::{Choice, choices};
use crate::console::confirm::SensitiveForm;
use crate::console::shell::{Section, Shell};
use crate::fields::{Field, Kind, problems};
use crate::forms::{Fields, Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;
use crate::words::provider::problem;

/// The list.
#[derive(Template)]
#[template(path = "console/providers.html")]
pub(crate) struct ProvidersPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) providers: &'a [ProviderDetail],
}

impl ProvidersPage<'_> {
    fn kind(&self, detail: &ProviderDetail) -> String {
        let words = kinds().into_iter().find(|(kind, _)| *kind == detail.form.kind).map_or("", |(_, words)| words);
        self.l.t(words).to_string()
    }
}

/// One, or a new one.
#[derive(Template)]
#[template(path = "console/provider.html")]
pub(crate) struct ProviderPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    /// None: a new one.
    pub(crate) detail: Option<&'a ProviderDetail>,
    pub(crate) form: &'a ProviderForm,
    pub(crate) before: Vec<Field>,
    pub(crate) after: Vec<Field>,
    pub(crate) roles: Vec<Choice>,
    pub(crate) problem: Option<String>,
    /// What a try found, and its tone.
    pub(crate) tried: Option<(&'static str, String)>,
}

impl ProviderPage<'_> {
    fn problems(&self) -> usize {
        problems(&self.before) + problems(&self.after)
    }

    fn action(&self) -> String {
        self.detail.map_or("/accounts/providers".to_owned(), |of| format!("/accounts/providers/{}", of.provider.name))
    }
}

const fn kinds() -> [(&'static str, &'static str); 4] {
    [
        ("oidc", estampe_texts::key("provider-kind-oidc")),
        ("google", estampe_texts::key("provider-kind-google")),
        ("microsoft", estampe_texts::key("provider-kind-microsoft")),
        ("directory", estampe_texts::key("provider-kind-directory")),
    ]
}

/// What is typed for a provider.
pub(crate) struct Typed {
    form: ProviderForm,
    secret: String,
    no_secret: bool,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        let text = |name: &str| fields.text(name);
        let form = ProviderForm {
            name: text("name"),
            label: text("label"),
            kind: text("kind"),
            issuer: text("issuer"),
            tenant: text("tenant"),
            domain: text("domain"),
            client_id: text("client-id"),
            scopes: text("scopes"),
            groups_claim: text("groups-claim"),
            networks: text("networks"),
            source: text("source"),
            create: text("create") == "yes",
            roles: fields.all("role"),
            rules: text("rules"),
        };
        Self { form, secret: text("client-secret"), no_secret: text("no-secret") == "yes" }
    }
}

impl Typed {
    /// An empty field leaves the secret as it is.
    fn secret(&self) -> Option<Secret> {
        let given = !self.secret.is_empty() || self.no_secret;
        given.then(|| Secret::new(if self.no_secret { "" } else { self.secret.trim() }))
    }
}

/// The page of a form.
pub(crate) fn provider_page<'a>(
    l: &'a Lang,
    s: Shell,
    detail: Option<&'a ProviderDetail>,
    form: &'a ProviderForm,
    found: &FormProblems,
) -> ProviderPage<'a> {
    let found: BTreeMap<&str, _> = found.iter().rev().copied().collect();
    let wrong = |name: &str| found.get(name).map(|wrong| l.t(problem(*wrong)).to_string());
    let line =
        |name: &'static str, label: &'static str, value: &str| Field::new(name, l.t(label), value).problem(wrong(name));
    let kinds = kinds().map(|(kind, words)| (kind.to_owned(), l.t(words).to_string()));
    let secret_hint =
        if detail.is_some_and(|detail| detail.has_secret) { "provider-secret-set" } else { "provider-secret-hint" };
    let before = vec![
        line("label", "provider-label", &form.label).hint(l.t("provider-label-hint")),
        line("name", "provider-name", &form.name).hint(l.t("provider-name-hint")),
        line("kind", "provider-kind", &form.kind).kind(Kind::Choice(kinds.into())),
        line("issuer", "provider-issuer", &form.issuer)
            .optional()
            .kind(Kind::Line("url"))
            .hint(l.t("provider-issuer-hint")),
        line("tenant", "provider-tenant", &form.tenant).optional().hint(l.t("provider-tenant-hint")),
        line("domain", "provider-domain", &form.domain).optional().hint(l.t("provider-domain-hint")),
        line("client-id", "provider-client-id", &form.client_id).optional().hint(l.t("provider-client-id-hint")),
        // a secret is never sent back
        Field::new("client-secret", l.t("provider-secret"), "")
            .kind(Kind::Line("password"))
            .autocomplete("new-password")
            .optional()
            .hint(l.t(secret_hint))
            .problem(wrong("client-secret")),
        line("scopes", "provider-scopes", &form.scopes).optional().hint(l.t("provider-scopes-hint")),
        line("groups-claim", "provider-groups-claim", &form.groups_claim)
            .optional()
            .hint(l.t("provider-groups-claim-hint")),
        line("networks", "provider-networks", &form.networks).optional().hint(l.t("provider-networks-hint")),
        line("source", "provider-source", &form.source).optional().hint(l.t("provider-source-hint")),
    ];
    let after = vec![
        line("rules", "provider-rules", &form.rules)
            .kind(Kind::Lines)
            .optional()
            .hint(l.t("provider-rules-hint").with("roles", Role::ALL.map(Role::as_str).join(", ").as_str())),
    ];
    let roles: Roles = form.roles.iter().filter_map(|name| Role::from_stored(name)).collect();
    let problem = wrong("roles");
    ProviderPage { l, s, detail, form, before, after, roles: choices(roles), problem, tried: None }
}

/// `GET /accounts/providers`
pub(crate) async fn list(desk: Desk) -> Reply {
    let providers = desk.ok(desk.service().providers(&desk.ctx).await)?;
    let s = Shell::new(&desk, Section::Accounts, "/accounts/providers");
    desk.page(&ProvidersPage { l: &desk.l, s, providers: &providers })
}

/// `GET /accounts/providers/new`
pub(crate) async fn new(desk: Desk) -> Reply {
    desk.needs(Right::AccountsChange)?;
    let s = Shell::new(&desk, Section::Accounts, "/accounts/providers/new");
    let form = ProviderForm { kind: "oidc".to_owned(), ..ProviderForm::default() };
    desk.page(&provider_page(&desk.l, s, None, &form, &Vec::new()))
}

/// `POST /accounts/providers`
pub(crate) async fn add(sent: SensitiveForm<Typed>) -> Reply {
    let SensitiveForm { desk, form: typed } = sent;
    match desk.ok(desk.service().add_provider(&desk.ctx, &typed.form, typed.secret()).await)? {
        ProviderSaved::Done(provider) => Ok(see_other(&format!("/accounts/providers/{}", provider.name))),
        ProviderSaved::Problems(found) => {
            let s = Shell::new(&desk, Section::Accounts, "/accounts/providers/new");
            let page = provider_page(&desk.l, s, None, &typed.form, &found);
            desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// `GET /accounts/providers/{provider}`
pub(crate) async fn show(desk: Desk, path: web::Path<String>) -> Reply {
    let detail = desk.ok(desk.service().provider(&desk.ctx, &path).await)?;
    desk.page(&provider_page(&desk.l, shell(&desk, &path), Some(&detail), &detail.form, &Vec::new()))
}

/// `POST /accounts/providers/{provider}`
pub(crate) async fn change(sent: SensitiveForm<Typed>, path: web::Path<String>) -> Reply {
    let SensitiveForm { desk, form: typed } = sent;
    match desk.ok(desk.service().set_provider(&desk.ctx, &path, &typed.form, typed.secret()).await)? {
        ProviderSaved::Done(provider) => Ok(see_other(&format!("/accounts/providers/{}", provider.name))),
        ProviderSaved::Problems(found) => {
            let detail = desk.ok(desk.service().provider(&desk.ctx, &path).await)?;
            let page = provider_page(&desk.l, shell(&desk, &path), Some(&detail), &typed.form, &found);
            desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// `POST /accounts/providers/{provider}/check`
pub(crate) async fn check(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let tried = desk.ok(desk.service().check_provider(&desk.ctx, &path).await)?;
    let detail = desk.ok(desk.service().provider(&desk.ctx, &path).await)?;
    let mut page = provider_page(&desk.l, shell(&desk, &path), Some(&detail), &detail.form, &Vec::new());
    page.tried = Some(match tried {
        ProviderTried::Good(found) => ("leaf", desk.l.t("provider-good").with("keys", found.keys as u64).to_string()),
        ProviderTried::Bad(reason, detail) => {
            let words = desk.l.t("provider-bad").with("code", reason.code()).with("detail", detail.as_str());
            ("seal", words.to_string())
        }
        ProviderTried::Directory(source) => {
            ("plate", desk.l.t("provider-try-source").with("source", source.as_str()).to_string())
        }
    });
    desk.page(&page)
}

/// `POST /accounts/providers/{provider}/remove`
pub(crate) async fn remove(sent: SensitiveForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().remove_provider(&desk.ctx, &path).await)?;
    Ok(see_other("/accounts/providers"))
}

/// `GET` of the addresses of buttons.
pub(crate) async fn back(_: Desk, path: web::Path<String>) -> Reply {
    Ok(see_other(&format!("/accounts/providers/{}", crate::respond::segment(&path))))
}

fn shell(desk: &Desk, name: &str) -> Shell {
    Shell::new(desk, Section::Accounts, format!("/accounts/providers/{}", crate::respond::segment(name)))
}

impl ProvidersPage<'_> {
    fn roles(&self, detail: &ProviderDetail) -> String {
        words::roles(self.l, detail.provider.coming.roles)
    }
}
