//! Plugins: what is installed and what lies ready; one of them, what it asks for, and the
//! administrator's word on each item.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use estampe_domain::Error;
use estampe_domain::bundle::{BundleFacts, InstalledPlugin, InstalledVersion, MAX_BUNDLE, PluginState, Signature};
use estampe_domain::permission::Permission;
use estampe_domain::plugin::Texts;
use estampe_service::{OfferedPlugins, PluginDetail};
use estampe_texts::key;

use crate::console::plugin_file::NotTaken;
use crate::console::shell::{Section, Shell};
use crate::console::sources::SourceLine;
use crate::forms::{Fields, Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other, segment};
use crate::session::Desk;
use crate::words::asked::{Row, rows};

/// A plugin on one line.
pub(crate) struct PluginLine {
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) words: String,
    pub(crate) version: Option<String>,
    /// Words and tone.
    pub(crate) state: (&'static str, &'static str),
    pub(crate) signature: (&'static str, &'static str),
    pub(crate) granted: usize,
    pub(crate) asked: usize,
}

impl PluginLine {
    fn new(l: &Lang, plugin: &InstalledPlugin) -> Self {
        let newest = plugin.newest();
        let asked = newest.map(|version| version.info.asked().len()).unwrap_or_default();
        let open = newest.map(|version| plugin.ungranted(version).len()).unwrap_or_default();
        Self {
            id: plugin.id.clone(),
            href: path_of(&plugin.id),
            words: newest.map(|version| said(l, &version.info.description)).unwrap_or_default(),
            version: plugin.current.as_ref().map(|current| current.info.version.clone()),
            state: state(plugin),
            signature: newest.map_or((key("plugin-unsigned"), "seal"), |version| signature(&version.signature)),
            granted: asked - open,
            asked,
        }
    }
}

pub(crate) fn path_of(id: &str) -> String {
    format!("/plugins/{}", segment(id))
}

/// Words in the reader's language, or in whatever there is.
pub(crate) fn said(l: &Lang, texts: &Texts) -> String {
    texts.get(l.tag()).or_else(|| texts.values().next()).cloned().unwrap_or_default()
}

fn state(plugin: &InstalledPlugin) -> (&'static str, &'static str) {
    match (plugin.state, &plugin.current, &plugin.problem) {
        (PluginState::Disabled, ..) => (key("plugin-disabled"), "plain"),
        (PluginState::Paused, ..) => (key("plugin-paused"), "seal"),
        (PluginState::Enabled, _, Some(_)) => (key("plugin-unusable"), "seal"),
        (PluginState::Enabled, None, None) => (key("plugin-waits"), "sun"),
        (PluginState::Enabled, Some(_), None) => (key("plugin-enabled"), "leaf"),
    }
}

fn signature(signature: &Signature) -> (&'static str, &'static str) {
    match signature {
        Signature::Trusted { .. } => (key("plugin-signed"), "leaf"),
        Signature::Unknown { .. } => (key("plugin-unknown-key"), "seal"),
        Signature::Revoked { .. } => (key("plugin-revoked-key"), "seal"),
        Signature::None => (key("plugin-unsigned"), "seal"),
    }
}

/// The list.
#[derive(Template)]
#[template(path = "console/plugins.html")]
pub(crate) struct PluginsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) plugins: Vec<PluginLine>,
    /// Id, version, words, and whether an older version is installed.
    pub(crate) offered: Vec<(String, String, String, bool)>,
    pub(crate) problems: &'a [String],
    /// What is wrong with the file that was just sent.
    pub(crate) not_taken: Option<NotTaken>,
}

impl<'a> PluginsPage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell, plugins: &[InstalledPlugin], offered: &'a OfferedPlugins) -> Self {
        let line = |facts: &BundleFacts| {
            let info = &facts.info;
            let known = plugins.iter().find(|plugin| plugin.id == info.id);
            let there = known.and_then(|plugin| plugin.newest());
            let newer = there.is_none_or(|there| estampe_service::is_newer(&info.version, &there.info.version));
            newer.then(|| (info.id.clone(), info.version.clone(), said(l, &info.description), known.is_some()))
        };
        Self {
            l,
            s,
            plugins: plugins.iter().map(|plugin| PluginLine::new(l, plugin)).collect(),
            offered: offered.bundles.iter().filter_map(line).collect(),
            problems: &offered.problems,
            not_taken: None,
        }
    }

    /// Mebioctets that a file may have.
    fn most(&self) -> String {
        self.l.n(MAX_BUNDLE >> 20)
    }
}

/// One plugin.
#[derive(Template)]
#[template(path = "console/plugin.html")]
pub(crate) struct PluginPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) detail: &'a PluginDetail,
    pub(crate) rows: Vec<Row>,
    pub(crate) sources: Vec<SourceLine>,
}

impl<'a> PluginPage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell, detail: &'a PluginDetail) -> Self {
        let sources = detail.sources.iter().map(|source| SourceLine::new(l, source)).collect();
        Self { l, s, rows: rows(l, &detail.plugin), sources, detail }
    }

    fn plugin(&self) -> &InstalledPlugin {
        &self.detail.plugin
    }

    fn path(&self) -> String {
        path_of(&self.plugin().id)
    }

    fn newest(&self) -> Option<&InstalledVersion> {
        self.plugin().newest()
    }

    fn words(&self) -> String {
        self.newest().map(|version| said(self.l, &version.info.description)).unwrap_or_default()
    }

    fn version(&self) -> &str {
        self.newest().map_or("", |version| version.info.version.as_str())
    }

    fn state(&self) -> (&'static str, &'static str) {
        state(self.plugin())
    }

    fn signature(&self) -> (&'static str, &'static str) {
        self.newest().map_or((key("plugin-unsigned"), "seal"), |version| signature(&version.signature))
    }

    fn signer(&self) -> Option<&str> {
        match &self.newest()?.signature {
            Signature::Trusted { key } | Signature::Unknown { key } | Signature::Revoked { key } => Some(key),
            Signature::None => None,
        }
    }

    fn open(&self) -> usize {
        self.newest().map(|version| self.plugin().ungranted(version).len()).unwrap_or_default()
    }

    /// What the version that waits asks for no longer.
    fn gone(&self) -> Vec<String> {
        let plugin = self.plugin();
        let gone = plugin.waiting.as_ref().map(|waiting| plugin.asks_no_longer(waiting)).unwrap_or_default();
        gone.iter().map(ToString::to_string).collect()
    }

    fn networks(&self) -> Vec<String> {
        let networks = self.plugin().grants.iter().filter(|granted| !granted.can_be_asked());
        networks.map(ToString::to_string).collect()
    }

    fn is_off(&self) -> bool {
        self.plugin().state != PluginState::Enabled
    }

    /// Installed, and nothing of it was ever in use.
    fn is_fresh(&self) -> bool {
        self.plugin().current.is_none() && self.plugin().waiting.is_some()
    }

    fn can_go_back(&self) -> bool {
        let plugin = self.plugin();
        plugin.previous.is_some() || (plugin.waiting.is_some() && plugin.current.is_some())
    }

    fn memory(&self) -> String {
        self.l.n(self.detail.usage.map_or(0, |usage| usage.memory.div_ceil(1 << 20)))
    }

    fn seconds(&self) -> String {
        self.l.n(self.detail.usage.map_or(0, |usage| usage.time.as_secs()))
    }
}

/// `GET /plugins`
pub(crate) async fn list(desk: Desk) -> Reply {
    plugins_page(&desk, StatusCode::OK, None).await
}

/// The list, after a file that was not taken as well.
pub(crate) async fn plugins_page(desk: &Desk, status: StatusCode, not_taken: Option<NotTaken>) -> Reply {
    let plugins = desk.ok(desk.service().plugins(&desk.ctx).await)?;
    let offered = desk.ok(desk.service().offered_plugins(&desk.ctx).await)?;
    let s = Shell::new(desk, Section::Plugins, "/plugins");
    let page = PluginsPage { not_taken, ..PluginsPage::new(&desk.l, s, &plugins, &offered) };
    desk.page_with(status, &page)
}

/// `GET /plugins/{id}`
pub(crate) async fn show(desk: Desk, id: web::Path<String>) -> Reply {
    let detail = desk.ok(desk.service().plugin_detail(&desk.ctx, &id).await)?;
    let s = Shell::new(&desk, Section::Plugins, path_of(&id));
    desk.page(&PluginPage::new(&desk.l, s, &detail))
}

/// `POST /plugins/{id}/install`: a bundle that lies ready.
pub(crate) async fn install(sent: ProtectedForm<Nothing>, id: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().install_offered(&desk.ctx, &id).await)?;
    Ok(see_other(&path_of(&id)))
}

/// `POST /plugins/{id}/upgrade`: a bundle that lies ready.
pub(crate) async fn upgrade(sent: ProtectedForm<Nothing>, id: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().upgrade_offered(&desk.ctx, &id).await)?;
    Ok(see_other(&path_of(&id)))
}

/// What an administrator ticked, of what was shown.
pub(crate) struct Decision {
    shown: Vec<String>,
    granted: Vec<String>,
    then: String,
}

impl From<Fields> for Decision {
    fn from(fields: Fields) -> Self {
        Self { shown: fields.all("shown"), granted: fields.all("grant"), then: fields.text("then") }
    }
}

/// `POST /plugins/{id}/grants`
pub(crate) async fn grant(sent: ProtectedForm<Decision>, id: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: decision } = sent;
    let plugin = desk.ok(desk.service().plugin(&desk.ctx, &id).await)?;
    let (mut grant, mut revoke) = (Vec::new(), Vec::new());
    for shown in &decision.shown {
        let item: Permission = desk.ok(shown.parse().map_err(|error| Error::invalid("grant", format!("{error}"))))?;
        let wanted = decision.then == "all" || decision.granted.contains(shown);
        match (wanted, plugin.grants.iter().any(|granted| *granted == item)) {
            (true, false) => grant.push(item),
            (false, true) => revoke.push(item),
            _ => {}
        }
    }
    let plugin = if grant.is_empty() && revoke.is_empty() {
        plugin
    } else {
        desk.ok(desk.service().grant_plugin(&desk.ctx, &id, grant, revoke).await)?
    };
    if decision.then == "use" && plugin.waiting.is_some() {
        desk.ok(desk.service().use_plugin(&desk.ctx, &id).await)?;
    }
    Ok(see_other(&path_of(&id)))
}

/// A network that is to be reached, or no longer.
pub(crate) struct Network {
    add: String,
    remove: String,
}

impl From<Fields> for Network {
    fn from(fields: Fields) -> Self {
        Self { add: fields.text("network"), remove: fields.text("remove") }
    }
}

/// `POST /plugins/{id}/network`
pub(crate) async fn network(sent: ProtectedForm<Network>, id: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: Network { add, remove } } = sent;
    let item = |text: String| -> Result<Permission, Error> {
        text.parse().map_err(|error| Error::invalid("network", format!("{error}")))
    };
    let (grant, revoke) = if remove.is_empty() {
        (vec![desk.ok(item(format!("network {}", add.trim())))?], Vec::new())
    } else {
        (Vec::new(), vec![desk.ok(item(remove))?])
    };
    desk.ok(desk.service().grant_plugin(&desk.ctx, &id, grant, revoke).await)?;
    Ok(see_other(&path_of(&id)))
}

/// `POST /plugins/{id}/enable`
pub(crate) async fn enable(sent: ProtectedForm<Nothing>, id: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().switch_plugin(&desk.ctx, &id, true).await)?;
    Ok(see_other(&path_of(&id)))
}

/// `POST /plugins/{id}/disable`
pub(crate) async fn disable(sent: ProtectedForm<Nothing>, id: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().switch_plugin(&desk.ctx, &id, false).await)?;
    Ok(see_other(&path_of(&id)))
}

/// `POST /plugins/{id}/rollback`
pub(crate) async fn rollback(sent: ProtectedForm<Nothing>, id: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().rollback_plugin(&desk.ctx, &id).await)?;
    Ok(see_other(&path_of(&id)))
}

/// `POST /plugins/{id}/remove`
pub(crate) async fn remove(sent: ProtectedForm<Nothing>, id: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().remove_plugin(&desk.ctx, &id).await)?;
    Ok(see_other("/plugins"))
}
