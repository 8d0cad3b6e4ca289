//! Signing in by the directory that a source names: its person, found by their name there
//! and known here, with the password that the directory has. None of it is kept.
//!
//! Who signs in hears that the two do not fit, whatever the reason, and after as long; the
//! reason is for the log, the audit and whoever administrates.

use std::time::{Duration, Instant};

use estampe_domain::audit::AuditEvent;
use estampe_domain::credential::Secret;
use estampe_domain::ids::{PersonId, SecretToken};
use estampe_domain::ldap::sign_in::{
    Barred, LoginEntry, LoginFound, SignInReason, SignInRefusal, Standing, Verdict, can_be_password,
};
use estampe_domain::plugin::{FailKind, Given, PluginFailure};
use estampe_domain::source::Source;
use estampe_domain::{Context, Error, Result, Right, metric};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::Service;
use crate::throttle::Tries;
use crate::views::{Knock, SignInTrial};

/// Tries at once: each has connections of its own to the directory.
const AT_ONCE: usize = 8;
/// Time for one try, waiting for others included.
const LIMIT: Duration = Duration::from_secs(30);
/// A refusal comes at the next of these: how long the directory took is not heard.
const BEAT: Duration = Duration::from_millis(250);

/// How many try at once.
pub struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

/// Somebody who is not let in: why, and whose entry it is where that is known.
type Refused = (SignInReason, Option<PersonId>);

/// What is typed, and where.
struct Try<'a> {
    knock: &'a Knock,
    source: &'a Source,
    given: Given,
    login: &'a str,
    password: &'a Secret,
}

impl Service {
    /// Who signs in by a source's directory, with this name and password: an active person
    /// here. Nobody has to be signed in for this; whoever shows the refusal to them shows
    /// [`SignInRefusal::for_who_signs_in`].
    pub async fn directory_sign_in(
        &self,
        ctx: &Context,
        knock: &Knock,
        source: &str,
        typed: (&str, &Secret),
    ) -> Result<PersonId, SignInRefusal> {
        let begun = Instant::now();
        let name = source.to_owned();
        let found = self.store.read(move |tx| tx.source_by_name(&name)).await.map_err(Error::from);
        let source = found.and_then(|found| found.ok_or(Error::NotFound)).map_err(SignInRefusal::Failed)?;
        let outcome = self.directory_try(ctx, knock, &source, typed).await;
        let word = match &outcome {
            Ok(_) => "accepted",
            Err(SignInRefusal::TooMany) => "throttled",
            Err(SignInRefusal::Refused(..)) => "refused",
            Err(SignInRefusal::Away(_) | SignInRefusal::Failed(_)) => return outcome,
        };
        metrics::counter!(metric::SIGN_INS.name, "outcome" => word).increment(1);
        if let Err(SignInRefusal::Refused(reason, _)) = &outcome
            && *reason != SignInReason::NoPassword
        {
            let over = begun.elapsed().as_nanos() % BEAT.as_nanos();
            let over = Duration::from_nanos(u64::try_from(over).unwrap_or(0));
            tokio::time::sleep(BEAT.saturating_sub(over)).await;
        }
        outcome
    }

    /// The same for an administrator who tries it: who it is, or why not.
    pub async fn try_directory_sign_in(
        &self,
        ctx: &Context,
        source: &str,
        login: &str,
        password: &Secret,
    ) -> Result<SignInTrial> {
        ctx.require(Right::SourcesChange)?;
        // whoever tries it is no stranger, and locks out none but those who try it as they do
        let knock = Knock { client: format!("{} who tries it", ctx.actor.kind()), ..Knock::default() };
        match self.directory_sign_in(ctx, &knock, source, (login, password)).await {
            Ok(person) => Ok(SignInTrial::Accepted(Box::new(self.person(ctx, person).await?.summary))),
            Err(SignInRefusal::Refused(reason, _)) => Ok(SignInTrial::Refused(reason)),
            Err(SignInRefusal::TooMany) => Ok(SignInTrial::Refused(SignInReason::TooMany)),
            Err(SignInRefusal::Away(failure)) => Err(failure.into()),
            Err(SignInRefusal::Failed(error)) => Err(error),
        }
    }

    async fn directory_try(
        &self,
        ctx: &Context,
        knock: &Knock,
        source: &Source,
        (login, password): (&str, &Secret),
    ) -> Result<PersonId, SignInRefusal> {
        // one spelling, as far as we know what the directory takes for one; its entries are
        // counted as well
        let folded: String = login.trim().chars().take(256).collect::<String>().to_lowercase();
        // whose entry it is the directory says, and then whether they know this browser: until then
        // it is enough that somebody here does
        let browser = self.browser_of(knock, None).await.map_err(SignInRefusal::Failed)?;
        let what = format!("name at {}", source.id);
        let tries = Tries::of(&self.throttle, &what, &folded, &knock.client, browser.as_deref());
        if !tries.begin(ctx.now) {
            return Err(SignInRefusal::TooMany);
        }
        if password.reveal().is_empty() {
            return self.note_refusal(ctx, source, (SignInReason::NoPassword, None)).await;
        }
        let asked = tokio::time::timeout(LIMIT, async {
            let _turn = self.directory_gate.0.acquire().await;
            let given = self.given(source, true).await.map_err(refusal)?;
            self.ask_directory(ctx, &Try { knock, source, given, login, password }).await
        });
        let silent = || PluginFailure::new(FailKind::Unavailable, format!("no answer within {LIMIT:?}"));
        let answer = asked.await.unwrap_or_else(|_| Err(SignInRefusal::Away(silent())));
        match answer {
            Ok(Ok(person)) => {
                tries.succeeded();
                let event = AuditEvent::done(ctx, self.random(), "person.sign-in", "person", person);
                self.note(event.with(json!({"source": source.id}))).await?;
                Ok(person)
            }
            Ok(Err(refused)) => self.note_refusal(ctx, source, refused).await,
            Err(away) => {
                // nobody guessed anything by that
                tries.took_back();
                Err(away)
            }
        }
    }

    /// Finds the entry, lets the server judge the password, and then looks whether who it is
    /// may come in. A bind is made whatever was found.
    async fn ask_directory(&self, ctx: &Context, tried: &Try<'_>) -> Result<Result<PersonId, Refused>, SignInRefusal> {
        let found = self.find(ctx, tried).await?;
        let (entry, otherwise) = match found {
            LoginFound::One(entry) => (Some(entry), SignInReason::Nobody),
            LoginFound::Nobody => (None, SignInReason::Nobody),
            LoginFound::Several => (None, SignInReason::Several),
        };
        // whatever name was typed and however it was written
        let known = match &entry {
            Some(entry) => self.known(tried.source, entry).await.map_err(SignInRefusal::Failed)?,
            None => None,
        };
        let person = known.map(|(person, _)| person);
        let of_entry = match &entry {
            Some(entry) => {
                let browser = self.browser_of(tried.knock, person).await.map_err(SignInRefusal::Failed)?;
                let browser = browser.filter(|_| person.is_some());
                let whose = entry.identity.as_deref().unwrap_or(&entry.dn);
                let what = format!("entry at {}", tried.source.id);
                Some(Tries::of(&self.throttle, &what, whose, &tried.knock.client, browser.as_deref()))
            }
            None => None,
        };
        let too_many = of_entry.as_ref().is_some_and(|entry| !entry.begin(ctx.now));
        let may_bind = !too_many && can_be_password(tried.password.reveal());
        let dn = entry.as_ref().filter(|_| may_bind).map(|entry| entry.dn.as_str());
        let bound = self.ports.directory.bind_login(&tried.source.connector, &tried.given, dn, tried.password).await;
        let verdict = bound.map_err(|failure| {
            if let Some(entry) = &of_entry {
                entry.took_back();
            }
            SignInRefusal::Away(failure)
        })?;
        let Some(entry) = entry else { return Ok(Err((otherwise, None))) };
        let refused = |reason| Ok(Err((reason, person)));
        if too_many {
            return refused(SignInReason::TooMany);
        }
        // nobody's name has no password
        let verdict = if may_bind { verdict } else { Verdict::Barred(Barred::WrongPassword) };
        if let Some(barred) = self.barred(ctx, tried, &entry, verdict).await? {
            return refused(SignInReason::Directory(barred));
        }
        match known {
            _ if entry.identity.is_none() => refused(SignInReason::NoIdentity),
            None => refused(SignInReason::NotKnown),
            Some((_, false)) => refused(SignInReason::Inactive),
            Some((person, true)) => {
                if let Some(entry) = &of_entry {
                    entry.succeeded();
                }
                Ok(Ok(person))
            }
        }
    }

    /// The browser, where an account of this person was signed in from it, or anybody's.
    async fn browser_of(&self, knock: &Knock, person: Option<PersonId>) -> Result<Option<String>> {
        let Some(browser) = knock.browser.as_ref().map(SecretToken::hash) else { return Ok(None) };
        let hash = browser.clone();
        let known = self.store.read(move |tx| {
            let Some(person) = person else { return tx.browser_is_known(&hash) };
            for account in tx.accounts_of_person(person)? {
                if tx.knows_browser(account, &hash)? {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        Ok(known.await?.then_some(browser))
    }

    async fn find(&self, ctx: &Context, tried: &Try<'_>) -> Result<LoginFound, SignInRefusal> {
        let directory = &self.ports.directory;
        let found = directory.find_login(&tried.source.connector, &tried.given, tried.login, ctx.now).await;
        found.map_err(SignInRefusal::Away)
    }

    /// Why the directory lets them not in: by its answer, and by what the entry says.
    async fn barred(
        &self,
        ctx: &Context,
        tried: &Try<'_>,
        entry: &LoginEntry,
        verdict: Verdict,
    ) -> Result<Option<Barred>, SignInRefusal> {
        Ok(match (verdict, entry.standing) {
            // a server may say "wrong" alone to whoever is locked out
            (Verdict::Barred(Barred::WrongPassword), Standing::LockedOnce) => Some(Barred::Locked),
            (Verdict::Accepted | Verdict::Barred(Barred::WrongPassword), Standing::Barred(barred))
            | (Verdict::Barred(barred), _) => Some(barred),
            (Verdict::Accepted, Standing::Free) => None,
            // they got in: a server that locks people out has taken the mark away
            (Verdict::Accepted, Standing::LockedOnce) => match self.find(ctx, tried).await? {
                LoginFound::One(again) if again.dn == entry.dn && again.standing == Standing::Free => None,
                _ => Some(Barred::Locked),
            },
        })
    }

    /// The person of an entry, and whether they are active, here and in what the source's
    /// runs last said.
    async fn known(&self, source: &Source, entry: &LoginEntry) -> Result<Option<(PersonId, bool)>> {
        let Some(identity) = entry.identity.clone() else { return Ok(None) };
        let source = source.id;
        Ok(self
            .store
            .read(move |tx| {
                let Some(known) = tx.identities(source, &[&identity])?.remove(&identity) else { return Ok(None) };
                let active = tx.person(known.person)?.is_some_and(|person| person.active);
                Ok(Some((known.person, known.active && active)))
            })
            .await?)
    }

    async fn note_refusal(
        &self,
        ctx: &Context,
        source: &Source,
        (reason, person): Refused,
    ) -> Result<PersonId, SignInRefusal> {
        let (id, reason_code) = (source.id, reason.code());
        match (reason, person) {
            (SignInReason::Several, _) => {
                tracing::warn!(source.id = %id, sign_in.reason = reason_code, "a directory has several entries of one name");
            }
            (_, Some(person)) => {
                tracing::info!(source.id = %id, person.id = %person, sign_in.reason = reason_code, "somebody was not let in");
            }
            (_, None) => {
                tracing::info!(source.id = %id, sign_in.reason = reason_code, "somebody was not let in");
            }
        }
        let event = match person {
            Some(person) => AuditEvent::done(ctx, self.random(), "person.sign-in", "person", person),
            None => AuditEvent::done(ctx, self.random(), "person.sign-in", "source", id),
        };
        self.note(event.with(json!({"source": id, "reason": reason_code})).refused()).await?;
        Err(SignInRefusal::Refused(reason, person))
    }

    async fn note(&self, event: AuditEvent) -> Result<(), SignInRefusal> {
        let written = self.store.write(move |tx| tx.audit(&event)).await;
        written.map_err(|error| SignInRefusal::Failed(error.into()))
    }
}

/// Why the directory could not be asked.
fn refusal(error: Error) -> SignInRefusal {
    match error {
        Error::Plugin(failure) => SignInRefusal::Away(failure),
        error => SignInRefusal::Failed(error),
    }
}
