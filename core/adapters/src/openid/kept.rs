//! What providers say of themselves, kept for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use estampe_domain::Ts;
use estampe_domain::openid::{OpenIdParty, OpenIdRefusal, ProofReason};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, DiscoveryError, IssuerUrl, ProviderMetadata};
use serde::{Deserialize, Serialize};
use url::Url;

use super::wire::{HttpFailed, Sent, Wire};

/// Seconds that it counts.
const GOOD: i64 = 3_600;
/// Providers kept.
const MOST: usize = 32;

/// A provider's discovery document with its keys.
pub type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What of it the crate does not know.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct More {
    /// RFC 9207, section 3.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

/// What is kept of one.
#[derive(Clone)]
pub struct Kept {
    /// The document.
    pub metadata: Metadata,
    at: Ts,
}

/// See the module.
#[derive(Default)]
pub struct KeptProviders(Mutex<HashMap<(String, Vec<String>), Kept>>);

impl KeptProviders {
    /// What is kept, or what is asked for now; whether it is the latter.
    pub async fn get(&self, party: &OpenIdParty, wire: &Wire, now: Ts) -> Result<(Kept, bool), OpenIdRefusal> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key(party)).cloned();
        match found.filter(|kept| (0..GOOD).contains(&now.seconds_since(kept.at))) {
            Some(kept) => Ok((kept, false)),
            None => Ok((self.again(party, wire, now).await?, true)),
        }
    }

    /// What is asked for now.
    pub async fn again(&self, party: &OpenIdParty, wire: &Wire, now: Ts) -> Result<Kept, OpenIdRefusal> {
        let kept = Kept { metadata: discover(party, wire).await?, at: now };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(key(party), kept.clone());
        Ok(kept)
    }
}

/// What was fetched by way of one set of networks counts for that alone.
fn key(party: &OpenIdParty) -> (String, Vec<String>) {
    (party.settings.issuer.clone(), party.settings.networks.clone())
}

async fn discover(party: &OpenIdParty, wire: &Wire) -> Result<Metadata, OpenIdRefusal> {
    let no_address = |_| OpenIdRefusal::new(ProofReason::Discovery, "its issuer is no address");
    let issuer = IssuerUrl::new(party.settings.issuer.clone()).map_err(no_address)?;
    let asker = wire.asker(Sent::Document);
    let found = Metadata::discover_async(issuer, &asker).await;
    let metadata = found.map_err(|error| {
        // the document comes first, and the keys that it names after it
        told(error, if asker.asked() > 1 { ProofReason::Keys } else { ProofReason::Discovery })
    })?;
    let secure = |url: &Url| url.scheme() == "https";
    let endpoints = [
        Some(metadata.authorization_endpoint().url()),
        metadata.token_endpoint().map(|endpoint| endpoint.url()),
        metadata.userinfo_endpoint().map(|endpoint| endpoint.url()),
        Some(metadata.jwks_uri().url()),
    ];
    if metadata.token_endpoint().is_none() || !endpoints.into_iter().flatten().all(secure) {
        let words = "its discovery document has an endpoint that is not https, or no token_endpoint";
        return Err(OpenIdRefusal::new(ProofReason::Discovery, words));
    }
    if metadata.jwks().keys().is_empty() {
        return Err(OpenIdRefusal::new(ProofReason::Keys, "there is no key that can be read in its jwks_uri"));
    }
    Ok(metadata)
}

fn told(error: DiscoveryError<HttpFailed>, reason: ProofReason) -> OpenIdRefusal {
    let what = if reason == ProofReason::Keys { "its keys" } else { "its discovery document" };
    match error {
        DiscoveryError::Request(failed) => failed.refusal(reason),
        DiscoveryError::Validation(_) => {
            let words = "its discovery document names another issuer: write it letter by letter as it stands there";
            OpenIdRefusal::new(ProofReason::DiscoveryIssuer, words)
        }
        DiscoveryError::Response(status, ..) => {
            OpenIdRefusal::new(reason, format!("{what}: status {}, or not JSON", status.as_u16()))
        }
        DiscoveryError::Parse(error) => {
            OpenIdRefusal::new(reason, format!("{what} cannot be read at {}", error.path()))
        }
        _ => OpenIdRefusal::new(reason, format!("{what} cannot be asked for")),
    }
}
