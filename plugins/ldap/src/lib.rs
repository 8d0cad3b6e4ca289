//! Reads people from an LDAP directory, page by page (RFC 2696). The host connects, binds and
//! searches; which servers, as whom and below which entry is the source's configuration, and
//! never this plugin's to change.

mod groups;
mod hex;
mod person;
mod run;
mod tracking;

use estampe_plugin_sdk::ldap::{Entry, Query};
use estampe_plugin_sdk::{
    Connector, Cursor, Description, Event, Failure, Features, Host, Page, Person, Probe, Rejected, SyncMode,
};

use person::Wanted;

/// People. Machines, which Active Directory derives from them, are left out afterwards: for a
/// server that knows no such class, its negation is undefined, and then nobody fits (RFC 4511,
/// section 4.5.1.7).
const PEOPLE: &str = "(|(objectClass=person)(objectClass=posixAccount))";

/// Entries of a page: with a photo of 100 KiB each, a page stays below what a call may hold.
const PAGE: u32 = 150;

/// Octets of a name that is shown.
const SHOWN: usize = 255;

/// The connector.
#[derive(Debug)]
pub struct Ldap;

impl Connector for Ldap {
    fn describe() -> Description {
        Description { features: Features { incremental: true }, attributes: person::fields() }
    }

    fn check(host: &dyn Host) -> Vec<Probe> {
        let mut probes = Vec::new();
        let _ = try_everything(host, &mut probes);
        probes
    }

    fn sync_page(host: &dyn Host, mode: SyncMode, from: Option<Cursor>) -> Result<Page, Failure> {
        match mode {
            SyncMode::Full => run::full(host, from),
            SyncMode::Incremental => run::incremental(host, from),
        }
    }
}

fn query(host: &dyn Host) -> Query {
    let attributes = Wanted::of(host).attributes();
    // logins are read for groups alone
    let login = groups::are_wanted(host).then_some("uid");
    let login =
        login.map(str::to_owned).filter(|login| !attributes.iter().any(|name| name.eq_ignore_ascii_case(login)));
    Query::new(PEOPLE).attributes(attributes.into_iter().chain(login)).page_size(PAGE)
}

/// The attribute that identifies people, unless the first present does.
fn identity(host: &dyn Host) -> Option<String> {
    host.config("identity").filter(|chosen| chosen != "auto")
}

/// How entries are read.
struct Reader {
    wanted: Wanted,
    /// The attribute that identifies people, unless the first present does.
    identity: Option<String>,
    now: i64,
    /// Whether the names by which groups refer to people are told.
    handles: bool,
}

impl Reader {
    fn of(host: &dyn Host) -> Self {
        Self { wanted: Wanted::of(host), identity: identity(host), now: host.now(), handles: groups::are_wanted(host) }
    }

    fn person(&self, entry: &Entry) -> Result<Person, String> {
        person::person(entry, &self.wanted, self.identity.as_deref(), self.now)
    }

    /// A person, or why there is none: one bad entry does not fail the run.
    fn event(&self, entry: &Entry) -> Event {
        let position = shown(&entry.dn);
        match self.person(entry) {
            Ok(mut person) => {
                person.position = Some(position);
                if self.handles {
                    person.handles = groups::handles(entry);
                }
                Event::Person(person)
            }
            Err(reason) => {
                let id = person::identity_of(entry, self.identity.as_deref()).ok();
                Event::Rejected(Rejected { id, position, reason })
            }
        }
    }
}

/// The beginning of a name.
fn shown(dn: &str) -> String {
    let end = (0..=SHOWN.min(dn.len())).rev().find(|end| dn.is_char_boundary(*end)).unwrap_or_default();
    dn[..end].to_owned()
}

/// Fills in a probe for each thing tried, and stops at the first that fails.
fn try_everything(host: &dyn Host, probes: &mut Vec<Probe>) -> Option<()> {
    let mut keep = |name: &str, result: Result<String, Failure>| match result {
        Ok(detail) => {
            probes.push(Probe::passed(name, detail));
            Some(())
        }
        Err(failure) => {
            probes.push(Probe::failed(name, failure.message));
            None
        }
    };
    keep("directory", host.ldap_root_dse().map(|root| kind_of(&root)))?;
    let page = host.ldap_search(&query(host));
    let found = page.as_ref().map_err(Failure::clone).and_then(|page| match page.entries.len() {
        0 => Err(Failure::config("nobody is found there: look at the base, the filter, and what the account may read")),
        count => Ok(format!("{count} on the first page{}", if page.next.is_some() { ", and more" } else { "" })),
    });
    keep("people", found)?;
    let (mut entries, reader) = (page.ok()?.entries, Reader::of(host));
    entries.retain(person::is_person);
    let refusal = |entry| reader.person(entry).err();
    let refused: Vec<_> = entries.iter().filter_map(refusal).collect();
    keep(
        "first entries",
        match refused.first() {
            Some(reason) if refused.len() == entries.len() => {
                Err(Failure::config(format!("none can be used: {reason}")))
            }
            Some(reason) => {
                Ok(format!("{} can be used, {} not: {reason}", entries.len() - refused.len(), refused.len()))
            }
            None => Ok("all of them can be used".to_owned()),
        },
    )?;
    if groups::are_wanted(host) {
        let page = host.ldap_search(&groups::query());
        let found = page.map(|page| {
            let count = page.entries.len();
            format!("{count} on the first page{}", if page.next.is_some() { ", and more" } else { "" })
        });
        keep("groups", found)?;
    }
    Some(())
}

/// What kind of server it says that it is (RFC 3045; Active Directory counts its changes).
fn kind_of(root: &Entry) -> String {
    match root.text("vendorName") {
        _ if root.value("highestCommittedUSN").is_some() => "answers: Active Directory".to_owned(),
        Some(vendor) => format!("answers: {}", shown(vendor)),
        None => "answers".to_owned(),
    }
}

estampe_plugin_sdk::export_connector!(Ldap);
