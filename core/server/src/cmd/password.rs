//! A password that somebody types, or that comes from standard input.

use std::io::{BufRead, IsTerminal, Write as _};
use std::os::fd::AsFd;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Octets of a password, and the end of its line.
const MOST: u64 = 4_096;

/// Asks for it at the terminal, without showing it; else reads the first line of standard
/// input, which must not be longer than a password may be.
pub fn read(ask: &str) -> std::io::Result<String> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return line(stdin.lock());
    }
    let mut terminal = std::io::stderr();
    write!(terminal, "{ask}: ")?;
    terminal.flush()?;
    let silence = Silence::begin(&stdin)?;
    let typed = line(stdin.lock());
    drop(silence);
    writeln!(terminal)?;
    typed
}

fn line(source: impl BufRead) -> std::io::Result<String> {
    let mut typed = String::new();
    source.take(MOST).read_line(&mut typed)?;
    if typed.len() as u64 >= MOST {
        return Err(std::io::Error::other("longer than a password may be"));
    }
    typed.truncate(typed.trim_end_matches(['\r', '\n']).len());
    Ok(typed)
}

/// A terminal that shows nothing, until dropped.
struct Silence<'a> {
    terminal: &'a std::io::Stdin,
    before: Termios,
}

impl<'a> Silence<'a> {
    fn begin(terminal: &'a std::io::Stdin) -> std::io::Result<Self> {
        let before = tcgetattr(terminal.as_fd())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal.as_fd(), OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // nothing more can be done about it
        let _ = tcsetattr(self.terminal.as_fd(), OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_read_and_no_more() {
        assert_eq!(line(&b"a b \r\nnext\n"[..]).unwrap(), "a b ");
        assert_eq!(line(&b"without end"[..]).unwrap(), "without end");
        assert_eq!(line(&b""[..]).unwrap(), "");
        assert!(line(&vec![b'x'; 5_000][..]).is_err());
        assert!(line(&[0xff, b'\n'][..]).is_err());
    }
}
