//! What is told of a card's page that is answered on the shortest way.

use std::rc::Rc;
use std::time::Instant;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use estampe_service::{RequestIds, Service};

use super::meters::{Meters, Route, method};
use super::middleware::{X_REQUEST_ID, header};
use crate::headers::Surface;

/// One worker's figures of the card's route, the same series as the middleware's.
pub(crate) struct HotCard {
    ids: RequestIds,
    route: Rc<Route>,
    get: usize,
}

impl HotCard {
    pub(crate) fn new(service: &Service) -> Self {
        let meters = Meters::new(Surface::Public);
        Self { ids: service.request_ids(), route: meters.card(), get: method(&Method::GET) }
    }

    /// Whether each request is told in a line: the middleware does that.
    pub(crate) fn is_told() -> bool {
        tracing::enabled!(target: "estampe::access", tracing::Level::DEBUG)
    }

    /// Notes an answer; the id that it carries.
    pub(crate) fn answered(&self, status: StatusCode, begun: Instant) -> (HeaderName, HeaderValue) {
        self.route.answered(self.get, Some(status), begun.elapsed());
        (X_REQUEST_ID, header(self.ids.next_id()))
    }
}
