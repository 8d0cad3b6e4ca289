//! Requests that leave the house for plugins, over HTTP/1.1 and TLS by reqwest.
//!
//! Names are resolved here and every address is held to the domain's policy before it is
//! connected to (`dns`, `clients`). With a proxy that holds for addresses written as such
//! and for names that can be resolved here; a name that only the proxy knows is the
//! proxy's to judge. What an administrator granted by `network` is reached directly.
//! Credentials are attached last (`attach`), tokens are fetched the same checked way
//! (`oauth`) and kept in memory alone (`tokens`), but for a refresh token that took the place
//! of the configured one: that is handed to the keeper of the source's secrets. An answer that shows a credential back is
//! withheld (`echo`). Nothing is decompressed: what is bounded here is what a plugin gets.

mod attach;
mod claims;
mod clients;
mod dns;
mod echo;
mod exchange;
mod jwt;
mod keys;
mod oauth;
mod pause;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use estampe_domain::Ts;
use estampe_domain::credential::{Credential, Secret};
use estampe_domain::egress::{Attached, HttpRequest, HttpResponse};
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::ports::{Clock, HttpEgress, Random};
use ipnet::IpNet;
use tokio::sync::OwnedMutexGuard;

use self::attach::Attachment;
use self::clients::Clients;
use self::dns::{Resolver, SystemResolver};
use self::exchange::{Outgoing, exchange, place};
use self::keys::Key;
use self::pause::Pauses;
use self::tokens::{Slot, Tokens};

/// Time for a token, all of it; it goes on when nobody waits for it any more.
const TOKEN: Duration = Duration::from_secs(20);
/// Time for giving back all tokens of a credential.
const GIVING_BACK: Duration = Duration::from_secs(30);

/// How requests leave the house.
#[derive(Clone, Debug, Default)]
pub struct EgressSettings {
    /// The corporate proxy, `http://host:port`.
    pub proxy: Option<String>,
    /// PEM of authorities that count beside the system's.
    pub ca_pem: Option<Vec<u8>>,
}

impl EgressSettings {
    /// Whether they can be used; the error says what would be right.
    pub fn check(&self) -> Result<(), String> {
        clients::check(self)
    }
}

/// See the module.
pub struct CheckedEgress(Arc<Inner>);

struct Inner {
    clients: Clients,
    pauses: Pauses,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl CheckedEgress {
    /// Makes ready; nothing is connected yet. The error says what of the settings cannot be
    /// used.
    pub fn new(settings: &EgressSettings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, String> {
        Self::with_resolver(settings, clock, random, Arc::new(SystemResolver))
    }

    fn with_resolver(
        settings: &EgressSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, String> {
        let clients = Clients::new(settings, resolver)?;
        let (pauses, tokens) = (Pauses::default(), Tokens::default());
        Ok(Self(Arc::new(Inner { clients, pauses, tokens, clock, random })))
    }
}

#[async_trait]
impl HttpEgress for CheckedEgress {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PluginFailure> {
        let (patience, place) = (request.timeout, place(&request.url));
        tokio::time::timeout(patience, self.0.send(request)).await.unwrap_or_else(|_| {
            let message = format!("{place} did not answer in full within {} seconds", patience.as_secs_f32().ceil());
            Err(PluginFailure::new(FailKind::Unavailable, message))
        })
    }

    async fn renew(&self, attached: &Attached) {
        // a refresh token may be good once: it is not spent for a look
        if !matches!(attached.credential, Credential::RefreshToken { .. }) {
            self.0.tokens.slot(keys::key(attached), keys::family(attached)).await.drop_token();
        }
    }

    async fn give_back(&self, attached: &Attached, networks: &[IpNet]) {
        let mut tokens = self.0.tokens.take(keys::family(attached)).await;
        if let Credential::RefreshToken { refresh_token, .. } = &attached.credential {
            tokens.push(refresh_token.clone());
        }
        if attached.revoke_url.is_none() {
            return;
        }
        let all = async {
            for token in &tokens {
                if let Err(failure) = self.0.revoke(attached, networks, token).await {
                    let (credential, problem) = (&attached.name, failure.message);
                    tracing::warn!(credential, problem, "a token could not be given back; it ends by itself");
                }
            }
        };
        if tokio::time::timeout(GIVING_BACK, all).await.is_err() {
            tracing::warn!(credential = attached.name, "some tokens could not be given back in time");
        }
    }

    async fn allows(
        &self,
        attached: &Attached,
        networks: &[IpNet],
        fetch: bool,
    ) -> Result<Option<BTreeSet<String>>, PluginFailure> {
        if attach::fixed(attached)?.is_some() {
            return Ok(None);
        }
        let who = keys::key(attached);
        let token = if fetch {
            Some(self.0.token(attached, who, networks).await?.0)
        } else {
            self.0.tokens.slot(who, keys::family(attached)).await.good(self.0.clock.now())?
        };
        Ok(token.and_then(|token| claims::allowed(&attached.credential, &token)))
    }
}

impl Inner {
    /// Gives a token back; whether that was done.
    async fn revoke(&self, attached: &Attached, networks: &[IpNet], token: &Secret) -> Result<(), PluginFailure> {
        let Some(url) = &attached.revoke_url else { return Ok(()) };
        let client = self.clients.for_request(url, networks, true).await?;
        let answer = exchange(&client, oauth::revocation(url, token).outgoing()).await?;
        if answer.status == 200 {
            return Ok(());
        }
        let message = format!("{} answered {}", place(url), answer.status);
        Err(PluginFailure::new(FailKind::Unavailable, message))
    }

    async fn send(self: &Arc<Self>, mut request: HttpRequest) -> Result<HttpResponse, PluginFailure> {
        let who = request.credential.as_ref().map(keys::key);
        let origin = place(&request.url);
        self.pauses.check(&origin, who, self.clock.now())?;
        let headers = attach::plain(&request.headers)?;
        // before a token is fetched for nothing
        let client = self.clients.for_request(&request.url, &request.networks, who.is_some()).await?;
        // 401 says that the request was not applied (RFC 9110, section 15.5.2), whatever its method
        let mut again = request.credential.is_some();
        loop {
            let attachment = match &request.credential {
                Some(attached) => Some(self.attachment(attached, who.unwrap_or_default(), &request.networks).await?),
                None => None,
            };
            let mut headers = headers.clone();
            if let Some(Attachment { name, value, .. }) = &attachment {
                headers.insert(name, value.clone());
            }
            let outgoing = Outgoing {
                method: request.method,
                url: &request.url,
                headers,
                body: if again { request.body.clone() } else { request.body.take() },
                max_response: request.max_response,
            };
            let answer = exchange(&client, outgoing).await?;
            self.pauses.note(&origin, who, self.clock.now(), &answer);
            if let Some(attachment) = &attachment {
                if answer.status == 401
                    && let Some(token) = &attachment.token
                {
                    let family = request.credential.as_ref().map(keys::family).unwrap_or_default();
                    self.tokens.forget(who.unwrap_or_default(), family, token).await;
                    // a kept one may have been revoked; a new one that is refused stays so
                    if again && attachment.kept {
                        again = false;
                        continue;
                    }
                }
                echo::check(&origin, &answer, &attachment.secrets)?;
            }
            return Ok(attach::without_secrets(answer));
        }
    }

    async fn attachment(
        self: &Arc<Self>,
        attached: &Attached,
        who: Key,
        networks: &[IpNet],
    ) -> Result<Attachment, PluginFailure> {
        if let Some(attachment) = attach::fixed(attached)? {
            return Ok(attachment);
        }
        let (token, kept) = self.token(attached, who, networks).await?;
        attach::token(&attached.name, token, kept)
    }

    /// A token, and whether it is one that was kept.
    async fn token(
        self: &Arc<Self>,
        attached: &Attached,
        who: Key,
        networks: &[IpNet],
    ) -> Result<(Secret, bool), PluginFailure> {
        let mut slot = self.tokens.slot(who, keys::family(attached)).await;
        if let Some(token) = slot.good(self.clock.now())? {
            return Ok((token, true));
        }
        let (inner, attached, networks) = (Arc::clone(self), attached.clone(), networks.to_vec());
        // on its own: a refresh token that was exchanged for a new one must not be lost
        // because a caller went away
        let fetching = tokio::spawn(async move {
            let fetched = tokio::time::timeout(TOKEN, inner.fetch(&attached, who, slot.refresh(), &networks)).await;
            let fetched = fetched.unwrap_or_else(|_| {
                let message = format!("the token endpoint of the credential \"{}\" did not answer", attached.name);
                Err(PluginFailure::new(FailKind::Unavailable, message))
            });
            if let Ok(oauth::Fetched { refresh: Some(new), .. }) = &fetched {
                inner.keep(&attached, new, &mut slot).await;
            }
            slot.store(fetched, inner.clock.now())
        });
        let token = fetching.await.map_err(|error| {
            PluginFailure::new(FailKind::Internal, format!("a token could not be fetched: {error}"))
        })??;
        Ok((token, false))
    }

    /// Keeps a refresh token that took the place of another, before anything is done with
    /// what came along: the other one may be good no longer.
    async fn keep(&self, attached: &Attached, new: &Secret, slot: &mut OwnedMutexGuard<Slot>) {
        let mut next = attached.clone();
        let Credential::RefreshToken { refresh_token, refresh_key, .. } = &mut next.credential else { return };
        // what was kept last; or what its source has by now, which shares this slot
        let old: Vec<_> = slot.kept.iter().chain([&*refresh_token]).cloned().collect();
        if old.contains(new) {
            return;
        }
        let credential = &attached.name;
        match attached.keeper.replace(refresh_key, &old, new).await {
            Ok(true) => slot.kept = Some(new.clone()),
            Ok(false) => {
                tracing::warn!(credential, "a new refresh token was not kept: another one was configured meanwhile");
            }
            Err(problem) => {
                tracing::error!(
                    credential,
                    problem,
                    "a new refresh token could not be kept; the next one will be tried"
                );
            }
        }
        // whoever reads the configuration from now on means the same
        *refresh_token = new.clone();
        self.tokens.also(keys::key(&next), slot);
    }

    async fn fetch(
        &self,
        attached: &Attached,
        who: Key,
        refresh: Option<Secret>,
        networks: &[IpNet],
    ) -> Result<oauth::Fetched, PluginFailure> {
        let asked = oauth::request(attached, refresh.as_ref(), self.clock.now(), &*self.random)?;
        let origin = place(asked.url);
        self.pauses.check(&origin, Some(who), self.clock.now())?;
        let client = self.clients.for_request(asked.url, networks, true).await?;
        let answer = exchange(&client, asked.outgoing()).await?;
        let now: Ts = self.clock.now();
        self.pauses.note(&origin, Some(who), now, &answer);
        oauth::read(&answer, &attached.name, &origin, now)
    }
}
