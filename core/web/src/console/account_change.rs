//! One account: what it is for, whose it is, which teams it leads.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use estampe_domain::access::{Role, Roles};
use estampe_domain::account::AccountDetail;
use estampe_domain::{AccountId, Error, GroupId, PersonId, Right};
use estampe_service::views::{AccountChange, Invited};
use estampe_texts::key;

use crate::console::account_parts::{
    Candidate, Choice, Meant, candidate, candidate_of, choices, find_field, meant, roles_field,
};
use crate::console::accounts::{Problems, said, ticked};
use crate::console::confirm::SensitiveForm;
use crate::console::shell::{Section, Shell};
use crate::fields::{Field, problems};
use crate::forms::Fields;
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;

/// One account.
#[derive(Template)]
#[template(path = "console/account.html")]
pub(crate) struct AccountShowPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) detail: &'a AccountDetail,
    pub(crate) roles: Vec<Choice>,
    /// Whose it is.
    pub(crate) person: Option<Candidate>,
    /// Those to choose from, when several fit the words.
    pub(crate) candidates: Vec<Candidate>,
    /// Where somebody else, and another team, are looked for.
    pub(crate) find: Field,
    pub(crate) team: Field,
    /// The teams that it leads, and whether they stay ticked.
    pub(crate) teams: Vec<(GroupId, String, bool)>,
    /// For the summary.
    pub(crate) told: Vec<Field>,
    /// The token by which a password is chosen, where one was just made.
    pub(crate) token: Option<String>,
    pub(crate) welcome: String,
    /// Whether a code can go by mail.
    pub(crate) by_mail: bool,
    /// Whether one was just sent.
    pub(crate) was_sent: bool,
    /// Why nothing was changed.
    pub(crate) problem: Option<String>,
}

impl AccountShowPage<'_> {
    fn is_administrator(&self) -> bool {
        self.detail.account.roles.has(Role::Administrator)
    }

    fn problems(&self) -> usize {
        problems(&self.told)
    }

    fn roles_problem(&self) -> Option<&str> {
        self.told.first()?.problem.as_deref()
    }
}

/// What stands in the form.
#[derive(Clone, Default)]
pub(crate) struct Typed {
    pub(crate) roles: Roles,
    /// Whose it stays.
    pub(crate) person: Option<PersonId>,
    /// Words that mean somebody else.
    pub(crate) find: String,
    /// The teams that stay.
    pub(crate) teams: Vec<GroupId>,
    /// The name of another team.
    pub(crate) team: String,
}

impl Typed {
    /// As the account stands.
    pub(crate) fn standing(detail: &AccountDetail) -> Self {
        Self {
            roles: detail.account.roles,
            person: detail.account.person,
            teams: detail.teams.iter().map(|(id, _)| *id).collect(),
            ..Self::default()
        }
    }
}

/// What is asked of an account.
pub(crate) enum ChangeForm {
    /// Whether it may sign in.
    Active(bool),
    /// What it is for.
    Rest(Typed),
}

impl From<Fields> for ChangeForm {
    fn from(fields: Fields) -> Self {
        match fields.text("active").as_str() {
            "yes" => Self::Active(true),
            "no" => Self::Active(false),
            _ => Self::Rest(Typed {
                roles: ticked(&fields),
                person: candidate_of(&fields).or_else(|| fields.text("person").parse().ok()),
                // whoever chose among several is not asked again what the words mean
                find: if candidate_of(&fields).is_some() {
                    String::new()
                } else {
                    fields.text("find").trim().to_owned()
                },
                teams: fields.all("team-stays").iter().filter_map(|id| id.parse().ok()).collect(),
                team: fields.text("team").trim().to_owned(),
            }),
        }
    }
}

impl<'a> AccountShowPage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell, detail: &'a AccountDetail, typed: &Typed, wrong: &Problems) -> Self {
        let find = find_field(l, &typed.find, said(l, wrong, "find"));
        let team = Field::new("team", l.t("account-team-add"), &typed.team)
            .hint(l.t("account-team-hint"))
            .optional()
            .problem(said(l, wrong, "team"));
        // a summary names the fields again; the inputs stand in the form once
        let named =
            |field: &Field| Field::new(field.name.clone(), field.label.as_str(), "").problem(field.problem.clone());
        let told = vec![roles_field(l, said(l, wrong, "roles")), named(&find), named(&team)];
        let teams = detail.teams.iter().map(|(id, name)| (*id, name.clone(), typed.teams.contains(id))).collect();
        Self {
            l,
            s,
            detail,
            roles: choices(typed.roles),
            person: None,
            candidates: Vec::new(),
            find,
            team,
            teams,
            told,
            token: None,
            welcome: String::new(),
            by_mail: false,
            was_sent: false,
            problem: None,
        }
    }
}

/// `GET /accounts/{id}`
pub(crate) async fn show(desk: Desk, path: web::Path<String>) -> Reply {
    page(&desk, desk.id(&path)?, None, None).await
}

/// `POST /accounts/{id}`
pub(crate) async fn change(sent: SensitiveForm<ChangeForm>, path: web::Path<String>) -> Reply {
    let SensitiveForm { desk, form } = sent;
    desk.needs(Right::AccountsChange)?;
    let id: AccountId = desk.id(&path)?;
    let (change, typed) = match form {
        ChangeForm::Active(active) => (AccountChange { active: Some(active), ..AccountChange::default() }, None),
        ChangeForm::Rest(typed) => match understood(&desk, &typed).await? {
            Ok(change) => (change, Some(typed)),
            Err((wrong, candidates)) => return again(&desk, id, &typed, &wrong, candidates).await,
        },
    };
    match desk.service().change_account(&desk.ctx, id, change).await {
        Ok(()) => Ok(see_other(&format!("/accounts/{id}"))),
        Err(Error::Conflict(_)) => page(&desk, id, None, Some("account-last")).await,
        Err(Error::Invalid { what, .. }) if let Some(typed) = typed => {
            let wrong = match what.as_str() {
                "person" => ("find", key("account-find-nobody")),
                "teams" => ("team", key("account-team-unknown")),
                _ => ("roles", key("account-role-needed")),
            };
            again(&desk, id, &typed, &vec![wrong], Vec::new()).await
        }
        Err(error) => desk.ok(Err(error)),
    }
}

/// What a form means; or what is wrong with it, and whom its words may mean.
async fn understood(
    desk: &Desk,
    typed: &Typed,
) -> Result<Result<AccountChange, (Problems, Vec<Candidate>)>, crate::error::Fault> {
    let (mut wrong, mut candidates) = (Problems::new(), Vec::new());
    let (mut person, mut teams) = (typed.person, typed.teams.clone());
    if typed.roles.is_empty() {
        wrong.push(("roles", key("account-role-needed")));
    }
    if !typed.find.is_empty() {
        match meant(desk, &typed.find).await? {
            Meant::One(one) => person = Some(one.id),
            Meant::Nobody => wrong.push(("find", key("account-find-nobody"))),
            Meant::Several(several) => {
                wrong.push(("find", key("account-find-several")));
                candidates = several;
            }
        }
    }
    if !typed.team.is_empty() {
        match desk.service().find_group(&desk.ctx, &typed.team).await {
            Ok(group) => teams.push(group.id),
            Err(Error::NotFound) => wrong.push(("team", key("account-team-unknown"))),
            Err(Error::Conflict(_)) => wrong.push(("team", key("account-team-several"))),
            Err(error) => return desk.ok(Err(error)),
        }
    }
    if !wrong.is_empty() {
        return Ok(Err((wrong, candidates)));
    }
    Ok(Ok(AccountChange {
        roles: Some(typed.roles),
        person: Some(person),
        teams: Some(teams),
        ..AccountChange::default()
    }))
}

/// The form again, with everything that was typed.
async fn again(desk: &Desk, id: AccountId, typed: &Typed, wrong: &Problems, candidates: Vec<Candidate>) -> Reply {
    let detail = desk.ok(desk.service().account(&desk.ctx, id).await)?;
    let s = Shell::new(desk, Section::Accounts, format!("/accounts/{id}"));
    let mut page = AccountShowPage::new(&desk.l, s, &detail, typed, wrong);
    page.person = standing_person(desk, typed.person).await?;
    page.candidates = candidates;
    desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn standing_person(desk: &Desk, person: Option<PersonId>) -> Result<Option<Candidate>, crate::error::Fault> {
    // who reads accounts may not read people
    match person {
        Some(person) if desk.ctx.may_all(Right::PeopleRead) => Ok(Some(candidate(desk, person).await?)),
        _ => Ok(None),
    }
}

/// How a code gets to whoever it is for.
pub(crate) struct Invite {
    by_mail: bool,
}

impl From<Fields> for Invite {
    fn from(fields: Fields) -> Self {
        Self { by_mail: fields.text("by") == "mail" }
    }
}

/// `POST /accounts/{id}/invite`
pub(crate) async fn invite(sent: SensitiveForm<Invite>, path: web::Path<String>) -> Reply {
    let SensitiveForm { desk, form: Invite { by_mail } } = sent;
    let id: AccountId = desk.id(&path)?;
    if by_mail {
        desk.ok(desk.service().invite_by_mail(&desk.ctx, id).await)?;
        return Ok(see_other(&format!("/accounts/{id}?sent=yes")));
    }
    let invited = desk.ok(desk.service().invite_again(&desk.ctx, id).await)?;
    invitation(&desk, invited).await
}

/// The page of an account whose token was just made.
pub(crate) async fn invitation(desk: &Desk, invited: Invited) -> Reply {
    page(desk, invited.account.id, Some(invited.token.reveal().to_owned()), None).await
}

async fn page(desk: &Desk, id: AccountId, token: Option<String>, problem: Option<&'static str>) -> Reply {
    let detail = desk.ok(desk.service().account(&desk.ctx, id).await)?;
    let s = Shell::new(desk, Section::Accounts, format!("/accounts/{id}"));
    let mut page = AccountShowPage::new(&desk.l, s, &detail, &Typed::standing(&detail), &Problems::new());
    page.person = standing_person(desk, detail.account.person).await?;
    page.by_mail = desk.service().settings().mail_configured;
    page.was_sent = desk.asked.as_deref().is_some_and(|asked| asked.ends_with("?sent=yes"));
    page.welcome = format!("{}/welcome", desk.origin());
    page.problem = problem.map(|key| desk.l.t(key).to_string());
    page.token = token;
    match page.problem {
        Some(_) => desk.page_with(StatusCode::CONFLICT, &page),
        None => desk.page(&page),
    }
}
