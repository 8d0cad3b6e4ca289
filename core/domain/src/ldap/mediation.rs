//! What becomes of a search that a plugin asks for: held to what was granted, or refused.

use std::collections::BTreeSet;

use super::dn::Dn;
use super::filter::Filter;
use super::{LdapEntry, LdapMode, LdapQuery, LdapScope, LdapTrack, LdapTracking, base_name, is_attribute_description};
use crate::plugin::{FailKind, PluginFailure};
use crate::time::Ts;

/// Attributes of a search.
const MAX_ATTRIBUTES: usize = 100;
/// Entries of a page.
const MAX_PAGE: u32 = 1_000;
/// Octets of a position among changes.
const MAX_POSITION: usize = 4_096;
/// The attribute that any filter may test.
const OBJECT_CLASS: &str = "objectclass";

/// What was granted, as the source's configuration fills it in.
#[derive(Clone, Debug)]
pub struct Granted {
    pub(super) base: Dn,
    pub(super) filter: Option<Filter>,
    /// Without options, in lower case.
    attributes: BTreeSet<String>,
    /// What a mapping names besides, in lower case.
    mapped: BTreeSet<String>,
}

/// What a plugin asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The granted base when there is none.
    pub base: Option<String>,
    /// How far below.
    pub scope: LdapScope,
    /// RFC 4515.
    pub filter: String,
    /// Names.
    pub attributes: Vec<String>,
    /// Which of all.
    pub mode: LdapMode,
    /// Entries of a page.
    pub page_size: u32,
}

impl Granted {
    /// The error says what of the configuration is wrong.
    pub fn new<'a>(
        base: &str,
        filter: Option<&str>,
        attributes: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, PluginFailure> {
        let wrong = |what: &str, why: String| config(format!("the {what} of the source is wrong: {why}"));
        Ok(Self {
            base: Dn::parse(base).map_err(|why| wrong("base", why))?,
            filter: filter.map(Filter::parse).transpose().map_err(|why| wrong("filter", why))?,
            attributes: attributes.into_iter().map(|name| base_name(name).to_ascii_lowercase()).collect(),
            mapped: BTreeSet::new(),
        })
    }

    /// The same with what a mapping names.
    #[must_use]
    pub fn with_mapped<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.mapped.extend(names.into_iter().map(str::to_ascii_lowercase));
        self
    }

    /// The search that may be made; without a cookie.
    pub fn mediate(&self, wanted: &Wanted) -> Result<LdapQuery, PluginFailure> {
        let base = self.base(wanted.base.as_deref())?;
        let filter = self.filter(&wanted.filter, &wanted.mode)?;
        for name in &wanted.attributes {
            self.may_read(name)?;
        }
        if !(1..=MAX_ATTRIBUTES).contains(&wanted.attributes.len()) {
            return Err(config(format!("a search names 1 to {MAX_ATTRIBUTES} attributes")));
        }
        Ok(LdapQuery {
            base: base.to_string(),
            scope: wanted.scope,
            filter: filter.to_string(),
            attributes: wanted.attributes.clone(),
            page_size: wanted.page_size.clamp(1, MAX_PAGE),
            cookie: None,
        })
    }

    /// The changes that may be asked for. The mode of a search has no meaning here.
    pub fn mediate_changes(
        &self,
        wanted: &Wanted,
        tracking: LdapTracking,
        since: Option<Vec<u8>>,
    ) -> Result<LdapTrack, PluginFailure> {
        if since.as_ref().is_some_and(|since| since.len() > MAX_POSITION) {
            return Err(config(format!("a position of more than {MAX_POSITION} octets")));
        }
        let LdapQuery { base, scope, filter, attributes, .. } = self.mediate(wanted)?;
        let filter = match tracking {
            LdapTracking::ContentSync => filter,
            // mediation has proved that it parses and may be used; who no longer fits the
            // granted filter is told by their identity alone
            LdapTracking::DirSync => {
                // and what only a mapping names would be told of everybody in the domain
                let narrow = Self { mapped: BTreeSet::new(), ..self.clone() };
                narrow.filter(&wanted.filter, &wanted.mode)?;
                wanted.filter.clone()
            }
        };
        Ok(LdapTrack { tracking, base, scope, filter, attributes, since })
    }

    fn base(&self, wanted: Option<&str>) -> Result<Dn, PluginFailure> {
        let Some(wanted) = wanted else { return Ok(self.base.clone()) };
        let wanted = Dn::parse(wanted).map_err(|why| config(format!("the base of the search is wrong: {why}")))?;
        let outside = || denied(format!("the base of the search lies outside of the granted one, \"{}\"", self.base));
        wanted.rebased(&self.base).ok_or_else(outside)
    }

    fn filter(&self, wanted: &str, mode: &LdapMode) -> Result<Filter, PluginFailure> {
        let wanted =
            Filter::parse(wanted).map_err(|why| config(format!("the filter of the search is wrong: {why}")))?;
        let allowed = |name: &str| name.eq_ignore_ascii_case(OBJECT_CLASS) || self.grants(name);
        wanted
            .tests_only(&allowed)
            .map_err(|why| denied(format!("the filter of the search may not be used: {why}")))?;
        // these two are the host's own: they say which entries changed and show nothing
        let changed = match mode {
            LdapMode::Paged => None,
            LdapMode::ChangedAbove(number) => {
                let next = number.checked_add(1).filter(|next| i64::try_from(*next).is_ok());
                let next = next.ok_or_else(|| config("uSNChanged is a number below 2^63".to_owned()))?;
                Some(Filter::at_least("uSNChanged", next.to_string()))
            }
            LdapMode::ModifiedSince(micros) => Some(Filter::at_least("modifyTimestamp", moment(*micros)?)),
        };
        let all = [self.filter.clone(), changed].into_iter().flatten();
        Ok(all.rev().fold(wanted, |filter, outer| outer.and(filter)))
    }

    fn grants(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.attributes.contains(&name) || self.mapped.contains(&name)
    }

    fn may_read(&self, name: &str) -> Result<(), PluginFailure> {
        if !is_attribute_description(without_range(name)) {
            return Err(denied("a search names its attributes one by one: letters, digits and hyphens".to_owned()));
        }
        if !self.grants(base_name(name)) {
            return Err(denied(format!("no grant names the attribute {name}: ldap read {}", base_name(name))));
        }
        Ok(())
    }
}

/// An entry with the attributes that were asked for and no others, by the names that they
/// were asked by.
pub fn only_asked(mut entry: LdapEntry, asked: &[String]) -> LdapEntry {
    entry.attributes = entry
        .attributes
        .into_iter()
        .filter_map(|(name, values)| {
            let exact = asked.iter().find(|asked| asked.eq_ignore_ascii_case(&name));
            if let Some(asked) = exact {
                return Some((asked.clone(), values));
            }
            // a server adds options of its own: `cn;lang-fr`, `member;range=0-1499`
            let base = base_name(&name);
            let asked = asked.iter().find(|asked| base_name(asked).eq_ignore_ascii_case(base))?;
            let options = name.get(base.len()..).unwrap_or_default();
            Some((format!("{}{options}", base_name(asked)), values))
        })
        .collect();
    entry
}

/// A name without Active Directory's range of values: `member;range=1500-*`.
fn without_range(name: &str) -> &str {
    let number = |text: &str| !text.is_empty() && text.len() < 10 && text.bytes().all(|octet| octet.is_ascii_digit());
    let is_range = |option: &str| {
        let range = option.get(..6).filter(|start| start.eq_ignore_ascii_case("range=")).and(option.get(6..));
        range
            .and_then(|range| range.split_once('-'))
            .is_some_and(|(from, to)| number(from) && (to == "*" || number(to)))
    };
    match name.rsplit_once(';') {
        Some((rest, option)) if is_range(option) => rest,
        _ => name,
    }
}

/// RFC 4517, section 3.3.13, in whole seconds, rounded down.
fn moment(micros: i64) -> Result<String, PluginFailure> {
    let time = Ts::from_micros(micros).timestamp().strftime("%Y%m%d%H%M%SZ").to_string();
    let sound = time.len() == 15 && time.starts_with(|c: char| c.is_ascii_digit());
    sound.then_some(time).ok_or_else(|| config("modified-since is a moment of the years 0 to 9999".to_owned()))
}

fn config(message: String) -> PluginFailure {
    PluginFailure::new(FailKind::Config, message)
}

fn denied(message: String) -> PluginFailure {
    PluginFailure::new(FailKind::Denied, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted() -> Granted {
        let attributes = ["cn", "mail", "jpegPhoto;binary", "member"];
        Granted::new("ou=People,dc=example", Some("(objectClass=person)"), attributes).unwrap()
    }

    fn wanted() -> Wanted {
        Wanted {
            base: None,
            scope: LdapScope::Subtree,
            filter: "(cn=*)".to_owned(),
            attributes: vec!["cn".to_owned()],
            mode: LdapMode::Paged,
            page_size: 500,
        }
    }

    fn refused(wanted: Wanted) -> (FailKind, String) {
        let failure = granted().mediate(&wanted).unwrap_err();
        (failure.kind, failure.message)
    }

    #[test]
    fn a_search_holds_what_was_granted() {
        let query = granted().mediate(&wanted()).unwrap();
        assert_eq!(query.base, "ou=People,dc=example");
        assert_eq!(query.filter, "(&(objectClass=person)(cn=*))");
        let below = Wanted { base: Some("uid=x, OU=people,DC=example".to_owned()), page_size: 0, ..wanted() };
        let query = granted().mediate(&below).unwrap();
        assert_eq!((query.base.as_str(), query.page_size), ("uid=x,ou=People,dc=example", 1));
        let large = granted().mediate(&Wanted { page_size: u32::MAX, ..wanted() }).unwrap();
        assert_eq!(large.page_size, MAX_PAGE);
        let open = Granted::new("", None, ["cn"]).unwrap().mediate(&wanted()).unwrap();
        assert_eq!((open.base.as_str(), open.filter.as_str()), ("", "(cn=*)"));
    }

    #[test]
    fn changes_are_asked_for_by_the_host() {
        let above = Wanted { mode: LdapMode::ChangedAbove(41), ..wanted() };
        let filter = granted().mediate(&above).unwrap().filter;
        assert_eq!(filter, "(&(objectClass=person)(&(uSNChanged>=42)(cn=*)))");
        let since = Wanted { mode: LdapMode::ModifiedSince(1_767_225_599_999_999), ..wanted() };
        let filter = granted().mediate(&since).unwrap().filter;
        assert_eq!(filter, "(&(objectClass=person)(&(modifyTimestamp>=20251231235959Z)(cn=*)))");
        for mode in [
            LdapMode::ChangedAbove(u64::MAX),
            LdapMode::ChangedAbove(i64::MAX.unsigned_abs()),
            LdapMode::ModifiedSince(-100_000_000_000_000_000),
        ] {
            assert_eq!(refused(Wanted { mode, ..wanted() }).0, FailKind::Config);
        }
    }

    #[test]
    fn changes_are_held_to_the_grant_too() {
        let sync = granted().mediate_changes(&wanted(), LdapTracking::ContentSync, None).unwrap();
        assert_eq!(
            (sync.base.as_str(), sync.filter.as_str()),
            ("ou=People,dc=example", "(&(objectClass=person)(cn=*))")
        );
        let dir = granted().mediate_changes(&wanted(), LdapTracking::DirSync, Some(vec![1])).unwrap();
        assert_eq!((dir.filter.as_str(), dir.since), ("(cn=*)", Some(vec![1])));
        for tracking in [LdapTracking::ContentSync, LdapTracking::DirSync] {
            let inside = Wanted { filter: "(sn=a)".to_owned(), ..wanted() };
            assert_eq!(granted().mediate_changes(&inside, tracking, None).unwrap_err().kind, FailKind::Denied);
            let long = granted().mediate_changes(&wanted(), tracking, Some(vec![0; MAX_POSITION + 1]));
            assert_eq!(long.unwrap_err().kind, FailKind::Config);
        }
    }

    #[test]
    fn what_was_not_granted_is_denied() {
        let base = |base: &str| Wanted { base: Some(base.to_owned()), ..wanted() };
        for outside in ["dc=example", "ou=People,dc=example,dc=org", "", "cn=a\\,ou=People,dc=example"] {
            assert_eq!(refused(base(outside)).0, FailKind::Denied, "{outside}");
        }
        assert_eq!(refused(base("no name")).0, FailKind::Config);
        let filter = |filter: &str| Wanted { filter: filter.to_owned(), ..wanted() };
        for inside in ["(sn=a)", "(uSNChanged>=1)", "(|(cn=a)(userPassword=*))", "(cn:dn:=a)"] {
            assert_eq!(refused(filter(inside)).0, FailKind::Denied, "{inside}");
        }
        // what would close the granted filter, if it were text
        for injected in ["(cn=*))(|(cn=*)", "(cn=*)(cn=*)", ")(cn=*", "*)(uid=*))(|(uid=*"] {
            assert_eq!(refused(filter(injected)).0, FailKind::Config, "{injected}");
        }
        let reads = |name: &str| Wanted { attributes: vec!["cn".to_owned(), name.to_owned()], ..wanted() };
        for name in ["*", "+", "sn", "@person", "1.1", "", "cn sn", "cn;range=1-2;x", "cn;range=x-*", "cn;range=é"] {
            assert_eq!(refused(reads(name)).0, FailKind::Denied, "{name}");
        }
        for name in ["CN;lang-fr", "jpegPhoto", "jpegphoto;binary", "member;range=0-*", "member;Range=1500-2999"] {
            assert!(granted().mediate(&reads(name)).is_ok(), "{name}");
        }
        assert_eq!(refused(Wanted { attributes: Vec::new(), ..wanted() }).0, FailKind::Config);
        assert_eq!(refused(Wanted { attributes: vec!["cn".to_owned(); 101], ..wanted() }).0, FailKind::Config);
        assert!(Granted::new("x", None, []).unwrap_err().message.contains("base"));
        assert!(Granted::new("", Some("x"), []).unwrap_err().message.contains("filter"));
    }

    #[test]
    fn an_answer_holds_what_was_asked_for() {
        let values = vec![b"x".to_vec()];
        let given = ["CN", "cn;lang-fr", "userPassword", "member;range=0-1499", "jpegPhoto"];
        let attributes = given.map(|name| (name.to_owned(), values.clone())).to_vec();
        let entry = LdapEntry { dn: "cn=x".to_owned(), attributes };
        let asked = ["cn", "Member", "jpegPhoto;binary"].map(str::to_owned);
        let kept = only_asked(entry, &asked);
        let names: Vec<_> = kept.attributes.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["cn", "cn;lang-fr", "Member;range=0-1499", "jpegPhoto"]);
    }
}
