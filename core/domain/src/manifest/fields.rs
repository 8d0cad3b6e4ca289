//! The fields of people that a plugin carries or changes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::is_false;
use crate::ldap::is_secret;

/// Fields of people, by their standard names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldsAsk {
    /// Those that it carries: a connector delivers them, a template is shown them.
    #[serde(default)]
    pub read: BTreeSet<String>,
    /// Whether it carries those too that the mapping of a source names.
    #[serde(default, skip_serializing_if = "is_false")]
    pub mapped: bool,
    /// Those that it changes in the directory.
    #[serde(default)]
    pub write: BTreeSet<String>,
}

impl FieldsAsk {
    pub(super) fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty() && !self.mapped
    }

    /// None of them proves who somebody is; the error names one that does.
    pub(super) fn are_sound(&self) -> Result<(), String> {
        for (fields, verb) in [(&self.read, "carry"), (&self.write, "set")] {
            if let Some(secret) = fields.iter().find(|name| is_secret(name)) {
                return Err(format!("its fields: {secret} proves who somebody is, and is no plugin's to {verb}"));
            }
        }
        Ok(())
    }
}
