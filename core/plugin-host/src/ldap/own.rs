//! What the host itself does in a source's directory, where no plugin takes part: finds who
//! signs in and tries their password, and looks whether all is well.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use estampe_domain::Ts;
use estampe_domain::credential::Secret;
use estampe_domain::ldap::examine::{Examination, ServerReport, Step, Tried};
use estampe_domain::ldap::mediation::Granted;
use estampe_domain::ldap::sign_in::{LoginEntry, LoginFound, Verdict};
use estampe_domain::ldap::{LdapAccess, LdapEntry, LdapQuery};
use estampe_domain::plugin::{ConnectorSpec, FailKind, Given, PluginFailure, PluginInfo};
use estampe_domain::ports::{LdapClient, LdapConnection};

use super::access::{Login, granted, login};
use crate::call::whole;

/// Pages that one search for a name may have: Active Directory may send empty ones.
const MAX_PAGES: u32 = 16;
/// Time for all searches of an examination.
const LOOKING: Duration = Duration::from_secs(15);

/// The way into a source's directory.
pub struct OwnWay {
    client: Arc<dyn LdapClient>,
    granted: Granted,
    access: LdapAccess,
    login: Result<Login, PluginFailure>,
}

impl OwnWay {
    /// Where the source's configuration leads; nothing is connected yet.
    pub fn new(
        client: Arc<dyn LdapClient>,
        info: &PluginInfo,
        connector: &ConnectorSpec,
        given: &Given,
    ) -> Result<Self, PluginFailure> {
        let config = whole(connector.config.clone(), info);
        let (granted, access) = granted(info, given, &config, None)?;
        Ok(Self { client, granted, access, login: login(info, &config) })
    }

    /// Who has this name.
    pub async fn find_login(&self, name: &str, now: Ts) -> Result<LoginFound, PluginFailure> {
        let login = self.login.as_ref().map_err(Clone::clone)?;
        let query = self.granted.of_login(&login.attributes, name)?;
        // connected even for what cannot be a name: time does not tell
        let mut connection = self.client.connect(&self.access).await?;
        let Some(query) = query else { return Ok(LoginFound::Nobody) };
        let mut found = first(&mut *connection, query, 2).await?;
        Ok(match (found.pop(), found.pop()) {
            (None, _) => LoginFound::Nobody,
            (Some(entry), None) => LoginFound::One(LoginEntry::read(&entry, login.identity.as_deref(), now)),
            (Some(_), Some(_)) => LoginFound::Several,
        })
    }

    /// How a password is answered. Nobody's name gets nobody's password: no server hears what
    /// was typed for somebody else.
    pub async fn bind_login(&self, dn: Option<&str>, password: &Secret) -> Result<Verdict, PluginFailure> {
        if let Some(dn) = dn {
            return self.client.bind_as(&self.access, dn, password).await;
        }
        let random = || u128::from(RandomState::new().hash_one("nobody"));
        let (name, password) = (self.granted.nobodys_name(random() << 64 | random()), format!("{:032x}", random()));
        self.client.bind_as(&self.access, &name, &Secret::new(password)).await
    }

    /// Looks at each server, and with the first that answers at what is needed.
    pub async fn examine(&self) -> Examination {
        let servers = match self.client.examine(&self.access).await {
            Ok(servers) => servers,
            Err(failure) => {
                return Examination {
                    servers: Vec::new(),
                    tried: vec![Tried::failed(Step::Configuration, failure.message)],
                };
            }
        };
        let mut examination = Examination { servers, tried: Vec::new() };
        if examination.servers.iter().any(is_well) {
            let looked = tokio::time::timeout(LOOKING, self.look(&mut examination.tried)).await;
            if looked.is_err() {
                let words = format!("the directory did not answer within {LOOKING:?}");
                examination.tried.push(Tried::failed(Step::Base, words));
            }
        }
        examination
    }

    async fn look(&self, tried: &mut Vec<Tried>) {
        let mut connection = match self.client.connect(&self.access).await {
            Ok(connection) => connection,
            Err(failure) => return tried.push(Tried::failed(Step::Base, failure.message)),
        };
        match connection.search(self.granted.of_base()).await {
            Ok(page) if page.entries.is_empty() => {
                tried.push(Tried::failed(Step::Base, "the base of the source cannot be read"));
            }
            Ok(_) => tried.push(Tried::passed(Step::Base, "the base can be read")),
            Err(failure) => return tried.push(Tried::failed(Step::Base, failure.message)),
        }
        let counts_changes = match connection.root_dse().await {
            Ok(root) => root.values("highestCommittedUSN").next().is_some(),
            Err(failure) => return tried.push(Tried::failed(Step::Changes, failure.message)),
        };
        tried.push(match first(&mut *connection, self.granted.of_changes(), 1).await {
            Ok(found) => changes(counts_changes, found.first()),
            Err(failure) => Tried::failed(Step::Changes, failure.message),
        });
    }
}

/// Whether nothing failed there.
fn is_well(report: &ServerReport) -> bool {
    report.failed.is_none()
}

/// What tells which entries changed, as far as one entry shows it.
fn changes(counts_changes: bool, entry: Option<&LdapEntry>) -> Tried {
    let Some(entry) = entry else {
        return Tried::failed(Step::Changes, "there is no entry to look at");
    };
    let shows = |name: &str| entry.values(name).next().is_some();
    match (counts_changes, shows("uSNChanged"), shows("modifyTimestamp")) {
        (true, true, _) => Tried::passed(Step::Changes, "entries tell when they changed (uSNChanged)"),
        (_, _, true) => Tried::passed(Step::Changes, "entries tell when they changed (modifyTimestamp)"),
        _ => Tried::failed(Step::Changes, "entries do not show when they changed: no uSNChanged, no modifyTimestamp"),
    }
}

/// The first entries that a search finds, so many at most.
async fn first(
    connection: &mut dyn LdapConnection,
    mut query: LdapQuery,
    most: usize,
) -> Result<Vec<LdapEntry>, PluginFailure> {
    let mut found = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = connection.search(query.clone()).await?;
        found.extend(page.entries);
        query.cookie = page.cookie;
        if found.len() >= most || query.cookie.is_none() {
            found.truncate(most);
            return Ok(found);
        }
    }
    let words = format!("the directory sends more than {MAX_PAGES} pages for one name, and nobody on them");
    Err(PluginFailure::new(FailKind::Limit, words))
}
