//! `/plugins`: what is installed, and what it was granted.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::bundle::{InstalledPlugin, InstalledVersion, PluginState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::caller::Caller;
use crate::api::page::{Nothing, query};
use crate::respond::Reply;

/// An installed plugin.
#[derive(Serialize, ToSchema)]
pub(crate) struct PluginView {
    id: String,
    state: SwitchedTo,
    /// The version in use; `null` as long as the first one waits for its grants.
    current: Option<VersionView>,
    /// The one before.
    previous: Option<VersionView>,
    /// One that asks for more and waits.
    waiting: Option<VersionView>,
    /// What it was granted, item by item.
    grants: Vec<String>,
    /// Why it cannot be used.
    problem: Option<String>,
}

/// What an administrator made of a plugin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SwitchedTo {
    /// It is used.
    Enabled,
    /// It was switched off.
    Disabled,
    /// It kept failing and was switched off by itself.
    Paused,
}

/// A version of a plugin.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionView {
    version: String,
    /// SHA-256 of its bundle, hexadecimal.
    sha256: String,
    #[schema(format = "date-time")]
    installed_at: String,
}

/// All plugins.
#[derive(Serialize, ToSchema)]
pub(crate) struct PluginList {
    items: Vec<PluginView>,
}

impl From<InstalledVersion> for VersionView {
    fn from(version: InstalledVersion) -> Self {
        Self { version: version.info.version, sha256: version.sha256, installed_at: version.installed_at.to_string() }
    }
}

impl From<InstalledPlugin> for PluginView {
    fn from(plugin: InstalledPlugin) -> Self {
        Self {
            id: plugin.id,
            state: match plugin.state {
                PluginState::Enabled => SwitchedTo::Enabled,
                PluginState::Disabled => SwitchedTo::Disabled,
                PluginState::Paused => SwitchedTo::Paused,
            },
            current: plugin.current.map(VersionView::from),
            previous: plugin.previous.map(VersionView::from),
            waiting: plugin.waiting.map(VersionView::from),
            grants: plugin.grants.iter().map(ToString::to_string).collect(),
            problem: plugin.problem,
        }
    }
}

/// Plugins
///
/// All that are installed: there are few.
#[utoipa::path(get, path = "/plugins", tag = "plugins", operation_id = "list_plugins",
    security(("token" = ["plugins:read"])),
    responses((status = 200, body = PluginList, description = "The plugins.")))]
pub(crate) async fn list(caller: Caller, request: HttpRequest) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let plugins = caller.ok(caller.service().plugins(&caller.ctx).await)?;
    caller.json(StatusCode::OK, &PluginList { items: plugins.into_iter().map(PluginView::from).collect() })
}

/// One plugin
#[utoipa::path(get, path = "/plugins/{id}", tag = "plugins", operation_id = "get_plugin",
    params(("id" = String, Path, pattern = "^[^\\u0000]*$", description = "Its id, such as `ldap`.")), security(("token" = ["plugins:read"])),
    responses((status = 200, body = PluginView, description = "The plugin.")))]
pub(crate) async fn show(caller: Caller, request: HttpRequest, id: web::Path<String>) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let plugin = caller.ok(caller.service().plugin(&caller.ctx, &id).await)?;
    caller.json(StatusCode::OK, &PluginView::from(plugin))
}
