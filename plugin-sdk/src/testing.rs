//! A host that a test writes: files in memory, configuration, answers of other sides, and a
//! log to look at.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

use crate::http::{Outcome, Request, Response};
use crate::{Connector, Cursor, Event, FailKind, Failure, FileInfo, Host, LogLevel, SyncMode, TemplateHost, ldap};

/// A scripted host. It keeps the contract's limits, such as 1 MiB a read.
#[derive(Debug, Default)]
pub struct ScriptedHost {
    config: BTreeMap<String, String>,
    files: BTreeMap<String, (String, Vec<u8>)>,
    state: RefCell<BTreeMap<String, Vec<u8>>>,
    log: RefCell<Vec<(LogLevel, String)>>,
    answers: RefCell<VecDeque<Scripted>>,
    requests: RefCell<Vec<Request>>,
    max_read: Option<u32>,
    octets_read: Cell<u64>,
    directory: ldap::Scripted,
    checkpoint: Option<Cursor>,
    photos: BTreeMap<String, String>,
    fields: Option<Vec<String>>,
}

/// Fields that mappings begin with: the usual names of a directory (RFC 4519, RFC 2798).
const USUAL: [&str; 24] = [
    "displayname",
    "cn",
    "givenname",
    "sn",
    "pronouns",
    "title",
    "o",
    "company",
    "department",
    "ou",
    "departmentnumber",
    "physicaldeliveryofficename",
    "telephonenumber",
    "mobile",
    "mail",
    "labeleduri",
    "wwwhomepage",
    "street",
    "postalcode",
    "l",
    "st",
    "co",
    "c",
    "preferredlanguage",
];

/// A request that is expected, `GET https://…`, and what becomes of it.
type Scripted = (String, Result<Outcome, Failure>);

impl ScriptedHost {
    /// A host without configuration and files, at 1970-01-01.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one key of the configuration.
    pub fn with_config(mut self, key: &str, value: &str) -> Self {
        self.config.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Grants an input, with the name that the administrator knows it by.
    pub fn with_file(mut self, input: &str, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(input.to_owned(), (name.to_owned(), content.into()));
        self
    }

    /// Gives at most that many octets a read, below the contract's 1 MiB: to try a
    /// parser at every seam. A real host gives fewer than asked only at the end.
    pub fn with_max_read(mut self, octets: u32) -> Self {
        self.max_read = Some(octets.max(1));
        self
    }

    /// Expects a request with this method and address, once, and answers it. Of several the
    /// first that fits is taken; a request that none fits is `denied`.
    pub fn with_answer(self, method: &str, url: &str, status: u16, body: impl Into<Vec<u8>>) -> Self {
        self.with_outcome(method, url, Ok(Outcome::Response(Response::new(status, body))))
    }

    /// The same with any outcome: headers, a dry run's, a failure of the host.
    pub fn with_outcome(self, method: &str, url: &str, outcome: Result<Outcome, Failure>) -> Self {
        self.answers.borrow_mut().push_back((format!("{method} {url}"), outcome));
        self
    }

    /// The requests that were made, denied ones too.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.borrow().clone()
    }

    /// What was expected and never asked for.
    pub fn unanswered(&self) -> Vec<String> {
        self.answers.borrow().iter().map(|(expected, _)| expected.clone()).collect()
    }

    /// The last run brought this person's photo, of this version.
    pub fn with_known_photo(mut self, id: &str, etag: &str) -> Self {
        self.photos.insert(id.to_owned(), etag.to_owned());
        self
    }

    /// Answers searches with this filter, whatever else they say, with these entries, page
    /// by page and with the attributes that are asked for. An entry with an `objectGUID` shows
    /// its values in ranges of 1,500, as Active Directory does. Other filters are `denied`.
    pub fn with_ldap(mut self, filter: &str, entries: impl IntoIterator<Item = ldap::Entry>) -> Self {
        self.directory.answer(filter, Ok(entries.into_iter().collect()));
        self
    }

    /// Answers searches with this filter with a failure.
    pub fn with_ldap_failure(mut self, filter: &str, failure: Failure) -> Self {
        self.directory.answer(filter, Err(failure));
        self
    }

    /// Answers the next question for changes; the answers come in this order. Without one the
    /// directory does not tell them (`unsupported`).
    pub fn with_ldap_changes(self, answer: Result<ldap::Changes, Failure>) -> Self {
        self.directory.tell(answer);
        self
    }

    /// The positions from which changes were asked for.
    pub fn ldap_positions(&self) -> Vec<Option<Vec<u8>>> {
        self.directory.positions()
    }

    /// The mapping of the source names these fields; without this, the usual ones of a directory.
    pub fn with_fields(mut self, fields: &[&str]) -> Self {
        self.fields = Some(fields.iter().map(|name| name.to_ascii_lowercase()).collect());
        self
    }

    /// A run was applied before, with this checkpoint.
    pub fn with_checkpoint(mut self, checkpoint: Cursor) -> Self {
        self.checkpoint = Some(checkpoint);
        self
    }

    /// Gives the directory server its own entry.
    pub fn with_root_dse(mut self, entry: ldap::Entry) -> Self {
        self.directory.set_root_dse(entry);
        self
    }

    /// The searches that were made.
    pub fn ldap_queries(&self) -> Vec<ldap::Query> {
        self.directory.asked()
    }

    /// The lines that were logged.
    pub fn logged(&self) -> Vec<(LogLevel, String)> {
        self.log.borrow().clone()
    }

    /// Octets given out by [`read`](Host::read) so far.
    pub fn octets_read(&self) -> u64 {
        self.octets_read.get()
    }
}

impl Host for ScriptedHost {
    fn log(&self, level: LogLevel, message: &str) {
        self.log.borrow_mut().push((level, message.to_owned()));
    }

    fn now(&self) -> i64 {
        0
    }

    fn cancelled(&self) -> bool {
        false
    }

    fn config(&self, key: &str) -> Option<String> {
        self.config.get(key).cloned()
    }

    fn stat(&self, input: &str) -> Result<FileInfo, Failure> {
        let (name, content) = self.file(input)?;
        Ok(FileInfo { size: content.len() as u64, name: name.clone() })
    }

    fn read(&self, input: &str, offset: u64, length: u32) -> Result<Vec<u8>, Failure> {
        let (_, content) = self.file(input)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let length = length.min(1024 * 1024).min(self.max_read.unwrap_or(u32::MAX)) as usize;
        let given: Vec<u8> = content.iter().skip(start).take(length).copied().collect();
        self.octets_read.set(self.octets_read.get() + given.len() as u64);
        Ok(given)
    }

    fn http(&self, request: &Request) -> Result<Outcome, Failure> {
        self.requests.borrow_mut().push(request.clone());
        let asked = format!("{} {}", request.method_name(), request.url);
        let mut answers = self.answers.borrow_mut();
        let found = answers.iter().position(|(expected, _)| *expected == asked).and_then(|at| answers.remove(at));
        found.map_or_else(
            || Err(Failure::new(FailKind::Denied, format!("nobody expected {asked}"))),
            |(_, outcome)| match outcome {
                Ok(Outcome::Response(response)) => Ok(Outcome::Response(response.to(request))),
                other => other,
            },
        )
    }

    fn ldap_search(&self, query: &ldap::Query) -> Result<ldap::Entries, Failure> {
        self.directory.search(query)
    }

    fn ldap_changes(
        &self,
        _: ldap::Tracking,
        _: &ldap::Query,
        position: Option<&[u8]>,
    ) -> Result<ldap::Changes, Failure> {
        self.directory.changes(position)
    }

    fn ldap_root_dse(&self) -> Result<ldap::Entry, Failure> {
        self.directory.root_dse()
    }

    fn fields(&self) -> Vec<String> {
        self.fields.clone().unwrap_or_else(|| USUAL.map(str::to_owned).to_vec())
    }

    fn checkpoint(&self) -> Option<Cursor> {
        self.checkpoint.clone()
    }

    fn same_photos(&self, photos: &[(String, String)]) -> Vec<bool> {
        photos.iter().map(|(id, etag)| self.photos.get(id) == Some(etag)).collect()
    }

    fn state_get(&self, key: &str) -> Option<Vec<u8>> {
        self.state.borrow().get(key).cloned()
    }

    fn state_set(&self, key: &str, value: Option<&[u8]>) -> Result<(), Failure> {
        let mut state = self.state.borrow_mut();
        match value {
            Some(value) => {
                state.insert(key.to_owned(), value.to_vec());
            }
            None => {
                state.remove(key);
            }
        }
        let octets: usize = state.iter().map(|(key, value)| key.len() + value.len()).sum();
        if state.len() > 64 || octets > 64 * 1024 {
            return Err(Failure::new(FailKind::Limit, "more than 64 keys or 64 KiB of state"));
        }
        Ok(())
    }
}

impl TemplateHost for ScriptedHost {
    fn log(&self, level: LogLevel, message: &str) {
        Host::log(self, level, message);
    }

    fn now(&self) -> i64 {
        Host::now(self)
    }

    fn config(&self, key: &str) -> Option<String> {
        Host::config(self, key)
    }
}

impl ScriptedHost {
    fn file(&self, input: &str) -> Result<&(String, Vec<u8>), Failure> {
        self.files.get(input).ok_or_else(|| Failure::new(FailKind::Denied, format!("no input `{input}` was granted")))
    }
}

/// Runs a connector from the first page to the last, as the host does, and gives the
/// pages' events.
///
/// # Errors
/// The first failure, and `internal` when a page goes on where it began or after
/// 100,000 pages.
pub fn full_run<C: Connector>(host: &dyn Host) -> Result<Vec<Vec<Event>>, Failure> {
    let mut pages = Vec::new();
    let mut from = None;
    while pages.len() < 100_000 {
        let page = C::sync_page(host, SyncMode::Full, from.clone())?;
        pages.push(page.events);
        match page.next {
            None => return Ok(pages),
            next if next == from => return Err(Failure::internal("a page goes on where it began")),
            next => from = next,
        }
    }
    Err(Failure::internal("the run does not end"))
}
