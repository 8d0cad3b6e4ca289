//! One adapter for each version of the contract, side by side: an old plugin keeps
//! working while new ones speak a newer version.

mod batch;
mod v0_1;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use estampe_domain::group::GroupWrite;
use estampe_domain::plugin::{
    AttributeValue, Cursor, FailKind, MailSender, Page, PluginFailure, PluginInfo, PluginKind, Probe,
    ProviderOrganisation, SyncMode,
};
use wasmtime::Engine;
use wasmtime::component::Component;

pub use self::batch::{Batch, Signatures};
pub use self::world::fit;
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

/// What a connector says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Whether it knows what changed since a checkpoint.
    pub incremental: bool,
    /// Names of the attributes that it may deliver.
    pub attributes: Vec<String>,
}

/// A plugin that is ready to be called.
pub enum Linked {
    /// A connector that speaks 0.1.x.
    ConnectorV0_1(Box<v0_1::Connector>),
    /// A template that speaks 0.1.x.
    TemplateV0_1(v0_1::Template),
}

impl Linked {
    /// Links a component into the world that its manifest names; the error says what does
    /// not fit.
    pub fn link(engine: &Engine, component: &Component, contract: Contract, info: &PluginInfo) -> Result<Self, String> {
        let unfit = |why| format!("it does not fit the contract: {why}");
        world::fits(engine, component, info).map_err(unfit)?;
        let linked = match (contract, info.kind) {
            (Contract::V0_1, PluginKind::Connector) => {
                v0_1::Connector::link(engine, component, &info.offers).map(Box::new).map(Self::ConnectorV0_1)
            }
            (Contract::V0_1, PluginKind::SignatureTemplate) => {
                v0_1::Template::link(engine, component).map(Self::TemplateV0_1)
            }
        };
        linked.map_err(|error| unfit(format!("{error:#}")))
    }

    /// Lets a connector say what it can do, in a fresh instance.
    pub fn describe(&self, call: Call) -> Result<Described, PluginFailure> {
        match self {
            Self::ConnectorV0_1(connector) => connector.describe(call),
            Self::TemplateV0_1(_) => Err(self.is_no("connector")),
        }
    }

    /// Lets a connector try what it needs, in a fresh instance.
    pub fn check(&self, call: Call) -> Result<Vec<Probe>, PluginFailure> {
        match self {
            Self::ConnectorV0_1(connector) => connector.check(call),
            Self::TemplateV0_1(_) => Err(self.is_no("connector")),
        }
    }

    /// Lets a connector fetch a page, in a fresh instance.
    pub fn sync_page(&self, call: Call, mode: SyncMode, cursor: Option<&Cursor>) -> Result<Page, PluginFailure> {
        match self {
            Self::ConnectorV0_1(connector) => connector.sync_page(call, mode, cursor),
            Self::TemplateV0_1(_) => Err(self.is_no("connector")),
        }
    }

    /// Lets a connector read what stands in a mailbox, in a fresh instance.
    pub fn read_signatures(&self, call: Call, mailbox: &str) -> Result<Vec<MailSender>, PluginFailure> {
        match self {
            Self::ConnectorV0_1(connector) => connector.read_signatures(call, mailbox),
            Self::TemplateV0_1(_) => Err(self.is_no("connector")),
        }
    }

    /// Lets a connector set a signature, in a fresh instance.
    pub fn push_signature(
        &self,
        call: Call,
        mailbox: &str,
        address: &str,
        signature: &str,
    ) -> Result<String, PluginFailure> {
        match self {
            Self::ConnectorV0_1(connector) => connector.push_signature(call, mailbox, address, signature),
            Self::TemplateV0_1(_) => Err(self.is_no("connector")),
        }
    }

    /// Lets a connector tell of the organisation, in a fresh instance.
    pub fn about(&self, call: Call) -> Result<ProviderOrganisation, PluginFailure> {
        match self {
            Self::ConnectorV0_1(connector) => connector.about(call),
            Self::TemplateV0_1(_) => Err(self.is_no("connector")),
        }
    }

    /// Lets a connector say whether somebody administers the organisation, in a fresh instance.
    pub fn administers(&self, call: Call, user: &str) -> Result<bool, PluginFailure> {
        match self {
            Self::ConnectorV0_1(connector) => connector.administers(call, user),
            Self::TemplateV0_1(_) => Err(self.is_no("connector")),
        }
    }

    /// Lets a connector read fields of somebody in its directory, in a fresh instance.
    pub fn read_person(
        &self,
        call: Call,
        id: &str,
        fields: &BTreeSet<String>,
    ) -> Result<Vec<(String, AttributeValue)>, PluginFailure> {
        match self {
            Self::ConnectorV0_1(connector) => connector.read_person(call, id, fields),
            Self::TemplateV0_1(_) => Err(self.is_no("connector")),
        }
    }

    /// Lets a connector set fields of somebody in its directory, in a fresh instance.
    pub fn write_person(
        &self,
        call: Call,
        id: &str,
        changes: BTreeMap<String, Vec<String>>,
    ) -> Result<Vec<(String, AttributeValue)>, PluginFailure> {
        match self {
            Self::ConnectorV0_1(connector) => connector.write_person(call, id, changes),
            Self::TemplateV0_1(_) => Err(self.is_no("connector")),
        }
    }

    /// Lets a connector make or change a group of its directory, in a fresh instance.
    pub fn write_group(&self, call: Call, write: &GroupWrite) -> Result<Option<String>, PluginFailure> {
        match self {
            Self::ConnectorV0_1(connector) => connector.write_group(call, write),
            Self::TemplateV0_1(_) => Err(self.is_no("connector")),
        }
    }

    /// Lets a template make a batch of signatures; `call` begins the call of each instance.
    pub fn render(&self, batch: &Batch<'_>, call: impl Fn() -> Call) -> Result<Signatures, PluginFailure> {
        match self {
            Self::TemplateV0_1(template) => batch.render(|| template.instantiate(call()), v0_1::Instance::render),
            Self::ConnectorV0_1(_) => Err(self.is_no("signature template")),
        }
    }

    fn is_no(&self, wanted: &str) -> PluginFailure {
        let is = match self {
            Self::ConnectorV0_1(_) => "connector",
            Self::TemplateV0_1(_) => "signature template",
        };
        PluginFailure::new(FailKind::Unsupported, format!("the plugin is a {is}; this is for a {wanted}"))
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
