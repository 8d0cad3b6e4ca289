//! Log lines, as text for people or as flat JSON for machines: time in UTC (RFC 3339),
//! level, target, message, then the fields of the event and of the spans around it, each
//! once, under their dotted names. One write for each line, so that lines never mix.

use std::fmt::{Debug, Write as _};
use std::io::Write;
use std::sync::Arc;

use estampe_domain::Ts;
use estampe_domain::metric;
use estampe_domain::ports::Clock;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Characters of one value, at most.
const LONGEST: usize = 2_000;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text {
        /// On a terminal.
        colours: bool,
    },
    /// For machines.
    Json,
}

/// Where whole lines go.
type Out = Box<dyn Fn(&[u8]) + Send + Sync>;

/// Writes every event.
pub struct Lines {
    format: Format,
    clock: Arc<dyn Clock>,
    out: Out,
    warnings: metrics::Counter,
    errors: metrics::Counter,
}

impl Lines {
    /// Writes to what `open` gives.
    pub fn new<W: Write>(format: Format, clock: Arc<dyn Clock>, open: impl Fn() -> W + Send + Sync + 'static) -> Self {
        Self {
            format,
            clock,
            // a log that cannot be written must not stop the work
            out: Box::new(move |line| drop(open().write_all(line))),
            warnings: metrics::counter!(metric::LOG_LINES.name, "level" => "warn"),
            errors: metrics::counter!(metric::LOG_LINES.name, "level" => "error"),
        }
    }
}

/// Names and values, in order.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    fn add_missing(&mut self, outer: &Self) {
        for (name, value) in &outer.0 {
            if !self.0.iter().any(|(known, _)| known == name) {
                self.0.push((name, value.clone()));
            }
        }
    }

    fn take_message(&mut self) -> String {
        let at = self.0.iter().position(|(name, _)| *name == "message");
        match at.map(|at| self.0.remove(at).1) {
            Some(Value::String(message)) => message,
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), cut(value.to_owned()).into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field.name(), cut(format!("{value:?}")).into());
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.take_message();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.add_missing(outer);
            }
        }
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        match level {
            Level::WARN => self.warnings.increment(1),
            Level::ERROR => self.errors.increment(1),
            _ => {}
        }
        let now = self.clock.now();
        let line = match self.format {
            Format::Json => json(now, level, target, &message, &fields),
            Format::Text { colours } => text(now, level, target, &message, &fields, colours),
        };
        (self.out)(line.as_bytes());
    }
}

/// RFC 3339 in UTC, to the microsecond.
fn time(at: Ts) -> String {
    format!("{:.6}", at.timestamp())
}

fn json(now: Ts, level: Level, target: &str, message: &str, fields: &Fields) -> String {
    let mut line = String::with_capacity(256);
    let head = [
        ("timestamp", time(now)),
        ("level", level.to_string()),
        ("target", target.into()),
        ("message", message.into()),
    ];
    for (name, value) in head {
        line.push(if line.is_empty() { '{' } else { ',' });
        // writing to a String cannot fail
        let _ = write!(line, "\"{name}\":{}", Value::String(value));
    }
    for (name, value) in &fields.0 {
        let _ = write!(line, ",{}:{value}", Value::String((*name).to_owned()));
    }
    line.push_str("}\n");
    line
}

fn text(now: Ts, level: Level, target: &str, message: &str, fields: &Fields, colours: bool) -> String {
    let (dim, colour, plain) = match (colours, level) {
        (false, _) => ("", "", ""),
        (true, Level::ERROR) => ("\x1b[2m", "\x1b[31m", "\x1b[0m"),
        (true, Level::WARN) => ("\x1b[2m", "\x1b[33m", "\x1b[0m"),
        (true, Level::INFO) => ("\x1b[2m", "\x1b[32m", "\x1b[0m"),
        (true, _) => ("\x1b[2m", "\x1b[34m", "\x1b[0m"),
    };
    let mut line = String::with_capacity(256);
    // writing to a String cannot fail
    let _ = write!(line, "{dim}{}{plain} {colour}{level:>5}{plain} {dim}{target}:{plain} ", time(now));
    tame(&mut line, message);
    for (name, value) in &fields.0 {
        let _ = write!(line, " {dim}{name}={plain}");
        match value {
            Value::String(value) if value.is_empty() || value.contains([' ', '"', '=']) => {
                line.push('"');
                tame(&mut line, &value.replace('"', "\\\""));
                line.push('"');
            }
            Value::String(value) => tame(&mut line, value),
            other => drop(write!(line, "{other}")),
        }
    }
    line.push('\n');
    line
}

/// What comes from outside must not begin a line of its own, nor move a terminal's cursor.
fn tame(line: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
}

#[cfg(test)]
pub mod tests {
    use std::io;
    use std::sync::Mutex;

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// Lines that a test reads.
    #[derive(Clone, Default)]
    pub struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        pub fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> Ts {
            Ts::from_micros(1_764_000_000_000_500)
        }
    }

    pub fn lines(kept: &Kept, json: bool) -> Lines {
        let kept = kept.clone();
        let format = if json { Format::Json } else { Format::Text { colours: false } };
        Lines::new(format, Arc::new(Fixed), move || kept.clone())
    }

    fn written(json: bool) -> String {
        let kept = Kept::default();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines(&kept, json)), || {
            let outer = tracing::info_span!("request", request.id = "r-1", request.attempt = tracing::field::Empty);
            let _outer = outer.enter();
            outer.record("request.attempt", 2);
            let _inner = tracing::info_span!("job", job.id = "j-1", request.id = "r-2").entered();
            tracing::warn!(
                job.id = "j-2",
                a.flag = true,
                a.number = 1.5,
                a.text = "two words\nand\u{1b}[2Ja \"line\"",
                "it {}",
                "happened"
            );
        });
        kept.text()
    }

    #[test]
    fn json_is_flat_and_every_name_stands_once() {
        let line = written(true);
        assert_eq!(line.lines().count(), 1);
        for once in ["\"request.id\"", "\"job.id\"", "\"message\""] {
            assert_eq!(line.matches(once).count(), 1, "{line}");
        }
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["timestamp"], "2025-11-24T16:00:00.000500Z");
        assert_eq!((&line["level"], &line["message"]), (&"WARN".into(), &"it happened".into()));
        // the innermost wins
        assert_eq!((&line["job.id"], &line["request.id"]), (&"j-2".into(), &"r-2".into()));
        assert_eq!(
            (&line["a.flag"], &line["a.number"], &line["request.attempt"]),
            (&true.into(), &1.5.into(), &2.into())
        );
        assert_eq!(line["a.text"], "two words\nand\u{1b}[2Ja \"line\"");
    }

    #[test]
    fn text_stays_on_its_line_whatever_it_holds() {
        let line = written(false);
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
        assert!(
            line.starts_with(
                "2025-11-24T16:00:00.000500Z  WARN estampe::telemetry::lines::tests: it happened job.id=j-2 a.flag=true"
            ),
            "{line}"
        );
        assert!(line.contains("a.text=\"two words\\nand\\u{1b}[2Ja \\\"line\\\"\""), "{line}");
    }

    #[test]
    fn long_values_are_cut() {
        let kept = Kept::default();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines(&kept, true)), || {
            tracing::warn!(a.text = "é".repeat(9_000), "long");
        });
        let line: Value = serde_json::from_str(&kept.text()).unwrap();
        assert_eq!(line["a.text"].as_str().unwrap().chars().count(), LONGEST + 1);
    }
}
