//! Accounts: who may sign in, and what for.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::access::{Role, Roles};
use estampe_domain::account::AccountDetail;
use estampe_domain::{AccountId, Error, Right};
use estampe_service::views::{AccountChange, AccountPage, Invited, NewAccount};

use crate::console::confirm::SensitiveForm;
use crate::console::people::{here, query_of};
use crate::console::shell::{Section, Shell};
use crate::fields::{Field, Kind, problems};
use crate::forms::{Fields, Nothing};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// The list.
#[derive(Template)]
#[template(path = "console/accounts.html")]
pub(crate) struct AccountsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) page: &'a AccountPage,
    /// Whether this is not the first page.
    pub(crate) is_later: bool,
}

impl AccountsPage<'_> {
    fn roles(&self, account: &AccountDetail) -> String {
        words::roles(self.l, account.account.roles)
    }

    fn next(&self) -> Option<String> {
        let after = self.page.next.as_deref()?;
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("after", after).finish();
        Some(format!("/accounts?{query}"))
    }
}

/// A new one.
#[derive(Template)]
#[template(path = "console/account_new.html")]
pub(crate) struct AccountNewPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) fields: Vec<Field>,
    pub(crate) roles: Vec<Choice>,
    pub(crate) problem: Option<String>,
}

/// One account.
#[derive(Template)]
#[template(path = "console/account.html")]
pub(crate) struct AccountShowPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) detail: &'a AccountDetail,
    pub(crate) roles: Vec<Choice>,
    /// The token by which a password is chosen, where one was just made.
    pub(crate) token: Option<String>,
    pub(crate) welcome: String,
    pub(crate) problem: Option<String>,
}

impl AccountShowPage<'_> {
    fn is_administrator(&self) -> bool {
        self.detail.account.roles.has(Role::Administrator)
    }
}

/// A role that may be ticked.
pub(crate) struct Choice {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) ticked: bool,
}

pub(crate) fn choices(roles: Roles) -> Vec<Choice> {
    let choice = |role: Role| {
        let (words, hint) = words::role(role);
        Choice { name: role.as_str(), words, hint, ticked: roles.has(role) }
    };
    Role::ALL.map(choice).into()
}

/// What is typed for a new account.
#[derive(Default)]
pub(crate) struct NewForm(NewAccount);

impl From<Fields> for NewForm {
    fn from(fields: Fields) -> Self {
        let roles = ticked(&fields);
        Self(NewAccount { name: fields.text("name"), email: fields.text("email"), roles, person: None })
    }
}

/// What is ticked of an account.
pub(crate) struct ChangeForm(AccountChange);

impl From<Fields> for ChangeForm {
    fn from(fields: Fields) -> Self {
        let active = match fields.text("active").as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        let roles = active.is_none().then(|| ticked(&fields));
        Self(AccountChange { roles, active, ..AccountChange::default() })
    }
}

fn ticked(fields: &Fields) -> Roles {
    fields.all("role").iter().filter_map(|name| Role::from_stored(name)).collect()
}

pub(crate) fn new_page<'a>(l: &'a Lang, s: Shell, typed: &NewAccount, wrong: Option<&Error>) -> AccountNewPage<'a> {
    let (what, other) = match wrong {
        Some(Error::Invalid { what, .. }) => (what.as_str(), None),
        Some(Error::Conflict(_)) => ("", Some(l.t("account-address-taken").to_string())),
        _ => ("", None),
    };
    let problem = |name: &str, key: &'static str| (what == name).then(|| l.t(key).to_string());
    let fields = vec![
        Field::new("name", l.t("account-name"), &typed.name).problem(problem("name", "first-run-name-needed")),
        Field::new("email", l.t("first-run-email"), &typed.email)
            .kind(Kind::Line("email"))
            .inputmode("email")
            .problem(problem("email", "first-run-email-wrong")),
    ];
    let problem = other.or_else(|| problem("roles", "account-role-needed"));
    AccountNewPage { l, s, fields, roles: choices(typed.roles), problem }
}

impl AccountNewPage<'_> {
    fn problems(&self) -> usize {
        problems(&self.fields)
    }
}

/// `GET /accounts`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    let after = Some(query_of(&request, "after")).filter(|after| !after.is_empty());
    let is_later = after.is_some();
    let page = desk.ok(desk.service().accounts(&desk.ctx, after).await)?;
    let s = Shell::new(&desk, Section::Accounts, here(&request));
    desk.page(&AccountsPage { l: &desk.l, s, page: &page, is_later })
}

/// `GET /accounts/new`
pub(crate) async fn new(desk: Desk) -> Reply {
    desk.needs(Right::AccountsChange)?;
    let s = Shell::new(&desk, Section::Accounts, "/accounts/new");
    desk.page(&new_page(&desk.l, s, &NewAccount::default(), None))
}

/// `POST /accounts`
pub(crate) async fn add(sent: SensitiveForm<NewForm>) -> Reply {
    let SensitiveForm { desk, form: NewForm(typed) } = sent;
    match desk.service().add_account(&desk.ctx, typed.clone()).await {
        Ok(invited) => invitation(&desk, invited).await,
        Err(error @ (Error::Invalid { .. } | Error::Conflict(_))) => {
            let s = Shell::new(&desk, Section::Accounts, "/accounts/new");
            desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &new_page(&desk.l, s, &typed, Some(&error)))
        }
        Err(error) => desk.ok(Err(error)),
    }
}

/// `GET /accounts/{id}`
pub(crate) async fn show(desk: Desk, path: web::Path<String>) -> Reply {
    page(&desk, desk.id(&path)?, None, None).await
}

/// `POST /accounts/{id}`
pub(crate) async fn change(sent: SensitiveForm<ChangeForm>, path: web::Path<String>) -> Reply {
    let SensitiveForm { desk, form: ChangeForm(change) } = sent;
    let id: AccountId = desk.id(&path)?;
    match desk.service().change_account(&desk.ctx, id, change).await {
        Ok(()) => Ok(see_other(&format!("/accounts/{id}"))),
        Err(Error::Invalid { .. }) => page(&desk, id, None, Some("account-role-needed")).await,
        Err(Error::Conflict(_)) => page(&desk, id, None, Some("account-last")).await,
        Err(error) => desk.ok(Err(error)),
    }
}

/// `POST /accounts/{id}/invite`
pub(crate) async fn invite(sent: SensitiveForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let id: AccountId = desk.id(&path)?;
    let invited = desk.ok(desk.service().invite_again(&desk.ctx, id).await)?;
    invitation(&desk, invited).await
}

pub(crate) async fn invitation(desk: &Desk, invited: Invited) -> Reply {
    page(desk, invited.account.id, Some(invited.token.reveal().to_owned()), None).await
}

async fn page(desk: &Desk, id: AccountId, token: Option<String>, problem: Option<&'static str>) -> Reply {
    let detail = desk.ok(desk.service().account(&desk.ctx, id).await)?;
    let s = Shell::new(desk, Section::Accounts, format!("/accounts/{id}"));
    let page = AccountShowPage {
        l: &desk.l,
        s,
        roles: choices(detail.account.roles),
        detail: &detail,
        welcome: format!("{}/welcome", desk.origin()),
        problem: problem.map(|key| desk.l.t(key).to_string()),
        token,
    };
    match page.problem {
        Some(_) => desk.page_with(StatusCode::CONFLICT, &page),
        None => desk.page(&page),
    }
}
