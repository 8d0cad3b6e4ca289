//! The sign-in service: tokens for the application and for people, consent.

use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;
use x509_parser::prelude::FromDer as _;

use super::errors::sign_in as refused;
use super::sign_in::{authorize, code, refresh, userinfo};
use super::{Access, CLIENT_ID, CLIENT_SECRET, DOMAIN, Inner, State, TENANT};
use crate::contract::Wrong;
use crate::jwt::{Token, now};
use crate::wire::{Answer, Asked};

pub(super) const GRAPH: &str = "https://graph.microsoft.com/";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
type Handler = fn(&Inner, &Asked, &str) -> Result<Answer, Answer>;

/// Answers what stands below a tenant.
pub(super) fn answer(inner: &Inner, asked: &Asked) -> Option<Answer> {
    let path = asked.path.trim_start_matches('/');
    let (tenant, rest) = path.split_once('/')?;
    if tenant == "v1.0" {
        return None;
    }
    if path == "oidc/userinfo" {
        return Some(userinfo(inner, asked));
    }
    let (method, answer): (_, Handler) = match rest {
        "oauth2/v2.0/token" => ("POST", token),
        "oauth2/v2.0/authorize" => ("GET", authorize),
        "v2.0/adminconsent" => ("GET", admin_consent),
        "v2.0/.well-known/openid-configuration" => {
            ("GET", |inner, asked, tenant| Ok(configuration(&asked.origin(&inner.origin), tenant)))
        }
        "discovery/v2.0/keys" => ("GET", |inner, _, _| Ok(Answer::json(200, &json!({"keys": [inner.signer.jwk()]})))),
        _ => return None,
    };
    if asked.method != method {
        return Some(inner.refuse(asked, &Wrong::Method));
    }
    let known = [TENANT, DOMAIN, "common", "organizations", "consumers"].contains(&tenant);
    if !known {
        let why = format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        return Some(refused(400, "invalid_request", 90_002, &why));
    }
    Some(answer(inner, asked, tenant).unwrap_or_else(|refusal| refusal))
}

fn concrete(tenant: &str) -> bool {
    tenant == TENANT || tenant == DOMAIN
}

fn configuration(origin: &str, tenant: &str) -> Answer {
    // without a tenant the issuer is a template
    let issuer = if concrete(tenant) { TENANT } else { "{tenantid}" };
    Answer::json(
        200,
        &json!({
            "issuer": format!("{origin}/{issuer}/v2.0"),
            "authorization_endpoint": format!("{origin}/{tenant}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{origin}/{tenant}/oauth2/v2.0/token"),
            "jwks_uri": format!("{origin}/{tenant}/discovery/v2.0/keys"),
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        }),
    )
}

pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

fn token(inner: &Inner, asked: &Asked, tenant: &str) -> Result<Answer, Answer> {
    if !asked.header("content-type").starts_with("application/x-www-form-urlencoded") {
        return Err(refused(
            400,
            "invalid_request",
            900_144,
            "The request body must be application/x-www-form-urlencoded.",
        ));
    }
    let form = Form(asked.form());
    let credentials =
        ["client_id", "client_secret", "client_assertion", "client_assertion_type", "grant_type", "scope"];
    let grant = form.get("grant_type").to_owned();
    let more: &[&str] = match grant.as_str() {
        "client_credentials" => &[],
        "authorization_code" => &["code", "redirect_uri", "code_verifier"],
        "refresh_token" => &["refresh_token"],
        other => {
            let why = format!("The app requested an unsupported grant type '{other}'.");
            return Err(refused(400, "unsupported_grant_type", 70_003, &why));
        }
    };
    if let Some((name, _)) =
        form.0.iter().find(|(name, _)| !credentials.contains(&name.as_str()) && !more.contains(&name.as_str()))
    {
        inner.control.refuse(format!("POST {}: unknown field {name}", asked.path));
        return Err(refused(
            400,
            "invalid_request",
            900_144,
            &format!("The request body has an unknown parameter '{name}'."),
        ));
    }
    let mut state = inner.state();
    client(inner, &state, asked, &form)?;
    match grant.as_str() {
        "client_credentials" => credentials_grant(inner, &mut state, &form, tenant),
        "authorization_code" => code(inner, &mut state, &asked.origin(&inner.origin), &form),
        _ => refresh(inner, &mut state, &asked.origin(&inner.origin), &form),
    }
}

/// Whether it is the application, by its secret or by an assertion of its certificate.
fn client(inner: &Inner, state: &State, asked: &Asked, form: &Form) -> Result<(), Answer> {
    if form.get("client_id") != CLIENT_ID {
        let why = format!("Application with identifier '{}' was not found in the directory.", form.get("client_id"));
        return Err(refused(400, "unauthorized_client", 700_016, &why));
    }
    if state.removed {
        let why = "The client application is missing service principal in the tenant.";
        return Err(refused(401, "unauthorized_client", 7_000_229, why));
    }
    if form.get("client_assertion_type") == ASSERTION {
        let here = format!("{}{}", inner.origin, asked.path);
        let real = format!("https://login.microsoftonline.com{}", asked.path);
        return assertion(state, form.get("client_assertion"), &[&here, &real]);
    }
    match form.get("client_secret") {
        CLIENT_SECRET => Ok(()),
        "" => {
            let why = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            Err(refused(401, "invalid_client", 7_000_218, why))
        }
        _ => {
            let why = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                       value, not the client secret ID.";
            Err(refused(401, "invalid_client", 7_000_215, why))
        }
    }
}

fn assertion(state: &State, text: &str, audiences: &[&str]) -> Result<(), Answer> {
    let invalid =
        |why: &str| refused(401, "invalid_client", 700_027, &format!("Client assertion failed validation: {why}"));
    let token = Token::read(text)
        .ok_or_else(|| refused(401, "invalid_client", 50_027, "JWT token is invalid or malformed."))?;
    // the certificate is named by its thumbprint
    let named = |certificate: &&Vec<u8>| {
        let sha1 = BASE64URL_NOPAD.encode(&sha1::Sha1::digest(certificate));
        let sha256 = BASE64URL_NOPAD.encode(&Sha256::digest(certificate));
        token.header["x5t"] == sha1.as_str() || token.header["x5t#S256"] == sha256.as_str()
    };
    let certificate = state.certificates.iter().find(named);
    let certificate = certificate.ok_or_else(|| invalid("the key was not found by its thumbprint"))?;
    let parsed = x509_parser::certificate::X509Certificate::from_der(certificate);
    let (_, parsed) = parsed.map_err(|_| invalid("the certificate cannot be read"))?;
    if !token.is_of_client(parsed.public_key().raw) {
        return Err(invalid("the signature is wrong"));
    }
    if token.text("iss") != CLIENT_ID || token.text("sub") != CLIENT_ID {
        return Err(invalid("iss and sub have to be the application"));
    }
    if !audiences.contains(&token.text("aud")) {
        return Err(invalid("the audience is another"));
    }
    if token.text("jti").is_empty() || token.time("exp").is_none_or(|exp| exp <= now() || exp > now() + 86_400) {
        return Err(refused(401, "invalid_client", 700_024, "Client assertion is not within its valid time range."));
    }
    Ok(())
}

fn credentials_grant(inner: &Inner, state: &mut State, form: &Form, tenant: &str) -> Result<Answer, Answer> {
    if !concrete(tenant) {
        let why = "A concrete tenant is needed for client credentials.";
        return Err(refused(400, "invalid_request", 53_003, why));
    }
    if form.get("scope") != format!("{GRAPH}.default") {
        let why = format!(
            "The provided value for scope {} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier.",
            form.get("scope")
        );
        return Err(refused(400, "invalid_scope", 1_002_012, &why));
    }
    // of what was consented, what an application can have
    let application = |name: &&String| inner.permissions[name.as_str()]["application"].is_object();
    let permissions = state.consented.iter().filter(application).cloned().collect();
    let token = inner.give(state, Access { user: None, permissions, expires: now() + 3599 });
    let body = json!({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token});
    let answer = Answer::json(200, &body).with("cache-control", "no-store");
    Ok(Answer { who: Some(CLIENT_ID.to_owned()), ..answer })
}

/// A page that Microsoft shows to the person.
pub(super) fn shown(inner: &Inner, asked: &Asked, why: &str) -> Answer {
    inner.control.refuse(format!("GET {}: {why}", asked.path));
    Answer::empty(400).of(
        "text/html; charset=utf-8",
        format!("<p>Sorry, but we\u{2019}re having trouble signing you in. {why}").into_bytes(),
    )
}

pub(super) fn redirect(inner: &Inner, asked: &Asked, known: &[&str]) -> Result<Url, Answer> {
    if let Some((name, _)) = asked.query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(shown(inner, asked, &format!("AADSTS900144: unknown parameter {name}")));
    }
    if asked.said("client_id") != Some(CLIENT_ID) {
        return Err(shown(inner, asked, "AADSTS700016: the application was not found"));
    }
    let url = asked.said("redirect_uri").and_then(|url| Url::parse(url).ok());
    url.ok_or_else(|| shown(inner, asked, "AADSTS50011: the redirect URI does not match"))
}

fn admin_consent(inner: &Inner, asked: &Asked, _: &str) -> Result<Answer, Answer> {
    let mut back = redirect(inner, asked, &["client_id", "redirect_uri", "state", "scope"])?;
    let mut state = inner.state();
    let administrator = state
        .browser
        .as_deref()
        .and_then(|browser| state.tenant.user(browser))
        .is_some_and(|user| user["id"].as_str().is_some_and(|id| state.tenant.administrators.contains(id)));
    if administrator {
        let scopes = asked.said("scope").unwrap_or_default().split_ascii_whitespace();
        let named: Vec<String> = scopes
            .map(|scope| scope.trim_start_matches(GRAPH).to_owned())
            .filter(|scope| scope != ".default")
            .collect();
        if let Some(name) = named.iter().find(|name| inner.permissions.get(name.as_str()).is_none()) {
            return Err(shown(inner, asked, &format!("AADSTS650053: the scope {name} doesn't exist")));
        }
        state.consented.extend(named);
        back.query_pairs_mut().append_pair("admin_consent", "True").append_pair("tenant", TENANT);
    } else {
        let why = "AADSTS65004: The resource owner or authorization server denied the request.";
        back.query_pairs_mut().append_pair("error", "access_denied").append_pair("error_description", why);
    }
    if let Some(value) = asked.said("state") {
        back.query_pairs_mut().append_pair("state", value);
    }
    Ok(Answer::empty(302).with("location", back))
}
