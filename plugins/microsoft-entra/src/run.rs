//! A run, page by page: the whole tenant, or what changed.
//!
//! Both go by deltas: people first, then groups. Where what changes *during* a run is concerned
//! the host takes everybody once, so whatever Graph repeats is passed over; the next run begins
//! where this one began (`$deltatoken=latest`, asked for before anything is read) and is told
//! of it again. A run that is one page has nothing to repeat, and the next one begins at its end.

use std::collections::HashSet;

use estampe_plugin_sdk::{Cursor, Event, FailKind, Failure, Gone, Host, Page, Rejected, cursor};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::graph::{Graph, Listed, Need, passes};
use crate::groups::{self, Open};
use crate::person::{Reader, User};
use crate::recent::Recent;
use crate::{is_on, person, photo};

/// People of a page, where Graph follows what is preferred; with photos fewer, for each takes a
/// request or two.
const PEOPLE: u32 = 500;
const PEOPLE_WITH_PHOTOS: u32 = 80;
/// Groups of a page: each takes a request at least.
const GROUPS: u32 = 100;
/// Empty pages in a row that are followed within a call, to where changes begin.
const EMPTY: usize = 20;

/// Where a run stands between two pages, and where the next one begins.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Place {
    /// The next incremental run begins here.
    Checkpoint(Checkpoint),
    /// Within a run.
    Walk(Box<Walk>),
}

/// Links of Graph, as they are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Checkpoint {
    users: String,
    groups: Option<String>,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Set {
    Users,
    Groups,
}

impl Set {
    const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
        }
    }

    const fn need(self) -> Need {
        match self {
            Self::Users => Need::Users,
            Self::Groups => Need::Groups,
        }
    }

    /// A delta from its beginning.
    fn first(self, host: &dyn Host) -> String {
        let select = match self {
            Self::Users => Reader::of(host).select(),
            Self::Groups => groups::SELECT.to_owned(),
        };
        format!("{}/delta?$select={select}", self.name())
    }

    fn size(self, host: &dyn Host) -> u32 {
        match self {
            Self::Users if is_on(host, "photos") => PEOPLE_WITH_PHOTOS,
            Self::Users => PEOPLE,
            Self::Groups => GROUPS,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Walk {
    full: bool,
    set: Set,
    /// The page that is read.
    at: String,
    /// Whether it is the first of its set.
    first: bool,
    /// Where the next run begins with people, once that is known.
    users: Option<String>,
    /// The same with groups.
    groups: Option<String>,
    /// Where the groups begin in this run; none: they are not read.
    then: Option<String>,
    /// What was told.
    recent: Recent,
    /// The group whose members are being read.
    open: Option<Open>,
}

/// A page of a run over the whole tenant.
pub fn full(host: &dyn Host, from: Option<Cursor>) -> Result<Page, Failure> {
    let graph = Graph::of(host)?;
    match from.map(|from| cursor::decode(&from)).transpose()? {
        None => {
            let with_groups = is_on(host, "groups");
            let users = Some(latest(&graph, Set::Users)?);
            let groups = with_groups.then(|| latest(&graph, Set::Groups)).transpose()?;
            let then = with_groups.then(|| Set::Groups.first(host));
            Walk::begin(true, Set::Users.first(host), users, groups, then).page(&graph)
        }
        Some(Place::Walk(walk)) if walk.full => walk.page(&graph),
        Some(_) => Err(foreign()),
    }
}

/// A page of a run over what changed.
pub fn incremental(host: &dyn Host, from: Option<Cursor>) -> Result<Page, Failure> {
    let graph = Graph::of(host)?;
    let from = from.ok_or_else(|| Failure::new(FailKind::CursorExpired, "there was no full run yet"))?;
    match cursor::decode(&from)? {
        Place::Checkpoint(Checkpoint { users, groups }) => {
            if groups.is_some() != is_on(host, "groups") {
                let why = "groups were switched on or off since: everything has to be read";
                return Err(Failure::new(FailKind::CursorExpired, why));
            }
            Walk::begin(false, users, None, None, groups).page(&graph)
        }
        Place::Walk(walk) if !walk.full => walk.page(&graph),
        Place::Walk(_) => Err(foreign()),
    }
}

fn foreign() -> Failure {
    Failure::new(FailKind::CursorExpired, "the cursor is another run's")
}

/// The link by which whatever changes from now on is told.
fn latest(graph: &Graph<'_>, set: Set) -> Result<String, Failure> {
    let mut at = format!("{}&$deltatoken=latest", set.first(graph.host));
    for _ in 0..EMPTY {
        let page: Listed<IgnoredAny> = graph.read(&at, set.need(), None)?;
        match (page.delta, page.next) {
            (Some(delta), _) => return graph.kept(&delta, set.name()),
            (None, Some(next)) => at = graph.kept(&next, set.name())?,
            (None, None) => break,
        }
    }
    Err(no_end(set))
}

fn no_end(set: Set) -> Failure {
    let message = format!("Microsoft Graph ends its {} with neither a next link nor a delta link", set.name());
    Failure::new(FailKind::Unavailable, message)
}

/// A page of objects, the last state of each, in order of what came last.
struct Read<T> {
    objects: Vec<(Option<String>, T)>,
    next: Option<String>,
    delta: Option<String>,
}

impl Walk {
    fn begin(full: bool, at: String, users: Option<String>, groups: Option<String>, then: Option<String>) -> Self {
        Self { full, set: Set::Users, at, first: true, users, groups, then, recent: Recent::default(), open: None }
    }

    fn page(mut self, graph: &Graph<'_>) -> Result<Page, Failure> {
        let mut events = Vec::new();
        if let Some(open) = self.open.take() {
            let id = open.id.clone();
            self.open = open.read(graph, self.full, &mut events)?;
            if self.open.is_some() || graph.is_spent() {
                return self.goes_on(events);
            }
            self.recent.told(&id);
        }
        match self.set {
            Set::Users => self.users(graph, events),
            Set::Groups => self.groups(graph, events),
        }
    }

    fn users(mut self, graph: &Graph<'_>, mut events: Vec<Event>) -> Result<Page, Failure> {
        let reader = Reader::of(graph.host);
        let page: Read<User> = self.read(graph, |user: &User| user.id.as_deref())?;
        let mut people = Vec::new();
        for (id, user) in &page.objects {
            let Some(id) = id else {
                events.push(nameless(self.set));
                continue;
            };
            if self.recent.has(id) {
                continue;
            }
            match (&user.removed, reader.means(user)) {
                (None, true) => match reader.person(id, user) {
                    Ok(person) => people.push(person),
                    Err(reason) => {
                        let rejected = Rejected { id: Some(id.clone()), position: person::position(id), reason };
                        events.push(Event::Rejected(rejected));
                        self.recent.told(id);
                    }
                },
                // whoever a full run does not name is gone without a word
                _ if self.full => {}
                (removed, _) => {
                    let why = if removed.is_some() { Gone::Deleted } else { Gone::OutOfScope };
                    events.push(Event::PersonGone((id.clone(), why)));
                    self.recent.told(id);
                }
            }
        }
        let wanted = people.len();
        if is_on(graph.host, "photos") && !people.is_empty() {
            people = photo::add(graph, people)?;
        }
        let all = people.len() == wanted;
        for person in people {
            self.recent.told(&person.id);
            events.push(Event::Person(person));
        }
        if all { self.turn(graph, page.next, page.delta, events) } else { self.goes_on(events) }
    }

    fn groups(mut self, graph: &Graph<'_>, mut events: Vec<Event>) -> Result<Page, Failure> {
        let page: Read<groups::Told> = self.read(graph, |group: &groups::Told| group.id.as_deref())?;
        for (id, told) in &page.objects {
            let Some(id) = id else {
                events.push(nameless(self.set));
                continue;
            };
            if self.recent.has(id) {
                continue;
            }
            if told.removed.is_some() {
                if !self.full {
                    events.push(Event::GroupGone(id.clone()));
                    self.recent.told(id);
                }
                continue;
            }
            if graph.is_spent() {
                return self.goes_on(events);
            }
            let open = match Open::new(id, told) {
                Ok(open) => open,
                Err(rejected) => {
                    events.push(Event::Rejected(rejected));
                    self.recent.told(id);
                    continue;
                }
            };
            match open.read(graph, self.full, &mut events) {
                Ok(None) => self.recent.told(id),
                Ok(open) => {
                    self.open = open;
                    return self.goes_on(events);
                }
                // what was done is done; the next call begins with this one
                Err(failure) if passes(&failure) && !events.is_empty() => return self.goes_on(events),
                Err(failure) => return Err(failure),
            }
        }
        self.turn(graph, page.next, page.delta, events)
    }

    /// Reads the page. Before the first of several it asks where the next run begins.
    fn read<T: DeserializeOwned>(
        &mut self,
        graph: &Graph<'_>,
        id: impl Fn(&T) -> Option<&str>,
    ) -> Result<Read<T>, Failure> {
        let (set, size) = (self.set, self.set.size(graph.host));
        let mut page: Listed<T> = graph.read(&self.at, set.need(), Some(size))?;
        let end = match set {
            Set::Users => &mut self.users,
            Set::Groups => &mut self.groups,
        };
        if self.first && page.delta.is_none() && end.is_none() {
            *end = Some(latest(graph, set)?);
            page = graph.read(&self.at, set.need(), Some(size))?;
        }
        self.first = false;
        // of what is repeated on a page the last counts
        let mut objects: Vec<(Option<String>, T)> = Vec::new();
        let mut told = HashSet::new();
        for object in page.value.into_iter().rev() {
            let id = id(&object).map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned);
            if id.as_ref().is_none_or(|id| told.insert(id.clone())) {
                objects.push((id, object));
            }
        }
        objects.reverse();
        Ok(Read { objects, next: page.next, delta: page.delta })
    }

    /// Goes on with the next page, with the groups, or ends the run.
    fn turn(
        mut self,
        graph: &Graph<'_>,
        next: Option<String>,
        delta: Option<String>,
        events: Vec<Event>,
    ) -> Result<Page, Failure> {
        let set = self.set;
        if let Some(next) = next {
            self.at = graph.kept(&next, set.name())?;
            return self.goes_on(events);
        }
        let delta = delta.ok_or_else(|| no_end(set))?;
        let delta = graph.kept(&delta, set.name())?;
        match set {
            Set::Users => self.users = self.users.or(Some(delta)),
            Set::Groups => self.groups = self.groups.or(Some(delta)),
        }
        if let (Set::Users, Some(then)) = (set, self.then.take()) {
            let walk = Self { set: Set::Groups, at: then, first: true, recent: Recent::default(), ..self };
            return walk.goes_on(events);
        }
        let users = self.users.ok_or_else(|| no_end(Set::Users))?;
        let checkpoint = cursor::encode(&Place::Checkpoint(Checkpoint { users, groups: self.groups }))?;
        Ok(Page { events, next: None, checkpoint: Some(checkpoint) })
    }

    fn goes_on(self, events: Vec<Event>) -> Result<Page, Failure> {
        Ok(Page { events, next: Some(cursor::encode(&Place::Walk(Box::new(self)))?), checkpoint: None })
    }
}

fn nameless(set: Set) -> Event {
    let reason = "it has no id".to_owned();
    Event::Rejected(Rejected { id: None, position: format!("an entry of {}", set.name()), reason })
}
