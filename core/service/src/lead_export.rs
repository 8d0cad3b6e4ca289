//! Leads taken along as a file: what was asked for and agreed to, and nothing else.

use estampe_domain::access::Scope;
use estampe_domain::approval::{Act, LeadReach};
use estampe_domain::audit::AuditEvent;
use estampe_domain::{Context, Error, Result, Right};
use estampe_store::Tx;
use serde_json::json;

use crate::Service;
use crate::views::{Asking, LeadPage};

/// A download that was begun: whose leads it holds.
#[derive(Debug)]
pub struct LeadExport {
    of: LeadReach,
    /// The keys of the purposes that visitors are asked about: a column each.
    pub purposes: Vec<String>,
}

impl Service {
    /// Says that whoever asks takes all leads that they see with them: noted before the first is
    /// given, with how many there are. What another administrator agreed to is good for whose leads
    /// were asked for then: who sees others by now asks anew.
    pub async fn begin_lead_export(&self, ctx: &Context) -> Result<LeadExport> {
        let scope = ctx.scope(Right::LeadsRead)?;
        ctx.require_recent()?;
        let reach = self.store.read(move |tx| reach(tx, scope)).await?;
        // one's own are one's own
        if !matches!(scope, Scope::Own(_)) {
            self.agreed(ctx, Act::ExportLeads { of: reach.clone() }).await?;
        }
        let (ctx, random) = (*ctx, self.shared_random());
        let begun = self.store.write(move |tx| {
            stands(tx, scope, &reach)?;
            let total = tx.leads_in_all(scope)?;
            let event = AuditEvent::done(&ctx, &*random, "lead.export", "lead", "all");
            tx.audit(&event.with(json!({"leads": total, "of": reach})))?;
            Ok(LeadExport { of: reach, purposes: tx.asked_purposes()? })
        });
        Ok(begun.await?)
    }

    /// Some leads of a download; refused once whoever asks sees those of others than they did.
    pub async fn exported_leads(&self, ctx: &Context, export: &LeadExport, asked: Asking) -> Result<LeadPage> {
        let scope = ctx.scope(Right::LeadsRead)?;
        let wanted = export.of.clone();
        self.store.read(move |tx| stands(tx, scope, &wanted)).await?;
        let page = self.leads(ctx, asked).await?;
        // and after: a page that was read while the teams changed is given to nobody
        let wanted = export.of.clone();
        self.store.read(move |tx| stands(tx, scope, &wanted)).await?;
        Ok(page)
    }
}

/// Whose leads a scope holds now.
fn reach(tx: &mut Tx<'_>, scope: Scope) -> estampe_store::Result<LeadReach> {
    Ok(match scope {
        Scope::All => LeadReach::Everybody,
        Scope::Own(person) => LeadReach::Own { person },
        Scope::Team(account, person) => {
            let mut teams: Vec<_> = tx.teams(Some(account))?.into_iter().map(|team| team.group.id).collect();
            teams.sort_by_key(ToString::to_string);
            LeadReach::Teams { teams, person }
        }
    })
}

fn stands(tx: &mut Tx<'_>, scope: Scope, wanted: &LeadReach) -> estampe_store::Result<()> {
    if reach(tx, scope)? == *wanted { Ok(()) } else { Err(Error::Changed("whose leads you see").into()) }
}
