//! Links of pages to files of this repository, and to headings in them.

use std::path::Path;

use super::read;

/// Looks at every link of a page that leads somewhere here; how many there are.
pub(super) fn check(workspace: &Path, page: &Path, problems: &mut Vec<String>) -> Result<usize, String> {
    let text = read(page)?;
    let name = page.strip_prefix(workspace).unwrap_or(page).display();
    let mut count = 0;
    for (line, link) in links(&text) {
        count += 1;
        let (file, heading) = link.split_once('#').unwrap_or((link, ""));
        let target = if file.is_empty() { page.to_owned() } else { page.with_file_name("").join(file) };
        if !target.exists() {
            problems.push(format!("{name}:{line}: there is no {link}"));
        } else if !heading.is_empty()
            && target.extension().is_some_and(|end| end == "md")
            && !headings(&read(&target)?).iter().any(|there| there == heading)
        {
            problems.push(format!("{name}:{line}: no heading is {link}"));
        }
    }
    Ok(count)
}

/// What stands behind `](`, with its line, but for addresses elsewhere and for what is code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, line) in prose(text) {
        let mut parts = line.split("](");
        let mut is_code = parts.next().is_some_and(opens_code);
        for part in parts {
            let link = part.split(')').next().unwrap_or(part);
            let is_elsewhere = link.contains("://") || link.starts_with("mailto:");
            if !is_code && !is_elsewhere {
                found.push((at, link));
            }
            is_code ^= opens_code(part);
        }
    }
    found
}

/// Whether a part of a line leaves a backtick open.
fn opens_code(part: &str) -> bool {
    part.matches('`').count() % 2 == 1
}

/// The lines that are no code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let is_fence = line.trim_start().starts_with("```");
        if is_fence {
            is_code = !is_code;
        }
        (!is_fence && !is_code).then_some((at + 1, line))
    })
}

/// How the headings of a page are called in links.
fn headings(text: &str) -> Vec<String> {
    let heading = |(_, line): (usize, &str)| {
        let words = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?;
        let kept = |c: char| c.is_alphanumeric() || " -_".contains(c);
        Some(words.trim().to_lowercase().chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-"))
    };
    prose(text).filter_map(heading).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_from_code_and_from_other_places() {
        let text = "[a](b.md) and [c](https://d.example), `[e](f)` [g](../h.md#i)\n```sh\n[j](k)\n```\n[l](#m)\n";
        assert_eq!(links(text), [(1, "b.md"), (1, "../h.md#i"), (5, "#m")]);
    }

    #[test]
    fn headings_are_called_as_they_are_shown() {
        let text = "# The `mapping` of a source\n## What's left?\n```sh\n# no heading\n```\n### `a_b`\n";
        assert_eq!(headings(text), ["the-mapping-of-a-source", "whats-left", "a_b"]);
    }
}
