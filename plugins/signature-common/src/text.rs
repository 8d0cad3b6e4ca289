//! The signature in plain text.

use crate::facts::Facts;
use crate::options::{Labels, Options};

/// Octets of a line that a mail can carry (RFC 5322, 2.1.1).
pub const MOST: usize = 998;
/// Octets of a line that everybody can read (RFC 5322, 2.1.1), with room for a mark before
/// it when it is quoted.
pub const READABLE: usize = 76;

/// All that is known, line by line; lines longer than `width` octets are broken.
pub fn write(facts: &Facts<'_>, options: &Options, width: usize) -> String {
    let mut lines = vec![facts.name.clone()];
    let role = facts.role();
    if !role.is_empty() {
        lines.push(role.join(" · "));
    }
    lines.extend(facts.organisation.map(str::to_owned));
    lines.extend(numbers(facts, &options.labels));
    lines.extend(facts.mail.map(str::to_owned));
    lines.extend(facts.links.iter().map(|page| match &page.label {
        Some(label) => format!("{label}{}{}", options.labels.colon, page.address),
        None => page.address.clone(),
    }));
    lines.extend(facts.card.iter().map(|card| format!("{}{}{card}", options.labels.card, options.labels.colon)));
    lines.extend(facts.address.iter().cloned());
    finish(lines, options.notice.as_deref(), width)
}

/// Each number with what it is.
pub fn numbers(facts: &Facts<'_>, labels: &Labels) -> Vec<String> {
    let colon = labels.colon;
    let phones = facts.phones.iter().map(|number| (labels.phone, number));
    let numbers = phones.chain(facts.mobiles.iter().map(|number| (labels.mobile, number)));
    numbers.map(|(label, number)| format!("{label}{colon}{number}")).collect()
}

/// Puts a notice below the lines and breaks what is too long.
pub fn finish(mut lines: Vec<String>, notice: Option<&str>, width: usize) -> String {
    if let Some(notice) = notice {
        lines.push(String::new());
        lines.push(notice.to_owned());
    }
    let text = lines.join("\n");
    if text.lines().all(|line| line.len() <= width) {
        return text;
    }
    text.lines().flat_map(|line| broken(line, width)).collect::<Vec<_>>().join("\n")
}

/// A line in pieces of at most that many octets, broken at blanks where there are any. An
/// address that is longer than that alone is broken only where no mail could carry it.
fn broken(line: &str, width: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut current = String::new();
    for word in line.split(' ') {
        if !current.is_empty() && current.len() + 1 + word.len() > width {
            pieces.push(std::mem::take(&mut current));
        } else if !current.is_empty() {
            current.push(' ');
        }
        for character in word.chars() {
            if current.len() + character.len_utf8() > MOST {
                pieces.push(std::mem::take(&mut current));
            }
            current.push(character);
        }
    }
    pieces.push(current);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_blanks() {
        let notice = "word ".repeat(60);
        let text = finish(vec!["Zoé".into()], Some(notice.trim()), READABLE);
        assert!(text.starts_with("Zoé\n\nword word") && text.lines().all(|line| line.len() <= READABLE), "{text}");
        assert_eq!(text.split_whitespace().count(), 61);
        assert_eq!(finish(vec!["a  b".into()], None, 3), "a \nb");
    }

    #[test]
    fn an_address_stays_whole_unless_no_mail_could_carry_it() {
        let address = format!("https://{}", "a".repeat(200));
        assert_eq!(finish(vec![address.clone()], None, READABLE), address);
        let text = finish(vec!["é".repeat(600)], None, READABLE);
        assert!(text.lines().all(|line| line.len() <= MOST) && text.replace('\n', "").chars().count() == 600);
    }
}
