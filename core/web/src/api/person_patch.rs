//! What changes of a person, and how the form of the profile takes it.

use estampe_domain::ownership::Inputs;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::people::{Address, NamedLink, NumberKind, PhoneNumber};
use crate::api::problem::FieldProblem;

/// What changes of a person. What is not named stays; `null` clears a field. Lists are
/// replaced as a whole.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonPatch {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    name: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    given_name: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    family_name: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    pronouns: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    title: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    organisation: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    department: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    office: Said<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<PhoneNumber>>, max_items = 20)]
    phones: Said<Vec<PhoneNumber>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    emails: Said<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<NamedLink>>, max_items = 20)]
    links: Said<Vec<NamedLink>>,
    #[serde(default)]
    #[schema(value_type = Option<Address>)]
    address: Said<Address>,
    /// `fr` or `en`
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^(fr|en)$")]
    language: Said<String>,
}

/// What a patch says of a field.
#[derive(Debug, Default)]
enum Said<T> {
    /// It is not named: it stays.
    #[default]
    Nothing,
    /// `null`: it is cleared.
    Cleared,
    /// This.
    Is(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Said<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(from)?.map_or(Self::Cleared, Self::Is))
    }
}

impl<T: Default> Said<T> {
    /// What is entered, where anything is.
    fn entered(self) -> Option<T> {
        match self {
            Self::Nothing => None,
            Self::Cleared => Some(T::default()),
            Self::Is(value) => Some(value),
        }
    }
}

/// Most rows of a list.
const ROWS: usize = 20;

impl PersonPatch {
    /// As the form of the profile takes it, or what is wrong with its size.
    pub(super) fn inputs(self) -> Result<Inputs, FieldProblem> {
        let mut inputs = Inputs::new();
        let lines = [
            ("name", self.name),
            ("given-name", self.given_name),
            ("family-name", self.family_name),
            ("pronouns", self.pronouns),
            ("title", self.title),
            ("organisation", self.organisation),
            ("department", self.department),
            ("office", self.office),
            ("language", self.language),
        ];
        for (input, text) in lines {
            inputs.extend(text.entered().map(|text| (input.to_owned(), text)));
        }
        if let Some(address) = self.address.entered() {
            let Address { street, postal_code, city, region, country } = address;
            let parts = [
                ("street", street),
                ("postal-code", postal_code),
                ("city", city),
                ("region", region),
                ("country", country),
            ];
            inputs.extend(parts.map(|(input, text)| (input.to_owned(), text.unwrap_or_default())));
        }
        if let Some(phones) = self.phones.entered() {
            let kind = |phone: &PhoneNumber| match phone.kind {
                NumberKind::Work => "work".to_owned(),
                NumberKind::Mobile => "mobile".to_owned(),
            };
            rows(&mut inputs, "phones", "phone-kind", phones.iter().map(kind))?;
            rows(&mut inputs, "phones", "phone", phones.into_iter().map(|phone| phone.number))?;
        }
        if let Some(emails) = self.emails.entered() {
            rows(&mut inputs, "emails", "email", emails.into_iter())?;
        }
        if let Some(links) = self.links.entered() {
            let label = |link: &NamedLink| link.label.clone().unwrap_or_default();
            rows(&mut inputs, "links", "link-label", links.iter().map(label))?;
            rows(&mut inputs, "links", "link", links.into_iter().map(|link| link.url))?;
        }
        Ok(inputs)
    }
}

/// The rows of a list, numbered; an empty one clears it.
fn rows(
    inputs: &mut Inputs,
    field: &str,
    input: &str,
    texts: impl ExactSizeIterator<Item = String>,
) -> Result<(), FieldProblem> {
    if texts.len() > ROWS {
        return Err(FieldProblem::body(format!("/{field}"), format!("it has at most {ROWS} entries")));
    }
    if texts.len() == 0 {
        inputs.push((format!("{input}.0"), String::new()));
    }
    inputs.extend(texts.enumerate().map(|(row, text)| (format!("{input}.{row}"), text)));
    Ok(())
}

/// Where in a [`PersonPatch`] an input of the form stands.
pub(super) fn pointer(input: &str) -> String {
    let (name, row) = input.split_once('.').unwrap_or((input, ""));
    match name {
        "phone" => format!("/phones/{row}/number"),
        "phone-kind" => format!("/phones/{row}/kind"),
        "email" => format!("/emails/{row}"),
        "link" => format!("/links/{row}/url"),
        "link-label" => format!("/links/{row}/label"),
        "street" | "postal-code" | "city" | "region" | "country" => format!("/address/{}", name.replace('-', "_")),
        line => format!("/{}", line.replace('-', "_")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_names_what_it_changes() {
        let read = |json: &str| serde_json::from_str::<PersonPatch>(json).unwrap().inputs().unwrap();
        let pair = |input: &str, text: &str| (input.to_owned(), text.to_owned());
        assert_eq!(read("{}"), []);
        assert_eq!(read(r#"{"title": null, "office": "Pau"}"#), [pair("title", ""), pair("office", "Pau")]);
        assert_eq!(read(r#"{"emails": []}"#), [pair("email.0", "")]);
        assert_eq!(
            read(r#"{"phones": [{"kind": "mobile", "number": "+33 6"}]}"#),
            [pair("phone-kind.0", "mobile"), pair("phone.0", "+33 6")]
        );
        assert!(serde_json::from_str::<PersonPatch>(r#"{"active": false}"#).is_err());
        let many: Vec<_> = (0..21).map(|n| format!("a{n}@x.example")).collect();
        let many = serde_json::from_value::<PersonPatch>(serde_json::json!({ "emails": many })).unwrap();
        assert_eq!(many.inputs().unwrap_err().pointer.as_deref(), Some("/emails"));
        for (input, place) in
            [("phone.3", "/phones/3/number"), ("postal-code", "/address/postal_code"), ("given-name", "/given_name")]
        {
            assert_eq!(pointer(input), place);
        }
    }
}
