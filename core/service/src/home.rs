//! The console's first page: what needs a person, then figures.

use estampe_domain::run::RunState;
use estampe_domain::{Context, Result};
use estampe_store::{JobState, PeopleQuery};

use crate::Service;
use crate::views::{Attention, Home, PluginEntry};

impl Service {
    /// What needs a person first, and the figures.
    pub async fn home(&self, ctx: &Context) -> Result<Home> {
        ctx.require_administrator()?;
        let (now, mail_configured) = (ctx.now, self.settings.mail_configured);
        let mut home = self
            .store
            .read(move |tx| {
                let sources = tx.source_overviews()?;
                let mut attention = Vec::new();
                for overview in &sources {
                    let Some((run, state, _)) = overview.last_run else { continue };
                    match (state, tx.run(run)?) {
                        (RunState::Held, Some(run)) => attention.insert(0, Attention::RunHeld(run)),
                        (RunState::Failed, Some(run)) => attention.push(Attention::RunFailed(run)),
                        _ => {}
                    }
                }
                let dead = tx.mail_count(JobState::Dead)?;
                if dead > 0 {
                    attention.push(Attention::DeadMail(dead));
                }
                let mails_waiting = tx.mail_count(JobState::Waiting)?;
                if !mail_configured {
                    attention.push(Attention::NoMailServer(mails_waiting));
                } else if let Some(outage) = tx.mail_outage()? {
                    attention.push(Attention::MailOutage(outage, mails_waiting));
                }
                if sources.is_empty() {
                    attention.push(Attention::NoSource);
                }
                Ok(Home {
                    attention,
                    cards: tx.shown_cards()?,
                    people: tx.people_count(&PeopleQuery::default())?,
                    leads_30_days: tx.lead_count(now.plus_seconds(-30 * 86_400))?,
                    mails_waiting,
                    sources,
                })
            })
            .await?;
        home.attention.extend(self.ports.plugin_problems.iter().cloned().map(Attention::PluginProblem));
        Ok(home)
    }

    /// The plugins that can be used.
    #[expect(clippy::unused_async, reason = "use cases are all called alike; grants come from the store")]
    pub async fn plugins(&self, ctx: &Context) -> Result<Vec<PluginEntry>> {
        ctx.require_administrator()?;
        Ok(self.ports.directory.plugins().into_iter().map(|info| PluginEntry { info }).collect())
    }
}
