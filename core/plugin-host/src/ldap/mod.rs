//! Searches of one call: what is asked for is held to what was granted, and goes over a
//! connection that lasts for the run. No plugin sees a password, a server or a real cookie.

mod access;
mod own;
mod sessions;

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use estampe_domain::RunId;
use estampe_domain::ldap::mediation::{Granted, Wanted, only_asked};
use estampe_domain::ldap::{LdapAccess, LdapChanges, LdapEntry, LdapQuery, LdapTrack, LdapTracking};
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::ports::LdapClient;
use tokio::runtime::Handle;

use crate::budget::{Budget, Cancelled};
use crate::call::Call;

use self::access::granted;
use self::sessions::{Line, Session};

pub use self::own::OwnWay;
pub use self::sessions::Sessions;

/// Searches of one call.
const MAX_SEARCHES: u32 = 300;
/// How often a waiting call looks whether anybody still waits for it.
const LOOK: Duration = Duration::from_millis(20);

/// A page as the plugin gets it.
#[derive(Debug)]
pub struct Found {
    /// With the attributes that were asked for and no others.
    pub entries: Vec<LdapEntry>,
    /// Where the next page begins: a handle, not the server's cookie.
    pub next: Option<Vec<u8>>,
}

/// What one call has of the directory. Its connection goes back to its run at the end.
pub struct Ldap {
    sessions: Arc<Sessions>,
    client: Arc<dyn LdapClient>,
    runtime: Handle,
    run: Option<RunId>,
    line: Option<Line>,
    searches: u32,
    /// Why the account was refused. It is not tried again in this call: directories lock
    /// accounts after a few wrong passwords.
    refused: Option<PluginFailure>,
}

/// Until when a call waits.
struct Patience {
    until: Instant,
    cancelled: Cancelled,
}

impl Patience {
    fn of(budget: &Budget) -> Self {
        Self { until: Instant::now() + budget.waiting_left(), cancelled: budget.caller() }
    }
}

impl Ldap {
    /// Nothing is connected yet; `run` is none for a check, whose connection ends with it.
    pub fn new(sessions: Arc<Sessions>, client: Arc<dyn LdapClient>, runtime: Handle, run: Option<RunId>) -> Self {
        Self { sessions, client, runtime, run, line: None, searches: 0, refused: None }
    }

    fn count(&mut self) -> Result<(), PluginFailure> {
        self.searches += 1;
        if self.searches <= MAX_SEARCHES {
            return Ok(());
        }
        Err(PluginFailure::new(FailKind::Limit, format!("a call makes at most {MAX_SEARCHES} searches")))
    }

    /// The run's connection, unless the configuration has changed since.
    fn kept(&mut self, access: &LdapAccess, patience: &Patience) -> Result<Option<Session>, PluginFailure> {
        let kept = match self.line.take().or_else(|| self.sessions.take(self.run?)) {
            None => None,
            Some(Line::Free(session)) => Some(*session),
            Some(busy) => wait(&self.runtime, patience, busy.free())?,
        };
        Ok(kept.filter(|session| session.is_to(access)))
    }

    fn keep(&mut self, session: Session) {
        self.line = Some(Line::Free(Box::new(session)));
    }

    fn connect(&mut self, access: &LdapAccess, patience: &Patience) -> Result<Session, PluginFailure> {
        let (client, to) = (Arc::clone(&self.client), access.clone());
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let connected = wait(&self.runtime, patience, async move { client.connect(&to).await })?;
        self.refused = connected.as_ref().err().filter(|failure| failure.kind == FailKind::Auth).cloned();
        let connection = connected?;
        Ok(Session::new(connection, access.clone()))
    }

    fn search(&mut self, access: &LdapAccess, query: &LdapQuery, patience: &Patience) -> Result<Found, PluginFailure> {
        let goes_on = query.cookie.is_some();
        loop {
            let kept = self.kept(access, patience);
            let (session, kept) =
                match kept.map_err(|failure| if goes_on { expired_because(&failure) } else { failure })? {
                    Some(session) => (session, true),
                    None if goes_on => return Err(expired()),
                    None => (self.connect(access, patience)?, false),
                };
            let (mut session, real) = session.resolved(query).map_err(|session| {
                self.keep(*session);
                expired()
            })?;
            let asked = real.clone();
            let (outcome, session) = wait(&self.runtime, patience, async move {
                let outcome = session.search(asked).await;
                (outcome, session)
            })
            .map_err(|failure| if goes_on { expired_because(&failure) } else { failure })?;
            let failure = match outcome {
                Ok(page) => {
                    let after = LdapQuery { cookie: page.cookie.clone(), ..real };
                    let (session, next) = session.remembering(query, page.cookie);
                    // whoever asked for a second page wants them all
                    let wants_all = self.run.is_some() && goes_on && next.is_some();
                    if wants_all {
                        self.line = Some(session.reading_ahead(after, &self.runtime));
                    } else {
                        self.keep(session);
                    }
                    let entries = page.entries.into_iter().map(|entry| only_asked(entry, &query.attributes));
                    return Ok(Found { entries: entries.collect(), next });
                }
                Err(failure) => failure,
            };
            if !is_lost(&failure) {
                self.keep(session);
                return Err(failure);
            }
            match failure.kind {
                FailKind::Unavailable if goes_on => return Err(expired_because(&failure)),
                // it may have been closed while nobody used it: once more over a new one
                FailKind::Unavailable if kept => {}
                _ => return Err(failure),
            }
        }
    }

    fn root_dse(&mut self, access: &LdapAccess, patience: &Patience) -> Result<LdapEntry, PluginFailure> {
        self.ask(access, patience, |mut session| async move {
            let outcome = session.connection().root_dse().await;
            (outcome, session)
        })
    }

    fn changes(
        &mut self,
        access: &LdapAccess,
        track: &LdapTrack,
        patience: &Patience,
    ) -> Result<LdapChanges, PluginFailure> {
        self.ask(access, patience, |mut session| {
            let track = track.clone();
            async move {
                let outcome = session.connection().changes(track).await;
                (outcome, session)
            }
        })
    }

    /// Asks what is good on any connection; once more over a new one when the kept one is lost.
    fn ask<T, F>(
        &mut self,
        access: &LdapAccess,
        patience: &Patience,
        question: impl Fn(Session) -> F,
    ) -> Result<T, PluginFailure>
    where
        T: Send + 'static,
        F: Future<Output = (Result<T, PluginFailure>, Session)> + Send + 'static,
    {
        loop {
            let (session, kept) = match self.kept(access, patience)? {
                Some(session) => (session, true),
                None => (self.connect(access, patience)?, false),
            };
            let (outcome, session) = wait(&self.runtime, patience, question(session))?;
            match outcome {
                Err(failure) if is_lost(&failure) => {
                    if !kept || failure.kind != FailKind::Unavailable {
                        return Err(failure);
                    }
                }
                outcome => {
                    self.keep(session);
                    return outcome;
                }
            }
        }
    }
}

impl Drop for Ldap {
    fn drop(&mut self) {
        if let (Some(run), Some(line)) = (self.run, self.line.take()) {
            self.sessions.keep(run, line, &self.runtime);
        }
    }
}

impl Call {
    /// One page of a search in an area of the manifest, or in the whole.
    pub fn ldap_search(
        &mut self,
        wanted: &Wanted,
        area: Option<&str>,
        cookie: Option<Vec<u8>>,
    ) -> Result<Found, PluginFailure> {
        let (granted, access) = self.ldap_access(area)?;
        let query = LdapQuery { cookie, ..granted.mediate(wanted)? };
        let patience = Patience::of(&self.budget);
        self.ldap.search(&access, &query, &patience)
    }

    /// Which entries changed there.
    pub fn ldap_changes(
        &mut self,
        wanted: &Wanted,
        area: Option<&str>,
        tracking: LdapTracking,
        since: Option<Vec<u8>>,
    ) -> Result<LdapChanges, PluginFailure> {
        let (granted, access) = self.ldap_access(area)?;
        let track = granted.mediate_changes(wanted, tracking, since)?;
        let patience = Patience::of(&self.budget);
        self.ldap.changes(&access, &track, &patience)
    }

    /// The server's own entry.
    pub fn ldap_root_dse(&mut self) -> Result<LdapEntry, PluginFailure> {
        let (_, access) = self.ldap_access(None)?;
        let patience = Patience::of(&self.budget);
        self.ldap.root_dse(&access, &patience)
    }

    fn ldap_access(&mut self, area: Option<&str>) -> Result<(Granted, LdapAccess), PluginFailure> {
        self.ldap.count()?;
        granted(&self.info, &self.given, &self.config, area)
    }
}

/// After these nothing is known of what still comes over the connection.
fn is_lost(failure: &PluginFailure) -> bool {
    matches!(failure.kind, FailKind::Unavailable | FailKind::Limit | FailKind::Internal)
}

fn expired() -> PluginFailure {
    let message = "the connection that this page belongs to is gone; begin the search anew";
    PluginFailure::new(FailKind::CursorExpired, message)
}

fn expired_because(failure: &PluginFailure) -> PluginFailure {
    let message = format!("the connection that this page belongs to was lost; begin the search anew ({failure})");
    PluginFailure::new(FailKind::CursorExpired, message)
}

/// Lets the runtime do this while the guest's thread, which is none of tokio's, waits. When
/// nobody waits for the call any more, or the call has waited long enough, the work ends.
fn wait<T, F>(runtime: &Handle, patience: &Patience, work: F) -> Result<T, PluginFailure>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (reply, answer) = sync_channel(1);
    let task = runtime.spawn(async move {
        // the waiting thread may have gone
        let _ = reply.send(work.await);
    });
    let why = loop {
        match answer.recv_timeout(LOOK) {
            Ok(outcome) => return Ok(outcome),
            Err(RecvTimeoutError::Disconnected) => break "the host failed while it searched; see the server's log",
            Err(RecvTimeoutError::Timeout) if patience.cancelled.is_set() => break "the run was cancelled",
            Err(RecvTimeoutError::Timeout) if Instant::now() >= patience.until => break "the call has waited too long",
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    task.abort();
    Err(PluginFailure::new(FailKind::Unavailable, why))
}
