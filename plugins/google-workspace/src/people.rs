//! The users of a Workspace: those who are there, suspended ones too, and in a second pass those
//! who were deleted. Google lists the two apart.

use estampe_plugin_sdk::{Event, FailKind, Failure, Gone, Host, Person, Rejected};
use serde::Deserialize;
use serde_json::Value;

use crate::person::{self, Wanted};
use crate::photo::{self, Photos};
use crate::run::Place;
use crate::scope::Scope;
use crate::{address, ask, groups, is_on};

/// Users of a page: the most that Google gives.
const PAGE: &str = "500";
/// Octets of the events of one call.
const MAX_WEIGHT: usize = 4 << 20;
/// The most octets of a photo's version that the host takes.
const MAX_ETAG: usize = 1_024;

/// A page of the listing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Users {
    /// Left out where there are none.
    #[serde(default)]
    users: Vec<Value>,
    next_page_token: Option<String>,
}

/// One page of those who are there, or as much of it as one call has photos to fetch.
pub fn page(
    host: &dyn Host,
    token: Option<String>,
    after: Option<&str>,
) -> Result<(Vec<Event>, Option<Place>), Failure> {
    let wanted = Wanted::of(host);
    let listed = users(host, &wanted.mask(), token.as_deref(), false)?;
    // whoever was told last may have left the listing since: then the page is told again
    let done = after.and_then(|id| listed.users.iter().position(|user| person::id(user) == Some(id)));
    let rest = listed.users.iter().skip(done.map_or(0, |at| at + 1)).filter(|user| !person::is_guest(user));
    let mut told: Vec<_> = rest.map(|user| event(user, &wanted)).collect();
    let missing = versions(host, &mut told);
    let mut photos = Photos::new(host);
    let (mut events, mut weight): (Vec<Event>, usize) = (Vec::new(), 0);
    for (mut one, is_missing) in told.into_iter().zip(missing) {
        if let (Event::Person(person), true) = (&mut one, is_missing) {
            let fetched = if weight > MAX_WEIGHT { None } else { photos.of(&person.id) };
            match fetched {
                Some(Ok(Some(photo))) => person.photo = Some(photo),
                Some(Ok(None)) => person.photo_etag = None,
                Some(Err(failure)) if events.is_empty() => return Err(failure),
                // what is there is told; a failure is the first thing that the next call meets
                Some(Err(_)) | None => {
                    let after = events.iter().rev().find_map(id_of).or(after.map(str::to_owned));
                    return Ok((events, Some(Place::Users { token, after })));
                }
            }
        }
        weight += one.weight();
        events.push(one);
    }
    let next = match listed.next_page_token {
        Some(token) => Place::Users { token: Some(token), after: None },
        None => Place::Deleted { token: None },
    };
    Ok((events, Some(next)))
}

/// One page of those who were deleted.
pub fn deleted(host: &dyn Host, token: Option<&str>) -> Result<(Vec<Event>, Option<Place>), Failure> {
    let listed = users(host, "id", token, true)?;
    let ids = listed.users.iter().filter_map(person::id);
    let events = ids.map(|id| Event::PersonGone((id.to_owned(), Gone::Deleted))).collect();
    let next = match listed.next_page_token {
        Some(token) => Some(Place::Deleted { token: Some(token) }),
        None => is_on(host, "groups", false).then(|| Place::Groups(groups::Reading::default())),
    };
    Ok((events, next))
}

fn users(host: &dyn Host, mask: &str, token: Option<&str>, deleted: bool) -> Result<Users, Failure> {
    let fields = format!("nextPageToken,users({mask})");
    let mut query = vec![("customer", "my_customer"), ("maxResults", PAGE), ("fields", fields.as_str())];
    query.push(if deleted { ("showDeleted", "true") } else { ("orderBy", "email") });
    query.extend(token.map(|token| ("pageToken", token)));
    let answer = ask::read(host, Scope::Users, address::directory(host, "/users", &query), None)?;
    if token.is_some() && answer.status == 400 {
        return Err(page_expired());
    }
    ask::accepted(Scope::Users, answer)?.json()
}

/// A question that was good without its page's token is refused with it.
pub fn page_expired() -> Failure {
    let words = "Google no longer knows the page at which the run stands (it keeps them for three days)";
    Failure::new(FailKind::CursorExpired, words)
}

/// Whoever it is, or why nobody: one bad entry does not fail the run.
fn event(user: &Value, wanted: &Wanted) -> Event {
    match person::person(user, wanted) {
        Ok(person) => Event::Person(person),
        Err(reason) => {
            let id = person::id(user).filter(|id| person::is_id(id));
            let position = id.map_or_else(|| "a user whose id cannot be read".to_owned(), person::position);
            Event::Rejected(Rejected { id: id.map(str::to_owned), position, reason })
        }
    }
}

fn id_of(event: &Event) -> Option<String> {
    match event {
        Event::Person(person) => Some(person.id.clone()),
        Event::Rejected(rejected) => rejected.id.clone(),
        _ => None,
    }
}

/// Of each, whether the photo has to be fetched. Without photos nobody keeps a version.
fn versions(host: &dyn Host, told: &mut [Event]) -> Vec<bool> {
    let wanted = photo::are_wanted(host);
    let mut asked = Vec::new();
    for event in told.iter_mut() {
        if let Event::Person(person) = event {
            person.photo_etag = person.photo_etag.take().filter(|etag| wanted && (1..=MAX_ETAG).contains(&etag.len()));
            asked.extend(question(person));
        }
    }
    let mut same = if asked.is_empty() { Vec::new() } else { host.same_photos(&asked) }.into_iter();
    let mut is_missing = |event: &Event| match event {
        Event::Person(person) if person.photo_etag.is_some() => !same.next().unwrap_or_default(),
        _ => false,
    };
    told.iter().map(&mut is_missing).collect()
}

fn question(person: &Person) -> Option<(String, String)> {
    Some((person.id.clone(), person.photo_etag.clone()?))
}
