//! What the tokens of a source's credentials allow. The host looks by itself: no plugin sees a
//! token.

use std::sync::Arc;

use estampe_domain::egress::Attached;
use estampe_domain::manifest::Standing;
use estampe_domain::plugin::{ConnectorSpec, Given, PluginInfo};
use estampe_domain::ports::HttpEgress;
use ipnet::IpNet;

use crate::call::whole;
use crate::http::attached;

/// The credentials of a source that are granted and have their values.
pub struct Standings {
    egress: Arc<dyn HttpEgress>,
    networks: Vec<IpNet>,
    /// Each with the scopes that it asks for, and whether a permission is one of them.
    credentials: Vec<(Attached, Standing, bool)>,
}

impl Standings {
    /// Looks at none yet.
    pub fn new(egress: Arc<dyn HttpEgress>, info: &PluginInfo, connector: &ConnectorSpec, given: &Given) -> Self {
        let config = whole(connector.config.clone(), info);
        let credentials = info.asks.credentials.iter().filter_map(|(name, declared)| {
            let attached = attached(info, &config, given, name.clone()).ok()?;
            let scopes = declared.ask.scopes();
            let permissions = &info.provider.permissions;
            let is_named = permissions.iter().any(|permission| scopes.iter().any(|scope| permission.is(scope)));
            Some((attached, Standing { credential: name.clone(), scopes, allows: Ok(None) }, is_named))
        });
        Self { egress, networks: given.grants.networks(), credentials: credentials.collect() }
    }

    /// The next request has a token that knows what is permitted by now.
    pub async fn renew(&self) {
        for (attached, ..) in &self.credentials {
            self.egress.renew(attached).await;
        }
    }

    /// Tokens end here and, where the provider takes them back, there.
    pub async fn give_back(&self) {
        for (attached, ..) in &self.credentials {
            self.egress.give_back(attached, &self.networks).await;
        }
    }

    /// What they allow. A token is fetched where a scope is a permission itself; of the others
    /// it is seen what requests had, since which of them a source makes use of is the plugin's
    /// to know.
    pub async fn look(self) -> Vec<Standing> {
        let mut all = Vec::new();
        for (attached, standing, is_named) in self.credentials {
            let allows = self.egress.allows(&attached, &self.networks, is_named).await;
            all.push(Standing { allows, ..standing });
        }
        all
    }
}
