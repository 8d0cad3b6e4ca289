//! Groups of a source. Who is in one is the list of people, with a filter.

use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::group::GroupSummary;
use estampe_service::views::GroupPage;

use crate::console::people::{here, query_of};
use crate::console::shell::{Section, Shell};
use crate::console::sources::path_of;
use crate::locale::Lang;
use crate::respond::Reply;
use crate::session::Desk;

/// The list.
#[derive(Template)]
#[template(path = "console/groups.html")]
pub(crate) struct GroupsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) source: &'a str,
    pub(crate) page: &'a GroupPage,
    pub(crate) is_later: bool,
}

impl GroupsPage<'_> {
    fn path(&self) -> String {
        path_of(self.source)
    }

    fn next(&self) -> Option<String> {
        self.page.next.as_deref().map(|after| format!("{}/groups?after={after}", self.path()))
    }
}

/// Where the people of a group are listed.
pub(crate) fn members(group: &GroupSummary) -> String {
    format!("/people?group={}", group.id)
}

/// `GET /sources/{name}/groups`
pub(crate) async fn list(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let after = Some(query_of(&request, "after")).filter(|after| !after.is_empty());
    let page = desk.ok(desk.service().groups(&desk.ctx, Some(path.as_str()), after.as_deref()).await)?;
    let s = Shell::new(&desk, Section::Sources, here(&request));
    desk.page(&GroupsPage { l: &desk.l, s, source: path.as_str(), page: &page, is_later: after.is_some() })
}
