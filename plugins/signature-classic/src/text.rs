//! The signature in plain text.

use crate::facts::Facts;
use crate::options::Options;

/// Writes it.
pub fn write(facts: &Facts<'_>, options: &Options) -> String {
    let mut lines = vec![facts.name.clone()];
    let role: Vec<&str> = [facts.title, facts.department].into_iter().flatten().collect();
    if !role.is_empty() {
        lines.push(role.join(" · "));
    }
    lines.extend(facts.organisation.map(str::to_owned));
    let labels = &options.labels;
    let colon = labels.colon;
    lines.extend(facts.phones.iter().map(|number| format!("{}{colon}{number}", labels.phone)));
    lines.extend(facts.mobiles.iter().map(|number| format!("{}{colon}{number}", labels.mobile)));
    lines.extend(facts.mail.map(str::to_owned));
    lines.extend(facts.website.as_ref().map(|(_, address)| address.clone()));
    lines.extend(facts.address.iter().cloned());
    if let Some(notice) = &options.notice {
        lines.push(String::new());
        lines.push(notice.clone());
    }
    lines.join("\n")
}
