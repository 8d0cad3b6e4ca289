//! After a restore nothing leaves the house before somebody says so: what was restored may be a drill on another
//! machine, and what waited in the backup may have been done long ago.

use std::sync::atomic::Ordering;

use estampe_domain::audit::AuditEvent;
use estampe_domain::{Context, Error, Result, Right, Ts};
use estampe_store::Tx;

use crate::Service;

/// The setting that says since when nothing leaves the house.
const HELD: &str = "held";

/// Notes that nothing leaves the house from now on.
pub(crate) fn hold(tx: &mut Tx<'_>, now: Ts) -> estampe_store::Result<()> {
    tx.set_setting(HELD, &now.as_micros().to_string(), now)
}

/// Since when nothing leaves the house; nothing while all does.
pub(crate) fn since(tx: &mut Tx<'_>) -> estampe_store::Result<Option<Ts>> {
    let noted = tx.setting(HELD)?;
    Ok(noted.and_then(|text| text.parse().ok()).map(Ts::from_micros))
}

impl Service {
    /// Whether nothing leaves the house: no mail, no run, no signature, no change at a directory, no backup by
    /// itself. As it was when [`look_whether_held`](Self::look_whether_held) looked last.
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    /// Looks whether that is so; another node may have ended it.
    pub async fn look_whether_held(&self) -> Result<()> {
        let held = self.store.read(since).await?.is_some();
        self.held.store(held, Ordering::Relaxed);
        Ok(())
    }

    /// Since when nothing leaves the house.
    pub async fn held_since(&self, ctx: &Context) -> Result<Option<Ts>> {
        ctx.require(Right::HealthRead)?;
        Ok(self.store.read(since).await?)
    }

    /// Lets everything leave the house again. Refused where it does.
    pub async fn resume(&self, ctx: &Context) -> Result<()> {
        ctx.require(Right::KeysChange)?;
        let (ctx, random) = (*ctx, self.shared_random());
        let write = self.store.write(move |tx| {
            let was_held = tx.remove_setting(HELD)?;
            if was_held {
                tx.audit(&AuditEvent::done(&ctx, &*random, "service.resume", "service", "worker"))?;
            }
            Ok(was_held)
        });
        if !write.await? {
            return Err(Error::Conflict("nothing is held: the service sends and writes".into()));
        }
        self.held.store(false, Ordering::Relaxed);
        self.wake_worker();
        Ok(())
    }
}
