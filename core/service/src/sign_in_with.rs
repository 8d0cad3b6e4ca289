//! The way to a provider and back: what only one sign-in knows is kept here, sealed, for ten
//! minutes, and taken out once, by the browser that began it.

use estampe_domain::credential::Secret;
use estampe_domain::ids::{AccountId, SecretToken};
use estampe_domain::openid::{OpenIdBack, OpenIdParty, OpenIdRefusal, OpenIdSecrets, ProofReason};
use estampe_domain::provider::{Provider, ProviderKind};
use estampe_domain::{Context, Error, Result};
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::accounts::of_token;
use crate::identities::{Came, Errand, Proof};
use crate::second_step::throttled;
use crate::throttle::Tries;
use crate::views::Knock;

/// How long a browser may be away, in seconds.
const AWAY: i64 = 600;
/// Sign-ins that are under way at once; one more takes the place of the oldest.
const MOST: i64 = 20_000;
/// Sign-ins that one client begins within a quarter of an hour and does not come back from.
const BEGUN: u32 = 300;
/// Where providers send browsers back to.
pub const BACK: &str = "/sign-in/back";

/// What became of a begun sign-in.
#[derive(Debug)]
pub enum Started {
    /// The browser goes there and keeps this until it is back.
    Go {
        /// Where to: the provider's own address.
        url: String,
        /// Only the browser that has it may come back.
        browser: SecretToken,
    },
    /// The provider cannot be asked.
    Refused(ProofReason),
    /// It is a directory: name and password are asked for here.
    Ask,
}

/// A door beside the one of address and password.
#[derive(Clone, Debug)]
pub struct DoorWay {
    /// Its name in addresses.
    pub name: String,
    /// What its button says.
    pub label: String,
    /// Whether name and password are asked for here.
    pub is_directory: bool,
}

/// What is kept of a sign-in.
#[derive(Serialize, Deserialize)]
struct Pending {
    browser: String,
    nonce: String,
    verifier: String,
    errand: PendingErrand,
}

#[derive(Serialize, Deserialize)]
enum PendingErrand {
    SignIn(String),
    Join(AccountId),
    Welcome(String),
}

impl From<PendingErrand> for Errand {
    fn from(pending: PendingErrand) -> Self {
        match pending {
            PendingErrand::SignIn(next) => Self::SignIn(next),
            PendingErrand::Join(account) => Self::Join(account),
            PendingErrand::Welcome(token) => Self::Welcome(token),
        }
    }
}

impl From<Errand> for PendingErrand {
    fn from(errand: Errand) -> Self {
        match errand {
            Errand::SignIn(next) => Self::SignIn(next),
            Errand::Join(account) => Self::Join(account),
            Errand::Welcome(token) => Self::Welcome(token),
        }
    }
}

impl Service {
    /// The providers, as the door shows them.
    pub async fn door_ways(&self) -> Result<Vec<DoorWay>> {
        let providers = self.store.read(|tx| tx.providers()).await?;
        let way = |provider: Provider| DoorWay {
            is_directory: provider.is_directory(),
            name: provider.name,
            label: provider.label,
        };
        Ok(providers.into_iter().map(way).collect())
    }

    /// One of them.
    pub async fn door_way(&self, name: &str) -> Result<DoorWay> {
        self.door_ways().await?.into_iter().find(|way| way.name == name).ok_or(Error::NotFound)
    }

    /// Begins a sign-in by a provider.
    pub async fn start_with(&self, ctx: &Context, knock: &Knock, provider: &str, errand: Errand) -> Result<Started> {
        if !self.throttle.begin_of(&begun_by(knock), BEGUN, ctx.now) {
            return self.too_many();
        }
        let (name, now) = (provider.to_owned(), ctx.now);
        let token = if let Errand::Welcome(token) = &errand { Some(token.clone()) } else { None };
        let found = self.store.read(move |tx| {
            // nobody is sent away for nothing; it is looked at again when they are back
            let invited = match token {
                Some(token) => of_token(tx, &token, now)?.is_some(),
                None => true,
            };
            Ok((tx.provider_by_name(&name)?, invited))
        });
        let (provider, invited) = found.await?;
        let provider = provider.ok_or(Error::NotFound)?;
        if !invited {
            let reason = ProofReason::Invitation;
            self.refused(ctx, Some(&provider), OpenIdRefusal::new(reason, reason.words()), Some(errand)).await?;
            return Ok(Started::Refused(reason));
        }
        let Some(party) = self.party(&provider).await? else { return Ok(Started::Ask) };
        let (state, nonce) = (SecretToken::new(self.random()), SecretToken::new(self.random()));
        let (verifier, browser) = (SecretToken::new(self.random()), SecretToken::new(self.random()));
        let secrets = OpenIdSecrets {
            state: Secret::new(state.reveal()),
            nonce: Secret::new(nonce.reveal()),
            verifier: Secret::new(verifier.reveal()),
        };
        let url = match self.ports.open_id.start(&party, &secrets, ctx.now).await {
            Ok(url) => url,
            Err(refusal) => {
                let reason = refusal.reason;
                self.refused(ctx, Some(&provider), refusal, Some(errand)).await?;
                return Ok(Started::Refused(reason));
            }
        };
        let pending = Pending {
            browser: browser.hash(),
            nonce: nonce.reveal().to_owned(),
            verifier: verifier.reveal().to_owned(),
            errand: errand.into(),
        };
        let plain =
            serde_json::to_vec(&pending).map_err(|error| Error::Internal(format!("pending sign-in: {error}")))?;
        let plain = zeroize::Zeroizing::new(plain);
        let (hash, id, times) = (state.hash(), provider.id, (ctx.now, ctx.now.plus_seconds(AWAY)));
        self.store.write(move |tx| tx.put_pending(&hash, id, &plain, times, MOST)).await?;
        Ok(Started::Go { url: url.into(), browser })
    }

    /// Ends what [`start_with`](Self::start_with) began: with what the browser brings back, the
    /// mark that it was given, and the session that it has by now.
    pub async fn come_back(
        &self,
        ctx: &Context,
        knock: &Knock,
        (browser, session): (Option<SecretToken>, Option<SecretToken>),
        state: &str,
        back: OpenIdBack,
    ) -> Result<Came> {
        // a return that nobody waits for is written down as well
        let tries = Tries::of_client(&self.throttle, "return", &knock.client);
        if !tries.begin(ctx.now) {
            return self.too_many();
        }
        let came = self.finish_with(ctx, knock, (browser, session), state, back).await?;
        if !matches!(came, Came::Refused(..)) {
            tries.succeeded();
            self.throttle.took_back(&begun_by(knock));
        }
        Ok(came)
    }

    fn too_many<T>(&self) -> Result<T> {
        throttled();
        Err(Error::Unavailable("too many sign-ins that came to nothing; wait a quarter of an hour".into()))
    }

    async fn finish_with(
        &self,
        ctx: &Context,
        knock: &Knock,
        (browser, session): (Option<SecretToken>, Option<SecretToken>),
        state: &str,
        back: OpenIdBack,
    ) -> Result<Came> {
        let (hash, now) = (SecretToken::presented(state).hash(), ctx.now);
        let taken = self.store.write(move |tx| {
            let Some((provider, plain)) = tx.take_pending(&hash, now)? else { return Ok(None) };
            Ok(tx.provider(provider)?.map(|provider| (provider, plain)))
        });
        let refusal = |reason: ProofReason| OpenIdRefusal::new(reason, reason.words());
        let Some((provider, plain)) = taken.await? else {
            return self.refused(ctx, None, refusal(ProofReason::Unknown), None).await;
        };
        let unreadable = |_| Error::Internal("a pending sign-in cannot be read".into());
        let pending: Pending = serde_json::from_slice(&plain).map_err(unreadable)?;
        // hashes are compared, so time tells nothing
        if browser.is_none_or(|browser| browser.hash() != pending.browser) {
            return self.refused(ctx, Some(&provider), refusal(ProofReason::OtherBrowser), None).await;
        }
        let errand = Errand::from(pending.errand);
        if let Errand::Join(account) = errand
            && self.signed_in_as(session.as_ref()).await? != Some(account)
        {
            return self.refused(ctx, Some(&provider), refusal(ProofReason::OtherAccount), Some(errand)).await;
        }
        let party = self.party(&provider).await?;
        let Some(party) = party else {
            return self.refused(ctx, Some(&provider), refusal(ProofReason::Unknown), Some(errand)).await;
        };
        let secrets = OpenIdSecrets {
            state: Secret::new(state),
            nonce: Secret::new(pending.nonce),
            verifier: Secret::new(pending.verifier),
        };
        match self.ports.open_id.finish(&party, &secrets, &back, ctx.now).await {
            Err(refusal) => self.refused(ctx, Some(&provider), refusal, Some(errand)).await,
            Ok(claims) => {
                let proof = Proof {
                    provider,
                    subject: claims.subject,
                    name: claims.name,
                    email: claims.email,
                    groups: claims.groups,
                    person: None,
                };
                self.arrive(ctx, knock, proof, errand).await
            }
        }
    }

    /// Signs in by the directory of a provider. The error is what whoever signs in may know.
    pub async fn sign_in_with_directory(
        &self,
        ctx: &Context,
        knock: &Knock,
        provider: &str,
        login: &str,
        password: &Secret,
        next: String,
    ) -> Result<Came> {
        let name = provider.to_owned();
        let found = self.store.read(move |tx| {
            let Some(provider) = tx.provider_by_name(&name)? else { return Ok(None) };
            let ProviderKind::Directory { source } = provider.kind else { return Ok(None) };
            // a source may be gone by now, and nobody comes from there
            let source = tx.source_overviews()?.into_iter().find(|found| found.source.id == source);
            Ok(source.map(|found| (provider, found.source)))
        });
        let (provider, source) = found.await?.ok_or(Error::NotFound)?;
        let signed_in = self.directory_sign_in(ctx, knock, &source.name, (login, password)).await;
        let person = signed_in.map_err(estampe_domain::ldap::sign_in::SignInRefusal::for_who_signs_in)?;
        let of = source.id;
        let known = self.store.read(move |tx| {
            let groups = tx.groups_of(person)?.into_iter().filter(|group| group.source == of);
            let groups = groups.map(|group| group.id.to_string()).collect();
            Ok(tx.person(person)?.map(|summary| (summary.profile, groups)))
        });
        let (profile, groups) = known.await?.ok_or(Error::Unauthenticated)?;
        let proof = Proof {
            provider,
            subject: person.to_string(),
            name: Some(profile.display_name.as_str().to_owned()),
            email: profile.emails.first().map(|email| email.as_str().to_owned()),
            groups: Some(groups),
            person: Some(person),
        };
        self.arrive(ctx, knock, proof, Errand::SignIn(next)).await
    }

    /// How an OpenID Connect provider is spoken to; none for a directory.
    pub(crate) async fn party(&self, provider: &Provider) -> Result<Option<OpenIdParty>> {
        let ProviderKind::OpenId(settings) = provider.kind.clone() else { return Ok(None) };
        let id = provider.id;
        let secret = self.store.read(move |tx| tx.provider_secret(id)).await?;
        let redirect = format!("{}{BACK}", self.settings.internal_origin);
        Ok(Some(OpenIdParty { settings, secret, redirect }))
    }
}

/// What begun sign-ins of a client are counted by.
fn begun_by(knock: &Knock) -> String {
    format!("sign-ins begun from {}", knock.client)
}
