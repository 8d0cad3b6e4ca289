//! A granted input as a stream, from any offset, in chunks.

use std::io::{self, BufRead, Read};

use crate::{Failure, Host};

/// Reads a granted input from an offset. Holds one chunk in memory. Failures of the
/// host travel inside [`io::Error`]; [`Failure::from_io`] takes them out again.
pub struct FileReader<'h, H: Host + ?Sized> {
    host: &'h H,
    input: String,
    chunk: u32,
    buffer: Vec<u8>,
    /// How much of `buffer` was consumed.
    consumed: usize,
    /// Offset in the file of the buffer's end.
    end: u64,
    at_end: bool,
}

impl<'h, H: Host + ?Sized> FileReader<'h, H> {
    /// 256 KiB: few calls of the host, little memory.
    pub const CHUNK: u32 = 256 * 1024;

    /// A reader that begins at `offset` (octets). Nothing is read yet.
    pub fn new(host: &'h H, input: impl Into<String>, offset: u64) -> Self {
        Self {
            host,
            input: input.into(),
            chunk: Self::CHUNK,
            buffer: Vec::new(),
            consumed: 0,
            end: offset,
            at_end: false,
        }
    }

    /// Asks for chunks of that many octets, 1 to 1 MiB.
    pub fn with_chunk(mut self, octets: u32) -> Self {
        self.chunk = octets.clamp(1, 1024 * 1024);
        self
    }

    /// The offset in the file of the next octet that will be read.
    pub fn position(&self) -> u64 {
        self.end - self.unread().len() as u64
    }

    /// What is buffered and not consumed, read from the host when there is nothing;
    /// empty at the end of the file.
    ///
    /// # Errors
    /// What the host says, such as `conflict` for a file changed meanwhile.
    pub fn fill(&mut self) -> Result<&[u8], Failure> {
        if self.unread().is_empty() && !self.at_end {
            self.buffer = self.host.read(&self.input, self.end, self.chunk)?;
            self.consumed = 0;
            self.end += self.buffer.len() as u64;
            self.at_end = self.buffer.is_empty();
        }
        Ok(self.unread())
    }

    /// Marks that many octets of [`fill`](Self::fill)'s answer as read.
    pub fn advance(&mut self, octets: usize) {
        self.consumed = self.consumed.saturating_add(octets).min(self.buffer.len());
    }

    /// Goes to another offset; within the chunk in memory nothing is read again.
    pub fn seek(&mut self, offset: u64) {
        let begin = self.end - self.buffer.len() as u64;
        match offset.checked_sub(begin).and_then(|back| usize::try_from(back).ok()) {
            Some(consumed) if consumed <= self.buffer.len() => self.consumed = consumed,
            _ => {
                self.buffer.clear();
                self.consumed = 0;
                self.end = offset;
            }
        }
        self.at_end = false;
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.consumed..).unwrap_or_default()
    }
}

impl<H: Host + ?Sized> std::fmt::Debug for FileReader<'_, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileReader")
            .field("input", &self.input)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

impl<H: Host + ?Sized> Read for FileReader<'_, H> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let mut unread = self.fill()?;
        let taken = unread.read(target)?;
        self.advance(taken);
        Ok(taken)
    }
}

impl<H: Host + ?Sized> BufRead for FileReader<'_, H> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.fill()?)
    }

    fn consume(&mut self, octets: usize) {
        self.advance(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailKind;
    use crate::testing::ScriptedHost;

    #[test]
    fn reads_from_an_offset_and_knows_where_it_is() {
        let host = ScriptedHost::new().with_file("people", "p.ldif", b"0123456789".to_vec());
        let mut reader = FileReader::new(&host, "people", 3).with_chunk(4);
        let mut three = [0; 3];
        reader.read_exact(&mut three).unwrap();
        assert_eq!((&three, reader.position()), (b"345", 6));
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert_eq!((rest.as_slice(), reader.position()), (&b"6789"[..], 10));
        for offset in [9, 8, 0] {
            reader.seek(offset);
            assert_eq!(
                (reader.fill().unwrap().first().copied(), reader.position()),
                (Some(b'0' + u8::try_from(offset).unwrap()), offset)
            );
        }
    }

    #[test]
    fn the_hosts_failure_comes_through() {
        let host = ScriptedHost::new();
        let error = FileReader::new(&host, "people", 0).read(&mut [0]).unwrap_err();
        assert_eq!(Failure::from_io(error).kind, FailKind::Denied);
    }
}
