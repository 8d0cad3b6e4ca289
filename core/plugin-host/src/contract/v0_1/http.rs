//! The import `http` of contract 0.1.

use wasmtime::component::Resource;
use wasmtime::{Error, Result};

use super::bindings::estampe::plugin::http::{self as wit, Header, Method, Outcome};
use super::bindings::estampe::plugin::types::Failure;
use super::convert::refusal;
use crate::call::Call;
use crate::http::{self, Answer};

impl wit::Host for Call {
    fn send(&mut self, request: wit::Request) -> Result<std::result::Result<Outcome, Failure>> {
        let wit::Request { method, url, headers, body, credential, subject } = request;
        let method = match method {
            Method::Get => estampe_domain::egress::Method::Get,
            Method::Head => estampe_domain::egress::Method::Head,
            Method::Post => estampe_domain::egress::Method::Post,
            Method::Put => estampe_domain::egress::Method::Put,
            Method::Patch => estampe_domain::egress::Method::Patch,
            Method::Delete => estampe_domain::egress::Method::Delete,
        };
        let headers = headers.into_iter().map(|Header { name, value }| (name, value)).collect();
        let request = http::Request { method, url, headers, body, credential, subject };
        let outcome = self.http(request).map_err(Error::new)?;
        Ok(outcome.map_err(refusal).map(|outcome| match outcome {
            http::Outcome::Answered(answer) => Outcome::Response(answer),
            http::Outcome::Recorded => Outcome::Recorded,
        }))
    }
}

impl wit::HostResponse for Call {
    fn status(&mut self, answer: Resource<Answer>) -> Result<u16> {
        Ok(self.http.answer(&answer)?.status())
    }

    fn headers(&mut self, answer: Resource<Answer>) -> Result<Vec<Header>> {
        let headers = self.http.answer(&answer)?.headers().iter();
        Ok(headers.map(|(name, value)| Header { name: name.clone(), value: value.clone() }).collect())
    }

    fn read(&mut self, answer: Resource<Answer>, length: u32) -> Result<Vec<u8>> {
        self.http.read(&answer, length)
    }

    fn drop(&mut self, answer: Resource<Answer>) -> Result<()> {
        self.http.close(answer)
    }
}
