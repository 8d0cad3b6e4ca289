//! Everybody whom a list shows, as a search looks for them: kept in memory, in order, made
//! anew after a change.
//!
//! Databases find words within words only by looking at every row, which takes tens of
//! milliseconds for 50,000 people; an index of words would cost every run a tenth of its
//! time. Here the same text is looked through in about one. What a page shows of the people
//! found is read from the database all the same.

use std::collections::{HashMap, HashSet};
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
/// A line that so many people have (a title, a department, an office) is kept once.
const COMMON: u32 = 8;
/// How many are counted where nobody needs to know exactly.
pub(crate) const COUNTED: u64 = 1000;

/// Everybody, by name.
#[derive(Default)]
pub(crate) struct Roll {
    ids: Vec<PersonId>,
    active: Vec<bool>,
    /// The lines that are theirs alone, one person after the other, each followed by [`END`].
    texts: Vec<u8>,
    /// Where the text of each ends.
    ends: Vec<usize>,
    /// Lines that many have.
    commons: Vec<String>,
    /// Which of them each has, one person after the other, and where the list of each ends.
    common_of: Vec<u32>,
    common_ends: Vec<usize>,
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
    /// Whether there are more: counting ended.
    pub(crate) is_least: bool,
}

impl Roll {
    /// Of rows in their order.
    pub(crate) fn of(rows: &[RollRow]) -> Self {
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for line in rows.iter().flat_map(|row| row.text.split('\n')) {
            *counts.entry(line).or_default() += 1;
        }
        let mut places: HashMap<&str, u32> = HashMap::new();
        let mut roll = Self::default();
        for row in rows {
            for line in row.text.split('\n') {
                if counts.get(line).is_some_and(|count| *count >= COMMON) {
                    let place = *places.entry(line).or_insert_with(|| {
                        roll.commons.push(line.to_owned());
                        u32::try_from(roll.commons.len() - 1).unwrap_or(u32::MAX)
                    });
                    roll.common_of.push(place);
                } else {
                    roll.texts.extend(line.bytes().filter(|octet| *octet != END));
                    roll.texts.push(b'\n');
                }
            }
            roll.ids.push(row.person);
            roll.active.push(row.active);
            roll.texts.push(END);
            roll.ends.push(roll.texts.len());
            roll.common_ends.push(roll.common_of.len());
        }
        roll
    }

    /// What one of them has alone.
    fn text(&self, at: usize) -> &[u8] {
        slice(&self.texts, &self.ends, at)
    }

    /// Those of whom one line or another contains every word, and who are active or disabled as
    /// asked: how many there are, and the first after `after`. Unless `exact`, counting ends
    /// once there are many and the page is full.
    pub(crate) fn find(
        &self,
        words: &[String],
        active: Option<bool>,
        after: Option<PersonId>,
        limit: usize,
        exact: bool,
    ) -> Found {
        self.find_without(&HashSet::new(), words, active, after, limit, exact)
    }

    /// As [`find`](Self::find), of all but some.
    pub(crate) fn find_without(
        &self,
        without: &HashSet<PersonId>,
        words: &[String],
        active: Option<bool>,
        after: Option<PersonId>,
        limit: usize,
        exact: bool,
    ) -> Found {
        let mut words: Vec<Word<'_>> = words.iter().filter_map(|word| Word::new(self, word)).collect();
        // the longest is the rarest, most of the time
        words.sort_by_key(|word| std::cmp::Reverse(word.finder.needle().len()));
        let begin = after.map_or(Some(0), |after| self.ids.iter().position(|id| *id == after).map(|at| at + 1));
        let mut found = Found::default();
        let mut take = |at: usize| {
            if active.is_some_and(|active| self.active.get(at) != Some(&active)) {
                return true;
            }
            if !without.is_empty() && self.ids.get(at).is_some_and(|id| without.contains(id)) {
                return true;
            }
            if !exact && found.total >= COUNTED && found.ids.len() >= limit {
                found.is_least = true;
                return false;
            }
            found.total += 1;
            if begin.is_some_and(|begin| at >= begin) && found.ids.len() < limit {
                found.ids.extend(self.ids.get(at));
            }
            true
        };
        let Some((first, others)) = words.split_first() else {
            // nobody waits for a count that is known
            let _ = (0..self.ids.len()).all(take);
            return found;
        };
        let _ = first.hits().filter(|at| others.iter().all(|word| word.is_in(*at))).all(&mut take);
        found
    }
}

/// The part of one in lists that stand one after the other.
fn slice<'a, T>(all: &'a [T], ends: &[usize], at: usize) -> &'a [T] {
    let begins = at.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default();
    ends.get(at).and_then(|end| all.get(begins..*end)).unwrap_or_default()
}

/// A word that is looked for.
struct Word<'a> {
    roll: &'a Roll,
    finder: Finder<'static>,
    /// Of each common line, whether it contains the word.
    commons: Vec<bool>,
    /// Whether any does.
    is_common: bool,
}

impl<'a> Word<'a> {
    fn new(roll: &'a Roll, word: &str) -> Option<Self> {
        let word = folded(word);
        if word.is_empty() {
            return None;
        }
        let finder = Finder::new(word.as_bytes()).into_owned();
        let commons: Vec<bool> = roll.commons.iter().map(|line| finder.find(line.as_bytes()).is_some()).collect();
        let is_common = commons.contains(&true);
        Some(Self { roll, finder, commons, is_common })
    }

    /// Whether one of somebody's common lines contains it.
    fn is_in_common(&self, at: usize) -> bool {
        let has = |place: &u32| self.commons.get(*place as usize) == Some(&true);
        self.is_common && slice(&self.roll.common_of, &self.roll.common_ends, at).iter().any(has)
    }

    fn is_in(&self, at: usize) -> bool {
        self.is_in_common(at) || self.finder.find(self.roll.text(at)).is_some()
    }

    /// Who has it in a line of their own, in order.
    fn own_hits(&self) -> impl Iterator<Item = usize> {
        let (mut from, mut at) = (0, 0);
        std::iter::from_fn(move || {
            let hit = from + self.finder.find(self.roll.texts.get(from..)?)?;
            while self.roll.ends.get(at).is_some_and(|end| *end <= hit) {
                at += 1;
            }
            from = self.roll.ends.get(at).copied()?;
            Some(at)
        })
    }

    /// Who has it, in order.
    fn hits(&self) -> impl Iterator<Item = usize> {
        let people = if self.is_common { self.roll.ids.len() } else { 0 };
        let mut common = (0..people).filter(|at| self.is_in_common(*at)).peekable();
        let mut own = self.own_hits().peekable();
        std::iter::from_fn(move || match (common.peek().copied(), own.peek().copied()) {
            (Some(one), Some(other)) => {
                if one <= other {
                    common.next();
                }
                if other <= one {
                    own.next();
                }
                Some(one.min(other))
            }
            (Some(_), None) => common.next(),
            (None, _) => own.next(),
        })
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
        let roll = Arc::new(self.store.read(|tx| Ok(Roll::of(&tx.roll()?))).await?);
        *kept = Some(KeptRoll { roll: Arc::clone(&roll), changes, read: now });
        Ok(roll)
    }

    /// Lets a roll go that is no longer true: it may hold the name of somebody who was erased.
    pub(crate) async fn drop_old_roll(&self) {
        let mut kept = self.roll.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.changes != self.store.people_changes()) {
            *kept = None;
        }
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
        Roll::of(&texts.iter().map(row).collect::<Vec<_>>())
    }

    fn names(roll: &Roll, query: &str, active: Option<bool>, after: Option<usize>, limit: usize) -> (Vec<usize>, u64) {
        let words: Vec<_> = query.split_whitespace().map(str::to_owned).collect();
        let found = roll.find(&words, active, after.and_then(|at| roll.ids.get(at)).copied(), limit, true);
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

    #[test]
    fn those_left_out_are_neither_found_nor_counted() {
        let roll = roll(&[("Zoé", true), ("Zoran", true), ("Zita", false)]);
        let without: HashSet<_> = roll.ids.first().copied().into_iter().collect();
        let found = roll.find_without(&without, &["z".to_owned()], Some(true), None, 9, true);
        assert_eq!((found.ids.as_slice(), found.total), (&roll.ids[1..2], 1));
    }

    #[test]
    fn lines_that_many_have_are_kept_once_and_found_all_the_same() {
        let names: Vec<String> = (0..3000).map(|n| format!("Camille {n}\nDirectrice\nAgence {}", n % 3)).collect();
        let roll = roll(&names.iter().map(|name| (name.as_str(), true)).collect::<Vec<_>>());
        assert_eq!(roll.commons.len(), 4);
        assert!(roll.texts.len() < 3000 * 20, "{}", roll.texts.len());
        let count = |query: &str| names_of(&roll, query);
        assert_eq!(count("directrice"), 3000);
        assert_eq!(count("agence\u{a0}1"), 1000);
        assert_eq!(count("camille direct"), 3000);
        assert_eq!(count("2999"), 1);
        assert_eq!(count("2999 directrice"), 1);
        // "1" stands in an office of a thousand, and in names of the others
        let plain = names.iter().filter(|text| text.contains('1')).count() as u64;
        assert_eq!(count("1"), plain);
        // where nobody needs to know exactly, counting ends
        let found = roll.find(&["directrice".to_owned()], None, None, 51, false);
        assert_eq!((found.total, found.ids.len(), found.is_least), (COUNTED, 51, true));
        let found = roll.find(&["2999".to_owned()], None, None, 51, false);
        assert_eq!((found.total, found.is_least), (1, false));
    }

    fn names_of(roll: &Roll, query: &str) -> u64 {
        let words: Vec<_> = query.split(' ').map(|word| word.replace('\u{a0}', " ")).collect();
        roll.find(&words, None, None, 10, true).total
    }

    proptest::proptest! {
        #[test]
        fn it_finds_what_looking_at_each_finds(
            texts in proptest::collection::vec("[ab ]{0,3}(\n[ab]{0,2})?", 0..40), words in proptest::collection::vec("[ab]{1,3}", 0..3),
        ) {
            let roll = roll(&texts.iter().map(|text| (text.as_str(), true)).collect::<Vec<_>>());
            let plain: Vec<_> = (0..texts.len()).filter(|at| {
                let text = folded(texts.get(*at).map_or("", String::as_str));
                words.iter().all(|word| text.split('\n').any(|line| line.contains(word.as_str())))
            }).collect();
            let (found, total) = names(&roll, &words.join(" "), None, None, 100);
            proptest::prop_assert_eq!(total, plain.len() as u64);
            proptest::prop_assert_eq!(found, plain);
        }
    }
}
