//! What a source's provider has to permit, and whether it does.

use estampe_domain::bundle::InstalledVersion;
use estampe_domain::manifest::PermissionTable;
use estampe_domain::ownership::Owner;
use estampe_domain::person::ProfileField;
use estampe_domain::plugin::{Given, Offer};
use estampe_domain::source::{Source, SourceSettings};
use estampe_domain::{Context, Result, Right};

use crate::Service;

/// What a source's provider has to permit.
#[derive(Clone, Debug)]
pub struct SourcePermissions {
    /// The source and its plugin.
    pub settings: SourceSettings,
    /// What is needed, and whether it is there.
    pub table: PermissionTable,
    /// Whether anything was tried.
    pub tried: bool,
    /// Whether it writes fields of people back.
    pub writes: bool,
    /// What the provider calls the organisation.
    pub organisation: Option<String>,
}

impl SourcePermissions {
    /// What is needed, as it is pasted.
    pub fn pasted(&self) -> String {
        let SourceSettings { info, source, .. } = &self.settings;
        info.provider.pasted(&info.config, &source.connector.config, self.writes)
    }
}

impl Service {
    /// What a source's provider has to permit. Nothing is asked there.
    pub async fn source_permissions(&self, ctx: &Context, name: &str) -> Result<SourcePermissions> {
        let settings = self.source_settings(ctx, name).await?;
        let (writes, organisation) = self.writes_and_organisation(&settings.source).await?;
        let table = PermissionTable::new(&settings.info, &settings.source.connector.config, writes, None);
        Ok(SourcePermissions { settings, table, tried: false, writes, organisation })
    }

    /// The same, each piece tried by a harmless question.
    pub async fn check_permissions(&self, ctx: &Context, name: &str) -> Result<SourcePermissions> {
        ctx.require(Right::SourcesChange)?;
        let settings = self.source_settings(ctx, name).await?;
        let (source, id) = (&settings.source, settings.source.id);
        self.store.read(move |tx| tx.ensure_stays(id)).await?;
        let given = self.given(source, true).await?;
        let outcome = self.ports.directory.check_permissions(&source.connector, &given).await;
        self.note_call(&source.connector.plugin, outcome.as_ref().err()).await?;
        let check = outcome?;
        self.learn_organisation(source, &given).await?;
        let (writes, organisation) = self.writes_and_organisation(source).await?;
        let table = PermissionTable::new(&settings.info, &source.connector.config, writes, Some(&check));
        Ok(SourcePermissions { settings, table, tried: true, writes, organisation })
    }

    async fn writes_and_organisation(&self, source: &Source) -> Result<(bool, Option<String>)> {
        let id = source.id;
        let read = self.store.read(move |tx| {
            let owners = tx.source_owners(id)?;
            let writes = ProfileField::ALL.iter().any(|field| owners.of(*field) == Owner::Written);
            Ok((writes, tx.organisation(id)?))
        });
        Ok(read.await?)
    }

    /// Asks the provider what it calls the organisation, and keeps it. Where it does not say so,
    /// what it said before stays: it is shown and nothing else.
    pub(crate) async fn learn_organisation(&self, source: &Source, given: &Given) -> Result<()> {
        let (id, plugin) = (source.id, source.connector.plugin.clone());
        let read = self.store.read(move |tx| Ok((tx.installed_plugin(&plugin)?, tx.organisation(id)?)));
        let (installed, before) = read.await?;
        let offers = |version: &InstalledVersion| version.info.offers.contains(&Offer::Organisation);
        if !installed.and_then(|plugin| plugin.current).as_ref().is_some_and(offers) {
            return Ok(());
        }
        let Ok(found) = self.ports.organisations.about(&source.connector, given).await else { return Ok(()) };
        if found.name.is_empty() || before.as_deref() == Some(&found.name) {
            return Ok(());
        }
        Ok(self.store.write(move |tx| tx.set_organisation(id, &found.name)).await?)
    }

    /// Before the first run of a source, which may be one that nobody ever checked.
    pub(crate) async fn greet(&self, source: &Source) -> Result<()> {
        let id = source.id;
        if self.store.read(move |tx| tx.organisation(id)).await?.is_some() {
            return Ok(());
        }
        match self.given(source, true).await {
            Ok(given) => self.learn_organisation(source, &given).await,
            // the run says it better
            Err(_) => Ok(()),
        }
    }
}
