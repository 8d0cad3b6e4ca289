//! Changes of people's fields that are written into the directory they come from: asked for in
//! Estampe, agreed to by the person or whoever leads a team of theirs, written by a job, and
//! shown once the directory has them.

use crate::ids::{AccountId, ChangeId, PersonId, SourceId};
use crate::mapping::Target;
use crate::ownership::FieldValue;
use crate::person::{PhoneKind, PostalAddress, ProfileField};
use crate::text::Line;
use crate::time::Ts;

/// How far a change is. One that was written, or that nobody wants any more, is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeState {
    /// It waits for a word.
    Asked,
    /// Somebody agreed; it waits for its turn, or for the directory to be there.
    Approved,
    /// The directory was asked to take it: whether it did is not known yet.
    Writing,
    /// The directory did not take it.
    Failed,
    /// The directory came to have another value than the one that was seen.
    Conflict,
}

impl ChangeState {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Asked, Self::Approved, Self::Writing, Self::Failed, Self::Conflict];

    /// As the database keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Writing => "writing",
            Self::Failed => "failed",
            Self::Conflict => "conflict",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether a job has to do with it.
    pub const fn is_busy(self) -> bool {
        matches!(self, Self::Approved | Self::Writing)
    }
}

/// Codes of changes that failed, beside those of a plugin's failure.
pub mod code {
    /// The field is not switched on any more.
    pub const OFF: &str = "off";
    /// Its source does not know the person any more.
    pub const GONE: &str = "gone";
    /// The mapping of the source has no way back.
    pub const MAPPING: &str = "mapping";
    /// The directory took it several times, and does not show it.
    pub const NOT_SHOWN: &str = "not-shown";
}

/// A change of one field of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryChange {
    /// Its id.
    pub id: ChangeId,
    /// Whose field.
    pub person: PersonId,
    /// The source whose directory it is written to.
    pub source: SourceId,
    /// What the directory said when it was asked for.
    pub before: FieldValue,
    /// What it is to say.
    pub wanted: FieldValue,
    /// How far it is.
    pub state: ChangeState,
    /// Why it failed, or waits.
    pub code: Option<String>,
    /// The same in the words of whoever failed.
    pub detail: Option<String>,
    /// What the directory has instead, in a conflict.
    pub found: Option<FieldValue>,
    /// How often it was written.
    pub tries: u32,
    /// Who asked for it; nobody: root of this machine, or a program.
    pub asked_by: Option<AccountId>,
    /// When.
    pub asked_at: Ts,
    /// When somebody agreed.
    pub agreed_at: Option<Ts>,
}

impl DirectoryChange {
    /// Which field.
    pub const fn field(&self) -> ProfileField {
        self.wanted.field()
    }
}

/// Writes of one change at most: a directory may need a moment until it shows what it took.
pub const TRIES: u32 = 3;
/// Seconds after which it is looked at again whether the directory shows what it took.
pub const LOOK_AGAIN: i64 = 15;
/// A directory that is busy or away is waited for so many seconds (a day).
pub const PATIENCE: i64 = 86_400;
/// Seconds between two questions to a directory that is busy or away and does not say how long.
pub const PAUSE: i64 = 60;

/// What has to be done about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: the directory has it.
    There,
    /// Write it.
    Write,
    /// Leave it: somebody else changed the value meanwhile.
    Conflict,
}

/// What has to be done about a change, by what the directory has now.
pub fn step(change: &DirectoryChange, now: &FieldValue) -> Step {
    if is_same(now, &change.wanted) {
        Step::There
    } else if is_same(now, &change.before) {
        Step::Write
    } else {
        Step::Conflict
    }
}

/// Whether directories take a field from others.
pub const fn is_written(field: ProfileField) -> bool {
    !targets(field).is_empty()
}

/// What a field that can be written is made of.
pub const fn targets(field: ProfileField) -> &'static [Target] {
    match field {
        ProfileField::Title => &[Target::Title],
        ProfileField::Organisation => &[Target::Organisation],
        ProfileField::Department => &[Target::Department],
        ProfileField::Office => &[Target::Office],
        ProfileField::Phones => &[Target::PhoneWork, Target::PhoneMobile],
        ProfileField::Address => &[Target::Street, Target::PostalCode, Target::City, Target::Region, Target::Country],
        ProfileField::Name
        | ProfileField::Pronouns
        | ProfileField::Emails
        | ProfileField::Links
        | ProfileField::Language
        | ProfileField::Photo => &[],
    }
}

/// What a value says there, as it is written.
pub fn texts(value: &FieldValue, target: Target) -> Vec<String> {
    let line = |line: &Option<Line>| line.iter().map(ToString::to_string).collect();
    let of_address = |address: &Option<PostalAddress>, part: fn(&PostalAddress) -> &Option<Line>| {
        address.as_ref().map(|address| line(part(address))).unwrap_or_default()
    };
    match (value, target) {
        (FieldValue::Title(text), Target::Title)
        | (FieldValue::Organisation(text), Target::Organisation)
        | (FieldValue::Department(text), Target::Department)
        | (FieldValue::Office(text), Target::Office) => line(text),
        (FieldValue::Phones(phones), Target::PhoneWork | Target::PhoneMobile) => {
            let kind = if target == Target::PhoneWork { PhoneKind::Work } else { PhoneKind::Mobile };
            phones.iter().filter(|phone| phone.kind == kind).map(|phone| phone.number.to_string()).collect()
        }
        (FieldValue::Address(address), Target::Street) => of_address(address, |address| &address.street),
        (FieldValue::Address(address), Target::PostalCode) => of_address(address, |address| &address.postal_code),
        (FieldValue::Address(address), Target::City) => of_address(address, |address| &address.city),
        (FieldValue::Address(address), Target::Region) => of_address(address, |address| &address.region),
        (FieldValue::Address(address), Target::Country) => of_address(address, |address| &address.country),
        _ => Vec::new(),
    }
}

/// Whether two values come to the same in a directory.
pub fn is_same(one: &FieldValue, other: &FieldValue) -> bool {
    let field = one.field();
    field == other.field() && targets(field).iter().all(|target| texts(one, *target) == texts(other, *target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::LabelledPhone;

    fn title(text: &str) -> FieldValue {
        FieldValue::Title(text.parse().ok())
    }

    fn phones(numbers: &[(PhoneKind, &str)]) -> FieldValue {
        let phone = |(kind, number): &(PhoneKind, &str)| LabelledPhone { kind: *kind, number: number.parse().unwrap() };
        FieldValue::Phones(numbers.iter().map(phone).collect())
    }

    fn change(before: FieldValue, wanted: FieldValue) -> DirectoryChange {
        DirectoryChange {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            person: "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap(),
            source: "0190163d-8694-739b-aea5-966c26f8ad92".parse().unwrap(),
            before,
            wanted,
            state: ChangeState::Approved,
            code: None,
            detail: None,
            found: None,
            tries: 0,
            asked_by: None,
            asked_at: Ts::from_micros(0),
            agreed_at: None,
        }
    }

    #[test]
    fn only_what_was_seen_is_overwritten() {
        let change = change(title("Analyst"), title("Chief"));
        assert_eq!(step(&change, &title("Chief")), Step::There);
        assert_eq!(step(&change, &title("Analyst")), Step::Write);
        assert_eq!(step(&change, &title("Director")), Step::Conflict);
        assert_eq!(step(&change, &title("")), Step::Conflict);
        assert_eq!(step(&change, &FieldValue::Office("Chief".parse().ok())), Step::Conflict);
    }

    #[test]
    fn numbers_are_the_same_in_any_order_of_their_kinds() {
        let (work, mobile) = ((PhoneKind::Work, "+33 1 40 00 00 01"), (PhoneKind::Mobile, "+33 6 40 00 00 01"));
        assert!(is_same(&phones(&[work, mobile]), &phones(&[mobile, work])));
        assert!(!is_same(&phones(&[work]), &phones(&[work, mobile])));
        assert!(!is_same(&phones(&[work]), &phones(&[(PhoneKind::Mobile, work.1)])));
    }

    #[test]
    fn states_are_read_back() {
        for state in ChangeState::ALL {
            assert_eq!(ChangeState::from_stored(state.as_str()), Some(state));
        }
    }
}
