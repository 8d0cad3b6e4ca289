//! What the Workspace is called, and who administers it.

use estampe_plugin_sdk::{Details, FailKind, Failure, Host, Organisation, Role};
use serde::Deserialize;

use crate::scope::Scope;
use crate::{GoogleWorkspace, address, ask};

/// Pages of a list of roles that are looked at: 2,000 roles.
const MAX_PAGES: usize = 20;

/// `Customer` of the Directory API.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Customer {
    id: String,
    #[serde(rename = "customerDomain")]
    domain: String,
    postal_address: PostalAddress,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PostalAddress {
    organization_name: String,
}

/// A page of assignments or roles.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Items<T> {
    items: Option<Vec<T>>,
    next_page_token: Option<String>,
}

/// `RoleAssignment`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Assignment {
    role_id: String,
    scope_type: String,
    /// Under which condition it counts.
    condition: Option<String>,
}

/// `Role`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Known {
    role_id: String,
    is_super_admin_role: bool,
}

impl Organisation for GoogleWorkspace {
    fn about(host: &dyn Host) -> Result<Details, Failure> {
        let fields = "id,customerDomain,postalAddress/organizationName";
        let url = address::directory(host, "/customers/my_customer", &[("fields", fields)]);
        let customer: Customer = ask::get(host, Scope::Customer, url)?;
        let named = [&customer.postal_address.organization_name, &customer.domain, &customer.id];
        let name = named.into_iter().map(|name| name.trim()).find(|name| !name.is_empty()).unwrap_or_default();
        Ok(Details { name: name.to_owned(), id: customer.id })
    }

    fn roles_of(host: &dyn Host, user: &str) -> Result<Vec<Role>, Failure> {
        let own: Vec<String> = assignments(host, user)?
            .into_iter()
            .filter(|it| it.scope_type == "CUSTOMER" && it.condition.as_ref().is_none_or(String::is_empty))
            .map(|it| it.role_id)
            .collect();
        if own.is_empty() {
            return Ok(vec![Role::Member]);
        }
        // which role is everything is Google's to say: its number differs from one to another
        let fields = [("fields", "nextPageToken,items(roleId,isSuperAdminRole)"), ("maxResults", "100")];
        let roles: Vec<Known> = all(host, "/customer/my_customer/roles", &fields)?;
        let is_all = roles.iter().any(|role| role.is_super_admin_role && own.contains(&role.role_id));
        Ok(vec![if is_all { Role::Administrator } else { Role::Member }])
    }
}

fn assignments(host: &dyn Host, user: &str) -> Result<Vec<Assignment>, Failure> {
    let query =
        [("userKey", user), ("maxResults", "200"), ("fields", "nextPageToken,items(roleId,scopeType,condition)")];
    all(host, "/customer/my_customer/roleassignments", &query).map_err(|failure| match failure.kind {
        // a key that cannot be anybody's is refused as one that is nobody's
        FailKind::NotFound | FailKind::Internal => {
            Failure::new(FailKind::NotFound, "Google knows no user by this address or id")
        }
        _ => failure,
    })
}

/// The items of all pages.
fn all<T: serde::de::DeserializeOwned>(host: &dyn Host, path: &str, query: &[(&str, &str)]) -> Result<Vec<T>, Failure> {
    let (mut found, mut token): (Vec<T>, Option<String>) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let mut query = query.to_vec();
        query.extend(token.as_deref().map(|token| ("pageToken", token)));
        let page: Items<T> = ask::get(host, Scope::Roles, address::directory(host, path, &query))?;
        found.extend(page.items.into_iter().flatten());
        token = page.next_page_token;
        if token.is_none() {
            return Ok(found);
        }
    }
    Err(Failure::new(FailKind::Limit, "the Workspace has more administrators' roles than are looked at"))
}
