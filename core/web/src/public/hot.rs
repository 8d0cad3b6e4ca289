//! The shortest way to a card's page: answered before the application is asked, when the
//! page is kept and nothing stands against the request. It is the same answer, under the
//! same checks, headers and figures; everything else goes the ordinary way.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_http::{Request, Response};
use actix_service::ServiceFactory;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::Service;
use actix_web::http::Method;
use actix_web::web;
use pin_project_lite::pin_project;

use crate::connection::{Answer, going};
use crate::headers::{Surface, headers};
use crate::locale::wished;
use crate::public::card;
use crate::public::pages::Key;
use crate::state::AppState;
use crate::telemetry::HotCard;

type Body<B> = EitherBody<B, Answer<BoxBody>>;

/// An application with the short way before it, where there is one.
pub(crate) struct HotFactory<F, B> {
    application: F,
    state: Option<web::Data<AppState>>,
    body: PhantomData<B>,
}

impl<F, B> HotFactory<F, B> {
    pub(crate) fn new(application: F, state: Option<web::Data<AppState>>) -> Self {
        Self { application, state, body: PhantomData }
    }
}

impl<F, B> ServiceFactory<Request> for HotFactory<F, B>
where
    F: ServiceFactory<Request>,
    F::Future: 'static,
    F::Response: Into<Response<B>>,
    B: MessageBody,
{
    type Response = Response<Body<B>>;
    type Error = F::Error;
    type Config = F::Config;
    type Service = HotService<F::Service, B>;
    type InitError = F::InitError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Service, F::InitError>>>>;

    fn new_service(&self, config: F::Config) -> Self::Future {
        let (made, state) = (self.application.new_service(config), self.state.clone());
        Box::pin(async move {
            let hot = state.map(|state| Hot { telemetry: HotCard::new(&state.service), state });
            Ok(HotService { application: made.await?, hot, body: PhantomData })
        })
    }
}

/// One worker's.
pub(crate) struct HotService<S, B> {
    application: S,
    hot: Option<Hot>,
    body: PhantomData<B>,
}

impl<S, B> Service<Request> for HotService<S, B>
where
    S: Service<Request>,
    S::Response: Into<Response<B>>,
    B: MessageBody,
{
    type Response = Response<Body<B>>;
    type Error = S::Error;
    type Future = Answering<S::Future, B>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.application.poll_ready(context)
    }

    fn call(&self, request: Request) -> Self::Future {
        match self.hot.as_ref().and_then(|hot| hot.answer(&request)) {
            Some(answer) => Answering::Hot { answer: Some(answer.map_body(|_, body| EitherBody::right(body))) },
            None => Answering::Application { handled: self.application.call(request) },
        }
    }
}

pin_project! {
    /// An answer that is there, or one on its way.
    #[project = AnsweringParts]
    pub(crate) enum Answering<F, B> {
        Hot { answer: Option<Response<Body<B>>> },
        Application { #[pin] handled: F },
    }
}

impl<F, R, E, B> Future for Answering<F, B>
where
    F: Future<Output = Result<R, E>>,
    R: Into<Response<B>>,
    B: MessageBody,
{
    type Output = Result<Response<Body<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            AnsweringParts::Hot { answer } => answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer))),
            AnsweringParts::Application { handled } => {
                handled.poll(context).map_ok(|answer| answer.into().map_body(|_, body| EitherBody::left(body)))
            }
        }
    }
}

struct Hot {
    state: web::Data<AppState>,
    telemetry: HotCard,
}

impl Hot {
    /// The answer; none when the application has to be asked.
    fn answer(&self, request: &Request) -> Option<Response<Answer<BoxBody>>> {
        let begun = Instant::now();
        let head = request.head();
        let id = head.uri.path().strip_prefix("/c/")?;
        if head.method != Method::GET || head.uri.query().is_some() || HotCard::is_told() {
            return None;
        }
        let key = Key { card: id.parse().ok()?, locale: wished(&head.headers), chosen: false };
        let page = self.state.pages.ready(&*self.state.service, &key)?;
        // refused: the application says so, in words
        self.state.edge.check(Surface::Public, head).ok()?;
        let mut answer = card::answer(&page, &head.headers);
        let (name, id) = self.telemetry.answered(answer.status(), begun);
        headers(Surface::Public).set(answer.headers_mut());
        answer.headers_mut().insert(name, id);
        let watch = request.conn_data::<Rc<crate::connection::Watch>>();
        Some(Response::from(answer).map_body(|_, body| going(watch, body)))
    }
}
