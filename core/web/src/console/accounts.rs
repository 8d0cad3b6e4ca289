//! Accounts: who may sign in, and what for.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;
use estampe_domain::access::{Role, Roles};
use estampe_domain::account::AccountDetail;
use estampe_domain::{Error, PersonId, Right};
use estampe_service::views::{AccountPage, NewAccount};

use crate::console::account_change::invitation;
use crate::console::account_parts::{Candidate, Choice, Meant, candidate_of, choices, find_field, meant, roles_field};
use crate::console::confirm::SensitiveForm;
use crate::console::people::{here, query_of};
use crate::console::shell::{Section, Shell};
use crate::fields::{Field, Kind, problems};
use crate::forms::Fields;
use crate::locale::Lang;
use crate::respond::Reply;
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
    /// Whether what is sensitive waits for a second administrator.
    pub(crate) seconds: bool,
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
    /// The lines of the form, then the roles for the summary.
    pub(crate) fields: Vec<Field>,
    pub(crate) told: Vec<Field>,
    /// Those to choose from, when several fit the words.
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) roles: Vec<Choice>,
}

impl AccountNewPage<'_> {
    fn problems(&self) -> usize {
        problems(&self.fields) + problems(&self.told)
    }

    fn typed_find(&self) -> &str {
        self.fields.iter().find(|field| field.name == "find").map_or("", |field| &field.value)
    }

    fn roles_problem(&self) -> Option<&str> {
        self.told.first()?.problem.as_deref()
    }
}

/// What is typed for a new account.
#[derive(Clone, Default)]
pub(crate) struct NewForm {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) roles: Roles,
    /// Words that mean the person whose it is.
    pub(crate) find: String,
    /// The person chosen among several that these words mean.
    pub(crate) candidate: Option<PersonId>,
}

impl From<Fields> for NewForm {
    fn from(fields: Fields) -> Self {
        Self {
            name: fields.text("name"),
            email: fields.text("email"),
            roles: ticked(&fields),
            find: fields.text("find").trim().to_owned(),
            candidate: candidate_of(&fields),
        }
    }
}

/// The roles that are ticked.
pub(crate) fn ticked(fields: &Fields) -> Roles {
    fields.all("role").iter().filter_map(|name| Role::from_stored(name)).collect()
}

/// What is wrong with what was typed: a field's name and its words.
pub(crate) type Problems = Vec<(&'static str, &'static str)>;

/// Words of the problem of a field.
pub(crate) fn said(l: &Lang, wrong: &Problems, name: &str) -> Option<String> {
    wrong.iter().find(|(field, _)| *field == name).map(|(_, key)| l.t(key).to_string())
}

pub(crate) fn new_page<'a>(
    l: &'a Lang,
    s: Shell,
    typed: &NewForm,
    wrong: &Problems,
    candidates: Vec<Candidate>,
) -> AccountNewPage<'a> {
    let fields = vec![
        Field::new("name", l.t("account-name"), &typed.name).problem(said(l, wrong, "name")),
        Field::new("email", l.t("first-run-email"), &typed.email)
            .kind(Kind::Line("email"))
            .inputmode("email")
            .problem(said(l, wrong, "email")),
        find_field(l, &typed.find, said(l, wrong, "find")),
    ];
    let told = vec![roles_field(l, said(l, wrong, "roles"))];
    AccountNewPage { l, s, fields, told, candidates, roles: choices(typed.roles) }
}

/// Where the domain finds a fault with a new account.
fn fault(error: &Error) -> Option<(&'static str, &'static str)> {
    use estampe_texts::key;
    match error {
        Error::Conflict(_) => Some(("email", key("account-address-taken"))),
        Error::Invalid { what, .. } => match what.as_str() {
            "name" => Some(("name", key("first-run-name-needed"))),
            "email" => Some(("email", key("first-run-email-wrong"))),
            "roles" => Some(("roles", key("account-role-needed"))),
            "person" => Some(("find", key("account-find-nobody"))),
            _ => None,
        },
        _ => None,
    }
}

/// `GET /accounts`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    let after = Some(query_of(&request, "after")).filter(|after| !after.is_empty());
    let is_later = after.is_some();
    let page = desk.ok(desk.service().accounts(&desk.ctx, after).await)?;
    let s = Shell::new(&desk, Section::Accounts, here(&request));
    desk.page(&AccountsPage {
        l: &desk.l,
        s,
        page: &page,
        is_later,
        seconds: desk.service().settings().sign_in.second_administrator,
    })
}

/// `GET /accounts/new`
pub(crate) async fn new(desk: Desk) -> Reply {
    desk.needs(Right::AccountsChange)?;
    let s = Shell::new(&desk, Section::Accounts, "/accounts/new");
    desk.page(&new_page(&desk.l, s, &NewForm::default(), &Vec::new(), Vec::new()))
}

/// `POST /accounts`
pub(crate) async fn add(sent: SensitiveForm<NewForm>) -> Reply {
    use estampe_texts::key;
    let SensitiveForm { desk, form: typed } = sent;
    desk.needs(Right::AccountsChange)?;
    let (mut wrong, mut candidates) = (Problems::new(), Vec::new());
    let mut person = typed.candidate;
    if person.is_none() && !typed.find.is_empty() {
        match meant(&desk, &typed.find).await? {
            Meant::One(one) => person = Some(one.id),
            Meant::Nobody => wrong.push(("find", key("account-find-nobody"))),
            Meant::Several(several) => {
                wrong.push(("find", key("account-find-several")));
                candidates = several;
            }
        }
    }
    // all that is wrong is told at once
    if typed.roles.is_empty() {
        wrong.push(("roles", key("account-role-needed")));
    }
    if typed.name.trim().is_empty() {
        wrong.push(("name", key("first-run-name-needed")));
    }
    if !typed.email.contains('@') {
        wrong.push(("email", key("first-run-email-wrong")));
    }
    if wrong.is_empty() {
        let NewForm { name, email, roles, .. } = typed.clone();
        match desk.service().add_account(&desk.ctx, NewAccount { name, email, roles, person }).await {
            Ok(invited) => return invitation(&desk, invited).await,
            Err(error) => match fault(&error) {
                Some(problem) => wrong.push(problem),
                None => return desk.ok(Err(error)),
            },
        }
    }
    let s = Shell::new(&desk, Section::Accounts, "/accounts/new");
    let page = new_page(&desk.l, s, &typed, &wrong, candidates);
    desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
