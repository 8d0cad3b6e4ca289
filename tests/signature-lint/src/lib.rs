//! Holds a rendered signature against what mail clients document. For the tests of
//! templates, ours and others': [`lint`] gives what is wrong, each with the id of its rule,
//! and [`RULES`] says of each rule what it demands, why, of whom and from which source.
//!
//! ```
//! let html = "<p>Zoé</p>";
//! assert!(estampe_signature_lint::lint(html, "Zoé").iter().any(|finding| finding.rule == "one-table"));
//! ```

mod checks;
mod colour;
mod page;
mod rules;
mod table;

pub use rules::{Client, RULES, Rule};
pub use table::table;

use page::Page;

/// Something that a rule does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// What stands there.
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.rule, self.what)
    }
}

/// All that is wrong with a signature, in the order of the rules.
pub fn lint(html: &str, text: &str) -> Vec<Finding> {
    let page = Page::read(html, text);
    let found = RULES.iter().flat_map(|rule| {
        let findings = (rule.check)(&page).into_iter();
        findings.map(|what| Finding { rule: rule.id, what })
    });
    found.collect()
}
