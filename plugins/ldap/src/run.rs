//! A run, page by page: all of the directory, or what changed.

use estampe_plugin_sdk::ldap::{Changes, Entries, Entry, Query, Scope, Tracking, escape, guid, moment, uuid};
use estampe_plugin_sdk::{Cursor, Event, FailKind, Failure, Gone, Host, LogLevel, Page, cursor};
use serde::{Deserialize, Serialize};

use crate::groups::Reading;
use crate::hex::Octets;
use crate::person::Wanted;
use crate::tracking::{At, Checkpoint, tracked, words};
use crate::{Reader, groups, identity, person, query};

/// Identities that are searched for at once.
const BATCH: usize = 100;
/// Entries of the first page that were modified since their photos are known: with more, all
/// photos are read.
const MANY: usize = 50;
/// The most that left, of one answer: more are found by comparing everybody.
const MAX_GONE: usize = 4_000;

/// Where a run stands between two pages, and where the next one begins.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Place {
    /// The next incremental run begins here.
    Checkpoint(Checkpoint),
    /// In a search.
    Pages {
        /// Which changes; none: everybody.
        since: Option<Since>,
        /// Where the next run begins when this one is done.
        end: Checkpoint,
        /// The latest `modifyTimestamp` so far.
        latest: i64,
        /// Whoever was not modified since has the photo that is known; none: all are read.
        photos: Option<i64>,
        /// The next page.
        cookie: Octets,
        /// Whether something changed so far.
        changed: bool,
    },
    /// Among entries that changed.
    Changes {
        /// From where on they were asked for.
        begin: Checkpoint,
        /// Where the first answer said that they end: what changed later is the next run's.
        end: Option<Octets>,
        /// The last that was read.
        after: Octets,
        /// Whether something changed so far.
        changed: bool,
    },
    /// Among groups, after the people.
    Groups {
        /// Where the next run begins when this one is done.
        end: Checkpoint,
        /// What is left of them.
        reading: Reading,
    },
}

/// Changes above this `uSNChanged`, or since this `modifyTimestamp`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Since {
    Usn(u64),
    Modified(i64),
}

/// A page of a run over all of the directory.
pub fn full(host: &dyn Host, from: Option<Cursor>) -> Result<Page, Failure> {
    match from.map(|from| cursor::decode(&from)).transpose()? {
        None => {
            let end = Checkpoint::now(host, identity(host).as_deref())?;
            host.log(LogLevel::Info, words(&end.at));
            let known = host.checkpoint().and_then(|checkpoint| cursor::decode(&checkpoint).ok());
            let photos = match known {
                // whoever begins to fit a filter was not modified by that
                Some(Place::Checkpoint(known)) if !has_filter(host) => known.photos_known(&end),
                _ => None,
            };
            pages(host, None, None, Walk { end, latest: 0, photos, changed: true })
        }
        Some(Place::Pages { since: None, end, latest, photos, cookie, .. }) => {
            pages(host, None, Some(cookie.0), Walk { end, latest, photos, changed: true })
        }
        Some(Place::Groups { end, reading }) => groups_page(host, end, reading),
        Some(_) => Err(foreign()),
    }
}

/// A page of a run over what changed.
pub fn incremental(host: &dyn Host, from: Option<Cursor>) -> Result<Page, Failure> {
    let from = from.ok_or_else(|| Failure::new(FailKind::CursorExpired, "there was no full run yet"))?;
    match cursor::decode(&from)? {
        Place::Checkpoint(begin) => {
            let seen = begin.usn;
            let begin = Checkpoint { usn: begin.still_holds(host)?, ..begin };
            match begin.at {
                At::DirSync(_) | At::ContentSync(_) => changes(host, begin, None, Vec::new(), false),
                At::Usn => {
                    let walk = Walk { end: begin, latest: 0, photos: None, changed: false };
                    pages(host, seen.map(Since::Usn), None, walk)
                }
                // whoever was changed last is always told again
                At::Modified(since) => {
                    let walk = Walk { end: begin, latest: since, photos: None, changed: true };
                    pages(host, Some(Since::Modified(since)), None, walk)
                }
            }
        }
        Place::Pages { since: Some(since), end, latest, photos, cookie, changed } => {
            pages(host, Some(since), Some(cookie.0), Walk { end, latest, photos, changed })
        }
        Place::Pages { since: None, .. } => Err(foreign()),
        Place::Changes { begin, end, after, changed } => changes(host, begin, end, after.0, changed),
        Place::Groups { end, reading } => groups_page(host, end, reading),
    }
}

fn foreign() -> Failure {
    Failure::new(FailKind::CursorExpired, "the cursor is another run's")
}

fn has_filter(host: &dyn Host) -> bool {
    host.config("filter").is_some_and(|filter| !filter.trim().is_empty())
}

/// What a run over pages carries along; see [`Place::Pages`].
struct Walk {
    end: Checkpoint,
    latest: i64,
    photos: Option<i64>,
    changed: bool,
}

/// One page of a search, and where it goes on.
fn pages(host: &dyn Host, since: Option<Since>, cookie: Option<Cursor>, walk: Walk) -> Result<Page, Failure> {
    let Walk { end, latest, photos, changed } = walk;
    let query = match since {
        Some(Since::Usn(seen)) => query(host).changed_above(seen),
        Some(Since::Modified(moment)) => query(host).modified_since(moment),
        None if photos.is_some() => query(host).attributes(Wanted::of(host).attributes_without_photos()),
        None => query(host),
    };
    let is_first = cookie.is_none();
    let Entries { entries, next } = host.ldap_search(&query.after(cookie))?;
    let modified = entries.iter().filter_map(|entry| moment(entry.text("modifyTimestamp")?));
    let latest = modified.fold(latest, i64::max);
    let stale = |known: i64| entries.iter().filter(|entry| !is_older(entry, known)).count();
    if is_first && photos.is_some_and(|known| stale(known) > MANY) {
        // such as everybody at once, loaded into the directory: no reason to ask one by one
        return pages(host, since, None, Walk { end, latest, photos: None, changed });
    }
    let events = match photos {
        None => events(host, &entries),
        Some(known) => compared(host, entries, known)?,
    };
    let mut changed = changed || !events.is_empty();
    if let Some(cookie) = next {
        let place = Place::Pages { since, end, latest, photos, cookie: Octets(cookie), changed };
        return Ok(Page { events, next: Some(cursor::encode(&place)?), checkpoint: None });
    }
    if matches!(since, Some(Since::Modified(_))) && is_first && events.is_empty() {
        // whoever was changed last is not there: they left, or it was restored
        let why = "the entry that was changed last is gone: everybody has to be compared";
        return Err(Failure::new(FailKind::CursorExpired, why));
    }
    if let (Some(Since::Usn(seen)), false, true) = (since, changed, groups::are_wanted(host)) {
        changed = groups::changed_above(host, seen)?;
    }
    let end = if since.is_none() { Checkpoint { latest, ..end } } else { end };
    people_are_read(host, events, end.having_seen(latest), changed)
}

/// Goes on with the groups, or ends the run. Groups that nothing points to stay as they are.
fn people_are_read(host: &dyn Host, events: Vec<Event>, end: Checkpoint, changed: bool) -> Result<Page, Failure> {
    if changed && groups::are_wanted(host) {
        let place = Place::Groups { end, reading: Reading::default() };
        return Ok(Page { events, next: Some(cursor::encode(&place)?), checkpoint: None });
    }
    Ok(Page { events, next: None, checkpoint: checkpoint(end)? })
}

/// A page of groups.
fn groups_page(host: &dyn Host, end: Checkpoint, mut reading: Reading) -> Result<Page, Failure> {
    let (events, more) = reading.next(host)?;
    if more {
        let next = Some(cursor::encode(&Place::Groups { end, reading })?);
        return Ok(Page { events, next, checkpoint: None });
    }
    Ok(Page { events, next: None, checkpoint: checkpoint(end)? })
}

fn checkpoint(end: Checkpoint) -> Result<Option<Cursor>, Failure> {
    end.is_good_for_a_run().then(|| cursor::encode(&Place::Checkpoint(end))).transpose()
}

fn events(host: &dyn Host, entries: &[Entry]) -> Vec<Event> {
    let reader = Reader::of(host);
    entries.iter().filter(|entry| person::is_person(entry)).map(|entry| reader.event(entry)).collect()
}

/// Whether an entry was last modified before a moment.
fn is_older(entry: &Entry, known: i64) -> bool {
    entry.text("modifyTimestamp").and_then(moment).is_some_and(|modified| modified < known)
}

/// The events of entries that were read without photos: the photo of whoever was not modified
/// since is the one that is known.
fn compared(host: &dyn Host, entries: Vec<Entry>, known: i64) -> Result<Vec<Event>, Failure> {
    let (mut events, reader) = (Vec::new(), Reader::of(host));
    for mut entry in entries.into_iter().filter(person::is_person) {
        let same = is_older(&entry, known);
        if !same {
            let photos = Query::new("(objectClass=*)").base(&*entry.dn).scope(Scope::Base).attributes(person::PHOTOS);
            let found = host.ldap_search(&photos)?.entries;
            entry.attributes.extend(found.into_iter().flat_map(|entry| entry.attributes));
        }
        let mut event = reader.event(&entry);
        if let (true, Event::Person(person)) = (same, &mut event) {
            person.photo_etag = Some("known".to_owned());
        }
        events.push(event);
    }
    Ok(events)
}

/// Reads the next of those that changed. The server is asked anew for each page: whatever
/// changed once since then is told again, and in the same order.
fn changes(
    host: &dyn Host,
    begin: Checkpoint,
    end: Option<Octets>,
    after: Vec<u8>,
    earlier: bool,
) -> Result<Page, Failure> {
    let (tracking, since) = match &begin.at {
        At::DirSync(since) => (Tracking::DirSync, since),
        At::ContentSync(since) => (Tracking::ContentSync, since),
        At::Usn | At::Modified(_) => return Err(foreign()),
    };
    let Changes { mut changed, gone, position, more } =
        host.ldap_changes(tracking, &tracked(host, tracking), Some(&since.0))?;
    let mut any_changed = earlier || !changed.is_empty() || !gone.is_empty();
    if gone.len() > MAX_GONE {
        return Err(Failure::new(FailKind::CursorExpired, "very many left at once: everybody has to be compared"));
    }
    let name = match tracking {
        Tracking::DirSync => "objectGUID",
        Tracking::ContentSync => "entryUUID",
    };
    let text = |id: &[u8]| match tracking {
        Tracking::DirSync => guid(id),
        Tracking::ContentSync => uuid(id),
    };
    changed.sort();
    changed.dedup();
    let batch: Vec<_> = changed.iter().filter(|id| **id > after).take(BATCH).collect();
    let last = batch.last().map(|id| (*id).clone());
    let goes_on = last.as_ref().is_some_and(|last| changed.iter().any(|id| id > last));
    let mut events = Vec::new();
    if after.is_empty() {
        let left = gone.iter().filter_map(|id| text(id));
        events.extend(left.map(|id| Event::PersonGone((id, Gone::Deleted))));
    }
    if !batch.is_empty() {
        let ids = batch.iter().map(|id| match tracking {
            Tracking::DirSync => format!("({name}={})", escape(id)),
            Tracking::ContentSync => format!("({name}={})", uuid(id).unwrap_or_default()),
        });
        let found = search_all(host, &format!("(&{}(|{}))", crate::PEOPLE, ids.collect::<String>()))?;
        let identity = |entry: &Entry| person::identity_of(entry, Some(name)).ok();
        let there: Vec<_> = found.iter().filter_map(identity).collect();
        let left = batch.iter().filter_map(|id| text(id)).filter(|id| !there.contains(id));
        events.extend(left.map(|id| Event::PersonGone((id, Gone::OutOfScope))));
        events.extend(self::events(host, &found));
    }
    let end = end.unwrap_or(Octets(position));
    if let (true, Some(last)) = (goes_on, last) {
        let place = Place::Changes { begin, end: Some(end), after: Octets(last), changed: any_changed };
        return Ok(Page { events, next: Some(cursor::encode(&place)?), checkpoint: None });
    }
    let at = match tracking {
        Tracking::DirSync => At::DirSync(end),
        Tracking::ContentSync => At::ContentSync(end),
    };
    let mut end = Checkpoint { at, ..begin };
    if more {
        let place = Place::Changes { begin: end, end: None, after: Octets::default(), changed: any_changed };
        return Ok(Page { events, next: Some(cursor::encode(&place)?), checkpoint: None });
    }
    if tracking == Tracking::ContentSync && groups::are_wanted(host) {
        match &end.groups {
            Some(since) => {
                let (changed, position) = groups::changes(host, Some(&since.0))?;
                any_changed |= changed;
                end.groups = Some(Octets(position));
            }
            None => any_changed = true,
        }
    }
    people_are_read(host, events, end, any_changed)
}

/// All entries that fit, which are few.
fn search_all(host: &dyn Host, filter: &str) -> Result<Vec<Entry>, Failure> {
    let query = Query { filter: filter.to_owned(), ..query(host) };
    let mut all = Vec::new();
    for page in estampe_plugin_sdk::ldap::pages(host, query) {
        all.extend(page?);
    }
    Ok(all)
}
