//! An LDAP server that misbehaves on purpose: it lets everybody in and answers searches as
//! it was told to. What a real one can do, a real one does (slapd); this does the rest.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// How it answers searches.
#[derive(Clone)]
pub enum Answer {
    /// With these entries, on one page.
    Entries(Vec<Entry>),
    /// With these and the same cookie, again and again: a page that never ends.
    Endless(Vec<Entry>),
    /// With the first of these, then the rest of the page never comes.
    Half(Vec<Entry>),
    /// With the first page of these and a cookie, and with nothing after that.
    OnePage(Vec<Entry>),
    /// With nothing.
    Silence,
    /// With a referral to another server.
    Referral(String),
}

/// An entry: its name in octets, and its attributes.
#[derive(Clone, Default)]
pub struct Entry {
    /// What it is called.
    pub dn: Vec<u8>,
    /// Names and values.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    /// A person with this `entryUUID`, in `ou=people,dc=example,dc=org`.
    pub fn person(name: &str, uuid: &str) -> Self {
        let dn = format!("uid={name},ou=people,dc=example,dc=org").into_bytes();
        Self { dn, attributes: Vec::new() }.with("objectClass", &["person"]).with("entryUUID", &[uuid])
    }

    /// The same, with this attribute.
    #[must_use]
    pub fn with<T: AsRef<[u8]>>(mut self, name: &str, values: &[T]) -> Self {
        self.attributes.push((name.to_owned(), values.iter().map(|value| value.as_ref().to_vec()).collect()));
        self
    }
}

/// The server; it ends with the process.
pub struct LdapServer {
    port: u16,
    answer: Arc<Mutex<Answer>>,
    connections: Arc<AtomicUsize>,
}

impl LdapServer {
    /// Listens on a free port.
    pub fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answer, connections) = (Arc::new(Mutex::new(answer)), Arc::new(AtomicUsize::new(0)));
        let (shared, counted) = (Arc::clone(&answer), Arc::clone(&connections));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                counted.fetch_add(1, Ordering::Relaxed);
                let answer = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &answer));
            }
        });
        Self { port, answer, connections }
    }

    /// Answers so from now on.
    pub fn turn(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// Its address, without TLS.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn serve(mut stream: TcpStream, answer: &Mutex<Answer>) {
    while let Some((id, operation, goes_on)) = request(&mut stream) {
        let answers = match operation {
            // a bind
            0x60 => message(&id, &done(0x61, 0, &[]), &[]),
            // a search
            0x63 => {
                let answer = answer.lock().unwrap().clone();
                let all = |entries: &[Entry]| entries.iter().flat_map(|e| message(&id, &entry(e), &[])).collect();
                match answer {
                    Answer::Entries(entries) => {
                        let entries: Vec<u8> = all(&entries);
                        [entries, message(&id, &done(0x65, 0, &[]), &paged(b""))].concat()
                    }
                    Answer::Endless(entries) => {
                        let entries: Vec<u8> = all(&entries);
                        [entries, message(&id, &done(0x65, 0, &[]), &paged(b"for ever"))].concat()
                    }
                    Answer::Half(entries) => {
                        let entries: Vec<u8> = all(&entries);
                        entries[..entries.len() / 2].to_vec()
                    }
                    Answer::OnePage(entries) if !goes_on => {
                        let entries: Vec<u8> = all(&entries);
                        [entries, message(&id, &done(0x65, 0, &[]), &paged(b"more"))].concat()
                    }
                    Answer::Silence | Answer::OnePage(_) => Vec::new(),
                    Answer::Referral(to) => {
                        let to = element(0xa3, &element(4, to.as_bytes()));
                        message(&id, &done(0x65, 10, &to), &[])
                    }
                }
            }
            _ => return,
        };
        if stream.write_all(&answers).is_err() {
            return;
        }
    }
}

/// A request: its number, its operation, and whether it holds a cookie of ours.
fn request(stream: &mut TcpStream) -> Option<(Vec<u8>, u8, bool)> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).ok()?;
    let length = match head[1] {
        short @ 0..=0x7f => usize::from(short),
        long => {
            let mut octets = vec![0; usize::from(long & 0x7f)];
            stream.read_exact(&mut octets).ok()?;
            octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet))
        }
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let (id, rest) = body.get(2..)?.split_at_checked(usize::from(*body.get(1)?))?;
    let holds = |cookie: &[u8]| rest.windows(cookie.len()).any(|window| window == cookie);
    Some((id.to_vec(), *rest.first()?, holds(b"for ever") || holds(b"more")))
}

/// X.690, with the definite lengths that LDAP allows.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut octets = vec![tag];
    if let Ok(short @ 0..=0x7f) = u8::try_from(content.len()) {
        octets.push(short);
    } else {
        octets.push(0x84);
        octets.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
    }
    octets.extend(content);
    octets
}

fn message(id: &[u8], operation: &[u8], controls: &[u8]) -> Vec<u8> {
    element(0x30, &[&element(2, id), operation, controls].concat())
}

/// A result without words.
fn done(tag: u8, code: u8, referral: &[u8]) -> Vec<u8> {
    element(tag, &[&[10, 1, code, 4, 0, 4, 0], referral].concat())
}

fn entry(entry: &Entry) -> Vec<u8> {
    let attributes = entry.attributes.iter().map(|(name, values)| {
        let values: Vec<u8> = values.iter().flat_map(|value| element(4, value)).collect();
        element(0x30, &[element(4, name.as_bytes()), element(0x31, &values)].concat())
    });
    let attributes: Vec<u8> = attributes.flatten().collect();
    element(0x64, &[element(4, &entry.dn), element(0x30, &attributes)].concat())
}

/// RFC 2696.
fn paged(cookie: &[u8]) -> Vec<u8> {
    let value = element(0x30, &[&[2, 1, 0][..], &element(4, cookie)].concat());
    let control = [element(4, b"1.2.840.113556.1.4.319"), element(4, &value)].concat();
    element(0xa0, &element(0x30, &control))
}
