//! Acts that wait for a second administrator, over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::approval::{Act, Approval, LeadReach};
use estampe_domain::ending::PeopleFate;
use estampe_service::views::ActDone;
use serde_json::{Value, json};

use crate::console::approvals::{account, settings};
use crate::operator::accounts::invitation;
use crate::operator::wire::Wire;
use crate::respond::Reply;

fn view(approval: &Approval) -> Value {
    json!({
        "id": approval.id, "act": approval.act, "what": what(approval),
        "asked_by": approval.asked_by, "asked_by_name": approval.asked_by_name,
        "asked_at": approval.asked_at.to_string(), "ends_at": approval.ends_at.to_string(),
    })
}

/// What is to be done, on one line.
fn what(approval: &Approval) -> String {
    let whose = || account(approval);
    let or_all = |items: &[String]| items.join(", ");
    match &approval.act {
        Act::AddAccount { name, email, roles, .. } => format!("new account {name} <{email}>: {}", or_all(roles)),
        Act::ChangeAccount { roles, active, person, teams, .. } => {
            let mut changes = Vec::new();
            changes.extend(roles.as_ref().map(|roles| format!("roles {}", or_all(roles))));
            changes.extend(active.map(|active| if active { "enabled" } else { "disabled" }.to_owned()));
            changes
                .extend(person.map(|person| person.map_or_else(|| "nobody's".to_owned(), |id| format!("person {id}"))));
            changes.extend(teams.as_ref().map(|teams| format!("{} teams", teams.len())));
            format!("change the account of {}: {}", whose(), changes.join("; "))
        }
        Act::InviteAgain { .. } => format!("a new token to choose a password by, for the account of {}", whose()),
        Act::ResetFactors { .. } => format!("take the second factors from the account of {}", whose()),
        Act::GrantPlugin { plugin, grant, revoke } => {
            let signed =
                grant.iter().map(|item| format!("+{item}")).chain(revoke.iter().map(|item| format!("-{item}")));
            format!("plugin {plugin}: {}", signed.collect::<Vec<_>>().join(", "))
        }
        Act::SetProvider { of, form, drops_secret } => {
            let drops = if *drops_secret { "; its secret is forgotten, and has to be given anew" } else { "" };
            format!("sign-in provider {}: {}{drops}", of.as_deref().unwrap_or("(new)"), settings(form))
        }
        Act::ExportLeads { of } => match of {
            LeadReach::Everybody => "take everybody's leads along as a file, once".to_owned(),
            LeadReach::Teams { teams, .. } => {
                let teams: Vec<_> = teams.iter().map(ToString::to_string).collect();
                format!("take the leads of these teams along as a file, once: {}", teams.join(", "))
            }
            LeadReach::Own { .. } => "take their own leads along as a file, once".to_owned(),
        },
        Act::MakeToken { account, name, scopes, days } => {
            let whose = if account.is_some() { "of their own" } else { "of a service" };
            format!("make a token {whose}, \"{name}\", good for {days} days: {}", or_all(scopes))
        }
        Act::EndSource { name, fate, seen, .. } => {
            let seen = seen.unwrap_or_default();
            match fate {
                PeopleFate::Keep => format!("disconnect the source {name}"),
                PeopleFate::Disable => {
                    format!("disconnect the source {name}, and take {} cards down", seen.cards_disabled)
                }
                PeopleFate::Erase => format!("disconnect the source {name}, and erase {} people", seen.erased()),
            }
        }
        Act::PublishSignatures { publication, source, first, people, mailboxes, .. } => {
            let whose = match (people.len(), first) {
                (0, None) => "all that remain of the plan".to_owned(),
                (0, Some(first)) => format!("the first {first} that remain of the plan"),
                (people, _) => format!("those of {people} people"),
            };
            format!("write signatures into {mailboxes} mailboxes of {source}, publication {publication}: {whose}")
        }
    }
}

/// `GET /v1/approvals`
pub(crate) async fn list(wire: Wire) -> Reply {
    let approvals = wire.ok(wire.service().approvals(&wire.ctx).await)?;
    let approvals: Vec<_> = approvals.iter().map(view).collect();
    wire.json(StatusCode::OK, &json!({ "approvals": approvals }))
}

/// `POST /v1/approvals/{approval}/agree`
pub(crate) async fn agree(wire: Wire, path: web::Path<String>) -> Reply {
    match wire.ok(wire.service().approve(&wire.ctx, wire.id(&path)?).await)? {
        ActDone::Invited(invited) => invitation(&wire, *invited).await,
        ActDone::Account(account) => wire.json(StatusCode::OK, &json!({ "account": account })),
        ActDone::Plugin(plugin) => wire.json(StatusCode::OK, &json!({ "plugin": plugin })),
        ActDone::Provider(provider) => wire.json(StatusCode::OK, &json!({ "provider": provider })),
        ActDone::Publication(id) => wire.json(StatusCode::OK, &json!({ "publication": id })),
        ActDone::Ending(id) => wire.json(StatusCode::OK, &json!({ "ending": id })),
        ActDone::Agreed => wire.json(StatusCode::OK, &json!({ "agreed": *path })),
    }
}

/// `POST /v1/approvals/{approval}/refuse`
pub(crate) async fn refuse(wire: Wire, path: web::Path<String>) -> Reply {
    wire.ok(wire.service().refuse(&wire.ctx, wire.id(&path)?).await)?;
    wire.json(StatusCode::OK, &json!({ "refused": *path }))
}
