//! Whom to tell about a weakness: `security.txt` (RFC 9116).

use jiff::Timestamp;
use url::Url;

use crate::locale::Locale;
use crate::text::Email;
use crate::time::Ts;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days that what is said counts for. Its section 2.5.5 recommends less than a year.
const GOOD: i64 = 180;

/// Whom to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityContact {
    contact: Url,
    policy: Option<Url>,
}

impl SecurityContact {
    /// Of what stands in the configuration; none where nobody is named. The error names the key.
    pub fn read(contact: &str, policy: &str) -> Result<Option<Self>, String> {
        let policy = match policy.trim() {
            "" => None,
            text => Some(secure(text).ok_or_else(|| {
                format!("security.policy: \"{text}\" is no https:// address; give the page of your rules for reports")
            })?),
        };
        let contact = match contact.trim() {
            "" if policy.is_none() => return Ok(None),
            "" => {
                return Err(
                    "security.policy is set, but security.contact is empty: set the contact, or remove it".into()
                );
            }
            text => mail(text).or_else(|| secure(text)).ok_or_else(|| {
                format!("security.contact: \"{text}\" is neither mailto:security@example.com nor an https:// address")
            })?,
        };
        Ok(Some(Self { contact, policy }))
    }

    /// The file. It is the same all day. `first`: the language that whoever reads it would rather have.
    pub fn text(&self, origin: &str, first: Locale, now: Ts) -> String {
        let today = now.as_micros().div_euclid(1_000_000).div_euclid(DAY) * DAY;
        let expires = Timestamp::from_second(today.saturating_add(GOOD * DAY)).unwrap_or(Timestamp::MAX);
        let (first, second) = (first.tag(), first.other().tag());
        let policy = self.policy.as_ref().map(|policy| format!("Policy: {policy}\n")).unwrap_or_default();
        format!(
            "Contact: {}\nExpires: {expires}\nPreferred-Languages: {first}, {second}\n\
             Canonical: {origin}/.well-known/security.txt\n{policy}",
            self.contact
        )
    }
}

fn mail(text: &str) -> Option<Url> {
    let address: Email = text.strip_prefix("mailto:")?.parse().ok()?;
    Url::parse(&format!("mailto:{address}")).ok()
}

/// Section 2.5.3: addresses of the web begin with `https://`.
fn secure(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.has_host())?;
    (url.username().is_empty() && url.password().is_none()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_what_the_standard_asks_for() {
        let contact = SecurityContact::read("mailto:security@banque.example", "https://banque.example/reports");
        let now: Ts = "2026-11-27T16:42:45Z".parse::<Timestamp>().unwrap().into();
        let text = contact.unwrap().unwrap().text("https://cards.banque.example", Locale::Fr, now);
        assert_eq!(
            text,
            "Contact: mailto:security@banque.example\nExpires: 2027-05-26T00:00:00Z\nPreferred-Languages: fr, en\n\
             Canonical: https://cards.banque.example/.well-known/security.txt\nPolicy: https://banque.example/reports\n"
        );
        let page = SecurityContact::read(" https://banque.example/tell ", "").unwrap().unwrap();
        let text = page.text("https://a.example", Locale::En, now);
        assert!(text.contains("Contact: https://banque.example/tell\n") && !text.contains("Policy"), "{text}");
        assert!(text.contains("Preferred-Languages: en, fr\n"), "{text}");
    }

    #[test]
    fn nobody_named_is_no_file_and_what_cannot_be_is_refused() {
        assert_eq!(SecurityContact::read("", " "), Ok(None));
        for (contact, policy, words) in [
            ("security@banque.example", "", "security.contact"),
            ("mailto:nobody", "", "security.contact"),
            ("http://banque.example", "", "security.contact"),
            ("https://me:hush@banque.example", "", "security.contact"),
            ("mailto:a@b.example\nPolicy: https://evil.example", "", "security.contact"),
            ("mailto:a@b.example", "http://b.example", "security.policy"),
            ("", "https://b.example", "security.contact is empty"),
        ] {
            let refused = SecurityContact::read(contact, policy).unwrap_err();
            assert!(refused.contains(words), "{contact}: {refused}");
        }
        // a line that was smuggled in stays in its address
        let url = SecurityContact::read("https://b.example/a\nPolicy: https://evil.example", "").unwrap().unwrap();
        assert!(!url.text("https://a.example", Locale::En, Ts::from_micros(0)).contains("\nPolicy"));
    }
}
