//! One run: its plan before it is applied, its report afterwards.

use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::RunId;
use estampe_domain::plugin::LogLine;
use estampe_domain::run::{HoldReason, PlanAction, PlanLine, Refusal, Run, RunState};
use estampe_service::views::RunDetail;
use estampe_texts::key;

use crate::console::home::percent;
use crate::console::people::here;
use crate::console::shell::{Section, Shell};
use crate::forms::{Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other, segment};
use crate::session::Desk;
use crate::words;

/// The page.
#[derive(Template)]
#[template(path = "console/run.html")]
pub(crate) struct RunPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) detail: &'a RunDetail,
}

impl RunPage<'_> {
    fn run(&self) -> &Run {
        &self.detail.run
    }

    fn source_path(&self) -> String {
        format!("/sources/{}", segment(&self.run().source_name))
    }

    /// Whether the page should look again by itself.
    fn moves(&self) -> bool {
        matches!(self.run().state, RunState::Planning | RunState::Applying)
    }

    fn title(&self) -> String {
        let is_plan = matches!(self.run().state, RunState::Planning | RunState::Held);
        let key = if is_plan { key("run-title") } else { key("run-title-done") };
        self.l.t(key).with("when", self.l.when(&self.run().started_at)).to_string()
    }

    /// One sentence on where the run stands.
    fn standing(&self) -> String {
        let run = self.run();
        let ended = run.ended_at.as_ref().unwrap_or(&run.started_at);
        match run.state {
            RunState::Planning => self.l.t("run-planning-text").to_string(),
            RunState::Applying => self.l.t("run-applying-text").to_string(),
            RunState::Held => self.l.t("run-held-text").to_string(),
            RunState::Done => self.l.t("run-done-text").with("when", self.l.when(ended)).to_string(),
            RunState::Failed if stopped_half_way(run) => self.l.t("run-failed-half").to_string(),
            RunState::Failed => self.l.t("run-failed-text").to_string(),
            RunState::Discarded => self.l.t("run-discarded-text").with("when", self.l.when(ended)).to_string(),
        }
    }

    fn is_done(&self) -> bool {
        self.run().state == RunState::Done
    }

    fn is_held(&self) -> bool {
        self.run().state == RunState::Held
    }

    fn too_many_gone(&self) -> bool {
        self.run().hold == Some(HoldReason::TooManyGone)
    }

    fn held_title(&self) -> String {
        let run = self.run();
        if self.too_many_gone() {
            self.l
                .t("run-gone-title")
                .with("count", run.counts.disabled)
                .with("known", run.known_active)
                .with("percent", percent(run.counts.disabled, run.known_active))
                .to_string()
        } else {
            self.l.t("run-plan-title").with("count", run.counts.changes()).to_string()
        }
    }

    /// What the button does, counted.
    fn approve(&self) -> String {
        let counts = &self.run().counts;
        let others = counts.changes() - counts.disabled;
        if !self.too_many_gone() {
            self.l.t("run-approve").with("count", counts.changes()).to_string()
        } else if others == 0 {
            self.l.t("run-approve-gone").with("count", counts.disabled).to_string()
        } else {
            self.l.t("run-approve-gone-others").with("count", counts.disabled).with("others", others).to_string()
        }
    }

    /// Counts as chips: colour and words.
    fn chips(&self) -> Vec<(&'static str, String)> {
        let counts = &self.run().counts;
        let gone = if self.is_done() { key("run-chip-disabled") } else { key("run-chip-disable") };
        [
            ("leaf", counts.created, key("run-chip-created")),
            ("plate", counts.changed, key("run-chip-changed")),
            ("seal", counts.disabled, gone),
            ("plain", counts.unchanged, key("run-chip-unchanged")),
            ("sun", counts.refused, key("run-chip-refused")),
        ]
        .into_iter()
        .filter(|(_, count, _)| *count > 0)
        .map(|(tone, count, key)| (tone, self.l.t(key).with("count", count).to_string()))
        .collect()
    }

    fn action(&self, line: &PlanLine) -> (&'static str, &'static str) {
        words::action(line.action, self.is_done())
    }

    fn field(&self, change: &estampe_domain::person::FieldChange) -> &'static str {
        words::field(change.field)
    }

    /// What is said of a line without fields.
    fn line_words(&self, line: &PlanLine) -> &'static str {
        match line.action {
            PlanAction::Create if self.is_done() => key("run-line-created"),
            PlanAction::Create => key("run-line-create"),
            PlanAction::Update | PlanAction::Note => key("run-line-back"),
            PlanAction::Disable if self.is_done() => key("run-line-disabled"),
            PlanAction::Disable => key("run-line-disable"),
        }
    }

    /// Whether the fields say more than the line's own words: for who is new they would
    /// repeat the whole card.
    fn shows_fields(&self, line: &PlanLine) -> bool {
        line.action == PlanAction::Update && !(line.changes.is_empty() && line.kept.is_empty())
    }

    fn level(&self, line: &LogLine) -> (&'static str, &'static str) {
        words::log_level(line.level)
    }

    fn refusal(&self, refusal: &Refusal) -> &'static str {
        words::refusal(refusal)
    }

    fn hint(&self) -> &'static str {
        words::failure(self.run().failure.as_ref().map_or("", |(code, _)| code.as_str()))
    }

    /// Whether it ended for want of access: the words beside say whose.
    fn lacks_access(&self) -> bool {
        self.hint() == "failure-access"
    }

    /// Changes that are counted and not listed.
    fn hides_lines(&self) -> bool {
        self.run().counts.changes() > self.detail.lines.len() as u64
    }
}

/// `GET /runs/{id}`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id: RunId = desk.id(&path)?;
    let detail = desk.ok(desk.service().run(&desk.ctx, id).await)?;
    let s = Shell::new(&desk, Section::Sources, here(&request));
    desk.page(&RunPage { l: &desk.l, s, detail: &detail })
}

/// `POST /runs/{id}/approve`
pub(crate) async fn approve(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let id: RunId = desk.id(&path)?;
    desk.ok(desk.service().approve_run(&desk.ctx, id).await)?;
    Ok(see_other(&format!("/runs/{id}")))
}

/// `POST /runs/{id}/discard`
pub(crate) async fn discard(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let id: RunId = desk.id(&path)?;
    desk.ok(desk.service().discard_run(&desk.ctx, id).await)?;
    Ok(see_other(&format!("/runs/{id}")))
}

/// Whether a run failed while it was being applied.
fn stopped_half_way(run: &Run) -> bool {
    run.failure.as_ref().is_some_and(|(code, _)| code == "apply-failed")
}
