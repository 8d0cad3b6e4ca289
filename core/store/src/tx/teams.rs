//! Teams: groups that an account leads.

use diesel::prelude::*;
use estampe_domain::account::Team;
use estampe_domain::{AccountId, GroupId};

use super::{Tx, id};
use crate::error::Result;
use crate::schema::{account, account_team, directory_group};

impl Tx<'_> {
    /// Every team, or those of one account, by name, each with all who lead it.
    pub fn teams(&mut self, of: Option<AccountId>) -> Result<Vec<Team>> {
        let mut rows = account_team::table
            .inner_join(directory_group::table)
            .inner_join(account::table.on(account::id.eq(account_team::account_id)))
            .into_boxed();
        if let Some(of) = of {
            let theirs = account_team::table
                .filter(account_team::account_id.eq(of.to_string()))
                .select(account_team::group_id)
                .load::<String>(self.conn)?;
            // a handful
            rows = rows.filter(account_team::group_id.eq_any(theirs));
        }
        let rows: Vec<(String, String, String)> = rows
            .order((directory_group::sort_key, directory_group::id, account::name))
            .select((account_team::group_id, account::id, account::name))
            .load(self.conn)?;
        let mut teams: Vec<Team> = Vec::new();
        for (group, leader, name) in rows {
            let (group, leader): (GroupId, AccountId) = (id(&group, "account_team")?, id(&leader, "account_team")?);
            if let Some(team) = teams.last_mut().filter(|team| team.group.id == group) {
                team.leaders.push((leader, name));
            } else {
                let Some((summary, _)) = self.group(group)? else { continue };
                teams.push(Team { group: summary, leaders: vec![(leader, name)] });
            }
        }
        Ok(teams)
    }
}
