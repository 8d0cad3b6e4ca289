//! Groups and who is in them, groups in groups too: who is in which, through which others, is
//! the host's to find.
//!
//! A delta says of a group who came and who went, and of a large one on several pages. The host
//! wants all members of a group that changed, so they are read anew.

use estampe_plugin_sdk::{Event, FailKind, Failure, Group, Rejected};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::graph::{Graph, Listed, Need, encoded, passes};

/// What Graph is asked for of groups. Without the members it does not say when they change.
pub const SELECT: &str = "id,displayName,members";

/// Members of a page: the most that there are.
const PAGE: u32 = 999;
/// Members in one event, below the contract's 10,000.
const PART: usize = 9_000;
/// Octets of a name.
const NAME: usize = 255;

/// A group as a delta tells it.
#[derive(Debug, Deserialize)]
pub struct Told {
    /// Stays the same for ever.
    pub id: Option<String>,
    /// It is no more.
    #[serde(rename = "@removed")]
    pub removed: Option<IgnoredAny>,
    #[serde(rename = "displayName")]
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Member {
    id: Option<String>,
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
}

/// A group whose members are being read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Open {
    /// Its id.
    pub id: String,
    name: String,
    /// The next page of members; none: the first.
    link: Option<String>,
    /// Whether a part was told.
    begun: bool,
}

impl Open {
    /// Begins with a group; the error says what is wrong.
    pub fn new(id: &str, told: &Told) -> Result<Self, Rejected> {
        let name = told.name.as_deref().unwrap_or_default().trim();
        if name.is_empty() {
            let reason = "the group has no displayName".to_owned();
            return Err(Rejected { id: Some(id.to_owned()), position: position(id), reason });
        }
        let name = name.char_indices().take_while(|(at, sign)| at + sign.len_utf8() <= NAME).map(|(_, sign)| sign);
        Ok(Self { id: id.to_owned(), name: name.collect(), link: None, begun: false })
    }

    /// Reads its members as far as this call goes. What is left of it is for the next one.
    pub fn read(mut self, graph: &Graph<'_>, full: bool, events: &mut Vec<Event>) -> Result<Option<Self>, Failure> {
        let mut members: Vec<String> = Vec::new();
        let set = format!("groups/{}/members", encoded(&self.id));
        let first = format!("{set}?$select=id&$top={PAGE}");
        loop {
            let path = self.link.as_deref().unwrap_or(&first);
            let page: Listed<Member> = match graph.read(path, Need::Groups, None) {
                Ok(page) => page,
                Err(failure) if passes(&failure) && !members.is_empty() => {
                    self.part(members, true, events);
                    return Ok(Some(self));
                }
                // it went meanwhile
                Err(failure) if failure.kind == FailKind::NotFound => {
                    if self.begun {
                        self.part(members, false, events);
                    } else if !full {
                        events.push(Event::GroupGone(self.id));
                    }
                    return Ok(None);
                }
                // such as one whose members are hidden, which takes a permission of its own
                Err(failure) if failure.kind == FailKind::Denied && !self.begun && members.is_empty() => {
                    let position = position(&self.id);
                    let reason = format!("its members cannot be read: {}", failure.message);
                    events.push(Event::Rejected(Rejected { id: Some(self.id), position, reason }));
                    return Ok(None);
                }
                Err(failure) => return Err(failure),
            };
            members.extend(page.value.into_iter().filter(Member::counts).filter_map(|member| member.id));
            let Some(next) = page.next else {
                self.part(members, false, events);
                return Ok(None);
            };
            self.link = Some(graph.kept(&next, "groups")?);
            if members.len() >= PART {
                self.part(std::mem::take(&mut members), true, events);
            }
            if graph.is_spent() {
                self.part(members, true, events);
                return Ok(Some(self));
            }
        }
    }

    fn part(&mut self, members: Vec<String>, more: bool, events: &mut Vec<Event>) {
        if members.is_empty() && more {
            return;
        }
        self.begun = true;
        events.push(Event::Group(Group {
            id: self.id.clone(),
            name: self.name.clone(),
            handles: Vec::new(),
            members,
            more,
            position: Some(position(&self.id)),
        }));
    }
}

impl Member {
    /// Devices, applications and contacts are nobody here.
    fn counts(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| {
            let name = kind.rsplit('.').next().unwrap_or_default();
            name.eq_ignore_ascii_case("user") || name.eq_ignore_ascii_case("group")
        })
    }
}

/// Where a group's record stands, for people: the Entra admin center finds it by it.
pub fn position(id: &str) -> String {
    format!("group {id}").chars().take(255).collect()
}
