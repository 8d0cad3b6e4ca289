//! Teams: the groups that somebody leads, and who that is.

use actix_web::HttpRequest;
use askama::Template;
use estampe_domain::account::Team;

use crate::console::people::here;
use crate::console::shell::{Section, Shell};
use crate::locale::Lang;
use crate::respond::Reply;
use crate::session::Desk;

/// The list.
#[derive(Template)]
#[template(path = "console/teams.html")]
pub(crate) struct TeamsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) teams: &'a [Team],
}

/// `GET /teams`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    let teams = desk.ok(desk.service().teams(&desk.ctx).await)?;
    let s = Shell::new(&desk, Section::Teams, here(&request));
    desk.page(&TeamsPage { l: &desk.l, s, teams: &teams })
}
