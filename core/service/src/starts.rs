//! What each start notes, so that a newer version knows what was there before it
//! (`estampe upgrade-check`).

use estampe_domain::{Actor, Result};
use estampe_store::LAST_START;
use serde_json::json;

use crate::Service;

impl Service {
    /// Notes which version this is and which keys its configuration has.
    pub async fn note_start(&self, keys: &[String]) -> Result<()> {
        let noted = json!({ "version": self.settings.version, "keys": keys }).to_string();
        let now = self.context(Actor::System, self.settings.default_locale).now;
        let same = noted.clone();
        if self.store.read(move |tx| Ok(tx.setting(LAST_START)? == Some(same))).await? {
            return Ok(());
        }
        Ok(self.store.write(move |tx| tx.set_setting(LAST_START, &noted, now)).await?)
    }
}
