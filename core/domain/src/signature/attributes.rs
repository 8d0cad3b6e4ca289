//! A profile in the standard names that plugins know (RFC 4519, RFC 2798, SCIM).

use crate::person::{LabelledLink, PhoneKind, Profile};
use crate::plugin::AttributeValue;

/// What a template may be shown of somebody; what is not known is left out. `profileUrl`
/// (RFC 7643, section 4.1.1) is their card.
pub fn of_person(profile: &Profile, card_url: &str) -> Vec<(String, AttributeValue)> {
    let mut all = Bag::default();
    all.text("displayName", Some(&profile.display_name));
    all.text("givenName", profile.given_name.as_ref());
    all.text("sn", profile.family_name.as_ref());
    all.text("pronouns", profile.pronouns.as_ref());
    all.text("title", profile.title.as_ref());
    all.text("o", profile.organisation.as_ref());
    all.text("department", profile.department.as_ref());
    all.text("physicalDeliveryOfficeName", profile.office.as_ref());
    for (name, kind) in [("telephoneNumber", PhoneKind::Work), ("mobile", PhoneKind::Mobile)] {
        all.texts(name, profile.phones.iter().filter(|phone| phone.kind == kind).map(|phone| &phone.number));
    }
    all.texts("mail", &profile.emails);
    // RFC 2079: its words behind a blank
    let labelled = |link: &LabelledLink| match &link.label {
        Some(label) => format!("{} {label}", link.url),
        None => link.url.to_string(),
    };
    all.texts("labeledURI", profile.links.iter().map(labelled));
    if let Some(address) = &profile.address {
        all.text("street", address.street.as_ref());
        all.text("postalCode", address.postal_code.as_ref());
        all.text("l", address.city.as_ref());
        all.text("st", address.region.as_ref());
        all.text("co", address.country.as_ref());
    }
    all.text("preferredLanguage", profile.locale.map(crate::Locale::tag).as_ref());
    all.text("profileUrl", Some(&card_url));
    all.0
}

/// What a template may be shown of the organisation.
pub fn of_organisation(name: &str) -> Vec<(String, AttributeValue)> {
    let mut all = Bag::default();
    all.text("o", Some(&name));
    all.0
}

#[derive(Default)]
struct Bag(Vec<(String, AttributeValue)>);

impl Bag {
    fn text(&mut self, name: &str, value: Option<&impl ToString>) {
        if let Some(value) = value {
            self.0.push((name.to_owned(), AttributeValue::Text(value.to_string())));
        }
    }

    fn texts<T: ToString>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
        if !values.is_empty() {
            self.0.push((name.to_owned(), AttributeValue::Texts(values)));
        }
    }
}
