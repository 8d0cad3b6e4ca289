//! Designs of signatures: a template and its configuration, with a look at what comes of it.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::plugin::PluginInfo;
use estampe_domain::signature::Design;
use estampe_domain::{Error, Right};
use estampe_service::{DesignForm, SignatureOverview};

use crate::console::people::{here, query_of};
use crate::console::plugins::said;
use crate::console::shell::{Section, Shell};
use crate::console::signature::{framed, page_with_frames};
use crate::console::signature_mail::Mailed;
use crate::console::signatures::seen;
use crate::console::source_form::{Found, Typed, offer_pictures};
use crate::error::Fault;
use crate::fields::{Field, problems};
use crate::forms::{Fields, Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// A template to choose: its id, and what it is for.
pub(crate) type Offer = (String, String);

/// What the frames have to show.
pub(crate) enum Look {
    /// It is a new one.
    Later,
    /// There is nobody whose data could be taken.
    Nobody,
    /// Why it cannot be made, in the words of the host or the template.
    Failed(String),
    Shown,
}

/// The page.
#[derive(Template)]
#[template(path = "console/signature_design.html")]
pub(crate) struct DesignPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    /// None: a new one.
    pub(crate) design: Option<&'a Design>,
    /// Templates to choose from, before one was chosen.
    pub(crate) offers: Vec<Offer>,
    /// The template, where it is in use.
    pub(crate) template: Option<&'a PluginInfo>,
    pub(crate) fields: Vec<Field>,
    pub(crate) look: Look,
    /// What the form was made of.
    pub(crate) seen: String,
    /// It is not what a reader saw.
    pub(crate) changed: bool,
    /// Rules that give it.
    pub(crate) given_by: Vec<&'a str>,
    /// It was to be removed while rules give it.
    pub(crate) kept: bool,
    /// What became of the mail to oneself.
    pub(crate) mailed: Option<(Mailed, String)>,
}

impl<'a> DesignPage<'a> {
    pub(crate) fn new(
        l: &'a Lang,
        s: Shell,
        overview: &'a SignatureOverview,
        (design, template): (Option<&'a Design>, Option<&'a PluginInfo>),
        form: &DesignForm,
        found: &Found,
    ) -> Self {
        let name = Field::new("name", l.t("design-name"), &form.name).problem(found.get("name").cloned());
        let typed = Typed { config: form.config.clone(), inputs: BTreeMap::new() };
        let of_template = |info: &PluginInfo| typed.config_fields(l, &info.config, &BTreeSet::new(), found, false);
        let mut fields = template.map(of_template).unwrap_or_default();
        offer_pictures(&mut fields, &overview.pictures);
        Self {
            l,
            s,
            design,
            offers: overview.templates.iter().map(|info| (info.id.clone(), said(l, &info.description))).collect(),
            template,
            fields: std::iter::once(name).chain(fields).collect(),
            seen: design.map(|design| seen_of(design, template)).unwrap_or_default(),
            look: Look::Later,
            changed: false,
            given_by: design.map(|design| overview.given_by(design.id)).unwrap_or_default(),
            kept: false,
            mailed: None,
        }
    }

    fn problems(&self) -> usize {
        problems(&self.fields)
    }

    fn path(&self) -> String {
        self.design.map_or_else(|| "/signatures/designs/new".to_owned(), path_of)
    }
}

fn path_of(design: &Design) -> String {
    format!("/signatures/designs/{}", design.id)
}

fn seen_of(design: &Design, template: Option<&PluginInfo>) -> String {
    seen(&(&design.name, &design.plugin, &design.config, template.map(|info| &info.version)))
}

/// What stands there now.
pub(crate) fn standing(design: &Design) -> DesignForm {
    DesignForm { name: design.name.clone(), config: design.config.clone() }
}

/// What is typed.
pub(crate) struct Sent {
    form: DesignForm,
    template: String,
    seen: String,
}

impl From<Fields> for Sent {
    fn from(fields: Fields) -> Self {
        let name = fields.text("name").trim().to_owned();
        let form = DesignForm { name, config: Typed::of(&fields).config };
        Self { form, template: fields.text("template"), seen: fields.text("seen") }
    }
}

async fn overview(desk: &Desk) -> Result<SignatureOverview, Fault> {
    desk.ok(desk.service().signature_overview(&desk.ctx).await)
}

/// The template that was chosen, or the only one.
fn chosen<'a>(overview: &'a SignatureOverview, id: &str) -> Option<&'a PluginInfo> {
    match &*overview.templates {
        [only] if id.is_empty() => Some(only),
        _ => overview.template(id),
    }
}

fn new_shell(desk: &Desk) -> Shell {
    Shell::new(desk, Section::Signatures, "/signatures/designs/new")
}

/// `GET /signatures/designs/new?template=`
pub(crate) async fn new(desk: Desk, request: HttpRequest) -> Reply {
    desk.needs(Right::SignaturesChange)?;
    let overview = overview(&desk).await?;
    let template = chosen(&overview, &query_of(&request, "template"));
    let s = Shell::new(&desk, Section::Signatures, here(&request));
    desk.page(&DesignPage::new(&desk.l, s, &overview, (None, template), &DesignForm::default(), &Found::new()))
}

/// `POST /signatures/designs/new`
pub(crate) async fn add(sent: ProtectedForm<Sent>) -> Reply {
    let ProtectedForm { desk, form: Sent { form, template, .. } } = sent;
    desk.needs(Right::SignaturesChange)?;
    let overview = overview(&desk).await?;
    let Some(info) = overview.template(&template) else {
        let page = DesignPage::new(&desk.l, new_shell(&desk), &overview, (None, None), &form, &Found::new());
        return desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    match desk.ok(desk.service().enter_signature_design(&desk.ctx, &info.id, &form).await)? {
        Ok(design) => Ok(see_other(&path_of(&design))),
        Err(found) => {
            let found = words::signature::problems(&desk.l, &found);
            let page = DesignPage::new(&desk.l, new_shell(&desk), &overview, (None, Some(info)), &form, &found);
            desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// The page of one.
async fn page_of<'a>(
    desk: &'a Desk,
    overview: &'a SignatureOverview,
    design: &'a Design,
    form: &DesignForm,
    found: &Found,
) -> Result<DesignPage<'a>, Fault> {
    let s = Shell::new(desk, Section::Signatures, path_of(design));
    let template = overview.template(&design.plugin);
    let mut page = DesignPage::new(&desk.l, s, overview, (Some(design), template), form, found);
    let look = desk.ok(desk.service().design_look(&desk.ctx, design.id, desk.l.today()).await)?;
    page.look = match look.map(|look| look.made) {
        None => Look::Nobody,
        Some(Err(failure)) => Look::Failed(failure.message),
        Some(Ok(_)) => Look::Shown,
    };
    Ok(page)
}

/// `GET /signatures/designs/{design}`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let overview = overview(&desk).await?;
    let design = desk.ok(overview.design(desk.id(&path)?))?;
    let mut page = page_of(&desk, &overview, design, &standing(design), &Found::new()).await?;
    page.mailed = Mailed::of(&request).map(|mailed| (mailed, mailed.words(&desk.l, desk.account.email.as_str())));
    page_with_frames(&desk, StatusCode::OK, &page)
}

/// `POST /signatures/designs/{design}`
pub(crate) async fn change(sent: ProtectedForm<Sent>, path: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: Sent { form, seen: shown, .. } } = sent;
    desk.needs(Right::SignaturesChange)?;
    let overview = overview(&desk).await?;
    let design = desk.ok(overview.design(desk.id(&path)?))?;
    let outcome = if shown == seen_of(design, overview.template(&design.plugin)) {
        desk.service().rewrite_signature_design(&desk.ctx, design.clone(), &form).await
    } else {
        Err(Error::Changed("this design"))
    };
    let (status, found) = match outcome {
        Ok(Ok(design)) => return Ok(see_other(&path_of(&design))),
        Ok(Err(found)) => (StatusCode::UNPROCESSABLE_ENTITY, words::signature::problems(&desk.l, &found)),
        Err(Error::Changed(_)) => (StatusCode::CONFLICT, Found::new()),
        Err(error) => return desk.ok(Err(error)),
    };
    let mut page = page_of(&desk, &overview, design, &form, &found).await?;
    page.changed = status == StatusCode::CONFLICT;
    page_with_frames(&desk, status, &page)
}

/// `GET /signatures/designs/{design}/preview?on=`: for a frame.
pub(crate) async fn preview(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let look = desk.ok(desk.service().design_look(&desk.ctx, desk.id(&path)?, desk.l.today()).await)?;
    let look = desk.ok(look.ok_or(Error::NotFound))?;
    let signature = desk.ok(look.made.map_err(Error::from))?;
    Ok(framed(&signature, look.locale, &query_of(&request, "on")))
}

/// `POST /signatures/designs/{design}/remove`
pub(crate) async fn remove(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.needs(Right::SignaturesChange)?;
    let overview = overview(&desk).await?;
    let design = desk.ok(overview.design(desk.id(&path)?))?;
    match desk.service().remove_signature_design(&desk.ctx, &design.name).await {
        Err(Error::Conflict(_)) => {
            let mut page = page_of(&desk, &overview, design, &standing(design), &Found::new()).await?;
            page.kept = true;
            page_with_frames(&desk, StatusCode::CONFLICT, &page)
        }
        outcome => {
            desk.ok(outcome)?;
            Ok(see_other("/signatures"))
        }
    }
}

/// `GET` of the addresses of buttons.
pub(crate) async fn back(_: Desk, path: web::Path<String>) -> Reply {
    Ok(see_other(&format!("/signatures/designs/{}", crate::respond::segment(&path))))
}
