//! A directory whose pages never end: the same again and again, or empty ones. What ends a
//! run by its number of pages would end this one too, after days.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use estampe_domain::plugin::{DirectoryEvent, FailKind, PluginFailure};

/// Pages of one run that may be the same as an earlier one.
const AGAIN: u32 = 10;
/// Empty pages in a row: Active Directory sends some where a filter fits few.
const EMPTY: u32 = 1_000;

/// The pages of a run so far.
#[derive(Default)]
pub(super) struct Standstill {
    seen: HashSet<u64>,
    again: u32,
    empty: u32,
}

impl Standstill {
    /// Notes a page after which more are to come.
    pub(super) fn page(&mut self, events: &[DirectoryEvent]) -> Result<(), PluginFailure> {
        if events.is_empty() {
            self.empty += 1;
        } else {
            self.empty = 0;
            self.again += u32::from(!self.seen.insert(content(events)));
        }
        let why = if self.again >= AGAIN {
            "the same people again and again"
        } else if self.empty >= EMPTY {
            "page after page with nobody on them"
        } else {
            return Ok(());
        };
        Err(PluginFailure::new(FailKind::Limit, format!("the directory sends {why}: the run would never end")))
    }
}

/// Whose entries stand on a page, and where.
fn content(events: &[DirectoryEvent]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for event in events {
        match event {
            DirectoryEvent::Person(person) => (0, Some(&person.external_id), &person.position).hash(&mut hasher),
            DirectoryEvent::PersonGone(id, _) => (1, Some(id)).hash(&mut hasher),
            DirectoryEvent::Rejected { external_id, position, .. } => (2, external_id, position).hash(&mut hasher),
            DirectoryEvent::Group(group) => (3, &group.external_id, &group.members, group.more).hash(&mut hasher),
            DirectoryEvent::GroupGone(id) => (4, Some(id)).hash(&mut hasher),
            DirectoryEvent::AllGroups => 5.hash(&mut hasher),
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(position: u32) -> Vec<DirectoryEvent> {
        vec![DirectoryEvent::Rejected { external_id: None, position: position.to_string(), reason: "x".to_owned() }]
    }

    #[test]
    fn a_run_that_stands_still_is_ended_and_no_other() {
        let mut run = Standstill::default();
        for page in 0..50_000 {
            run.page(&rejected(page)).unwrap();
            run.page(&[]).unwrap();
        }
        // two pages in turn
        let mut run = Standstill::default();
        let failed = (0..100).find(|page| run.page(&rejected(page % 2)).is_err());
        assert_eq!(failed, Some(AGAIN + 1));
        let mut run = Standstill::default();
        let failed = (1..=EMPTY + 1).find(|_| run.page(&[]).is_err());
        assert_eq!(failed, Some(EMPTY));
    }
}
