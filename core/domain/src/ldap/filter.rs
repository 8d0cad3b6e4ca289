//! Search filters (RFC 4515): parsed into a tree, joined as trees, written again with
//! everything escaped that could be mistaken.

use std::fmt;

/// Octets of a filter.
const MAX_LENGTH: usize = 16 << 10;
/// How deep it may be nested.
const MAX_DEPTH: usize = 24;
/// Its parts, all together.
const MAX_NODES: usize = 1_000;

/// Active Directory's matching rules: all of these bits, any of these bits, in a chain of
/// links. They test the attribute that is named and no other.
pub const CHAIN_AND_BIT_RULES: [&str; 3] =
    ["1.2.840.113556.1.4.803", "1.2.840.113556.1.4.804", "1.2.840.113556.1.4.1941"];

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All of these.
    And(Vec<Self>),
    /// Any of these.
    Or(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A comparison with a whole value.
    Compare(String, Comparison, Vec<u8>),
    /// The attribute is there.
    Present(String),
    /// Parts of a value in their order.
    Substrings {
        /// The attribute.
        attribute: String,
        /// Its beginning.
        initial: Option<Vec<u8>>,
        /// What follows.
        any: Vec<Vec<u8>>,
        /// Its end.
        last: Option<Vec<u8>>,
    },
    /// A matching rule of its own.
    Extensible {
        /// The attribute; all of them without it.
        attribute: Option<String>,
        /// Whether the parts of the entry's name are tested too.
        of_dn: bool,
        /// The rule; the attribute's own without it.
        rule: Option<String>,
        /// With what.
        value: Vec<u8>,
    },
}

/// How a whole value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    GreaterOrEqual,
    LessOrEqual,
    Approximate,
}

impl Comparison {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::GreaterOrEqual => ">=",
            Self::LessOrEqual => "<=",
            Self::Approximate => "~=",
        }
    }
}

impl Filter {
    /// Parses a filter; the error says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("it is longer than {} KiB", MAX_LENGTH >> 10));
        }
        let mut parser = Parser { left: text.trim_matches(' ').as_bytes(), nodes: 0 };
        let filter = parser.filter(0)?;
        if parser.left.is_empty() { Ok(filter) } else { Err("something stands after its last parenthesis".to_owned()) }
    }

    /// Both have to fit.
    pub fn and(self, other: Self) -> Self {
        Self::And(vec![self, other])
    }

    /// A comparison with a number or a moment, which holds nothing to be escaped.
    pub(super) fn at_least(attribute: &str, value: String) -> Self {
        Self::Compare(attribute.to_owned(), Comparison::GreaterOrEqual, value.into_bytes())
    }

    /// Whether it tests these attributes alone and in ways that tell of no others; the error
    /// says which part does not.
    pub fn tests_only(&self, allowed: &dyn Fn(&str) -> bool) -> Result<(), String> {
        let tests = |attribute: &str| {
            let granted = allowed(super::base_name(attribute));
            granted.then_some(()).ok_or_else(|| format!("it tests {attribute}, which is not granted"))
        };
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().try_for_each(|part| part.tests_only(allowed)),
            Self::Not(part) => part.tests_only(allowed),
            Self::Compare(attribute, ..) | Self::Present(attribute) | Self::Substrings { attribute, .. } => {
                tests(attribute)
            }
            Self::Extensible { of_dn: true, .. } => Err("it tests the parts of names (:dn)".to_owned()),
            Self::Extensible { attribute: None, .. } => Err("it names a rule without an attribute".to_owned()),
            Self::Extensible { attribute: Some(attribute), rule, .. } => {
                match rule.as_deref().filter(|rule| !CHAIN_AND_BIT_RULES.contains(rule)) {
                    Some(rule) => Err(format!("it uses the matching rule {rule}, which is not allowed")),
                    None => tests(attribute),
                }
            }
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |f: &mut fmt::Formatter<'_>, sign: &str, parts: &[Self]| {
            write!(f, "({sign}")?;
            parts.iter().try_for_each(|part| write!(f, "{part}"))?;
            f.write_str(")")
        };
        match self {
            Self::And(parts) => all(f, "&", parts),
            Self::Or(parts) => all(f, "|", parts),
            Self::Not(part) => write!(f, "(!{part})"),
            Self::Compare(attribute, comparison, value) => {
                write!(f, "({attribute}{}{})", comparison.as_str(), Escaped(value))
            }
            Self::Present(attribute) => write!(f, "({attribute}=*)"),
            Self::Substrings { attribute, initial, any, last } => {
                write!(f, "({attribute}={}*", Escaped(initial.as_deref().unwrap_or_default()))?;
                any.iter().try_for_each(|part| write!(f, "{}*", Escaped(part)))?;
                write!(f, "{})", Escaped(last.as_deref().unwrap_or_default()))
            }
            Self::Extensible { attribute, of_dn, rule, value } => {
                write!(f, "({}", attribute.as_deref().unwrap_or_default())?;
                if *of_dn {
                    f.write_str(":dn")?;
                }
                if let Some(rule) = rule {
                    write!(f, ":{rule}")?;
                }
                write!(f, ":={})", Escaped(value))
            }
        }
    }
}

/// A value in a filter.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for octet in self.0 {
            let plain = octet.is_ascii_graphic() && !b"()*\\".contains(octet) || *octet == b' ';
            if plain {
                write!(f, "{}", char::from(*octet))?;
            } else {
                write!(f, "\\{octet:02x}")?;
            }
        }
        Ok(())
    }
}

struct Parser<'a> {
    left: &'a [u8],
    nodes: usize,
}

impl<'a> Parser<'a> {
    fn take(&mut self, start: &str) -> bool {
        let rest = self.left.strip_prefix(start.as_bytes());
        self.left = rest.unwrap_or(self.left);
        rest.is_some()
    }

    fn while_(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.left.iter().position(|octet| !fits(*octet)).unwrap_or(self.left.len());
        let (found, left) = self.left.split_at(end);
        self.left = left;
        found
    }

    fn filter(&mut self, depth: usize) -> Result<Filter, String> {
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            return Err(format!("it is nested deeper than {MAX_DEPTH} or has more than {MAX_NODES} parts"));
        }
        if !self.take("(") {
            return Err("each part stands in parentheses, such as (objectClass=person)".to_owned());
        }
        let filter = if self.take("&") {
            Filter::And(self.list(depth)?)
        } else if self.take("|") {
            Filter::Or(self.list(depth)?)
        } else if self.take("!") {
            Filter::Not(Box::new(self.filter(depth + 1)?))
        } else {
            self.item()?
        };
        if self.take(")") { Ok(filter) } else { Err("a parenthesis is not closed where it should be".to_owned()) }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Filter>, String> {
        let mut parts = Vec::new();
        while self.left.first() == Some(&b'(') {
            parts.push(self.filter(depth + 1)?);
        }
        Ok(parts)
    }

    fn item(&mut self) -> Result<Filter, String> {
        let attribute = self.name()?;
        if self.left.first() == Some(&b':') {
            return self.extensible(attribute);
        }
        let attribute = attribute.ok_or("each part names an attribute, such as (uid=anna)")?;
        for comparison in [Comparison::GreaterOrEqual, Comparison::LessOrEqual, Comparison::Approximate] {
            if self.take(comparison.as_str()) {
                return Ok(Filter::Compare(attribute, comparison, self.value()?));
            }
        }
        if !self.take("=") {
            return Err("after an attribute stands =, >=, <=, ~= or :=".to_owned());
        }
        let initial = self.value()?;
        let mut parts = Vec::new();
        while self.take("*") {
            parts.push(self.value()?);
        }
        let Some(last) = parts.pop() else {
            return Ok(Filter::Compare(attribute, Comparison::Equal, initial));
        };
        if parts.iter().any(Vec::is_empty) {
            return Err("a value holds ** with nothing between".to_owned());
        }
        if initial.is_empty() && parts.is_empty() && last.is_empty() {
            return Ok(Filter::Present(attribute));
        }
        let some = |part: Vec<u8>| (!part.is_empty()).then_some(part);
        Ok(Filter::Substrings { attribute, initial: some(initial), any: parts, last: some(last) })
    }

    fn extensible(&mut self, attribute: Option<String>) -> Result<Filter, String> {
        let wrong = "an extensible match is written (attribute:rule:=value)";
        let mut words = Vec::new();
        while !self.take(":=") {
            if !self.take(":") {
                return Err(wrong.to_owned());
            }
            let word = self.while_(|octet| octet.is_ascii_alphanumeric() || b"-.".contains(&octet));
            let word = String::from_utf8_lossy(word).into_owned();
            if !super::is_attribute_type(&word) || words.len() > 1 {
                return Err(wrong.to_owned());
            }
            words.push(word);
        }
        let of_dn = words.first().is_some_and(|word| word.eq_ignore_ascii_case("dn"));
        let mut rules = words.into_iter().skip(usize::from(of_dn));
        let rule = rules.next();
        if rules.next().is_some() || (attribute.is_none() && rule.is_none()) {
            return Err(wrong.to_owned());
        }
        Ok(Filter::Extensible { attribute, of_dn, rule, value: self.value()? })
    }

    fn name(&mut self) -> Result<Option<String>, String> {
        let name = self.while_(|octet| octet.is_ascii_alphanumeric() || b"-.;".contains(&octet));
        let name = String::from_utf8_lossy(name).into_owned();
        if name.is_empty() {
            return Ok(None);
        }
        if !super::is_attribute_description(&name) {
            return Err("an attribute's name has letters, digits and hyphens, or is a dotted number".to_owned());
        }
        Ok(Some(name))
    }

    fn value(&mut self) -> Result<Vec<u8>, String> {
        let mut value = Vec::new();
        loop {
            value.extend(self.while_(|octet| !b"()*\\\0".contains(&octet)));
            if !self.take("\\") {
                return Ok(value);
            }
            let (digits, left) = self.left.split_at_checked(2).ok_or("after \\ stand two hexadecimal digits")?;
            let octet = std::str::from_utf8(digits).ok().filter(|two| two.bytes().all(|c| c.is_ascii_hexdigit()));
            let octet = octet.and_then(|two| u8::from_str_radix(two, 16).ok());
            value.push(octet.ok_or("after \\ stand two hexadecimal digits")?);
            self.left = left;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filter(text: &str) -> Filter {
        Filter::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn filters_are_written_in_one_way() {
        for (text, written) in [
            ("(uid=anna)", "(uid=anna)"),
            (" (&(a=b)(!(c>=d))(|(e<=f)(g~=h))) ", "(&(a=b)(!(c>=d))(|(e<=f)(g~=h)))"),
            ("(cn=*)", "(cn=*)"),
            ("(cn=a*b*c)", "(cn=a*b*c)"),
            ("(cn=*b*)", "(cn=*b*)"),
            ("(cn=Zoé \\28x\\2A)", "(cn=Zo\\c3\\a9 \\28x\\2a)"),
            ("(cn=)", "(cn=)"),
            ("(jpegPhoto;binary=*)", "(jpegPhoto;binary=*)"),
            ("(2.5.4.3=x)", "(2.5.4.3=x)"),
            ("(a:1.2.840.113556.1.4.803:=2)", "(a:1.2.840.113556.1.4.803:=2)"),
            ("(a:dn:2.5.13.2:=x)", "(a:dn:2.5.13.2:=x)"),
            ("(:caseExactMatch:=x)", "(:caseExactMatch:=x)"),
            ("(a:=x)", "(a:=x)"),
            ("(&)", "(&)"),
            ("(a==b)", "(a==b)"),
        ] {
            assert_eq!(filter(text).to_string(), written);
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "",
            "uid=anna",
            "(",
            "()",
            "(uid)",
            "(uid=a",
            "(uid=a))",
            "(uid=a)(x=y)",
            "(=a)",
            "(u id=a)",
            "(uid =a)",
            "(a=b)x",
            "(a=\\2)",
            "(a=\\zz)",
            "(a=\\+1)",
            "(a=\0)",
            "(a=**)",
            "(a=b**c)",
            "(!(a=b)(c=d))",
            "(!)",
            "(a:b:c:d:=x)",
            "(a:dn:b:c:=x)",
            "(:dn:=x)",
            "(:=x)",
            "(a:b=x)",
            "(&(a=b)",
            "(a;=b)",
            "(;x=b)",
            "(*=b)",
            "(&a=b)",
            "(a=(b))",
            "(1..2=x)",
            "(& (a=b))",
        ] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
        let deep = format!("{}(a=b){}", "(!".repeat(100_000), ")".repeat(100_000));
        assert!(Filter::parse(&deep).unwrap_err().contains("longer"));
        let deep = format!("{}(a=b){}", "(!".repeat(MAX_DEPTH + 1), ")".repeat(MAX_DEPTH + 1));
        assert!(Filter::parse(&deep).unwrap_err().contains("deeper"));
        let wide = format!("(|{})", "(a=b)".repeat(MAX_NODES));
        assert!(Filter::parse(&wide).unwrap_err().contains("more than"));
    }

    #[test]
    fn only_what_is_granted_is_tested() {
        let granted = |name: &str| ["cn", "memberof", "objectclass"].contains(&name.to_lowercase().as_str());
        for good in
            ["(&(cn=a*)(!(CN;lang-fr=b))(objectClass=person))", "(memberOf:1.2.840.113556.1.4.1941:=cn=x)", "(cn:=x)"]
        {
            assert_eq!(filter(good).tests_only(&granted), Ok(()), "{good}");
        }
        for bad in [
            "(userPassword=*)",
            "(|(cn=a)(!(sn=b)))",
            "(sn:1.2.840.113556.1.4.803:=2)",
            "(cn:dn:=x)",
            "(:1.2.840.113556.1.4.803:=2)",
            "(cn:caseExactMatch:=x)",
            "(&(cn=a)(2.5.4.3=b))",
        ] {
            assert!(filter(bad).tests_only(&granted).is_err(), "{bad}");
        }
    }

    fn any_filter() -> impl Strategy<Value = Filter> {
        let name = prop::sample::select(vec!["cn", "uid", "jpegPhoto;binary", "2.5.4.3"]).prop_map(str::to_owned);
        let octets = || prop::collection::vec(any::<u8>(), 0..6);
        let some = || prop::collection::vec(any::<u8>(), 1..6);
        let comparison = prop::sample::select(vec![
            Comparison::Equal,
            Comparison::GreaterOrEqual,
            Comparison::LessOrEqual,
            Comparison::Approximate,
        ]);
        let rule = prop::option::of(prop::sample::select(CHAIN_AND_BIT_RULES.to_vec()).prop_map(str::to_owned));
        let leaf = prop_oneof![
            (name.clone(), comparison, octets()).prop_map(|(a, c, v)| Filter::Compare(a, c, v)),
            name.clone().prop_map(Filter::Present),
            (name.clone(), prop::option::of(some()), prop::collection::vec(some(), 0..3), some()).prop_map(
                |(attribute, initial, any, last)| Filter::Substrings { attribute, initial, any, last: Some(last) }
            ),
            (name, any::<bool>(), rule, octets()).prop_map(|(attribute, of_dn, rule, value)| {
                Filter::Extensible { attribute: Some(attribute), of_dn, rule, value }
            }),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::And),
                prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Or),
                inner.prop_map(|part| Filter::Not(Box::new(part))),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_filter_is_read_back_as_written(filter in any_filter()) {
            let written = filter.to_string();
            prop_assert!(written.is_ascii());
            prop_assert_eq!(Filter::parse(&written), Ok(filter));
        }

        #[test]
        fn a_joined_filter_holds_the_granted_one(text in "[()&|!a=*\\\\2:0-9]{0,30}") {
            if let Ok(guest) = Filter::parse(&text) {
                let granted = filter("(objectClass=person)");
                let joined = granted.clone().and(guest).to_string();
                let Ok(Filter::And(parts)) = Filter::parse(&joined) else { panic!("{joined}") };
                prop_assert_eq!(parts.len(), 2);
                prop_assert_eq!(&parts[0], &granted);
            }
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,60}") {
            let _ = Filter::parse(&text);
        }
    }
}
