//! Groups of a source: who is in which, directly and through other groups.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::ids::{GroupId, SourceId};
use crate::ldap::dn::Dn;
use crate::text::{Line, TextProblem};

/// Groups of a source.
pub const MAX_GROUPS: usize = 20_000;
/// Members that a group names itself.
pub const MAX_REFERENCES: usize = 250_000;
/// Memberships of all groups of a source, through other groups too.
pub const MAX_MEMBERSHIPS: usize = 5_000_000;

/// A group as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSummary {
    /// Its id here.
    pub id: GroupId,
    /// Whose.
    pub source: SourceId,
    /// Its source's name.
    pub source_name: String,
    /// Its name there.
    pub name: String,
    /// How many people are in it, through other groups too.
    pub people: u64,
}

/// How many groups a run is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GroupCounts {
    /// New ones.
    pub created: u64,
    /// Changed ones: another name, other members.
    pub changed: u64,
    /// Those that are no more.
    pub gone: u64,
    /// As they were.
    pub unchanged: u64,
}

impl GroupCounts {
    /// What applying would do.
    pub const fn changes(&self) -> u64 {
        self.created + self.changed + self.gone
    }
}

/// A group's name as it is kept.
pub fn name(text: &str) -> Result<Line, TextProblem> {
    text.trim().parse()
}

/// What a handle or a reference is compared by: as a name of a directory (RFC 4514) where it
/// is one, else without case and white space around it.
pub fn canonical(reference: &str) -> String {
    let trimmed = reference.trim();
    match Dn::parse(trimmed) {
        Ok(dn) if !trimmed.is_empty() => dn.canonical(),
        _ => trimmed.to_lowercase(),
    }
}

/// A group's own members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Direct<P> {
    /// People.
    pub people: Vec<P>,
    /// Other groups, by their place in the list.
    pub groups: Vec<usize>,
}

/// There are more than [`MAX_MEMBERSHIPS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the groups have more than {MAX_MEMBERSHIPS} members in all, through one another: read fewer groups")]
pub struct TooMany;

/// Who is in each group, directly or through groups in it, which may go in circles.
pub fn effective<P: Copy + Ord>(direct: &[Direct<P>]) -> Result<Vec<BTreeSet<P>>, TooMany> {
    let mut left = MAX_MEMBERSHIPS;
    let mut all = Vec::with_capacity(direct.len());
    for start in 0..direct.len() {
        let mut people = BTreeSet::new();
        let mut reached = BTreeSet::from([start]);
        let mut ahead = vec![start];
        while let Some(group) = ahead.pop().and_then(|at| direct.get(at)) {
            people.extend(&group.people);
            ahead.extend(group.groups.iter().copied().filter(|inner| *inner < direct.len() && reached.insert(*inner)));
        }
        left = left.checked_sub(people.len()).ok_or(TooMany)?;
        all.push(people);
    }
    Ok(all)
}

/// What is done to the groups of a directory. All by the ids that its connector gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupWrite {
    /// Make one.
    Create {
        /// Its name.
        name: String,
    },
    /// Give one another name.
    Rename {
        /// Which.
        group: String,
        /// Its new name.
        name: String,
    },
    /// Put somebody into one.
    Add {
        /// Which.
        group: String,
        /// Who.
        person: String,
    },
    /// Take somebody out of one.
    Remove {
        /// Which.
        group: String,
        /// Who.
        person: String,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn direct(people: &[u8], groups: &[usize]) -> Direct<u8> {
        Direct { people: people.to_vec(), groups: groups.to_vec() }
    }

    #[test]
    fn members_come_through_other_groups_and_circles_end() {
        let groups =
            [direct(&[1], &[1]), direct(&[2], &[2]), direct(&[3], &[0]), direct(&[4], &[3, 9]), direct(&[], &[2])];
        let all = effective(&groups).unwrap();
        let circle = BTreeSet::from([1, 2, 3]);
        assert_eq!(all, [circle.clone(), circle.clone(), circle.clone(), BTreeSet::from([4]), circle]);
    }

    #[test]
    fn more_than_can_be_kept_is_refused() {
        let people: Vec<u32> = (0..5_001).collect();
        let mut groups = vec![Direct { people, groups: Vec::new() }];
        groups.extend((0..999).map(|_| Direct { people: Vec::new(), groups: vec![0] }));
        assert_eq!(effective(&groups), Err(TooMany));
    }

    #[test]
    fn one_reference_is_written_in_many_ways() {
        for (one, other) in [
            ("CN=Zoé, OU = Staff,DC=bank", "cn=zoe\u{301},ou=staff,dc=BANK"),
            ("cn=a\\,b,dc=x", "CN=A\\2Cb , dc=X"),
            ("uid=p1+cn=x", "cn=X+uid=P1"),
            (" 03TBugp ", "03tbugp"),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one}");
        }
        for (one, other) in [("cn=a,dc=x", "cn=a\\,dc=x"), ("memberUid=p1", "p1"), ("a", "b"), ("", "a")] {
            assert_ne!(canonical(one), canonical(other), "{one}");
        }
    }

    /// By trying until nothing is added.
    fn naive(groups: &[Direct<u8>]) -> Vec<BTreeSet<u8>> {
        let mut all: Vec<BTreeSet<u8>> = groups.iter().map(|group| group.people.iter().copied().collect()).collect();
        loop {
            let before = all.clone();
            for (at, group) in groups.iter().enumerate() {
                for inner in &group.groups {
                    let more = before[*inner].clone();
                    all[at].extend(more);
                }
            }
            if all == before {
                return all;
            }
        }
    }

    fn some_groups() -> impl Strategy<Value = Vec<Direct<u8>>> {
        (1_usize..12).prop_flat_map(|count| {
            let people = proptest::collection::vec(0_u8..20, 0..5);
            let groups = proptest::collection::vec(0..count, 0..4);
            let group = (people, groups).prop_map(|(people, groups)| Direct { people, groups });
            proptest::collection::vec(group, count)
        })
    }

    proptest! {
        #[test]
        fn everybody_who_can_be_reached_is_in_it(groups in some_groups()) {
            prop_assert_eq!(effective(&groups).unwrap(), naive(&groups));
        }

        #[test]
        fn what_was_flattened_stays_as_it_is(groups in some_groups()) {
            let once = effective(&groups).unwrap();
            let flat: Vec<_> = once.iter().zip(&groups).map(|(people, group)| Direct {
                people: people.iter().copied().collect(),
                groups: group.groups.clone(),
            }).collect();
            prop_assert_eq!(effective(&flat).unwrap(), once);
        }

        #[test]
        fn case_and_spaces_never_matter(names in proptest::collection::vec("[a-z]{1,8}", 1..5)) {
            let plain = names.iter().map(|name| format!("cn={name}")).collect::<Vec<_>>().join(",");
            let odd = names.iter().map(|name| format!(" CN = {} ", name.to_uppercase())).collect::<Vec<_>>().join(",");
            prop_assert_eq!(canonical(&plain), canonical(&odd));
            prop_assert_eq!(canonical(&canonical(&plain)), canonical(&plain));
        }
    }
}
