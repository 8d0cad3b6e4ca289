//! Sample people whose profile is not the directory's alone.

use estampe_domain::ownership::{Entered, FieldValue, Inputs, Made, Origin, Owner, Owners};
use estampe_domain::person::{Profile, ProfileField};
use estampe_service::views::PersonDetail;

use crate::samples;

const SOURCE: &str = "Annuaire RH";

/// A profile as the directory says it.
pub(crate) fn plain(profile: &Profile) -> Made {
    let origin = Origin { source: SOURCE.into(), owners: Owners::default(), said: profile.clone() };
    Made { shown: profile.clone(), entered: Entered::default(), origin: Some(origin) }
}

/// One field of each owner.
pub(crate) fn owners() -> Owners {
    let owners = Owners::default().with(ProfileField::Office, Owner::Once);
    owners.and_then(|owners| owners.with(ProfileField::Pronouns, Owner::Own)).unwrap()
}

/// Somebody with values that were entered: kept, emptied, and contradicted since.
pub(crate) fn person() -> PersonDetail {
    let mut detail = samples::person(true);
    let mut made = plain(&detail.summary.profile);
    made.enter(vec![
        FieldValue::Title("Directrice, financements et export".parse().ok()),
        FieldValue::Department(None),
        FieldValue::Pronouns("elle".parse().ok()),
        FieldValue::Organisation("Banque Garonne International".parse().ok()),
    ]);
    let mut said = detail.summary.profile.clone();
    said.title = "Directrice régionale des financements d’exportation et du commerce extérieur".parse().ok();
    made = made.told(&said, &owners(), SOURCE);
    detail.summary.profile = made.shown.clone();
    detail.made = made;
    detail
}

/// Somebody whom no source knows.
pub(crate) fn alone() -> PersonDetail {
    let mut detail = samples::person(true);
    detail.identities.clear();
    detail.made.origin = None;
    detail.made.enter(vec![FieldValue::Title("Conseillère".parse().ok())]);
    detail
}

/// What somebody typed, with faults.
pub(crate) fn typed() -> Inputs {
    let pairs = [
        ("name", ""),
        ("title", "Directrice"),
        ("phone.0", "rappelez-moi"),
        ("phone-kind.0", "mobile"),
        ("phone.1", "+33 6 12 00 00 00"),
        ("link.0", "rdv.example"),
        ("link-label.0", "Prendre <script>alert(1)</script> rendez-vous"),
    ];
    pairs.map(|(input, text)| (input.to_owned(), text.to_owned())).into()
}
