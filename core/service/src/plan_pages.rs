//! The plan of a run, read page by page.

use estampe_domain::difference::PlanPlace;
use estampe_domain::ids::RunId;
use estampe_domain::{Context, Error, Result, Right};

use crate::Service;
use crate::views::{PlanFilter, PlanPage, RefusalPage};

/// The longest page.
const LONGEST: u64 = 500;

fn limit_of(asked: u64) -> i64 {
    i64::try_from(asked.clamp(1, LONGEST)).unwrap_or(1)
}

impl Service {
    /// What a run does or did with people: a page of it.
    pub async fn plan_page(&self, ctx: &Context, run: RunId, filter: PlanFilter) -> Result<PlanPage> {
        ctx.require(Right::SourcesRead)?;
        let limit = limit_of(filter.limit);
        let page = self
            .store
            .read(move |tx| {
                if tx.run(run)?.is_none() {
                    return Ok(None);
                }
                let mut lines = tx.plan_lines(run, filter.only, filter.after, limit + 1)?;
                let more = i64::try_from(lines.len()).is_ok_and(|found| found > limit);
                if more {
                    lines.pop();
                }
                let last = lines.last().map(|line| PlanPlace { action: line.action, seq: line.seq });
                Ok(Some(PlanPage { next: last.filter(|_| more), lines }))
            })
            .await?;
        page.ok_or(Error::NotFound)
    }

    /// What a run refused: a page of it.
    pub async fn refusal_page(&self, ctx: &Context, run: RunId, after: Option<i64>, limit: u64) -> Result<RefusalPage> {
        ctx.require(Right::SourcesRead)?;
        let limit = limit_of(limit);
        let page = self
            .store
            .read(move |tx| {
                if tx.run(run)?.is_none() {
                    return Ok(None);
                }
                let mut found = tx.refusals_after(run, after, limit + 1)?;
                let more = i64::try_from(found.len()).is_ok_and(|found| found > limit);
                if more {
                    found.pop();
                }
                let next = found.last().filter(|_| more).map(|(seq, _)| *seq);
                Ok(Some(RefusalPage { refusals: found.into_iter().map(|(_, refusal)| refusal).collect(), next }))
            })
            .await?;
        page.ok_or(Error::NotFound)
    }
}
