//! What `estampe doctor` asks the running service, which alone may open its database.

use estampe_domain::{Context, Result, Right};
use estampe_store::{CheckupPage, CheckupPart, DatabaseFacts};

use crate::Service;

impl Service {
    /// What the database says of itself. Its own checks read all of it.
    pub async fn database_facts(&self, ctx: &Context) -> Result<DatabaseFacts> {
        ctx.require(Right::HealthRead)?;
        Ok(self.store.read(|tx| tx.database_facts()).await?)
    }

    /// Looks at some rows of a part: whether they open and are genuine. One short
    /// transaction, so that others go on meanwhile.
    pub async fn checkup(&self, ctx: &Context, part: CheckupPart, after: Option<String>) -> Result<CheckupPage> {
        ctx.require(Right::HealthRead)?;
        Ok(self.store.read(move |tx| tx.checkup(part, after.as_deref())).await?)
    }
}
