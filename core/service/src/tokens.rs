//! Tokens of the API: made, listed, revoked, and presented; and the answers that are given
//! again to who asks again.

use estampe_domain::access::Scope;
use estampe_domain::account::Account;
use estampe_domain::approval::Act;
use estampe_domain::audit::AuditEvent;
use estampe_domain::text::Line;
use estampe_domain::token::{
    ApiSecret, ApiToken, MOST_DAYS, MOST_TOKENS, Through, TokenScope, TokenScopes, USUAL_DAYS,
};
use estampe_domain::{AccountId, ApiTokenId, Context, Error, ErrorKind, Result, Right, Ts};
use estampe_store::{AnswerKey, Tx};
use serde_json::json;

use crate::Service;
use crate::accounts::is_there;

/// For so many seconds an answer is given again (24 hours).
pub const ANSWERS_KEPT: i64 = 24 * 3600;
/// A request that began so many seconds ago and has no answer will have none: the appliance
/// stopped in the middle of it.
const LOST: i64 = 300;
/// Seconds of a day.
const DAY: i64 = 24 * 3600;
/// What a second administrator looks at, where the house wants that, before a program has it of others:
/// all that visitors left, and what cards say.
const LOOKED_AT: [Right; 2] = [Right::LeadsRead, Right::PeopleChange];
/// What the add-in for Outlook calls its token.
const OUTLOOK: &str = "Outlook";
/// Seconds between two notes that a token was used.
const NOTED: i64 = 3600;

/// What is said of a new token.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// How far it reaches, by the names of the scopes.
    pub scopes: Vec<String>,
    /// How many days it lasts; 90 where nothing is said.
    pub days: Option<u32>,
}

/// A token and its text, which is shown this once.
#[derive(Debug)]
pub struct MadeToken {
    /// The token.
    pub token: ApiToken,
    /// Its text.
    pub secret: ApiSecret,
}

/// A program that presented a good token.
#[derive(Clone, Debug)]
pub struct ApiCaller {
    /// Its token.
    pub token: ApiToken,
    /// Whose token it is; nobody's is a service's.
    pub account: Option<Account>,
}

impl ApiCaller {
    /// The circumstances of what it asks.
    #[must_use]
    pub fn context(&self, ctx: Context) -> Context {
        let through = Through { token: self.token.id, scopes: self.token.scopes };
        match &self.account {
            Some(account) => {
                Context { through: Some(through), ..ctx.of_account(account.id, account.roles, account.person) }
            }
            None => ctx.of_service(through),
        }
    }
}

/// What became of a token that was presented.
#[derive(Clone, Debug)]
pub enum Presented {
    /// It is good.
    Good(Box<ApiCaller>),
    /// It was once: it expired, was revoked, or its account may not come in.
    Over(ApiTokenId),
    /// It is none of ours.
    Unknown,
}

/// What became of a request with an Idempotency-Key.
#[derive(Debug)]
pub enum Asked {
    /// Nobody asked this before: do it, then keep the answer or forget the request.
    New,
    /// It was answered: this, once more.
    Answered(Vec<u8>),
    /// The same key came with another request.
    Differs,
    /// It is under way.
    UnderWay,
    /// It began, and nobody knows how it ended.
    Lost,
}

impl Service {
    /// The tokens of the account that asks.
    pub async fn own_tokens(&self, ctx: &Context) -> Result<Vec<ApiToken>> {
        let account = ctx.own_account(TokenScope::TokensRead)?;
        Ok(self.store.read(move |tx| tx.api_tokens_of(account)).await?)
    }

    /// Makes a token for the account that asks. It gives no right that the account does not
    /// have now, and one that is made through another token reaches no farther than that.
    pub async fn make_own_token(&self, ctx: &Context, new: NewToken) -> Result<MadeToken> {
        let account = ctx.own_account(TokenScope::TokensWrite)?;
        ctx.require_recent()?;
        let made = self.new_token(ctx, Some(account), &new)?;
        let beyond = |scope: &TokenScope| {
            let through = ctx.through.is_some_and(|through| !through.scopes.has(*scope));
            through || scope.opens().iter().any(|right| !ctx.may(*right))
        };
        if let Some(beyond) = made.token.scopes.iter().find(beyond) {
            let why = format!("\"{}\" opens nothing that you may do yourself", beyond.as_str());
            return Err(Error::invalid("scopes", why));
        }
        // one's own are one's own
        let beyond_own = |right| ctx.scope(right).is_ok_and(|scope| !matches!(scope, Scope::Own(_)));
        if LOOKED_AT.into_iter().any(|right| made.token.scopes.open(right) && beyond_own(right)) {
            self.agreed(ctx, asked_for(&made.token, &new)).await?;
        }
        self.store_token(ctx, made).await
    }

    /// Makes the token that the add-in for Outlook reads one's own signature by; the one before
    /// it is over.
    pub async fn connect_outlook(&self, ctx: &Context) -> Result<MadeToken> {
        let before = self.own_tokens(ctx).await?;
        let scope = TokenScope::SignaturesRead;
        let new = NewToken { name: OUTLOOK.to_owned(), scopes: vec![scope.as_str().to_owned()], days: Some(MOST_DAYS) };
        let made = self.make_own_token(ctx, new).await?;
        let is_old = |token: &&ApiToken| {
            token.name.as_str() == OUTLOOK && token.scopes.iter().eq([scope]) && token.is_good(ctx.now)
        };
        for old in before.iter().filter(is_old) {
            self.revoke_own_token(ctx, old.id).await?;
        }
        Ok(made)
    }

    /// Revokes a token of the account that asks.
    pub async fn revoke_own_token(&self, ctx: &Context, token: ApiTokenId) -> Result<()> {
        let account = ctx.own_account(TokenScope::TokensWrite)?;
        self.revoke(ctx, token, move |token| token.account == Some(account)).await
    }

    /// The tokens of services.
    pub async fn service_tokens(&self, ctx: &Context) -> Result<Vec<ApiToken>> {
        ctx.require(Right::AccountsRead)?;
        Ok(self.store.read(|tx| tx.service_tokens()).await?)
    }

    /// Every token that was not revoked, whosever it is, with the address of its account.
    pub async fn tokens(&self, ctx: &Context) -> Result<Vec<(ApiToken, Option<String>)>> {
        ctx.require(Right::AccountsRead)?;
        let listed = self
            .store
            .read(|tx| {
                let mut listed = Vec::new();
                for token in tx.api_tokens()? {
                    let account = match token.account {
                        Some(account) => tx.account(account)?.map(|(account, _)| account.email.to_string()),
                        None => None,
                    };
                    listed.push((token, account));
                }
                Ok(listed)
            })
            .await?;
        Ok(listed)
    }

    /// Makes a token for a program that acts for nobody.
    pub async fn make_service_token(&self, ctx: &Context, new: NewToken) -> Result<MadeToken> {
        ctx.require(Right::AccountsChange)?;
        ctx.require_recent()?;
        let made = self.new_token(ctx, None, &new)?;
        if let Some(own) = made.token.scopes.iter().find(|scope| !scope.is_for_services()) {
            let why = format!("\"{}\" is for tokens of accounts: a service has no tokens of its own", own.as_str());
            return Err(Error::invalid("scopes", why));
        }
        if LOOKED_AT.into_iter().any(|right| made.token.scopes.open(right)) {
            self.agreed(ctx, asked_for(&made.token, &new)).await?;
        }
        self.store_token(ctx, made).await
    }

    /// Revokes any token.
    pub async fn revoke_token(&self, ctx: &Context, token: ApiTokenId) -> Result<()> {
        ctx.require(Right::AccountsChange)?;
        self.revoke(ctx, token, |_| true).await
    }

    fn new_token(&self, ctx: &Context, account: Option<AccountId>, new: &NewToken) -> Result<MadeToken> {
        let name: Line = new.name.parse().map_err(|_| Error::invalid("name", "a line of text is needed"))?;
        let days = new.days.unwrap_or(USUAL_DAYS);
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(Error::invalid("days", format!("it is 1 to {MOST_DAYS}")));
        }
        let scopes = scopes(&new.scopes)?;
        let token = ApiToken {
            id: ApiTokenId::new(ctx.now, self.random()),
            account,
            name,
            scopes,
            created_at: ctx.now,
            expires_at: ctx.now.plus_seconds(i64::from(days) * DAY),
            last_used_at: None,
            revoked_at: None,
        };
        Ok(MadeToken { token, secret: ApiSecret::new(self.random()) })
    }

    async fn store_token(&self, ctx: &Context, made: MadeToken) -> Result<MadeToken> {
        let MadeToken { mut token, secret } = made;
        let (ctx, random, hash) = (*ctx, self.shared_random(), secret.hash());
        let stored = self
            .store
            .write(move |tx| {
                if let Some(account) = token.account {
                    let good = tx.api_tokens_of(account)?.iter().filter(|other| other.is_good(ctx.now)).count();
                    if good >= MOST_TOKENS {
                        let why = format!("this account has {MOST_TOKENS} tokens already: revoke one first");
                        return Err(Error::Conflict(why).into());
                    }
                }
                // no token outlives the one that it was made by
                if let Some(through) = ctx.through {
                    let by = tx.api_token(through.token)?.ok_or(Error::NotFound)?;
                    token.expires_at = token.expires_at.min(by.expires_at);
                }
                tx.insert_api_token(&token, &hash)?;
                let scopes: Vec<_> = token.scopes.iter().map(TokenScope::as_str).collect();
                let details =
                    json!({"scopes": scopes, "account": token.account, "expires_at": token.expires_at.as_micros()});
                tx.audit(&AuditEvent::done(&ctx, &*random, "token.make", "token", token.id).with(details))?;
                Ok(token)
            })
            .await?;
        Ok(MadeToken { token: stored, secret })
    }

    async fn revoke(
        &self,
        ctx: &Context,
        token: ApiTokenId,
        theirs: impl Fn(&ApiToken) -> bool + Send + 'static,
    ) -> Result<()> {
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                tx.api_token(token)?.filter(&theirs).ok_or(Error::NotFound)?;
                // once is enough; to ask again is no mistake
                if tx.revoke_api_token(token, ctx.now)? {
                    tx.audit(&AuditEvent::done(&ctx, &*random, "token.revoke", "token", token))?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Who presents this token.
    pub async fn present_token(&self, ctx: &Context, secret: &ApiSecret) -> Result<Presented> {
        let (hash, now) = (secret.hash(), ctx.now);
        let presented = self
            .store
            .read(move |tx| {
                let Some(token) = tx.api_token_of_hash(&hash)? else { return Ok(Presented::Unknown) };
                if !token.is_good(now) {
                    return Ok(Presented::Over(token.id));
                }
                let Some(account) = token.account else {
                    return Ok(Presented::Good(Box::new(ApiCaller { token, account: None })));
                };
                Ok(match present(tx, account)? {
                    Some(account) => Presented::Good(Box::new(ApiCaller { token, account: Some(account) })),
                    None => Presented::Over(token.id),
                })
            })
            .await?;
        if let Presented::Good(caller) = &presented {
            self.note_use(&caller.token, now).await?;
        }
        Ok(presented)
    }

    /// To the hour, so that reading does not write.
    async fn note_use(&self, token: &ApiToken, now: Ts) -> Result<()> {
        let micros = NOTED * 1_000_000;
        let hour = Ts::from_micros(now.as_micros() - now.as_micros().rem_euclid(micros));
        if token.last_used_at.is_some_and(|noted| noted >= hour) {
            return Ok(());
        }
        let token = token.id;
        match self.store.write(move |tx| tx.touch_api_token(token, hour)).await.map_err(Error::from) {
            // reading goes on while nothing can be written
            Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::Unavailable) => {
                tracing::warn!(error.code = error.code(), "a token's use was not noted");
                Ok(())
            }
            other => other,
        }
    }

    /// Notes, once a day, that a program was given leads: before it has them.
    pub(crate) async fn note_leads_read(&self, ctx: &Context) -> Result<()> {
        let Some(through) = ctx.through else { return Ok(()) };
        let (token, micros) = (through.token, DAY * 1_000_000);
        let day = Ts::from_micros(ctx.now.as_micros() - ctx.now.as_micros().rem_euclid(micros));
        if self.store.read(move |tx| tx.leads_reading_is_noted(token, day)).await? {
            return Ok(());
        }
        let (ctx, random) = (*ctx, self.shared_random());
        let noted = self.store.write(move |tx| {
            // once, also where it asks twice at the same moment
            if !tx.note_leads_reading(token, day)? {
                return Ok(());
            }
            let event = AuditEvent::done(&ctx, &*random, "lead.read", "lead", "all");
            tx.audit(&event.with(json!({ "token": token })))
        });
        Ok(noted.await?)
    }

    /// Notes that a token was presented that is good no longer: a forgotten program that goes
    /// on asking is noted a few times, not thousands.
    pub async fn refuse_token(&self, ctx: &Context, token: ApiTokenId) -> Result<()> {
        if !self.throttle.begin(&format!("token {token}"), ctx.now) {
            return Ok(());
        }
        let event = AuditEvent::done(ctx, self.random(), "token.use", "token", token).refused();
        Ok(self.store.write(move |tx| tx.audit(&event)).await?)
    }

    /// Begins a request with an Idempotency-Key, or says what is known of it. `fingerprint`
    /// is the hash of all that is asked.
    pub async fn begin_answer(&self, ctx: &Context, key: &AnswerKey, fingerprint: &str) -> Result<Asked> {
        let (now, key, wanted) = (ctx.now, key.clone(), fingerprint.to_owned());
        let asked = self
            .store
            .write(move |tx| {
                let Some(before) = tx.answer_before(&key)? else {
                    tx.begin_answer(&key, &wanted, now)?;
                    return Ok(Asked::New);
                };
                Ok(match before.answer {
                    _ if before.fingerprint != wanted => Asked::Differs,
                    Some(answer) => Asked::Answered(answer),
                    None if now.seconds_since(before.begun) < LOST => Asked::UnderWay,
                    None => Asked::Lost,
                })
            })
            .await;
        match asked {
            Err(error) if error.is_conflict() => Ok(Asked::UnderWay),
            other => Ok(other?),
        }
    }

    /// Keeps the answer of a request that [`begin_answer`](Self::begin_answer) let begin.
    pub async fn keep_answer(&self, key: &AnswerKey, answer: Vec<u8>) -> Result<()> {
        let key = key.clone();
        Ok(self.store.write(move |tx| tx.keep_answer(&key, &answer)).await?)
    }

    /// Forgets such a request, which did nothing.
    pub async fn forget_answer(&self, key: &AnswerKey) -> Result<()> {
        let key = key.clone();
        Ok(self.store.write(move |tx| tx.forget_answer(&key)).await?)
    }
}

/// The act of making a token, without its text: that is drawn when it is made, for whoever asked.
fn asked_for(token: &ApiToken, new: &NewToken) -> Act {
    Act::MakeToken {
        account: token.account,
        name: token.name.to_string(),
        scopes: token.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        days: new.days.unwrap_or(USUAL_DAYS),
    }
}

/// An account that may come in.
fn present(tx: &mut Tx<'_>, account: AccountId) -> estampe_store::Result<Option<Account>> {
    let Some((account, _)) = tx.account(account)? else { return Ok(None) };
    Ok(is_there(tx, &account)?.then_some(account))
}

/// Reads the names of scopes.
fn scopes(names: &[String]) -> Result<TokenScopes> {
    let all = || TokenScope::ALL.map(TokenScope::as_str).join(", ");
    let scope = |name: &String| {
        TokenScope::from_stored(name)
            .ok_or_else(|| Error::invalid("scopes", format!("there is no scope \"{name}\"; there are {}", all())))
    };
    let scopes: TokenScopes = names.iter().map(scope).collect::<Result<_>>()?;
    if scopes.is_empty() {
        return Err(Error::invalid("scopes", format!("name at least one of {}", all())));
    }
    Ok(scopes)
}
