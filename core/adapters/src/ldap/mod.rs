//! Searches in LDAP directories, by ldap3.
//!
//! The connection and its TLS are made here and not by the library: what is sent before a
//! certificate was verified is one fixed request, and what comes back passes the [`guard`].

mod answer;
mod changes;
mod entering;
mod examine;
mod guard;
mod server;
mod sign_in;
mod tls;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use estampe_domain::Ts;
use estampe_domain::credential::Secret;
use estampe_domain::ldap::examine::ServerReport;
use estampe_domain::ldap::sign_in::Verdict;
use estampe_domain::ldap::{
    LdapAccess, LdapChanges, LdapEntry, LdapPage, LdapQuery, LdapScope, LdapTrack, LdapTracking,
};
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::ports::{LdapClient, LdapConnection};
use ldap3::controls::{Control, ControlType, MakeCritical, PagedResults};
use ldap3::{Ldap, LdapError, Scope, SearchOptions};
use rustls::ClientConfig;
use tokio::task::JoinSet;

use self::answer::At;
use self::entering::{Entered, Shut};
use self::guard::{Ended, Watch};
use self::server::{Credentials, Protection, Server};

/// Octets that the entries of a page may have, and [`VALUE`] for each value.
const MAX_PAGE: usize = 16 << 20;
/// What a value costs besides its octets.
const VALUE: usize = 16;
/// What a page may cost on its way, all of LDAP's own parts included.
const MAX_ANSWER: usize = 40 << 20;
/// The same for an answer without entries.
const MAX_RESULT: usize = 256 << 10;
/// Octets of a server's cookie.
const MAX_COOKIE: usize = 64 << 10;

/// Attributes of the root DSE that say what a server can do (RFC 4512, section 5.1; RFC 3045;
/// Active Directory; OpenLDAP).
const ROOT_DSE: [&str; 15] = [
    "objectClass",
    "namingContexts",
    "supportedControl",
    "supportedExtension",
    "supportedFeatures",
    "supportedLDAPVersion",
    "supportedSASLMechanisms",
    "supportedCapabilities",
    "vendorName",
    "vendorVersion",
    "defaultNamingContext",
    "dnsHostName",
    "dsServiceName",
    "highestCommittedUSN",
    "contextCSN",
];

/// Of the database of an Active Directory server ([MS-ADTS] 3.1.1.1.9).
const INVOCATION: &str = "invocationId";

/// Connects to directories.
#[derive(Clone, Copy, Debug, Default)]
pub struct LdapDirectories;

#[async_trait]
impl LdapClient for LdapDirectories {
    async fn connect(&self, access: &LdapAccess) -> Result<Box<dyn LdapConnection>, PluginFailure> {
        let (servers, tls) = ready(access).await?;
        let credentials = server::credentials(&access.bind)?;
        let mut failed: Vec<PluginFailure> = Vec::new();
        for server in servers {
            let mut connection = match Connection::open(&server, tls.as_ref(), access).await {
                Ok((connection, _)) => connection,
                Err(failure) => {
                    failed.push(failure.into());
                    continue;
                }
            };
            match connection.bind(&credentials).await {
                Ok(()) => return Ok(Box::new(connection)),
                Err(failure) if failure.kind == FailKind::Unavailable => failed.push(failure),
                // another server would say the same, and count it as another wrong password
                Err(failure) => return Err(failure),
            }
        }
        Err(all_failed(failed))
    }

    async fn bind_as(&self, access: &LdapAccess, dn: &str, password: &Secret) -> Result<Verdict, PluginFailure> {
        sign_in::bind_as(access, dn, password).await
    }

    async fn examine(&self, access: &LdapAccess) -> Result<Vec<ServerReport>, PluginFailure> {
        examine::servers(access).await
    }
}

/// The servers, and what is trusted of them where TLS is spoken.
async fn ready(access: &LdapAccess) -> Result<(Vec<Server>, Option<Arc<ClientConfig>>), PluginFailure> {
    let servers = server::servers(access)?;
    let needs_tls = servers.iter().any(|server| server.protection != Protection::None);
    let tls = if needs_tls { Some(tls::trust(access).await?) } else { None };
    Ok((servers, tls))
}

/// No server could be used.
fn all_failed(mut failed: Vec<PluginFailure>) -> PluginFailure {
    if failed.len() == 1
        && let Some(only) = failed.pop()
    {
        return only;
    }
    let to_mend = failed.iter().all(|failure| failure.kind == FailKind::Config);
    let kind = if to_mend { FailKind::Config } else { FailKind::Unavailable };
    let all: Vec<_> = failed.into_iter().map(|failure| failure.message).collect();
    PluginFailure::new(kind, format!("no LDAP server could be used: {}", all.join("; ")))
}

/// A bound connection.
struct Connection {
    ldap: Ldap,
    watch: Arc<Watch>,
    server: String,
    timeout: Duration,
}

/// What an operation of the library came to.
type Outcome<T> = Result<Result<T, PluginFailure>, LdapError>;

impl Connection {
    /// Inside, not yet bound; and when the server's certificate ends.
    async fn open(
        server: &Server,
        tls: Option<&Arc<ClientConfig>>,
        access: &LdapAccess,
    ) -> Result<(Self, Option<Ts>), Shut> {
        let Entered { ldap, watch, certificate_until } = entering::enter(server, tls, access.connect_timeout).await?;
        let (server, timeout) = (server.name.clone(), access.operation_timeout);
        Ok((Self { ldap, watch, server, timeout }, certificate_until))
    }

    async fn bind(&mut self, credentials: &Credentials) -> Result<(), PluginFailure> {
        self.watch.allow(MAX_RESULT);
        let (mut ldap, server, credentials) = (self.ldap.clone(), self.server.clone(), credentials.clone());
        self.run(async move {
            let result = match credentials {
                Credentials::Simple { name, password } => ldap.simple_bind(&name, password.reveal()).await?,
                Credentials::External => ldap.sasl_external_bind().await?,
            };
            Ok(if result.rc == 0 { Ok(()) } else { Err(answer::refusal(&server, At::Bind, &result)) })
        })
        .await
    }

    /// Runs an operation on a task of its own: the library panics over answers that it does
    /// not understand.
    async fn run<T, F>(&self, work: F) -> Result<T, PluginFailure>
    where
        T: Send + 'static,
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        // dropped with this future, and the work ends
        let mut tasks = JoinSet::new();
        tasks.spawn(work);
        let Ok(ended) = tokio::time::timeout(self.timeout, tasks.join_next()).await else {
            return Err(self.lost(&format!("no answer within {:?}", self.timeout)));
        };
        match ended {
            Some(Ok(Ok(outcome))) => outcome,
            Some(Ok(Err(error))) => Err(self.broken(&error).await),
            Some(Err(_)) | None => Err(self.lost("the server's answer cannot be understood")),
        }
    }

    async fn broken(&self, error: &LdapError) -> PluginFailure {
        if matches!(error, LdapError::FilterParsing) {
            return PluginFailure::new(FailKind::Internal, "the library does not take the filter of the search");
        }
        // the library may notice the end before the guard has said why
        for _ in 0..20 {
            match self.watch.ended() {
                Some(Ended::TooLarge) => return too_large(),
                Some(Ended::Lost(why)) => return self.lost(&why),
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
        self.lost("the connection ended")
    }

    fn lost(&self, why: &str) -> PluginFailure {
        PluginFailure::new(FailKind::Unavailable, format!("{}: {why}", self.server))
    }
}

#[async_trait]
impl LdapConnection for Connection {
    async fn root_dse(&mut self) -> Result<LdapEntry, PluginFailure> {
        let query = LdapQuery { attributes: ROOT_DSE.map(str::to_owned).to_vec(), ..whole_entry() };
        let page = self.search(query).await?;
        let none = || PluginFailure::new(FailKind::NotFound, format!("{} shows no root DSE", self.server));
        let mut root = page.entries.into_iter().next().ok_or_else(none)?;
        root.attributes.retain(|(name, _)| !name.eq_ignore_ascii_case(INVOCATION));
        let service = value_of(&root, "dsServiceName").and_then(|name| String::from_utf8(name.to_vec()).ok());
        if let Some(base) = service {
            let attributes = vec![INVOCATION.to_owned()];
            let query = LdapQuery { base, attributes, ..whole_entry() };
            // who may not read it does without
            match self.search(query).await {
                Ok(page) => root.attributes.extend(page.entries.into_iter().flat_map(|entry| entry.attributes)),
                Err(failure) if failure.kind == FailKind::Unavailable => return Err(failure),
                Err(_) => {}
            }
        }
        Ok(root)
    }

    async fn search(&mut self, query: LdapQuery) -> Result<LdapPage, PluginFailure> {
        self.watch.allow(MAX_ANSWER);
        let seconds = i32::try_from(self.timeout.as_secs()).unwrap_or(i32::MAX);
        self.run(page(self.ldap.clone(), self.server.clone(), query, seconds)).await
    }

    async fn changes(&mut self, mut track: LdapTrack) -> Result<LdapChanges, PluginFailure> {
        if track.tracking == LdapTracking::DirSync {
            let root = self.root_dse().await?;
            let none = || PluginFailure::new(FailKind::Unsupported, "no naming context holds the base");
            track.base = changes::context(&root, &track.base).ok_or_else(none)?.to_owned();
        }
        let seconds = i32::try_from(self.timeout.as_secs()).unwrap_or(i32::MAX);
        let first = track.since.is_none();
        loop {
            self.watch.allow(MAX_ANSWER);
            let (ldap, server) = (self.ldap.clone(), self.server.clone());
            let told = self.run(changes::changes(ldap, server, track.clone(), first, seconds)).await?;
            // the position as it is now lies behind all that there is
            if !(first && told.more) {
                return Ok(told);
            }
            if track.since.as_ref() == Some(&told.position) {
                return Err(PluginFailure::new(FailKind::Unavailable, "the server's changes do not end"));
            }
            track = LdapTrack { since: Some(told.position), ..track };
        }
    }
}

/// A query for one entry, whatever it is.
fn whole_entry() -> LdapQuery {
    LdapQuery {
        base: String::new(),
        scope: LdapScope::Base,
        filter: "(objectClass=*)".to_owned(),
        attributes: Vec::new(),
        page_size: 1,
        cookie: None,
    }
}

/// The first value of an attribute.
fn value_of<'e>(entry: &'e LdapEntry, name: &str) -> Option<&'e [u8]> {
    let found = entry.attributes.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    found.1.first().map(Vec::as_slice)
}

fn scope(scope: LdapScope) -> Scope {
    match scope {
        LdapScope::Base => Scope::Base,
        LdapScope::OneLevel => Scope::OneLevel,
        LdapScope::Subtree => Scope::Subtree,
    }
}

async fn page(mut ldap: Ldap, server: String, query: LdapQuery, seconds: i32) -> Outcome<LdapPage> {
    let at = if query.cookie.is_some() { At::NextPage } else { At::Search };
    let scope = scope(query.scope);
    if scope != Scope::Base {
        let size = i32::try_from(query.page_size.max(1)).unwrap_or(i32::MAX);
        // critical: a server without it would send everything at once
        ldap.with_controls(PagedResults { size, cookie: query.cookie.unwrap_or_default() }.critical());
    }
    let mut attributes = query.attributes;
    if attributes.is_empty() {
        // none at all, where an empty list would ask for all of them (RFC 4511, 4.5.1.8)
        attributes.push("1.1".to_owned());
    }
    ldap.with_search_options(SearchOptions::new().timelimit(seconds));
    let mut stream = ldap.streaming_search(&query.base, scope, &query.filter, attributes).await?;
    let (mut entries, mut cost, mut references) = (Vec::new(), 0, 0_u32);
    while let Some(found) = stream.next().await? {
        if found.is_ref() {
            references += 1;
            continue;
        }
        if found.is_intermediate() {
            continue;
        }
        let Some(entry) = answer::entry(found.0) else {
            let message = format!("{server}: an entry of its answer cannot be understood");
            return Ok(Err(PluginFailure::new(FailKind::Unavailable, message)));
        };
        cost += weight(&entry);
        if cost > MAX_PAGE {
            return Ok(Err(too_large()));
        }
        entries.push(entry);
    }
    if references > 0 {
        tracing::debug!(ldap.server = server, ldap.references = references, "referrals are not followed");
    }
    let result = stream.finish().await;
    if result.rc != 0 {
        return Ok(Err(answer::refusal(&server, at, &result)));
    }
    let cookie = result.ctrls.iter().find_map(|control| match control {
        Control(Some(ControlType::PagedResults), raw) if raw.val.is_some() => Some(raw.parse::<PagedResults>().cookie),
        _ => None,
    });
    let cookie = cookie.filter(|cookie| !cookie.is_empty());
    if cookie.as_ref().is_some_and(|cookie| cookie.len() > MAX_COOKIE) {
        let message = format!("{server} gives a cookie of more than {} KiB", MAX_COOKIE >> 10);
        return Ok(Err(PluginFailure::new(FailKind::Limit, message)));
    }
    Ok(Ok(LdapPage { entries, cookie }))
}

fn weight(entry: &LdapEntry) -> usize {
    let values = |values: &Vec<Vec<u8>>| values.iter().map(|value| value.len() + VALUE).sum::<usize>();
    let attributes = entry.attributes.iter().map(|(name, all)| name.len() + VALUE + values(all));
    entry.dn.len() + VALUE + attributes.sum::<usize>()
}

fn too_large() -> PluginFailure {
    let message = format!("a page of more than {} MiB; ask for smaller pages or fewer attributes", MAX_PAGE >> 20);
    PluginFailure::new(FailKind::Limit, message)
}

/// A failure of the network in words.
fn words(error: &io::Error) -> String {
    use io::ErrorKind as K;
    match error.kind() {
        K::ConnectionRefused => "the connection was refused".to_owned(),
        K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof => {
            "the server closed the connection".to_owned()
        }
        K::HostUnreachable | K::NetworkUnreachable | K::NetworkDown => "there is no way to the server".to_owned(),
        K::TimedOut => "no answer in time".to_owned(),
        kind => format!("no connection ({kind})"),
    }
}

#[cfg(test)]
mod tests {
    use estampe_domain::ldap::filter::Filter;
    use ldap3::asn1::Tag;

    /// What is parsed and joined by us has to mean the same to the library.
    #[test]
    fn the_library_takes_every_filter_that_we_write() {
        for text in [
            "(uid=anna)",
            "(&(a=b)(!(c>=d))(|(e<=f)(g~=h)))",
            "(cn=*)",
            "(cn=a*b*c)",
            "(cn=*b*)",
            "(cn=)",
            "(cn= a b )",
            "(cn=Zoé \\28x\\2A\\00)",
            "(jpegPhoto;binary=*)",
            "(2.5.4.3=x)",
            "(a:1.2.840.113556.1.4.803:=2)",
            "(a:=x)",
            "(&)",
            "(a==b:=c)",
            "(uSNChanged>=42)",
        ] {
            let written = Filter::parse(text).unwrap().to_string();
            assert!(ldap3::parse_filter(&written).is_ok(), "{written}");
        }
    }

    proptest::proptest! {
        /// What a guest asks for stays behind the granted filter in the library's eyes too.
        #[test]
        fn the_library_joins_as_we_do(
            name in proptest::sample::select(vec!["a", "a;x", "2.5.4.3", "a:1.2.840.113556.1.4.803:"]),
            sign in proptest::sample::select(vec!["=", ">=", "<=", "~="]),
            value in proptest::collection::vec(
                proptest::sample::select(vec!["*", "\\28", "\\29\\28b=c", "\\2a", "\\00", "\\5c", " ", "é", "=", ":=", "x", "&"]),
                0..6,
            ),
            around in proptest::sample::select(vec![["", ""], ["(!", ")"], ["(|", "(b=c))"], ["(&(b=c)", ")"]]),
        ) {
            let [before, after] = around;
            let text = format!("{before}({name}{sign}{}){after}", value.concat());
            if let Ok(guest) = Filter::parse(&text) {
                let granted = Filter::parse("(objectClass=person)").unwrap();
                let taken = |filter: &Filter| ldap3::parse_filter(filter.to_string()).unwrap();
                let (alone, behind) = (taken(&granted), taken(&guest));
                let Tag::Sequence(joined) = taken(&granted.and(guest)) else { panic!("{text}") };
                proptest::prop_assert_eq!(joined.id, 0);
                proptest::prop_assert_eq!(format!("{:?}", joined.inner), format!("{:?}", [alone, behind]));
            }
        }
    }
}
