//! Changes on their way to the directory: in each state, with what can be said to them.

use estampe_domain::ownership::FieldValue;
use estampe_domain::person::{LabelledPhone, PhoneKind};
use estampe_domain::write_back::{ChangeState, DirectoryChange, code};
use estampe_domain::{AccountId, ChangeId, PersonId, SourceId};
use estampe_service::{NamedChange, ShownChange};

use super::{Sevens, now};

fn title(text: &str) -> FieldValue {
    FieldValue::Title(text.parse().ok())
}

fn phones(numbers: &[&str]) -> FieldValue {
    let phone = |number: &&str| LabelledPhone { kind: PhoneKind::Mobile, number: number.parse().unwrap() };
    FieldValue::Phones(numbers.iter().map(phone).collect())
}

fn change(at: i64, state: ChangeState, why: Option<&str>, (before, wanted): (FieldValue, FieldValue)) -> ShownChange {
    let when = now().plus_seconds(-3_600 * at);
    let change = DirectoryChange {
        id: ChangeId::new(when, &Sevens),
        person: PersonId::new(now(), &Sevens),
        source: SourceId::new(now(), &Sevens),
        before,
        wanted,
        state,
        code: why.map(str::to_owned),
        detail: None,
        found: (state == ChangeState::Conflict).then(|| title("Directrice régionale")),
        tries: 0,
        asked_by: Some(AccountId::new(now(), &Sevens)),
        asked_at: when,
        agreed_at: None,
    };
    let named = NamedChange {
        change,
        person_name: "Zoé Lefèvre-Núñez".into(),
        source_name: "Entra".into(),
        asked_by_name: (at != 3).then(|| "Karim Benali".into()),
    };
    ShownChange {
        named,
        can_agree: state == ChangeState::Asked,
        can_try_again: state == ChangeState::Failed,
        can_end: state != ChangeState::Writing,
    }
}

/// Those of somebody who looks at their own.
pub(crate) fn own() -> Vec<ShownChange> {
    let wanted = (title("Conseillère"), title("Directrice des financements d’exportation"));
    vec![change(1, ChangeState::Asked, None, wanted)]
}

/// One in each state.
pub(crate) fn all() -> Vec<ShownChange> {
    let numbers = || (phones(&["+33 6 12 00 42 17"]), phones(&[]));
    let titles = || (title("Conseillère"), title("Directrice des financements d’exportation"));
    let mut all = own();
    all.extend([
        change(2, ChangeState::Approved, None, titles()),
        change(3, ChangeState::Approved, Some("rate-limited"), numbers()),
        change(4, ChangeState::Approved, Some("unavailable"), titles()),
        change(5, ChangeState::Writing, None, titles()),
        change(6, ChangeState::Conflict, None, titles()),
    ]);
    let codes = [code::OFF, code::GONE, code::MAPPING, code::NOT_SHOWN];
    let kinds = ["denied", "auth", "unsupported", "unavailable", "internal"];
    all.extend(codes.into_iter().chain(kinds).map(|why| change(7, ChangeState::Failed, Some(why), numbers())));
    if let Some(last) = all.last_mut() {
        last.named.change.detail = Some("Microsoft Graph does not let the application change this person (403)".into());
    }
    all
}
