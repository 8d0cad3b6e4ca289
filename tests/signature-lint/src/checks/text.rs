//! The version in plain text.

use super::shown;
use crate::page::Page;

/// Octets of a line that a mail can carry.
const MOST: usize = 998;

pub fn version(page: &Page) -> Vec<String> {
    if page.text.trim().is_empty() {
        return vec!["there is none".to_owned()];
    }
    // where a long line was broken does not matter
    let joined = |text: &str| text.split_whitespace().collect::<String>();
    let text = joined(&page.text);
    let addresses = page.named("a").filter_map(|(_, link)| link.attribute("href")?.strip_prefix("mailto:"));
    let missing = addresses.filter(|address| !text.contains(&joined(address)));
    missing.map(|address| format!("it does not say {}", shown(address))).collect()
}

pub fn lines(page: &Page) -> Vec<String> {
    let long = page.text.lines().filter(|line| line.len() > MOST);
    long.map(|line| format!("a line of {} octets, {MOST} at most: {}", line.len(), shown(line))).collect()
}
