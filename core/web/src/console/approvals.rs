//! Acts that wait for a second administrator.

use actix_web::web;
use askama::Template;
use estampe_domain::access::{Role, Roles};
use estampe_domain::approval::{Act, Approval, LeadReach};
use estampe_domain::ending::PeopleFate;
use estampe_domain::provider::ProviderForm;
use estampe_domain::{AccountId, ApprovalId, Error, Right};
use estampe_service::views::ActDone;

use crate::console::account_change::invitation;
use crate::console::confirm::SensitiveForm;
use crate::console::shell::{Section, Shell};
use crate::forms::{Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other, segment};
use crate::session::Desk;
use crate::words;

/// What waits.
#[derive(Template)]
#[template(path = "console/approvals.html")]
pub(crate) struct ApprovalsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) approvals: &'a [Approval],
    /// Whoever asks may not agree to it themselves.
    pub(crate) own: AccountId,
    pub(crate) problem: Option<String>,
}

impl ApprovalsPage<'_> {
    /// What is to be done, in words.
    fn what(&self, approval: &Approval) -> String {
        let roles = |names: &[String]| {
            let roles: Roles = names.iter().filter_map(|name| Role::from_stored(name)).collect();
            words::roles(self.l, roles)
        };
        let of_account = |key| self.l.t(key).with("account", account(approval));
        match &approval.act {
            Act::AddAccount { name, email, roles: names, .. } => self
                .l
                .t("approval-add")
                .with("name", format!("{name} <{email}>"))
                .with("roles", roles(names))
                .to_string(),
            Act::ChangeAccount { roles: Some(names), .. } => {
                of_account("approval-roles").with("roles", roles(names)).to_string()
            }
            Act::ChangeAccount { active: Some(true), .. } => of_account("approval-enable").to_string(),
            Act::ChangeAccount { active: Some(false), .. } => of_account("approval-disable").to_string(),
            Act::ChangeAccount { .. } => of_account("approval-change").to_string(),
            Act::InviteAgain { .. } => of_account("approval-invite").to_string(),
            Act::ResetFactors { .. } => of_account("approval-reset-factors").to_string(),
            Act::GrantPlugin { plugin, grant, revoke } => {
                let sign = |sign: &'static str| move |item: &String| format!("{sign} {item}");
                let items: Vec<_> = grant.iter().map(sign("+")).chain(revoke.iter().map(sign("−"))).collect();
                self.l.t("approval-grant").with("plugin", plugin.clone()).with("items", items.join(", ")).to_string()
            }
            Act::SetProvider { of, form, .. } => {
                let key = if of.is_some() { "approval-provider-change" } else { "approval-provider-add" };
                let name = of.as_ref().unwrap_or(&form.name).clone();
                self.l.t(key).with("name", name).with("settings", settings(form)).to_string()
            }
            Act::ExportLeads { of: LeadReach::Teams { teams, .. } } => {
                self.l.t("approval-export-teams").with("count", teams.len()).to_string()
            }
            Act::ExportLeads { of: LeadReach::Own { .. } } => self.l.t("approval-export-own").to_string(),
            Act::ExportLeads { of: LeadReach::Everybody } => self.l.t("approval-export").to_string(),
            Act::MakeToken { account, name, scopes, days } => {
                let key = if account.is_some() { "approval-token-own" } else { "approval-token-service" };
                let words = self.l.t(key).with("name", name.clone()).with("days", u64::from(*days));
                words.with("scopes", scopes.join(", ")).to_string()
            }
            Act::EndSource { name, fate, seen, .. } => {
                let seen = seen.unwrap_or_default();
                let (key, count) = match fate {
                    PeopleFate::Erase => ("approval-end-erase", seen.erased()),
                    // nobody is asked about people who are kept
                    PeopleFate::Disable | PeopleFate::Keep => ("approval-end-disable", seen.cards_disabled),
                };
                self.l.t(key).with("source", name.clone()).with("count", count).to_string()
            }
            Act::PublishSignatures { source, mailboxes, .. } => {
                let words = self.l.t("approval-publish").with("source", source.clone());
                words.with("count", *mailboxes).to_string()
            }
        }
    }

    /// Where to look at what it is about.
    fn about(&self, approval: &Approval) -> Option<String> {
        match &approval.act {
            Act::AddAccount { .. }
            | Act::SetProvider { of: None, .. }
            | Act::ExportLeads { .. }
            | Act::MakeToken { .. } => None,
            Act::EndSource { name, .. } => Some(crate::console::sources::path_of(name)),
            Act::PublishSignatures { publication, .. } => Some(crate::console::publications::path_of(*publication)),
            Act::SetProvider { of: Some(name), .. } => Some(format!("/accounts/providers/{}", segment(name))),
            Act::ChangeAccount { account, .. } | Act::InviteAgain { account } | Act::ResetFactors { account } => {
                Some(format!("/accounts/{account}"))
            }
            Act::GrantPlugin { plugin, .. } => Some(format!("/plugins/{}", segment(plugin))),
        }
    }

    /// What else follows from agreeing, before anybody does.
    fn warning(&self, approval: &Approval) -> Option<String> {
        let drops = matches!(&approval.act, Act::SetProvider { drops_secret: true, .. }) && !approval.agreed;
        drops.then(|| self.l.t("approval-drops-secret").to_string())
    }

    /// What whoever asked does now that somebody agreed: where to, with what, and the word for it.
    fn take(&self, approval: &Approval) -> (&'static str, Vec<(&'static str, String)>, String) {
        match &approval.act {
            Act::MakeToken { account, name, scopes, days } => {
                let mut carried = vec![("name", name.clone()), ("days", days.to_string())];
                carried.extend(scopes.iter().map(|scope| ("scope", scope.clone())));
                let to = if account.is_some() { "/tokens" } else { "/tokens/services" };
                (to, carried, self.l.t("token-create").to_string())
            }
            _ => ("/leads/export", Vec::new(), self.l.t("leads-export").to_string()),
        }
    }

    fn is_own(&self, approval: &Approval) -> bool {
        approval.asked_by == self.own
    }
}

/// The account that it is about, by its name; by its id once it is gone.
pub(crate) fn account(approval: &Approval) -> String {
    let id = || approval.act.account().map(|account| account.to_string());
    approval.account.clone().or_else(id).unwrap_or_default()
}

/// Everything that was typed for a provider: whoever agrees lets people in by it.
pub(crate) fn settings(form: &ProviderForm) -> String {
    let lines = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let rules: Vec<_> = form.rules.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let all = [
        ("name", form.name.clone()),
        ("label", form.label.clone()),
        ("kind", form.kind.clone()),
        ("issuer", form.issuer.clone()),
        ("tenant", form.tenant.clone()),
        ("domain", form.domain.clone()),
        ("source", form.source.clone()),
        ("client-id", form.client_id.clone()),
        ("scopes", lines(&form.scopes)),
        ("groups-claim", form.groups_claim.clone()),
        ("networks", lines(&form.networks)),
        ("create", if form.create { "yes" } else { "no" }.to_owned()),
        ("roles", form.roles.join(" ")),
        ("rules", rules.join(" | ")),
    ];
    let said = all.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(" · ")
}

async fn page(desk: &Desk, problem: Option<&'static str>) -> Reply {
    let approvals = desk.ok(desk.service().approvals(&desk.ctx).await)?;
    desk.page(&ApprovalsPage {
        l: &desk.l,
        s: Shell::new(desk, Section::Accounts, "/approvals"),
        approvals: &approvals,
        own: desk.account.id,
        problem: problem.map(|key| desk.l.t(key).to_string()),
    })
}

/// `GET /approvals`
pub(crate) async fn list(desk: Desk) -> Reply {
    page(&desk, None).await
}

/// `POST /approvals/{approval}/agree`
pub(crate) async fn agree(sent: SensitiveForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.needs(Right::AccountsChange)?;
    let id: ApprovalId = desk.id(&path)?;
    match desk.service().approve(&desk.ctx, id).await {
        Ok(ActDone::Invited(invited)) => invitation(&desk, *invited).await,
        Ok(ActDone::Account(account)) => Ok(see_other(&format!("/accounts/{account}"))),
        Ok(ActDone::Plugin(plugin)) => Ok(see_other(&format!("/plugins/{}", segment(&plugin)))),
        Ok(ActDone::Provider(name)) => Ok(see_other(&format!("/accounts/providers/{}", segment(&name)))),
        Ok(ActDone::Publication(id)) => Ok(see_other(&crate::console::publications::path_of(id))),
        Ok(ActDone::Ending(source)) => Ok(see_other(&crate::console::endings::ending_path(source))),
        Ok(ActDone::Agreed) => Ok(see_other("/approvals")),
        Err(Error::Conflict(_)) => page(&desk, Some("approval-cannot")).await,
        Err(error) => desk.ok(Err(error)),
    }
}

/// `POST /approvals/{approval}/refuse`
pub(crate) async fn refuse(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let id: ApprovalId = desk.id(&path)?;
    desk.ok(desk.service().refuse(&desk.ctx, id).await)?;
    Ok(see_other("/approvals"))
}
