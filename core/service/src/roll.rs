//! Everybody whom a list shows, as a search looks for them: kept in memory, in order, made
//! anew after a change.
//!
//! Databases find words within words only by looking at every row, which takes tens of
//! milliseconds for 50,000 people; an index of words would cost every run a tenth of its
//! time. Here the same text is looked through in about one. What a page shows of the people
//! found is read from the database all the same.

use std::sync::Arc;

use estampe_domain::ids::PersonId;
use estampe_domain::text::folded;
use estampe_domain::{Result, Ts};
use estampe_store::RollRow;
use memchr::memmem::Finder;

use crate::Service;
use crate::cards::TRUSTED;

/// Stands between the texts of two people; no text contains it.
const END: u8 = 0;

/// Everybody, by name.
#[derive(Default)]
pub(crate) struct Roll {
    ids: Vec<PersonId>,
    active: Vec<bool>,
    /// One after the other, each followed by [`END`].
    texts: Vec<u8>,
    /// Where the text of each ends.
    ends: Vec<usize>,
}

/// A roll, and how long it is true.
pub(crate) struct KeptRoll {
    roll: Arc<Roll>,
    /// The count of changes before it was read.
    changes: u64,
    read: Ts,
}

/// Whom a search finds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The first of them after the given one, in order.
    pub(crate) ids: Vec<PersonId>,
    /// How many there are, wherever the page begins.
    pub(crate) total: u64,
}

impl Roll {
    /// Of rows in their order.
    pub(crate) fn of(rows: Vec<RollRow>) -> Self {
        let mut roll = Self::default();
        for row in rows {
            roll.ids.push(row.person);
            roll.active.push(row.active);
            roll.texts.extend(row.text.bytes().filter(|octet| *octet != END));
            roll.texts.push(END);
            roll.ends.push(roll.texts.len());
        }
        roll
    }

    /// Those whose text contains every word, and who are active or disabled as asked: how
    /// many there are, and the first after `after`.
    pub(crate) fn find(&self, words: &[String], active: Option<bool>, after: Option<PersonId>, limit: usize) -> Found {
        let mut words: Vec<Vec<u8>> = words.iter().map(|word| folded(word).into_bytes()).collect();
        words.retain(|word| !word.is_empty());
        // the longest is the rarest, most of the time
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let begin = after.map_or(Some(0), |after| self.ids.iter().position(|id| *id == after).map(|at| at + 1));
        let mut found = Found::default();
        let mut count = |at: usize| {
            if active.is_some_and(|active| self.active.get(at) != Some(&active)) {
                return;
            }
            found.total += 1;
            if begin.is_some_and(|begin| at >= begin) && found.ids.len() < limit {
                found.ids.extend(self.ids.get(at));
            }
        };
        let Some((first, others)) = words.split_first() else {
            (0..self.ids.len()).for_each(count);
            return found;
        };
        let (first, others) = (Finder::new(first), others.iter().map(Finder::new).collect::<Vec<_>>());
        let (mut from, mut at) = (0, 0);
        while let Some(hit) = self.texts.get(from..).and_then(|rest| first.find(rest)) {
            let hit = from + hit;
            while self.ends.get(at).is_some_and(|end| *end <= hit) {
                at += 1;
            }
            let begins = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
            from = self.ends.get(at).copied().unwrap_or(self.texts.len());
            let text = self.texts.get(begins..from).unwrap_or_default();
            if others.iter().all(|word| word.find(text).is_some()) {
                count(at);
            }
        }
        found
    }
}

impl Service {
    /// Everybody, as they stand now; where others write to the database too, as they stood
    /// a second ago at most.
    pub(crate) async fn roll(&self) -> Result<Arc<Roll>> {
        // whoever comes while it is made waits for it, and does not make another
        let mut kept = self.roll.lock().await;
        let (changes, now) = (self.store.people_changes(), self.ports.clock.now());
        if let Some(kept) = &*kept
            && kept.changes == changes
            && (self.store.is_alone()
                || u64::try_from(now.seconds_since(kept.read)).is_ok_and(|age| age < TRUSTED.as_secs()))
        {
            return Ok(Arc::clone(&kept.roll));
        }
        let roll = Arc::new(self.store.read(|tx| Ok(Roll::of(tx.roll()?))).await?);
        *kept = Some(KeptRoll { roll: Arc::clone(&roll), changes, read: now });
        Ok(roll)
    }
}

#[cfg(test)]
mod tests {
    use estampe_domain::ports::Random;

    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    fn roll(texts: &[(&str, bool)]) -> Roll {
        let random = Counting(std::sync::atomic::AtomicU8::new(1));
        let row = |(text, active): &(&str, bool)| RollRow {
            person: PersonId::new(Ts::from_micros(1_000_000), &random),
            active: *active,
            text: folded(text),
        };
        Roll::of(texts.iter().map(row).collect())
    }

    fn names(roll: &Roll, query: &str, active: Option<bool>, after: Option<usize>, limit: usize) -> (Vec<usize>, u64) {
        let words: Vec<_> = query.split_whitespace().map(str::to_owned).collect();
        let found = roll.find(&words, active, after.and_then(|at| roll.ids.get(at)).copied(), limit);
        let places = found.ids.iter().filter_map(|id| roll.ids.iter().position(|known| known == id)).collect();
        (places, found.total)
    }

    #[test]
    fn words_are_found_anywhere_in_one_text_and_never_across_two() {
        let roll = roll(&[("Zoé Lefèvre\nDirectrice", true), ("Karim Benali\nChargé", false), ("Ann\nzoo", true)]);
        assert_eq!(names(&roll, "", None, None, 9), (vec![0, 1, 2], 3));
        assert_eq!(names(&roll, "zo", None, None, 9), (vec![0, 2], 2));
        assert_eq!(names(&roll, "LEFÈVRE direct", None, None, 9), (vec![0], 1));
        assert_eq!(names(&roll, "fevre", None, None, 9), (vec![0], 1), "within a word, without its accent");
        assert_eq!(names(&roll, "directrice karim", None, None, 9), (vec![], 0));
        assert_eq!(names(&roll, "é", Some(false), None, 9), (vec![1], 1));
        assert_eq!(names(&roll, "x", None, None, 9), (vec![], 0));
        assert_eq!(names(&roll, "o", None, Some(0), 9), (vec![2], 2), "all are counted, wherever the page begins");
        assert_eq!(names(&roll, "", None, None, 2), (vec![0, 1], 3));
        assert_eq!(names(&Roll::default(), "a", None, None, 2), (vec![], 0));
    }

    proptest::proptest! {
        #[test]
        fn it_finds_what_looking_at_each_finds(
            texts in proptest::collection::vec("[ab ]{0,6}", 0..12), words in proptest::collection::vec("[ab]{1,3}", 0..3),
        ) {
            let roll = roll(&texts.iter().map(|text| (text.as_str(), true)).collect::<Vec<_>>());
            let plain: Vec<_> = (0..texts.len()).filter(|at| {
                let text = folded(texts.get(*at).map_or("", String::as_str));
                words.iter().all(|word| text.contains(word.as_str()))
            }).collect();
            let (found, total) = names(&roll, &words.join(" "), None, None, 100);
            proptest::prop_assert_eq!(total, plain.len() as u64);
            proptest::prop_assert_eq!(found, plain);
        }
    }
}
