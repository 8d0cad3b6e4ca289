//! Where Google's methods are.

use estampe_plugin_sdk::{Host, config};

/// The Directory API.
const DIRECTORY: &str = "https://admin.googleapis.com";
/// Gmail.
const GMAIL: &str = "https://gmail.googleapis.com";

/// A method's address. The shipped manifest has no `directory-url` and `gmail-url`, and lets the
/// plugin go nowhere but to Google; a test may give both another one.
pub fn directory(host: &dyn Host, path: &str, query: &[(&str, &str)]) -> String {
    of(host, "directory-url", DIRECTORY, "/admin/directory/v1", path, query)
}

/// The same of the mailbox on whose behalf is asked.
pub fn mailbox(host: &dyn Host, path: &str, query: &[(&str, &str)]) -> String {
    of(host, "gmail-url", GMAIL, "/gmail/v1/users/me", path, query)
}

fn of(host: &dyn Host, key: &str, google: &str, before: &str, path: &str, query: &[(&str, &str)]) -> String {
    let origin = config::get(host, key);
    let origin = origin.as_deref().unwrap_or(google).trim_end_matches('/');
    let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let sign = if query.is_empty() { "" } else { "?" };
    format!("{origin}{before}{path}{sign}{}", query.join("&"))
}

/// A part of a path or a query (RFC 3986, section 2.3).
pub fn encoded(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            for letter in ['%', hex(byte >> 4), hex(byte & 15)] {
                written.push(letter);
            }
        }
    }
    written
}

fn hex(half: u8) -> char {
    char::from_digit(u32::from(half), 16).unwrap_or_default().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use estampe_plugin_sdk::testing::ScriptedHost;

    use super::*;

    #[test]
    fn what_people_are_called_leads_nowhere_else() {
        let host = ScriptedHost::new();
        let path = format!("/settings/sendAs/{}", encoded("../zoé?a=b&c@banque.example"));
        assert_eq!(
            mailbox(&host, &path, &[("fields", "a(b),c")]),
            "https://gmail.googleapis.com/gmail/v1/users/me/settings/sendAs/\
             ..%2Fzo%C3%A9%3Fa%3Db%26c%40banque.example?fields=a%28b%29%2Cc"
        );
        let host = host.with_config("directory-url", "http://127.0.0.1:1/");
        assert_eq!(directory(&host, "/users", &[]), "http://127.0.0.1:1/admin/directory/v1/users");
    }
}
