//! What a source's provider has to permit: what is needed, whether it is there, what is never
//! used.

use actix_web::web;
use askama::Template;
use estampe_domain::manifest::{Granted, PermissionLine, ProviderPermission};
use estampe_domain::plugin::PluginInfo;
use estampe_service::SourcePermissions;
use estampe_texts::key;

use crate::console::plugins::said;
use crate::console::shell::{Section, Shell};
use crate::console::sources::path_of;
use crate::forms::{Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::Reply;
use crate::session::Desk;

/// The page.
#[derive(Template)]
#[template(path = "console/source_permissions.html")]
pub(crate) struct PermissionsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) found: &'a SourcePermissions,
}

impl PermissionsPage<'_> {
    fn name(&self) -> &str {
        &self.found.settings.source.name
    }

    fn path(&self) -> String {
        path_of(self.name())
    }

    fn info(&self) -> &PluginInfo {
        &self.found.settings.info
    }

    fn said(&self, permission: &ProviderPermission) -> String {
        said(self.l, &permission.description)
    }

    /// Words and colour of whether it is there.
    fn granted(&self, line: &PermissionLine) -> (&'static str, &'static str) {
        match (&line.granted, line.needed) {
            (Granted::Yes(_), true) => (key("permissions-there"), "leaf"),
            // to be taken back, where nothing else needs it
            (Granted::Yes(_), false) => (key("permissions-idle"), "sun"),
            (Granted::No(_), true) => (key("permissions-missing"), "seal"),
            (Granted::No(_), false) => (key("permissions-not-there"), "plain"),
            (Granted::Untried, _) => (key("permissions-untried"), "plain"),
        }
    }

    /// Why it is not there.
    fn detail<'l>(&self, line: &'l PermissionLine) -> Option<&'l str> {
        match &line.granted {
            Granted::No(words) => Some(words.as_str()).filter(|words| !words.is_empty()),
            Granted::Yes(_) | Granted::Untried => None,
        }
    }

    /// What else was tried and went wrong.
    fn problems(&self) -> Vec<&str> {
        let failed = self.found.table.others.iter().filter(|probe| !probe.passed);
        failed.map(|probe| probe.detail.as_str()).collect()
    }
}

fn page(desk: &Desk, name: &str, found: &SourcePermissions) -> Reply {
    let here = format!("{}/permissions", path_of(name));
    let s = Shell::new(desk, Section::Sources, here);
    desk.page(&PermissionsPage { l: &desk.l, s, found })
}

/// `GET /sources/{name}/permissions`
pub(crate) async fn show(desk: Desk, name: web::Path<String>) -> Reply {
    let found = desk.ok(desk.service().source_permissions(&desk.ctx, &name).await)?;
    page(&desk, &name, &found)
}

/// `POST /sources/{name}/permissions`: each piece is tried.
pub(crate) async fn check(sent: ProtectedForm<Nothing>, name: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let found = desk.ok(desk.service().check_permissions(&desk.ctx, &name).await)?;
    page(&desk, &name, &found)
}
