//! The token endpoint and the one that revokes.

use std::collections::BTreeSet;

use serde_json::json;

use super::errors::oauth as refused;
use super::{Access, Inner, SERVICE_ACCOUNT, sign_in};
use crate::jwt::{Token, now};
use crate::wire::{Answer, Asked};

/// RFC 7523, 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The endpoint's real name, which an assertion may be for too.
const REAL_TOKEN: &str = "https://oauth2.googleapis.com/token";

/// A form whose fields are each there once.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The fields that the grant does not have.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Answer> {
        for (number, (name, _)) in self.0.iter().enumerate() {
            let twice = self.0.iter().take(number).any(|(earlier, _)| earlier == name);
            if twice || !known.contains(&name.as_str()) {
                let what = if twice { "twice" } else { "not known" };
                return Err(refused(400, "invalid_request", &format!("Parameter {what}: {name}")));
            }
        }
        Ok(())
    }
}

/// Answers when it is one of the two.
pub(super) fn answer(inner: &Inner, asked: &Asked) -> Option<Answer> {
    let handler = match asked.path.as_str() {
        "/token" => token,
        "/revoke" => revoke,
        _ => return None,
    };
    if asked.method != "POST" {
        return Some(inner.refuse(asked, &crate::contract::Wrong::Method));
    }
    let kind = asked.header("content-type").split(';').next().unwrap_or_default().trim().to_owned();
    if kind != "application/x-www-form-urlencoded" {
        inner.control.refuse(format!("POST {}: a body of {kind:?}", asked.path));
        return Some(refused(400, "invalid_request", "The body has to be application/x-www-form-urlencoded"));
    }
    if let Some((name, _)) = asked.query.first().filter(|_| asked.path == "/token") {
        inner.control.refuse(format!("POST {}: {name} in the query", asked.path));
        return Some(refused(400, "invalid_request", &format!("Parameters belong in the body: {name}")));
    }
    let answer = handler(inner, asked, &Form(asked.form())).unwrap_or_else(|refusal| refusal);
    Some(answer)
}

fn token(inner: &Inner, asked: &Asked, form: &Form) -> Result<Answer, Answer> {
    match form.get("grant_type") {
        JWT_BEARER => {
            form.only(&["grant_type", "assertion"])?;
            assertion(inner, form.get("assertion"))
        }
        "authorization_code" => sign_in::code(inner, asked, form),
        "refresh_token" => sign_in::refresh(inner, asked, form),
        other => Err(refused(400, "unsupported_grant_type", &format!("Invalid grant_type: {other}"))),
    }
}

fn assertion(inner: &Inner, text: &str) -> Result<Answer, Answer> {
    let grant = |why: &str| refused(400, "invalid_grant", why);
    let token = Token::read(text).ok_or_else(|| grant("Invalid JWT: Failed to parse."))?;
    if token.text("iss") != SERVICE_ACCOUNT {
        return Err(grant("Invalid grant: account not found"));
    }
    if !token.is_of(&inner.account.public()) {
        return Err(grant("Invalid JWT Signature."));
    }
    let here = format!("{}/token", inner.origin);
    if token.text("aud") != here && token.text("aud") != REAL_TOKEN {
        return Err(grant("Invalid JWT: Failed audience check."));
    }
    let now = now();
    let times = token.time("iat").zip(token.time("exp"));
    let good = times.is_some_and(|(iat, exp)| iat <= now + 300 && exp > now && exp > iat && exp <= iat + 3600);
    if !good {
        return Err(grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat \
             and exp values in the JWT claim.",
        ));
    }
    let scopes: BTreeSet<String> = token.text("scope").split_ascii_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() {
        return Err(refused(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."));
    }
    let mut state = inner.state();
    if !scopes.is_subset(&state.delegated) {
        let why = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for \
                   any of the scopes requested.";
        return Err(refused(401, "unauthorized_client", why));
    }
    let user = state.people.user(token.text("sub")).filter(|user| user["suspended"] != true);
    let Some((id, email)) = user.and_then(|user| user["id"].as_str().zip(user["primaryEmail"].as_str())) else {
        return Err(grant("Invalid email or User ID"));
    };
    let (user, email) = (id.to_owned(), email.to_owned());
    let token = state.give(Access { user, scopes, expires: now + 3599, delegated: true, grant: 0 });
    let body = json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"});
    let answer = Answer::json(200, &body).with("cache-control", "no-store");
    Ok(Answer { who: Some(email), ..answer })
}

fn revoke(inner: &Inner, asked: &Asked, form: &Form) -> Result<Answer, Answer> {
    form.only(&["token"])?;
    let named = asked.said("token").unwrap_or_else(|| form.get("token"));
    let mut state = inner.state();
    let found = state.access.get(named).or_else(|| state.refresh.get(named)).cloned();
    let Some(found) = found.filter(|access| access.expires > now()) else {
        return Err(refused(400, "invalid_token", "Token expired or revoked"));
    };
    if found.grant == 0 {
        // what the administrator delegated stays: this one token ends
        state.access.remove(named);
    } else {
        state.access.retain(|_, access| access.grant != found.grant);
        state.refresh.retain(|_, access| access.grant != found.grant);
    }
    Ok(Answer::json(200, &json!({})))
}
