//! A profile as it is typed: in a form of the console, or on the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{FieldValue, FullName};
use crate::locale::Locale;
use crate::mapping::{Country, entered};
use crate::person::{LabelledLink, LabelledPhone, PhoneKind, PostalAddress, Profile, ProfileField};
use crate::text::{Phone, TextProblem};

/// What is typed: the input's name and its text, in order. An input that is not there
/// leaves its field as it is; the inputs of one field go together.
pub type Inputs = Vec<(String, String)>;

/// Rows of a list at most.
const ROWS: usize = 20;

/// Inputs of one line, with their field.
const LINES: [(&str, ProfileField); 14] = [
    ("name", ProfileField::Name),
    ("given-name", ProfileField::Name),
    ("family-name", ProfileField::Name),
    ("pronouns", ProfileField::Pronouns),
    ("title", ProfileField::Title),
    ("organisation", ProfileField::Organisation),
    ("department", ProfileField::Department),
    ("office", ProfileField::Office),
    ("street", ProfileField::Address),
    ("postal-code", ProfileField::Address),
    ("city", ProfileField::Address),
    ("region", ProfileField::Address),
    ("country", ProfileField::Address),
    ("language", ProfileField::Language),
];

/// Inputs of a list. In a form each row has its number: `phone.0`; the command line says
/// the same name again.
const LISTS: [(&str, ProfileField); 7] = [
    ("phone", ProfileField::Phones),
    ("phone-kind", ProfileField::Phones),
    ("work-phone", ProfileField::Phones),
    ("mobile-phone", ProfileField::Phones),
    ("email", ProfileField::Emails),
    ("link", ProfileField::Links),
    ("link-label", ProfileField::Links),
];

/// A profile with every value as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileForm {
    lines: BTreeMap<&'static str, String>,
    /// Kind and number.
    pub phones: Vec<(PhoneKind, String)>,
    /// Addresses.
    pub emails: Vec<String>,
    /// Words and address.
    pub links: Vec<(String, String)>,
}

/// An input that no profile has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownInput(pub String);

impl fmt::Display for UnknownInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = LISTS.iter().filter(|(name, _)| !matches!(*name, "phone" | "phone-kind" | "link-label"));
        let names: Vec<_> = LINES.iter().chain(lists).map(|(name, _)| *name).collect();
        write!(f, "\"{}\" is no field of a person; there are: {}", self.0, names.join(", "))
    }
}

/// What is wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputProblem {
    /// With its text.
    Text(TextProblem),
    /// It is no language that Estampe speaks.
    Language,
}

impl fmt::Display for InputProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(problem) => problem.fmt(f),
            Self::Language => f.write_str("it is neither fr nor en"),
        }
    }
}

/// Everything that is wrong, by input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileProblems(pub BTreeMap<String, InputProblem>);

impl ProfileForm {
    /// A profile, to be changed.
    pub fn of(profile: &Profile) -> Self {
        fn text<T: ToString>(value: Option<&T>) -> String {
            value.map(ToString::to_string).unwrap_or_default()
        }
        let address = profile.address.clone().unwrap_or_default();
        let lines = [
            ("name", profile.display_name.to_string()),
            ("given-name", text(profile.given_name.as_ref())),
            ("family-name", text(profile.family_name.as_ref())),
            ("pronouns", text(profile.pronouns.as_ref())),
            ("title", text(profile.title.as_ref())),
            ("organisation", text(profile.organisation.as_ref())),
            ("department", text(profile.department.as_ref())),
            ("office", text(profile.office.as_ref())),
            ("street", text(address.street.as_ref())),
            ("postal-code", text(address.postal_code.as_ref())),
            ("city", text(address.city.as_ref())),
            ("region", text(address.region.as_ref())),
            ("country", text(address.country.as_ref())),
            ("language", profile.locale.map(Locale::tag).unwrap_or_default().to_owned()),
        ];
        Self {
            lines: lines.into(),
            phones: profile.phones.iter().map(|phone| (phone.kind, phone.number.to_string())).collect(),
            emails: profile.emails.iter().map(ToString::to_string).collect(),
            links: profile.links.iter().map(|link| (text(link.label.as_ref()), link.url.to_string())).collect(),
        }
    }

    /// The field that an input belongs to.
    pub fn field_of(input: &str) -> Option<ProfileField> {
        let name = match input.split_once('.') {
            Some((name, row)) if row.parse::<usize>().is_ok_and(|row| row < ROWS) => name,
            Some(_) => return None,
            None => return LINES.iter().chain(&LISTS).find(|(known, _)| *known == input).map(|(_, field)| *field),
        };
        LISTS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }

    /// The text of an input of one line.
    pub fn line(&self, input: &str) -> &str {
        self.lines.get(input).map_or("", String::as_str)
    }

    /// Everything that stands there, as a form would send it.
    pub fn inputs(&self) -> Inputs {
        fn rows<'a>(name: &str, texts: impl IntoIterator<Item = &'a str>) -> Inputs {
            let numbered = texts.into_iter().enumerate();
            numbered.map(|(row, text)| (format!("{name}.{row}"), text.to_owned())).collect()
        }
        let kind = |kind: &PhoneKind| if *kind == PhoneKind::Mobile { "mobile" } else { "work" };
        let mut inputs: Inputs = self.lines.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
        inputs.extend(rows("phone", self.phones.iter().map(|(_, number)| number.as_str())));
        inputs.extend(rows("phone-kind", self.phones.iter().map(|(of, _)| kind(of))));
        inputs.extend(rows("email", self.emails.iter().map(String::as_str)));
        inputs.extend(rows("link", self.links.iter().map(|(_, url)| url.as_str())));
        inputs.extend(rows("link-label", self.links.iter().map(|(label, _)| label.as_str())));
        inputs
    }

    /// Fills inputs in: the fields that they belong to.
    pub fn fill(&mut self, inputs: &Inputs) -> Result<BTreeSet<ProfileField>, UnknownInput> {
        let mut fields = BTreeSet::new();
        for (input, text) in inputs {
            fields.insert(Self::field_of(input).ok_or_else(|| UnknownInput(input.clone()))?);
            if let Some((line, _)) = LINES.iter().find(|(line, _)| line == input) {
                self.lines.insert(line, text.clone());
            }
        }
        let rows = |name: &str| -> BTreeMap<usize, &str> {
            let of = |input: &str| input.strip_prefix(name)?.strip_prefix('.')?.parse().ok();
            inputs.iter().filter_map(|(input, text)| Some((of(input)?, text.as_str()))).collect()
        };
        let (numbers, kinds) = (rows("phone"), rows("phone-kind"));
        if !numbers.is_empty() {
            let kind = |row| if kinds.get(row) == Some(&"mobile") { PhoneKind::Mobile } else { PhoneKind::Work };
            self.phones = numbers.iter().map(|(row, number)| (kind(row), (*number).to_owned())).collect();
        }
        if !rows("email").is_empty() {
            self.emails = rows("email").into_values().map(ToOwned::to_owned).collect();
        }
        let (urls, labels) = (rows("link"), rows("link-label"));
        if !urls.is_empty() {
            let label = |row| labels.get(row).copied().unwrap_or_default().to_owned();
            self.links = urls.iter().map(|(row, url)| (label(row), (*url).to_owned())).collect();
        }
        self.fill_named(inputs);
        Ok(fields)
    }

    /// Lists as the command line names them: each name replaces what it is the name of.
    fn fill_named(&mut self, inputs: &Inputs) {
        let named = |name: &str| -> Vec<String> {
            inputs.iter().filter(|(input, _)| input == name).map(|(_, text)| text.clone()).collect()
        };
        for (name, kind) in [("work-phone", PhoneKind::Work), ("mobile-phone", PhoneKind::Mobile)] {
            let numbers = named(name);
            if !numbers.is_empty() {
                self.phones.retain(|(other, _)| *other != kind);
                let at = if kind == PhoneKind::Work { 0 } else { self.phones.len() };
                self.phones.splice(at..at, numbers.into_iter().map(|number| (kind, number)));
            }
        }
        let (emails, links) = (named("email"), named("link"));
        if !emails.is_empty() {
            self.emails = emails;
        }
        if !links.is_empty() {
            // "URL label", as a directory has it (RFC 2079)
            let split = |text: String| {
                let (url, label) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
                (label.trim().to_owned(), url.to_owned())
            };
            self.links = links.into_iter().map(split).collect();
        }
    }

    /// The values of these fields, or every problem at once.
    pub fn parse(
        &self,
        fields: &BTreeSet<ProfileField>,
        numbers: Numbers<'_>,
    ) -> Result<Vec<FieldValue>, ProfileProblems> {
        let mut reader = Reader { form: self, numbers, problems: BTreeMap::new() };
        let values: Vec<_> = fields.iter().filter_map(|field| reader.value(*field)).collect();
        if reader.problems.is_empty() { Ok(values) } else { Err(ProfileProblems(reader.problems)) }
    }
}

/// How telephone numbers are taken.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    /// Those that stand there already: they are nobody's to mend who changes another.
    standing: &'a [LabelledPhone],
    /// Where those without their country's code are dialled.
    country: Option<Country>,
}

impl<'a> Numbers<'a> {
    /// For whoever changes this profile.
    pub fn of(standing: &'a Profile, country: Option<Country>) -> Self {
        Self { standing: &standing.phones, country }
    }

    fn read(&self, text: &str) -> Result<Phone, TextProblem> {
        match self.standing.iter().find(|phone| phone.number.as_str() == text) {
            Some(phone) => Ok(phone.number.clone()),
            None => entered(text, self.country),
        }
    }
}

struct Reader<'a> {
    form: &'a ProfileForm,
    numbers: Numbers<'a>,
    problems: BTreeMap<String, InputProblem>,
}

impl Reader<'_> {
    fn value(&mut self, field: ProfileField) -> Option<FieldValue> {
        Some(match field {
            ProfileField::Name => {
                let (given, family) = (self.line("given-name"), self.line("family-name"));
                let display = self.required("name", self.form.line("name"))?;
                FieldValue::Name(FullName { display, given, family })
            }
            ProfileField::Pronouns => FieldValue::Pronouns(self.line("pronouns")),
            ProfileField::Title => FieldValue::Title(self.line("title")),
            ProfileField::Organisation => FieldValue::Organisation(self.line("organisation")),
            ProfileField::Department => FieldValue::Department(self.line("department")),
            ProfileField::Office => FieldValue::Office(self.line("office")),
            ProfileField::Phones => {
                let rows = self.form.phones.iter().enumerate();
                let phone = |(row, (kind, text)): (usize, &(PhoneKind, String))| {
                    let typed = Some(text).filter(|text| !text.trim().is_empty())?;
                    let number = self.kept(&format!("phone.{row}"), self.numbers.read(typed))?;
                    Some(LabelledPhone { kind: *kind, number })
                };
                FieldValue::Phones(rows.filter_map(phone).collect())
            }
            ProfileField::Emails => {
                let rows = self.form.emails.iter().enumerate();
                FieldValue::Emails(
                    rows.filter_map(|(row, text)| self.optional(&format!("email.{row}"), text)).collect(),
                )
            }
            ProfileField::Links => {
                let rows = self.form.links.iter().enumerate();
                FieldValue::Links(rows.filter_map(|(row, (label, url))| self.link(row, label, url)).collect())
            }
            ProfileField::Address => {
                let address = PostalAddress {
                    street: self.line("street"),
                    postal_code: self.line("postal-code"),
                    city: self.line("city"),
                    region: self.line("region"),
                    country: self.line("country"),
                };
                FieldValue::Address((address != PostalAddress::default()).then_some(address))
            }
            ProfileField::Language => {
                let text = self.form.line("language").trim();
                let locale: Option<Locale> = text.parse().ok();
                if locale.is_none() && !text.is_empty() {
                    self.problems.insert("language".to_owned(), InputProblem::Language);
                }
                FieldValue::Language(locale)
            }
            // no input is a photo's
            ProfileField::Photo => return None,
        })
    }

    fn link(&mut self, row: usize, label: &str, url: &str) -> Option<LabelledLink> {
        if label.trim().is_empty() && url.trim().is_empty() {
            return None;
        }
        let label = self.optional(&format!("link-label.{row}"), label);
        Some(LabelledLink { label, url: self.required(&format!("link.{row}"), url)? })
    }

    fn line<T: std::str::FromStr<Err = TextProblem>>(&mut self, input: &str) -> Option<T> {
        self.optional(input, self.form.line(input))
    }

    fn optional<T: std::str::FromStr<Err = TextProblem>>(&mut self, input: &str, text: &str) -> Option<T> {
        if text.trim().is_empty() { None } else { self.required(input, text) }
    }

    fn required<T: std::str::FromStr<Err = TextProblem>>(&mut self, input: &str, text: &str) -> Option<T> {
        let read = if text.trim().is_empty() { Err(TextProblem::Empty) } else { text.parse() };
        self.kept(input, read)
    }

    fn kept<T>(&mut self, input: &str, read: Result<T, TextProblem>) -> Option<T> {
        read.map_err(|problem| self.problems.insert(input.to_owned(), InputProblem::Text(problem))).ok()
    }
}
