//! CSV (RFC 4180 and what spreadsheets make of it), row by row in flat memory. A row
//! that is wrong is refused with its line; the next goes on.

mod header;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use estampe_plugin_sdk::{Failure, FileReader, Host, Person};

use crate::attributes::ACTIVE;
use crate::options::Options;
pub use header::Layout;

/// The longest row, octets.
const MAX_ROW: usize = 1024 * 1024;

/// The most columns.
const MAX_WIDTH: usize = 4096;

/// Words of a column `active` for somebody who is not.
const NOT_ACTIVE: [&str; 9] = ["no", "non", "0", "false", "faux", "n", "inactive", "inactif", "disabled"];

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub enum Row {
    /// A person, and the line.
    Person(u64, Person),
    /// A row that is wrong: its line, and why.
    Refused(u64, String),
    /// A row of empty cells.
    Empty,
    /// The file's end.
    End,
}

/// Reads rows.
pub struct Rows<'h, H: Host + ?Sized> {
    file: FileReader<'h, H>,
    line: u64,
    parser: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// A row's cells as the parser leaves them.
struct Cells {
    /// The line that it begins on.
    line: u64,
    /// Offset of its second physical line, when it has one.
    second_line: Option<u64>,
    octets: usize,
    width: usize,
    /// Quotation marks: an even number in a row that is right.
    quotes: usize,
    too_long: bool,
}

impl<'h, H: Host + ?Sized> Rows<'h, H> {
    /// Rows from where the reader stands, on line `line`.
    pub fn new(file: FileReader<'h, H>, line: u64, delimiter: u8) -> Self {
        let parser = ReaderBuilder::new().delimiter(delimiter).build();
        Self { file, line, parser, text: vec![0; 64 * 1024], ends: vec![0; 256] }
    }

    /// Offset and line where the next row is looked for.
    pub fn position(&self) -> (u64, u64) {
        (self.file.position(), self.line)
    }

    /// The next row as a person.
    pub fn next(&mut self, layout: &Layout) -> Result<Row, Failure> {
        let Some(cells) = self.read()? else { return Ok(Row::End) };
        let refused = |reason: &str| Ok(Row::Refused(cells.line, reason.to_owned()));
        let too_wide = (layout.width..cells.width).any(|column| !self.cell(&cells, column).trim_ascii().is_empty());
        let is_torn = cells.too_long || too_wide || cells.width < layout.width || cells.quotes % 2 != 0;
        if let Some(second) = cells.second_line.filter(|_| is_torn) {
            self.file.seek(second);
            self.line = cells.line + 1;
            return refused(
                "a quotation mark is opened here and closed in another row, if at all; double it, or quote the whole cell",
            );
        }
        if cells.too_long {
            return refused("longer than a row may be (1 MiB, 4,096 columns)");
        }
        if too_wide {
            return refused("more cells than the header has: quote cells that hold the delimiter");
        }
        if std::str::from_utf8(self.text.get(..cells.octets).unwrap_or_default()).is_err() {
            return refused("not UTF-8 (perhaps ISO-8859-1 or Windows-1252): save the file as \"CSV UTF-8\"");
        }
        if (0..cells.width).all(|column| self.cell_text(&cells, column).is_empty()) {
            return Ok(Row::Empty);
        }
        let id = self.cell_text(&cells, layout.id);
        if id.is_empty() {
            return Ok(Row::Refused(
                cells.line,
                format!("column {} is empty, and it identifies people", layout.id + 1),
            ));
        }
        Ok(Row::Person(cells.line, self.person(&cells, layout, id)))
    }

    fn person(&self, cells: &Cells, layout: &Layout, id: &str) -> Person {
        let by_mail = layout.columns.iter().any(|(column, meaning)| *column == layout.id && meaning == "mail");
        let mut person = Person::new(if by_mail { id.to_lowercase() } else { id.to_owned() });
        person.position = Some(format!("line {}", cells.line));
        for (at, (column, meaning)) in layout.columns.iter().enumerate() {
            let text = self.cell_text(cells, *column);
            if meaning == ACTIVE {
                person.active &= !NOT_ACTIVE.contains(&text.to_lowercase().as_str());
            }
            let earlier = layout.columns.iter().take(at).any(|(_, other)| other == meaning);
            if earlier || !header::is_attribute(meaning) {
                continue;
            }
            let mut texts: Vec<String> = Vec::new();
            for (column, _) in layout.columns.iter().filter(|(_, other)| other == meaning) {
                let text = self.cell_text(cells, *column);
                if !text.is_empty() && !texts.iter().any(|known| known == text) {
                    texts.push(text.to_owned());
                }
            }
            person.push(meaning.as_str(), texts);
        }
        person
    }

    /// The next row's cells; none at the end of the file. Of a row that is too long
    /// the rest is read and dropped.
    fn read(&mut self) -> Result<Option<Cells>, Failure> {
        self.skip_line_ends()?;
        self.parser.reset();
        let mut cells = Cells { line: self.line, second_line: None, octets: 0, width: 0, quotes: 0, too_long: false };
        loop {
            let begin = self.file.position();
            let input = self.file.fill()?;
            let text = self.text.get_mut(cells.octets..).unwrap_or_default();
            let ends = self.ends.get_mut(cells.width..).unwrap_or_default();
            let (result, taken, written, ended) = self.parser.read_record(input, text, ends);
            let taken_octets = input.get(..taken).unwrap_or_default();
            let line_ends = count(taken_octets, b'\n');
            cells.quotes += count(taken_octets, b'"');
            // a row's own end is no line within it
            let own_end = matches!(result, ReadRecordResult::Record) && taken_octets.last() == Some(&b'\n');
            if line_ends > usize::from(own_end) && cells.second_line.is_none() {
                let first = taken_octets.iter().position(|octet| *octet == b'\n').unwrap_or_default();
                cells.second_line = Some(begin + first as u64 + 1);
            }
            self.line += line_ends as u64;
            self.file.advance(taken);
            cells.octets += written;
            cells.width += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.text.len() < MAX_ROW => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_WIDTH => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    cells.too_long = true;
                    if cells.second_line.is_none() {
                        self.skip_line()?;
                    }
                    return Ok(Some(cells));
                }
                ReadRecordResult::Record => return Ok(Some(cells)),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Goes past empty lines, so that the row's line is its own.
    fn skip_line_ends(&mut self) -> Result<(), Failure> {
        loop {
            let chunk = self.file.fill()?;
            let empty = chunk.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
            let lines = chunk.iter().take(empty).filter(|octet| **octet == b'\n').count();
            self.line += lines as u64;
            self.file.advance(empty);
            if empty == 0 {
                return Ok(());
            }
        }
    }

    /// Goes past the rest of the physical line.
    fn skip_line(&mut self) -> Result<(), Failure> {
        loop {
            let chunk = self.file.fill()?;
            let (length, end) = (chunk.len(), chunk.iter().position(|octet| *octet == b'\n'));
            self.file.advance(end.map_or(length, |end| end + 1));
            if end.is_some() {
                self.line += 1;
            }
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    }

    fn cell(&self, cells: &Cells, column: usize) -> &[u8] {
        if column >= cells.width {
            return &[];
        }
        let begin = column.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = self.ends.get(column).copied().unwrap_or_default();
        self.text.get(begin..end).unwrap_or_default()
    }

    fn cell_text(&self, cells: &Cells, column: usize) -> &str {
        let text = std::str::from_utf8(self.cell(cells, column)).unwrap_or_default();
        text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
    }
}

fn count(octets: &[u8], wanted: u8) -> usize {
    octets.iter().map(|octet| usize::from(*octet == wanted)).sum()
}

/// Finds out the columns from the first line; gives where the rows begin.
pub fn layout<H: Host + ?Sized>(
    mut file: FileReader<'_, H>,
    options: &Options,
) -> Result<(Layout, (u64, u64)), Failure> {
    let begin = file.position();
    let mut first = first_line(&mut file)?;
    let (mut line, mut offset) = (1, begin);
    // spreadsheets' own way to name the delimiter
    let named = first.strip_prefix(b"sep=").and_then(|rest| rest.first()).copied();
    if named.is_some() {
        (line, offset) = (2, file.position());
        first = first_line(&mut file)?;
    }
    let delimiter = options.delimiter.or(named).unwrap_or_else(|| header::guess_delimiter(&first));
    file.seek(offset);
    let mut rows = Rows::new(file, line, delimiter);
    let cells =
        rows.read()?.ok_or_else(|| Failure::config("the file holds no header: its first line names the columns"))?;
    if cells.too_long {
        return Err(Failure::config("the first line, which names the columns, is longer than 1 MiB"));
    }
    let mut headers = Vec::new();
    for column in 0..cells.width {
        if std::str::from_utf8(rows.cell(&cells, column)).is_err() {
            return Err(Failure::config(
                "the header is not UTF-8 (perhaps ISO-8859-1 or Windows-1252): save the file as \"CSV UTF-8\"",
            ));
        }
        headers.push(rows.cell_text(&cells, column).to_owned());
    }
    Ok((Layout::of(&headers, delimiter, options)?, rows.position()))
}

/// The first physical line, its first 64 KiB, without its end.
fn first_line<H: Host + ?Sized>(file: &mut FileReader<'_, H>) -> Result<Vec<u8>, Failure> {
    let mut line = Vec::new();
    loop {
        let chunk = file.fill()?;
        let (length, end) = (chunk.len(), chunk.iter().position(|octet| *octet == b'\n'));
        line.extend_from_slice(chunk.get(..end.unwrap_or(length)).unwrap_or_default());
        file.advance(end.map_or(length, |end| end + 1));
        if end.is_some() || length == 0 || line.len() > 64 * 1024 {
            return Ok(line);
        }
    }
}
