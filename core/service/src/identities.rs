//! Signing in by a provider: a proof that somebody is somebody there becomes a session here.
//!
//! An account is found by (issuer, subject) alone. It gets an identity by an act of its own:
//! whoever is signed in joins it, or whoever has the token of an invitation; or the directory
//! says that it is the very person whose account it is. An address is no proof of anything.

use std::collections::BTreeSet;

use estampe_domain::access::{Role, Roles};
use estampe_domain::account::Account;
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{AccountId, PersonId, SecretToken};
use estampe_domain::openid::{OpenIdRefusal, ProofReason};
use estampe_domain::ports::Random;
use estampe_domain::provider::{AccountIdentity, Provider, followed};
use estampe_domain::session::How;
use estampe_domain::text::{Email, Line};
use estampe_domain::{Actor, Context, Error, Result, metric};
use estampe_store::Tx;
use serde_json::json;

use crate::Service;
use crate::accounts::{is_there, of_token};
use crate::views::{Admission, Knock};

/// What somebody goes to a provider for.
#[derive(Clone, Debug)]
pub enum Errand {
    /// To sign in, and to go on to this path.
    SignIn(String),
    /// To join what they are there to the account that they are signed in with.
    Join(AccountId),
    /// To take up an invitation, by the hash of its token.
    Welcome(String),
}

/// What became of somebody who comes from a provider.
#[derive(Debug)]
pub enum Came {
    /// They are signed in, and go on to this path.
    SignedIn(Admission, String),
    /// It is joined to their account.
    Joined,
    /// They are not let in; what they came for, where that is known.
    Refused(ProofReason, Option<Errand>),
}

/// Who somebody is at a provider, proven.
pub(crate) struct Proof {
    pub provider: Provider,
    pub subject: String,
    pub name: Option<String>,
    pub email: Option<String>,
    /// None: the provider does not say them all.
    pub groups: Option<BTreeSet<String>>,
    /// Whom the directory knows there.
    pub person: Option<PersonId>,
}

/// A refusal leaves what was written meanwhile: that roles are gone, for one.
type Found = Result<AccountId, ProofReason>;

impl Service {
    /// What somebody who proved to be somebody came for.
    pub(crate) async fn arrive(&self, ctx: &Context, knock: &Knock, proof: Proof, errand: Errand) -> Result<Came> {
        let provider = proof.provider.clone();
        let (ctx, random, wanted) = (*ctx, self.shared_random(), errand.clone());
        let found = self
            .store
            .write(move |tx| {
                tx.lock_accounts(ctx.now)?;
                Arrival { tx, ctx: &ctx, random: &*random, proof: &proof }.find(&wanted)
            })
            .await;
        let found = match found {
            // two at once, and the other one was first
            Err(error) if error.is_conflict() => Err(ProofReason::IdentityTaken),
            found => found?,
        };
        let account = match found {
            Ok(account) => account,
            Err(reason) => {
                let words = reason.words();
                return self.refused(&ctx, Some(&provider), OpenIdRefusal::new(reason, words), Some(errand)).await;
            }
        };
        let next = match errand {
            Errand::Join(_) => return Ok(Came::Joined),
            Errand::SignIn(next) => next,
            Errand::Welcome(_) => "/".to_owned(),
        };
        if let Some(admission) = self.begin_session(&ctx, knock, account, &provider).await? {
            return Ok(Came::SignedIn(admission, next));
        }
        let refusal = OpenIdRefusal::new(ProofReason::Inactive, ProofReason::Inactive.words());
        self.refused(&ctx, Some(&provider), refusal, Some(Errand::SignIn(next))).await
    }

    /// Lets an account in that a provider vouched for, as far as its second factor. `None`
    /// when it may not come in.
    async fn begin_session(
        &self,
        ctx: &Context,
        knock: &Knock,
        id: AccountId,
        provider: &Provider,
    ) -> Result<Option<Admission>> {
        let fresh = self.fresh(ctx.now, knock);
        let (random, how) = (self.shared_random(), How::Provider(provider.name.clone()));
        let ctx = *ctx;
        let admission = self
            .store
            .write(move |tx| {
                tx.lock_account(id)?;
                let Some((account, _)) = tx.account(id)? else { return Ok(None) };
                if account.roles.is_empty() || !is_there(tx, &account)? {
                    return Ok(None);
                }
                let admitted = fresh.admit(tx, (&ctx, &*random), &account, &how, false)?;
                Ok(Some(fresh.admission(account, admitted)))
            })
            .await?;
        if admission.is_some() {
            metrics::counter!(metric::SIGN_INS.name, "outcome" => "accepted").increment(1);
        }
        Ok(admission)
    }

    /// Notes why somebody is not let in.
    pub(crate) async fn refused(
        &self,
        ctx: &Context,
        provider: Option<&Provider>,
        refusal: OpenIdRefusal,
        errand: Option<Errand>,
    ) -> Result<Came> {
        let (code, name) = (refusal.reason.code(), provider.map(|provider| provider.name.as_str()));
        tracing::warn!(
            provider.name = name,
            sign_in.reason = code,
            sign_in.detail = refusal.detail,
            "somebody who came from a provider was not let in"
        );
        metrics::counter!(metric::SIGN_INS.name, "outcome" => "refused").increment(1);
        let event = match provider {
            Some(provider) => AuditEvent::done(ctx, self.random(), "session.begin", "provider", provider.id),
            None => AuditEvent::done(ctx, self.random(), "session.begin", "appliance", "console"),
        };
        let event = event.with(json!({"reason": code})).refused();
        self.store.write(move |tx| tx.audit(&event)).await?;
        Ok(Came::Refused(refusal.reason, errand))
    }
}

/// Somebody who arrives from a provider, within one transaction.
struct Arrival<'a, 'tx> {
    tx: &'a mut Tx<'tx>,
    ctx: &'a Context,
    random: &'a dyn Random,
    proof: &'a Proof,
}

impl Arrival<'_, '_> {
    fn find(&mut self, errand: &Errand) -> estampe_store::Result<Found> {
        let known = self.tx.account_of_identity(&self.proof.provider.issuer(), &self.proof.subject)?;
        match (errand, known) {
            (Errand::SignIn(_), Some(account)) => self.comes_again(account),
            (Errand::SignIn(_), None) => self.comes_first(),
            (Errand::Join(account), Some(other)) => Ok(self.same(*account, other)),
            (Errand::Join(account), None) => self.join(*account),
            (Errand::Welcome(token), known) => {
                let Some(invited) = of_token(self.tx, token, self.ctx.now)? else {
                    return Ok(Err(ProofReason::Invitation));
                };
                match known {
                    Some(other) if other != invited.id => return Ok(Err(ProofReason::IdentityTaken)),
                    Some(_) => {}
                    None => _ = self.join(invited.id)?,
                }
                self.tx.drop_account_token(invited.id)?;
                self.tx.end_sessions_of(invited.id)?;
                self.tx.forget_browsers_of(invited.id)?;
                self.comes_again(invited.id)
            }
        }
    }

    fn same(&self, account: AccountId, other: AccountId) -> Found {
        if account == other { Ok(account) } else { Err(ProofReason::IdentityTaken) }
    }

    /// Joins what they are there to an account.
    fn join(&mut self, account: AccountId) -> estampe_store::Result<Found> {
        let proof = self.proof;
        self.tx.insert_account_identity(&AccountIdentity {
            account,
            issuer: proof.provider.issuer(),
            subject: proof.subject.clone(),
            created_at: self.ctx.now,
            used_at: None,
        })?;
        let ctx = Context { actor: Actor::Account(account), ..*self.ctx };
        let event = AuditEvent::done(&ctx, self.random, "account.identity.add", "account", account);
        self.tx.audit(&event.with(json!({"provider": proof.provider.id})))?;
        Ok(Ok(account))
    }

    /// Whom nobody here was yet.
    fn comes_first(&mut self) -> estampe_store::Result<Found> {
        let Some(person) = self.proof.person else { return self.create() };
        // the directory knows the very person whose account it is
        match self.tx.accounts_of_person(person)?.as_slice() {
            [] => self.create(),
            [account] => {
                let account = *account;
                let Some((found, _)) = self.tx.account(account)? else { return Ok(Err(ProofReason::NoAccount)) };
                if !is_there(self.tx, &found)? {
                    return Ok(Err(ProofReason::Inactive));
                }
                _ = self.join(account)?;
                self.comes_again(account)
            }
            _ => Ok(Err(ProofReason::Several)),
        }
    }

    /// Makes an account, where an administrator wants that.
    fn create(&mut self) -> estampe_store::Result<Found> {
        let proof = self.proof;
        let coming = &proof.provider.coming;
        if !coming.create {
            return Ok(Err(ProofReason::NoAccount));
        }
        let mapped = match &proof.groups {
            Some(groups) => coming.mapped(groups),
            None if coming.rules.is_empty() => Roles::NONE,
            None => return Ok(Err(ProofReason::Groups)),
        };
        let roles: Roles = coming.roles.iter().chain(mapped.iter()).collect();
        if roles.is_empty() {
            return Ok(Err(ProofReason::NoRole));
        }
        let Some(email) = proof.email.as_deref().and_then(|email| email.parse::<Email>().ok()) else {
            return Ok(Err(ProofReason::NoAddress));
        };
        if self.tx.account_by_email(email.as_str())?.is_some() {
            return Ok(Err(ProofReason::AddressTaken));
        }
        let name = proof.name.as_deref().and_then(|name| name.parse::<Line>().ok());
        let Some(name) = name.or_else(|| email.as_str().parse().ok()) else {
            return Ok(Err(ProofReason::NoAddress));
        };
        let id = AccountId::new(self.ctx.now, self.random);
        let account = Account { id, name, email, person: proof.person, roles, active: true };
        if !is_there(self.tx, &account)? {
            return Ok(Err(ProofReason::Inactive));
        }
        self.tx.insert_account(&account, None, self.ctx.now)?;
        let given = mapped.iter().filter(|role| !coming.roles.has(*role)).collect();
        self.tx.put_mapped_roles(id, proof.provider.id, given)?;
        let ctx = Context { actor: Actor::Account(id), ..*self.ctx };
        let event = AuditEvent::done(&ctx, self.random, "account.add", "account", id);
        self.tx.audit(
            &event.with(json!({"roles": names(roles), "person": account.person, "provider": proof.provider.id})),
        )?;
        _ = self.join(id)?;
        self.tx.touch_identity(&proof.provider.issuer(), &proof.subject, self.ctx.now)?;
        Ok(Ok(id))
    }

    /// Somebody who has an account: their roles follow their groups.
    fn comes_again(&mut self, id: AccountId) -> estampe_store::Result<Found> {
        let proof = self.proof;
        let Some((account, _)) = self.tx.account(id)? else { return Ok(Err(ProofReason::NoAccount)) };
        if !is_there(self.tx, &account)? {
            return Ok(Err(ProofReason::Inactive));
        }
        let mapped = match &proof.groups {
            Some(groups) => proof.provider.coming.mapped(groups),
            None if proof.provider.coming.rules.is_empty() => Roles::NONE,
            None => return Ok(Err(ProofReason::Groups)),
        };
        let ctx = Context { actor: Actor::Account(id), ..*self.ctx };
        let roles = follow(self.tx, &ctx, self.random, (&account, &proof.provider), mapped)?;
        self.tx.touch_identity(&proof.provider.issuer(), &proof.subject, self.ctx.now)?;
        Ok(if roles.is_empty() { Err(ProofReason::NoRole) } else { Ok(id) })
    }
}

/// Gives an account what a provider's rules give it now, and takes what they gave before. Its
/// sessions end with a change. The last administrator who can sign in by a password stays one.
pub(crate) fn follow(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &dyn Random,
    (account, provider): (&Account, &Provider),
    mapped: Roles,
) -> estampe_store::Result<Roles> {
    let rows = tx.mapped_roles(account.id)?;
    let given: Roles = rows.iter().map(|(_, role)| *role).collect();
    let other = rows.iter().filter(|(of, _)| *of != provider.id).map(|(_, role)| *role).collect();
    let mut roles = followed(account.roles, given, other, mapped);
    let loses = account.roles.has(Role::Administrator) && !roles.has(Role::Administrator);
    let last = loses && tx.usable_administrators()? == [account.id];
    if last {
        tracing::warn!(account.id = %account.id, "the last administrator keeps a role that no rule gives any more");
        roles = roles.with(Role::Administrator);
    }
    if roles != account.roles {
        tx.update_account(&Account { roles, ..account.clone() })?;
        tx.end_sessions_of(account.id)?;
        let event = AuditEvent::done(ctx, random, "account.roles.follow", "account", account.id);
        let details = json!({"provider": provider.id, "before": names(account.roles), "roles": names(roles)});
        tx.audit(&event.with(details))?;
    }
    let by_hand = |role: Role| account.roles.has(role) && !given.has(role);
    let rest = mapped.iter().filter(|role| !by_hand(*role));
    let kept = last.then_some(Role::Administrator).filter(|role| !by_hand(*role));
    tx.put_mapped_roles(account.id, provider.id, rest.chain(kept).collect())?;
    Ok(roles)
}

fn names(roles: Roles) -> Vec<&'static str> {
    roles.iter().map(Role::as_str).collect()
}

/// A way to sign in, as whoever is signed in sees it.
#[derive(Clone, Debug)]
pub struct OwnWay {
    /// Its name in addresses.
    pub name: String,
    /// What its button says.
    pub label: String,
    /// Whether it is a directory, which joins by itself.
    pub is_directory: bool,
    /// Since when it is joined, if it is.
    pub joined: Option<estampe_domain::Ts>,
}

impl Service {
    /// Which providers the signed-in account is joined to, and which it could be.
    pub async fn own_ways(&self, ctx: &Context) -> Result<Vec<OwnWay>> {
        let Actor::Account(account) = ctx.actor else { return Err(Error::Forbidden) };
        let ways = self.store.read(move |tx| {
            let identities = tx.account_identities(account)?;
            let way = |provider: Provider| {
                let issuer = provider.issuer();
                let joined = identities.iter().find(|identity| identity.issuer == issuer);
                OwnWay {
                    is_directory: provider.is_directory(),
                    joined: joined.map(|identity| identity.created_at),
                    name: provider.name,
                    label: provider.label,
                }
            };
            Ok(tx.providers()?.into_iter().map(way).collect())
        });
        Ok(ways.await?)
    }

    /// Takes away who the signed-in account is at a provider, and what the provider's rules gave.
    pub async fn leave_provider(&self, ctx: &Context, provider: &str) -> Result<()> {
        let Actor::Account(id) = ctx.actor else { return Err(Error::Forbidden) };
        let (ctx, random, provider) = (*ctx, self.shared_random(), provider.to_owned());
        let left = self.store.write(move |tx| {
            tx.lock_accounts(ctx.now)?;
            let provider = tx.provider_by_name(&provider)?.ok_or(Error::NotFound)?;
            let (account, password) = tx.account(id)?.ok_or(Error::NotFound)?;
            if tx.drop_identities_at(id, &provider.issuer())? == 0 {
                return Ok(());
            }
            if password.is_none() && tx.account_identities(id)?.is_empty() {
                let why = "it is the only way in: this account has no password";
                return Err(Error::Conflict(why.into()).into());
            }
            if follow(tx, &ctx, &*random, (&account, &provider), Roles::NONE)?.is_empty() {
                let why = "all roles of this account come from there";
                return Err(Error::Conflict(why.into()).into());
            }
            let event = AuditEvent::done(&ctx, &*random, "account.identity.remove", "account", id);
            tx.audit(&event.with(json!({"provider": provider.id})))
        });
        Ok(left.await?)
    }

    /// The account that a browser's session is of.
    pub(crate) async fn signed_in_as(&self, session: Option<&SecretToken>) -> Result<Option<AccountId>> {
        let Some(session) = session else { return Ok(None) };
        Ok(self.session(session).await?.map(|session| session.account.id))
    }
}
