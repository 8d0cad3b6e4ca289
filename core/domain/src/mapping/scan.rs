//! An expression looked over before it is compiled: which attributes it names, which patterns
//! it has, and what has no place in it. The interpreter would find out for each person.

use std::collections::{BTreeMap, BTreeSet};

use regex::{Regex, RegexBuilder};

use super::filters::{self, PATTERNED};
use super::rule::RuleProblem;

/// Octets of a compiled pattern, and of the tables made while it is used.
const PATTERN: usize = 256 << 10;
/// The lists of all values.
pub(super) const ALL: &str = "all";
/// Attributes by names that are no words.
pub(super) const ATTR: &str = "attr";

/// Words that mean something else than an attribute.
const WORDS: [&str; 15] =
    ["or", "and", "not", "in", "if", "else", "true", "false", "none", "True", "False", "None", "is", ALL, ATTR];

pub(super) fn is_word_of_expressions(word: &str) -> bool {
    WORDS.contains(&word) || matches!(word, "self" | "loop")
}

/// What was found.
#[derive(Default)]
pub(super) struct Scanned {
    /// What is compiled: as it was written, patterns escaped.
    pub(super) source: String,
    /// Attributes that it may look at, in lower case.
    pub(super) names: BTreeSet<String>,
    /// Its patterns, ready.
    pub(super) patterns: BTreeMap<String, Regex>,
}

/// A part of an expression.
#[derive(Clone, Copy, PartialEq)]
enum Token<'a> {
    /// A name or a word.
    Word(&'a str),
    /// A text, without its quotation marks.
    Text(&'a str),
    /// Digits, or one sign.
    Sign(&'a str),
}

pub(super) fn scan(text: &str) -> Result<Scanned, RuleProblem> {
    let mut found = Scanned::default();
    let mut rest = text;
    let mut before: [Option<Token<'_>>; 3] = [None; 3];
    loop {
        let trimmed = rest.trim_start();
        let Some((token, raw, after)) = next(trimmed)? else { break };
        let blank = rest.len() - trimmed.len();
        found.source.push_str(rest.get(..blank).unwrap_or_default());
        let pattern_of = match before {
            [Some(Token::Sign("|")), Some(Token::Word(filter)), Some(Token::Sign("("))] => {
                PATTERNED.contains(&filter).then_some(filter)
            }
            _ => None,
        };
        match (token, pattern_of) {
            (Token::Text(text), Some(_)) => found.pattern(text, raw)?,
            (_, Some(filter)) => return Err(RuleProblem::NoPattern(filter.to_owned())),
            _ => {
                found.look_at(token, before, after)?;
                found.source.push_str(raw);
            }
        }
        let [_, earlier, last] = before;
        before = [earlier, last, Some(token)];
        rest = after;
    }
    Ok(found)
}

/// The next token, as it is written, and what follows it.
fn next(text: &str) -> Result<Option<(Token<'_>, &str, &str)>, RuleProblem> {
    let Some(first) = text.chars().next() else { return Ok(None) };
    let cut = |at: usize| (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
    if first == '"' || first == '\'' {
        let mut escaped = false;
        for (at, c) in text.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == first => {
                    let (raw, after) = cut(at + 1);
                    return Ok(Some((Token::Text(text.get(1..at).unwrap_or_default()), raw, after)));
                }
                _ => {}
            }
        }
        return Err(RuleProblem::OpenQuote);
    }
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let end = |more: fn(char) -> bool| {
        text.char_indices()
            .find(|(_, c)| !(c.is_alphanumeric() || *c == '_' || more(*c)))
            .map_or(text.len(), |(at, _)| at)
    };
    if first.is_ascii_digit() {
        let (raw, after) = cut(end(|_| false));
        return Ok(Some((Token::Sign(raw), raw, after)));
    }
    if word(first) {
        let (raw, _) = cut(end(|_| false));
        // with what would belong to it if it were an attribute
        let long = cut(end(|c| matches!(c, '-' | ':' | ';'))).0.trim_end_matches(['-', ':', ';']);
        if long != raw || !raw.is_ascii() {
            return Err(RuleProblem::InBrackets(long.to_owned()));
        }
        let (raw, after) = cut(raw.len());
        return Ok(Some((Token::Word(raw), raw, after)));
    }
    let (raw, after) = cut(first.len_utf8());
    Ok(Some((Token::Sign(raw), raw, after)))
}

impl Scanned {
    fn look_at(&mut self, token: Token<'_>, before: [Option<Token<'_>>; 3], after: &str) -> Result<(), RuleProblem> {
        let [_, earlier, last] = before;
        match token {
            // other texts are no names
            Token::Text(text) => {
                if let (Some(Token::Word(ALL | ATTR)), Some(Token::Sign("["))) = (earlier, last) {
                    self.names.insert(text.to_ascii_lowercase());
                }
            }
            Token::Sign(sign @ ("*" | "%" | "{" | "}" | "&" | ";")) => {
                return Err(RuleProblem::NoPlace(sign.to_owned()));
            }
            Token::Sign(_) => {}
            Token::Word(word) => match (earlier, last) {
                (_, Some(Token::Sign("|"))) => {
                    if !filters::NAMES.contains(&word) {
                        return Err(RuleProblem::NoFilter(word.to_owned(), filters::NAMES));
                    }
                    if PATTERNED.contains(&word) && !after.trim_start().starts_with('(') {
                        return Err(RuleProblem::NoPattern(word.to_owned()));
                    }
                }
                (Some(Token::Word(ALL | ATTR)), Some(Token::Sign("."))) => {
                    self.names.insert(word.to_ascii_lowercase());
                }
                (Some(Token::Word(of)), Some(Token::Sign("."))) => {
                    return Err(RuleProblem::InBrackets(format!("{of}.{word}")));
                }
                _ if word == "is" || after.trim_start().starts_with('(') && !is_word_of_expressions(word) => {
                    return Err(RuleProblem::NoPlace(word.to_owned()));
                }
                _ if is_word_of_expressions(word) => {}
                _ => {
                    self.names.insert(word.to_ascii_lowercase());
                }
            },
        }
        Ok(())
    }

    /// A pattern. A backslash in it is one: `"\d+"` means digits, as `"\\d+"` does.
    fn pattern(&mut self, text: &str, raw: &str) -> Result<(), RuleProblem> {
        let quote = raw.get(..1).unwrap_or_default();
        let (mut pattern, mut source) = (String::new(), quote.to_owned());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                pattern.push(c);
                source.push(c);
                continue;
            }
            let Some(escaped) = chars.next() else { break };
            if escaped == '\\' || escaped == '"' || escaped == '\'' {
                pattern.push(escaped);
                source.extend(['\\', escaped]);
            } else {
                pattern.extend(['\\', escaped]);
                source.extend(['\\', '\\', escaped]);
            }
        }
        source.push_str(quote);
        self.source.push_str(&source);
        let built = RegexBuilder::new(&pattern).size_limit(PATTERN).dfa_size_limit(PATTERN).nest_limit(32).build();
        let regex = built.map_err(|error| {
            let words = error.to_string();
            // the interpreter of patterns draws where it failed; the last line says why
            let why = words.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            RuleProblem::Pattern(pattern.clone(), why)
        })?;
        self.patterns.insert(pattern, regex);
        Ok(())
    }
}
