//! The outermost middleware: gives each request its id, measures it, and sends the id
//! back. An id that comes with a request is never taken over: it may be anything.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service as ActixService, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use estampe_domain::RequestId;
use estampe_service::{RequestIds, Service};
use tracing::{Instrument, Span};

use super::meters::{Meters, Route, method, method_name};
use crate::headers::Surface;

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The middleware of one listener. Wrap it last: what is wrapped before it, it measures.
pub(crate) struct Telemetry {
    service: Arc<Service>,
    surface: Surface,
}

impl Telemetry {
    pub(crate) fn new(service: &Arc<Service>, surface: Surface) -> Self {
        Self { service: Arc::clone(service), surface }
    }
}

/// The id that the middleware gave to a request.
pub(crate) fn request_id(request: &HttpRequest) -> Option<RequestId> {
    request.extensions().get::<RequestId>().copied()
}

impl<S, B> Transform<S, ServiceRequest> for Telemetry
where
    S: ActixService<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = Measured<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let meters = Rc::new(Meters::new(self.surface));
        ready(Ok(Measured { inner, surface: self.surface, ids: self.service.request_ids(), meters }))
    }
}

/// One worker's service under the middleware.
pub(crate) struct Measured<S> {
    inner: S,
    surface: Surface,
    ids: RequestIds,
    meters: Rc<Meters>,
}

impl<S, B> ActixService<ServiceRequest> for Measured<S>
where
    S: ActixService<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let begun = Instant::now();
        let id = self.ids.next_id();
        request.extensions_mut().insert(id);
        let hot = self.surface == Surface::Public && is_card(request.path());
        let route = if hot { self.meters.card() } else { self.meters.route(request.match_pattern().as_deref()) };
        // A span costs more than the rest of a cached card. Its handler makes one when
        // it has to ask further; everything else has one from here.
        let span = if hot { debug_span(id) } else { span_of(id) };
        let mut flight = Flight::begin(&self.meters, route, method(request.method()), begun);
        let answer = self.inner.call(request);
        let measured = async move {
            let mut answer = answer.await;
            match &mut answer {
                Ok(answer) => {
                    answer.headers_mut().insert(X_REQUEST_ID, header(id));
                    flight.status = Some(answer.status());
                }
                Err(error) => flight.status = Some(error.as_response_error().status_code()),
            }
            drop(flight);
            answer
        };
        if span.is_disabled() { Box::pin(measured) } else { Box::pin(measured.instrument(span)) }
    }
}

/// The span of a request: its lines carry the id.
pub(crate) fn span_of(id: RequestId) -> Span {
    tracing::info_span!("request", request.id = %id)
}

fn debug_span(id: RequestId) -> Span {
    tracing::debug_span!("request", request.id = %id)
}

/// Whether this is the address of a card's page: `/c/{public_id}` and nothing after.
fn is_card(path: &str) -> bool {
    path.strip_prefix("/c/").is_some_and(|rest| !rest.is_empty() && !rest.bytes().any(|b| matches!(b, b'/' | b'.')))
}

pub(super) fn header(id: RequestId) -> HeaderValue {
    let mut text = [0; 36];
    // an id is hexadecimal digits and hyphens
    HeaderValue::from_str(id.uuid().hyphenated().encode_lower(&mut text)).unwrap_or(HeaderValue::from_static(""))
}

/// A request on its way; measured when it is dropped, answered or not.
struct Flight {
    meters: Rc<Meters>,
    route: Rc<Route>,
    method: usize,
    begun: Instant,
    status: Option<StatusCode>,
}

impl Flight {
    fn begin(meters: &Rc<Meters>, route: Rc<Route>, method: usize, begun: Instant) -> Self {
        meters.in_flight.increment(1);
        Self { meters: Rc::clone(meters), route, method, begun, status: None }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let time = self.begun.elapsed();
        self.meters.in_flight.decrement(1);
        self.route.answered(self.method, self.status, time);
        tracing::event!(
            target: "estampe::access",
            tracing::Level::DEBUG,
            request.route = self.route.pattern,
            request.method = method_name(self.method),
            response.status = self.status.map(|status| status.as_u16()),
            request.microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
            "a request was answered"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hot_page_is_told_from_what_belongs_to_it() {
        assert!(is_card("/c/0123456789"));
        for other in ["/c/", "/c", "/c/x.vcf", "/c/x/qr", "/x", "/"] {
            assert!(!is_card(other), "{other}");
        }
    }
}
