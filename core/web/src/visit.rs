//! A request on its way to a use case: state, language and circumstances.

use std::cell::Cell;
use std::future::{Future, Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpRequest, web};
use estampe_domain::{Actor, Context, Error, PublicId};
use estampe_service::Service;
use tracing::Instrument;
use tracing::instrument::Instrumented;

use crate::error::{Cause, Fault};
use crate::headers::Surface;
use crate::locale::{Lang, wanted};
use crate::plain::Warning;
use crate::state::{AppState, SettingFact};
use crate::telemetry::{request_id, span_of};

/// Extracted first by every handler; on its own it is an unknown visitor's.
pub(crate) struct Visit {
    pub(crate) state: web::Data<AppState>,
    pub(crate) surface: Surface,
    pub(crate) l: Lang,
    pub(crate) ctx: Context,
    /// What was asked for on the console, to come back to.
    pub(crate) asked: Option<String>,
}

impl Visit {
    pub(crate) fn of(request: &HttpRequest, actor: Actor) -> Result<Self, actix_web::Error> {
        let missing = || ErrorInternalServerError("not configured");
        let state = request.app_data::<web::Data<AppState>>().ok_or_else(missing)?.clone();
        let surface = request.app_data::<Surface>().ok_or_else(missing)?.at(request.path());
        let (locale, chosen) = wanted(request, surface);
        let ctx = match request_id(request) {
            Some(id) => state.service.context_of(actor, locale, id),
            None => state.service.context(actor, locale),
        };
        let l = Lang { locale, chosen, zone: state.zone.clone(), now: ctx.now, told: Cell::default() };
        let asked = (surface == Surface::Console && request.method() == Method::GET)
            .then(|| request.uri().path_and_query().map(ToString::to_string))
            .flatten();
        Ok(Self { state, surface, l, ctx, asked })
    }

    /// The use cases.
    pub(crate) fn service(&self) -> &Service {
        &self.state.service
    }

    /// How the appliance is configured, as it may be shown.
    pub(crate) fn setting_facts(&self) -> Arc<Vec<SettingFact>> {
        self.state.settings.load_full()
    }

    /// What the listeners and their certificates warn of.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        self.state.tls.warnings()
    }

    /// Who hosts this.
    pub(crate) fn organisation(&self) -> &str {
        &self.service().settings().organisation
    }

    /// The origin that this listener is reached by.
    pub(crate) fn origin(&self) -> &str {
        let settings = self.service().settings();
        match self.surface {
            Surface::Public | Surface::Plain => &settings.public_origin,
            Surface::Console | Surface::Api | Surface::Operator => &settings.internal_origin,
        }
    }

    /// `work` under the request's span, where the middleware made none: see there.
    pub(crate) fn traced<F: Future>(&self, work: F) -> Instrumented<F> {
        let span = tracing::Span::current();
        let span = if span.is_disabled() { span_of(self.ctx.request) } else { span };
        work.instrument(span)
    }

    /// The result, or the page that says what happened.
    pub(crate) fn ok<T>(&self, result: Result<T, Error>) -> Result<T, Fault> {
        result.map_err(|error| Fault::new(self, Cause::Domain(error)))
    }

    /// A part of the path; a malformed one is something that does not exist.
    pub(crate) fn id<T: std::str::FromStr>(&self, text: &str) -> Result<T, Fault> {
        text.parse().map_err(|_| Fault::not_found(self))
    }

    /// The public id in the path.
    pub(crate) fn public_id(&self, text: &str) -> Result<PublicId, Fault> {
        self.id(text)
    }
}

impl FromRequest for Visit {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request, Actor::Visitor))
    }
}
