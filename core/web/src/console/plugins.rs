//! Plugins: what is installed and what lies ready; one of them, what it asks for, and the
//! administrator's word on each item.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use estampe_domain::bundle::{BundleFacts, InstalledPlugin, InstalledVersion, MAX_BUNDLE, PluginState, Signature};
use estampe_domain::permission::Permission;
use estampe_domain::plugin::{PluginKind, Texts};
use estampe_domain::{Error, Right};
use estampe_service::{OfferedPlugins, PluginDetail};
use estampe_texts::key;

use crate::console::confirm::SensitiveForm;
use crate::console::plugin_file::NotTaken;
use crate::console::shell::{Section, Shell};
use crate::console::sources::SourceLine;
use crate::fields::Field;
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
    /// What to say of a version that waits beside the one in use.
    pub(crate) waits: Option<String>,
    pub(crate) signature: Option<(&'static str, &'static str)>,
    pub(crate) granted: usize,
    pub(crate) asked: usize,
}

impl PluginLine {
    fn new(l: &Lang, plugin: &InstalledPlugin) -> Self {
        let shown = shown(plugin);
        let asked = shown.map(|version| version.info.asked().len()).unwrap_or_default();
        let open = shown.map(|version| plugin.ungranted(version).len()).unwrap_or_default();
        let upgrade = plugin.current.as_ref().and(plugin.waiting.as_ref());
        let waits = |version: &InstalledVersion| {
            l.t("plugins-waits").with("version", version.info.version.as_str()).to_string()
        };
        Self {
            id: plugin.id.clone(),
            href: path_of(&plugin.id),
            words: shown.map(|version| said(l, &version.info.description)).unwrap_or_default(),
            version: shown.map(|version| version.info.version.clone()),
            state: state(plugin),
            waits: upgrade.map(waits),
            signature: trust(plugin),
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

/// The version that its name and its marks tell of: the one in use, else the one that waits.
fn shown(plugin: &InstalledPlugin) -> Option<&InstalledVersion> {
    plugin.current.as_ref().or(plugin.waiting.as_ref())
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

/// The key that signed it.
fn signer(signature: &Signature) -> Option<&str> {
    match signature {
        Signature::Trusted { key } | Signature::Unknown { key } | Signature::Revoked { key } => Some(key),
        Signature::None => None,
    }
}

/// What to say of its signature; nothing good while it cannot be used.
fn trust(plugin: &InstalledPlugin) -> Option<(&'static str, &'static str)> {
    let unusable = plugin.state == PluginState::Enabled && plugin.problem.is_some();
    Some(signature(&shown(plugin)?.signature)).filter(|(_, tone)| *tone != "leaf" || !unusable)
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
    /// Where another network is named; not for what never reaches any.
    pub(crate) network: Option<Field>,
}

impl<'a> PluginPage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell, detail: &'a PluginDetail) -> Self {
        let sources = detail.sources.iter().map(|source| SourceLine::new(l, source)).collect();
        let reaches = shown(&detail.plugin).is_none_or(|version| version.info.kind != PluginKind::SignatureTemplate);
        let network = reaches.then(|| network_field(l, ""));
        Self { l, s, rows: rows(l, &detail.plugin), sources, network, detail }
    }

    /// The same after a network that is none.
    pub(crate) fn wrong_network(self, typed: &str) -> Self {
        let problem = self.l.t("plugin-network-wrong").to_string();
        Self { network: Some(network_field(self.l, typed).problem(Some(problem))), ..self }
    }

    fn plugin(&self) -> &InstalledPlugin {
        &self.detail.plugin
    }

    fn path(&self) -> String {
        path_of(&self.plugin().id)
    }

    fn shown(&self) -> Option<&InstalledVersion> {
        shown(self.plugin())
    }

    fn words(&self) -> String {
        self.shown().map(|version| said(self.l, &version.info.description)).unwrap_or_default()
    }

    fn version(&self) -> &str {
        self.shown().map_or("", |version| version.info.version.as_str())
    }

    /// The version that waits beside the one in use.
    fn upgrade(&self) -> Option<&InstalledVersion> {
        self.plugin().current.as_ref().and(self.plugin().waiting.as_ref())
    }

    fn state(&self) -> (&'static str, &'static str) {
        state(self.plugin())
    }

    /// The newest version, which is what the form asks about.
    fn asked_about(&self) -> &str {
        self.plugin().newest().map_or("", |version| version.sha256.as_str())
    }

    fn trust(&self) -> Option<(&'static str, &'static str)> {
        trust(self.plugin())
    }

    fn signature(&self, version: &InstalledVersion) -> (&'static str, &'static str) {
        signature(&version.signature)
    }

    fn signer<'v>(&self, version: &'v InstalledVersion) -> Option<&'v str> {
        signer(&version.signature)
    }

    /// What to say where another key signed the version that waits.
    fn other_signer(&self) -> Option<String> {
        let (current, waiting) = (self.plugin().current.as_ref()?, self.upgrade()?);
        let (before, after) = self.plugin().other_signer()?;
        let (before, after) = (signer(before), signer(after));
        if before == after {
            return None;
        }
        let words = match (before, after) {
            (Some(before), Some(after)) => self.l.t("plugin-other-key").with("before", before).with("after", after),
            (Some(before), None) => self.l.t("plugin-other-unsigned").with("before", before),
            (None, after) => self.l.t("plugin-other-signed").with("after", after.unwrap_or_default()),
        };
        let (current, waiting) = (current.info.version.as_str(), waiting.info.version.as_str());
        Some(words.with("version", waiting).with("current", current).to_string())
    }

    /// What to do about what is wrong.
    fn next_step(&self) -> Option<&'static str> {
        match self.plugin().state {
            PluginState::Enabled => Some(key("plugin-unusable-next")),
            PluginState::Paused => Some(key("plugin-paused-next")),
            PluginState::Disabled => None,
        }
    }

    fn upgrade_title(&self) -> String {
        let key = if self.new_ones() > 0 { key("plugin-upgrade-title") } else { key("plugin-upgrade-waits") };
        let version = self.upgrade().map_or("", |waiting| waiting.info.version.as_str());
        self.l.t(key).with("version", version).to_string()
    }

    fn asks_title(&self) -> String {
        match self.upgrade() {
            Some(waiting) => self.l.t("plugin-asks-version").with("version", waiting.info.version.as_str()).to_string(),
            None => self.l.t("plugin-asks").to_string(),
        }
    }

    fn open(&self) -> usize {
        self.plugin().newest().map(|version| self.plugin().ungranted(version).len()).unwrap_or_default()
    }

    /// How many that are not granted the version in use did not ask for.
    fn new_ones(&self) -> usize {
        let more = self.upgrade().map(|waiting| self.plugin().asks_more(waiting)).unwrap_or_default();
        more.iter().filter(|asked| !self.plugin().grants.cover(&asked.permission)).count()
    }

    /// What is done with the grants, and its words; the main one first.
    fn buttons(&self) -> Vec<(&'static str, String)> {
        let (then, words, count) = match self.upgrade() {
            Some(_) => ("new", key("plugin-grant-new"), self.new_ones()),
            None => ("all", key("plugin-grant-all"), self.open()),
        };
        // one that another key signed comes into use by name alone
        let words = if self.plugin().other_signer().is_some() { key("plugin-grant-new-use") } else { words };
        let version = self.upgrade().map_or("", |waiting| waiting.info.version.as_str());
        let grant =
            (count > 0).then(|| (then, self.l.t(words).with("count", count).with("version", version).to_string()));
        let save = (!self.rows.is_empty()).then(|| ("save", self.l.t("plugin-grant-ticked").to_string()));
        let used =
            self.plugin().waiting.as_ref().map(|waiting| {
                ("use", self.l.t("plugin-use").with("version", waiting.info.version.as_str()).to_string())
            });
        let buttons = if grant.is_some() { [grant, save, used] } else { [used, save, None] };
        buttons.into_iter().flatten().collect()
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
        self.plugin().previous.is_some() || self.upgrade().is_some()
    }

    fn go_back(&self) -> String {
        match self.upgrade() {
            Some(waiting) => self.l.t("plugin-withdraw").with("version", waiting.info.version.as_str()).to_string(),
            None => self.l.t("plugin-rollback").to_string(),
        }
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
pub(crate) async fn upgrade(sent: SensitiveForm<Nothing>, id: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().upgrade_offered(&desk.ctx, &id).await)?;
    Ok(see_other(&path_of(&id)))
}

/// What an administrator ticked, of what was shown, and what is to be done: `save` that, grant
/// `all` of it, grant what is `new`, or `use` the version that waits with what is ticked.
pub(crate) struct Decision {
    shown: Vec<String>,
    granted: Vec<String>,
    then: String,
    /// The newest version that the form was made of; empty where nobody says.
    version: String,
}

impl From<Fields> for Decision {
    fn from(fields: Fields) -> Self {
        let (shown, granted) = (fields.all("shown"), fields.all("grant"));
        Self { shown, granted, then: fields.text("then"), version: fields.text("version") }
    }
}

/// `POST /plugins/{id}/grants`
pub(crate) async fn grant(sent: SensitiveForm<Decision>, id: web::Path<String>) -> Reply {
    let SensitiveForm { desk, form: decision } = sent;
    desk.needs(Right::PluginsGrant)?;
    let plugin = desk.ok(desk.service().plugin(&desk.ctx, &id).await)?;
    let newest = plugin.newest().map(|version| version.sha256.as_str());
    if !decision.version.is_empty() && newest != Some(decision.version.as_str()) {
        // what was looked at is not what would be granted or used
        let words = format!("another version of {id} came meanwhile; look at what it asks for");
        return desk.ok(Err(Error::Conflict(words)));
    }
    let more = plugin.waiting.as_ref().map(|waiting| plugin.asks_more(waiting)).unwrap_or_default();
    let (mut grant, mut revoke) = (Vec::new(), Vec::new());
    for shown in &decision.shown {
        let item: Permission = desk.ok(shown.parse().map_err(|error| Error::invalid("grant", format!("{error}"))))?;
        let granted = plugin.grants.iter().any(|granted| *granted == item);
        let wanted = match decision.then.as_str() {
            "all" => true,
            "new" => granted || more.iter().any(|asked| asked.permission == item),
            _ => decision.granted.contains(shown),
        };
        match (wanted, granted) {
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
    let used = plugin.waiting.as_ref().is_some_and(|waiting| match decision.then.as_str() {
        "use" | "new" => true,
        "all" => plugin.ungranted(waiting).is_empty(),
        _ => false,
    });
    if used {
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

fn network_field(l: &Lang, typed: &str) -> Field {
    Field::new("network", l.t("plugin-network-add"), typed).hint(l.t("plugin-network-hint"))
}

/// `POST /plugins/{id}/network`
pub(crate) async fn network(sent: SensitiveForm<Network>, id: web::Path<String>) -> Reply {
    let SensitiveForm { desk, form: Network { add, remove } } = sent;
    desk.needs(Right::PluginsGrant)?;
    let (grant, revoke) = if remove.is_empty() {
        let Ok(item) = format!("network {}", add.trim()).parse::<Permission>() else {
            let detail = desk.ok(desk.service().plugin_detail(&desk.ctx, &id).await)?;
            let s = Shell::new(&desk, Section::Plugins, path_of(&id));
            let page = PluginPage::new(&desk.l, s, &detail).wrong_network(&add);
            return desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        };
        (vec![item], Vec::new())
    } else {
        let item = remove.parse::<Permission>().map_err(|error| Error::invalid("network", format!("{error}")));
        (Vec::new(), vec![desk.ok(item)?])
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
