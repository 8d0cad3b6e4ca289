//! Gathers events until a page is full.

use estampe_plugin_sdk::{Event, Failure, FileReader, Host, MAX_ID, Person, Rejected};

use crate::csv::{Layout, Row, Rows};
use crate::ldif::{Record, Records, Skip};
use crate::options::Options;
use crate::position::{Counts, Format, Position};
use crate::{INPUT, Limits, entry};

/// A page's events, where it goes on, and what was met so far in the run.
pub type Built = (Vec<Event>, Option<Position>, Counts);

/// The page that begins there.
pub fn build(host: &dyn Host, position: Position, options: &Options, limits: Limits) -> Result<Built, Failure> {
    let begin = position.offset;
    let builder = Builder { position, limits, begin, events: Vec::new(), weight: 0 };
    match &builder.position.format {
        Format::Ldif(skip) => {
            let skip = *skip;
            builder.ldif(host, options, skip)
        }
        Format::Csv(layout) => {
            let layout = layout.clone();
            builder.csv(host, &layout)
        }
    }
}

/// A page in the making.
struct Builder {
    limits: Limits,
    position: Position,
    begin: u64,
    events: Vec<Event>,
    weight: usize,
}

impl Builder {
    fn ldif(mut self, host: &dyn Host, options: &Options, skip: Option<Skip>) -> Result<Built, Failure> {
        let id = options.id_attribute.as_deref();
        let wanted = |name: &str| entry::is_wanted(name, id);
        let mut records =
            Records::new(FileReader::new(host, INPUT, self.position.offset), self.position.line, skip, &wanted);
        loop {
            let settled = records.settle()?;
            let (offset, line, skip) = records.position();
            (self.position.offset, self.position.line) = (offset, line);
            self.position.format = Format::Ldif(skip);
            if !settled || self.is_full() {
                return Ok(self.unfinished());
            }
            let (line, outcome) = match records.next()? {
                Record::End => return Ok(self.finished()),
                Record::Other => (line, Ok(None)),
                Record::Refused(line, reason, rest) => {
                    let whose = rest.and_then(|entry| entry::whose(&entry, id));
                    (line, Err(Refusal { id: whose, reason }))
                }
                Record::Entry(entry) => {
                    let (line, whose) = (entry.line, entry::whose(&entry, id));
                    (line, entry::person(entry, id).map_err(|reason| Refusal { id: whose, reason }))
                }
            };
            if !self.take(line, outcome) {
                return Ok(self.unfinished());
            }
        }
    }

    fn csv(mut self, host: &dyn Host, layout: &Layout) -> Result<Built, Failure> {
        let file = FileReader::new(host, INPUT, self.position.offset);
        let mut rows = Rows::new(file, self.position.line, layout.delimiter);
        loop {
            (self.position.offset, self.position.line) = rows.position();
            if self.is_full() {
                return Ok(self.unfinished());
            }
            let (line, outcome) = match rows.next(layout)? {
                Row::End => return Ok(self.finished()),
                Row::Empty => (self.position.line, Ok(None)),
                Row::Refused(line, reason) => (line, Err(Refusal { id: None, reason })),
                Row::Person(line, person) => (line, Ok(Some(person))),
            };
            if !self.take(line, outcome) {
                return Ok(self.unfinished());
            }
        }
    }

    /// Adds what an entry gave. False when it must begin the next page instead.
    fn take(&mut self, line: u64, outcome: Result<Option<Person>, Refusal>) -> bool {
        let event = match outcome.and_then(within_limits) {
            Ok(None) => {
                self.position.counts.others += 1;
                return true;
            }
            Ok(Some(person)) => Event::Person(person),
            Err(Refusal { id, reason }) => Event::Rejected(Rejected { id, position: format!("line {line}"), reason }),
        };
        let weight = event.weight();
        if !self.events.is_empty() && self.weight + weight > self.limits.weight {
            return false;
        }
        match event {
            Event::Rejected(_) => self.position.counts.refused += 1,
            _ => self.position.counts.people += 1,
        }
        self.weight += weight;
        self.events.push(event);
        true
    }

    fn is_full(&self) -> bool {
        self.events.len() >= self.limits.events
            || self.weight >= self.limits.weight
            || self.position.offset.saturating_sub(self.begin) >= self.limits.read
    }

    fn finished(self) -> Built {
        (self.events, None, self.position.counts)
    }

    fn unfinished(self) -> Built {
        let counts = self.position.counts;
        (self.events, Some(self.position), counts)
    }
}

/// Why an entry is refused, and whose it is where that can be read.
struct Refusal {
    id: Option<String>,
    reason: String,
}

/// A person whom the host will take, or why it would not.
fn within_limits(person: Option<Person>) -> Result<Option<Person>, Refusal> {
    if let Some(person) = &person {
        person.check_limits().map_err(|reason| Refusal { id: takeable(person.id.clone()), reason })?;
    }
    Ok(person)
}

/// An identity that the host will take.
fn takeable(id: String) -> Option<String> {
    (1..=MAX_ID).contains(&id.len()).then_some(id)
}
