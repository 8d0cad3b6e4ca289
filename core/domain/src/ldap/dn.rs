//! Distinguished names (RFC 4514): parsed, compared as directories compare them, written
//! again. A name is never compared as text: `OU=People` and `ou = people` are one entry,
//! `ou=people\,dc=example` is another.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// Octets of a name.
const MAX_LENGTH: usize = 8_192;
/// Relative names of a name.
const MAX_DEPTH: usize = 128;

/// Long names and numbers of the types that names are made of (RFC 4514, section 3).
const SAME_TYPES: [(&str, [&str; 2]); 9] = [
    ("cn", ["commonname", "2.5.4.3"]),
    ("l", ["localityname", "2.5.4.7"]),
    ("st", ["stateorprovincename", "2.5.4.8"]),
    ("o", ["organizationname", "2.5.4.10"]),
    ("ou", ["organizationalunitname", "2.5.4.11"]),
    ("c", ["countryname", "2.5.4.6"]),
    ("street", ["streetaddress", "2.5.4.9"]),
    ("dc", ["domaincomponent", "0.9.2342.19200300.100.1.25"]),
    ("uid", ["userid", "0.9.2342.19200300.100.1.1"]),
];

/// A name. Equal are names of the same entry, however they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dn(Vec<Rdn>);

/// A relative name: one or more types with their values, a set.
#[derive(Clone, Debug)]
struct Rdn(Vec<Part>);

#[derive(Clone, Debug)]
struct Part {
    /// As it was written.
    kind: String,
    value: Value,
    /// What is compared.
    key: (String, Value),
}

/// A value: octets, or those of a BER encoding (`#04024869`), which we do not look into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Octets(Vec<u8>),
    Encoded(Vec<u8>),
}

impl PartialEq for Rdn {
    fn eq(&self, other: &Self) -> bool {
        let keys = |rdn: &Self| {
            let mut keys: Vec<_> = rdn.0.iter().map(|part| part.key.clone()).collect();
            keys.sort();
            keys.dedup();
            keys
        };
        keys(self) == keys(other)
    }
}

impl Eq for Rdn {}

impl Dn {
    /// Parses a name; the empty one is the directory's root. The error says what would be
    /// right.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("it is longer than {MAX_LENGTH} octets"));
        }
        let mut rest = Rest { left: text.trim_start_matches(' ').as_bytes() };
        let mut names = Vec::new();
        if rest.left.is_empty() {
            return Ok(Self(names));
        }
        loop {
            let mut parts = vec![rest.part()?];
            while rest.take(b'+') {
                parts.push(rest.part()?);
            }
            names.push(Rdn(parts));
            if names.len() > MAX_DEPTH {
                return Err(format!("it has more than {MAX_DEPTH} parts"));
            }
            if rest.left.is_empty() {
                return Ok(Self(names));
            }
            if !rest.take(b',') {
                return Err("its parts are separated by commas".to_owned());
            }
        }
    }

    /// One text for all names of the same entry. It is no name itself.
    pub fn canonical(&self) -> String {
        let part = |(kind, value): &(String, Value)| format!("{kind}={value}");
        let name = |rdn: &Rdn| {
            let mut keys: Vec<_> = rdn.0.iter().map(|part| part.key.clone()).collect();
            keys.sort();
            keys.dedup();
            keys.iter().map(part).collect::<Vec<_>>().join("+")
        };
        self.0.iter().map(name).collect::<Vec<_>>().join(",")
    }

    /// Whether this is `base` or an entry below it.
    pub fn is_within(&self, base: &Self) -> bool {
        self.0.ends_with(&base.0)
    }

    /// This name with its end written as `base` has it, when it is `base` or below it. A
    /// server may hold different what compares equal here; it is asked for what was granted.
    pub fn rebased(&self, base: &Self) -> Option<Self> {
        let above = self.0.len().checked_sub(base.0.len())?;
        let own = self.0.get(..above).filter(|_| self.is_within(base))?;
        Some(Self(own.iter().chain(&base.0).cloned().collect()))
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, rdn) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            for (position, part) in rdn.0.iter().enumerate() {
                let plus = if position > 0 { "+" } else { "" };
                write!(f, "{plus}{}={}", part.kind, part.value)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = match self {
            Self::Encoded(octets) => {
                f.write_str("#")?;
                return octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"));
            }
            Self::Octets(octets) => octets,
        };
        let last = octets.len().saturating_sub(1);
        for (position, octet) in octets.iter().enumerate() {
            let plain = match octet {
                b' ' => position > 0 && position < last,
                b'#' => position > 0,
                b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\' | b'=' => false,
                octet => octet.is_ascii_graphic(),
            };
            if plain {
                write!(f, "{}", char::from(*octet))?;
            } else {
                write!(f, "\\{octet:02x}")?;
            }
        }
        Ok(())
    }
}

/// What of the text is not read yet.
struct Rest<'a> {
    left: &'a [u8],
}

impl Rest<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, left) = self.left.split_first()?;
        self.left = left;
        Some(*first)
    }

    fn take(&mut self, octet: u8) -> bool {
        let found = self.left.first() == Some(&octet);
        if found {
            self.next();
        }
        found
    }

    fn skip_spaces(&mut self) {
        while self.take(b' ') {}
    }

    fn part(&mut self) -> Result<Part, String> {
        self.skip_spaces();
        let mut kind = String::new();
        while let Some(octet) = self.left.first().filter(|octet| octet.is_ascii_alphanumeric() || b"-.".contains(octet))
        {
            kind.push(char::from(*octet));
            self.next();
        }
        self.skip_spaces();
        if !super::is_attribute_type(&kind) || !self.take(b'=') {
            return Err("each part is written type=value, such as ou=people".to_owned());
        }
        self.skip_spaces();
        let value = if self.take(b'#') { self.encoded()? } else { self.octets()? };
        let key = (type_key(&kind), value.key());
        Ok(Part { kind, value, key })
    }

    fn encoded(&mut self) -> Result<Value, String> {
        let mut octets = Vec::new();
        while self.left.first().is_some_and(u8::is_ascii_hexdigit) {
            octets.push(self.hex()?);
        }
        self.skip_spaces();
        let ends = self.left.first().is_none_or(|octet| b",+".contains(octet));
        if octets.is_empty() || !ends {
            return Err("after # stand pairs of hexadecimal digits alone".to_owned());
        }
        Ok(Value::Encoded(octets))
    }

    fn octets(&mut self) -> Result<Value, String> {
        let mut octets = Vec::new();
        // spaces at the end count when they are escaped
        let mut kept = 0;
        while let Some(octet) = self.left.first().copied().filter(|octet| !b",+".contains(octet)) {
            self.next();
            match octet {
                b'\\' => {
                    octets.push(self.escaped()?);
                    kept = octets.len();
                }
                b'"' | b';' | b'<' | b'>' | 0 => {
                    return Err("the characters \" ; < > and NUL are written with \\ before them".to_owned());
                }
                b' ' => octets.push(b' '),
                octet => {
                    octets.push(octet);
                    kept = octets.len();
                }
            }
        }
        octets.truncate(kept);
        Ok(Value::Octets(octets))
    }

    fn escaped(&mut self) -> Result<u8, String> {
        match self.left.first() {
            Some(octet) if octet.is_ascii_hexdigit() => self.hex(),
            Some(octet) if b" \"#+,;<=>\\".contains(octet) => Ok(self.next().unwrap_or_default()),
            _ => Err("after \\ stand two hexadecimal digits or one of space \" # + , ; < = > \\".to_owned()),
        }
    }

    fn hex(&mut self) -> Result<u8, String> {
        let mut digit = || self.next().and_then(|octet| char::from(octet).to_digit(16));
        let both = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        both.ok_or_else(|| "hexadecimal digits stand in pairs".to_owned())
    }
}

fn type_key(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    let short = SAME_TYPES.iter().find(|(_, others)| others.contains(&lower.as_str()));
    short.map_or(lower.clone(), |(short, _)| (*short).to_owned())
}

impl Value {
    /// Without case and without what spaces say beyond separating (RFC 4518, in short).
    fn key(&self) -> Self {
        let Self::Octets(octets) = self else { return self.clone() };
        let Ok(text) = std::str::from_utf8(octets) else { return self.clone() };
        let folded: String = text.nfkc().collect::<String>().to_lowercase();
        let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        Self::Octets(words.join(" ").into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn the_same_entry_is_found_however_it_is_written() {
        for (one, other) in [
            ("ou=People,dc=example,dc=org", " OU = people , DC=Example, dc=ORG "),
            ("cn=A B", "cn=a   b"),
            ("cn=a\\,b", "cn=A\\2cB"),
            ("cn=Zoé", "CN=Zo\\c3\\a9"),
            ("cn=Zoé", "commonName=Zoe\u{301}"),
            ("uid=1+cn=x,o=y", "cn=X+0.9.2342.19200300.100.1.1=1,O=Y"),
            ("cn=#0402486A", "cn=#0402486a"),
            ("cn=\\ a\\ ", "cn=a"),
            ("cn=a=b", "cn=a\\=b"),
            ("", "  "),
        ] {
            assert_eq!(dn(one), dn(other), "{one} {other}");
            assert_eq!(dn(one).canonical(), dn(other).canonical(), "{one} {other}");
        }
        for (one, other) in [
            ("ou=people,dc=example", "ou=people\\,dc\\=example"),
            ("cn=a+sn=b", "cn=a,sn=b"),
            ("cn=a", "sn=a"),
            ("cn=ab", "cn=a b"),
            ("cn=#0402486A", "cn=Hj"),
            ("cn=\\ff", "cn=\\fe"),
        ] {
            assert_ne!(dn(one), dn(other), "{one} {other}");
            assert_ne!(dn(one).canonical(), dn(other).canonical(), "{one} {other}");
        }
    }

    #[test]
    fn below_is_told_by_parts_and_not_by_text() {
        let base = dn("ou=people,dc=example,dc=org");
        for inside in [
            "ou=people,dc=example,dc=org",
            "OU=People, DC=Example, DC=Org",
            "uid=x,ou=a\\,b,ou=people,dc=example,dc=org",
        ] {
            assert!(dn(inside).is_within(&base), "{inside}");
        }
        for outside in [
            "dc=example,dc=org",
            "",
            "ou=xpeople,dc=example,dc=org",
            "cn=x\\,ou=people,dc=example,dc=org",
            "cn=\"x,ou=people\",dc=example,dc=org",
            "ou=people,dc=example,dc=org,dc=evil",
            "ou=people\\,dc=example\\,dc=org",
            "cn=x+ou=people,dc=example,dc=org",
        ] {
            assert!(!Dn::parse(outside).is_ok_and(|outside| outside.is_within(&base)), "{outside}");
        }
        assert!(dn("cn=x").is_within(&dn("")));
        let below = dn("uid=X y, OU=PEOPLE,dc=EXAMPLE,dc=org").rebased(&base).unwrap();
        assert_eq!(below.to_string(), "uid=X y,ou=people,dc=example,dc=org");
        assert_eq!(dn("dc=org").rebased(&base), None);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "x",
            "=x",
            "cn",
            "cn=a,",
            ",cn=a",
            "cn=a;sn=b",
            "cn=\"a\"",
            "cn=\\",
            "cn=\\4",
            "cn=#",
            "cn=#1",
            "cn=#zz",
            "cn=a\\q",
            "c n=a",
            "cn=a+",
            "-=a",
            "1..2=a",
            "1a=b",
            "cn=#12 3",
        ] {
            assert!(Dn::parse(text).is_err(), "{text}");
        }
        assert!(Dn::parse(&"x".repeat(MAX_LENGTH + 1)).unwrap_err().contains("longer"));
        assert!(Dn::parse(&vec!["a=b"; MAX_DEPTH + 1].join(",")).unwrap_err().contains("parts"));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,60}") {
            let _ = Dn::parse(&text);
        }

        #[test]
        fn what_looks_like_a_name_does_not_either(text in "[a-c#=+,;\\\\\" 0-9éÀ]{0,40}") {
            if let Ok(name) = Dn::parse(&text) {
                prop_assert_eq!(&Dn::parse(&name.to_string()).unwrap(), &name);
                prop_assert_eq!(Dn::parse(&name.to_string()).unwrap().to_string(), name.to_string());
            }
        }

        #[test]
        fn any_value_is_read_back_as_written(value in prop::collection::vec(any::<u8>(), 0..20)) {
            let written = format!("cn={},dc=x", Value::Octets(value.clone()));
            let name = dn(&written);
            prop_assert_eq!(&name.0[0].0[0].value, &Value::Octets(value));
            prop_assert_eq!(name.to_string(), written);
            prop_assert!(name.is_within(&dn("DC=X")));
        }
    }
}
