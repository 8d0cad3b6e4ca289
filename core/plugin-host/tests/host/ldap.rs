//! Searches of guests: what reaches the directory, and what comes back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use estampe_domain::credential::Secret;
use estampe_domain::ldap::{LdapAccess, LdapBind, LdapChanges, LdapEntry, LdapPage, LdapQuery, LdapScope, LdapTrack};
use estampe_domain::plugin::{FailKind, Page, PluginFailure, SyncCall};
use estampe_domain::ports::{Directory, LdapClient, LdapConnection};
use estampe_plugin_host::{HostSettings, Limits};

use crate::support::{Loaded, Place, call, connector, given};

const PEOPLE: usize = 25;

/// How it was reached, and the search; none for the root DSE.
type Seen = (LdapAccess, Option<LdapQuery>);

/// A directory in memory, whose cookies are good on the connection that gave them.
#[derive(Clone, Default)]
struct Fake {
    seen: Arc<Mutex<Vec<Seen>>>,
    connected: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    lost: Arc<AtomicBool>,
    silent: Arc<AtomicBool>,
    refuses: Arc<AtomicBool>,
    /// Searches after which the connection is lost; 0: none.
    loses_after: Arc<AtomicUsize>,
}

struct Connection {
    fake: Fake,
    access: LdapAccess,
    number: usize,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.fake.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl LdapClient for Fake {
    async fn connect(&self, access: &LdapAccess) -> Result<Box<dyn LdapConnection>, PluginFailure> {
        if self.refuses.load(Ordering::SeqCst) {
            self.connected.fetch_add(1, Ordering::SeqCst);
            return Err(PluginFailure::new(FailKind::Auth, "the password is wrong"));
        }
        self.open.fetch_add(1, Ordering::SeqCst);
        self.lost.store(false, Ordering::SeqCst);
        let number = self.connected.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Connection { fake: self.clone(), access: access.clone(), number }))
    }
}

#[async_trait]
impl LdapConnection for Connection {
    async fn root_dse(&mut self) -> Result<LdapEntry, PluginFailure> {
        self.fake.seen.lock().unwrap().push((self.access.clone(), None));
        Ok(LdapEntry { dn: String::new(), attributes: Vec::new() })
    }

    async fn search(&mut self, query: LdapQuery) -> Result<LdapPage, PluginFailure> {
        self.fake.seen.lock().unwrap().push((self.access.clone(), Some(query.clone())));
        if self.fake.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let last = self.fake.loses_after.load(Ordering::SeqCst);
        let is_beyond = last > 0 && self.fake.seen.lock().unwrap().len() > last;
        if is_beyond || self.fake.lost.load(Ordering::SeqCst) {
            return Err(PluginFailure::new(FailKind::Unavailable, "the server closed the connection"));
        }
        let (connection, from) = match query.cookie.as_deref() {
            None => (self.number, 0),
            Some([b'c', connection, from]) => (usize::from(*connection), usize::from(*from)),
            _ => return Err(PluginFailure::new(FailKind::Internal, "no cookie of this directory")),
        };
        assert_eq!(connection, self.number);
        let to = PEOPLE.min(from + query.page_size as usize);
        let octet = |number: usize| u8::try_from(number).unwrap();
        let entry = |number: usize| LdapEntry {
            dn: format!("uid=p{number}"),
            attributes: vec![
                ("UID".to_owned(), vec![format!("p{number}").into_bytes()]),
                ("userPassword".to_owned(), vec![b"secret".to_vec()]),
            ],
        };
        let cookie = (to < PEOPLE).then(|| vec![b'c', octet(self.number), octet(to)]);
        Ok(LdapPage { entries: (from..to).map(entry).collect(), cookie })
    }

    async fn changes(&mut self, _: LdapTrack) -> Result<LdapChanges, PluginFailure> {
        Err(PluginFailure::new(FailKind::Unsupported, "this directory does not tell what changed"))
    }
}

/// A guest that makes one search, with the cursor as its cookie, and gives back the next
/// cookie as its cursor and the octets of all values as the length of its checkpoint; or
/// the failure.
struct Guest {
    base: Option<&'static str>,
    filter: &'static str,
    attribute: &'static str,
    page_size: u32,
    searches: u32,
}

const GUEST: Guest = Guest { base: None, filter: "(uid=*)", attribute: "uid", page_size: 10, searches: 1 };

impl Guest {
    fn component(&self) -> Vec<u8> {
        let (base, filter, attribute) = (self.base.unwrap_or_default(), self.filter, self.attribute);
        let text = |text: &str| text.replace('\\', "\\\\");
        let is_there = u8::from(self.base.is_some());
        let (base_length, filter_length, attribute_length) = (base.len(), filter.len(), attribute.len());
        let (page_size, searches) = (self.page_size, self.searches);
        connector(&format!(
            "(local $left i32) (local $entry i32) (local $attribute i32) (local $sum i32)
            (i32.store (i32.const 980000) (i32.const 1000000))
            (i32.store (i32.const 980004) (i32.const {attribute_length}))
            (local.set $left (i32.const {searches}))
            (loop $again
                (call $search
                    (i32.const {is_there}) (i32.const 1002000) (i32.const {base_length})
                    (i32.const 2)
                    (i32.const 1004000) (i32.const {filter_length})
                    (i32.const 980000) (i32.const 1)
                    (i32.const 0) (i64.const 0)
                    (i32.const {page_size})
                    (local.get 1) (local.get 2) (local.get 3)
                    (i32.const 0) (i32.const 0)
                    (i32.const 65536))
                (if (i32.load8_u (i32.const 65536)) (then (return (i32.const 65536))))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if $again (local.get $left)))
            (local.set $left (i32.load (i32.const 65548)))
            (local.set $entry (i32.load (i32.const 65544)))
            (if (local.get $left) (then (loop $entries
                (local.set $sum (i32.add (local.get $sum) (i32.load offset=12 (local.get $entry))))
                (local.set $entry (i32.add (local.get $entry) (i32.const 16)))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if $entries (local.get $left)))))
            (i32.store (i32.const 65544) (i32.const 0))
            (i32.store (i32.const 65548) (i32.const 0))
            (i32.store (i32.const 65564) (i32.const 1))
            (i32.store (i32.const 65568) (i32.const 0))
            (i32.store (i32.const 65572) (local.get $sum))
            (i32.const 65536))
            (data (i32.const 1000000) \"{}\")
            (data (i32.const 1002000) \"{}\")
            (data (i32.const 1004000) \"{}\")
            (func (drop (i32.const 0))",
            text(attribute),
            text(base),
            text(filter)
        ))
    }
}

const MANIFEST: &str = r#"
id = "test"
version = "1.0.0"
contract = "0.1.0"
license = "MIT"
[description]
en = "A test"
fr = "Un essai"
[config.servers]
type = "string"
[config.base]
type = "string"
default = "ou=people,dc=example"
[config.filter]
type = "string"
[config.bind-dn]
type = "string"
[config.password]
type = "string"
secret = true
[ldap]
servers = "{servers}"
base = "{base}"
filter = "{filter}"
bind-dn = "{bind-dn}"
password = "{password}"
attributes = ["uid", "mail"]
"#;

struct Trial {
    host: Loaded,
    fake: Fake,
    call: SyncCall,
    _place: Place,
}

impl Trial {
    async fn new(guest: &Guest) -> Self {
        Self::with(&guest.component(), MANIFEST).await
    }

    async fn with(component: &[u8], manifest: &str) -> Self {
        let (place, fake) = (Place::new(), Fake::default());
        place.bundle_of("test", manifest, component);
        let limits = Limits { waiting: Duration::from_secs(1), ..place.settings().limits };
        let settings = HostSettings { ldap: Arc::new(fake.clone()), limits, ..place.settings() };
        let host = Loaded::start(settings).await;
        assert_eq!(host.problems, []);
        let mut call = call("test");
        for (key, value) in
            [("servers", "ldaps://a ldaps://b"), ("filter", "(objectClass=person)"), ("bind-dn", "cn=a")]
        {
            call.connector.config.insert(key.to_owned(), value.to_owned());
        }
        call.given = given(["ldap connect {servers} with password", "ldap read uid"]);
        call.given.secrets.insert("password".to_owned(), Secret::new("s3cr3t"));
        Self { host, fake, call, _place: place }
    }

    async fn page(&self) -> Result<Page, PluginFailure> {
        self.host.sync_page(self.call.clone()).await
    }

    async fn refused(&self) -> PluginFailure {
        let failure = self.page().await.unwrap_err();
        assert_eq!(self.fake.seen.lock().unwrap().len(), 0, "{failure}");
        failure
    }
}

#[tokio::test]
async fn pages_go_over_one_connection_and_show_what_was_asked_for() {
    let mut trial = Trial::new(&GUEST).await;
    let mut attributes = Vec::new();
    loop {
        let page = trial.page().await.unwrap();
        attributes.push(page.checkpoint.unwrap().len());
        // no cookie of the directory's is shown
        assert!(page.next.as_ref().is_none_or(|next| next.len() == 24), "{:?}", page.next);
        trial.call.cursor = page.next;
        if trial.call.cursor.is_none() {
            break;
        }
        assert_eq!(trial.fake.open.load(Ordering::SeqCst), 1);
    }
    // one attribute an entry: the password that the directory gave as well is not handed on
    assert_eq!(attributes, [10, 10, 5]);
    assert_eq!(trial.fake.connected.load(Ordering::SeqCst), 1);
    assert_eq!(trial.fake.open.load(Ordering::SeqCst), 0, "the run has ended");
    let seen = trial.fake.seen.lock().unwrap();
    let (access, query) = seen[0].clone();
    assert_eq!(access.servers, ["ldaps://a", "ldaps://b"]);
    assert_eq!(access.bind, LdapBind::Simple { dn: "cn=a".into(), password: Secret::new("s3cr3t") });
    assert!(!access.clear_text && !access.start_tls);
    let query = query.unwrap();
    assert_eq!((query.base.as_str(), query.scope), ("ou=people,dc=example", LdapScope::Subtree));
    assert_eq!(query.filter, "(&(objectClass=person)(uid=*))");
    assert_eq!((query.attributes.as_slice(), query.page_size), (&["uid".to_owned()][..], 10));
}

#[tokio::test]
async fn what_was_not_granted_does_not_reach_the_directory() {
    for guest in [
        Guest { base: Some("dc=example"), ..GUEST },
        Guest { base: Some("cn=x\\,ou=people,dc=example"), ..GUEST },
        Guest { filter: "(|(uid=*)(userPassword=*))", ..GUEST },
        Guest { filter: "(mail=*)", ..GUEST },
        Guest { attribute: "mail", ..GUEST },
        Guest { attribute: "*", ..GUEST },
        Guest { attribute: "+", ..GUEST },
    ] {
        let failure = Trial::new(&guest).await.refused().await;
        assert_eq!(failure.kind, FailKind::Denied, "{failure}");
    }
    for filter in ["(uid=*))(|(uid=*)", "uid=*", "(uid=*)(uid=*)"] {
        let failure = Trial::new(&Guest { filter, ..GUEST }).await.refused().await;
        assert_eq!(failure.kind, FailKind::Config, "{failure}");
    }
    let mut trial = Trial::new(&GUEST).await;
    for grants in [given(["ldap read uid"]), given(["ldap connect {servers} with password"])] {
        trial.call.given.grants = grants.grants;
        assert_eq!(trial.refused().await.kind, FailKind::Denied);
    }
    // granted, and not asked for by the manifest
    let (without, _) = MANIFEST.split_once("[ldap]").unwrap();
    let trial = Trial::with(&GUEST.component(), without).await;
    let failure = trial.refused().await;
    assert_eq!(failure.kind, FailKind::Denied, "{failure}");
    assert!(failure.message.contains("manifest"), "{failure}");
}

#[tokio::test]
async fn what_the_mapping_names_is_read_by_a_grant_of_its_own_and_passwords_by_none() {
    let manifest = MANIFEST.replace("[ldap]\n", "[ldap]\nmapped = true\n");
    let mapped = |attribute| Guest { attribute, ..GUEST };
    for (guest, more, is_read) in [
        (mapped("employeeType"), "ldap read-mapped", true),
        (mapped("employeeType"), "ldap read mail", false),
        // neither asked for nor mapped
        (mapped("homePhone"), "ldap read-mapped", false),
        (mapped("userPassword"), "ldap read-mapped", false),
        (mapped("2.5.4.35"), "ldap read-mapped", false),
    ] {
        let mut trial = Trial::with(&guest.component(), &manifest).await;
        let fields = ["employeetype", "userpassword", "2.5.4.35"].map(str::to_owned);
        trial.call.given.fields = Arc::new(fields.into());
        let grants = given([more]).grants;
        trial.call.given.grants = trial.call.given.grants.iter().chain(grants.iter()).cloned().collect();
        if is_read {
            trial.page().await.unwrap();
        } else {
            assert_eq!(trial.refused().await.kind, FailKind::Denied, "{} {more}", guest.attribute);
        }
    }
    // granted, and not asked for by the manifest
    let mut trial = Trial::new(&mapped("employeeType")).await;
    trial.call.given.fields = Arc::new(["employeetype".to_owned()].into());
    trial.call.given.grants =
        given(["ldap connect {servers} with password", "ldap read uid", "ldap read-mapped"]).grants;
    assert_eq!(trial.refused().await.kind, FailKind::Denied);
}

#[tokio::test]
async fn a_configuration_without_password_is_no_anonymous_bind() {
    let mut trial = Trial::new(&GUEST).await;
    trial.call.given.secrets.clear();
    let failure = trial.refused().await;
    assert_eq!(failure.kind, FailKind::Config, "{failure}");
    assert!(failure.message.contains("\"password\""), "{failure}");
    trial.call.connector.config.remove("bind-dn");
    trial.page().await.unwrap();
    assert_eq!(trial.fake.seen.lock().unwrap()[0].0.bind, LdapBind::Anonymous);
}

#[tokio::test]
async fn a_cookie_is_good_for_its_run_and_query_while_its_connection_lasts() {
    let mut trial = Trial::new(&GUEST).await;
    let first = trial.page().await.unwrap();
    let foreign = [
        Some(b"c\x00\x0a".to_vec()),
        Some(Vec::new()),
        first.next.clone().map(|mut handle| {
            handle[3] ^= 1;
            handle
        }),
    ];
    for cursor in foreign {
        trial.call.cursor = cursor;
        assert_eq!(trial.page().await.unwrap_err().kind, FailKind::CursorExpired);
    }
    trial.call.cursor = first.next;
    // the same page may be asked for again
    for _ in 0..2 {
        trial.page().await.unwrap();
    }
    // another configuration is another connection
    let mut moved = trial.call.clone();
    moved.connector.config.insert("servers".to_owned(), "ldaps://c".to_owned());
    assert_eq!(trial.host.sync_page(moved).await.unwrap_err().kind, FailKind::CursorExpired);
    assert_eq!(trial.page().await.unwrap_err().kind, FailKind::CursorExpired);

    let mut trial = Trial::new(&GUEST).await;
    trial.call.cursor = trial.page().await.unwrap().next;
    trial.fake.lost.store(true, Ordering::SeqCst);
    let failure = trial.page().await.unwrap_err();
    assert_eq!(failure.kind, FailKind::CursorExpired, "{failure}");
    assert_eq!(trial.fake.open.load(Ordering::SeqCst), 0);
    // a search that begins anew gets a connection anew
    trial.call.cursor = None;
    trial.call.cursor = trial.page().await.unwrap().next;
    assert_eq!(trial.fake.connected.load(Ordering::SeqCst), 2);
    trial.page().await.unwrap();
}

#[tokio::test]
async fn whoever_goes_on_finds_the_next_page_read_already() {
    /// A trial after its second page of three, with so many searches made.
    async fn after_two(searches: usize, lost: bool) -> Trial {
        let mut trial = Trial::new(&GUEST).await;
        trial.call.cursor = trial.page().await.unwrap().next;
        assert_eq!(trial.fake.seen.lock().unwrap().len(), 1, "one page may have been all that was wanted");
        trial.fake.loses_after.store(if lost { 2 } else { 0 }, Ordering::SeqCst);
        trial.call.cursor = trial.page().await.unwrap().next;
        for _ in 0..200 {
            if trial.fake.seen.lock().unwrap().len() == searches {
                return trial;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the third page was not read ahead");
    }
    let trial = after_two(3, false).await;
    let third = trial.page().await.unwrap();
    assert_eq!((third.checkpoint.unwrap().len(), third.next), (5, None));
    assert_eq!(trial.fake.seen.lock().unwrap().len(), 3);
    // what was read ahead is held to what is granted when it is asked for
    let mut trial = after_two(3, false).await;
    trial.call.given = given(["ldap read uid"]);
    assert_eq!(trial.page().await.unwrap_err().kind, FailKind::Denied);
    // a connection lost meanwhile
    let trial = after_two(3, true).await;
    assert_eq!(trial.page().await.unwrap_err().kind, FailKind::CursorExpired);
    assert_eq!(trial.fake.open.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn searches_and_waiting_are_bounded() {
    let many = Trial::new(&Guest { searches: 301, page_size: 1, ..GUEST }).await;
    let failure = many.page().await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Limit, "{failure}");
    assert_eq!(many.fake.seen.lock().unwrap().len(), 300);
    assert_eq!(many.fake.connected.load(Ordering::SeqCst), 1);

    let trial = Trial::new(&GUEST).await;
    trial.fake.silent.store(true, Ordering::SeqCst);
    let begun = Instant::now();
    let failure = trial.page().await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Deadline, "{failure}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    // nobody waits any more: the search is given up long before
    let begun = Instant::now();
    assert!(tokio::time::timeout(Duration::from_millis(100), trial.page()).await.is_err());
    while trial.fake.open.load(Ordering::SeqCst) > 0 {
        assert!(begun.elapsed() < Duration::from_millis(700), "the connection is still open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_servers_own_entry_needs_the_grant_alone() {
    let root = connector(
        "(call $root (i32.const 65536))
        (if (i32.load8_u (i32.const 65536)) (then (return (i32.const 65536))))
        (i32.const 0)",
    );
    let mut trial = Trial::with(&root, MANIFEST).await;
    trial.page().await.unwrap();
    assert_eq!(trial.fake.seen.lock().unwrap().len(), 1);
    trial.call.given = given([]);
    assert_eq!(trial.page().await.unwrap_err().kind, FailKind::Denied);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_in_a_call() {
    // asks twice, whatever the first answer was
    let twice = connector("(call $root (i32.const 65536)) (call $root (i32.const 65536)) (i32.const 65536)");
    let trial = Trial::with(&twice, MANIFEST).await;
    trial.fake.refuses.store(true, Ordering::SeqCst);
    for tries in 1..=2 {
        let failure = trial.page().await.unwrap_err();
        assert_eq!(failure.kind, FailKind::Auth, "{failure}");
        assert_eq!(trial.fake.connected.load(Ordering::SeqCst), tries);
    }
}
