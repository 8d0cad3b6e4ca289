//! A stream that knows when it is to be cut.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::places::Place;
use super::{IDLE, REQUESTS, Watch};

/// A socket under watch. Reading and writing fail once it is to be cut.
pub(crate) struct Watched<IO> {
    io: IO,
    watch: Rc<Watch>,
    alarm: Pin<Box<Sleep>>,
    /// Ends when the server begins to stop.
    leaving: Pin<Box<dyn Future<Output = ()>>>,
    _place: Place,
}

impl<IO> Watched<IO> {
    pub(super) fn new(io: IO, place: Place, leaving: impl Future<Output = ()> + 'static) -> Self {
        let most = if place.is_of_one_client() { REQUESTS } else { usize::MAX };
        let alarm = Box::pin(tokio::time::sleep(IDLE));
        Self { io, watch: Watch::new(most), alarm, leaving: Box::pin(leaving), _place: place }
    }

    pub(super) fn watch(&self) -> Rc<Watch> {
        Rc::clone(&self.watch)
    }

    /// Looks when it is time to, and sees to it that this task is woken then.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.watch.is_leaving.get() && self.leaving.as_mut().poll(context).is_ready() {
            self.watch.is_leaving.set(true);
            self.alarm.as_mut().reset(Instant::now());
        }
        while self.alarm.as_mut().poll(context).is_ready() {
            match self.watch.look(Instant::now()) {
                Some(next) => self.alarm.as_mut().reset(next),
                None => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
        Ok(())
    }

    fn is_open(&self) -> io::Result<()> {
        if self.watch.is_flooded.get() { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    /// Keeps account of octets that wait to be written.
    fn wrote(&self, outcome: &Poll<io::Result<usize>>) {
        match (outcome, self.watch.writing.get()) {
            (Poll::Pending, None) => self.watch.writing.set(Some((Instant::now(), 0))),
            (Poll::Ready(Ok(octets)), Some((since, sent))) => {
                self.watch.writing.set(Some((since, sent.saturating_add(*octets as u64))));
            }
            _ => {}
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Watched<IO> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.is_open()?;
        let outcome = Pin::new(&mut self.io).poll_read(context, to);
        if outcome.is_pending() {
            self.check(context)?;
        }
        outcome
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Watched<IO> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        self.is_open()?;
        let outcome = Pin::new(&mut self.io).poll_write(context, from);
        self.wrote(&outcome);
        if outcome.is_pending() {
            self.check(context)?;
        }
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_flush(context);
        if outcome.is_ready() {
            // TLS flushes when it has nothing left to write
            self.watch.writing.set(None);
        }
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_open()?;
        let outcome = Pin::new(&mut self.io).poll_write_vectored(context, from);
        self.wrote(&outcome);
        if outcome.is_pending() {
            self.check(context)?;
        }
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
