//! Sources: configured connector instances.

use estampe_domain::audit::AuditEvent;
use estampe_domain::credential::Secret;
use estampe_domain::ids::SourceId;
use estampe_domain::plugin::{ConnectorSpec, Probe};
use estampe_domain::source::{Source, SourceOverview};
use estampe_domain::text::Line;
use estampe_domain::{Context, Error, Result};
use serde_json::json;

use crate::Service;

impl Service {
    /// Every source and how it fares.
    pub async fn sources(&self, ctx: &Context) -> Result<Vec<SourceOverview>> {
        ctx.require_administrator()?;
        Ok(self.store.read(|tx| tx.source_overviews()).await?)
    }

    /// One source and how it fares.
    pub async fn source(&self, ctx: &Context, name: &str) -> Result<SourceOverview> {
        let sources = self.sources(ctx).await?;
        sources.into_iter().find(|s| s.source.name == name).ok_or(Error::NotFound)
    }

    /// Adds a source. The plugin must be there, and each input it asks for must be
    /// given as an absolute path; the files themselves are looked at by
    /// [`check_source`](Self::check_source).
    pub async fn add_source(&self, ctx: &Context, name: &str, connector: ConnectorSpec) -> Result<Source> {
        ctx.require_administrator()?;
        let name: Line = name.parse().map_err(|problem| Error::invalid("name", format!("{problem}")))?;
        if name.as_str().contains('/') {
            return Err(Error::invalid("name", "a slash cannot be part of it"));
        }
        let plugins = self.usable_plugins(ctx).await?;
        let Some(plugin) = plugins.iter().map(|plugin| &plugin.info).find(|p| p.id == connector.plugin) else {
            let there: Vec<_> = plugins.iter().map(|p| p.info.id.as_str()).collect();
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            let words =
                format!("no plugin \"{}\" is in use; there are: {there}; see estampe plugin list", connector.plugin);
            return Err(Error::invalid("plugin", words));
        };
        let problems = plugin.config_problems(&connector.config);
        if let Some((key, _)) = problems.first() {
            let all: Vec<_> = problems.iter().map(|(key, why)| format!("\"{key}\" {why}")).collect();
            return Err(Error::invalid(format!("config.{key}"), all.join("; ")));
        }
        for input in &plugin.inputs {
            let input = &input.name;
            let Some(path) = connector.inputs.get(input) else {
                return Err(Error::invalid("inputs", format!("the plugin needs a file as \"{input}\"")));
            };
            if !path.is_absolute() {
                return Err(Error::invalid("inputs", format!("{} is not an absolute path", path.display())));
            }
        }
        if let Some(extra) = connector.inputs.keys().find(|name| plugin.inputs.iter().all(|i| i.name != **name)) {
            return Err(Error::invalid("inputs", format!("the plugin does not ask for a file \"{extra}\"")));
        }
        let mut secrets = Vec::new();
        let mut connector = connector;
        connector.config = std::mem::take(&mut connector.config)
            .into_iter()
            .filter_map(|(key, value)| match plugin.config.get(&key) {
                Some(known) if known.secret => {
                    secrets.push((key, Secret::new(value)));
                    None
                }
                _ => Some((key, value)),
            })
            .collect();
        let source = Source {
            id: SourceId::new(ctx.now, self.random()),
            name: name.as_str().to_owned(),
            connector,
            created_at: ctx.now,
        };
        let (ctx, random, stored) = (*ctx, self.shared_random(), source.clone());
        let taken = self
            .store
            .write(move |tx| {
                if tx.source_by_name(&stored.name)?.is_some() {
                    return Ok(true);
                }
                tx.insert_source(&stored)?;
                for (key, secret) in &secrets {
                    tx.set_source_secret(stored.id, key, secret)?;
                }
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "source.add", "source", stored.id)
                        .with(json!({"plugin": stored.connector.plugin})),
                )?;
                Ok(false)
            })
            .await?;
        if taken {
            return Err(Error::Conflict(format!("there is a source \"{}\" already", source.name)));
        }
        Ok(source)
    }

    /// Lets a source's connector try what it needs.
    pub async fn check_source(&self, ctx: &Context, name: &str) -> Result<Vec<Probe>> {
        let overview = self.source(ctx, name).await?;
        let given = self.given(&overview.source, true).await?;
        let outcome = self.ports.directory.check(&overview.source.connector, &given).await;
        self.note_call(&overview.source.connector.plugin, outcome.as_ref().err()).await?;
        Ok(outcome?)
    }
}
