//! The middleware that tells a connection's [`Watch`] of its requests and answers, and
//! bounds how slowly a request's body may come.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::PayloadError;
use actix_web::http::ConnectionType;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage as _};
use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::{PACE, Watch};

/// The outermost middleware.
pub(crate) fn watch() -> Watching {
    Watching
}

pub(crate) struct Watching;

impl<S, B> Transform<S, ServiceRequest> for Watching
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<Answer<B>>;
    type Error = Error;
    type Transform = WatchingService<S>;
    type InitError = ();
    type Future = std::future::Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        std::future::ready(Ok(WatchingService { service }))
    }
}

pub(crate) struct WatchingService<S> {
    service: S,
}

impl<S, B> Service<ServiceRequest> for WatchingService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<Answer<B>>;
    type Error = Error;
    type Future = Handled<S::Future>;

    forward_ready!(service);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let under_way = request.request().conn_data::<Rc<Watch>>().map(UnderWay::begin);
        if request.headers().contains_key(CONTENT_LENGTH)
            || request.headers().contains_key(TRANSFER_ENCODING)
            || matches!(request.request().version(), actix_web::http::Version::HTTP_2) && !request.method().is_safe()
        {
            let paced = Paced::new(request.take_payload(), request.request().conn_data::<Rc<Watch>>().cloned());
            request.set_payload(Payload::Stream { payload: Box::pin(paced) });
        }
        Handled { handled: self.service.call(request), under_way }
    }
}

/// A request that has begun; it ends when this is dropped.
struct UnderWay(Rc<Watch>);

impl UnderWay {
    fn begin(watch: &Rc<Watch>) -> Self {
        watch.begin();
        Self(Rc::clone(watch))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.end();
    }
}

pin_project! {
    /// A request being handled.
    pub(crate) struct Handled<F> {
        #[pin]
        handled: F,
        under_way: Option<UnderWay>,
    }
}

impl<F, B> Future for Handled<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<Answer<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = std::task::ready!(this.handled.poll(context))?;
        let under_way = this.under_way.take();
        if under_way.as_ref().is_some_and(|request| request.0.is_given_up.get()) {
            // the rest of the body is not waited for
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        Poll::Ready(Ok(response.map_body(|_, body| {
            let octets = octets(&body);
            let going = under_way.map(|request| Going { id: request.0.answer(octets), request });
            Answer { body, _going: going }
        })))
    }
}

/// An answer that has begun to go; it has gone when this is dropped.
struct Going {
    id: u64,
    request: UnderWay,
}

impl Drop for Going {
    fn drop(&mut self) {
        self.request.0.answered(self.id);
    }
}

pin_project! {
    /// An answer's body.
    pub(crate) struct Answer<B> {
        #[pin]
        body: B,
        _going: Option<Going>,
    }
}

impl<B: MessageBody> MessageBody for Answer<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(context)
    }
}

/// A body that goes at once, on a connection under this watch.
pub(crate) fn going<B: MessageBody>(watch: Option<&Rc<Watch>>, body: B) -> Answer<B> {
    let octets = octets(&body);
    let going = watch.map(UnderWay::begin).map(|request| Going { id: request.0.answer(octets), request });
    Answer { body, _going: going }
}

fn octets(body: &impl MessageBody) -> u64 {
    match body.size() {
        BodySize::Sized(octets) => octets,
        BodySize::None | BodySize::Stream => 0,
    }
}

/// Whether reading a body failed because it came too slowly.
pub(crate) fn is_too_slow(error: &Error) -> bool {
    matches!(error.as_error(), Some(PayloadError::Io(error)) if error.kind() == io::ErrorKind::TimedOut)
}

/// A body that must come at some pace; it fails with a time-out when it does not.
struct Paced {
    payload: Payload,
    watch: Option<Rc<Watch>>,
    begun: Instant,
    octets: u64,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn new(payload: Payload, watch: Option<Rc<Watch>>) -> Self {
        Self { payload, watch, begun: Instant::now(), octets: 0, alarm: None }
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match Pin::new(&mut this.payload).poll_next(context) {
            Poll::Ready(Some(Ok(octets))) => {
                this.octets = this.octets.saturating_add(octets.len() as u64);
                Poll::Ready(Some(Ok(octets)))
            }
            Poll::Pending => {
                let end = this.begun + PACE.allows(this.octets);
                let alarm = this.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
                if alarm.deadline() != end {
                    alarm.as_mut().reset(end);
                }
                alarm.as_mut().poll(context).map(|()| {
                    if let Some(watch) = &this.watch {
                        watch.is_given_up.set(true);
                    }
                    Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into())))
                })
            }
            other @ Poll::Ready(_) => other,
        }
    }
}
