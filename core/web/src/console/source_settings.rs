//! How a source is configured, changed.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use data_encoding::HEXLOWER;
use estampe_domain::source::{SourceChange, SourceSettings};
use estampe_domain::{Error, Right};
use sha2::{Digest, Sha256};

use crate::console::shell::{Section, Shell};
use crate::console::source_form::{Found, Typed};
use crate::console::sources::path_of;
use crate::fields::{Field, problems};
use crate::forms::{Fields, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// Why a change has to wait.
pub(crate) enum Waits {
    /// For this run.
    Run(String),
    /// Somebody else changed the source, or what it may be configured with.
    Changed,
}

/// The page.
#[derive(Template)]
#[template(path = "console/source_settings.html")]
pub(crate) struct SourceSettingsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) settings: &'a SourceSettings,
    /// What the form was made of.
    pub(crate) seen: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) waits: Option<Waits>,
}

impl<'a> SourceSettingsPage<'a> {
    pub(crate) fn new(
        l: &'a Lang,
        s: Shell,
        settings: &'a SourceSettings,
        typed: &Typed,
        found: &Found,
        waits: Option<Waits>,
    ) -> Self {
        let again = !found.is_empty() || waits.is_some();
        let fields = typed.fields(l, &settings.info, &settings.secrets, found, again);
        Self { l, s, seen: seen(settings), settings, fields, waits }
    }

    fn path(&self) -> String {
        path_of(&self.settings.source.name)
    }

    fn problems(&self) -> usize {
        problems(&self.fields)
    }
}

/// What the form is sent with, so that it changes nothing that its reader did not see.
fn seen(settings: &SourceSettings) -> String {
    let SourceSettings { source, info, secrets } = settings;
    let facts = serde_json::to_vec(&(&source.connector, &info.version, secrets)).unwrap_or_default();
    HEXLOWER.encode(&Sha256::digest(facts))
}

/// What is sent.
pub(crate) struct Sent {
    typed: Typed,
    seen: String,
}

impl From<Fields> for Sent {
    fn from(fields: Fields) -> Self {
        Self { typed: Typed::of(&fields), seen: fields.text("seen") }
    }
}

/// What stands there now.
pub(crate) fn standing(settings: &SourceSettings) -> Typed {
    let connector = &settings.source.connector;
    let inputs = connector.inputs.iter().map(|(name, path)| (name.clone(), path.display().to_string()));
    Typed { inputs: inputs.collect(), config: connector.config.clone() }
}

/// What a form changes: of a secret, nothing typed changes nothing.
fn change(settings: &SourceSettings, typed: &Typed) -> SourceChange {
    let not_typed =
        settings.info.config.iter().filter(|(key, known)| !known.secret && !typed.config.contains_key(*key));
    SourceChange {
        set: typed.config.clone(),
        unset: not_typed.map(|(key, _)| key.clone()).collect(),
        inputs: typed.paths(),
    }
}

/// What can be seen to be wrong here.
pub(crate) fn wrong(l: &Lang, settings: &SourceSettings, typed: &Typed) -> Found {
    let mut found = typed.wrong_inputs(l, &settings.info);
    for (key, problem) in settings.problems(&change(settings, typed)) {
        found.entry(format!("config.{key}")).or_insert_with(|| words::config_problem(l, &problem));
    }
    found
}

fn form(
    desk: &Desk,
    settings: &SourceSettings,
    status: StatusCode,
    typed: &Typed,
    found: &Found,
    waits: Option<Waits>,
) -> Reply {
    let s = Shell::new(desk, Section::Sources, format!("{}/settings", path_of(&settings.source.name)));
    desk.page_with(status, &SourceSettingsPage::new(&desk.l, s, settings, typed, found, waits))
}

/// `GET /sources/{name}/settings`
pub(crate) async fn show(desk: Desk, name: web::Path<String>) -> Reply {
    let settings = desk.ok(desk.service().source_settings(&desk.ctx, &name).await)?;
    form(&desk, &settings, StatusCode::OK, &standing(&settings), &Found::new(), None)
}

/// `POST /sources/{name}/settings`
pub(crate) async fn save(sent: ProtectedForm<Sent>, name: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: Sent { typed, seen: shown } } = sent;
    desk.needs(Right::SourcesChange)?;
    let settings = desk.ok(desk.service().source_settings(&desk.ctx, &name).await)?;
    if shown != seen(&settings) {
        return form(&desk, &settings, StatusCode::CONFLICT, &typed, &Found::new(), Some(Waits::Changed));
    }
    let found = wrong(&desk.l, &settings, &typed);
    if !found.is_empty() {
        return form(&desk, &settings, StatusCode::UNPROCESSABLE_ENTITY, &typed, &found, None);
    }
    match desk.service().change_source(&desk.ctx, &name, change(&settings, &typed)).await {
        Ok(source) => Ok(see_other(&path_of(&source.name))),
        Err(Error::Conflict(_)) => {
            let overview = desk.ok(desk.service().source(&desk.ctx, &name).await)?;
            let open = overview.last_run.filter(|(_, state, _)| state.is_open());
            let waits = open.map_or(Waits::Changed, |(run, ..)| Waits::Run(format!("/runs/{run}")));
            form(&desk, &settings, StatusCode::CONFLICT, &typed, &Found::new(), Some(waits))
        }
        Err(error) => desk.ok(Err(error)),
    }
}
