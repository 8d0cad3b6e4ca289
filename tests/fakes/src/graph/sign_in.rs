//! People who sign in: codes with PKCE, refresh tokens, identity tokens, userinfo.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::errors::{identifier, sign_in as refused, unauthenticated};
use super::login::{Form, GRAPH, redirect, shown};
use super::{Access, CLIENT_ID, Inner, State, TENANT};
use crate::jwt::now;
use crate::wire::{Answer, Asked};

/// What a sign-in gave, to be redeemed once.
pub(super) struct Code {
    access: Access,
    scopes: BTreeSet<String>,
    redirect: String,
    challenge: String,
    nonce: Option<String>,
}

/// What the authorization endpoint takes.
const ASKED: [&str; 12] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "login_hint",
    "domain_hint",
];

pub(super) fn authorize(inner: &Inner, asked: &Asked, _: &str) -> Result<Answer, Answer> {
    let mut back = redirect(inner, asked, &ASKED)?;
    let challenge = asked.said("code_challenge").unwrap_or_default().to_owned();
    let scopes: BTreeSet<String> = asked
        .said("scope")
        .unwrap_or_default()
        .split_ascii_whitespace()
        .map(|scope| scope.trim_start_matches(GRAPH).to_owned())
        .collect();
    if asked.said("response_type") != Some("code") || scopes.is_empty() {
        return Err(shown(inner, asked, "AADSTS900144: response_type or scope"));
    }
    if !challenge.is_empty() && asked.said("code_challenge_method") != Some("S256") {
        return Err(shown(inner, asked, "AADSTS501491: code_challenge_method"));
    }
    if let Some(scope) = scopes.iter().find(|scope| inner.permissions[scope.as_str()]["delegated"].is_null()) {
        return Err(shown(inner, asked, &format!("AADSTS650053: the scope {scope} doesn't exist")));
    }
    let mut state = inner.state();
    let user = state.browser.as_deref().and_then(|browser| state.tenant.user(browser)).map(|user| user["id"].clone());
    if let Some(user) = user.as_ref().and_then(Value::as_str) {
        // what an administrator has to allow, and did not, is left out
        let open = |scope: &&String| {
            inner.permissions[scope.as_str()]["delegated"]["adminConsentRequired"] == false
                || state.consented.contains(*scope)
        };
        let permissions = scopes.iter().filter(open).cloned().collect();
        let code = state.secret("0.");
        let kept = Code {
            access: Access { user: Some(user.to_owned()), permissions, expires: now() + 3599 },
            scopes,
            redirect: asked.said("redirect_uri").unwrap_or_default().to_owned(),
            challenge,
            nonce: asked.said("nonce").map(str::to_owned),
        };
        state.codes.insert(code.clone(), kept);
        back.query_pairs_mut().append_pair("code", &code);
    } else {
        let why = "AADSTS65004: User declined to consent to access the app.";
        back.query_pairs_mut().append_pair("error", "access_denied").append_pair("error_description", why);
    }
    if let Some(value) = asked.said("state") {
        back.query_pairs_mut().append_pair("state", value);
    }
    Ok(Answer::empty(302).with("location", back))
}

/// Who somebody is (OpenID Connect Core, 5.3).
pub(super) fn userinfo(inner: &Inner, asked: &Asked) -> Answer {
    let state = inner.state();
    let access = asked.bearer().and_then(|token| state.access.get(token)).filter(|access| access.expires > now());
    let user = access.and_then(|access| access.user.as_deref()).and_then(|user| state.tenant.users.get(user));
    match (access, user) {
        (Some(access), Some(user)) if asked.method == "GET" && access.permissions.contains("openid") => {
            let sub = identifier(&format!("{}{CLIENT_ID}", user["id"].as_str().unwrap_or_default()));
            let (name, given, family) = (&user["displayName"], &user["givenName"], &user["surname"]);
            let info =
                json!({"sub": sub, "name": name, "given_name": given, "family_name": family, "email": user["mail"]});
            Answer::json(200, &info)
        }
        _ => unauthenticated(),
    }
}

pub(super) fn code(inner: &Inner, state: &mut State, issuer: &str, form: &Form) -> Result<Answer, Answer> {
    let grant = |number, why: &str| refused(400, "invalid_grant", number, why);
    let code = state.codes.remove(form.get("code"));
    let code = code.ok_or_else(|| grant(54_005, "The code was already redeemed, or is none."))?;
    if form.get("redirect_uri") != code.redirect {
        return Err(grant(50_011, "The redirect URI is not the one of the code."));
    }
    let made = BASE64URL_NOPAD.encode(&Sha256::digest(form.get("code_verifier").as_bytes()));
    if !code.challenge.is_empty() && made != code.challenge {
        return Err(grant(
            50_148,
            "The code_verifier does not match the code_challenge supplied in the authorization request.",
        ));
    }
    let offline = code.scopes.contains("offline_access");
    Ok(tokens(inner, state, issuer, &code.access, code.nonce.as_deref(), offline))
}

pub(super) fn refresh(inner: &Inner, state: &mut State, issuer: &str, form: &Form) -> Result<Answer, Answer> {
    let known = state.refresh.get(form.get("refresh_token")).cloned();
    let known = known.filter(|access| {
        let user = access.user.as_deref().and_then(|user| state.tenant.users.get(user));
        user.is_some_and(|user| user["accountEnabled"] == true)
    });
    let access =
        known.ok_or_else(|| refused(400, "invalid_grant", 50_173, "The provided grant has expired or was revoked."))?;
    Ok(tokens(inner, state, issuer, &Access { expires: now() + 3599, ..access }, None, true))
}

fn tokens(
    inner: &Inner,
    state: &mut State,
    issuer: &str,
    access: &Access,
    nonce: Option<&str>,
    offline: bool,
) -> Answer {
    let token = inner.give(state, access.clone());
    let scopes: Vec<&str> = access.permissions.iter().map(String::as_str).collect();
    let mut body = json!({
        "token_type": "Bearer", "scope": scopes.join(" "), "expires_in": 3599, "ext_expires_in": 3599, "access_token": token,
    });
    let user = access.user.as_deref().unwrap_or_default().to_owned();
    if access.permissions.contains("openid") {
        let person = state.tenant.users.get(&user).cloned().unwrap_or_default();
        let mut claims = json!({
            "iss": format!("{issuer}/{TENANT}/v2.0"), "aud": CLIENT_ID, "tid": TENANT, "oid": user, "ver": "2.0",
            "sub": identifier(&format!("{user}{CLIENT_ID}")), "iat": now(), "nbf": now(), "exp": now() + 3600,
        });
        if access.permissions.contains("profile") {
            claims["name"] = person["displayName"].clone();
            claims["preferred_username"] = person["userPrincipalName"].clone();
        }
        if access.permissions.contains("email") {
            claims["email"] = person["mail"].clone();
        }
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        body["id_token"] = inner.signer.sign(&json!({}), &claims).into();
    }
    if offline {
        let token = state.secret("1.");
        state.refresh.insert(token.clone(), access.clone());
        body["refresh_token"] = token.into();
    }
    Answer::json(200, &body).with("cache-control", "no-store")
}
