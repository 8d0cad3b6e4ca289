//! Signing in by the directory: the one entry of a typed name, what it says of whether its
//! person may, and how the server answered their password.

use jiff::civil::DateTime;

use super::filter::{Comparison, Filter};
use super::mediation::Granted;
use super::{IDENTITIES, LdapEntry, LdapQuery, LdapScope, is_attribute_description};
use crate::Error;
use crate::ids::PersonId;
use crate::plugin::{FailKind, PluginFailure};
use crate::time::Ts;

/// Octets of a typed name.
const MAX_LOGIN: usize = 256;
/// Octets of a typed password.
const MAX_PASSWORD: usize = 1_024;
/// Attributes that a name may be looked for in.
const MAX_ATTRIBUTES: usize = 16;

/// What an entry says of its person's account, by the directories that have it: Active
/// Directory, 389 Directory Server and FreeIPA, the password policy of OpenLDAP, `shadow`.
const STATES: [&str; 10] = [
    "userAccountControl",
    "msDS-UserAccountDisabled",
    "msDS-User-Account-Control-Computed",
    "lockoutTime",
    "accountExpires",
    "nsAccountLock",
    "krbPrincipalExpiration",
    "pwdAccountLockedTime",
    "pwdEndTime",
    "shadowExpire",
];

/// `userAccountControl`: the account is disabled ([MS-ADTS] 2.2.16).
const ACCOUNT_DISABLE: i64 = 0x2;
/// `msDS-User-Account-Control-Computed`: the account is locked just now.
const LOCKOUT: i64 = 0x10;
/// `pwdAccountLockedTime`: locked until an administrator unlocks.
const LOCKED_FOR_GOOD: &str = "000001010000Z";
/// From the beginning of Windows' time (1601) to 1970, in microseconds.
const SINCE_1601: i64 = 11_644_473_600_000_000;

/// What the directory has for a typed name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LoginFound {
    Nobody,
    Several,
    One(LoginEntry),
}

/// The one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginEntry {
    /// As whom to bind.
    pub dn: String,
    /// Whose it is, in the words of the source's runs; none when the account that reads may
    /// not see it.
    pub identity: Option<String>,
    /// Whether its person may sign in.
    pub standing: Standing,
}

/// What an entry says of whether its person may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing against it.
    Free,
    /// They may not.
    Barred(Barred),
    /// They were locked out some time ago. The server knows for how long that lasts, and
    /// takes the mark away when they get in after that.
    LockedOnce,
}

/// Why a directory lets somebody not in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// The password is wrong, or the server says no more.
    WrongPassword,
    /// An administrator of the directory disabled the account.
    Disabled,
    /// Too many wrong passwords.
    Locked,
    /// The account's time is over.
    Expired,
    /// The password's time is over.
    PasswordExpired,
    /// The password has to be changed first.
    PasswordToChange,
    /// Not at this time of day.
    NotNow,
    /// Not from this machine.
    NotHere,
}

/// How the server answered a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Verdict {
    Accepted,
    Barred(Barred),
}

/// Why nobody was signed in: for the administrator. Who signs in hears
/// [`for_who_signs_in`](Self::for_who_signs_in) and no more.
#[derive(Debug)]
pub enum SignInRefusal {
    /// The two do not fit, or may not.
    Refused(SignInReason, Option<PersonId>),
    /// Too many tries.
    TooMany,
    /// The directory could not be asked.
    Away(PluginFailure),
    /// Something failed here.
    Failed(Error),
}

/// Why somebody is not who they say, or may not sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInReason {
    /// No password was given: a server would take that for somebody who does not say who
    /// they are, and answer "success" (RFC 4513, section 5.1.2).
    NoPassword,
    /// The directory has nobody of this name.
    Nobody,
    /// It has several.
    Several,
    /// Too many tries for this entry, by whichever of its names.
    TooMany,
    /// Its word.
    Directory(Barred),
    /// The entry shows no identity to the account that reads.
    NoIdentity,
    /// No run of the source brought them.
    NotKnown,
    /// They are known and disabled here.
    Inactive,
}

impl SignInReason {
    /// Its stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoPassword => "no-password",
            Self::Nobody => "nobody",
            Self::Several => "several",
            Self::TooMany => "too-many",
            Self::Directory(Barred::WrongPassword) => "wrong-password",
            Self::Directory(Barred::Disabled) => "disabled",
            Self::Directory(Barred::Locked) => "locked",
            Self::Directory(Barred::Expired) => "expired",
            Self::Directory(Barred::PasswordExpired) => "password-expired",
            Self::Directory(Barred::PasswordToChange) => "password-to-change",
            Self::Directory(Barred::NotNow) => "not-now",
            Self::Directory(Barred::NotHere) => "not-here",
            Self::NoIdentity => "no-identity",
            Self::NotKnown => "not-known",
            Self::Inactive => "inactive",
        }
    }

    /// For the administrator.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoPassword => "no password was given; nothing was asked",
            Self::Nobody => "the directory has nobody of this name below the base of the source",
            Self::Several => "the directory has several entries of this name; look at the key \"login\" of the source",
            Self::TooMany => "too many tries for this entry; wait a quarter of an hour",
            Self::Directory(Barred::WrongPassword) => "the password is wrong, or the directory says no more",
            Self::Directory(Barred::Disabled) => "the account is disabled in the directory",
            Self::Directory(Barred::Locked) => "the account is locked in the directory",
            Self::Directory(Barred::Expired) => "the account has expired in the directory",
            Self::Directory(Barred::PasswordExpired) => "the password of the account has expired",
            Self::Directory(Barred::PasswordToChange) => "the password of the account has to be changed first",
            Self::Directory(Barred::NotNow) => "the account may not sign in at this time",
            Self::Directory(Barred::NotHere) => "the account may not sign in from here",
            Self::NoIdentity => "the entry shows no identity: the account that reads may not see it",
            Self::NotKnown => "the password is right, and no run of this source brought this person",
            Self::Inactive => "the password is right, and this person is disabled here",
        }
    }
}

impl SignInRefusal {
    /// What who signs in may know: that name and password do not fit, whatever the reason;
    /// that there were too many tries; that it cannot be said now.
    pub fn for_who_signs_in(self) -> Error {
        match self {
            Self::Refused(..) => Error::Unauthenticated,
            Self::TooMany => Error::Unavailable("too many failed sign-ins; wait a quarter of an hour".into()),
            Self::Away(_) => Error::Unavailable("the directory cannot be asked just now".into()),
            Self::Failed(error) => error,
        }
    }
}

/// Whether a typed password can be one at all. Its octets go to the server as they are.
pub fn can_be_password(password: &str) -> bool {
    (1..=MAX_PASSWORD).contains(&password.len())
}

impl Granted {
    /// The search for the entry of a typed name, below the granted base and within the
    /// granted filter. None for what cannot be a name.
    pub fn of_login(&self, attributes: &str, login: &str) -> Result<Option<LdapQuery>, PluginFailure> {
        let attributes: Vec<_> = attributes.split_whitespace().collect();
        let config = |message: String| PluginFailure::new(FailKind::Config, message);
        if !(1..=MAX_ATTRIBUTES).contains(&attributes.len()) {
            return Err(config(format!("\"login\" of the source names 1 to {MAX_ATTRIBUTES} attributes")));
        }
        if let Some(wrong) = attributes.iter().find(|name| !is_attribute_description(name)) {
            return Err(config(format!("\"login\" of the source: {wrong:?} is no attribute, such as uid")));
        }
        let login = login.trim();
        if !(1..=MAX_LOGIN).contains(&login.len()) {
            return Ok(None);
        }
        // a value of a node, which no sign in it can leave
        let equal = |name: &&str| Filter::Compare((*name).to_owned(), Comparison::Equal, login.as_bytes().to_vec());
        let named = Filter::Or(attributes.iter().map(equal).collect());
        let filter = self.filter.clone().map_or(named.clone(), |granted| granted.and(named));
        Ok(Some(LdapQuery {
            base: self.base.to_string(),
            scope: LdapScope::Subtree,
            filter: filter.to_string(),
            attributes: IDENTITIES.iter().chain(&STATES).map(|name| (*name).to_owned()).collect(),
            page_size: 2,
            cookie: None,
        }))
    }

    /// A name below the base that nobody has.
    pub fn nobodys_name(&self, number: u128) -> String {
        let base = self.base.to_string();
        let comma = if base.is_empty() { "" } else { "," };
        format!("cn=estampe-{number:032x}{comma}{base}")
    }
}

impl LoginEntry {
    /// What an entry says.
    pub fn read(entry: &LdapEntry, identity: Option<&str>, now: Ts) -> Self {
        Self { dn: entry.dn.clone(), identity: entry.identity(identity), standing: standing(entry, now) }
    }
}

fn standing(entry: &LdapEntry, now: Ts) -> Standing {
    let numbers = |name| entry.texts(name).filter_map(|text| text.trim().parse::<i64>().ok());
    let is_true = |name| entry.texts(name).any(|text| text.trim().eq_ignore_ascii_case("true"));
    let disabled = numbers("userAccountControl").any(|flags| flags & ACCOUNT_DISABLE != 0);
    if disabled || is_true("nsAccountLock") || is_true("msDS-UserAccountDisabled") {
        return Standing::Barred(Barred::Disabled);
    }
    let computed = numbers("msDS-User-Account-Control-Computed").next();
    let for_good = entry.texts("pwdAccountLockedTime").any(|time| time.trim() == LOCKED_FOR_GOOD);
    if for_good || computed.is_some_and(|flags| flags & LOCKOUT != 0) {
        return Standing::Barred(Barred::Locked);
    }
    let by_windows = numbers("accountExpires").filter(|end| ![0, i64::MAX].contains(end)).map(since_1601);
    let by_days = numbers("shadowExpire").filter(|day| *day > 0).map(|day| day.saturating_mul(86_400_000_000));
    let moments = ["krbPrincipalExpiration", "pwdEndTime"].into_iter().flat_map(|name| entry.texts(name));
    let mut ends = by_windows.chain(by_days).chain(moments.filter_map(generalized_time));
    if ends.any(|end| end <= now.as_micros()) {
        return Standing::Barred(Barred::Expired);
    }
    let locked_once = entry.texts("pwdAccountLockedTime").any(|time| !time.trim().is_empty())
        || (computed.is_none() && numbers("lockoutTime").any(|time| time != 0));
    if locked_once { Standing::LockedOnce } else { Standing::Free }
}

/// A FILETIME ([MS-DTYP] 2.3.3) in microseconds since 1970.
fn since_1601(hundreds_of_nanoseconds: i64) -> i64 {
    hundreds_of_nanoseconds / 10 - SINCE_1601
}

/// RFC 4517, section 3.3.13, in microseconds since 1970; fractions are left out.
fn generalized_time(text: &str) -> Option<i64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(end)?;
    let digits = match digits.len() {
        10 => format!("{digits}0000"),
        12 => format!("{digits}00"),
        14 => digits.to_owned(),
        _ => return None,
    };
    let zone = rest.trim_start_matches(|c: char| c == '.' || c == ',' || c.is_ascii_digit());
    let offset = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign @ ("+" | "-"), shift) if matches!(shift.len(), 2 | 4) => {
            let (hours, minutes) = shift.split_at_checked(2)?;
            let hours: i64 = hours.parse().ok()?;
            let minutes: i64 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
            (hours * 3_600 + minutes * 60) * if sign == "+" { 1 } else { -1 }
        }
        _ => return None,
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    let utc = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
    Some(utc.as_microsecond().saturating_sub(offset * 1_000_000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_767_225_600_000_000; // 2026-01-01T00:00:00Z

    fn granted(filter: Option<&str>) -> Granted {
        Granted::new("ou=People,dc=example", filter, []).unwrap()
    }

    fn stands(attributes: &[(&str, &str)]) -> Standing {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), vec![value.as_bytes().to_vec()]));
        let entry = LdapEntry { dn: "uid=x".to_owned(), attributes: attributes.collect() };
        LoginEntry::read(&entry, None, Ts::from_micros(NOW)).standing
    }

    #[test]
    fn a_name_is_looked_for_within_what_the_source_reads() {
        let query = granted(Some("(memberOf=cn=staff)")).of_login("uid mail", " anna ").unwrap().unwrap();
        assert_eq!(query.filter, "(&(memberOf=cn=staff)(|(uid=anna)(mail=anna)))");
        assert_eq!((query.base.as_str(), query.page_size), ("ou=People,dc=example", 2));
        assert!(query.attributes.iter().any(|name| name == "entryUUID"));
        let query = granted(None).of_login("uid", "*)(uid=*").unwrap().unwrap();
        assert_eq!(query.filter, "(|(uid=\\2a\\29\\28uid=\\2a))");
        for none in ["", "  ", &"x".repeat(MAX_LOGIN + 1)] {
            assert_eq!(granted(None).of_login("uid", none).unwrap(), None);
        }
        for wrong in ["", " ", "u*", "uid)(x", &"uid ".repeat(MAX_ATTRIBUTES + 1)] {
            assert_eq!(granted(None).of_login(wrong, "anna").unwrap_err().kind, FailKind::Config, "{wrong}");
        }
        assert!(granted(None).nobodys_name(7).ends_with("07,ou=People,dc=example"));
        assert!(!Granted::new("", None, []).unwrap().nobodys_name(7).contains(','));
    }

    proptest! {
        /// Whatever is typed stays one value of one comparison.
        #[test]
        fn what_is_typed_is_a_value_and_nothing_else(login in "\\PC{0,40}|[\\x00-\\x7f]{0,40}") {
            if let Some(query) = granted(Some("(objectClass=person)")).of_login("uid mail", &login).unwrap() {
                let equal = |name: &str| {
                    Filter::Compare(name.to_owned(), Comparison::Equal, login.trim().as_bytes().to_vec())
                };
                let expected = Filter::parse("(objectClass=person)").unwrap()
                    .and(Filter::Or(vec![equal("uid"), equal("mail")]));
                prop_assert_eq!(Filter::parse(&query.filter), Ok(expected));
            }
        }

        #[test]
        fn no_value_of_an_entry_makes_it_panic(value in "\\PC{0,20}|[0-9+Z.-]{0,24}") {
            for name in STATES {
                let _ = stands(&[(name, &value)]);
            }
        }
    }

    #[test]
    fn an_entry_says_whether_its_person_may_sign_in() {
        use Barred::{Disabled, Expired, Locked};
        let never = i64::MAX.to_string();
        let free: [&[(&str, &str)]; 9] = [
            &[],
            &[("userAccountControl", "512")],
            &[("nsAccountLock", "false")],
            &[("accountExpires", "0"), ("lockoutTime", "0")],
            &[("accountExpires", &never)],
            // beyond the year 2026
            &[("accountExpires", "139000000000000000"), ("shadowExpire", "-1")],
            &[("krbPrincipalExpiration", "20260101000001Z")],
            &[("pwdEndTime", "no time")],
            // the server has reckoned that the lock is over
            &[("msDS-User-Account-Control-Computed", "0"), ("lockoutTime", "134000000000000000")],
        ];
        for attributes in free {
            assert_eq!(stands(attributes), Standing::Free, "{attributes:?}");
        }
        for (name, value, barred) in [
            ("useraccountcontrol", "514", Disabled),
            ("nsAccountLock", "TRUE", Disabled),
            ("msDS-UserAccountDisabled", "TRUE", Disabled),
            ("msDS-User-Account-Control-Computed", "16", Locked),
            ("pwdAccountLockedTime", LOCKED_FOR_GOOD, Locked),
            // 2025-12-31
            ("accountExpires", "134116992000000000", Expired),
            ("shadowExpire", "20454", Expired),
            ("krbPrincipalExpiration", "20260101000000Z", Expired),
            ("krbPrincipalExpiration", "20260101010000.5+0100", Expired),
            ("pwdEndTime", "2025123123Z", Expired),
        ] {
            assert_eq!(stands(&[(name, value)]), Standing::Barred(barred), "{name} {value}");
        }
        for (name, value) in [("pwdAccountLockedTime", "20251231235900Z"), ("lockoutTime", "134000000000000000")] {
            assert_eq!(stands(&[(name, value)]), Standing::LockedOnce, "{name}");
        }
    }

    #[test]
    fn moments_of_directories_are_read() {
        for (text, micros) in [
            ("20260101000000Z", NOW),
            ("202601010000Z", NOW),
            ("2026010100Z", NOW),
            ("20260101000000.123Z", NOW),
            ("20260101020000+0200", NOW),
            ("20251231233000-0030", NOW),
            ("2025123123-01", NOW),
        ] {
            assert_eq!(generalized_time(text), Some(micros), "{text}");
        }
        for text in ["", "Z", "20260101000000", "20261301000000Z", "2026Z", "20260101000000+1", "20260101000000é"] {
            assert_eq!(generalized_time(text), None, "{text}");
        }
    }

    #[test]
    fn who_signs_in_is_told_one_thing() {
        for reason in [SignInReason::Nobody, SignInReason::Inactive, SignInReason::Directory(Barred::Locked)] {
            let told = SignInRefusal::Refused(reason, None).for_who_signs_in();
            assert_eq!(told.to_string(), Error::Unauthenticated.to_string());
        }
        let away = PluginFailure::new(FailKind::Unavailable, "ldaps://dc1.bank.example: refused");
        assert!(!SignInRefusal::Away(away).for_who_signs_in().to_string().contains("dc1"));
    }
}
