//! Sources: configured connector instances.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use estampe_domain::audit::AuditEvent;
use estampe_domain::bundle::PluginState;
use estampe_domain::credential::Secret;
use estampe_domain::ids::SourceId;
use estampe_domain::mapping::Mapping;
use estampe_domain::permission::{Grants, Permission};
use estampe_domain::plugin::{ConfigProblem, ConnectorSpec, PluginInfo, PluginKind, Probe};
use estampe_domain::run::RunState;
use estampe_domain::source::{EVERY_MINUTES, Source, SourceChange, SourceOverview, SourceSettings};
use estampe_domain::text::Line;
use estampe_domain::{Context, Error, Result, Right};
use serde_json::json;

use crate::Service;
use crate::views::PluginEntry;

impl Service {
    /// Every source and how it fares.
    pub async fn sources(&self, ctx: &Context) -> Result<Vec<SourceOverview>> {
        ctx.require(Right::SourcesRead)?;
        Ok(self.store.read(|tx| tx.source_overviews()).await?)
    }

    /// One source and how it fares.
    pub async fn source(&self, ctx: &Context, name: &str) -> Result<SourceOverview> {
        let sources = self.sources(ctx).await?;
        sources.into_iter().find(|s| s.source.name == name).ok_or(Error::NotFound)
    }

    /// One source, for what needs not to know how it fares: nobody is counted.
    pub(crate) async fn source_named(&self, ctx: &Context, name: &str) -> Result<Source> {
        ctx.require(Right::SourcesRead)?;
        let name = name.to_owned();
        self.store.read(move |tx| tx.source_by_name(&name)).await?.ok_or(Error::NotFound)
    }

    /// Adds a source. The plugin must be there, and each input it asks for must be
    /// given as an absolute path; the files themselves are looked at by
    /// [`check_source`](Self::check_source).
    pub async fn add_source(&self, ctx: &Context, name: &str, connector: ConnectorSpec) -> Result<Source> {
        ctx.require(Right::SourcesChange)?;
        let name: Line = name.parse().map_err(|problem| Error::invalid("name", format!("{problem}")))?;
        if name.as_str().contains('/') {
            return Err(Error::invalid("name", "a slash cannot be part of it"));
        }
        let plugins = self.usable_plugins(ctx).await?;
        let Some(plugin) = plugins.iter().map(|plugin| &plugin.info).find(|p| p.id == connector.plugin) else {
            return Err(Error::invalid("plugin", self.why_not(ctx, &plugins, &connector.plugin).await?));
        };
        sound(plugin.config_problems(&connector.config))?;
        fits(plugin, &connector.inputs)?;
        let mut connector = connector;
        let secrets = take_secrets(plugin, &mut connector.config);
        let source = Source {
            id: SourceId::new(ctx.now, self.random()),
            name: name.as_str().to_owned(),
            connector,
            every_minutes: Some(EVERY_MINUTES),
            mapping: Mapping::default(),
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

    /// Why a source cannot have this plugin.
    async fn why_not(&self, ctx: &Context, usable: &[PluginEntry], id: &str) -> Result<String> {
        let installed = self.plugins(ctx).await?;
        let Some(plugin) = installed.iter().find(|plugin| plugin.id == id) else {
            let there: Vec<_> = usable.iter().map(|plugin| plugin.info.id.as_str()).collect();
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            return Ok(format!("no plugin \"{id}\" is in use; there are: {there}; see estampe plugin list"));
        };
        if plugin.newest().is_some_and(|version| version.info.kind != PluginKind::Connector) {
            return Ok(format!("the plugin \"{id}\" is no connector: it makes signatures"));
        }
        Ok(match (plugin.state, &plugin.current) {
            (PluginState::Disabled | PluginState::Paused, _) => {
                format!("the plugin \"{id}\" is switched off: estampe plugin enable {id}")
            }
            (PluginState::Enabled, None) => {
                format!("no plugin \"{id}\" is in use yet: it waits for what it asks for: estampe plugin grant {id}")
            }
            (PluginState::Enabled, Some(_)) => format!("the plugin \"{id}\" cannot be used: estampe plugin show {id}"),
        })
    }

    /// How a source is configured, and what it may be configured with.
    pub async fn source_settings(&self, ctx: &Context, name: &str) -> Result<SourceSettings> {
        ctx.require(Right::SourcesRead)?;
        let source = self.source_named(ctx, name).await?;
        let (id, plugin) = (source.id, source.connector.plugin.clone());
        let (installed, secrets) =
            self.store.read(move |tx| Ok((tx.installed_plugin(&plugin)?, tx.source_secret_keys(id)?))).await?;
        // a disabled or paused plugin's source can be mended all the same
        let Some(version) = installed.and_then(|plugin| plugin.current) else {
            let words = format!("no version of its plugin \"{}\" is in use", source.connector.plugin);
            return Err(Error::Conflict(words));
        };
        Ok(SourceSettings { source, info: version.info, secrets })
    }

    /// Changes how a source is configured. What its plugin remembered is forgotten with
    /// that: the next run is a full one. Not while a run is open, whose plan was made
    /// before. Where a key changes that says where secrets are sent, they are needed again.
    pub async fn change_source(&self, ctx: &Context, name: &str, change: SourceChange) -> Result<Source> {
        ctx.require(Right::SourcesChange)?;
        let settings = self.source_settings(ctx, name).await?;
        sound(settings.problems(&change))?;
        let mut connector = settings.source.connector.clone();
        connector.inputs.retain(|name, _| settings.info.inputs.iter().any(|input| input.name == *name));
        connector.inputs.extend(change.inputs.clone());
        fits(&settings.info, &connector.inputs)?;
        connector.config = settings.changed(&change);
        let fresh = take_secrets(&settings.info, &mut connector.config);
        let kept = settings.kept_secrets(&change);
        let gone: Vec<String> = settings
            .secrets
            .iter()
            .filter(|key| !kept.contains(key.as_str()) && fresh.iter().all(|(fresh, _)| fresh != *key))
            .cloned()
            .collect();
        let before = settings.source.connector.clone();
        let changed = Source { connector, ..settings.source };
        if changed.connector == before && fresh.is_empty() && gone.is_empty() {
            return Ok(changed);
        }
        let (ctx, random, stored) = (*ctx, self.shared_random(), changed.clone());
        let (had, info) = (settings.secrets.clone(), settings.info.clone());
        self.store
            .write(move |tx| {
                let id = stored.id;
                tx.lock_source(id)?;
                if let Some((run, state)) = tx.open_run(id)? {
                    let what = if state == RunState::Held { "waits for a word" } else { "is under way" };
                    return Err(Error::Conflict(format!("run {run} of this source {what}: end it first")).into());
                }
                let current = tx.installed_plugin(&before.plugin)?.and_then(|plugin| plugin.current);
                let stands =
                    (tx.source(id)?.connector, tx.source_secret_keys(id)?, current.map(|version| version.info));
                if stands != (before.clone(), had, Some(info)) {
                    return Err(Error::Conflict("this source was changed meanwhile; look again".into()).into());
                }
                tx.set_connector(id, &stored.connector)?;
                for (key, secret) in &fresh {
                    tx.set_source_secret(id, key, secret)?;
                }
                for key in &gone {
                    tx.delete_source_secret(id, key)?;
                }
                let names: BTreeSet<_> = differing(&before.config, &stored.connector.config)
                    .chain(fresh.iter().map(|(key, _)| key))
                    .chain(&gone)
                    .collect();
                let inputs: Vec<_> = differing(&before.inputs, &stored.connector.inputs).collect();
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "source.change", "source", id)
                        .with(json!({"config": names, "inputs": inputs})),
                )
            })
            .await?;
        Ok(changed)
    }

    /// Lets a source's connector try what it needs.
    pub async fn check_source(&self, ctx: &Context, name: &str) -> Result<Vec<Probe>> {
        ctx.require(Right::SourcesChange)?;
        let source = self.source_named(ctx, name).await?;
        let id = source.id;
        self.store.read(move |tx| tx.ensure_stays(id)).await?;
        let given = self.given(&source, true).await?;
        let outcome = self.ports.directory.check(&source.connector, &given).await;
        self.note_call(&source.connector.plugin, outcome.as_ref().err()).await?;
        let mut probes = outcome?;
        probes.extend(self.names_are_granted(&source, &given.grants));
        self.learn_organisation(&source, &given).await?;
        Ok(probes)
    }

    /// A failed line where no field is granted that gives anybody a name or an address: each
    /// entry would be refused.
    fn names_are_granted(&self, source: &Source, grants: &Grants) -> Option<Probe> {
        let tells_of_nobody = source.connector.config.get("people").is_some_and(|people| people == "false");
        let info = self.ports.directory.plugins().into_iter().find(|info| info.id == source.connector.plugin)?;
        let naming = source.mapping.naming();
        let asked = info.asked().into_iter().map(|asked| asked.permission).filter(|asked| match asked {
            Permission::FieldRead(name) => naming.contains(&name.to_ascii_lowercase()),
            Permission::FieldReadMapped => true,
            _ => false,
        });
        let asked: Vec<_> = asked.collect();
        let missing = grants.missing(&asked);
        if tells_of_nobody || asked.is_empty() || missing.len() < asked.len() {
            return None;
        }
        let items: Vec<_> = missing.iter().map(|item| format!("\"{item}\"")).collect();
        let detail = format!(
            "no field that gives a name or an e-mail address is granted, and everybody would be refused: \
             estampe plugin grant {} {}",
            info.id,
            items.join(" ")
        );
        Some(Probe { name: "grants".to_owned(), passed: false, detail })
    }
}

/// The configuration has no problem; the error names them all.
/// The first of these problems, naming all.
pub(crate) fn sound(problems: Vec<(String, ConfigProblem)>) -> Result<()> {
    let Some((key, _)) = problems.first() else { return Ok(()) };
    let all: Vec<_> = problems.iter().map(|(key, why)| format!("\"{key}\" {why}")).collect();
    Err(Error::invalid(format!("config.{key}"), all.join("; ")))
}

/// The files are those that the plugin asks for, by absolute paths.
fn fits(plugin: &PluginInfo, inputs: &BTreeMap<String, PathBuf>) -> Result<()> {
    if let Some(extra) = inputs.keys().find(|name| plugin.inputs.iter().all(|i| i.name != **name)) {
        let asked: Vec<_> = plugin.inputs.iter().map(|input| input.name.as_str()).collect();
        let asked = if asked.is_empty() { "for none".to_owned() } else { format!("for: {}", asked.join(", ")) };
        return Err(Error::invalid("inputs", format!("the plugin does not ask for a file \"{extra}\", but {asked}")));
    }
    for input in &plugin.inputs {
        let input = &input.name;
        let Some(path) = inputs.get(input) else {
            return Err(Error::invalid("inputs", format!("the plugin needs a file as \"{input}\"")));
        };
        if !path.is_absolute() {
            return Err(Error::invalid("inputs", format!("{} is not an absolute path", path.display())));
        }
    }
    Ok(())
}

/// Takes what the plugin calls secret out of a configuration.
fn take_secrets(plugin: &PluginInfo, config: &mut BTreeMap<String, String>) -> Vec<(String, Secret)> {
    let is_secret = |key: &String| plugin.config.get(key).is_some_and(|known| known.secret);
    let keys: Vec<_> = config.keys().filter(|key| is_secret(key)).cloned().collect();
    let taken = keys.into_iter().filter_map(|key| config.remove_entry(&key));
    taken.map(|(key, value)| (key, Secret::new(value))).collect()
}

/// The keys that are not the same in both.
fn differing<'a, V: PartialEq>(
    one: &'a BTreeMap<String, V>,
    other: &'a BTreeMap<String, V>,
) -> impl Iterator<Item = &'a String> {
    let added = other.keys().filter(|key| !one.contains_key(*key));
    one.iter().filter(|(key, value)| other.get(*key) != Some(value)).map(|(key, _)| key).chain(added)
}
