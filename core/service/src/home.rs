//! The console's first page: what needs a person, then figures.

use estampe_domain::bundle::PluginState;
use estampe_domain::plugin::PluginKind;
use estampe_domain::run::RunState;
use estampe_domain::signature::publication::{LineState, Publication, PublicationKind, PublicationState, code};
use estampe_domain::{Context, Result, Right, Ts};
use estampe_store::{JobState, PeopleQuery};

use crate::backups::BackupNotes;
use crate::views::{Attention, Home, PluginEntry};
use crate::{DEFAULT_ORGANISATION, Service, held};

/// A plan that waits for a word for so many seconds is asked about.
const PATIENCE: i64 = 86_400;
/// Under so many octets free somebody should make room; as `estampe doctor` says it.
const LITTLE: u64 = 1 << 30;

impl Service {
    /// What needs a person first, and the figures.
    pub async fn home(&self, ctx: &Context) -> Result<Home> {
        ctx.require(Right::Overview)?;
        let (disk, backups) = (self.store.room(), self.ports.backups.plan());
        let (now, mail_configured) = (ctx.now, self.settings.mail_configured);
        let is_named = self.settings.organisation != DEFAULT_ORGANISATION;
        let home = self
            .store
            .read(move |tx| {
                let sources = tx.source_overviews()?;
                let mut attention = Vec::new();
                for overview in sources.iter().filter(|overview| overview.ending.is_none()) {
                    let Some((run, state, _)) = overview.last_run else { continue };
                    match (state, tx.run(run)?) {
                        (RunState::Held, Some(run)) => attention.insert(0, Attention::RunHeld(run)),
                        (RunState::Failed, Some(run)) => attention.push(Attention::RunFailed(run)),
                        _ => {}
                    }
                }
                let conflicts =
                    tx.people_count(&PeopleQuery { active: Some(true), conflicts: true, ..PeopleQuery::default() })?;
                if conflicts > 0 {
                    attention.push(Attention::Conflicts(conflicts));
                }
                let waiting = tx.approval_count(now)?;
                if waiting > 0 {
                    attention.push(Attention::SecondLook(waiting));
                }
                for newest in tx.newest_publications()? {
                    attention.extend(signatures_wait(newest, now));
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
                for plugin in tx.installed_plugins()? {
                    if let Some(problem) = plugin.problem {
                        attention.push(Attention::PluginProblem(plugin.id, problem));
                    } else if let Some(waiting) = plugin.waiting {
                        attention.push(Attention::PluginWaits(plugin.id, waiting.info.version));
                    }
                }
                if let Some((free, total)) = disk.filter(|(free, total)| *free < LITTLE || *free < total / 20) {
                    attention.insert(0, Attention::DiskLow { free, total });
                }
                let notes = BackupNotes::read(tx)?;
                match backups.as_ref().map(|plan| notes.stands(plan, now)) {
                    None => attention.push(Attention::NoBackups),
                    Some(true) => {
                        attention.insert(0, Attention::BackupStands(notes.good.as_ref().map(|good| good.file.made_at)));
                    }
                    Some(false) if notes.good.is_none() => attention.push(Attention::FirstBackup),
                    Some(false) if notes.wants_drill(now) => {
                        attention.push(Attention::BackupDrill(notes.drill.map(|drill| drill.at)));
                    }
                    Some(false) => {}
                }
                // without backups the first thing to do is another one
                if notes.good.is_some() && tx.key_copied()?.is_none() {
                    attention.push(Attention::KeyNotCopied);
                }
                if let Some(since) = held::since(tx)? {
                    attention.insert(0, Attention::Held(since));
                }
                if !is_named {
                    attention.push(Attention::NoOrganisation);
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
        Ok(home)
    }

    /// The plugins that a source can use.
    pub async fn usable_plugins(&self, ctx: &Context) -> Result<Vec<PluginEntry>> {
        let installed = self.plugins(ctx).await?.into_iter().filter(|plugin| plugin.state == PluginState::Enabled);
        let infos = installed.filter_map(|plugin| Some(plugin.current?.info));
        Ok(infos.filter(|info| info.kind == PluginKind::Connector).map(|info| PluginEntry { info }).collect())
    }
}

/// What the newest publication of a source needs: a word, or a look at who drifted.
fn signatures_wait(newest: Publication, now: Ts) -> Option<Attention> {
    let is_old = newest.started_at.plus_seconds(PATIENCE) < now;
    let drifted = newest.kind == PublicationKind::Drift && newest.count(LineState::Drifted) > 0;
    match newest.state {
        PublicationState::Paused if newest.why.as_deref() != Some(code::ASKED) => {
            Some(Attention::PublicationStands(newest))
        }
        PublicationState::Paused | PublicationState::Planned if is_old => Some(Attention::PublicationStands(newest)),
        PublicationState::Done if drifted => Some(Attention::SignaturesDrifted(newest)),
        _ => None,
    }
}
