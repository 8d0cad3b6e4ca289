//! vCards: 3.0 (RFC 2426), which iOS, Android and Outlook read, and 4.0 (RFC 6350).

use std::fmt::Write as _;

use data_encoding::BASE64;

use crate::card::Card;
use crate::ids::LeadId;
use crate::lead::LeadDetails;
use crate::person::{PhoneKind, PostalAddress};
use crate::text::{Line, folded};
use crate::time::Ts;

/// Which vCard is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// RFC 2426, what phones read.
    V3,
    /// RFC 6350.
    V4,
}

impl Version {
    /// The media type with its parameters (RFC 6350, 10.1).
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::V3 => "text/vcard; charset=utf-8; version=3.0",
            Self::V4 => "text/vcard; charset=utf-8; version=4.0",
        }
    }
}

/// Writes a card. `url` is the card's public address, `photo` a JPEG.
/// Lines end with CRLF and are folded at 75 octets on character borders.
pub fn write(card: &Card, version: Version, url: &str, photo: Option<&[u8]>) -> String {
    let mut out = Writer { out: String::with_capacity(1024 + photo.map_or(0, |p| p.len() * 3 / 2)) };
    let profile = &card.profile;
    out.line("BEGIN:VCARD");
    out.line(match version {
        Version::V3 => "VERSION:3.0",
        Version::V4 => "VERSION:4.0",
    });
    out.property("FN", profile.display_name.as_str());
    let (family, given) = match (&profile.family_name, &profile.given_name) {
        (None, None) => (Some(&profile.display_name), None),
        (family, given) => (family.as_ref(), given.as_ref()),
    };
    out.structured("N", &[family, given, None, None, None]);
    if profile.organisation.is_some() || profile.department.is_some() {
        let parts = [profile.organisation.as_ref(), profile.department.as_ref()];
        out.structured("ORG", if profile.department.is_some() { &parts } else { &parts[..1] });
    }
    if let Some(title) = &profile.title {
        out.property("TITLE", title.as_str());
    }
    if let (Version::V4, Some(pronouns)) = (version, &profile.pronouns) {
        out.property("PRONOUNS", pronouns.as_str()); // RFC 9554, 2.7
    }
    for (at, phone) in profile.phones.iter().enumerate() {
        let kind = match phone.kind {
            PhoneKind::Work => "work",
            PhoneKind::Mobile => "cell",
        };
        match version {
            Version::V3 => {
                let preferred = if at == 0 { ",PREF" } else { "" };
                let kind = kind.to_uppercase();
                out.property(&format!("TEL;TYPE={kind},VOICE{preferred}"), phone.number.as_str());
            }
            Version::V4 => out.raw(
                &format!("TEL;VALUE=uri;TYPE=\"{kind},voice\";PREF={}", at + 1),
                &format!("tel:{}", phone.number.dialled()),
            ),
        }
    }
    for (at, email) in profile.emails.iter().enumerate() {
        match version {
            Version::V3 => {
                let preferred = if at == 0 { ",PREF" } else { "" };
                out.property(&format!("EMAIL;TYPE=INTERNET,WORK{preferred}"), email.as_str());
            }
            Version::V4 => out.property(&format!("EMAIL;TYPE=work;PREF={}", at + 1), email.as_str()),
        }
    }
    if let Some(address) = &profile.address {
        out.address(version, address);
    }
    for (at, link) in profile.links.iter().enumerate() {
        match (version, &link.label) {
            (Version::V3, Some(label)) => {
                // iOS shows the label of a grouped pair
                out.raw(&format!("item{}.URL", at + 1), link.url.as_str());
                out.property(&format!("item{}.X-ABLabel", at + 1), label.as_str());
            }
            _ => out.raw("URL", link.url.as_str()),
        }
    }
    out.raw("SOURCE", &format!("{url}.vcf"));
    if let Some(photo) = photo {
        let data = BASE64.encode(photo);
        match version {
            Version::V3 => out.raw("PHOTO;ENCODING=b;TYPE=JPEG", &data),
            Version::V4 => out.raw("PHOTO", &format!("data:image/jpeg;base64,{data}")),
        }
    }
    out.revision(card.changed_at);
    out.raw("UID", url);
    out.line("END:VCARD");
    out.out
}

/// Whoever left their details, for an address book: 3.0, which all of them read. `note` says where and
/// when, and what was agreed to.
pub fn of_lead(lead: LeadId, details: &LeadDetails, at: Ts, note: &str) -> String {
    let mut out = Writer { out: String::with_capacity(1024) };
    out.line("BEGIN:VCARD");
    out.line("VERSION:3.0");
    out.property("FN", details.name.as_str());
    out.structured("N", &[Some(&details.name), None, None, None, None]);
    if let Some(company) = &details.company {
        out.structured("ORG", &[Some(company)]);
    }
    if let Some(phone) = &details.phone {
        out.property("TEL;TYPE=VOICE,PREF", phone.as_str());
    }
    out.property("EMAIL;TYPE=INTERNET,PREF", details.email.as_str());
    out.property("NOTE", note);
    out.revision(at);
    out.raw("UID", &format!("urn:uuid:{lead}"));
    out.line("END:VCARD");
    out.out
}

/// A file name for the download: a name without what file systems dislike.
pub fn file_name(name: &Line) -> String {
    let name: String =
        name.as_str().chars().map(|c| if c.is_alphanumeric() || "-_. '’".contains(c) { c } else { '_' }).collect();
    let name = name.trim_matches(['.', ' ', '_']);
    if name.is_empty() { "card.vcf".to_owned() } else { format!("{name}.vcf") }
}

/// A name for whoever takes ASCII alone: without accents and in small letters, words between hyphens. Nothing,
/// where no letter of it is left.
pub fn slug(name: &Line) -> Option<String> {
    let folded = folded(name.as_str());
    // an apostrophe is no end of a word
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '\'' | '’'));
    let words = words.map(|word| word.replace(['\'', '’'], ""));
    let slug = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    (!slug.is_empty()).then_some(slug)
}

struct Writer {
    out: String,
}

impl Writer {
    /// A property whose value is text, escaped (RFC 6350, 3.4).
    fn property(&mut self, name: &str, value: &str) {
        self.raw(name, &escaped(value));
    }

    /// A property of components separated by semicolons.
    fn structured(&mut self, name: &str, parts: &[Option<&Line>]) {
        let value = parts
            .iter()
            .map(|part| part.map(|p| escaped(p.as_str())).unwrap_or_default())
            .collect::<Vec<_>>()
            .join(";");
        self.raw(name, &value);
    }

    fn revision(&mut self, at: Ts) {
        self.raw("REV", &at.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string());
    }

    fn address(&mut self, version: Version, address: &PostalAddress) {
        let name = match version {
            Version::V3 => "ADR;TYPE=WORK",
            Version::V4 => "ADR;TYPE=work",
        };
        let parts = [
            None,
            None,
            address.street.as_ref(),
            address.city.as_ref(),
            address.region.as_ref(),
            address.postal_code.as_ref(),
            address.country.as_ref(),
        ];
        self.structured(name, &parts);
    }

    /// A property whose value needs no escaping.
    fn raw(&mut self, name: &str, value: &str) {
        let mut line = String::with_capacity(name.len() + 1 + value.len());
        // writing to a String cannot fail
        let _ = write!(line, "{name}:{value}");
        self.line(&line);
    }

    /// Folds one logical line (RFC 6350, 3.2): 75 octets without the line break,
    /// the space that begins a continuation included.
    fn line(&mut self, line: &str) {
        let mut room = 75;
        for c in line.chars() {
            if c.len_utf8() > room {
                self.out.push_str("\r\n ");
                room = 74;
            }
            room -= c.len_utf8();
            self.out.push(c);
        }
        self.out.push_str("\r\n");
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ',' | ';' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use calcard::vcard::{VCard, VCardProperty};
    use proptest::prelude::*;

    use super::*;
    use crate::person::{LabelledPhone, Profile};
    use crate::ports::Random;
    use crate::{CardId, PersonId, PublicId, Ts};

    struct Zero;

    impl Random for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn card(name: &str, title: &str) -> Option<Card> {
        let now = Ts::from_micros(1_764_000_000_000_000);
        let profile = Profile {
            display_name: name.parse().ok()?,
            given_name: None,
            family_name: None,
            pronouns: None,
            title: Some(title.parse().ok()?),
            organisation: None,
            department: None,
            office: None,
            phones: vec![LabelledPhone { kind: PhoneKind::Work, number: "+33 5 61 00 42 17".parse().unwrap() }],
            emails: vec!["zoe@banque-garonne.example".parse().unwrap()],
            links: Vec::new(),
            address: None,
            locale: None,
            photo: None,
        };
        Some(Card {
            id: CardId::new(now, &Zero),
            public_id: PublicId::new(&Zero),
            person: PersonId::new(now, &Zero),
            version: 1,
            profile,
            changed_at: now,
        })
    }

    fn text_of(vcard: &VCard, property: &VCardProperty) -> Option<String> {
        vcard.property(property)?.values.first()?.as_text().map(ToOwned::to_owned)
    }

    #[test]
    fn whoever_left_their_details_reads_back_with_where_and_when() {
        let at = Ts::from_micros(1_795_504_320_000_000);
        let form = crate::lead::LeadForm {
            name: "Amélie Traoré".into(),
            email: "amelie@atelier.example".into(),
            phone: "+33 6 12 34 56 78".into(),
            company: "Atelier; Bois, fils".into(),
            ..crate::lead::LeadForm::default()
        };
        let lead = LeadId::new(at, &Zero);
        let written = of_lead(lead, &form.parse().unwrap(), at, "Laissé le 24 novembre\nÀ la carte de Zoé; oui");
        let read = VCard::parse(&written).unwrap();
        let text = |property| text_of(&read, &property).unwrap();
        assert_eq!(text(VCardProperty::Fn), "Amélie Traoré");
        assert_eq!(text(VCardProperty::Email), "amelie@atelier.example");
        assert_eq!(text(VCardProperty::Tel), "+33 6 12 34 56 78");
        assert_eq!(text(VCardProperty::Org), "Atelier; Bois, fils");
        assert_eq!(text(VCardProperty::Note), "Laissé le 24 novembre\nÀ la carte de Zoé; oui");
        assert!(written.contains(&format!("UID:urn:uuid:{lead}\r\n")) && written.contains("REV:20261124T071200Z\r\n"));
        assert!(written.split("\r\n").all(|line| line.len() <= 75), "{written}");
    }

    #[test]
    fn names_of_files_are_never_empty() {
        for (name, file, ascii) in [
            ("Zoé Lefèvre-Núñez", "Zoé Lefèvre-Núñez.vcf", Some("zoe-lefevre-nunez")),
            ("Anne Martin", "Anne Martin.vcf", Some("anne-martin")),
            ("Sinéad O’Brien", "Sinéad O’Brien.vcf", Some("sinead-obrien")),
            ("李小龙", "李小龙.vcf", None),
            ("李 Bruce", "李 Bruce.vcf", Some("bruce")),
            ("...", "card.vcf", None),
            ("☺☺", "card.vcf", None),
        ] {
            let name: Line = name.parse().unwrap();
            assert_eq!((file_name(&name).as_str(), slug(&name).as_deref()), (file, ascii));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_and_every_line_is_short(
            name in "\\PC{1,120}", title in "[ -~éèñ’😀;,\\\\]{1,150}", photo in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let Some(card) = card(&name, &title) else { return Ok(()) };
            for version in [Version::V3, Version::V4] {
                let written = write(&card, version, "https://cards.example/c/x", Some(&photo));
                prop_assert!(written.ends_with("\r\n"));
                for line in written.trim_end_matches("\r\n").split("\r\n") {
                    prop_assert!(line.len() <= 75, "{} octets", line.len());
                    prop_assert!(!line.contains(['\r', '\n']));
                }
                let read = VCard::parse(&written).unwrap();
                prop_assert_eq!(text_of(&read, &VCardProperty::Fn).unwrap(), card.profile.display_name.as_str());
                let title = text_of(&read, &VCardProperty::Title).unwrap();
                prop_assert_eq!(title, card.profile.title.as_ref().unwrap().as_str());
            }
        }
    }
}
