//! Graph as its document has it: what it does not say is refused.

mod contract;
mod delta;
mod faults;
mod login;
mod objects;

use estampe_fakes::graph::Graph;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// A Graph, a client, and a token of the application for everything.
struct Bench {
    graph: Graph,
    client: Client,
    token: String,
}

impl Bench {
    fn new(users: usize) -> Self {
        let graph = Graph::start(users);
        let all = [
            "User.Read.All",
            "Directory.Read.All",
            "Organization.Read.All",
            "ProfilePhoto.ReadWrite.All",
            "User.ReadWrite.All",
            "Directory.ReadWrite.All",
            "Group.ReadWrite.All",
            "RoleManagement.Read.Directory",
        ];
        let token = graph.token(None, &all);
        Self { graph, client: client(), token }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}/v1.0{path}", self.graph.url()) };
        self.client.request(method, url).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        answered(self.request(Method::GET, path)).await
    }

    async fn refused(&self, path: &str) -> (u16, String, String) {
        refusal(self.request(Method::GET, path)).await
    }

    /// The id of a user that this is true of.
    fn user(&self, is: impl Fn(&Value) -> bool) -> String {
        self.graph.tenant(|tenant| {
            let found = tenant
                .users
                .values()
                .find(|user| is(user) && !tenant.administrators.contains(user["id"].as_str().unwrap()));
            found.unwrap()["id"].as_str().unwrap().to_owned()
        })
    }

    fn group(&self, name: &str) -> String {
        self.graph.tenant(|tenant| {
            let found = tenant.groups.values().find(|group| group["displayName"] == name);
            found.unwrap()["id"].as_str().unwrap().to_owned()
        })
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

/// Status, code and message; the error is one that the contract has.
async fn refusal(request: RequestBuilder) -> (u16, String, String) {
    let (status, body) = answered(request).await;
    assert!(status >= 400, "{body}");
    let contract = contract::document();
    let shape = contract.named("microsoft.graph.ODataErrors.ODataError");
    assert_eq!(contract.check(shape, &body, estampe_fakes::contract::Way::Answered, ""), Ok(()), "{body}");
    let text = |name: &str| body["error"][name].as_str().unwrap().to_owned();
    (status, text("code"), text("message"))
}

fn values(body: &Value) -> &Vec<Value> {
    body["value"].as_array().unwrap_or_else(|| panic!("no value in {body}"))
}
