//! Groups and whom they name, nested ones too: who is in which, through which others, is the
//! host's to find.

use estampe_plugin_sdk::{Event, FailKind, Failure, Group, Host, LogLevel, MAX_ID, MAX_MEMBERS, Rejected};
use serde::{Deserialize, Serialize};

use crate::people::page_expired;
use crate::person::is_id;
use crate::run::Place;
use crate::scope::Scope;
use crate::{address, ask};

/// Groups of a page, and members of one: the most that Google gives.
const PAGE: &str = "200";
/// Pages of members of one call: it makes 200 requests at most, and some are made again.
const MOST: usize = 60;
/// Microseconds after which a call leaves the rest to the next one.
const LONGEST: i64 = 10_000_000;

/// Where the reading of groups stands between two pages.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Reading {
    /// Google's token of the page of groups.
    token: Option<String>,
    /// The last group of it that was told whole.
    after: Option<String>,
    /// A group whose members were told in part.
    large: Option<Large>,
}

/// See [`Reading::large`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Large {
    id: String,
    /// Google's token of its next members.
    token: String,
}

/// A page of the listing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    /// Left out where there are none.
    #[serde(default)]
    groups: Vec<Listed>,
    next_page_token: Option<String>,
}

/// `Group` of the Directory API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Listed {
    id: String,
    email: String,
    name: String,
}

/// A page of members.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    /// Left out where there are none.
    #[serde(default)]
    members: Vec<Member>,
    next_page_token: Option<String>,
}

/// `Member` of the Directory API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Member {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// What a call still does.
struct Budget<'a> {
    host: &'a dyn Host,
    begun: i64,
    pages: usize,
}

impl Budget<'_> {
    fn is_spent(&self) -> bool {
        self.pages >= MOST || self.pages > 0 && self.host.now().saturating_sub(self.begun) > LONGEST
    }
}

/// The next groups with their members, as many as one call has time for.
pub fn page(host: &dyn Host, mut reading: Reading) -> Result<(Vec<Event>, Option<Place>), Failure> {
    let Groups { groups, next_page_token } = groups(host, reading.token.as_deref())?;
    let mut budget = Budget { host, begun: host.now(), pages: 0 };
    let begun = reading.large.as_ref().map(|large| large.id.clone());
    let start = if let Some(id) = &begun {
        let at = groups.iter().position(|group| group.id == *id);
        at.ok_or_else(changed)?
    } else {
        // a group that was told last may be gone since: then the page is told again
        let done = reading.after.as_ref().and_then(|id| groups.iter().position(|group| group.id == *id));
        done.map_or(0, |at| at + 1)
    };
    let mut events = Vec::new();
    for group in groups.into_iter().skip(start) {
        if budget.is_spent() {
            return Ok((events, Some(Place::Groups(reading))));
        }
        match one(&mut budget, &group, &mut reading.large, &mut events) {
            Ok(()) if reading.large.is_some() => return Ok((events, Some(Place::Groups(reading)))),
            Ok(()) => reading.after = Some(group.id),
            Err(failure) if events.is_empty() || failure.kind == FailKind::CursorExpired => return Err(failure),
            // what is there is told; a failure is the first thing that the next call meets
            Err(_) => return Ok((events, Some(Place::Groups(reading)))),
        }
    }
    if next_page_token.is_some() {
        return Ok((events, Some(Place::Groups(Reading { token: next_page_token, ..Reading::default() }))));
    }
    events.push(Event::AllGroups);
    Ok((events, None))
}

/// Tells one group, whole or as far as the call goes; then `large` says where it goes on. What
/// was told of it when something fails is taken back.
fn one(
    budget: &mut Budget<'_>,
    group: &Listed,
    large: &mut Option<Large>,
    events: &mut Vec<Event>,
) -> Result<(), Failure> {
    let begun = large.clone();
    if !is_id(&group.id) {
        let reason = format!("a group has an id of 1 to {MAX_ID} octets, none of control");
        events.push(Event::Rejected(Rejected { id: None, position: "a group".to_owned(), reason }));
        return Ok(());
    }
    let (mut ids, mut everyone) = (Vec::new(), false);
    let mut token = begun.as_ref().map(|large| large.token.clone());
    // `directMembersCount` counts users: a group of groups may say that it has nobody
    loop {
        let Some(page) = members(budget, &group.id, token.as_deref())? else {
            if begun.is_some() {
                return Err(changed());
            }
            // it was deleted since the listing
            return Ok(());
        };
        everyone |= page.members.iter().any(|member| member.kind == "CUSTOMER");
        let own = page.members.into_iter().filter(|member| matches!(member.kind.as_str(), "USER" | "GROUP"));
        ids.extend(own.map(|member| member.id).filter(|id| is_id(id)));
        token = page.next_page_token;
        if token.is_none() || ids.len() >= MAX_MEMBERS || budget.is_spent() {
            break;
        }
    }
    if everyone {
        let words = format!("the group {} has everybody of the domain as a member, which is not read", group.id);
        budget.host.log(LogLevel::Warn, &words);
    }
    let told = Group {
        id: group.id.clone(),
        name: name(group),
        handles: Vec::new(),
        members: ids,
        more: token.is_some(),
        position: Some(format!("group {}", group.id)),
    };
    events.extend(told.events());
    *large = token.map(|token| Large { id: group.id.clone(), token });
    Ok(())
}

fn groups(host: &dyn Host, token: Option<&str>) -> Result<Groups, Failure> {
    let mut query = vec![
        ("customer", "my_customer"),
        ("maxResults", PAGE),
        ("orderBy", "email"),
        ("fields", "nextPageToken,groups(id,email,name)"),
    ];
    query.extend(token.map(|token| ("pageToken", token)));
    let answer = ask::read(host, Scope::Groups, address::directory(host, "/groups", &query), None)?;
    if token.is_some() && answer.status == 400 {
        return Err(page_expired());
    }
    ask::accepted(Scope::Groups, answer)?.json()
}

/// None: there is no such group any more.
fn members(budget: &mut Budget<'_>, group: &str, token: Option<&str>) -> Result<Option<Members>, Failure> {
    budget.pages += 1;
    let mut query = vec![("maxResults", PAGE), ("fields", "nextPageToken,members(id,type)")];
    query.extend(token.map(|token| ("pageToken", token)));
    let path = format!("/groups/{}/members", address::encoded(group));
    let url = address::directory(budget.host, &path, &query);
    let answer = ask::read(budget.host, Scope::Groups, url, None)?;
    match answer.status {
        404 => Ok(None),
        400 if token.is_some() => Err(page_expired()),
        _ => ask::accepted(Scope::Groups, answer)?.json().map(Some),
    }
}

fn changed() -> Failure {
    Failure::new(FailKind::Conflict, "a group was deleted while it was read: run it again")
}

/// What people call it, no longer than a name may be.
fn name(group: &Listed) -> String {
    let plain = |name: &String| name.trim().chars().filter(|letter| !letter.is_control()).collect::<String>();
    let names = [&group.name, &group.email, &group.id].map(plain);
    let mut name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    while name.len() > MAX_ID {
        name.pop();
    }
    name
}
