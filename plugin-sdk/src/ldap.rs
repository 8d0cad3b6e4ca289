//! Searches in the directory that the source names.
//!
//! ```
//! use estampe_plugin_sdk::ldap::{self, Query};
//! # use estampe_plugin_sdk::{Failure, Host};
//! # fn page(host: &dyn Host, unit: &str) -> Result<(), Failure> {
//! let query = Query::new(format!("(&(objectClass=inetOrgPerson)(ou={}))", ldap::escape(unit)))
//!     .attributes(["entryUUID", "cn", "mail"])
//!     .page_size(500);
//! for page in ldap::pages(host, query) {
//!     for entry in page? {
//!         let name = entry.text("cn");
//! #       let _ = name;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! One call of a plugin need not read all pages: [`Entries::next`] goes into the cursor and
//! comes back by [`Query::after`] in the next call. When the connection was lost meanwhile
//! the search fails with `cursor-expired`; hand that on, and the host begins a full run.

use crate::{Failure, Host};

pub use crate::bindings::estampe::plugin::ldap::{
    Changes, Entries, Entry, LdapAttribute, Mode, Query, Scope, Tracking,
};

/// The largest page, entries.
pub const MAX_PAGE: u32 = 1_000;

impl Query {
    /// All entries below the granted base that fit the filter (RFC 4515), 500 a page. Values
    /// that are not the plugin's own have to be [escaped](escape).
    pub fn new(filter: impl Into<String>) -> Self {
        Self {
            base: None,
            scope: Scope::Subtree,
            filter: filter.into(),
            attributes: Vec::new(),
            mode: Mode::Paged,
            page_size: 500,
            cookie: None,
            area: String::new(),
        }
    }

    /// The attributes to be read: 1 to 100 granted names.
    pub fn attributes<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.attributes = names.into_iter().map(Into::into).collect();
        self
    }

    /// Begins at this entry (RFC 4514), which lies below the granted base.
    pub fn base(mut self, dn: impl Into<String>) -> Self {
        self.base = Some(dn.into());
        self
    }

    /// Searches in an area that the manifest names, `[ldap.areas.NAME]`.
    pub fn area(mut self, name: impl Into<String>) -> Self {
        self.area = name.into();
        self
    }

    /// How far below the base.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Only what changed since: `uSNChanged` above this (Active Directory).
    pub fn changed_above(mut self, number: u64) -> Self {
        self.mode = Mode::ChangedAbove(number);
        self
    }

    /// Only what changed since: `modifyTimestamp` not before this moment, microseconds since
    /// 1970-01-01T00:00:00Z. Servers count whole seconds: what changed in that second comes
    /// again.
    pub fn modified_since(mut self, micros: i64) -> Self {
        self.mode = Mode::ModifiedSince(micros);
        self
    }

    /// Entries of a page, 1 to [`MAX_PAGE`].
    pub fn page_size(mut self, entries: u32) -> Self {
        self.page_size = entries.clamp(1, MAX_PAGE);
        self
    }

    /// Goes on where a page ended; the query has to be the same.
    pub fn after(mut self, cookie: Option<Vec<u8>>) -> Self {
        self.cookie = cookie;
        self
    }
}

impl Entry {
    /// The values of an attribute, by its name in any case; none of them when it is not there.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name));
        found.map(|attribute| attribute.values.as_slice()).unwrap_or_default()
    }

    /// The first value of an attribute.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.values(name).first().map(Vec::as_slice)
    }

    /// The values of an attribute that are text (UTF-8).
    pub fn texts<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.values(name).iter().filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// The first value of an attribute that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    /// Whether an attribute has this value, in any case: `entry.has("objectClass", "person")`.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.texts(name).any(|other| other.eq_ignore_ascii_case(value))
    }
}

/// A value as it may stand in a filter (RFC 4515, section 3).
pub fn escape(value: impl AsRef<[u8]>) -> String {
    let mut escaped = String::new();
    for octet in value.as_ref() {
        if octet.is_ascii_alphanumeric() || b" -_.,:@+/=".contains(octet) {
            escaped.push(char::from(*octet));
        } else {
            for digit in [octet >> 4, octet & 15] {
                escaped.extend(char::from_digit(u32::from(digit), 16));
            }
            escaped.insert(escaped.len() - 2, '\\');
        }
    }
    escaped
}

/// A GUID's sixteen octets, such as `objectGUID`'s, as Windows writes them; none when there are
/// not sixteen. The first three groups are little-endian ([MS-DTYP] 2.3.4).
pub fn guid(octets: &[u8]) -> Option<String> {
    let [a0, a1, a2, a3, b0, b1, c0, c1, d0, d1, e0, e1, e2, e3, e4, e5] = <[u8; 16]>::try_from(octets).ok()?;
    Some(format!(
        "{a3:02x}{a2:02x}{a1:02x}{a0:02x}-{b1:02x}{b0:02x}-{c1:02x}{c0:02x}-{d0:02x}{d1:02x}-\
         {e0:02x}{e1:02x}{e2:02x}{e3:02x}{e4:02x}{e5:02x}"
    ))
}

/// A UUID's sixteen octets in the order of RFC 9562, such as those of `entryUUID` among
/// changes, as text; none when there are not sixteen.
pub fn uuid(octets: &[u8]) -> Option<String> {
    let octets = <[u8; 16]>::try_from(octets).ok()?;
    let mut text = String::with_capacity(36);
    for (at, octet) in octets.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.extend([octet >> 4, octet & 15].into_iter().filter_map(|digit| char::from_digit(u32::from(digit), 16)));
    }
    Some(text)
}

/// The moment of a `modifyTimestamp` (generalized time, RFC 4517, section 3.3.13), in UTC and
/// with seconds as servers write it: microseconds since 1970-01-01T00:00:00Z, fractions left
/// out. None for anything else.
pub fn moment(text: &str) -> Option<i64> {
    let (digits, rest) = text.split_at_checked(14)?;
    let utc = rest.strip_suffix('Z')?;
    let fraction = utc.strip_prefix(['.', ',']).unwrap_or(utc);
    if !digits.bytes().chain(fraction.bytes()).all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(8..10)?, part(10..12)?, part(12..14)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // days since 1970, counted in years that begin in March
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (153 * month + 2) / 5 + day - 719_469;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000)
}

/// All pages of a search, one request each, until the last or a failure.
pub fn pages<H: Host + ?Sized>(host: &H, query: Query) -> Pages<'_, H> {
    Pages { host, query, ended: false }
}

/// See [`pages`].
pub struct Pages<'h, H: Host + ?Sized> {
    host: &'h H,
    query: Query,
    ended: bool,
}

impl<H: Host + ?Sized> Pages<'_, H> {
    /// Where the next page begins, for a cursor; none before the first and after the last.
    pub fn cookie(&self) -> Option<&[u8]> {
        self.query.cookie.as_deref()
    }
}

impl<H: Host + ?Sized> Iterator for Pages<'_, H> {
    type Item = Result<Vec<Entry>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.host.ldap_search(&self.query) {
            Ok(Entries { entries, next }) => {
                self.ended = next.is_none();
                self.query.cookie = next;
                Some(Ok(entries))
            }
            Err(failure) => {
                self.ended = true;
                Some(Err(failure))
            }
        }
    }
}

impl<H: Host + ?Sized> std::fmt::Debug for Pages<'_, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("query", &self.query).field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// An entry for a test: a name, and attributes with texts.
pub fn entry(dn: &str, attributes: &[(&str, &[&str])]) -> Entry {
    let octets = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect();
    let attributes = attributes.iter().map(|(name, values)| {
        let (name, values) = ((*name).to_owned(), octets(values));
        LdapAttribute { name, values }
    });
    Entry { dn: dn.to_owned(), attributes: attributes.collect() }
}

/// Values of an attribute that Active Directory shows at once.
const RANGE: usize = 1_500;

/// An entry with what was asked for. One with an `objectGUID` shows its values in ranges, as
/// Active Directory does.
fn shown(entry: &Entry, asked: &[String]) -> Entry {
    let ranges = !entry.values("objectGUID").is_empty();
    let mut attributes = Vec::new();
    for asked in asked {
        let (name, from) = asked.split_once(";range=").map_or((asked.as_str(), None), |(name, range)| {
            (name, range.split_once('-').and_then(|(from, _)| from.parse::<usize>().ok()))
        });
        let Some(found) = entry.attributes.iter().find(|found| found.name.eq_ignore_ascii_case(name)) else { continue };
        let (start, count) = (from.unwrap_or(0), found.values.len());
        let (mut found, end) = (found.clone(), count.min(start.saturating_add(RANGE)));
        if from.is_some() || (ranges && count > RANGE) {
            let last = if end == count { "*".to_owned() } else { end.saturating_sub(1).to_string() };
            found.name = format!("{};range={start}-{last}", found.name);
            found.values = found.values.get(start..end).unwrap_or_default().to_vec();
        }
        attributes.push(found);
    }
    Entry { dn: entry.dn.clone(), attributes }
}

/// The directory of a scripted host.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    answers: Vec<(String, Result<Vec<Entry>, Failure>)>,
    root_dse: Option<Entry>,
    asked: std::cell::RefCell<Vec<Query>>,
    told: std::cell::RefCell<std::collections::VecDeque<Result<Changes, Failure>>>,
    positions: std::cell::RefCell<Vec<Option<Vec<u8>>>>,
}

impl Scripted {
    pub(crate) fn answer(&mut self, filter: &str, answer: Result<Vec<Entry>, Failure>) {
        self.answers.push((filter.to_owned(), answer));
    }

    pub(crate) fn set_root_dse(&mut self, entry: Entry) {
        self.root_dse = Some(entry);
    }

    pub(crate) fn asked(&self) -> Vec<Query> {
        self.asked.borrow().clone()
    }

    pub(crate) fn search(&self, query: &Query) -> Result<Entries, Failure> {
        use crate::FailKind;
        self.asked.borrow_mut().push(query.clone());
        if !(1..=100).contains(&query.attributes.len()) {
            return Err(Failure::config("a search names 1 to 100 attributes"));
        }
        let scripted = self.answers.iter().find(|(filter, _)| *filter == query.filter);
        let (_, answer) = scripted.ok_or_else(|| {
            Failure::new(FailKind::Denied, format!("no answer was scripted for the filter {}", query.filter))
        })?;
        let all = answer.as_ref().map_err(Clone::clone)?;
        let expired = || Failure::new(FailKind::CursorExpired, "this cookie was not given");
        let from = match &query.cookie {
            None => 0,
            Some(cookie) => usize::from_be_bytes(cookie.as_slice().try_into().map_err(|_| expired())?),
        };
        let size = query.page_size.clamp(1, MAX_PAGE) as usize;
        let entries = all.iter().skip(from).take(size).map(|entry| shown(entry, &query.attributes));
        let to = from.saturating_add(size);
        let next = (to < all.len()).then(|| to.to_be_bytes().to_vec());
        Ok(Entries { entries: entries.collect(), next })
    }

    pub(crate) fn tell(&self, answer: Result<Changes, Failure>) {
        self.told.borrow_mut().push_back(answer);
    }

    pub(crate) fn positions(&self) -> Vec<Option<Vec<u8>>> {
        self.positions.borrow().clone()
    }

    pub(crate) fn changes(&self, position: Option<&[u8]>) -> Result<Changes, Failure> {
        self.positions.borrow_mut().push(position.map(<[u8]>::to_vec));
        let none = || Failure::new(crate::FailKind::Unsupported, "no changes were scripted");
        self.told.borrow_mut().pop_front().unwrap_or_else(|| Err(none()))
    }

    pub(crate) fn root_dse(&self) -> Result<Entry, Failure> {
        let denied = || Failure::new(crate::FailKind::Denied, "no root DSE was scripted");
        self.root_dse.clone().ok_or_else(denied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailKind;
    use crate::testing::ScriptedHost;

    #[test]
    fn values_are_escaped_for_filters() {
        assert_eq!(escape("Zoé (x*)\\\0"), "Zo\\c3\\a9 \\28x\\2a\\29\\5c\\00");
        assert_eq!(escape("cn=a,dc=b"), "cn=a,dc=b");
    }

    #[test]
    fn identities_are_written_as_their_servers_do() {
        let octets: Vec<u8> = (0..16).collect();
        assert_eq!(uuid(&octets).as_deref(), Some("00010203-0405-0607-0809-0a0b0c0d0e0f"));
        assert_eq!(guid(&octets).as_deref(), Some("03020100-0504-0706-0809-0a0b0c0d0e0f"));
        assert_eq!((uuid(&octets[1..]), guid(&octets[1..])), (None, None));
    }

    #[test]
    fn moments_are_read() {
        for (text, seconds) in [
            ("19700101000000Z", 0),
            ("20000229235960Z", 951_868_800),
            ("20261126115429.0Z", 1_795_694_069),
            ("19691231235959Z", -1),
            ("20240301000000.123Z", 1_709_251_200),
        ] {
            assert_eq!(moment(text), Some(seconds * 1_000_000), "{text}");
        }
        for odd in ["", "2026", "20261126115429", "20261326115429Z", "2026112611542xZ", "20261126115429+0100", "é"] {
            assert_eq!(moment(odd), None, "{odd}");
        }
    }

    #[test]
    fn pages_follow_one_another() {
        let people: Vec<_> =
            (0..5).map(|n| entry(&format!("uid=p{n}"), &[("uid", &[&format!("p{n}")]), ("sn", &["x"])])).collect();
        let host = ScriptedHost::new().with_ldap("(uid=*)", people);
        let query = Query::new("(uid=*)").attributes(["UID"]).page_size(2);
        let all: Vec<_> = pages(&host, query.clone()).map(Result::unwrap).collect();
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
        let last = all.last().and_then(|page| page.last()).unwrap();
        assert_eq!((last.text("Uid"), last.value("sn"), last.has("uid", "P4")), (Some("p4"), None, true));
        assert_eq!(host.ldap_queries().len(), 3);

        let other = pages(&host, Query::new("(cn=*)").attributes(["cn"])).collect::<Vec<_>>();
        assert_eq!(other.len(), 1);
        assert_eq!(other.into_iter().next().unwrap().unwrap_err().kind, FailKind::Denied);
        let foreign = host.ldap_search(&query.after(Some(vec![1]))).unwrap_err();
        assert_eq!(foreign.kind, FailKind::CursorExpired);
        assert_eq!(host.ldap_root_dse().unwrap_err().kind, FailKind::Denied);
        let host = host.with_root_dse(entry("", &[("vendorName", &["OpenLDAP"])]));
        assert_eq!(host.ldap_root_dse().unwrap().text("vendorname"), Some("OpenLDAP"));
        let away = Failure::new(FailKind::Unavailable, "away");
        let host = host.with_ldap_failure("(sn=*)", away.clone());
        assert_eq!(host.ldap_search(&Query::new("(sn=*)").attributes(["sn"])), Err(away));
    }
}
