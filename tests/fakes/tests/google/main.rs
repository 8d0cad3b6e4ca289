//! Google as its documents have it: what they do not say is refused.

mod contract;
mod directory;
mod faults;
mod gmail;
mod sign_in;
mod tokens;

use estampe_fakes::google::{ADMIN, Google, SERVICE_ACCOUNT, scope};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// All that a directory's reader and a publisher of signatures want.
fn scopes() -> Vec<String> {
    [
        "admin.directory.user",
        "admin.directory.group",
        "admin.directory.orgunit.readonly",
        "admin.directory.rolemanagement.readonly",
        "admin.directory.customer.readonly",
        "admin.directory.domain.readonly",
        "gmail.settings.basic",
        "userinfo.email",
        "userinfo.profile",
    ]
    .map(scope)
    .to_vec()
}

/// A Google, a client, and the token of its administrator for everything.
struct Bench {
    google: Google,
    client: Client,
    token: String,
}

impl Bench {
    fn new(users: usize) -> Self {
        let google = Google::start(users);
        let scopes = scopes();
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        google.delegate(&scopes);
        let token = google.token(ADMIN, &scopes);
        Self { google, client: client(), token }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.google.url())).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        answered(self.request(Method::GET, path)).await
    }

    /// What the service says no with: status, reason, message.
    async fn refused(&self, path: &str) -> (u16, String, String) {
        refusal(self.request(Method::GET, path)).await
    }

    fn as_user(&self, email: &str, scopes: &[&str]) -> String {
        let scopes: Vec<String> = scopes.iter().map(|name| scope(name)).collect();
        self.google.token(email, &scopes.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn email(&self, number: usize) -> String {
        self.google.people(|people| {
            let user = people.users.values().nth(number).unwrap();
            user["primaryEmail"].as_str().unwrap().to_owned()
        })
    }

    fn claims(&self, sub: &str, scope: &str) -> Value {
        let now = estampe_fakes::jwt::now();
        json!({
            "iss": SERVICE_ACCOUNT, "sub": sub, "scope": scope, "aud": format!("{}/token", self.google.url()),
            "iat": now, "exp": now + 3600,
        })
    }

    async fn assert(&self, assertion: &str) -> (u16, Value) {
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)];
        self.form("/token", &form).await
    }

    async fn form(&self, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        answered(self.client.post(format!("{}{path}", self.google.url())).form(form)).await
    }
}

fn client() -> Client {
    static TLS: std::sync::Once = std::sync::Once::new();
    TLS.call_once(|| rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap());
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

async fn answered(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

async fn refusal(request: RequestBuilder) -> (u16, String, String) {
    let (status, body) = answered(request).await;
    let error = &body["error"];
    assert_eq!(error["code"], status, "{body}");
    let one = &error["errors"][0];
    assert_eq!(one["message"], error["message"], "{body}");
    assert!(one["domain"].is_string() && error["status"].is_string(), "{body}");
    (status, one["reason"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
}
