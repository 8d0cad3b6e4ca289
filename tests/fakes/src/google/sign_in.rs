//! Signing in with Google: consent, codes with PKCE, refresh tokens, identity tokens, userinfo.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::errors::oauth as refused;
use super::oauth::Form;
use super::{Access, CLIENT_ID, CLIENT_SECRET, DOMAIN, Inner, State};
use crate::contract::Wrong;
use crate::jwt::now;
use crate::wire::{Answer, Asked};

/// What consent gave, to be redeemed once.
pub(super) struct Code {
    access: Access,
    redirect: String,
    challenge: Option<String>,
    nonce: Option<String>,
    offline: bool,
}

/// What the authorization endpoint takes.
const ASKED: [&str; 15] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "access_type",
    "prompt",
    "include_granted_scopes",
    "login_hint",
    "hd",
    "max_age",
    "display",
];

/// Answers the endpoints that a browser and a verifier of identity tokens look at.
pub(super) fn answer(inner: &Inner, asked: &Asked) -> Option<Answer> {
    let answer = match asked.path.as_str() {
        "/.well-known/openid-configuration" => Answer::json(200, &configuration(asked, &inner.origin)),
        "/v1/userinfo" => known(inner, asked),
        "/oauth2/v3/certs" => Answer::json(200, &json!({"keys": [inner.signer.jwk()]})),
        "/o/oauth2/v2/auth" => consent(inner, asked).unwrap_or_else(|refusal| refusal),
        _ => return None,
    };
    Some(if asked.method == "GET" { answer } else { inner.refuse(asked, &Wrong::Method) })
}

/// The issuer of identity tokens.
fn issuer(inner: &Inner, asked: &Asked) -> String {
    asked.real_host().map_or_else(|| inner.origin.clone(), |_| "https://accounts.google.com".to_owned())
}

/// Who somebody is (OpenID Connect Core, 5.3).
fn known(inner: &Inner, asked: &Asked) -> Answer {
    let state = inner.state();
    let access = asked.bearer().and_then(|token| state.access.get(token)).filter(|access| access.expires > now());
    let Some(access) = access.filter(|access| access.scopes.contains("openid")) else {
        return super::errors::unauthenticated();
    };
    let mut info = userinfo(&state.people.users.get(&access.user).cloned().unwrap_or_default(), access);
    if let Some(fields) = info.as_object_mut() {
        for (short, standard) in [("id", "sub"), ("verified_email", "email_verified")] {
            if let Some(value) = fields.remove(short) {
                fields.insert(standard.to_owned(), value);
            }
        }
    }
    Answer::json(200, &info)
}

fn configuration(asked: &Asked, own: &str) -> Value {
    // by its real name Google is on several hosts
    let at = |host: &str| asked.real_host().map_or_else(|| own.to_owned(), |_| format!("https://{host}"));
    json!({
        "issuer": at("accounts.google.com"),
        "authorization_endpoint": format!("{}/o/oauth2/v2/auth", at("accounts.google.com")),
        "token_endpoint": format!("{}/token", at("oauth2.googleapis.com")),
        "userinfo_endpoint": format!("{}/v1/userinfo", at("openidconnect.googleapis.com")),
        "revocation_endpoint": format!("{}/revoke", at("oauth2.googleapis.com")),
        "jwks_uri": format!("{}/oauth2/v3/certs", at("www.googleapis.com")),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
    })
}

fn consent(inner: &Inner, asked: &Asked) -> Result<Answer, Answer> {
    // Google shows these to the person; they never come back to the application
    let page =
        |code: &str| Answer::empty(400).of("text/html; charset=UTF-8", format!("<p>Error 400: {code}").into_bytes());
    if let Some((name, _)) = asked.query.iter().find(|(name, _)| !ASKED.contains(&name.as_str())) {
        inner.control.refuse(format!("GET {}: unknown parameter {name}", asked.path));
        return Err(page("invalid_request"));
    }
    if asked.said("client_id") != Some(CLIENT_ID) {
        return Err(page("invalid_client"));
    }
    let redirect = asked.said("redirect_uri").and_then(|uri| Url::parse(uri).ok());
    let mut redirect = redirect.ok_or_else(|| page("redirect_uri_mismatch"))?;
    let address = redirect.to_string();
    let scopes: BTreeSet<String> = asked.said("scope").unwrap_or_default().split_ascii_whitespace().map(long).collect();
    if asked.said("response_type") != Some("code") || scopes.is_empty() {
        return Err(page("invalid_request"));
    }
    if asked.said("code_challenge").is_some() && asked.said("code_challenge_method") != Some("S256") {
        return Err(page("invalid_request"));
    }
    let mut state = inner.state();
    let person = state.browser.as_ref().and_then(|browser| state.people.id_of(browser));
    match person {
        Some(user) => {
            let grant = state.next();
            let access = Access { user, scopes, expires: now() + 3599, delegated: false, grant };
            let code = state.secret("4/0");
            let kept = Code {
                access,
                redirect: asked.said("redirect_uri").unwrap_or(&address).to_owned(),
                challenge: asked.said("code_challenge").map(str::to_owned),
                nonce: asked.said("nonce").map(str::to_owned),
                offline: asked.said("access_type") == Some("offline"),
            };
            state.codes.insert(code.clone(), kept);
            redirect.query_pairs_mut().append_pair("code", &code);
        }
        None => drop(redirect.query_pairs_mut().append_pair("error", "access_denied")),
    }
    if let Some(value) = asked.said("state") {
        redirect.query_pairs_mut().append_pair("state", value);
    }
    Ok(Answer::empty(302).with("location", redirect))
}

/// Scopes of OpenID Connect have long names too.
fn long(scope: &str) -> String {
    match scope {
        "email" | "profile" => super::scope(&format!("userinfo.{scope}")),
        other => other.to_owned(),
    }
}

fn client(form: &Form) -> Result<(), Answer> {
    if form.get("client_id") != CLIENT_ID {
        return Err(refused(401, "invalid_client", "The OAuth client was not found."));
    }
    if form.get("client_secret") != CLIENT_SECRET {
        return Err(refused(401, "invalid_client", "Unauthorized"));
    }
    Ok(())
}

pub(super) fn code(inner: &Inner, asked: &Asked, form: &Form) -> Result<Answer, Answer> {
    form.only(&["grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier"])?;
    client(form)?;
    let mut state = inner.state();
    let code = state.codes.remove(form.get("code"));
    let code = code.ok_or_else(|| refused(400, "invalid_grant", "Malformed auth code."))?;
    if form.get("redirect_uri") != code.redirect {
        return Err(refused(400, "redirect_uri_mismatch", "Bad Request"));
    }
    if let Some(challenge) = &code.challenge {
        let made = BASE64URL_NOPAD.encode(&Sha256::digest(form.get("code_verifier").as_bytes()));
        if made != *challenge {
            return Err(refused(400, "invalid_grant", "Invalid code verifier."));
        }
    }
    let mut body = tokens(inner, &mut state, &issuer(inner, asked), &code.access, code.nonce.as_deref());
    if code.offline {
        let token = state.secret("1//0");
        state.refresh.insert(token.clone(), Access { expires: i64::MAX, ..code.access });
        body["refresh_token"] = token.into();
    }
    Ok(Answer::json(200, &body).with("cache-control", "no-store"))
}

pub(super) fn refresh(inner: &Inner, asked: &Asked, form: &Form) -> Result<Answer, Answer> {
    form.only(&["grant_type", "client_id", "client_secret", "refresh_token", "scope"])?;
    client(form)?;
    let mut state = inner.state();
    let known = state.refresh.get(form.get("refresh_token")).cloned();
    let known = known.filter(|access| state.people.user(&access.user).is_some_and(|user| user["suspended"] != true));
    let access = known.ok_or_else(|| refused(400, "invalid_grant", "Token has been expired or revoked."))?;
    let access = Access { expires: now() + 3599, ..access };
    let body = tokens(inner, &mut state, &issuer(inner, asked), &access, None);
    Ok(Answer::json(200, &body).with("cache-control", "no-store"))
}

fn tokens(inner: &Inner, state: &mut State, issuer: &str, access: &Access, nonce: Option<&str>) -> Value {
    let token = state.give(access.clone());
    let scopes: Vec<&str> = access.scopes.iter().map(String::as_str).collect();
    let mut body =
        json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer", "scope": scopes.join(" ")});
    if access.scopes.contains("openid") {
        let user = state.people.users.get(&access.user).cloned().unwrap_or_default();
        let info = userinfo(&user, access);
        let mut claims = json!({
            "iss": issuer, "aud": CLIENT_ID, "azp": CLIENT_ID, "sub": access.user, "iat": now(), "exp": now() + 3600,
        });
        for name in ["email", "hd", "name", "given_name", "family_name", "picture"] {
            if !info[name].is_null() {
                claims[name] = info[name].clone();
            }
        }
        if !info["email"].is_null() {
            claims["email_verified"] = true.into();
        }
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        body["id_token"] = inner.signer.sign(&json!({}), &claims).into();
    }
    body
}

/// Who somebody is, as far as the scopes go.
pub(super) fn userinfo(user: &Value, access: &Access) -> Value {
    let mut info = json!({"id": access.user});
    if access.scopes.contains(&super::scope("userinfo.email")) {
        info["email"] = user["primaryEmail"].clone();
        info["verified_email"] = true.into();
        info["hd"] = DOMAIN.into();
    }
    if access.scopes.contains(&super::scope("userinfo.profile")) {
        info["name"] = user["name"]["fullName"].clone();
        info["given_name"] = user["name"]["givenName"].clone();
        info["family_name"] = user["name"]["familyName"].clone();
        if let Some(picture) = user["thumbnailPhotoUrl"].as_str() {
            info["picture"] = picture.into();
        }
    }
    info
}
