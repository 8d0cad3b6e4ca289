//! Queries held to whom a use case may be about.

use diesel::prelude::*;
use estampe_domain::access::Scope;
use estampe_domain::{AccountId, PersonId};

use super::Tx;
use crate::error::Result;
use crate::schema::{account_team, group_member};

/// Narrows a boxed query; `$person` is the SQL name of the column with the person's id.
macro_rules! within {
    ($query:expr, $person:literal, $scope:expr) => {{
        use diesel::dsl::sql;
        use diesel::sql_types::{Bool, Text};
        use estampe_domain::access::Scope;

        let query = $query;
        match $scope {
            Scope::All => query,
            Scope::Own(person) => {
                query.filter(sql::<Bool>(concat!($person, " = ")).bind::<Text, _>(person.to_string()))
            }
            Scope::Team(account, person) => query.filter(
                sql::<Bool>(concat!("(", $person, " = "))
                    .bind::<Text, _>(person.map(|person| person.to_string()).unwrap_or_default())
                    .sql(concat!(
                        " OR ",
                        $person,
                        " IN (SELECT m.person_id FROM group_member m JOIN account_team t ON t.group_id = m.group_id \
                         WHERE t.account_id = "
                    ))
                    .bind::<Text, _>(account.to_string())
                    .sql("))"),
            ),
        }
    }};
}
pub(super) use within;

impl Tx<'_> {
    /// Whether a person is one whom a use case may be about.
    pub fn is_within(&mut self, person: PersonId, scope: Scope) -> Result<bool> {
        Ok(match scope {
            Scope::All => true,
            Scope::Own(own) => own == person,
            Scope::Team(account, own) => own == Some(person) || self.leads_team_of(account, person)?,
        })
    }

    fn leads_team_of(&mut self, account: AccountId, person: PersonId) -> Result<bool> {
        let one: Option<String> = group_member::table
            .inner_join(account_team::table.on(account_team::group_id.eq(group_member::group_id)))
            .filter(group_member::person_id.eq(person.to_string()))
            .filter(account_team::account_id.eq(account.to_string()))
            .select(group_member::group_id)
            .first(self.conn)
            .optional()?;
        Ok(one.is_some())
    }
}
