//! Sign-in providers: who else may say who somebody is, an OpenID Connect provider or the
//! directory of a source, and what whoever comes from there becomes here.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::access::{Role, Roles};
use crate::ids::{AccountId, ProviderId, SourceId};
use crate::text::Line;
use crate::time::Ts;

/// What Google's tokens name as their issuer.
pub const GOOGLE: &str = "https://accounts.google.com";
/// Before and after the tenant in Microsoft's.
const MICROSOFT: (&str, &str) = ("https://login.microsoftonline.com/", "/v2.0");
/// Rules of one provider.
pub const MAX_RULES: usize = 100;

/// A sign-in provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// Its name in addresses and commands, unique.
    pub name: String,
    /// What its button at the door says.
    pub label: String,
    /// Who says who somebody is.
    pub kind: ProviderKind,
    /// What becomes of whoever comes.
    pub coming: Coming,
    /// Made when.
    pub created_at: Ts,
}

impl Provider {
    /// What its identities name as their issuer.
    pub fn issuer(&self) -> String {
        match &self.kind {
            ProviderKind::OpenId(settings) => settings.issuer.clone(),
            ProviderKind::Directory { source } => format!("urn:uuid:{source}"),
        }
    }

    /// Whether it is the directory of a source.
    pub const fn is_directory(&self) -> bool {
        matches!(self.kind, ProviderKind::Directory { .. })
    }

    /// Its settings as they are typed; a directory's source and groups by their ids.
    pub fn form(&self) -> ProviderForm {
        let rule = |rule: &RoleRule| format!("{}={}", rule.group, rule.role.as_str());
        let mut form = ProviderForm {
            name: self.name.clone(),
            label: self.label.clone(),
            create: self.coming.create,
            roles: self.coming.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            rules: self.coming.rules.iter().map(rule).collect::<Vec<_>>().join("\n"),
            ..ProviderForm::default()
        };
        match &self.kind {
            ProviderKind::Directory { source } => {
                "directory".clone_into(&mut form.kind);
                form.source = source.to_string();
            }
            ProviderKind::OpenId(settings) => {
                settings.preset.as_str().clone_into(&mut form.kind);
                settings.tenant().unwrap_or_default().clone_into(&mut form.tenant);
                form.issuer.clone_from(&settings.issuer);
                form.client_id.clone_from(&settings.client_id);
                form.domain = settings.domain.clone().unwrap_or_default();
                form.scopes = settings.scopes.join(" ");
                form.groups_claim = settings.groups_claim.clone().unwrap_or_default();
                form.networks = settings.networks.join(" ");
            }
        }
        form
    }
}

/// Who says who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ProviderKind {
    /// An OpenID Connect provider.
    OpenId(OpenIdSettings),
    /// The directory of a source, which people sign in to by name and password.
    Directory {
        /// The source.
        source: SourceId,
    },
}

/// Whose habits an OpenID Connect provider has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// The standard's.
    #[default]
    Generic,
    /// Google's: who comes is of one hosted domain (`hd`).
    Google,
    /// Microsoft's: of one tenant (`tid`), and known by `oid`, since `sub` is another one for
    /// each application.
    Microsoft,
}

impl Preset {
    /// As commands and forms name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "oidc",
            Self::Google => "google",
            Self::Microsoft => "microsoft",
        }
    }
}

/// How an OpenID Connect provider is spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenIdSettings {
    /// Whose habits it has.
    pub preset: Preset,
    /// Its issuer, as it writes it itself: compared letter by letter.
    pub issuer: String,
    /// Who we are there.
    pub client_id: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that names groups.
    pub groups_claim: Option<String>,
    /// Google's hosted domain.
    pub domain: Option<String>,
    /// Networks that are not public and may be reached for it.
    pub networks: Vec<String>,
}

impl OpenIdSettings {
    /// The networks, read.
    pub fn reach(&self) -> Vec<IpNet> {
        self.networks.iter().filter_map(|network| network.parse().ok()).collect()
    }

    /// Microsoft's tenant.
    pub fn tenant(&self) -> Option<&str> {
        let rest = self.issuer.strip_prefix(MICROSOFT.0)?.strip_suffix(MICROSOFT.1)?;
        (self.preset == Preset::Microsoft).then_some(rest)
    }
}

/// What becomes of whoever comes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coming {
    /// Whether somebody who has no account gets one.
    pub create: bool,
    /// The roles of an account that is made.
    #[serde(with = "names")]
    pub roles: Roles,
    /// Which groups have which roles. They are looked at each time that somebody comes.
    pub rules: Vec<RoleRule>,
}

impl Coming {
    /// What the groups of somebody give: what the rules name and nothing else.
    pub fn mapped(&self, groups: &BTreeSet<String>) -> Roles {
        self.rules.iter().filter(|rule| groups.contains(&rule.group)).map(|rule| rule.role).collect()
    }
}

/// Whoever is in the group has the role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRule {
    /// A value of the claim; of a directory the id of a group of ours.
    pub group: String,
    /// The role.
    #[serde(with = "name")]
    pub role: Role,
}

/// The roles of an account after it signed in: what an administrator gave by hand stays, what
/// this provider's rules gave follows them. `had` is what the account has, `given` what rules
/// of any provider gave, `other` what those of other providers gave.
pub fn followed(had: Roles, given: Roles, other: Roles, mapped: Roles) -> Roles {
    let by_hand = had.iter().filter(|role| !given.has(*role));
    by_hand.chain(other.iter().filter(|role| had.has(*role))).chain(mapped.iter()).collect()
}

/// An account's identity at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountIdentity {
    /// Whose.
    pub account: AccountId,
    /// Who says so.
    pub issuer: String,
    /// Who it is there; never used again for somebody else.
    pub subject: String,
    /// Since when.
    pub created_at: Ts,
    /// When somebody last signed in by it.
    pub used_at: Option<Ts>,
}

/// What is typed for a provider; checked by [`ProviderForm::read`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `Provider` and `OpenIdSettings`")]
pub struct ProviderForm {
    pub name: String,
    pub label: String,
    /// `oidc`, `google`, `microsoft` or `directory`.
    pub kind: String,
    pub issuer: String,
    pub tenant: String,
    pub domain: String,
    pub client_id: String,
    pub scopes: String,
    pub groups_claim: String,
    pub networks: String,
    /// The source's name.
    pub source: String,
    pub create: bool,
    pub roles: Vec<String>,
    /// `group=role`, one a line.
    pub rules: String,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormProblem {
    /// It is needed.
    Needed,
    /// It is no name for an address.
    Name,
    /// Another provider has it.
    Taken,
    /// There is no such kind.
    Kind,
    /// It is no https address of an issuer.
    Issuer,
    /// It is not the id of a tenant.
    Tenant,
    /// It is no domain.
    Domain,
    /// It is no network.
    Network,
    /// There is no such source.
    Source,
    /// There is no such role.
    Role,
    /// A line is not `group=role`.
    Rule,
    /// There is no such group, or several have the name.
    Group,
    /// There are too many.
    TooMany,
    /// Whoever is made an account needs a role.
    NoRole,
    /// It was given to another issuer.
    Again,
}

impl FormProblem {
    /// In words, for a command.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Needed => "it is needed",
            Self::Name => "1 to 40 letters a to z, digits and hyphens are right",
            Self::Taken => "another provider has it",
            Self::Kind => "oidc, google, microsoft or directory is right",
            Self::Issuer => {
                "an address that begins with https:// and has no query is right, letter by letter as the provider writes it"
            }
            Self::Tenant => {
                "the id of one tenant is right, such as 72f988bf-86f1-41af-91ab-2d7cd011db47; not its name, common or organizations"
            }
            Self::Domain => "a domain such as example.com is right",
            Self::Network => "networks such as 10.0.0.0/8 are right, with a space between them",
            Self::Source => "there is no such source; see estampe source list",
            Self::Role => {
                "employee, team-manager, card-designer, integrator, auditor, data-protection-officer or administrator is right"
            }
            Self::Rule => "each is group=role",
            Self::Group => "the source has no such group, or several of this name: give its id; see estampe group list",
            Self::TooMany => "there are too many",
            Self::Again => "give it again: the issuer is another one now, and would be sent what was the first one's",
            Self::NoRole => "whoever gets an account needs a role: name one, or give rules",
        }
    }
}

/// A form that was read: all but what has to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadForm {
    /// The name.
    pub name: String,
    /// The label.
    pub label: String,
    /// None: a directory, whose source has to be found by its name.
    pub open_id: Option<OpenIdSettings>,
    /// What becomes of whoever comes. A directory's groups stand in it as they were typed.
    pub coming: Coming,
}

/// A field and what is wrong with it.
pub type FormProblems = Vec<(&'static str, FormProblem)>;

impl ProviderForm {
    /// Reads it, or says what is wrong with which field.
    pub fn read(&self) -> Result<ReadForm, FormProblems> {
        let mut problems = Vec::new();
        let name = self.name.trim();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 40 || !name.chars().all(is_name) {
            problems.push(("name", FormProblem::Name));
        }
        let label = self.label.parse::<Line>().ok().filter(|label| label.as_str().chars().count() <= 60);
        if label.is_none() {
            problems.push(("label", FormProblem::Needed));
        }
        let open_id = match self.kind.as_str() {
            "directory" => {
                if self.source.trim().is_empty() {
                    problems.push(("source", FormProblem::Needed));
                }
                None
            }
            "oidc" => Some(Preset::Generic),
            "google" => Some(Preset::Google),
            "microsoft" => Some(Preset::Microsoft),
            _ => {
                problems.push(("kind", FormProblem::Kind));
                None
            }
        };
        let open_id = open_id.map(|preset| self.open_id(preset, &mut problems));
        let coming = self.coming(&mut problems);
        match label {
            Some(label) if problems.is_empty() => {
                Ok(ReadForm { name: name.to_owned(), label: label.as_str().to_owned(), open_id, coming })
            }
            _ => Err(problems),
        }
    }

    fn open_id(&self, preset: Preset, problems: &mut FormProblems) -> OpenIdSettings {
        let client_id = self.client_id.trim().to_owned();
        if client_id.is_empty() || client_id.len() > 512 || client_id.chars().any(char::is_control) {
            problems.push(("client-id", FormProblem::Needed));
        }
        let domain = self.domain.trim().to_lowercase();
        let issuer = match preset {
            Preset::Generic => self.issuer.trim().to_owned(),
            Preset::Google => GOOGLE.to_owned(),
            Preset::Microsoft => format!("{}{}{}", MICROSOFT.0, self.tenant.trim().to_lowercase(), MICROSOFT.1),
        };
        match preset {
            Preset::Generic if !is_issuer(&issuer) => problems.push(("issuer", FormProblem::Issuer)),
            // anybody at all has an account at Google
            Preset::Google if !is_domain(&domain) => problems.push(("domain", FormProblem::Domain)),
            Preset::Microsoft
                if uuid::Uuid::try_parse(self.tenant.trim()).is_err() || self.tenant.trim().len() != 36 =>
            {
                problems.push(("tenant", FormProblem::Tenant));
            }
            _ => {}
        }
        let mut scopes: Vec<String> = self.scopes.split_whitespace().map(str::to_owned).collect();
        if scopes.is_empty() {
            scopes = ["email", "profile"].map(str::to_owned).into();
        }
        scopes.retain(|scope| scope != "openid");
        let networks: Vec<String> = self
            .networks
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|n| !n.is_empty())
            .map(str::to_owned)
            .collect();
        if networks.len() > 32 || networks.iter().any(|network| network.parse::<IpNet>().is_err()) {
            problems.push(("networks", FormProblem::Network));
        }
        let groups_claim = Some(self.groups_claim.trim().to_owned()).filter(|claim| !claim.is_empty());
        OpenIdSettings {
            preset,
            issuer,
            client_id,
            scopes,
            groups_claim,
            domain: (preset == Preset::Google).then_some(domain),
            networks,
        }
    }

    fn coming(&self, problems: &mut FormProblems) -> Coming {
        let mut given = Roles::NONE;
        for name in &self.roles {
            match Role::from_stored(name) {
                Some(role) => given = given.with(role),
                None => problems.push(("roles", FormProblem::Role)),
            }
        }
        let mut rules = Vec::new();
        for line in self.rules.lines().map(str::trim).filter(|line| !line.is_empty()) {
            // a group of a directory may have the sign in its own name
            let Some((group, role)) = line.rsplit_once('=') else {
                problems.push(("rules", FormProblem::Rule));
                break;
            };
            let group = group.trim().to_owned();
            match Role::from_stored(role.trim()) {
                Some(role) if !group.is_empty() => rules.push(RoleRule { group, role }),
                Some(_) => problems.push(("rules", FormProblem::Rule)),
                None => problems.push(("rules", FormProblem::Role)),
            }
        }
        if rules.len() > MAX_RULES {
            problems.push(("rules", FormProblem::TooMany));
        }
        if self.create && given.is_empty() && rules.is_empty() {
            problems.push(("roles", FormProblem::NoRole));
        }
        Coming { create: self.create, roles: given, rules }
    }
}

/// Whether an address can be an issuer's (OpenID Connect Discovery 1.0, section 2): https,
/// with neither query nor fragment, and nobody's name in it.
fn is_issuer(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    url.scheme() == "https" && url.host_str().is_some() && plain && text.len() <= 512 && text.starts_with("https://")
}

fn is_domain(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    text.len() <= 253 && text.contains('.') && text.split('.').all(part)
}

/// A role by its name.
mod name {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::access::Role;

    pub fn serialize<S: Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(role.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
        let name = String::deserialize(deserializer)?;
        Role::from_stored(&name).ok_or_else(|| D::Error::custom("no such role"))
    }
}

/// Roles by their names.
mod names {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::access::{Role, Roles};

    pub fn serialize<S: Serializer>(roles: &Roles, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(roles.iter().map(Role::as_str))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Roles, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let role = |name: &String| Role::from_stored(name).ok_or_else(|| D::Error::custom("no such role"));
        names.iter().map(role).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kind: &str) -> ProviderForm {
        ProviderForm {
            name: "siege".to_owned(),
            label: "Siège".to_owned(),
            kind: kind.to_owned(),
            client_id: "estampe".to_owned(),
            ..ProviderForm::default()
        }
    }

    #[test]
    fn only_https_addresses_are_issuers() {
        let with = |issuer: &str| ProviderForm { issuer: issuer.to_owned(), ..form("oidc") }.read();
        for good in
            ["https://sso.example", "https://sso.example/", "https://sso.example:8443/realms/a", "https://127.0.0.1:9"]
        {
            // letter by letter as it was typed
            assert_eq!(with(good).unwrap().open_id.unwrap().issuer, good);
        }
        for bad in [
            "",
            "sso.example",
            "http://sso.example",
            "https://",
            "https://sso.example/?a=b",
            "https://sso.example/#a",
            "https://anna@sso.example/",
            "javascript:alert(1)",
            "HTTPS://sso.example",
        ] {
            assert_eq!(with(bad), Err(vec![("issuer", FormProblem::Issuer)]), "{bad}");
        }
    }

    #[test]
    fn google_wants_a_domain_and_microsoft_one_tenant() {
        assert_eq!(form("google").read(), Err(vec![("domain", FormProblem::Domain)]));
        let google = ProviderForm { domain: "Banque.example".to_owned(), ..form("google") }.read().unwrap();
        let google = google.open_id.unwrap();
        assert_eq!((google.issuer.as_str(), google.domain.as_deref()), (GOOGLE, Some("banque.example")));
        for tenant in ["", "common", "organizations", "consumers", "banque.example", "72f988bf86f141af91ab2d7cd011db47"]
        {
            let form = ProviderForm { tenant: tenant.to_owned(), ..form("microsoft") };
            assert_eq!(form.read(), Err(vec![("tenant", FormProblem::Tenant)]), "{tenant}");
        }
        let tenant = "72F988BF-86f1-41af-91ab-2d7cd011db47".to_owned();
        let microsoft = ProviderForm { tenant, ..form("microsoft") }.read().unwrap().open_id.unwrap();
        assert_eq!(microsoft.issuer, "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0");
        assert_eq!(microsoft.tenant(), Some("72f988bf-86f1-41af-91ab-2d7cd011db47"));
    }

    #[test]
    fn rules_give_what_they_name_and_nothing_else() {
        let rules = "CN=Cards, OU=x=integrator\n\n staff = employee \n".to_owned();
        let read = ProviderForm { rules, issuer: "https://a.example".to_owned(), ..form("oidc") }.read().unwrap();
        let mapped = |groups: &[&str]| read.coming.mapped(&groups.iter().map(|group| (*group).to_owned()).collect());
        assert_eq!(mapped(&["staff"]), Roles::NONE.with(Role::Employee));
        assert_eq!(mapped(&["CN=Cards, OU=x"]), Roles::NONE.with(Role::Integrator));
        assert_eq!(mapped(&["administrator", "Staff", "staff ", ""]), Roles::NONE);
        let wrong =
            |rules: &str| ProviderForm { rules: rules.to_owned(), source: "s".to_owned(), ..form("directory") }.read();
        assert_eq!(wrong("staff"), Err(vec![("rules", FormProblem::Rule)]));
        assert_eq!(wrong("staff=root"), Err(vec![("rules", FormProblem::Role)]));
        assert_eq!(wrong("=employee"), Err(vec![("rules", FormProblem::Rule)]));
        let nothing = ProviderForm { create: true, source: "s".to_owned(), ..form("directory") };
        assert_eq!(nothing.read(), Err(vec![("roles", FormProblem::NoRole)]));
    }

    #[test]
    fn roles_by_hand_stay_and_mapped_ones_follow() {
        use Role::{Auditor as A, Employee as E, Integrator as I};
        let roles = |roles: &[Role]| roles.iter().copied().collect::<Roles>();
        // E by hand, A by the rules of long ago, I by those of today
        assert_eq!(followed(roles(&[E, A]), roles(&[A]), Roles::NONE, roles(&[I])), roles(&[E, I]));
        // nothing any more
        assert_eq!(followed(roles(&[A]), roles(&[A]), Roles::NONE, Roles::NONE), Roles::NONE);
        // another provider's stays
        assert_eq!(followed(roles(&[A, I]), roles(&[A, I]), roles(&[A]), Roles::NONE), roles(&[A]));
        // unless an administrator took it away meanwhile
        assert_eq!(followed(roles(&[I]), roles(&[A, I]), roles(&[A]), Roles::NONE), Roles::NONE);
    }
}
