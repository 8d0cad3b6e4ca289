//! Mails that wait, mails that were given up, and sending them again.

use actix_web::web;
use askama::Template;
use estampe_domain::JobId;
use estampe_domain::LeadId;
use estampe_service::views::{Outbox, OutboxEntry};

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
    pub(crate) outbox: &'a Outbox,
}

impl OutboxPage<'_> {
    /// The lead that a mail is about, for whoever sees leads.
    fn lead(&self, entry: &OutboxEntry) -> Option<LeadId> {
        entry.mail.about.lead().filter(|_| self.s.sees.leads)
    }

    fn kind(&self, entry: &OutboxEntry) -> &'static str {
        words::mail(entry.mail.about)
    }

    fn state(&self, entry: &OutboxEntry) -> (&'static str, &'static str) {
        words::job_state(entry.mail.state)
    }

    fn tries(&self, entry: &OutboxEntry) -> String {
        self.l.n(u64::from(entry.mail.attempts))
    }

    /// Why the server cannot be used, and since when.
    fn outage(&self) -> Option<(String, String, &str)> {
        self.outbox.outage.as_ref().map(|outage| {
            let title = self.l.t("home-outage-title").with("when", self.l.when(&outage.since)).to_string();
            (title, self.l.t(words::server_fault(outage.fault)).to_string(), outage.detail.as_str())
        })
    }
}

/// `GET /outbox`
pub(crate) async fn list(desk: Desk) -> Reply {
    let outbox = desk.ok(desk.service().outbox(&desk.ctx).await)?;
    let s = Shell::new(&desk, Section::Outbox, "/outbox");
    desk.page(&OutboxPage { l: &desk.l, s, outbox: &outbox })
}

/// `POST /outbox/{job}/resend`
pub(crate) async fn resend(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let job: JobId = desk.id(&path)?;
    desk.ok(desk.service().resend(&desk.ctx, job).await)?;
    Ok(see_other("/outbox"))
}

/// `POST /outbox/resend`
pub(crate) async fn resend_all(sent: ProtectedForm<Nothing>) -> Reply {
    let desk = sent.desk;
    desk.ok(desk.service().resend_all(&desk.ctx).await)?;
    Ok(see_other("/outbox"))
}
