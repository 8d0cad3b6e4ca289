//! Sign-in by OpenID Connect: the protocol is the crate's, what is asked of it stands here.
//!
//! Requests leave by the checked egress: https alone, no redirect is followed, addresses that
//! are not public have to be named in the provider's settings, answers have a bound. What a
//! provider says of itself is kept for an hour, and asked for once more when a token is signed
//! with a key that is not among the kept ones.

mod claims;
mod kept;
mod wire;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use estampe_domain::Ts;
use estampe_domain::openid::{
    OpenIdBack, OpenIdClaims, OpenIdFound, OpenIdParty, OpenIdRefusal, OpenIdSecrets, OpenIdStart, ProofReason,
};
use estampe_domain::ports::{HttpEgress, OpenId};
use estampe_domain::provider::Preset;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreTokenResponse,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    TokenResponse,
};

use self::claims::Verified;
use self::kept::{Kept, KeptProviders, Metadata};
use self::wire::{Sent, Wire};

/// Time for one sign-in, all requests together.
const LIMIT: Duration = Duration::from_secs(30);

/// A client as a provider's own document makes it.
type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// See the module.
pub struct OpenIdProviders {
    egress: Arc<dyn HttpEgress>,
    kept: KeptProviders,
}

impl OpenIdProviders {
    /// Speaks by this egress.
    pub fn new(egress: Arc<dyn HttpEgress>) -> Self {
        Self { egress, kept: KeptProviders::default() }
    }

    fn wire(&self, party: &OpenIdParty) -> Wire {
        Wire::new(Arc::clone(&self.egress), party.reach())
    }

    async fn exchange(
        &self,
        party: &OpenIdParty,
        secrets: &OpenIdSecrets,
        back: &OpenIdBack,
        now: Ts,
    ) -> Result<OpenIdClaims, OpenIdRefusal> {
        let wire = self.wire(party);
        let (mut kept, fresh) = self.kept.get(party, &wire, now).await?;
        from_whom(party, back, &kept.metadata)?;
        let code = code(back)?;
        let client = client(party, kept.metadata.clone())?;
        let answer = redeem(&client, &wire, code, secrets).await?;
        let token = answer.id_token().ok_or_else(|| {
            OpenIdRefusal::new(
                ProofReason::NoToken,
                "the token endpoint's answer has no id_token; is the scope openid allowed there?",
            )
        })?;
        let mut verified = Verified::of(token, party, &kept.metadata, secrets, now);
        // a provider changes its keys as it likes
        if !fresh && verified.as_ref().is_err_and(|refusal| refusal.reason == ProofReason::Signature) {
            kept = self.kept.again(party, &wire, now).await?;
            verified = Verified::of(token, party, &kept.metadata, secrets, now);
        }
        let mut verified = verified?;
        if let Some(endpoint) = verified.wants_more(party, &kept.metadata) {
            verified.add(wire.userinfo(endpoint, answer.access_token().secret()).await?)?;
        }
        verified.claims(party)
    }
}

#[async_trait]
impl OpenId for OpenIdProviders {
    async fn start(&self, party: &OpenIdParty, secrets: &OpenIdSecrets, now: Ts) -> OpenIdStart {
        let (Kept { metadata, .. }, _) = self.kept.get(party, &self.wire(party), now).await?;
        let client = client(party, metadata)?;
        let state = CsrfToken::new(secrets.state.reveal().to_owned());
        let nonce = Nonce::new(secrets.nonce.reveal().to_owned());
        let verifier = PkceCodeVerifier::new(secrets.verifier.reveal().to_owned());
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for scope in &party.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        if let Some(domain) = &party.settings.domain {
            request = request.add_extra_param("hd", domain.as_str());
        }
        Ok(request.url().0)
    }

    async fn finish(
        &self,
        party: &OpenIdParty,
        secrets: &OpenIdSecrets,
        back: &OpenIdBack,
        now: Ts,
    ) -> Result<OpenIdClaims, OpenIdRefusal> {
        let exchanged = tokio::time::timeout(LIMIT, self.exchange(party, secrets, back, now)).await;
        exchanged
            .unwrap_or_else(|_| Err(OpenIdRefusal::new(ProofReason::Unreachable, "it took longer than 30 seconds")))
    }

    async fn look(&self, party: &OpenIdParty, now: Ts) -> Result<OpenIdFound, OpenIdRefusal> {
        let wire = self.wire(party);
        let Kept { metadata, .. } = self.kept.again(party, &wire, now).await?;
        let authorization = metadata.authorization_endpoint().url().as_str().to_owned();
        Ok(OpenIdFound {
            authorization,
            keys: metadata.jwks().keys().len(),
            certificate_until: wire.certificate_until(),
        })
    }
}

fn client(party: &OpenIdParty, metadata: Metadata) -> Result<Client, OpenIdRefusal> {
    let redirect = RedirectUrl::new(party.redirect.clone())
        .map_err(|_| OpenIdRefusal::new(ProofReason::Discovery, "our own origin is no address"))?;
    let secret = party.secret.as_ref().map(|secret| ClientSecret::new(secret.reveal().to_owned()));
    // basic is what counts where a provider says nothing (OpenID Connect Discovery 1.0)
    let in_body = metadata.token_endpoint_auth_methods_supported().is_some_and(|methods| {
        !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
            && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
    });
    let id = ClientId::new(party.settings.client_id.clone());
    let client = CoreClient::from_provider_metadata(metadata, id, secret).set_redirect_uri(redirect);
    Ok(if in_body { client.set_auth_type(AuthType::RequestBody) } else { client })
}

/// Whether the answer is of the provider that was asked (RFC 9207), before anything of it is
/// looked at.
fn from_whom(party: &OpenIdParty, back: &OpenIdBack, metadata: &Metadata) -> Result<(), OpenIdRefusal> {
    match &back.issuer {
        Some(issuer) if *issuer == party.settings.issuer => Ok(()),
        None if !metadata.additional_metadata().authorization_response_iss_parameter_supported => Ok(()),
        None => {
            Err(OpenIdRefusal::new(ProofReason::MixUp, "the answer names no issuer, though the provider promises one"))
        }
        Some(_) => Err(OpenIdRefusal::new(ProofReason::MixUp, "the answer names another issuer")),
    }
}

fn code(back: &OpenIdBack) -> Result<AuthorizationCode, OpenIdRefusal> {
    let refused = |reason, words: String| Err(OpenIdRefusal::new(reason, words));
    match (&back.error, &back.code) {
        (Some(error), _) => {
            let error = wire::error_code(error);
            let reason = match error.as_str() {
                "access_denied" | "login_required" | "consent_required" | "interaction_required" => ProofReason::Denied,
                _ => ProofReason::ProviderError,
            };
            refused(reason, format!("the provider's error is {error}"))
        }
        (None, Some(code)) => Ok(AuthorizationCode::new(code.reveal().to_owned())),
        (None, None) => {
            refused(ProofReason::ProviderError, "the browser brought back neither a code nor an error".to_owned())
        }
    }
}

async fn redeem(
    client: &Client,
    wire: &Wire,
    code: AuthorizationCode,
    secrets: &OpenIdSecrets,
) -> Result<CoreTokenResponse, OpenIdRefusal> {
    let unusable = |_| OpenIdRefusal::new(ProofReason::Discovery, "the discovery document names no token_endpoint");
    let request = client
        .exchange_code(code)
        .map_err(unusable)?
        .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier.reveal().to_owned()));
    let request = match client.redirect_uri() {
        Some(redirect) => request.set_redirect_uri(Cow::Owned(redirect.clone())),
        None => request,
    };
    request.request_async(&wire.asker(Sent::Token)).await.map_err(|error| match error {
        RequestTokenError::Request(failed) => failed.refusal(ProofReason::Answer),
        RequestTokenError::ServerResponse(answer) => {
            let code = match answer.error() {
                CoreErrorResponseType::Extension(other) => wire::error_code(other),
                known => wire::error_code(known.as_ref()),
            };
            OpenIdRefusal::new(ProofReason::CodeRefused, format!("the token endpoint's error is {code}"))
        }
        // the library's words would show what stands there
        RequestTokenError::Parse(error, _) => {
            let at = error.path().to_string();
            OpenIdRefusal::new(ProofReason::Answer, format!("the token endpoint's answer cannot be read at {at}"))
        }
        RequestTokenError::Other(_) => {
            OpenIdRefusal::new(ProofReason::Answer, "the token endpoint's answer is not the JSON of the standard")
        }
    })
}

/// Whether a preset's tokens say all that is wanted without a further request.
const fn says_all(preset: Preset) -> bool {
    matches!(preset, Preset::Microsoft)
}
