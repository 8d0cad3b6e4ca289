//! A small mail server in clear that can be told to misbehave, in ways that a real one
//! cannot be asked for.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How it behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Takes every mail.
    Fair,
    /// Takes connections and says nothing.
    Silent,
    /// Says its greeting so slowly that it never ends, and never falls silent.
    Dripping,
    /// Greets after so long.
    Late(Duration),
    /// Answers this to recipients whose address holds that.
    Refusing {
        /// Part of the address.
        recipient: &'static str,
        /// Such as `550 5.1.1 No such user`.
        answer: &'static str,
    },
    /// Closes the connection in the middle of the content.
    DroppingContent,
    /// Reads the whole mail, and closes the connection instead of an answer.
    Vanishing,
    /// Takes one mail and closes the connection a moment later, without a word.
    ClosingIdle,
}

struct Shared {
    weather: Mutex<Weather>,
    open: AtomicBool,
    connections: AtomicUsize,
    taken: Mutex<Vec<String>>,
    lost: Mutex<Vec<String>>,
}

/// The server. Its connections end with it.
pub struct PostOffice {
    port: u16,
    shared: Arc<Shared>,
}

impl PostOffice {
    /// A place for one on a free port, where nobody listens yet.
    pub fn closed(weather: Weather) -> Self {
        let (port, _) = crate::server::free_ports();
        let shared = Shared {
            weather: Mutex::new(weather),
            open: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            taken: Mutex::default(),
            lost: Mutex::default(),
        };
        Self { port, shared: Arc::new(shared) }
    }

    /// One that listens.
    pub fn open(weather: Weather) -> Self {
        let office = Self::closed(weather);
        office.listen();
        office
    }

    /// Begins to listen.
    pub fn listen(&self) {
        // a program that looks for a free port holds each for a moment
        let bind = || TcpListener::bind(("127.0.0.1", self.port));
        let tries = std::iter::repeat_with(bind).take(100);
        let listener = tries.inspect(|bound| {
            if bound.is_err() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let listener = listener.flatten().next().expect("a port that is free again");
        listener.set_nonblocking(true).unwrap();
        self.shared.open.store(true, Ordering::SeqCst);
        let shared = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            while shared.open.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        shared.connections.fetch_add(1, Ordering::SeqCst);
                        stream.set_nonblocking(false).unwrap();
                        let shared = Arc::clone(&shared);
                        std::thread::spawn(move || drop(serve(&shared, stream)));
                    }
                    Err(_) => std::thread::sleep(Duration::from_millis(10)),
                }
            }
        });
    }

    /// Behaves like this from now on, in connections that speak already too.
    pub fn turn(&self, weather: Weather) {
        *self.shared.weather.lock().unwrap() = weather;
    }

    /// The section that a server needs to send by it.
    pub fn configuration(&self) -> String {
        format!(
            "[smtp]\nhost = \"127.0.0.1\"\nport = {}\nencryption = \"none\"\n\
             from = \"Banque Garonne <cartes@banque-garonne.example>\"\n",
            self.port
        )
    }

    /// Message-IDs of the mails that it said yes to, in order.
    pub fn taken(&self) -> Vec<String> {
        self.shared.taken.lock().unwrap().clone()
    }

    /// Message-IDs of the mails that it read without an answer, in order.
    pub fn lost(&self) -> Vec<String> {
        self.shared.lost.lock().unwrap().clone()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        self.shared.open.store(false, Ordering::SeqCst);
    }
}

fn serve(shared: &Shared, mut stream: TcpStream) -> std::io::Result<()> {
    let weather = shared.weather.lock().unwrap().clone();
    let mut input = BufReader::new(stream.try_clone()?);
    match &weather {
        Weather::Silent => {
            while shared.open.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(50));
            }
            return Ok(());
        }
        Weather::Dripping => {
            stream.write_all(b"220-")?;
            while shared.open.load(Ordering::SeqCst) {
                stream.write_all(b".")?;
                std::thread::sleep(Duration::from_millis(500));
            }
            return Ok(());
        }
        Weather::Late(pause) => std::thread::sleep(*pause),
        _ => {}
    }
    stream.write_all(b"220 post.example ESMTP\r\n")?;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_owned();
        let weather = shared.weather.lock().unwrap().clone();
        let answer = match (command.split([' ', ':']).next().unwrap_or_default(), &weather) {
            ("EHLO", _) => "250-post.example\r\n250 8BITMIME",
            ("RCPT", Weather::Refusing { recipient, answer }) if command.contains(recipient) => answer,
            ("DATA", _) => {
                stream.write_all(b"354 Go on\r\n")?;
                if weather == Weather::DroppingContent {
                    input.read_line(&mut line)?;
                    return Ok(());
                }
                let id = content(&mut input)?;
                if weather == Weather::Vanishing {
                    shared.lost.lock().unwrap().push(id);
                    return Ok(());
                }
                shared.taken.lock().unwrap().push(id);
                stream.write_all(b"250 2.0.0 Taken\r\n")?;
                if weather == Weather::ClosingIdle {
                    std::thread::sleep(Duration::from_millis(100));
                    return Ok(());
                }
                continue;
            }
            ("QUIT", _) => {
                stream.write_all(b"221 Goodbye\r\n")?;
                return Ok(());
            }
            _ => "250 2.0.0 Well",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}

/// Reads a mail's content to its dot; its Message-ID.
fn content(input: &mut impl BufRead) -> std::io::Result<String> {
    let mut id = String::new();
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(id);
        }
        if let Some(found) = line.strip_prefix("Message-ID: ") {
            found.trim_end().clone_into(&mut id);
        }
    }
}
