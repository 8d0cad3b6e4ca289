//! Whose the fields of a source's people are.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use estampe_domain::ownership::{Owner, Owners};
use estampe_domain::person::ProfileField;
use estampe_domain::{Error, Right};

use crate::console::shell::{Section, Shell};
use crate::console::source_settings::Waits;
use crate::console::sources::path_of;
use crate::fields::{Field, Kind};
use crate::forms::{Fields, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// The page.
#[derive(Template)]
#[template(path = "console/source_fields.html")]
pub(crate) struct SourceFieldsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) name: &'a str,
    pub(crate) fields: Vec<Field>,
    /// What the form was made of.
    pub(crate) seen: String,
    pub(crate) waits: Option<Waits>,
}

impl<'a> SourceFieldsPage<'a> {
    pub(crate) fn new(
        l: &'a Lang,
        s: Shell,
        name: &'a str,
        standing: &Owners,
        chosen: &Chosen,
        waits: Option<Waits>,
        not_written: Option<ProfileField>,
    ) -> Self {
        let field = |field: ProfileField| {
            let owner = chosen.get(&field).copied().unwrap_or_else(|| standing.of(field));
            let choices = Owner::choices(field).iter();
            let choices = choices.map(|owner| (owner.key().to_owned(), l.t(words::owner(*owner)).to_string()));
            let made = Field::new(field.key(), l.t(words::field(field)), owner.key());
            let made = made.kind(Kind::Choice(choices.collect()));
            let refused = not_written == Some(field);
            let made = made.problem(refused.then(|| l.t("source-fields-not-written").to_string()));
            if field == ProfileField::Name { made.hint(l.t("source-fields-name")) } else { made }
        };
        let seen = serde_json::to_string(standing).unwrap_or_default();
        Self { fields: ProfileField::ALL.into_iter().map(field).collect(), l, s, name, seen, waits }
    }

    fn path(&self) -> String {
        path_of(self.name)
    }
}

/// What was chosen, by field.
pub(crate) type Chosen = BTreeMap<ProfileField, Owner>;

/// What is sent.
pub(crate) struct Sent {
    chosen: Chosen,
    seen: Option<Owners>,
}

impl From<Fields> for Sent {
    fn from(fields: Fields) -> Self {
        let chosen = |field: ProfileField| Some((field, Owner::from_key(&fields.text(field.key()))?));
        Self {
            chosen: ProfileField::ALL.into_iter().filter_map(chosen).collect(),
            seen: serde_json::from_str(&fields.text("seen")).ok(),
        }
    }
}

async fn form(
    desk: &Desk,
    name: &str,
    status: StatusCode,
    chosen: &Chosen,
    (waits, not_written): (Option<Waits>, Option<ProfileField>),
) -> Reply {
    let standing = desk.ok(desk.service().source_owners(&desk.ctx, name).await)?;
    let s = Shell::new(desk, Section::Sources, format!("{}/fields", path_of(name)));
    desk.page_with(status, &SourceFieldsPage::new(&desk.l, s, name, &standing, chosen, waits, not_written))
}

/// `GET /sources/{name}/fields`
pub(crate) async fn show(desk: Desk, name: web::Path<String>) -> Reply {
    form(&desk, &name, StatusCode::OK, &Chosen::new(), (None, None)).await
}

/// `POST /sources/{name}/fields`
pub(crate) async fn save(sent: ProtectedForm<Sent>, name: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: Sent { chosen, seen } } = sent;
    desk.needs(Right::SourcesChange)?;
    // one that was made of nothing changes nothing
    let Some(seen) = seen else {
        return form(&desk, &name, StatusCode::CONFLICT, &chosen, (Some(Waits::Changed), None)).await;
    };
    match desk.service().change_owners(&desk.ctx, &name, &chosen, Some(seen)).await {
        Ok(_) => Ok(see_other(&path_of(&name))),
        Err(Error::Conflict(_)) => {
            let overview = desk.ok(desk.service().source(&desk.ctx, &name).await)?;
            let open = overview.last_run.filter(|(_, state, _)| state.is_open());
            let waits = open.map_or(Waits::Changed, |(run, ..)| Waits::Run(format!("/runs/{run}")));
            form(&desk, &name, StatusCode::CONFLICT, &chosen, (Some(waits), None)).await
        }
        Err(Error::Invalid { what, .. }) if ProfileField::from_key(&what).is_some() => {
            let refused = (None, ProfileField::from_key(&what));
            form(&desk, &name, StatusCode::UNPROCESSABLE_ENTITY, &chosen, refused).await
        }
        Err(error) => desk.ok(Err(error)),
    }
}
