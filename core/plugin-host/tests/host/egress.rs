//! An egress that sends nothing: it notes what it was asked and answers as it was told.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use estampe_domain::egress::{HttpRequest, HttpResponse};
use estampe_domain::plugin::PluginFailure;
use estampe_domain::ports::HttpEgress;
use tokio::runtime::{Handle, Runtime};

/// See the module.
#[derive(Default)]
pub struct Noted {
    pub requests: Mutex<Vec<HttpRequest>>,
    pub body: Vec<u8>,
    pub delay: Option<Duration>,
}

#[async_trait]
impl HttpEgress for Noted {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PluginFailure> {
        self.requests.lock().unwrap().push(request);
        if let Some(delay) = self.delay {
            tokio::time::sleep(delay).await;
        }
        Ok(HttpResponse {
            status: 200,
            headers: vec![("x-test".into(), "yes".into())],
            body: self.body.clone(),
            certificate_until: None,
        })
    }
}

/// An egress for whoever needs none.
pub fn nothing() -> Arc<dyn HttpEgress> {
    Arc::new(Noted::default())
}

/// A runtime that outlives every test, for hosts made outside of one.
pub fn runtime() -> Handle {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap()).handle().clone()
}
