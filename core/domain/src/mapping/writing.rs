//! The way back: which attributes of the directory a field is written to, and what of them a
//! field is made of.

use std::collections::BTreeMap;

use super::{Mapping, Reading, Target};
use crate::ownership::FieldValue;
use crate::person::ProfileField;
use crate::plugin::SourcePerson;
use crate::text::Line;
use crate::write_back::{targets, texts};

/// Why a field cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// Nothing fills it in.
    #[error("the mapping has no rule for {0}")]
    NoRule(Target),
    /// It is made of attributes in a way that has no way back.
    #[error("the mapping makes {0} by an expression, which cannot be turned round; let it name an attribute alone")]
    Expression(Target),
    /// The plugin does not write, or may not, what it is made of.
    #[error("{0} is made of \"{1}\", which the plugin does not write")]
    Attribute(Target, String),
}

impl Mapping {
    /// The attributes that a field is written to: of each rule the first name that the plugin
    /// delivers, since it is what is shown. `delivers` and `writes` say of a name whether the
    /// plugin does.
    pub fn written_to(
        &self,
        field: ProfileField,
        delivers: impl Fn(&str) -> bool,
        writes: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<Target, String>, NotWritten> {
        let attribute = |target: &Target| {
            let rule = self.rules.get(target).ok_or(NotWritten::NoRule(*target))?;
            let names = rule.names().ok_or(NotWritten::Expression(*target))?;
            let shown = names.iter().find(|name| delivers(name));
            let Some(name) = shown.filter(|name| writes(name)) else {
                let name = shown.or(names.first()).cloned().unwrap_or_default();
                return Err(NotWritten::Attribute(*target, name));
            };
            Ok((*target, name.clone()))
        };
        targets(field).iter().map(attribute).collect()
    }

    /// The value of one field, of attributes of the directory; nothing of a field that is never
    /// written.
    pub fn value(&self, field: ProfileField, source: &SourcePerson) -> Option<FieldValue> {
        let mut reading = Reading::new(self, source);
        let mut line = |target| reading.first::<Line>(target);
        Some(match field {
            ProfileField::Title => FieldValue::Title(line(Target::Title)),
            ProfileField::Organisation => FieldValue::Organisation(line(Target::Organisation)),
            ProfileField::Department => FieldValue::Department(line(Target::Department)),
            ProfileField::Office => FieldValue::Office(line(Target::Office)),
            ProfileField::Phones => FieldValue::Phones(reading.labelled_phones()),
            ProfileField::Address => FieldValue::Address(reading.address()),
            _ => return None,
        })
    }

    /// What is written for a change of a field: the attributes whose texts differ, each with all
    /// of its texts.
    pub fn writing(
        &self,
        to: &BTreeMap<Target, String>,
        before: &FieldValue,
        wanted: &FieldValue,
    ) -> BTreeMap<String, Vec<String>> {
        let differing = to.iter().filter(|(target, _)| texts(before, **target) != texts(wanted, **target));
        differing.map(|(target, attribute)| (attribute.clone(), texts(wanted, *target))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{MappingChange, Preset};
    use crate::plugin::{AttributeValue, SourcePhoto};

    const WRITES: [&str; 5] = ["title", "department", "telephoneNumber", "mobile", "o"];

    fn to(mapping: &Mapping, field: ProfileField) -> Result<BTreeMap<Target, String>, NotWritten> {
        let writes = |name: &str| WRITES.iter().any(|known| known.eq_ignore_ascii_case(name));
        mapping.written_to(field, |name| writes(name) || name == "ou", writes)
    }

    fn person(attributes: &[(&str, &str)]) -> SourcePerson {
        let of = |(name, text): &(&str, &str)| ((*name).to_owned(), AttributeValue::Text((*text).to_owned()));
        SourcePerson {
            external_id: "1".into(),
            active: true,
            attributes: attributes.iter().map(of).collect(),
            photo: SourcePhoto::None,
            position: None,
            handles: Vec::new(),
            withheld: Vec::new(),
        }
    }

    #[test]
    fn a_field_goes_back_where_it_came_from() {
        let mapping = Preset::STANDARD.mapping();
        let phones = to(&mapping, ProfileField::Phones).unwrap();
        assert_eq!(phones.into_values().collect::<Vec<_>>(), ["telephoneNumber", "mobile"]);
        assert_eq!(to(&mapping, ProfileField::Title).unwrap()[&Target::Title], "title");
        let office = to(&mapping, ProfileField::Office);
        assert_eq!(office, Err(NotWritten::Attribute(Target::Office, "physicalDeliveryOfficeName".into())));
        for (rule, words) in [
            ("title|upper", "turned round"),
            ("ou or title", "\"ou\", which the plugin does not write"),
            ("", "no rule"),
        ] {
            let change = MappingChange {
                set: BTreeMap::from([("title".to_owned(), rule.to_owned())]),
                ..MappingChange::default()
            };
            let refused = to(&mapping.changed(&change).unwrap(), ProfileField::Title).unwrap_err().to_string();
            assert!(refused.contains(words), "{rule}: {refused}");
        }
    }

    #[test]
    fn what_did_not_change_is_not_written() {
        let mapping = Preset::STANDARD.mapping();
        let read = |work, mobile| {
            let person = person(&[("telephoneNumber", work), ("mobile", mobile)]);
            mapping.value(ProfileField::Phones, &person).unwrap()
        };
        let to = to(&mapping, ProfileField::Phones).unwrap();
        let (before, wanted) = (read("+33 1 40 00 00 01", "+33 6 40 00 00 01"), read("+33140000001", "+33640000009"));
        let written = mapping.writing(&to, &before, &wanted);
        assert_eq!(written.keys().collect::<Vec<_>>(), ["mobile"]);
        assert_eq!(written["mobile"].len(), 1);
        let gone = mapping.writing(&to, &before, &FieldValue::Phones(Vec::new()));
        assert!(gone.len() == 2 && gone.values().all(Vec::is_empty));
    }
}
