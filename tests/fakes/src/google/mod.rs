//! Google: the Directory API, Gmail's signatures, userinfo, and the token endpoint, on one
//! origin. What is refused, and how, is in `errors`.

mod directory;
mod errors;
mod gmail;
mod groups;
mod oauth;
mod pages;
mod people;
mod sign_in;
mod state;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub(crate) use people::ascii;
pub use people::{ADMIN, CUSTOMER, DOMAIN, People};

use state::{Access, State};

use crate::contract::{Contract, Operation};
use crate::control::Control;
use crate::discovery;
use crate::jwt::{self, Key};
use crate::mask::Mask;
use crate::wire::{Answer, Asked, Bound, Listening, Service, Tls};

/// The service account's id, which an administrator pastes beside the scopes.
pub const SERVICE_ACCOUNT: &str = "estampe@estampe-tests.iam.gserviceaccount.com";
/// The application's id for signing in.
pub const CLIENT_ID: &str = "1234567890-estampe.apps.googleusercontent.com";
/// Its secret.
pub const CLIENT_SECRET: &str = "GOCSPX-of-the-fake";

/// Google, listening. It stops when this is dropped.
pub struct Google {
    inner: Arc<Inner>,
    listening: Listening,
}

pub(crate) struct Inner {
    origin: String,
    control: Control,
    contracts: [(&'static str, Contract); 3],
    account: Key,
    signer: Key,
    state: Mutex<State>,
}

impl Google {
    /// Google with so many users, over HTTP.
    pub fn start(users: usize) -> Self {
        Self::serve(users, None)
    }

    /// Google with so many users, over TLS: the certificate has to be good for `localhost`.
    pub fn start_tls(users: usize, tls: &Tls) -> Self {
        Self::serve(users, Some(tls))
    }

    fn serve(users: usize, tls: Option<&Tls>) -> Self {
        let bound = Bound::new();
        let port = bound.address().port();
        let origin =
            if tls.is_some() { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let inner = Arc::new(Inner {
            origin,
            control: Control::default(),
            contracts: [
                (
                    "admin.googleapis.com",
                    discovery::read(include_str!("../../contracts/google.admin.directory_v1.json")),
                ),
                ("gmail.googleapis.com", discovery::read(include_str!("../../contracts/google.gmail.v1.json"))),
                ("www.googleapis.com", discovery::read(include_str!("../../contracts/google.oauth2.v2.json"))),
            ],
            account: Key::new("fake-key-1"),
            signer: Key::new("google-1"),
            state: Mutex::new(State { people: People::new(users), ..State::default() }),
        });
        let service: Arc<dyn Service> = Arc::clone(&inner) as Arc<dyn Service>;
        let listening = bound.serve(service, tls);
        Self { inner, listening }
    }

    /// Where it is, without a slash at the end; also the issuer of its identity tokens.
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

    /// Looks at or changes what the Workspace holds.
    pub fn people<R>(&self, change: impl FnOnce(&mut People) -> R) -> R {
        change(&mut self.inner.state().people)
    }

    /// The file that Google hands out for a service account, its key in it.
    pub fn service_account(&self) -> String {
        self.service_account_at(&format!("{}/token", self.inner.origin))
    }

    /// The same file with this address of the token endpoint, such as the real one.
    pub fn service_account_at(&self, token_uri: &str) -> String {
        json!({
            "type": "service_account",
            "project_id": "estampe-tests",
            "private_key_id": self.inner.account.id,
            "private_key": self.inner.account.pem(),
            "client_email": SERVICE_ACCOUNT,
            "client_id": "100000000000000000099",
            "auth_uri": format!("{}/o/oauth2/v2/auth", self.inner.origin),
            "token_uri": token_uri,
        })
        .to_string()
    }

    /// The service account's key, to sign assertions that are wrong in some way.
    pub fn service_key(&self) -> &Key {
        &self.inner.account
    }

    /// The domain's administrator gives the service account these scopes, and only these.
    pub fn delegate(&self, scopes: &[&str]) {
        self.inner.state().delegated = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    }

    /// The administrator takes all of it back: tokens end, and no new ones are given.
    pub fn revoke_delegation(&self) {
        let mut state = self.inner.state();
        state.delegated.clear();
        state.access.retain(|_, access| !access.delegated);
    }

    /// A user takes the consent back in the account's settings.
    pub fn revoke_consent(&self, user: &str) {
        let mut state = self.inner.state();
        let Some(id) = state.people.id_of(user) else { return };
        state.access.retain(|_, access| access.delegated || access.user != id);
        state.refresh.retain(|_, access| access.user != id);
    }

    /// All tokens are as old as they get.
    pub fn expire_tokens(&self) {
        self.inner.state().access.values_mut().for_each(|access| access.expires = 0);
    }

    /// All page tokens are as old as they get (the real ones: three days).
    pub fn expire_pages(&self) {
        self.inner.state().pages.clear();
    }

    /// Whose browser comes to sign in; nothing: one that refuses consent.
    pub fn browser_of(&self, user: Option<&str>) {
        self.inner.state().browser = user.map(str::to_owned);
    }

    /// How many of Gmail's quota units a mailbox has used.
    pub fn units(&self, mailbox: &str) -> u64 {
        self.inner.state().units.get(mailbox).copied().unwrap_or_default()
    }

    /// How many of Gmail's quota units the project has in a minute (Google's: 1,200,000).
    pub fn quota(&self, units: u64) {
        self.inner.state().quota = Some(units);
    }

    /// A token for a user with these scopes, without the way to it.
    pub fn token(&self, user: &str, scopes: &[&str]) -> String {
        let mut state = self.inner.state();
        let user = state.people.id_of(user).unwrap_or_else(|| panic!("there is no user {user}"));
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        state.give(Access { user, scopes, expires: jwt::now() + 3600, delegated: true, grant: 0 })
    }
}

/// Signing in with Google, or in its name: what the fake's own tests and those of its users
/// need to write a scope in short.
pub fn scope(name: &str) -> String {
    format!("https://www.googleapis.com/auth/{name}")
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call of one of the three documents.
    fn call(&self, asked: &Asked) -> Answer {
        let mut refused = None;
        let host = asked.header("host").split(':').next().unwrap_or_default().to_owned();
        for (name, contract) in &self.contracts {
            // by its real name a host has its own paths alone
            if host.ends_with("googleapis.com") && host != *name {
                continue;
            }
            match contract.find(&asked.method, &asked.path) {
                Ok(matched) => return self.operate(asked, name, contract, matched.operation, &matched.path),
                Err(wrong) => refused = refused.or(Some(wrong)),
            }
        }
        let wrong = refused.unwrap_or(crate::contract::Wrong::Path);
        self.refuse(asked, &wrong)
    }

    fn refuse(&self, asked: &Asked, wrong: &crate::contract::Wrong) -> Answer {
        self.control.refuse(format!("{} {}: {wrong:?}", asked.method, asked.path));
        errors::wrong(wrong, &asked.path)
    }

    fn operate(
        &self,
        asked: &Asked,
        service: &str,
        contract: &Contract,
        operation: &Operation,
        path: &BTreeMap<String, String>,
    ) -> Answer {
        let mut state = self.state();
        let access = asked.bearer().and_then(|token| state.access.get(token)).cloned();
        let Some(access) = access.filter(|access| access.expires > jwt::now()) else {
            return errors::unauthenticated();
        };
        let user = state.people.users.get(&access.user).cloned().unwrap_or_default();
        let who = user["primaryEmail"].as_str().unwrap_or_default().to_owned();
        if !user["deletionTime"].is_null() || user["suspended"] == true {
            return errors::unauthenticated();
        }
        if !operation.scopes.iter().any(|scope| access.scopes.contains(scope)) {
            return Answer { who: Some(who), ..errors::scopes_missing(service, &operation.id) };
        }
        let checked = contract
            .query(operation, &asked.query)
            .and_then(|()| contract.body(operation, asked.header("content-type"), &asked.body));
        let body = match checked {
            Ok(body) => body,
            Err(wrong) => return Answer { who: Some(who), ..self.refuse(asked, &wrong) },
        };
        let call = Call { asked, operation, path, body, access: &access, user: &user };
        if asked.said("alt").is_some_and(|alt| alt != "json") || asked.said("callback").is_some() {
            return Answer { who: Some(who), ..errors::error(400, "invalid", "this fake answers JSON alone") };
        }
        let mask = asked.said("fields").map(Mask::read);
        if mask == Some(None) {
            return Answer { who: Some(who), ..errors::error(400, "invalidParameter", "Invalid field selection") };
        }
        let answered = match service {
            "admin.googleapis.com" => directory::answer(&mut state, &call),
            "gmail.googleapis.com" => gmail::answer(&mut state, &call),
            _ => Ok(sign_in::userinfo(&user, &access)),
        };
        drop(state);
        let answer = match answered {
            Ok(value) => self.checked(contract, operation, &value, mask.flatten().as_ref()),
            Err(refusal) => refusal,
        };
        Answer { who: Some(who), ..answer }
    }

    /// The fake holds itself to the contract too.
    fn checked(&self, contract: &Contract, operation: &Operation, value: &Value, mask: Option<&Mask>) -> Answer {
        let (status, given) = if value.is_null() { (204, None) } else { (200, Some(value)) };
        if let Err(wrong) = contract.answer(operation, status, given) {
            self.control.violation(format!("the fake itself: {}: {wrong:?}", operation.id));
            return errors::error(500, "backendError", &format!("the fake's answer is not in its contract: {wrong:?}"));
        }
        match given {
            Some(value) => {
                let etag = value["etag"].as_str().map(str::to_owned);
                let answer = Answer::json(200, &mask.map_or_else(|| value.clone(), |mask| mask.of(value)));
                match etag {
                    Some(etag) => answer.with("etag", etag),
                    None => answer,
                }
            }
            None => Answer::empty(204),
        }
    }
}

/// A call that is in order, as far as its contract goes.
struct Call<'a> {
    asked: &'a Asked,
    operation: &'a Operation,
    path: &'a BTreeMap<String, String>,
    body: Value,
    access: &'a Access,
    user: &'a Value,
}

impl Call<'_> {
    fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }
}

impl Service for Inner {
    fn answer(&self, asked: &Asked) -> Answer {
        // by its real name a host has its own paths alone
        let own = match asked.path.as_str() {
            "/token" | "/revoke" => Some("oauth2.googleapis.com"),
            "/o/oauth2/v2/auth" | "/.well-known/openid-configuration" => Some("accounts.google.com"),
            "/oauth2/v3/certs" => Some("www.googleapis.com"),
            "/v1/userinfo" => Some("openidconnect.googleapis.com"),
            _ => None,
        };
        if asked.real_host().is_some_and(|host| own.is_some_and(|own| own != host)) {
            return self.refuse(asked, &crate::contract::Wrong::Path);
        }
        if let Some(answer) = oauth::answer(self, asked).or_else(|| sign_in::answer(self, asked)) {
            return answer;
        }
        self.call(asked)
    }

    fn control(&self) -> &Control {
        &self.control
    }

    fn throttled(&self) -> Answer {
        errors::error(
            429,
            "rateLimitExceeded",
            "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'",
        )
    }

    fn failed(&self, status: u16) -> Answer {
        errors::error(status, "backendError", "The service is currently unavailable.")
    }
}
