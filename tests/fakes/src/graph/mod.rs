//! Microsoft Graph and the sign-in service of one tenant, on one origin.

mod delta;
mod errors;
mod login;
mod objects;
mod query;
mod sign_in;
mod tenant;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use tenant::{DOMAIN, Removed, TENANT, Tenant};

use crate::contract::{Contract, Operation, Wrong};
use crate::control::Control;
use crate::jwt::{self, Key};
use crate::openapi;
use crate::wire::{Answer, Asked, Bound, Listening, Service, Tls};

/// The application's id.
pub const CLIENT_ID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
/// Its secret.
pub const CLIENT_SECRET: &str = "fake~secret";

/// Graph, listening. It stops when this is dropped.
pub struct Graph {
    inner: Arc<Inner>,
    listening: Listening,
}

pub(crate) struct Inner {
    origin: String,
    control: Control,
    contract: Contract,
    /// Names of permissions that there are.
    permissions: Value,
    signer: Key,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tenant: Tenant,
    /// What the administrator consented to, for the application itself and for its users.
    consented: BTreeSet<String>,
    removed: bool,
    certificates: Vec<Vec<u8>>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Access>,
    codes: HashMap<String, sign_in::Code>,
    /// Links that were handed out, as they have to come back.
    links: HashMap<String, delta::Place>,
    expired: BTreeSet<String>,
    browser: Option<String>,
    empty_pages: u32,
    replay: bool,
    number: u64,
}

/// What a token is good for.
#[derive(Debug, Clone)]
struct Access {
    /// The user; nobody: the application itself.
    user: Option<String>,
    permissions: BTreeSet<String>,
    expires: i64,
}

impl Graph {
    /// A tenant with so many users, over HTTP.
    pub fn start(users: usize) -> Self {
        Self::serve(users, None)
    }

    /// A tenant with so many users, over TLS: the certificate has to be good for `localhost`.
    pub fn start_tls(users: usize, tls: &Tls) -> Self {
        Self::serve(users, Some(tls))
    }

    fn serve(users: usize, tls: Option<&Tls>) -> Self {
        let bound = Bound::new();
        let port = bound.address().port();
        let origin =
            if tls.is_some() { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let permissions = include_str!("../../contracts/msgraph.permissions.json");
        let inner = Arc::new(Inner {
            origin,
            control: Control::default(),
            contract: openapi::read(include_str!("../../contracts/msgraph.v1.0.subset.openapi.json"), "/v1.0"),
            permissions: serde_json::from_str(permissions).expect("permissions in JSON"),
            signer: Key::new("entra-1"),
            state: Mutex::new(State { tenant: Tenant::new(users), ..State::default() }),
        });
        let service: Arc<dyn Service> = Arc::clone(&inner) as Arc<dyn Service>;
        Self { listening: bound.serve(service, tls), inner }
    }

    /// Where it is, without a slash at the end: Graph below `/v1.0`, the sign-in service below
    /// the tenant's id.
    pub fn url(&self) -> String {
        self.inner.origin.clone()
    }

    /// Its address, for a resolver that leads the real names here.
    pub fn address(&self) -> std::net::SocketAddr {
        self.listening.address()
    }

    /// Faults and the log.
    pub fn control(&self) -> &Control {
        &self.inner.control
    }

    /// Looks at or changes what the tenant holds.
    pub fn tenant<R>(&self, change: impl FnOnce(&mut Tenant) -> R) -> R {
        change(&mut self.inner.state().tenant)
    }

    /// The id of the one role that there is, the administrators'.
    pub fn role(&self) -> String {
        errors::identifier(objects::ADMINISTRATOR)
    }

    /// The administrator consents to these permissions, and only these. Tokens that are out keep
    /// what they have. Permissions that the contract does not know are a mistake of the test.
    pub fn consent(&self, permissions: &[&str]) {
        for name in permissions {
            assert!(self.inner.permissions.get(*name).is_some(), "{name} is not in msgraph.permissions.json");
        }
        self.inner.state().consented = permissions.iter().map(|name| (*name).to_owned()).collect();
    }

    /// The administrator removes the application: tokens end, and no new ones are given.
    pub fn remove_application(&self, removed: bool) {
        let mut state = self.inner.state();
        state.removed = removed;
        if removed {
            state.access.clear();
            state.refresh.clear();
        }
    }

    /// A certificate (PEM) that the application may sign its assertions with.
    pub fn trust(&self, certificate: &str) {
        use rustls::pki_types::pem::PemObject as _;
        let der =
            rustls::pki_types::CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate in PEM");
        self.inner.state().certificates.push(der.to_vec());
    }

    /// All tokens are as old as they get.
    pub fn expire_tokens(&self) {
        self.inner.state().access.values_mut().for_each(|access| access.expires = 0);
    }

    /// All links to next pages and deltas are as old as they get (the real ones: seven days).
    pub fn expire_links(&self) {
        let mut state = self.inner.state();
        let links: Vec<String> = state.links.keys().cloned().collect();
        state.expired.extend(links);
    }

    /// The next so many pages of a delta are empty, with a link to go on.
    pub fn empty_pages(&self, pages: u32) {
        self.inner.state().empty_pages = pages;
    }

    /// Whether pages of a delta repeat what the page before had last.
    pub fn replay(&self, replay: bool) {
        self.inner.state().replay = replay;
    }

    /// Whose browser comes to sign in or to consent; nobody: one that refuses.
    pub fn browser_of(&self, user: Option<&str>) {
        self.inner.state().browser = user.map(str::to_owned);
    }

    /// A token with these permissions, without the way to it; of a user, or of the application.
    pub fn token(&self, user: Option<&str>, permissions: &[&str]) -> String {
        let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
        let access = Access { user: user.map(str::to_owned), permissions, expires: jwt::now() + 3600 };
        self.inner.give(&mut self.inner.state(), access)
    }
}

impl State {
    fn secret(&mut self, prefix: &str) -> String {
        self.number += 1;
        format!("{prefix}{}", errors::identifier(&format!("{prefix}{}", self.number)).replace('-', ""))
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token as the real ones are: a JWT that says what it is good for.
    fn give(&self, state: &mut State, access: Access) -> String {
        let id = state.secret("");
        let mut claims = json!({
            "aud": "https://graph.microsoft.com", "iss": format!("{}/{TENANT}/v2.0", self.origin), "tid": TENANT,
            "appid": CLIENT_ID, "iat": jwt::now(), "exp": access.expires, "uti": id,
        });
        match &access.user {
            Some(user) => {
                claims["oid"] = user.as_str().into();
                claims["scp"] = access.permissions.iter().cloned().collect::<Vec<_>>().join(" ").into();
            }
            None => claims["roles"] = access.permissions.iter().cloned().collect(),
        }
        let token = self.signer.sign(&json!({}), &claims);
        state.access.insert(token.clone(), access);
        token
    }

    fn refuse(&self, asked: &Asked, wrong: &Wrong) -> Answer {
        self.control.refuse(format!("{} {}: {wrong:?}", asked.method, asked.path));
        errors::wrong(wrong, &asked.path)
    }

    fn call(&self, asked: &Asked) -> Answer {
        // both spellings of the function are Graph's own
        let path = match asked.path.strip_suffix("/delta") {
            Some(before) => format!("{before}/delta()"),
            None => asked.path.clone(),
        };
        let mut state = self.state();
        let access = asked.bearer().and_then(|token| state.access.get(token)).cloned();
        let Some(access) = access.filter(|access| access.expires > jwt::now()) else {
            return errors::unauthenticated();
        };
        let who = Some(access.user.clone().unwrap_or_else(|| CLIENT_ID.to_owned()));
        if let Some(answer) = objects::pitfall(self, &mut state, asked, &access) {
            return Answer { who, ..answer };
        }
        let matched = match self.contract.find(&asked.method, &path) {
            Ok(matched) => matched,
            Err(wrong) => return Answer { who, ..self.refuse(asked, &wrong) },
        };
        let operation = matched.operation;
        if path.starts_with("/v1.0/me") && access.user.is_none() {
            let why = "/me request is only valid with delegated authentication flow.";
            return Answer { who, ..errors::error(400, "BadRequest", why) };
        }
        let open = if access.user.is_some() { &operation.scopes } else { &operation.application };
        if !open.iter().any(|name| access.permissions.contains(name)) {
            return Answer { who, ..errors::denied() };
        }
        // a link of ours comes back as it was given, with parameters of ours
        let link = ["$skiptoken", "$deltatoken"].iter().any(|name| asked.said(name).is_some());
        // what begins anew is looked at like any other
        let anew = matches!(asked.said("$deltatoken"), Some("" | "latest"));
        let query: Vec<(String, String)> =
            asked.query.iter().filter(|(name, _)| !(anew && name == "$deltatoken")).cloned().collect();
        let checked = if link && !anew { Ok(()) } else { self.contract.query(operation, &query) }
            .and_then(|()| self.contract.body(operation, asked.header("content-type"), &asked.body));
        let body = match checked {
            Ok(body) => body,
            Err(wrong) => return Answer { who, ..self.refuse(asked, &wrong) },
        };
        let call = Call { inner: self, asked, operation, path: &matched.path, body, access: &access, link };
        let answer = match objects::answer(&mut state, &call) {
            Ok(answer) => self.checked(operation, answer),
            Err(refusal) => refusal,
        };
        Answer { who, ..answer }
    }

    /// The fake holds itself to the contract too.
    fn checked(&self, operation: &Operation, answer: Answer) -> Answer {
        let json = answer.headers.iter().any(|(_, value)| value.starts_with("application/json"));
        let value: Option<Value> = json.then(|| serde_json::from_slice(&answer.body).unwrap_or_default());
        match self.contract.answer(operation, answer.status, value.as_ref()) {
            Ok(()) => answer,
            Err(wrong) => {
                self.control.violation(format!("the fake itself: {}: {wrong:?}", operation.id));
                let why = format!("the fake's answer is not in its contract: {wrong:?}");
                errors::error(500, "InternalServerError", &why)
            }
        }
    }
}

/// A call that is in order, as far as its contract goes.
struct Call<'a> {
    inner: &'a Inner,
    asked: &'a Asked,
    operation: &'a Operation,
    path: &'a BTreeMap<String, String>,
    body: Value,
    access: &'a Access,
    link: bool,
}

impl Call<'_> {
    fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }
}

impl Service for Inner {
    fn answer(&self, asked: &Asked) -> Answer {
        // by its real name a host has its own paths alone
        let graph = asked.path.starts_with("/v1.0/") || asked.path.starts_with("/oidc/");
        let astray = asked.real_host().is_some_and(|host| (host == "graph.microsoft.com") != graph);
        if astray {
            return self.refuse(asked, &Wrong::Path);
        }
        login::answer(self, asked).unwrap_or_else(|| self.call(asked))
    }

    fn control(&self) -> &Control {
        &self.control
    }

    fn throttled(&self) -> Answer {
        errors::error(429, "TooManyRequests", "Too many requests.")
    }

    fn failed(&self, status: u16) -> Answer {
        errors::error(status, "ServiceUnavailable", "The service is temporarily unavailable.")
    }
}
