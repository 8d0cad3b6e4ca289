//! One adapter for each version of the contract, side by side: an old plugin keeps
//! working while new ones speak a newer version.

mod v0_1;

use estampe_domain::plugin::{Cursor, Page, PluginFailure, Probe, SyncMode};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::call::Call;

/// The contract that this host speaks best.
pub const CURRENT: &str = "0.1.0";

/// A version of the contract that this host speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contract {
    /// 0.1.x
    V0_1,
}

impl Contract {
    /// Parses `major.minor.patch`; the error names both versions.
    pub fn parse(version: &str) -> Result<Self, String> {
        let mut parts = version.split('.').map(str::parse::<u32>);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(0)), Some(Ok(1)), Some(Ok(_)), None) => Ok(Self::V0_1),
            _ => Err(format!(
                "it was built for contract {:?} and this Estampe speaks {CURRENT}; \
                 install a version of the plugin that was built for 0.1",
                crate::text::clean(version, 32)
            )),
        }
    }
}

/// A plugin that is ready to be called.
pub enum Connector {
    /// Speaks 0.1.x.
    V0_1(v0_1::Connector),
}

impl Connector {
    /// Links a component; the error says what does not fit.
    pub fn link(engine: &Engine, component: &Component, contract: Contract) -> Result<Self, String> {
        match contract {
            Contract::V0_1 => v0_1::Connector::link(engine, component).map(Self::V0_1),
        }
    }

    /// Lets it try what it needs, in a fresh instance.
    pub fn check(&self, call: Call) -> Result<Vec<Probe>, PluginFailure> {
        match self {
            Self::V0_1(connector) => connector.check(call),
        }
    }

    /// Fetches a page, in a fresh instance.
    pub fn sync_page(&self, call: Call, mode: SyncMode, cursor: Option<&Cursor>) -> Result<Page, PluginFailure> {
        match self {
            Self::V0_1(connector) => connector.sync_page(call, mode, cursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_contracts_are_spoken() {
        assert_eq!(Contract::parse("0.1.0"), Ok(Contract::V0_1));
        assert_eq!(Contract::parse("0.1.9"), Ok(Contract::V0_1));
        for other in ["", "0.1", "0.2.0", "1.0.0", "0.1.0.0", "0.1.x"] {
            let error = Contract::parse(other).unwrap_err();
            assert!(error.contains(CURRENT) && error.contains(&format!("{other:?}")), "{error}");
        }
    }
}
