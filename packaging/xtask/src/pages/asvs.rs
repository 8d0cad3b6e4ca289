//! The table of the OWASP ASVS: every row of its levels 1 and 2 once, with a state that is one of
//! ours, and a summary that counts them.

use std::collections::{BTreeMap, BTreeSet};

/// The page.
pub(super) const PAGE: &str = "docs/operator/asvs.md";

/// The ids of levels 1 and 2 of version 5.0.0, each with its level.
const IDS: &str = include_str!("asvs.ids");

/// What is said of a row, in the order of the summary's columns.
const STATES: [&str; 5] = ["met", "partly", "not met", "operator", "n/a"];

/// Looks at the rows and at the summary; how many rows there are.
pub(super) fn check(page: &str, problems: &mut Vec<String>) -> usize {
    let wanted: BTreeMap<&str, &str> = IDS.lines().filter_map(|line| line.split_once(' ')).collect();
    let mut seen = BTreeSet::new();
    let mut counts: BTreeMap<&str, [usize; STATES.len()]> = BTreeMap::new();
    for (line, cells) in rows(page) {
        let [id, level, about, state, place, _] = cells.as_slice() else {
            problems.push(format!("{PAGE}:{line}: a row has id, level, words, state, place and test"));
            continue;
        };
        if !seen.insert(*id) {
            problems.push(format!("{PAGE}:{line}: {id} stands there twice"));
        }
        if wanted.get(id) != Some(level) {
            problems.push(format!("{PAGE}:{line}: {id} is no row of level {level}"));
        }
        let Some(column) = STATES.iter().position(|known| known == state) else {
            problems.push(format!("{PAGE}:{line}: \"{state}\" is none of {}", STATES.join(", ")));
            continue;
        };
        if about.is_empty() || place.chars().count() < 3 {
            problems.push(format!("{PAGE}:{line}: {id} says nothing of where or why"));
        }
        let chapter = id.split('.').next().unwrap_or_default();
        if let Some(count) = counts.entry(chapter).or_default().get_mut(column) {
            *count += 1;
        }
    }
    for id in wanted.keys().filter(|id| !seen.contains(*id)) {
        problems.push(format!("{PAGE}: {id} is missing"));
    }
    summary(page, &counts, problems);
    seen.len()
}

/// The rows of requirements: their first cell is an id of three numbers.
fn rows(page: &str) -> Vec<(usize, Vec<&str>)> {
    cells(page).filter(|(_, cells)| cells.first().is_some_and(|id| numbers(id) == Some(3))).collect()
}

/// The lines of tables, cell by cell.
fn cells(page: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    page.lines().enumerate().filter_map(|(at, line)| {
        let inner = line.strip_prefix("| ")?.strip_suffix(" |")?;
        Some((at + 1, inner.split(" | ").map(str::trim).collect()))
    })
}

/// How many numbers a dotted id has; none when it is no id.
fn numbers(id: &str) -> Option<usize> {
    let parts: Vec<&str> = id.split('.').collect();
    parts.iter().all(|part| part.parse::<u8>().is_ok()).then_some(parts.len())
}

/// Holds the summary's rows (`| V1 name | all | met | … |`, and `| all |`) to the counts.
fn summary(page: &str, counts: &BTreeMap<&str, [usize; STATES.len()]>, problems: &mut Vec<String>) {
    let mut all = [0; STATES.len()];
    for count in counts.values() {
        for (sum, some) in all.iter_mut().zip(count) {
            *sum += some;
        }
    }
    let named = counts.iter().map(|(chapter, count)| (format!("V{chapter}"), count));
    for (name, count) in named.chain([("all".to_owned(), &all)]) {
        let sum: usize = count.iter().sum();
        let figures: Vec<String> = [sum].iter().chain(count).map(ToString::to_string).collect();
        let is_row = |cells: &[&str]| cells.first().and_then(|cell| cell.split(' ').next()) == Some(name.as_str());
        match cells(page).find(|(_, cells)| is_row(cells)) {
            None => problems.push(format!("{PAGE}: the summary has no row {name}")),
            Some((line, cells)) if cells.get(1..).is_none_or(|said| said != figures.as_slice()) => {
                problems.push(format!("{PAGE}:{line}: the counts of {name} are {}", figures.join(" | ")));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &str, summary: &str) -> Vec<String> {
        let mut problems = Vec::new();
        check(&format!("{summary}\n{rows}"), &mut problems);
        problems.retain(|problem| !problem.ends_with("is missing"));
        problems
    }

    #[test]
    fn there_are_as_many_rows_as_the_standard_has() {
        assert_eq!(IDS.lines().count(), 253);
        let mut problems = Vec::new();
        check("", &mut problems);
        assert_eq!(problems.iter().filter(|problem| problem.ends_with("is missing")).count(), 253);
    }

    #[test]
    fn what_is_wrong_with_a_row_is_said() {
        let good =
            "| 1.2.1 | 1 | output | met | `core/web` | `a.rs::b` |\n| 1.1.1 | 2 | once | n/a | no such thing | — |\n";
        let summary = "| V1 Encoding | 2 | 1 | 0 | 0 | 0 | 1 |\n| all | 2 | 1 | 0 | 0 | 0 | 1 |\n";
        assert_eq!(page(good, summary), Vec::<String>::new());
        for (rows, words) in [
            (good.replace("1.1.1 | 2", "1.1.1 | 1"), "no row of level 1"),
            (good.replace("1.1.1 | 2", "1.2.1 | 1"), "twice"),
            (good.replace("n/a", "mostly"), "\"mostly\" is none of"),
            (good.replace(" | — |", " |"), "a row has"),
            (good.replace("no such thing", "—"), "says nothing"),
            (good.replace("n/a", "partly"), "the counts of V1 are 2 | 1 | 1 | 0 | 0 | 0"),
        ] {
            let problems = page(&rows, summary);
            assert!(problems.iter().any(|problem| problem.contains(words)), "{words}: {problems:?}");
        }
    }
}
