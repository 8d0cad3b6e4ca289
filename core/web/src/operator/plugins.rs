//! Plugins over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::Error;
use estampe_domain::bundle::{InstalledPlugin, InstalledVersion};
use estampe_domain::permission::Permission;
use estampe_domain::plugin::Asked;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::operator::wire::{Body, Upload, Wire};
use crate::respond::Reply;

/// A plugin and what there is to decide about it.
#[derive(Serialize)]
struct PluginView {
    #[serde(flatten)]
    plugin: InstalledPlugin,
    /// What the version in use asks for, and whether it is granted.
    asks: Vec<AskView>,
    /// The same of the version that waits.
    waiting_asks: Vec<AskView>,
    /// What the version that waits asks for no longer.
    asks_no_longer: Vec<Permission>,
}

#[derive(Serialize)]
struct AskView {
    #[serde(flatten)]
    asked: Asked,
    granted: bool,
    /// Whether the version in use does not ask for it.
    new: bool,
}

impl From<InstalledPlugin> for PluginView {
    fn from(plugin: InstalledPlugin) -> Self {
        let asks = |version: &InstalledVersion| -> Vec<AskView> {
            let new = plugin.asks_more(version);
            let view = |asked: Asked| AskView {
                granted: plugin.grants.cover(&asked.permission),
                new: new.contains(&asked),
                asked,
            };
            version.info.asked().into_iter().map(view).collect()
        };
        Self {
            asks: plugin.current.as_ref().map(asks).unwrap_or_default(),
            waiting_asks: plugin.waiting.as_ref().map(asks).unwrap_or_default(),
            asks_no_longer: plugin.waiting.as_ref().map(|waiting| plugin.asks_no_longer(waiting)).unwrap_or_default(),
            plugin,
        }
    }
}

fn shown(wire: &Wire, status: StatusCode, plugin: InstalledPlugin) -> Reply {
    wire.json(status, &PluginView::from(plugin))
}

/// `GET /v1/plugins`
pub(crate) async fn list(wire: Wire) -> Reply {
    let plugins = wire.ok(wire.service().plugins(&wire.ctx).await)?;
    let offered = wire.ok(wire.service().offered_plugins(&wire.ctx).await)?;
    let mut problems = offered.problems;
    let told = plugins.iter().filter_map(|plugin| Some(format!("{}: {}", plugin.id, plugin.problem.as_deref()?)));
    problems.extend(told);
    let plugins: Vec<PluginView> = plugins.into_iter().map(PluginView::from).collect();
    wire.json(StatusCode::OK, &json!({ "plugins": plugins, "offered": offered.bundles, "problems": problems }))
}

/// `GET /v1/plugins/{id}`
pub(crate) async fn show(wire: Wire, id: web::Path<String>) -> Reply {
    let plugin = wire.ok(wire.service().plugin(&wire.ctx, &id).await)?;
    shown(&wire, StatusCode::OK, plugin)
}

/// What is to be done with a bundle.
#[derive(Deserialize)]
pub(crate) struct Put {
    /// One that lies ready is meant, of this plugin.
    offered: Option<String>,
    /// In the place of an older version.
    #[serde(default)]
    upgrade: bool,
}

/// `POST /v1/plugins`: installs the bundle that is the body, or one that lies ready.
pub(crate) async fn put(wire: Wire, put: web::Query<Put>, bundle: Upload) -> Reply {
    let (service, ctx) = (wire.service(), &wire.ctx);
    let plugin = match (&put.offered, put.upgrade) {
        (Some(id), true) => service.upgrade_offered(ctx, id).await,
        (Some(id), false) => service.install_offered(ctx, id).await,
        (None, true) => service.upgrade_plugin(ctx, bundle.octets()).await,
        (None, false) => service.install_plugin(ctx, bundle.octets()).await,
    };
    shown(&wire, StatusCode::CREATED, wire.ok(plugin)?)
}

#[derive(Deserialize)]
struct Decision {
    #[serde(default)]
    grant: Vec<String>,
    #[serde(default)]
    revoke: Vec<String>,
}

/// `POST /v1/plugins/{id}/grants`
pub(crate) async fn grant(wire: Wire, id: web::Path<String>, body: Body) -> Reply {
    let Decision { grant, revoke } = wire.body(&body)?;
    let items = |what: &str, items: Vec<String>| -> Result<Vec<Permission>, Error> {
        items.iter().map(|item| item.parse().map_err(|error| Error::invalid(what, format!("{error}")))).collect()
    };
    let (grant, revoke) = (wire.ok(items("grant", grant))?, wire.ok(items("revoke", revoke))?);
    let plugin = wire.ok(wire.service().grant_plugin(&wire.ctx, &id, grant, revoke).await)?;
    shown(&wire, StatusCode::OK, plugin)
}

/// `POST /v1/plugins/{id}/use`
pub(crate) async fn use_it(wire: Wire, id: web::Path<String>) -> Reply {
    let plugin = wire.ok(wire.service().use_plugin(&wire.ctx, &id).await)?;
    shown(&wire, StatusCode::OK, plugin)
}

/// `POST /v1/plugins/{id}/rollback`
pub(crate) async fn rollback(wire: Wire, id: web::Path<String>) -> Reply {
    let plugin = wire.ok(wire.service().rollback_plugin(&wire.ctx, &id).await)?;
    shown(&wire, StatusCode::OK, plugin)
}

/// `POST /v1/plugins/{id}/enable`
pub(crate) async fn enable(wire: Wire, id: web::Path<String>) -> Reply {
    let plugin = wire.ok(wire.service().switch_plugin(&wire.ctx, &id, true).await)?;
    shown(&wire, StatusCode::OK, plugin)
}

/// `POST /v1/plugins/{id}/disable`
pub(crate) async fn disable(wire: Wire, id: web::Path<String>) -> Reply {
    let plugin = wire.ok(wire.service().switch_plugin(&wire.ctx, &id, false).await)?;
    shown(&wire, StatusCode::OK, plugin)
}

/// `POST /v1/plugins/{id}/remove`
pub(crate) async fn remove(wire: Wire, id: web::Path<String>) -> Reply {
    wire.ok(wire.service().remove_plugin(&wire.ctx, &id).await)?;
    wire.json(StatusCode::OK, &json!({ "removed": *id }))
}
