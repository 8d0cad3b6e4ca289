//! Designs of signatures, and the rules that say who gets which.

use diesel::prelude::*;
use estampe_domain::signature::{Design, Rule};
use estampe_domain::{DesignId, SignatureRuleId, Ts};

use super::{Tx, id, json, to_json};
use crate::error::Result;
use crate::schema::{signature_design, signature_rule};

type DesignRow = (String, String, String, String, i64);

fn design((design_id, name, plugin, config, created_at): DesignRow) -> Result<Design> {
    Ok(Design {
        id: id(&design_id, "signature_design")?,
        name,
        plugin,
        config: json(&config, "signature_design")?,
        created_at: Ts::from_micros(created_at),
    })
}

impl Tx<'_> {
    /// Every design, by name.
    pub fn signature_designs(&mut self) -> Result<Vec<Design>> {
        let rows: Vec<DesignRow> = signature_design::table
            .order(signature_design::name)
            .select(signature_design::all_columns)
            .load(self.conn)?;
        rows.into_iter().map(design).collect()
    }

    /// Stores a design.
    pub fn insert_signature_design(&mut self, new: &Design) -> Result<()> {
        diesel::insert_into(signature_design::table)
            .values((
                signature_design::id.eq(new.id.to_string()),
                signature_design::name.eq(&new.name),
                signature_design::plugin_id.eq(&new.plugin),
                signature_design::config.eq(to_json(&new.config, "signature_design")?),
                signature_design::created_at.eq(new.created_at.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Writes name and configuration of a design.
    pub fn update_signature_design(&mut self, changed: &Design) -> Result<()> {
        diesel::update(signature_design::table.find(changed.id.to_string()))
            .set((
                signature_design::name.eq(&changed.name),
                signature_design::config.eq(to_json(&changed.config, "signature_design")?),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Removes a design.
    pub fn delete_signature_design(&mut self, design: DesignId) -> Result<()> {
        diesel::delete(signature_design::table.find(design.to_string())).execute(self.conn)?;
        Ok(())
    }

    /// Every rule, in the order in which they are asked.
    pub fn signature_rules(&mut self) -> Result<Vec<Rule>> {
        let rows: Vec<(String, String, String)> = signature_rule::table
            .order((signature_rule::place, signature_rule::id))
            .select((signature_rule::id, signature_rule::name, signature_rule::settings))
            .load(self.conn)?;
        let rule = |(rule_id, name, settings): (String, String, String)| {
            Ok(Rule { id: id(&rule_id, "signature_rule")?, name, settings: json(&settings, "signature_rule")? })
        };
        rows.into_iter().map(rule).collect()
    }

    /// Stores a rule at the end.
    pub fn insert_signature_rule(&mut self, new: &Rule, now: Ts) -> Result<()> {
        let last: Option<i64> =
            signature_rule::table.select(diesel::dsl::max(signature_rule::place)).get_result(self.conn)?;
        diesel::insert_into(signature_rule::table)
            .values((
                signature_rule::id.eq(new.id.to_string()),
                signature_rule::name.eq(&new.name),
                signature_rule::place.eq(last.map_or(0, |last| last + 1)),
                signature_rule::settings.eq(to_json(&new.settings, "signature_rule")?),
                signature_rule::created_at.eq(now.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Writes what a rule says.
    pub fn update_signature_rule(&mut self, changed: &Rule) -> Result<()> {
        diesel::update(signature_rule::table.find(changed.id.to_string()))
            .set((
                signature_rule::name.eq(&changed.name),
                signature_rule::settings.eq(to_json(&changed.settings, "signature_rule")?),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Puts the rules into this order.
    pub fn order_signature_rules(&mut self, order: &[SignatureRuleId]) -> Result<()> {
        for (place, rule) in (0_i64..).zip(order) {
            diesel::update(signature_rule::table.find(rule.to_string()))
                .set(signature_rule::place.eq(place))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Removes a rule.
    pub fn delete_signature_rule(&mut self, rule: SignatureRuleId) -> Result<()> {
        diesel::delete(signature_rule::table.find(rule.to_string())).execute(self.conn)?;
        Ok(())
    }
}
