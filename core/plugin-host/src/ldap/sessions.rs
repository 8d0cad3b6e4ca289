//! Bound connections, one for each run, from call to call: a server knows where a page
//! begins on the very connection that it gave the page before on.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use estampe_domain::RunId;
use estampe_domain::ldap::{LdapAccess, LdapPage, LdapQuery};
use estampe_domain::plugin::PluginFailure;
use estampe_domain::ports::LdapConnection;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::sync::lock;

/// Connections kept at once, over all runs; the oldest are closed first.
const MAX_KEPT: usize = 16;
/// How long one is kept that nobody uses.
const IDLE: Duration = Duration::from_mins(2);
/// Cookies known of one connection; the oldest are forgotten first.
const MAX_COOKIES: usize = 32;

/// The connections that no call uses just now.
#[derive(Default)]
pub struct Sessions {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    sessions: HashMap<RunId, (Line, Instant)>,
    /// Whether somebody looks after those that nobody uses.
    watched: bool,
}

impl Sessions {
    /// Forgets a run that ended.
    pub fn forget(&self, run: RunId) {
        // closed outside of the lock
        let _gone = self.take(run);
    }

    /// The connection of a run.
    pub(super) fn take(&self, run: RunId) -> Option<Line> {
        lock(&self.kept).sessions.remove(&run).map(|(line, _)| line)
    }

    /// Keeps it for the next call.
    pub(super) fn keep(self: &Arc<Self>, run: RunId, line: Line, runtime: &Handle) {
        let mut kept = lock(&self.kept);
        kept.sessions.insert(run, (line, Instant::now()));
        if kept.sessions.len() > MAX_KEPT {
            let oldest = kept.sessions.iter().min_by_key(|(_, (_, since))| *since).map(|(run, _)| *run);
            oldest.and_then(|oldest| kept.sessions.remove(&oldest));
        }
        if !std::mem::replace(&mut kept.watched, true) {
            let watched = Arc::downgrade(self);
            runtime.spawn(async move {
                loop {
                    tokio::time::sleep(IDLE / 4).await;
                    let Some(sessions) = watched.upgrade() else { return };
                    if sessions.close_idle(IDLE) {
                        return;
                    }
                }
            });
        }
    }

    /// Closes what nobody used for so long; says whether none is left to look after.
    fn close_idle(&self, idle: Duration) -> bool {
        let mut kept = lock(&self.kept);
        kept.sessions.retain(|_, (_, since)| since.elapsed() < idle);
        kept.watched = !kept.sessions.is_empty();
        !kept.watched
    }
}

/// A connection that nobody uses just now, but for what is read ahead on it.
pub(super) enum Line {
    /// At hand.
    Free(Box<Session>),
    /// Still reading the page that comes next. Dropped, it is closed.
    Busy(JoinSet<Session>),
}

impl Line {
    /// Once the page is there; none when reading it ended badly, and the connection with it.
    pub async fn free(self) -> Option<Session> {
        match self {
            Self::Free(session) => Some(*session),
            Self::Busy(mut reading) => reading.join_next().await.and_then(Result::ok),
        }
    }
}

/// What a search came to.
pub(super) type Outcome = Result<LdapPage, PluginFailure>;

/// A connection, where it leads, and the cookies that came over it.
pub(super) struct Session {
    connection: Box<dyn LdapConnection>,
    access: LdapAccess,
    /// A page that was read before it was asked for, with the server's cookie in its query.
    ahead: Option<(LdapQuery, Outcome)>,
    /// In every handle of this connection: none is good for another, not even after a restart.
    nonce: [u8; 16],
    cookies: BTreeMap<u64, (LdapQuery, Vec<u8>)>,
    next: u64,
}

impl Session {
    pub fn new(connection: Box<dyn LdapConnection>, access: LdapAccess) -> Self {
        // the standard library's keys are random for each of these
        let random = || RandomState::new().hash_one("an LDAP connection").to_be_bytes();
        let mut nonce = [0; 16];
        nonce.iter_mut().zip(random().into_iter().chain(random())).for_each(|(octet, random)| *octet = random);
        Self { connection, access, ahead: None, nonce, cookies: BTreeMap::new(), next: 0 }
    }

    /// Whether it leads there, as the same account.
    pub fn is_to(&self, access: &LdapAccess) -> bool {
        self.access == *access
    }

    /// Searches; a page that was read ahead is there already. `query` has the server's cookie.
    pub async fn search(&mut self, query: LdapQuery) -> Outcome {
        match self.ahead.take() {
            Some((read, outcome)) if read == query => outcome,
            other => {
                self.ahead = other;
                self.connection.search(query).await
            }
        }
    }

    /// Reads a page that will be asked for next, while what came before is worked on.
    pub fn reading_ahead(mut self, query: LdapQuery, runtime: &Handle) -> Line {
        let mut reading = JoinSet::new();
        let work = async move {
            let outcome = self.connection.search(query.clone()).await;
            self.ahead = Some((query, outcome));
            self
        };
        reading.spawn_on(work, runtime);
        Line::Busy(reading)
    }

    /// The connection, for what is no search.
    pub fn connection(&mut self) -> &mut dyn LdapConnection {
        &mut *self.connection
    }

    /// The query with the server's cookie in the place of our handle; refused when it is none
    /// of this connection's or belongs to another query.
    pub fn resolved(self, query: &LdapQuery) -> Result<(Self, LdapQuery), Box<Self>> {
        let Some(handle) = &query.cookie else { return Ok((self, query.clone())) };
        let number = handle.strip_prefix(&self.nonce).and_then(|number| number.try_into().ok()).map(u64::from_be_bytes);
        let known = number.and_then(|number| self.cookies.get(&number));
        match known.filter(|(known, _)| *known == without_cookie(query)) {
            Some((_, cookie)) => {
                let cookie = Some(cookie.clone());
                Ok((self, LdapQuery { cookie, ..query.clone() }))
            }
            None => Err(Box::new(self)),
        }
    }

    /// A handle for the server's cookie.
    pub fn remembering(mut self, query: &LdapQuery, cookie: Option<Vec<u8>>) -> (Self, Option<Vec<u8>>) {
        let Some(cookie) = cookie else { return (self, None) };
        let handle = [self.nonce.as_slice(), &self.next.to_be_bytes()].concat();
        self.cookies.insert(self.next, (without_cookie(query), cookie));
        self.next += 1;
        if self.cookies.len() > MAX_COOKIES {
            self.cookies.pop_first();
        }
        (self, Some(handle))
    }
}

fn without_cookie(query: &LdapQuery) -> LdapQuery {
    LdapQuery { cookie: None, ..query.clone() }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use estampe_domain::Ts;
    use estampe_domain::ldap::{LdapBind, LdapChanges, LdapEntry, LdapPage, LdapScope, LdapTrack};
    use estampe_domain::plugin::{FailKind, PluginFailure};
    use estampe_domain::ports::Random;

    use super::*;

    struct Nowhere;

    fn nobody() -> PluginFailure {
        PluginFailure::new(FailKind::Internal, "nobody searches here")
    }

    #[async_trait]
    impl LdapConnection for Nowhere {
        async fn root_dse(&mut self) -> Result<LdapEntry, PluginFailure> {
            Err(nobody())
        }

        async fn search(&mut self, _: LdapQuery) -> Result<LdapPage, PluginFailure> {
            Err(nobody())
        }

        async fn changes(&mut self, _: LdapTrack) -> Result<LdapChanges, PluginFailure> {
            Err(nobody())
        }
    }

    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn run(number: u8) -> RunId {
        RunId::new(Ts::from_micros(0), &Fixed(number))
    }

    fn open() -> Session {
        let access = LdapAccess {
            servers: Vec::new(),
            start_tls: false,
            clear_text: false,
            ca_file: None,
            bind: LdapBind::Anonymous,
            connect_timeout: Duration::ZERO,
            operation_timeout: Duration::ZERO,
        };
        Session::new(Box::new(Nowhere), access)
    }

    fn query(filter: &str, cookie: Option<Vec<u8>>) -> LdapQuery {
        LdapQuery {
            base: String::new(),
            scope: LdapScope::Base,
            filter: filter.to_owned(),
            attributes: Vec::new(),
            page_size: 1,
            cookie,
        }
    }

    #[test]
    fn a_handle_is_good_for_its_query_on_its_connection_alone() {
        let (session, handle) = open().remembering(&query("(a=b)", None), Some(vec![1, 2, 3]));
        assert_ne!(handle, Some(vec![1, 2, 3]));
        let (one, resolved) = session.resolved(&query("(a=b)", handle.clone())).map_err(|_| ()).unwrap();
        assert_eq!(resolved.cookie, Some(vec![1, 2, 3]));
        assert!(one.resolved(&query("(a=c)", handle.clone())).is_err());
        assert!(open().resolved(&query("(a=b)", handle)).is_err());
        for foreign in [vec![], vec![1, 2, 3], vec![0; 24], vec![0; 25]] {
            assert!(open().resolved(&query("(a=b)", Some(foreign))).is_err());
        }
        // the oldest are forgotten
        let mut session = open();
        let mut handles = Vec::new();
        for number in 0..=MAX_COOKIES {
            let (kept, handle) = session.remembering(&query("(a=b)", None), Some(vec![u8::try_from(number).unwrap()]));
            session = kept;
            handles.push(handle);
        }
        assert_eq!(session.cookies.len(), MAX_COOKIES);
        let session = session.resolved(&query("(a=b)", handles[MAX_COOKIES].clone())).map_err(|_| ()).unwrap().0;
        assert!(session.resolved(&query("(a=b)", handles[0].clone())).is_err());
    }

    #[tokio::test]
    async fn connections_are_few_and_none_is_kept_for_ever() {
        let sessions = Arc::<Sessions>::default();
        for number in 0..=u8::try_from(MAX_KEPT).unwrap() {
            sessions.keep(run(number), Line::Free(Box::new(open())), &Handle::current());
        }
        assert_eq!(lock(&sessions.kept).sessions.len(), MAX_KEPT);
        assert!(sessions.take(run(0)).is_none());
        assert!(sessions.take(run(1)).is_some());
        assert!(sessions.take(run(1)).is_none());
        sessions.forget(run(2));
        assert!(sessions.take(run(2)).is_none());
        assert!(!sessions.close_idle(IDLE));
        assert!(sessions.close_idle(Duration::ZERO));
        assert_eq!(lock(&sessions.kept).sessions.len(), 0);
    }
}
