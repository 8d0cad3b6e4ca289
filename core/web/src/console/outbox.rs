//! Mails that were given up, and sending them again.

use actix_web::web;
use askama::Template;
use estampe_domain::JobId;
use estampe_service::views::MailEntry;

use crate::console::shell::{Section, Shell};
use crate::forms::{Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// The page.
#[derive(Template)]
#[template(path = "console/outbox.html")]
pub(crate) struct OutboxPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) mails: &'a [MailEntry],
}

impl OutboxPage<'_> {
    fn kind(&self, mail: &MailEntry) -> &'static str {
        words::mail(mail.kind)
    }

    fn tries(&self, mail: &MailEntry) -> String {
        self.l.n(u64::from(mail.attempts))
    }
}

/// `GET /outbox`
pub(crate) async fn list(desk: Desk) -> Reply {
    let mails = desk.ok(desk.service().outbox_dead(&desk.ctx).await)?;
    let s = Shell::new(&desk, Section::Outbox, "/outbox");
    desk.page(&OutboxPage { l: &desk.l, s, mails: &mails })
}

/// `POST /outbox/{job}/resend`
pub(crate) async fn resend(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let job: JobId = desk.id(&path)?;
    desk.ok(desk.service().resend(&desk.ctx, job).await)?;
    Ok(see_other("/outbox"))
}
