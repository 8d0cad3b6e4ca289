//! LDIF (RFC 2849), record by record: of each entry only what [`Wanted`] asks for is
//! kept. An entry that is wrong is refused with the line; the next goes on.

mod lines;

use data_encoding::BASE64;
use estampe_plugin_sdk::{FailKind, Failure, FileReader, Host};

pub use lines::Skip;
use lines::{Lines, Logical, MAX_LINE};

/// The longest entry, octets as written.
const MAX_ENTRY: usize = 10 * 1024 * 1024;

/// The most values that are kept of an entry.
const MAX_VALUES: usize = 10_000;

/// How much is skipped of one record before the page ends, octets.
const MAX_SKIP: u64 = 16 * 1024 * 1024;

/// One attribute's value.
#[derive(Debug, PartialEq, Eq)]
pub struct Value {
    /// The attribute in lower case, without options.
    pub name: String,
    /// Whether it had options (RFC 4512, 2.5): `;lang-fr`, `;binary`.
    pub tagged: bool,
    /// The line that it begins on.
    pub line: u64,
    /// The value, decoded.
    pub octets: Vec<u8>,
}

/// An entry, as far as it is wanted.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line that its `dn` stands on.
    pub line: u64,
    /// Its distinguished name.
    pub dn: String,
    /// The wanted values, in the file's order.
    pub values: Vec<Value>,
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub enum Record {
    /// An entry.
    Entry(Entry),
    /// Something that is wrong: its line, why, and what else of an entry could be read.
    Refused(u64, String, Option<Entry>),
    /// Something that is right and no entry, such as a search reference.
    Other,
    /// The file's end.
    End,
}

/// Whether values of an attribute, by its name in lower case, are wanted.
pub type Wanted<'w> = &'w dyn Fn(&str) -> bool;

/// Reads records.
pub struct Records<'h, 'w, H: Host + ?Sized> {
    lines: Lines<'h, H>,
    wanted: Wanted<'w>,
    text: Vec<u8>,
    skip: Option<Skip>,
}

/// Where and why an entry is wrong.
struct Wrong {
    line: u64,
    reason: String,
    /// How to go on to the next record; none when its blank line is read already.
    rest: Option<Skip>,
    /// The rest of the entry, where it could be read: it may say whose it is.
    entry: Option<Entry>,
}

impl Wrong {
    /// Wrong on a line that was read to its end.
    fn at(line: u64, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into(), rest: Some(Skip::Start), entry: None }
    }

    fn too_long(line: u64, rest: Skip) -> Self {
        let reason = format!(
            "longer than a value may be ({} MiB) or an entry ({} MiB), as written",
            MAX_LINE / 1024 / 1024,
            MAX_ENTRY / 1024 / 1024
        );
        Self { line, reason, rest: Some(rest), entry: None }
    }
}

impl<'h, 'w, H: Host + ?Sized> Records<'h, 'w, H> {
    /// Records from where the reader stands, on line `line`, after the rest of one
    /// that is skipped.
    pub fn new(reader: FileReader<'h, H>, line: u64, skip: Option<Skip>, wanted: Wanted<'w>) -> Self {
        Self { lines: Lines::new(reader, line), wanted, text: Vec::new(), skip }
    }

    /// Offset and line where the next record is looked for, and whether the rest of
    /// one has to be skipped before.
    pub fn position(&self) -> (u64, u64, Option<Skip>) {
        (self.lines.offset(), self.lines.line(), self.skip)
    }

    /// Skips the rest of a refused record. False when there is more of it than a page
    /// should read: end the page.
    pub fn settle(&mut self) -> Result<bool, Failure> {
        if let Some(state) = self.skip {
            self.skip = self.lines.skip_record(state, self.lines.offset().saturating_add(MAX_SKIP))?;
        }
        Ok(self.skip.is_none())
    }

    /// The next record. Call [`settle`](Self::settle) before.
    pub fn next(&mut self) -> Result<Record, Failure> {
        let first = loop {
            match self.lines.next(&mut self.text)? {
                Logical::End => return Ok(Record::End),
                Logical::Blank => {}
                Logical::TooLong(line) => return Ok(self.refuse(line, Wrong::too_long(line, Skip::Within))),
                Logical::Line(_) if self.text.starts_with(b"#") => {}
                Logical::Line(line) => match version(&self.text) {
                    None => break line,
                    Some(1) => {}
                    Some(other) => {
                        return Err(Failure::new(
                            FailKind::Unsupported,
                            format!("line {line}: LDIF version {other}; only version 1 exists (RFC 2849)"),
                        ));
                    }
                },
            }
        };
        if self.text.starts_with(b"search:") || self.text.starts_with(b"result:") || self.text.starts_with(b"ref:") {
            return self.search_result(first);
        }
        Ok(match self.entry(first)? {
            Ok(entry) => Record::Entry(entry),
            Err(wrong) => self.refuse(first, wrong),
        })
    }

    fn refuse(&mut self, first: u64, wrong: Wrong) -> Record {
        self.skip = wrong.rest;
        let reason = if wrong.line == first { wrong.reason } else { format!("line {}: {}", wrong.line, wrong.reason) };
        Record::Refused(first, reason, wrong.entry)
    }

    /// The entry whose first line is in the buffer.
    fn entry(&mut self, first: u64) -> Result<Result<Entry, Wrong>, Failure> {
        let dn = match line_of(&self.text).and_then(|line| distinguished_name(&line)) {
            Ok(dn) => dn,
            Err(reason) => return Ok(Err(Wrong::at(first, reason))),
        };
        let mut entry = Entry { line: first, dn, values: Vec::new() };
        let mut octets = self.text.len();
        let mut first_wrong = None;
        loop {
            let line = match self.lines.next(&mut self.text)? {
                Logical::End | Logical::Blank => {
                    return Ok(match first_wrong {
                        None => Ok(entry),
                        Some((line, reason)) => Err(Wrong { line, reason, rest: None, entry: Some(entry) }),
                    });
                }
                Logical::TooLong(line) => return Ok(Err(Wrong::too_long(line, Skip::Within))),
                Logical::Line(line) => line,
            };
            octets += self.text.len();
            if octets > MAX_ENTRY {
                return Ok(Err(Wrong::too_long(line, Skip::Start)));
            }
            if self.text.starts_with(b"#") {
                continue;
            }
            match line_of(&self.text).and_then(|parsed| self.value(&parsed, line)) {
                Ok(Some(_)) if entry.values.len() >= MAX_VALUES => {
                    return Ok(Err(Wrong::at(line, format!("more than {MAX_VALUES} values in one entry"))));
                }
                Ok(Some(value)) => entry.values.push(value),
                Ok(None) => {}
                // read on: a later line may say whose entry it is
                Err(reason) => {
                    first_wrong.get_or_insert((line, reason));
                }
            }
        }
    }

    /// The value of a line within an entry, when it is wanted.
    fn value(&self, line: &Line<'_>, number: u64) -> Result<Option<Value>, String> {
        let name = line.name.to_ascii_lowercase();
        match name.as_str() {
            "dn" => return Err("a second `dn` in one entry: an empty line is missing before it".to_owned()),
            "changetype" => return changetype(line).map(|()| None),
            "control" => return Ok(None),
            _ => {}
        }
        let wanted = (self.wanted)(&name);
        if let (Written::Plain(value), false) = (&line.value, wanted) {
            if std::str::from_utf8(value).is_ok() {
                return Ok(None);
            }
        }
        // decoded even when unwanted: a damaged value is a damaged entry
        let octets = line.decoded()?;
        Ok(wanted.then_some(Value { name, tagged: line.tagged, line: number, octets }))
    }

    /// What `ldapsearch` writes after its entries. A search that did not end well is
    /// no list of everybody.
    fn search_result(&mut self, first: u64) -> Result<Record, Failure> {
        let mut line = first;
        loop {
            if let Some(result) = self.text.strip_prefix(b"result:") {
                let result = String::from_utf8_lossy(result.trim_ascii()).into_owned();
                if !result.starts_with('0') {
                    return Err(Failure::new(
                        FailKind::Limit,
                        format!(
                            "line {line}: the search that wrote this file ended with \"{result}\", so the file does not name everybody; export again, in pages (ldapsearch -E pr=500/noprompt)"
                        ),
                    ));
                }
            }
            match self.lines.next(&mut self.text)? {
                Logical::End | Logical::Blank => return Ok(Record::Other),
                Logical::TooLong(number) => return Ok(self.refuse(first, Wrong::too_long(number, Skip::Within))),
                Logical::Line(number) => line = number,
            }
        }
    }
}

/// The number of a `version:` line.
fn version(text: &[u8]) -> Option<u32> {
    let number = text.strip_prefix(b"version:")?.trim_ascii();
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// A line's parts.
struct Line<'t> {
    /// The attribute without options, of letters, digits and `-._`.
    name: &'t str,
    tagged: bool,
    value: Written<'t>,
}

/// A value as it is written.
enum Written<'t> {
    Plain(&'t [u8]),
    Base64(&'t [u8]),
    Url,
}

fn line_of(text: &[u8]) -> Result<Line<'_>, String> {
    const SHAPE: &str = "neither `attribute: value` nor a continuation (which begins with one space)";
    let colon = text.iter().position(|octet| *octet == b':').ok_or(SHAPE)?;
    let (description, rest) = text.split_at_checked(colon).ok_or(SHAPE)?;
    let description = std::str::from_utf8(description).map_err(|_| SHAPE)?;
    let mut parts = description.split(';');
    let name = parts.next().unwrap_or_default();
    if name.is_empty() || name.len() > 200 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) {
        return Err(SHAPE.to_owned());
    }
    let value = match rest.get(1..).unwrap_or_default() {
        [b':', rest @ ..] => Written::Base64(rest.trim_ascii()),
        [b'<', ..] => Written::Url,
        // FILL is spaces alone: what else is white belongs to the value
        rest => Written::Plain(rest.get(rest.iter().take_while(|octet| **octet == b' ').count()..).unwrap_or_default()),
    };
    Ok(Line { name, tagged: parts.next().is_some(), value })
}

impl Line<'_> {
    fn decoded(&self) -> Result<Vec<u8>, String> {
        match self.value {
            Written::Plain(value) if std::str::from_utf8(value).is_err() => Err(not_utf8(self.name)),
            Written::Plain(value) => Ok(value.to_vec()),
            Written::Base64(value) => BASE64
                .decode(value)
                .map_err(|error| format!("the value of `{}` is not base64, though `::` says so: {error}", self.name)),
            Written::Url => Err(format!(
                "the value of `{}` is a URL (`:<`), which is never followed: put the value itself into the file",
                self.name
            )),
        }
    }
}

/// Why a text cannot be taken.
pub fn not_utf8(attribute: &str) -> String {
    format!("the value of `{attribute}` is not UTF-8: export the file as UTF-8 (RFC 2849)")
}

fn distinguished_name(line: &Line<'_>) -> Result<String, String> {
    if !line.name.eq_ignore_ascii_case("dn") {
        return Err(format!("an entry without `dn`: it begins with `{}`", line.name));
    }
    String::from_utf8(line.decoded()?).map_err(|_| not_utf8("dn"))
}

/// Only entries as they are, or as they are added, say who is there.
fn changetype(line: &Line<'_>) -> Result<(), String> {
    let change = String::from_utf8(line.decoded()?).unwrap_or_default().to_ascii_lowercase();
    match change.trim() {
        "add" => Ok(()),
        "delete" | "modify" | "modrdn" | "moddn" => Err(format!(
            "`changetype: {}` changes an entry that is not in this file; export whole entries",
            change.trim()
        )),
        _ => Err("an unknown `changetype`; export whole entries".to_owned()),
    }
}
