//! Stands between a directory and the LDAP library. The library takes whatever comes: it
//! recurses as deep as an answer is nested and keeps as much as is sent. What comes from
//! the network is measured here first, and a connection that breaks a bound is ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

/// Octets of one message.
const MAX_MESSAGE: u64 = 16 << 20;
/// How deep a message is nested: an entry's values need six levels.
const MAX_DEPTH: usize = 12;
/// What an element costs in memory besides its octets.
const OVERHEAD: usize = 64;
/// Octets read at once.
const CHUNK: usize = 64 << 10;
/// Saying goodbye; nothing depends on it.
const GOODBYE: Duration = Duration::from_secs(2);
/// RFC 4511, section 4.3.
const UNBIND: &[u8] = &[0x30, 0x06, 0x02, 0x02, 0x7f, 0x7f, 0x42, 0x00];

/// A stream to a server, whatever protects it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What the next answers may cost, and why the connection ended.
#[derive(Debug, Default)]
pub(super) struct Watch {
    left: AtomicUsize,
    ended: Mutex<Option<Ended>>,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The answer was larger than allowed.
    TooLarge,
    /// In words.
    Lost(String),
}

impl Watch {
    /// Lets answers come that cost so much together.
    pub(super) fn allow(&self, cost: usize) {
        self.left.store(cost, Ordering::Relaxed);
    }

    /// Why the connection ended, if it did.
    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn end(&self, why: Ended) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    fn take(&self, cost: usize) -> Result<(), Ended> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost));
        taken.map(|_| ()).map_err(|_| Ended::TooLarge)
    }
}

/// Carries octets between the server and the library until one of them ends.
pub(super) async fn carry(server: Box<dyn Stream>, library: UnixStream, watch: Arc<Watch>) {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut from_library, mut to_library) = library.into_split();
    let answers = async {
        let mut measure = Measure::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = from_server.read(&mut chunk).await.map_err(|error| Ended::Lost(super::words(&error)))?;
            let octets = chunk.get(..read).unwrap_or_default();
            if octets.is_empty() {
                return Err(Ended::Lost("the server closed the connection".to_owned()));
            }
            let elements = measure.feed(octets).map_err(Ended::Lost)?;
            watch.take(read.saturating_add(elements.saturating_mul(OVERHEAD)))?;
            if to_library.write_all(octets).await.is_err() {
                return Ok(());
            }
        }
    };
    let requests = async {
        let copied = tokio::io::copy(&mut from_library, &mut to_server).await;
        copied.map(|_| ()).map_err(|error| Ended::Lost(super::words(&error)))
    };
    let outcome = tokio::select! {
        outcome = answers => outcome,
        outcome = requests => outcome,
    };
    if let Err(why) = outcome {
        watch.end(why);
        return;
    }
    let goodbye = async {
        to_server.write_all(UNBIND).await?;
        to_server.shutdown().await
    };
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

/// Follows the elements of messages (X.690, as RFC 4511, section 5.1 narrows it), however
/// they are cut into pieces.
#[derive(Debug, Default)]
struct Measure {
    position: u64,
    /// Where the open elements end, the innermost last.
    open: Vec<u64>,
    expects: Expects,
}

#[derive(Debug, Default)]
enum Expects {
    #[default]
    Tag,
    Length {
        constructed: bool,
    },
    LongLength {
        constructed: bool,
        octets: u8,
        length: u64,
    },
    /// What of a value is still to come.
    Value(u64),
}

impl Measure {
    /// Takes what came and says how many elements began in it; the error says what is no
    /// LDAP.
    fn feed(&mut self, mut octets: &[u8]) -> Result<usize, String> {
        let no_ldap = || "the server's answer is no LDAP".to_owned();
        let mut elements = 0;
        while let Some((first, rest)) = octets.split_first() {
            if let Expects::Value(left) = self.expects {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(octets.len());
                octets = octets.get(here..).unwrap_or_default();
                self.position += here as u64;
                self.value(left - here as u64);
                continue;
            }
            if self.open.last().is_some_and(|end| self.position >= *end) {
                return Err(no_ldap());
            }
            octets = rest;
            self.position += 1;
            match self.expects {
                Expects::Tag => {
                    // a message is a sequence; no tag in LDAP needs a second octet
                    if first & 0x1f == 0x1f || (self.open.is_empty() && *first != 0x30) {
                        return Err(no_ldap());
                    }
                    elements += 1;
                    self.expects = Expects::Length { constructed: first & 0x20 != 0 };
                }
                Expects::Length { constructed } if *first < 0x80 => self.element(constructed, u64::from(*first))?,
                Expects::Length { constructed } => {
                    let octets = first & 0x7f;
                    // neither indefinite nor beyond 32 bits
                    if !(1..=4).contains(&octets) {
                        return Err(no_ldap());
                    }
                    self.expects = Expects::LongLength { constructed, octets, length: 0 };
                }
                Expects::LongLength { constructed, octets, length } => {
                    let length = length << 8 | u64::from(*first);
                    match octets {
                        1 => self.element(constructed, length)?,
                        _ => self.expects = Expects::LongLength { constructed, octets: octets - 1, length },
                    }
                }
                Expects::Value(_) => {}
            }
        }
        Ok(elements)
    }

    fn element(&mut self, constructed: bool, length: u64) -> Result<(), String> {
        let end = self.position + length;
        match self.open.last() {
            None if length > MAX_MESSAGE => {
                return Err(format!("the server's answer has a part of more than {} MiB", MAX_MESSAGE >> 20));
            }
            Some(outer) if end > *outer => return Err("the server's answer is no LDAP".to_owned()),
            _ => {}
        }
        if !constructed {
            self.value(length);
            return Ok(());
        }
        if self.open.len() >= MAX_DEPTH {
            return Err("the server's answer is nested deeper than LDAP is".to_owned());
        }
        self.open.push(end);
        self.value(0);
        Ok(())
    }

    /// After a value's octets, this many of which are still to come.
    fn value(&mut self, left: u64) {
        if left > 0 {
            self.expects = Expects::Value(left);
            return;
        }
        self.expects = Expects::Tag;
        while self.open.last().is_some_and(|end| *end == self.position) {
            self.open.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bind's answer: success.
    const ANSWER: &[u8] = &[0x30, 0x0c, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];

    fn measured(octets: &[u8], piece: usize) -> Result<usize, String> {
        let mut measure = Measure::default();
        octets.chunks(piece).try_fold(0, |sum, chunk| Ok(sum + measure.feed(chunk)?))
    }

    #[test]
    fn answers_pass_however_they_are_cut() {
        let two = [ANSWER, ANSWER].concat();
        let mut long = vec![0x30, 0x82, 0x01, 0x08, 2, 1, 1, 0x04, 0x82, 0x00, 0xff];
        long.resize(11 + 255, 7);
        let mut long: Vec<u8> = long;
        // 2 1 1, then a value of 255 octets behind a long length: 3 + 4 + 255 = 262
        long[3] = 0x06;
        for octets in [&two, &long] {
            let whole = measured(octets, usize::MAX).unwrap();
            for piece in 1..20 {
                assert_eq!(measured(octets, piece), Ok(whole));
            }
        }
        assert_eq!(measured(&two, usize::MAX), Ok(12));
    }

    #[test]
    fn what_would_harm_the_library_is_stopped() {
        let mut deep = Vec::new();
        for level in (0..13_u8).rev() {
            deep.extend([0x30, level * 2]);
        }
        assert!(measured(&deep, usize::MAX).unwrap_err().contains("deeper"));
        for no_ldap in [
            b"HTTP/1.1 400".as_slice(),
            &[0x30, 0x80, 2, 1, 1],
            &[0x30, 0x85, 0, 0, 0, 0, 1],
            &[0x30, 3, 2, 5, 1],
            &[0x30, 3, 0x1f, 1, 1],
            &[0x30, 1, 2, 1, 1],
            &[0x30, 2, 0x82, 0x83, 1, 1],
        ] {
            assert!(measured(no_ldap, usize::MAX).is_err(), "{no_ldap:?}");
            assert!(measured(no_ldap, 1).is_err(), "{no_ldap:?}");
        }
        assert!(measured(&[0x30, 0x84, 0xff, 0, 0, 0], usize::MAX).unwrap_err().contains("16 MiB"));
    }

    #[tokio::test]
    async fn an_answer_beyond_what_is_allowed_ends_the_connection() {
        let (server, mut other) = tokio::io::duplex(1 << 10);
        let (library, mut inside) = UnixStream::pair().unwrap();
        let watch = Arc::new(Watch::default());
        watch.allow(2 * (ANSWER.len() + 6 * OVERHEAD));
        let carrying = tokio::spawn(carry(Box::new(server), library, Arc::clone(&watch)));
        for _ in 0..2 {
            other.write_all(ANSWER).await.unwrap();
            let mut got = vec![0; ANSWER.len()];
            inside.read_exact(&mut got).await.unwrap();
            assert_eq!(got, ANSWER);
        }
        other.write_all(ANSWER).await.unwrap();
        carrying.await.unwrap();
        assert_eq!(watch.ended(), Some(Ended::TooLarge));
        assert_eq!(inside.read(&mut [0; 8]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn the_library_leaves_with_a_goodbye() {
        let (server, mut other) = tokio::io::duplex(1 << 10);
        let (library, inside) = UnixStream::pair().unwrap();
        let watch = Arc::new(Watch::default());
        let carrying = tokio::spawn(carry(Box::new(server), library, Arc::clone(&watch)));
        drop(inside);
        let mut said = Vec::new();
        other.read_to_end(&mut said).await.unwrap();
        carrying.await.unwrap();
        assert_eq!((said.as_slice(), watch.ended()), (UNBIND, None));
    }
}
