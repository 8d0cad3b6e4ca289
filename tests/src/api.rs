//! The API as a program uses it.

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

use crate::server::Server;

/// A program with a token.
pub struct Program {
    client: Client,
    origin: String,
    token: String,
}

impl Program {
    /// One with this token.
    pub fn new(server: &Server, token: &str) -> Self {
        Self { client: server.client(), origin: server.internal.clone(), token: token.to_owned() }
    }

    /// One of a service's, with these scopes.
    pub fn service(server: &Server, scopes: &[&str]) -> Self {
        let mut arguments = vec!["token", "create", "a program"];
        arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        let made = server.json(&arguments);
        Self::new(server, made["secret"].as_str().unwrap_or_else(|| panic!("{made}")))
    }

    /// Its token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A request to a path below `/api/v1`.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.origin)).bearer_auth(&self.token)
    }

    /// A request to any address.
    pub fn anywhere(&self, url: &str) -> RequestBuilder {
        self.client.get(url).bearer_auth(&self.token)
    }

    /// What it gets, which must be this status.
    pub async fn get(&self, path: &str, status: u16) -> Value {
        json(self.ask(Method::GET, path).send().await.unwrap(), status).await
    }

    /// What it gets for posting this, which must be this status.
    pub async fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        json(self.ask(Method::POST, path).json(body).send().await.unwrap(), status).await
    }
}

/// An answer of this status, as JSON; a problem where it is none that is well.
pub async fn json(answer: Response, status: u16) -> Value {
    let (found, kind) = (answer.status(), answer.headers().get("content-type").cloned());
    let text = answer.text().await.unwrap();
    assert_eq!(found, status, "{text}");
    let media = if status < 400 { "application/json" } else { "application/problem+json" };
    assert_eq!(kind.unwrap(), media, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
}
