//! OpenID Connect as the use cases see it: what is asked of the port, what comes back, and why
//! somebody is not let in.

use std::collections::BTreeSet;
use std::fmt;

use ipnet::IpNet;
use url::Url;

use crate::credential::Secret;
use crate::provider::OpenIdSettings;
use crate::time::Ts;

/// A provider with its secret.
#[derive(Clone, Debug)]
pub struct OpenIdParty {
    /// How it is spoken to.
    pub settings: OpenIdSettings,
    /// Our secret there; a public client has none.
    pub secret: Option<Secret>,
    /// Where it sends browsers back: the address as it was registered there.
    pub redirect: String,
}

impl OpenIdParty {
    /// Networks that are not public and may be reached for it.
    pub fn reach(&self) -> Vec<IpNet> {
        self.settings.reach()
    }
}

/// What only this sign-in knows: drawn by us, kept here until the browser comes back.
#[derive(Clone, Debug)]
pub struct OpenIdSecrets {
    /// Comes back with the browser.
    pub state: Secret,
    /// Comes back in the token.
    pub nonce: Secret,
    /// Proves that the code was asked for by us (RFC 7636).
    pub verifier: Secret,
}

/// What a browser brought back.
#[derive(Clone, Debug, Default)]
pub struct OpenIdBack {
    /// The code.
    pub code: Option<Secret>,
    /// Who sent it, where the provider says so (RFC 9207).
    pub issuer: Option<String>,
    /// What went wrong there, a code of the standard.
    pub error: Option<String>,
}

/// What a token says, after everything about it was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenIdClaims {
    /// Who it is there.
    pub subject: String,
    /// A name to address them by.
    pub name: Option<String>,
    /// An address; nobody is recognised by it.
    pub email: Option<String>,
    /// Their groups. None: the provider did not say them all.
    pub groups: Option<BTreeSet<String>>,
}

impl fmt::Debug for OpenIdClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenIdClaims(…)")
    }
}

/// A try of a provider's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIdFound {
    /// Where browsers are sent to.
    pub authorization: String,
    /// How many keys it signs with.
    pub keys: usize,
    /// When the certificate ends that it showed; of several the first that ends.
    pub certificate_until: Option<Ts>,
}

/// Somebody is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIdRefusal {
    /// Why.
    pub reason: ProofReason,
    /// In words for the log: no secret, nobody's name.
    pub detail: String,
}

impl OpenIdRefusal {
    /// Makes one.
    pub fn new(reason: ProofReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

/// Where a browser is sent.
pub type OpenIdStart = Result<Url, OpenIdRefusal>;

/// Why somebody who comes from a provider is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`code` and `words` say each of them")]
pub enum ProofReason {
    Unknown,
    OtherBrowser,
    Denied,
    ProviderError,
    MixUp,
    Unreachable,
    Discovery,
    DiscoveryIssuer,
    Keys,
    CodeRefused,
    Answer,
    NoToken,
    Algorithm,
    Signature,
    Issuer,
    Audience,
    Nonce,
    Expired,
    Future,
    Token,
    Userinfo,
    Tenant,
    Domain,
    NoAccount,
    NoAddress,
    AddressTaken,
    NoRole,
    Groups,
    Inactive,
    Several,
    IdentityTaken,
    OtherAccount,
    Invitation,
}

impl ProofReason {
    /// Each of them.
    pub const ALL: [Self; 33] = [
        Self::Unknown,
        Self::OtherBrowser,
        Self::Denied,
        Self::ProviderError,
        Self::MixUp,
        Self::Unreachable,
        Self::Discovery,
        Self::DiscoveryIssuer,
        Self::Keys,
        Self::CodeRefused,
        Self::Answer,
        Self::NoToken,
        Self::Algorithm,
        Self::Signature,
        Self::Issuer,
        Self::Audience,
        Self::Nonce,
        Self::Expired,
        Self::Future,
        Self::Token,
        Self::Userinfo,
        Self::Tenant,
        Self::Domain,
        Self::NoAccount,
        Self::NoAddress,
        Self::AddressTaken,
        Self::NoRole,
        Self::Groups,
        Self::Inactive,
        Self::Several,
        Self::IdentityTaken,
        Self::OtherAccount,
        Self::Invitation,
    ];

    /// Its stable code, in the log and the audit, and what it means.
    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Unknown => (
                "state-unknown",
                "no sign-in of this state was begun, it was finished already, or it took longer than ten minutes",
            ),
            Self::OtherBrowser => ("other-browser", "the sign-in was begun in another browser"),
            Self::Denied => ("denied", "the provider did not let them in, or they went back"),
            Self::ProviderError => ("provider-error", "the provider reported an error"),
            Self::MixUp => {
                ("mix-up", "the answer names another issuer than the one that was asked, or none where it promises one")
            }
            Self::Unreachable => ("unreachable", "the provider cannot be reached"),
            Self::Discovery => ("discovery", "the provider's discovery document cannot be used"),
            Self::DiscoveryIssuer => {
                ("discovery-issuer", "the discovery document names another issuer than the configured one")
            }
            Self::Keys => ("keys", "the provider's keys cannot be used"),
            Self::CodeRefused => ("code-refused", "the provider did not take the code, or us"),
            Self::Answer => ("answer", "the provider's answer to the code cannot be read"),
            Self::NoToken => ("no-token", "there is no ID token in the provider's answer"),
            Self::Algorithm => ("algorithm", "the ID token is not signed, or by an algorithm that is not taken"),
            Self::Signature => ("signature", "the ID token's signature is none of the provider's"),
            Self::Issuer => ("issuer", "the ID token is of another issuer"),
            Self::Audience => ("audience", "the ID token is for somebody else"),
            Self::Nonce => ("nonce", "the ID token belongs to another sign-in"),
            Self::Expired => ("expired", "the ID token is not good any more"),
            Self::Future => ("future", "the ID token was made later than now: compare the clocks"),
            Self::Token => ("token", "the ID token lacks what it has to say"),
            Self::Userinfo => ("userinfo", "the user's claims cannot be read, or are of somebody else"),
            Self::Tenant => ("tenant", "they are of another Microsoft tenant"),
            Self::Domain => ("domain", "they are of another Google domain"),
            Self::NoAccount => {
                ("no-account", "nobody here has this identity, and accounts are not made for whoever comes")
            }
            Self::NoAddress => ("no-address", "an account cannot be made: the provider gives no e-mail address"),
            Self::AddressTaken => (
                "address-taken",
                "an account with the same e-mail address is there, which is no proof that it is theirs",
            ),
            Self::NoRole => ("no-role", "neither the account nor a rule gives a role"),
            Self::Groups => ("groups", "the provider does not say all of their groups, and roles depend on them"),
            Self::Inactive => ("inactive", "their account is disabled, or they left"),
            Self::Several => ("several", "several accounts belong to this person"),
            Self::IdentityTaken => ("identity-taken", "another account has this identity"),
            Self::OtherAccount => ("other-account", "somebody else is signed in by now"),
            Self::Invitation => ("invitation", "the invitation is not good any more"),
        }
    }

    /// Its stable code.
    pub const fn code(self) -> &'static str {
        self.told().0
    }

    /// What it means, for an administrator.
    pub const fn words(self) -> &'static str {
        self.told().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_code_of_its_own() {
        let codes: BTreeSet<_> = ProofReason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), ProofReason::ALL.len());
    }
}
