//! Search filters (RFC 4515): parsed into a tree, joined as trees, written again with
//! everything escaped that could be mistaken.

mod parser;

use std::fmt;

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
        parser::parse(text)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parser::{MAX_DEPTH, MAX_NODES};
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
