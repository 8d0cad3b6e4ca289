//! What the service account may be allowed to do, each part by a credential and a scope of its
//! own: whoever wants no groups need not allow them.

use estampe_plugin_sdk::Host;

use crate::is_on;

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Who administers the Workspace is not among them: see [`Roles`](Self::Roles).
    Users,
    /// Groups and their members.
    Groups,
    /// What the Workspace is called.
    Customer,
    /// Who administers it.
    Roles,
    /// The signatures of a mailbox.
    Gmail,
}

impl Scope {
    /// The manifest's name of the credential.
    pub const fn credential(self) -> &'static str {
        match self {
            Self::Users => "directory",
            Self::Groups => "groups",
            Self::Customer => "customer",
            Self::Roles => "roles",
            Self::Gmail => "gmail",
        }
    }

    /// As it is pasted into Google's console.
    pub const fn address(self) -> &'static str {
        match self {
            Self::Users => "https://www.googleapis.com/auth/admin.directory.user.readonly",
            Self::Groups => "https://www.googleapis.com/auth/admin.directory.group.readonly",
            Self::Customer => "https://www.googleapis.com/auth/admin.directory.customer.readonly",
            Self::Roles => "https://www.googleapis.com/auth/admin.directory.rolemanagement.readonly",
            Self::Gmail => "https://www.googleapis.com/auth/gmail.settings.basic",
        }
    }

    /// The API that has to be switched on in the Cloud project.
    pub const fn api(self) -> &'static str {
        match self {
            Self::Gmail => "Gmail API",
            _ => "Admin SDK API",
        }
    }

    /// Those that a configuration makes use of.
    pub fn used(host: &dyn Host) -> Vec<Self> {
        let people = is_on(host, "people", true);
        let signatures = is_on(host, "signatures", false);
        [
            (Self::Customer, true),
            (Self::Users, people),
            (Self::Groups, people && is_on(host, "groups", false)),
            (Self::Roles, signatures),
            (Self::Gmail, signatures),
        ]
        .into_iter()
        .filter_map(|(scope, used)| used.then_some(scope))
        .collect()
    }
}

/// All of them in one line, for one field of Google's console.
pub fn line(scopes: &[Scope]) -> String {
    let addresses: Vec<_> = scopes.iter().map(|scope| scope.address()).collect();
    addresses.join(",")
}
