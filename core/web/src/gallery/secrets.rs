//! What nobody may read over a shoulder stands in no form that is kept when a session ended.

use std::collections::BTreeSet;

use estampe_domain::Locale;

use super::pages;
use crate::forms::is_secret;

/// How fields say that what is typed there is a password, a code or a key.
const SIGNS: [&str; 3] = ["type=\"password\"", "autocomplete=\"one-time-code\"", "passkey\""];

/// Doors, where nobody is signed in yet: what is sent there belongs to no session, and is never kept.
const DOORS: [&str; 3] = ["/first-run", "/sign-in", "/welcome"];

/// The forms of a page that are sent within a session: where each goes, and its text.
fn forms(html: &str) -> impl Iterator<Item = (&str, &str)> {
    let forms = html.split("<form ").skip(1).filter_map(|rest| rest.split_once("</form>").map(|(form, _)| form));
    let sent = forms.filter(|form| form.contains("method=\"post\"")).map(|form| {
        let (_, action) = form.split_once("action=\"").unwrap_or_else(|| panic!("a form without an address: {form}"));
        (action.split(['"', '?', '#']).next().unwrap_or_default(), form)
    });
    sent.filter(|(action, _)| !DOORS.iter().any(|door| action.starts_with(door)))
}

#[test]
fn forms_with_a_secret_are_never_kept() {
    let mut found = BTreeSet::new();
    for (name, html) in pages(Locale::En) {
        for (action, form) in forms(&html).filter(|(_, form)| SIGNS.iter().any(|sign| form.contains(sign))) {
            assert!(is_secret(action), "{name}: {action} is missing in forms::SECRET: {form}");
            found.insert(action.to_owned());
        }
    }
    let one_of = |path: &str| found.iter().any(|action| action.starts_with(path));
    assert!(["/account/", "/accounts/providers", "/confirm", "/sources"].iter().all(|path| one_of(path)), "{found:?}");
}

#[test]
fn other_forms_are_kept() {
    for path in ["/accounts", "/accounts/0192", "/people/0192/edit", "/sourcesque", "/"] {
        assert!(!is_secret(path), "{path}");
    }
    for path in ["/account", "/account/app", "/accounts/providers/house", "/tokens/services"] {
        assert!(is_secret(path), "{path}");
    }
}
