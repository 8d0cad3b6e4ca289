//! A connector's host for tests: it really sends the requests of a plugin, to a fake that stands
//! where the real service does. It behaves as the server's own in what a plugin notices: a token
//! is attached last and fetched anew once it is refused, redirects are not followed, a Retry-After
//! is kept, a call makes 200 requests. It holds them to no manifest: where a plugin may go is
//! tested with the server.
//!
//! ```no_run
//! use estampe_live_host::LiveHost;
//!
//! let host = LiveHost::new(|credential, subject| Ok(format!("the token of {credential} for {subject:?}")))
//!     .leading("https://admin.googleapis.com", "http://127.0.0.1:1234")
//!     .with_config("administrator", "admin@banque.example");
//! // let pages = host.full_run::<GoogleWorkspace>();
//! ```

mod http;
mod token;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use estampe_plugin_sdk::http::{Method, Outcome, Request};
use estampe_plugin_sdk::{Connector, Cursor, Event, FailKind, Failure, FileInfo, Host, LogLevel, Page, SyncMode, ldap};

use http::Wire;
pub use token::{form, token_of};

/// Requests of one call, as the server has it.
const MAX_REQUESTS: usize = 200;
/// How often a run asks a page again.
const PATIENCE: usize = 40;

/// Gives the token of a credential, on whose behalf.
type Tokens = dyn Fn(&str, Option<&str>) -> Result<String, Failure>;

/// The host. One is for one source: it remembers photos from run to run.
pub struct LiveHost {
    wire: Wire,
    tokens: Box<Tokens>,
    leads: Vec<(String, String)>,
    config: BTreeMap<String, String>,
    fields: Vec<String>,
    dry_run: bool,
    kept: RefCell<BTreeMap<(String, Option<String>), String>>,
    requests: Cell<usize>,
    photos: RefCell<BTreeMap<String, String>>,
    checkpoint: RefCell<Option<Cursor>>,
    state: RefCell<BTreeMap<String, Vec<u8>>>,
    log: RefCell<Vec<(LogLevel, String)>>,
}

impl LiveHost {
    /// A host that takes tokens from there. Requests go nowhere until they are led somewhere.
    pub fn new(tokens: impl Fn(&str, Option<&str>) -> Result<String, Failure> + 'static) -> Self {
        Self {
            wire: Wire::new(),
            tokens: Box::new(tokens),
            leads: Vec::new(),
            config: BTreeMap::new(),
            fields: Vec::new(),
            dry_run: false,
            kept: RefCell::default(),
            requests: Cell::default(),
            photos: RefCell::default(),
            checkpoint: RefCell::default(),
            state: RefCell::default(),
            log: RefCell::default(),
        }
    }

    /// Sends what is for this origin to that one: `https://graph.microsoft.com` to the fake's. Both
    /// without a slash at the end; the same twice for an origin that is meant as it is.
    pub fn leading(mut self, origin: &str, there: &str) -> Self {
        self.leads.push((origin.to_owned(), there.to_owned()));
        self
    }

    /// Sets one key of the configuration.
    pub fn with_config(mut self, key: &str, value: &str) -> Self {
        self.set_config(key, value);
        self
    }

    /// Changes one key of the configuration.
    pub fn set_config(&mut self, key: &str, value: &str) {
        self.config.insert(key.to_owned(), value.to_owned());
    }

    /// The fields of people that a mapping names.
    pub fn with_fields(mut self, fields: &[&str]) -> Self {
        self.fields = fields.iter().map(|name| name.to_ascii_lowercase()).collect();
        self
    }

    /// From now on nothing is changed: other requests than `GET` and `HEAD` are not sent.
    pub fn in_dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// The lines that were logged.
    pub fn logged(&self) -> Vec<(LogLevel, String)> {
        self.log.borrow().clone()
    }

    /// The version of somebody's photo that the last run brought.
    pub fn photo_of(&self, id: &str) -> Option<String> {
        self.photos.borrow().get(id).cloned()
    }

    /// One call, for what a connector offers besides people: it has its 200 requests.
    pub fn call<R>(&self, call: impl FnOnce(&Self) -> R) -> R {
        self.requests.set(0);
        call(self)
    }

    /// One page.
    pub fn page<C: Connector>(&self, mode: SyncMode, from: Option<Cursor>) -> Result<Page, Failure> {
        self.call(|host| C::sync_page(host, mode, from))
    }

    /// All pages of a full run, and what it brought is remembered as an applied one's: photos and
    /// the checkpoint. Whoever asks to wait is waited for, and a page is asked for again.
    pub fn full_run<C: Connector>(&self) -> Result<Vec<Vec<Event>>, Failure> {
        self.run::<C>(SyncMode::Full, None)
    }

    /// The same of what changed since the last run.
    pub fn incremental_run<C: Connector>(&self) -> Result<Vec<Vec<Event>>, Failure> {
        let from = self.checkpoint.borrow().clone();
        self.run::<C>(SyncMode::Incremental, from)
    }

    fn run<C: Connector>(&self, mode: SyncMode, mut from: Option<Cursor>) -> Result<Vec<Vec<Event>>, Failure> {
        let (mut pages, mut checkpoint, mut again) = (Vec::new(), None, 0);
        loop {
            let page = match self.page::<C>(mode, from.clone()) {
                Err(failure) if again < PATIENCE && is_passing(failure.kind) => {
                    again += 1;
                    std::thread::sleep(Duration::from_millis(failure.retry_after_ms.unwrap_or(10)));
                    continue;
                }
                other => other?,
            };
            assert!(page.next.is_none() || page.next != from, "a page goes on where it began");
            assert!(page.events.len() <= 5_000, "a page of {} events", page.events.len());
            checkpoint = page.checkpoint.or(checkpoint);
            pages.push(page.events);
            assert!(pages.len() < 10_000, "the run does not end");
            match page.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        if mode == SyncMode::Full {
            self.photos.borrow_mut().clear();
        }
        pages.iter().flatten().for_each(|event| self.remember(event));
        *self.checkpoint.borrow_mut() = checkpoint;
        Ok(pages)
    }

    fn remember(&self, event: &Event) {
        let mut photos = self.photos.borrow_mut();
        match event {
            Event::Person(person) => match &person.photo_etag {
                Some(etag) => drop(photos.insert(person.id.clone(), etag.clone())),
                None => drop(photos.remove(&person.id)),
            },
            Event::PersonGone((id, _)) => drop(photos.remove(id)),
            _ => {}
        }
    }

    /// Where a request goes.
    fn led(&self, url: &str) -> Result<String, Failure> {
        let found = self.leads.iter().find_map(|(origin, there)| {
            let path = url.strip_prefix(origin.as_str())?;
            path.starts_with('/').then(|| format!("{there}{path}"))
        });
        found.ok_or_else(|| Failure::new(FailKind::Denied, format!("no such request is led anywhere: {url}")))
    }

    fn token(&self, credential: &str, subject: Option<&str>) -> Result<(String, bool), Failure> {
        let key = (credential.to_owned(), subject.map(str::to_owned));
        if let Some(kept) = self.kept.borrow().get(&key) {
            return Ok((kept.clone(), true));
        }
        let token = (self.tokens)(credential, subject)?;
        self.kept.borrow_mut().insert(key, token.clone());
        Ok((token, false))
    }
}

/// What passes by waiting.
fn is_passing(kind: FailKind) -> bool {
    matches!(kind, FailKind::RateLimited | FailKind::Unavailable)
}

impl Host for LiveHost {
    fn log(&self, level: LogLevel, message: &str) {
        assert!(message.len() <= 1_000, "a line of {} octets", message.len());
        self.log.borrow_mut().push((level, message.to_owned()));
    }

    #[expect(clippy::disallowed_methods, reason = "it is the clock of the tests")]
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        i64::try_from(since.as_micros()).expect("before the year 292,000")
    }

    fn cancelled(&self) -> bool {
        false
    }

    fn config(&self, key: &str) -> Option<String> {
        self.config.get(key).cloned()
    }

    fn stat(&self, input: &str) -> Result<FileInfo, Failure> {
        Err(Failure::new(FailKind::Denied, format!("no input `{input}` was granted")))
    }

    fn read(&self, input: &str, _: u64, _: u32) -> Result<Vec<u8>, Failure> {
        Err(Failure::new(FailKind::Denied, format!("no input `{input}` was granted")))
    }

    fn http(&self, request: &Request) -> Result<Outcome, Failure> {
        self.requests.set(self.requests.get() + 1);
        if self.requests.get() > MAX_REQUESTS {
            let words = format!("a call makes at most {MAX_REQUESTS} requests; go on in the next page");
            return Err(Failure::new(FailKind::Limit, words));
        }
        let there = self.led(&request.url)?;
        if self.dry_run && !matches!(request.method, Method::Get | Method::Head) {
            return Ok(Outcome::Recorded);
        }
        let Some(credential) = &request.credential else {
            return self.wire.send(&there, request, None).map(Outcome::Response);
        };
        let subject = request.subject.as_deref();
        let (token, kept) = self.token(credential, subject)?;
        let answer = self.wire.send(&there, request, Some(&token))?;
        if answer.status != 401 {
            return Ok(Outcome::Response(answer));
        }
        self.kept.borrow_mut().remove(&(credential.clone(), request.subject.clone()));
        if !kept {
            return Ok(Outcome::Response(answer));
        }
        // it may have been taken back since it was fetched: once more with a new one
        let (token, _) = self.token(credential, subject)?;
        self.wire.send(&there, request, Some(&token)).map(Outcome::Response)
    }

    fn ldap_search(&self, _: &ldap::Query) -> Result<ldap::Entries, Failure> {
        Err(no_directory())
    }

    fn ldap_changes(&self, _: ldap::Tracking, _: &ldap::Query, _: Option<&[u8]>) -> Result<ldap::Changes, Failure> {
        Err(no_directory())
    }

    fn ldap_root_dse(&self) -> Result<ldap::Entry, Failure> {
        Err(no_directory())
    }

    fn fields(&self) -> Vec<String> {
        self.fields.clone()
    }

    fn checkpoint(&self) -> Option<Cursor> {
        self.checkpoint.borrow().clone()
    }

    fn same_photos(&self, photos: &[(String, String)]) -> Vec<bool> {
        assert!(photos.len() <= 5_000, "{} photos asked for at once", photos.len());
        let known = self.photos.borrow();
        photos.iter().map(|(id, etag)| known.get(id) == Some(etag)).collect()
    }

    fn state_get(&self, key: &str) -> Option<Vec<u8>> {
        self.state.borrow().get(key).cloned()
    }

    fn state_set(&self, key: &str, value: Option<&[u8]>) -> Result<(), Failure> {
        let mut state = self.state.borrow_mut();
        match value {
            Some(value) => drop(state.insert(key.to_owned(), value.to_vec())),
            None => drop(state.remove(key)),
        }
        Ok(())
    }
}

fn no_directory() -> Failure {
    Failure::new(FailKind::Denied, "this host has no directory")
}
