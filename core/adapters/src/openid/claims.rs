//! An ID token: everything about it is checked before anything of it is believed.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use estampe_domain::Ts;
use estampe_domain::openid::{OpenIdClaims, OpenIdParty, OpenIdRefusal, OpenIdSecrets, ProofReason};
use estampe_domain::provider::Preset;
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm};
use openidconnect::{ClaimsVerificationError, ClientId, IssuerUrl, Nonce, SignatureVerificationError};
use serde_json::{Map, Value};
use url::Url;

use super::kept::Metadata;
use super::says_all;

/// Seconds that clocks may differ by.
const SKEW: i64 = 120;
/// Groups of one person that are looked at.
const MAX_GROUPS: usize = 2_000;
/// Characters of a subject (OpenID Connect Core 1.0, section 2).
const MAX_SUBJECT: usize = 255;

/// Signatures that are taken: none with a shared secret, and none at all is none.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The claims of a checked token.
pub struct Verified {
    subject: String,
    all: Map<String, Value>,
}

impl Verified {
    /// Checks signature, issuer, audience, times and nonce.
    pub fn of(
        token: &CoreIdToken,
        party: &OpenIdParty,
        metadata: &Metadata,
        secrets: &OpenIdSecrets,
        now: Ts,
    ) -> Result<Self, OpenIdRefusal> {
        let issuer = IssuerUrl::new(party.settings.issuer.clone())
            .map_err(|_| OpenIdRefusal::new(ProofReason::Issuer, "the configured issuer is no address"))?;
        let seconds = now.as_millis().div_euclid(1_000);
        // a token that ran out a moment ago by our clock may be good by theirs
        let then = UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds - SKEW).unwrap_or(0));
        // without the client's secret: signatures by a shared one are never looked at
        let id = ClientId::new(party.settings.client_id.clone());
        let verifier = CoreIdTokenVerifier::new_public_client(id, issuer, metadata.jwks().clone())
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || then.into());
        let nonce = Nonce::new(secrets.nonce.reveal().to_owned());
        let claims = token.claims(&verifier, &nonce).map_err(told)?;
        let refused = |reason, words| Err(OpenIdRefusal::new(reason, words));
        if claims.issue_time().timestamp() > seconds + SKEW {
            return refused(ProofReason::Future, "the ID token's iat is later than now");
        }
        if claims.authorized_party().is_some_and(|party_of| party_of.as_str() != party.settings.client_id) {
            return refused(ProofReason::Audience, "the ID token's azp is another client");
        }
        let subject = claims.subject().as_str().to_owned();
        if subject.is_empty() || subject.len() > MAX_SUBJECT {
            return refused(ProofReason::Token, "the ID token's sub is empty or too long");
        }
        let all =
            payload(token).ok_or_else(|| OpenIdRefusal::new(ProofReason::Token, "the ID token cannot be read"))?;
        if all.get("nbf").and_then(Value::as_i64).is_some_and(|from| from > seconds + SKEW) {
            return refused(ProofReason::Future, "the ID token's nbf is later than now");
        }
        Ok(Self { subject, all })
    }

    /// Where the rest of somebody's claims is asked for, if something is missing.
    pub fn wants_more<'a>(&self, party: &OpenIdParty, metadata: &'a Metadata) -> Option<&'a Url> {
        let has = |claim: &str| at(&self.all, claim).is_some();
        let groups = party.settings.groups_claim.as_deref().is_none_or(has);
        let all = has("email") && has("name") && groups;
        let endpoint = metadata.userinfo_endpoint()?;
        (!all && !says_all(party.settings.preset)).then(|| endpoint.url())
    }

    /// Adds them. What the token says itself counts more.
    pub fn add(&mut self, more: Map<String, Value>) -> Result<(), OpenIdRefusal> {
        // OpenID Connect Core 1.0, section 5.3.2: else the claims may be anybody's
        if more.get("sub").and_then(Value::as_str) != Some(&self.subject) {
            return Err(OpenIdRefusal::new(ProofReason::Userinfo, "the userinfo's sub is not the ID token's"));
        }
        for (name, value) in more {
            self.all.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// What is made of them, by the preset's habits.
    pub fn claims(self, party: &OpenIdParty) -> Result<OpenIdClaims, OpenIdRefusal> {
        let text =
            |claim: &str| self.all.get(claim).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let refused = |reason, words| Err(OpenIdRefusal::new(reason, words));
        let settings = &party.settings;
        let mut subject = self.subject.clone();
        match settings.preset {
            Preset::Generic => {}
            Preset::Google => {
                if settings.domain.is_none() || text("hd").map(str::to_lowercase) != settings.domain {
                    return refused(ProofReason::Domain, "hd is missing or another domain");
                }
            }
            Preset::Microsoft => {
                if settings.tenant().is_none() || text("tid").map(str::to_lowercase).as_deref() != settings.tenant() {
                    return refused(ProofReason::Tenant, "tid is missing or another tenant");
                }
                match text("oid") {
                    Some(oid) if oid.len() <= MAX_SUBJECT => oid.clone_into(&mut subject),
                    _ => return refused(ProofReason::Token, "the ID token has no oid: allow the scope profile"),
                }
            }
        }
        // an address that the provider itself doubts is none
        let doubted = self
            .all
            .get("email_verified")
            .is_some_and(|verified| verified.as_bool() == Some(false) || verified.as_str() == Some("false"));
        let upn =
            || text("preferred_username").filter(|name| settings.preset == Preset::Microsoft && name.contains('@'));
        let email = text("email").filter(|_| !doubted).or_else(upn).map(str::to_owned);
        let name = text("name").or_else(|| text("preferred_username")).map(str::to_owned);
        let groups = groups(&self.all, settings.groups_claim.as_deref());
        Ok(OpenIdClaims { subject, name, email, groups })
    }
}

/// The claim of this name, or at this path, as in `realm_access.roles`.
fn at<'a>(all: &'a Map<String, Value>, claim: &str) -> Option<&'a Value> {
    if let Some(value) = all.get(claim) {
        return Some(value);
    }
    let mut parts = claim.split('.');
    let first = all.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part)).filter(|_| claim.contains('.'))
}

/// Somebody's groups; none when the provider says that there are more than it says.
fn groups(all: &Map<String, Value>, claim: Option<&str>) -> Option<BTreeSet<String>> {
    let Some(claim) = claim else { return Some(BTreeSet::new()) };
    // Microsoft leaves more than 200 groups out and says where they are
    let elsewhere = all.get("_claim_names").and_then(|names| names.get(claim)).is_some();
    if elsewhere || (claim == "groups" && all.contains_key("hasgroups")) {
        return None;
    }
    match at(all, claim) {
        Some(Value::String(one)) => Some(BTreeSet::from([one.clone()])),
        Some(Value::Array(several)) if several.len() > MAX_GROUPS => None,
        Some(Value::Array(several)) => Some(several.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        _ => Some(BTreeSet::new()),
    }
}

/// The payload of a token that was verified, with the claims that the crate has no name for.
fn payload(token: &CoreIdToken) -> Option<Map<String, Value>> {
    let text = token.to_string();
    let octets = BASE64URL_NOPAD.decode(text.split('.').nth(1)?.as_bytes()).ok()?;
    serde_json::from_slice(&octets).ok()
}

fn told(error: ClaimsVerificationError) -> OpenIdRefusal {
    use ClaimsVerificationError as E;
    use SignatureVerificationError as S;
    let (reason, words) = match error {
        E::Expired(_) => (ProofReason::Expired, "the ID token's exp is over"),
        E::InvalidAudience(_) => (ProofReason::Audience, "the ID token's aud is not our client alone"),
        E::InvalidIssuer(_) => (ProofReason::Issuer, "the ID token's iss is not the configured issuer"),
        E::InvalidNonce(_) => (ProofReason::Nonce, "the ID token's nonce is not this sign-in's"),
        E::SignatureVerification(S::DisallowedAlg(_) | S::UnsupportedAlg(_) | S::NoSignature) => {
            (ProofReason::Algorithm, "the ID token's alg is none, symmetric or unknown")
        }
        E::SignatureVerification(S::NoMatchingKey) => {
            (ProofReason::Signature, "no key of the provider fits the ID token")
        }
        E::SignatureVerification(S::AmbiguousKeyId(_)) => {
            (ProofReason::Signature, "several keys of the provider fit the ID token, which names none")
        }
        E::SignatureVerification(_) => (ProofReason::Signature, "the ID token's signature is wrong"),
        _ => (ProofReason::Token, "the ID token is not as the standard has it"),
    };
    OpenIdRefusal::new(reason, words)
}

#[cfg(test)]
mod tests {
    use estampe_domain::provider::ProviderForm;
    use serde_json::json;

    use super::*;

    fn party(kind: &str, groups_claim: &str) -> OpenIdParty {
        let form = ProviderForm {
            name: "a".to_owned(),
            label: "A".to_owned(),
            kind: kind.to_owned(),
            client_id: "us".to_owned(),
            issuer: "https://sso.example".to_owned(),
            domain: "banque.example".to_owned(),
            tenant: "72f988bf-86f1-41af-91ab-2d7cd011db47".to_owned(),
            groups_claim: groups_claim.to_owned(),
            ..ProviderForm::default()
        };
        let settings = form.read().unwrap().open_id.unwrap();
        OpenIdParty { settings, secret: None, redirect: "https://cards.example/sign-in/back".to_owned() }
    }

    fn claims(party: &OpenIdParty, all: Value) -> Result<OpenIdClaims, ProofReason> {
        let Value::Object(all) = all else { panic!("{all}") };
        Verified { subject: "s1".to_owned(), all }.claims(party).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn google_lets_its_domain_in_alone() {
        let google = party("google", "");
        assert_eq!(claims(&google, json!({"hd": "Banque.example"})).unwrap().subject, "s1");
        for other in [json!({}), json!({"hd": "evil.example"}), json!({"hd": ""}), json!({"hd": ["banque.example"]})] {
            assert_eq!(claims(&google, other), Err(ProofReason::Domain));
        }
        // an address says nothing
        assert_eq!(claims(&google, json!({"email": "a@banque.example"})), Err(ProofReason::Domain));
    }

    #[test]
    fn microsoft_people_are_known_by_tenant_and_object() {
        let microsoft = party("microsoft", "groups");
        let tid = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        let found = claims(&microsoft, json!({"tid": tid, "oid": "o1", "preferred_username": "a@b.example"})).unwrap();
        assert_eq!((found.subject.as_str(), found.email.as_deref()), ("o1", Some("a@b.example")));
        assert_eq!(claims(&microsoft, json!({"oid": "o1"})), Err(ProofReason::Tenant));
        let other = json!({"tid": "9188040d-6c67-4c5b-b112-36a304b66dad", "oid": "o1"});
        assert_eq!(claims(&microsoft, other), Err(ProofReason::Tenant));
        assert_eq!(claims(&microsoft, json!({"tid": tid})), Err(ProofReason::Token));
        // more groups than the token holds
        let many = json!({"tid": tid, "oid": "o1", "_claim_names": {"groups": "src1"}});
        assert_eq!(claims(&microsoft, many).unwrap().groups, None);
        assert_eq!(claims(&microsoft, json!({"tid": tid, "oid": "o1", "hasgroups": true})).unwrap().groups, None);
    }

    #[test]
    fn groups_are_found_where_they_are_said_to_be() {
        let groups = |claim: &str, all: Value| claims(&party("oidc", claim), all).unwrap().groups.unwrap();
        let set = |of: &[&str]| of.iter().map(|of| (*of).to_owned()).collect::<BTreeSet<_>>();
        let all = json!({"groups": ["a", 7, "b"], "realm_access": {"roles": ["c"]}, "one": "d", "x.y": ["e"]});
        assert_eq!(groups("groups", all.clone()), set(&["a", "b"]));
        assert_eq!(groups("realm_access.roles", all.clone()), set(&["c"]));
        assert_eq!(groups("one", all.clone()), set(&["d"]));
        assert_eq!(groups("x.y", all.clone()), set(&["e"]));
        assert_eq!(groups("absent", all.clone()), set(&[]));
        assert_eq!(groups("", all), set(&[]));
    }

    #[test]
    fn an_address_in_doubt_is_none_and_other_peoples_claims_are_refused() {
        let generic = party("oidc", "");
        for doubted in [json!(false), json!("false")] {
            let found = claims(&generic, json!({"email": "a@b.example", "email_verified": doubted})).unwrap();
            assert_eq!(found.email, None);
        }
        assert_eq!(claims(&generic, json!({"preferred_username": "a@b.example"})).unwrap().email, None);
        let mut verified = Verified { subject: "s1".to_owned(), all: Map::new() };
        for wrong in [json!({}), json!({"sub": "s2"}), json!({"sub": 1})] {
            let Value::Object(wrong) = wrong else { panic!() };
            assert_eq!(verified.add(wrong).unwrap_err().reason, ProofReason::Userinfo);
        }
    }
}
