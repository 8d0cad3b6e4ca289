//! Whatever way people are written, and wherever pages and reads end, the same people
//! come out.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test, and its helpers")]

use std::fmt::Write as _;

use data_encoding::BASE64;
use estampe_plugin_directory_file::{Limits, page_within};
use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Event, Person, Value};
use proptest::prelude::*;

/// What came out of an entry: identity, texts and photo; none when it was refused.
type Found = Option<(String, Vec<(String, String)>, Option<Vec<u8>>)>;

/// An entry as it should come out.
#[derive(Clone, Debug)]
struct Written {
    id: String,
    texts: Vec<(&'static str, String)>,
    photo: Option<Vec<u8>>,
    bad: bool,
}

/// How to write it.
#[derive(Clone, Debug)]
struct Style {
    fold: usize,
    base64: bool,
    crlf: bool,
    comments: bool,
    blank_lines: usize,
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Zé<:# ñ語]{0,40}".prop_map(|text| text.trim().to_owned()).prop_filter("not empty", |text| !text.is_empty())
}

fn entry() -> impl Strategy<Value = Written> {
    let photo = proptest::option::weighted(0.3, proptest::collection::vec(any::<u8>(), 1..300));
    ("[a-z0-9]{1,12}", text(), proptest::option::of(text()), photo, prop::bool::weighted(0.1)).prop_map(
        |(id, sn, title, photo, bad)| {
            let mut texts = vec![("sn", sn)];
            texts.extend(title.map(|title| ("title", title)));
            Written { id, texts, photo, bad }
        },
    )
}

fn style() -> impl Strategy<Value = Style> {
    (1_usize..90, any::<bool>(), any::<bool>(), any::<bool>(), 1_usize..3)
        .prop_map(|(fold, base64, crlf, comments, blank_lines)| Style { fold, base64, crlf, comments, blank_lines })
}

/// RFC 2849's SAFE-STRING, without blanks at the end.
fn is_safe(text: &str) -> bool {
    text.is_ascii() && !text.contains(['\0', '\r', '\n']) && !text.starts_with([' ', ':', '<']) && !text.ends_with(' ')
}

fn attribute(out: &mut Vec<u8>, style: &Style, name: &str, octets: &[u8]) {
    let line = match std::str::from_utf8(octets) {
        Ok(text) if is_safe(text) && !style.base64 => format!("{name}: {text}"),
        _ => format!("{name}:: {}", BASE64.encode(octets)),
    };
    let end: &[u8] = if style.crlf { b"\r\n" } else { b"\n" };
    for (at, piece) in line.as_bytes().chunks(style.fold.max(1)).enumerate() {
        if at > 0 {
            out.extend_from_slice(end);
            out.push(b' ');
        }
        out.extend_from_slice(piece);
    }
    out.extend_from_slice(end);
}

fn write(entries: &[(Written, Style)]) -> Vec<u8> {
    let mut out = b"version: 1\n".to_vec();
    for (entry, style) in entries {
        let end: &[u8] = if style.crlf { b"\r\n" } else { b"\n" };
        if style.comments {
            out.extend_from_slice(b"# about the next entry\n  folded\n");
        }
        attribute(&mut out, style, "dn", format!("uid={},dc=x", entry.id).as_bytes());
        attribute(&mut out, style, "employeeNumber", entry.id.as_bytes());
        if entry.bad {
            out.extend_from_slice(b"cn:: ***\n");
        }
        for (name, text) in &entry.texts {
            attribute(&mut out, style, name, text.as_bytes());
        }
        if let Some(photo) = &entry.photo {
            attribute(&mut out, style, "jpegPhoto", photo);
        }
        for _ in 0..style.blank_lines {
            out.extend_from_slice(end);
        }
    }
    out
}

fn expected(entries: &[(Written, Style)]) -> Vec<Found> {
    entries
        .iter()
        .map(|(entry, _)| {
            let texts = entry.texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
            (!entry.bad).then(|| (entry.id.clone(), texts, entry.photo.clone()))
        })
        .collect()
}

fn found(events: &[Event]) -> Vec<Found> {
    events
        .iter()
        .map(|event| match event {
            Event::Person(Person { id, attributes, photo, .. }) => {
                let texts = attributes.iter().map(|attribute| match &attribute.value {
                    Value::Text(text) => (attribute.name.clone(), text.clone()),
                    other => panic!("{other:?}"),
                });
                Some((id.clone(), texts.collect(), photo.clone()))
            }
            Event::Rejected(_) => None,
            Event::PersonGone(_) | Event::Group(_) | Event::GroupGone(_) | Event::AllGroups => panic!("{event:?}"),
        })
        .collect()
}

/// Every page in an instance of its own, some of them twice, as after a crash.
fn run(host: &ScriptedHost, limits: Limits, again: &[bool]) -> Vec<Event> {
    let (mut events, mut from) = (Vec::new(), None);
    for at in 0..100_000 {
        let page = page_within(host, from.clone(), limits).unwrap();
        if again.get(at % again.len().max(1)).copied().unwrap_or_default() {
            assert_eq!(page_within(host, from, limits).unwrap(), page);
        }
        assert!(page.next.as_ref().is_none_or(|next| next.len() <= 4096));
        events.extend(page.events);
        from = page.next;
        if from.is_none() {
            return events;
        }
    }
    panic!("the run does not end")
}

fn limits() -> impl Strategy<Value = Limits> {
    (1_usize..8, 1_usize..2000, 1_u64..3000).prop_map(|(events, weight, read)| Limits { events, weight, read })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ldif_reads_the_same_at_every_seam(
        entries in proptest::collection::vec((entry(), style()), 0..12),
        limits in limits(),
        chunk in 1_u32..400,
        again in proptest::collection::vec(any::<bool>(), 1..5),
    ) {
        let host = ScriptedHost::new().with_file("people", "p.ldif", write(&entries)).with_max_read(chunk);
        let events = run(&host, limits, &again);
        prop_assert_eq!(found(&events), expected(&entries));
        // positions, too
        let plain = ScriptedHost::new().with_file("people", "p.ldif", write(&entries));
        prop_assert_eq!(run(&plain, Limits::default(), &[]), events);
    }

    #[test]
    fn csv_reads_the_same_at_every_seam(
        rows in proptest::collection::vec(("[a-z0-9]{1,8}", "[a-zé\";, \n]{0,20}", any::<bool>()), 1..20),
        limits in limits(),
        chunk in 1_u32..200,
        again in proptest::collection::vec(any::<bool>(), 1..5),
    ) {
        let mut file = String::from("id;name\r\n");
        for (id, name, crlf) in &rows {
            write!(file, "{id};\"{}\"{}", name.replace('"', "\"\""), if *crlf { "\r\n" } else { "\n" }).unwrap();
        }
        let host = ScriptedHost::new().with_file("people", "p.csv", file.clone()).with_max_read(chunk);
        let events = run(&host, limits, &again);
        let names: Vec<_> = rows.iter().map(|(id, name, _)| {
            let name = name.trim();
            let texts = if name.is_empty() { vec![] } else { vec![("displayName".to_owned(), name.to_owned())] };
            Some((id.clone(), texts, None))
        }).collect();
        prop_assert_eq!(found(&events), names);
        let plain = ScriptedHost::new().with_file("people", "p.csv", file);
        prop_assert_eq!(run(&plain, Limits::default(), &[]), events);
    }

    #[test]
    fn nothing_makes_it_panic_or_loop(
        file in proptest::collection::vec(prop_oneof![
            Just(b"dn: uid=a\n".to_vec()), Just(b"\n".to_vec()), Just(b" x".to_vec()), Just(b"\r\n".to_vec()),
            Just(b"cn:: ".to_vec()), Just(b"\"".to_vec()), Just(b"id;name".to_vec()), Just(b";".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..20),
        ], 0..40),
        csv in any::<bool>(),
        limits in limits(),
        chunk in 1_u32..60,
    ) {
        let file = file.concat();
        let format = if csv { "csv" } else { "ldif" };
        let host = ScriptedHost::new().with_config("format", format).with_file("people", "p", file.clone()).with_max_read(chunk);
        if page_within(&host, None, limits).is_ok() {
            let whole = ScriptedHost::new().with_config("format", format).with_file("people", "p", file);
            let mut from = None;
            let mut events = Vec::new();
            // either fails in the same way, or gives the same
            let outcome = loop {
                match page_within(&host, from, limits) {
                    Ok(page) => { events.extend(page.events); from = page.next; if from.is_none() { break Ok(events) } }
                    Err(failure) => break Err(failure.kind),
                }
            };
            let (mut from, mut events) = (None, Vec::new());
            let plain = loop {
                match page_within(&whole, from, Limits::default()) {
                    Ok(page) => { events.extend(page.events); from = page.next; if from.is_none() { break Ok(events) } }
                    Err(failure) => break Err(failure.kind),
                }
            };
            prop_assert_eq!(outcome, plain);
        }
    }
}

#[test]
fn an_empty_file_is_empty_however_little_a_read_gives() {
    for format in ["csv", "ldif"] {
        for file in ["", "\r\n", "\n\n \n"] {
            let host =
                ScriptedHost::new().with_config("format", format).with_file("people", "p", file).with_max_read(1);
            assert_eq!(page_within(&host, None, Limits::default()).unwrap_err().message, "the file is empty");
        }
    }
}
