//! Physical lines of a file, unfolded to logical ones (RFC 2849, note 2), with their
//! numbers, in flat memory.

use estampe_plugin_sdk::{Failure, FileReader, Host};
use serde::{Deserialize, Serialize};

/// The longest logical line, octets as written: no value is longer.
pub const MAX_LINE: usize = 8 * 1024 * 1024;

/// A logical line, without its folds and its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Logical {
    /// Its text is in the buffer; its number is that of its first physical line.
    Line(u64),
    /// An empty line: what separates records.
    Blank,
    /// It is longer than [`MAX_LINE`]; the reader stands within it.
    TooLong(u64),
    /// The file's end.
    End,
}

/// How far within a line the skipping of a record has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Skip {
    /// At the beginning of a line.
    Start,
    /// Past a carriage return at the beginning of a line.
    Return,
    /// Within a line that is not empty.
    Within,
}

/// Reads lines and knows where it stands.
pub struct Lines<'h, H: Host + ?Sized> {
    reader: FileReader<'h, H>,
    line: u64,
}

impl<'h, H: Host + ?Sized> Lines<'h, H> {
    /// Lines from where the reader stands, whose first is number `line`.
    pub fn new(reader: FileReader<'h, H>, line: u64) -> Self {
        Self { reader, line }
    }

    /// Offset of the next octet.
    pub fn offset(&self) -> u64 {
        self.reader.position()
    }

    /// Number of the line that the reader stands on.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next logical line; its text replaces what is in `text`.
    pub fn next(&mut self, text: &mut Vec<u8>) -> Result<Logical, Failure> {
        text.clear();
        let number = self.line;
        if self.reader.fill()?.is_empty() {
            return Ok(Logical::End);
        }
        if !self.append_physical(text)? {
            return Ok(Logical::TooLong(number));
        }
        if text.is_empty() {
            return Ok(Logical::Blank);
        }
        while self.reader.fill()?.first() == Some(&b' ') {
            self.reader.advance(1);
            if !self.append_physical(text)? {
                return Ok(Logical::TooLong(number));
            }
        }
        Ok(Logical::Line(number))
    }

    /// Goes on to the line after the next empty one, or to the file's end. None when
    /// it is reached; else how to go on, once `until` is passed.
    pub fn skip_record(&mut self, mut state: Skip, until: u64) -> Result<Option<Skip>, Failure> {
        loop {
            if self.reader.position() >= until {
                return Ok(Some(state));
            }
            let chunk = self.reader.fill()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let (mut taken, mut ended, mut over) = (0, 0, false);
            for &octet in chunk {
                taken += 1;
                state = match (octet, state) {
                    (b'\n', Skip::Within) => Skip::Start,
                    (b'\n', Skip::Start | Skip::Return) => {
                        over = true;
                        Skip::Start
                    }
                    (b'\r', Skip::Start) => Skip::Return,
                    _ => Skip::Within,
                };
                if octet == b'\n' {
                    ended += 1;
                    if over {
                        break;
                    }
                }
            }
            self.reader.advance(taken);
            self.line += ended;
            if over {
                return Ok(None);
            }
        }
    }

    /// Appends the rest of the physical line and goes past its end. False when that
    /// would make `text` longer than [`MAX_LINE`].
    fn append_physical(&mut self, text: &mut Vec<u8>) -> Result<bool, Failure> {
        loop {
            let chunk = self.reader.fill()?;
            if chunk.is_empty() {
                return Ok(true);
            }
            let end = chunk.iter().position(|octet| *octet == b'\n');
            let content = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            if text.len() + content.len() > MAX_LINE {
                return Ok(false);
            }
            text.extend_from_slice(content);
            let taken = content.len() + usize::from(end.is_some());
            self.reader.advance(taken);
            if end.is_some() {
                self.line += 1;
                if text.last() == Some(&b'\r') {
                    text.pop();
                }
                return Ok(true);
            }
        }
    }
}
