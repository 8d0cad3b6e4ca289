//! Expressions: compiled once, evaluated for each person with a limit on what that may cost.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use minijinja::value::{Object, Value, ValueKind};
use minijinja::{Environment, UndefinedBehavior};

use super::filters;
use super::reading::{LOOKED_AT, texts};
use super::rule::RuleProblem;
use super::scan::{self, ALL, ATTR, Scanned};
use crate::plugin::{AttributeValue, SourcePerson};

/// What one evaluation may cost: an instruction costs one, 64 octets of text another.
const FUEL: u64 = 20_000;
/// Octets of a value that expressions are given; longer ones are not there for them.
const LONGEST: usize = 4096;

/// No function, no test, no template: what is not added here is not there.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_fuel(Some(FUEL));
    filters::add_to(&mut environment);
    environment
});

/// A compiled expression.
pub(super) struct Expression {
    compiled: minijinja::Expression<'static, 'static>,
    /// Attributes that it may look at, in lower case.
    names: Vec<String>,
    patterns: Arc<filters::Patterns>,
}

impl FromStr for Expression {
    type Err = RuleProblem;

    fn from_str(text: &str) -> Result<Self, RuleProblem> {
        let Scanned { source, names, patterns } = scan::scan(text)?;
        let compiled =
            ENVIRONMENT.compile_expression_owned(source).map_err(|error| RuleProblem::Syntax(said(&error)))?;
        let expression =
            Self { compiled, names: names.into_iter().collect(), patterns: Arc::new(filters::Patterns(patterns)) };
        Ok(expression)
    }
}

impl Expression {
    /// The attributes that it may look at, in lower case.
    pub(super) fn attributes(&self) -> &[String] {
        &self.names
    }

    /// The texts that it gives of a person; the error says why it failed.
    pub(super) fn texts(&self, person: &SourcePerson) -> Result<Vec<String>, String> {
        let mut values = BTreeMap::new();
        for name in &self.names {
            let of_name = self.values(person, name);
            if !of_name.is_empty() {
                values.insert(name.clone(), of_name);
            }
        }
        let seen = Seen { values: Arc::new(values), patterns: Arc::clone(&self.patterns) };
        let value = self.compiled.eval(Value::from_object(seen)).map_err(|error| said(&error))?;
        let mut texts = filters::texts_of(&value);
        texts.retain(|text| !text.trim().is_empty());
        Ok(texts)
    }

    fn values(&self, person: &SourcePerson, name: &str) -> Vec<Value> {
        let texts = texts(person, name).filter(|text| text.len() <= LONGEST).map(|text| Value::from(&*text));
        let flags = person.attributes.iter().filter_map(|(key, value)| match value {
            AttributeValue::Flag(flag) if key.eq_ignore_ascii_case(name) => Some(Value::from(*flag)),
            _ => None,
        });
        texts.chain(flags).take(LOOKED_AT).collect()
    }
}

/// An error in words; of values it says nothing.
fn said(error: &minijinja::Error) -> String {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    detail.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The attributes of one person that an expression may look at.
#[derive(Debug)]
struct Seen {
    values: Arc<BTreeMap<String, Vec<Value>>>,
    patterns: Arc<filters::Patterns>,
}

impl Object for Seen {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            ALL => Some(Value::from_object(Every(Arc::clone(&self.values)))),
            ATTR => Some(Value::from_object(One(Arc::clone(&self.values)))),
            filters::PATTERNS => Some(Value::from_dyn_object(Arc::clone(&self.patterns))),
            name => Some(first(&self.values, name)),
        }
    }
}

/// `all.NAME`
#[derive(Debug)]
struct Every(Arc<BTreeMap<String, Vec<Value>>>);

impl Object for Every {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(Value::from(self.0.get(&key.as_str()?.to_ascii_lowercase()).cloned().unwrap_or_default()))
    }
}

/// `attr["NAME"]`
#[derive(Debug)]
struct One(Arc<BTreeMap<String, Vec<Value>>>);

impl Object for One {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(first(&self.0, key.as_str()?))
    }
}

fn first(values: &BTreeMap<String, Vec<Value>>, name: &str) -> Value {
    let of_name = values.get(&name.to_ascii_lowercase()).and_then(|values| values.first());
    of_name.cloned().unwrap_or_else(|| Value::from(""))
}

/// Whether a value is a list.
pub(super) fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}
