//! What goes by itself, and when: one list, which docs/operator/kept.md shows to people.

use estampe_domain::audit::AuditEvent;
use estampe_domain::{Actor, Locale, Result, Ts};
use estampe_store::Tx;

use crate::Service;

/// Something that is kept for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// Answers of the API that are given again to who asks again.
    Answers,
    /// Jobs and mails that are done.
    Done,
    /// Acts on many people, which can be undone.
    Bulks,
    /// Second looks, once nobody can decide or do them any more. What was to be done is emptied before.
    Approvals,
    /// Jobs and mails that were given up.
    Dead,
    /// Browsers by which nobody signed in since.
    Browsers,
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// What is kept, and for how many days. Publications have their own list, and sessions the
/// configuration's limits.
const KEPT: [(Kept, i64); 6] = [
    (Kept::Answers, crate::tokens::ANSWERS_KEPT / DAY),
    (Kept::Done, 30),
    (Kept::Bulks, crate::bulk::KEPT),
    (Kept::Approvals, 90),
    (Kept::Dead, 180),
    (Kept::Browsers, 180),
];

impl Kept {
    /// Forgets what was kept long enough.
    fn forget(self, tx: &mut Tx<'_>, before: Ts) -> estampe_store::Result<()> {
        match self {
            Self::Answers => tx.forget_answers_before(before).map(drop),
            Self::Done => tx.prune_done_jobs(before),
            Self::Bulks => tx.prune_bulks(before),
            Self::Approvals => tx.prune_approvals(before),
            Self::Dead => tx.prune_dead_jobs(before),
            Self::Browsers => tx.forget_browsers_before(before),
        }
    }
}

impl Service {
    /// Removes what was kept long enough: done every hour, and at the start.
    pub async fn tidy(&self) -> Result<()> {
        self.forget_publications().await?;
        self.drop_old_roll().await;
        let (ctx, random) = (self.context(Actor::System, Locale::En), self.shared_random());
        let (now, limits) = (ctx.now, self.settings.sign_in);
        Ok(self
            .store
            .write(move |tx| {
                // what nobody agreed to in time holds names and addresses that nobody needs any more
                for approval in tx.expire_approvals(now)? {
                    tx.audit(&AuditEvent::done(&ctx, &*random, "approval.expire", "approval", approval))?;
                }
                for (kept, days) in KEPT {
                    kept.forget(tx, now.plus_seconds(-days * DAY))?;
                }
                tx.end_sessions_before(
                    now.plus_seconds(-limits.idle_seconds),
                    now.plus_seconds(-limits.absolute_seconds),
                    now,
                )
            })
            .await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_told_the_same() {
        let told = include_str!("../../../docs/operator/kept.md");
        for (kept, days) in KEPT {
            let words = match kept {
                Kept::Answers => "answers of the API",
                Kept::Done => "jobs and mails that are done",
                Kept::Bulks => "acts on many people",
                Kept::Approvals => "second looks",
                Kept::Dead => "jobs and mails that were given up",
                Kept::Browsers => "browsers",
            };
            let row = told.lines().find(|line| line.starts_with(&format!("| {words}")));
            let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            assert!(row.is_some_and(|row| row.contains(&format!("| {days}"))), "{words}: {days}");
        }
    }
}
