//! The organisation, and who administers it.

use estampe_plugin_sdk::{Details, FailKind, Failure, Host, Role};
use serde::Deserialize;

use crate::graph::{Graph, Listed, Need, encoded};
use crate::is_on;

/// The role whose members administer everything ("Global Administrator"): the same in every
/// tenant.
const ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// Pages of groups and roles of one user.
const PAGES: usize = 20;

#[derive(Deserialize)]
struct Tenant {
    id: String,
    #[serde(rename = "displayName")]
    name: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(rename = "accountEnabled")]
    enabled: Option<bool>,
}

#[derive(Deserialize)]
struct Holder {
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
    #[serde(rename = "roleTemplateId")]
    template: Option<String>,
}

/// What Graph says of the organisation.
pub fn about(host: &dyn Host) -> Result<Details, Failure> {
    let graph = Graph::of(host)?;
    let all: Listed<Tenant> = graph.read("organization?$select=id,displayName", Need::Organisation, None)?;
    let tenant = all.value.into_iter().next();
    let tenant = tenant.ok_or_else(|| Failure::new(FailKind::NotFound, "Microsoft Graph names no organisation"))?;
    let name = tenant.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| tenant.id.clone());
    Ok(Details { id: tenant.id, name })
}

/// What somebody is there now: with a role through a group too. An account that is disabled
/// is nothing.
pub fn roles_of(host: &dyn Host, user: &str) -> Result<Vec<Role>, Failure> {
    if !is_on(host, "administrators") {
        let why = "roles are not read: set `administrators=true` and grant Directory.Read.All for it";
        return Err(Failure::new(FailKind::Unsupported, why));
    }
    let graph = Graph::of(host)?;
    let Some(user) = found(&graph, user.trim())? else { return Ok(Vec::new()) };
    let mut roles = vec![Role::Member];
    let set = format!("users/{}/transitiveMemberOf", encoded(&user));
    let mut at = format!("{set}?$top=999");
    for _ in 0..PAGES {
        let page: Listed<Holder> = graph.read(&at, Need::Roles, None)?;
        for holder in page.value {
            if holder.kind.as_deref() != Some("#microsoft.graph.directoryRole") {
                continue;
            }
            // of what an application may not read, Graph tells that it is there, and no more
            let template = holder.template.ok_or_else(|| {
                let why = "Microsoft Graph names a role of an administrator without saying which: grant the \
                           application permission Directory.Read.All";
                Failure::new(FailKind::Denied, why)
            })?;
            if template.eq_ignore_ascii_case(ADMINISTRATOR) {
                roles.push(Role::Administrator);
                return Ok(roles);
            }
        }
        let Some(next) = page.next else { return Ok(roles) };
        at = graph.kept(&next, "users")?;
    }
    Err(Failure::new(FailKind::Limit, "somebody is in more groups than are looked at"))
}

/// The id of a user who is enabled, by their id or their address.
fn found(graph: &Graph<'_>, user: &str) -> Result<Option<String>, Failure> {
    if user.is_empty() || user.len() > 320 || user.chars().any(char::is_control) {
        return Err(nobody());
    }
    let user: User = if is_guid(user) {
        graph.read(&format!("users/{user}?$select=id,accountEnabled"), Need::Users, None)?
    } else {
        let quoted = user.replace('\'', "''");
        let filter = format!("mail eq '{quoted}' or userPrincipalName eq '{quoted}'");
        let path = format!("users?$filter={}&$select=id,accountEnabled&$top=2", encoded(&filter));
        let mut all: Vec<User> = graph.read::<Listed<User>>(&path, Need::Users, None)?.value;
        match (all.pop(), all.pop()) {
            (None, _) => return Err(nobody()),
            (Some(one), None) => one,
            (Some(_), Some(_)) => {
                return Err(Failure::new(FailKind::Conflict, "two users of the tenant have this address"));
            }
        }
    };
    Ok((user.enabled != Some(false)).then_some(user.id))
}

fn nobody() -> Failure {
    Failure::new(FailKind::NotFound, "nobody in the tenant has this id or address")
}

pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text
            .char_indices()
            .all(|(at, c)| if matches!(at, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() })
}
