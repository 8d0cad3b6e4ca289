//! Reads filters, bounded in length, depth and number.

use super::{Comparison, Filter};

/// Octets of a filter.
const MAX_LENGTH: usize = 16 << 10;
/// How deep it may be nested.
pub(super) const MAX_DEPTH: usize = 24;
/// Its parts, all together.
pub(super) const MAX_NODES: usize = 1_000;

/// A whole filter; the error says what would be right.
pub(super) fn parse(text: &str) -> Result<Filter, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("it is longer than {} KiB", MAX_LENGTH >> 10));
    }
    let mut parser = Parser { left: text.trim_matches(' ').as_bytes(), nodes: 0 };
    let filter = parser.filter(0)?;
    if parser.left.is_empty() { Ok(filter) } else { Err("something stands after its last parenthesis".to_owned()) }
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
            if !super::super::is_attribute_type(&word) || words.len() > 1 {
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
        if !super::super::is_attribute_description(&name) {
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
