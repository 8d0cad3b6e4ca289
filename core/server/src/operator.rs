//! Speaks to the running service over its Unix socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

/// A connection to the running service.
pub struct Operator {
    client: reqwest::Client,
    socket: PathBuf,
}

impl Operator {
    /// To the service whose socket this is.
    pub fn new(socket: PathBuf) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .unix_socket(socket.clone())
            .timeout(Duration::from_mins(2))
            .build()
            .map_err(|e| format!("operator: {e}"))?;
        Ok(Self { client, socket })
    }

    /// Asks for something.
    pub async fn get(&self, path: &str) -> Result<Value, String> {
        self.answer(self.client.get(url(path))).await
    }

    /// Asks for something that may take an hour.
    pub async fn get_slowly(&self, path: &str) -> Result<Value, String> {
        self.answer(self.client.get(url(path)).timeout(Duration::from_hours(1))).await
    }

    /// Hands over a file, for something that may take minutes.
    pub async fn upload(&self, path: &str, octets: Vec<u8>) -> Result<Value, String> {
        self.answer(self.client.post(url(path)).body(octets).timeout(Duration::from_mins(10))).await
    }

    /// Asks for something to be done.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.answer(self.client.post(url(path)).json(body)).await
    }

    /// Asks for something to be done whose answer is a file; it may take minutes.
    pub async fn post_for_file(&self, path: &str, body: &Value) -> Result<Vec<u8>, String> {
        let request = self.client.post(url(path)).json(body).timeout(Duration::from_mins(10));
        let response = request.send().await.map_err(|e| unreachable(&self.socket, &e))?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        let octets =
            response.bytes().await.map_err(|e| format!("{}: the answer broke off: {e}", self.socket.display()))?;
        Ok(octets.to_vec())
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Value, String> {
        let response = request.send().await.map_err(|e| unreachable(&self.socket, &e))?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        Ok(response.json().await.unwrap_or(Value::Null))
    }
}

/// Why something was refused, from its problem+json.
async fn refusal(response: reqwest::Response) -> String {
    let status = response.status();
    let body: Value = response.json().await.unwrap_or(Value::Null);
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
    text("detail").or_else(|| text("title")).unwrap_or_else(|| format!("the service answered {status}"))
}

fn url(path: &str) -> String {
    format!("http://operator{path}")
}

fn unreachable(socket: &Path, error: &reqwest::Error) -> String {
    if !error.is_connect() {
        return format!("{}: the service did not answer: {error}", socket.display());
    }
    // a folder that may not be entered hides whether it is there
    let hidden = std::fs::symlink_metadata(socket).is_err_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied);
    if hidden || socket.exists() {
        format!(
            "{}: no answer; do you have its rights (root or the service's user), and is the service running?",
            socket.display()
        )
    } else {
        format!(
            "{}: the service is not running; start it (estampe serve), or name its configuration with --config",
            socket.display()
        )
    }
}
