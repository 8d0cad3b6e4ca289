//! How a source's attributes become profiles: one line for each field, tried on real entries
//! before it is saved.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use data_encoding::HEXLOWER;
use estampe_domain::mapping::{Mapping, MappingChange, MappingProblem, Preset, Target};
use estampe_domain::source::Source;
use estampe_domain::{Error, Right};
use estampe_service::{MappingPreview, PreviewedPerson};
use sha2::{Digest, Sha256};

use crate::console::shell::{Section, Shell};
use crate::console::source_form::Found;
use crate::console::source_settings::Waits;
use crate::console::sources::path_of;
use crate::fields::{Field, Kind, problems};
use crate::forms::{Fields, ProtectedForm};
use crate::locale::Lang;
use crate::operator::mapping::PREVIEWED;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// What stands above the form.
pub(crate) enum Told {
    /// Nothing.
    Nothing,
    /// The rules of this preset were filled in, and wait to be saved.
    Filled(&'static str),
    /// The connector could not be asked, in its words.
    Silent(String),
    /// Saving has to wait.
    Waits(Waits),
}

/// The page.
#[derive(Template)]
#[template(path = "console/mapping.html")]
pub(crate) struct MappingPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) source: &'a Source,
    pub(crate) preset: Field,
    pub(crate) fields: Vec<Field>,
    pub(crate) seen: String,
    pub(crate) told: Told,
    pub(crate) preview: Option<MappingPreview>,
}

impl<'a> MappingPage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell, source: &'a Source, typed: &Typed, found: &Found, told: Told) -> Self {
        Self {
            l,
            s,
            preset: typed.preset(l),
            fields: typed.fields(l, found),
            seen: typed.seen.clone(),
            source,
            told,
            preview: None,
        }
    }

    fn path(&self) -> String {
        path_of(&self.source.name)
    }

    fn problems(&self) -> usize {
        problems(&self.fields)
    }

    fn target(&self, target: &Target) -> &'static str {
        words::mapping::target(*target)
    }

    fn not_a_person(&self, person: &PreviewedPerson) -> &'static str {
        person.shown.as_ref().err().map_or("", words::not_a_person)
    }

    /// The items whose grant would mend it.
    fn missing(&self, person: &PreviewedPerson) -> String {
        person.shown.as_ref().err().map_or_else(String::new, |why| why.missing_grants().join(", "))
    }

    /// Who it is, for the line that opens an entry.
    fn who(&self, person: &PreviewedPerson) -> String {
        let shown = person.shown.as_ref().ok().and_then(|shown| shown.first());
        shown.map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

/// What the form is made of, so that it overwrites nothing that its reader did not see.
fn seen(mapping: &Mapping) -> String {
    HEXLOWER.encode(&Sha256::digest(serde_json::to_vec(mapping).unwrap_or_default()))
}

/// Which button.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Preview,
    Save,
    Fill,
}

/// What is typed.
pub(crate) struct Typed {
    rules: BTreeMap<String, String>,
    country: String,
    preset: String,
    seen: String,
    then: Then,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        let then = match fields.text("then").as_str() {
            "save" => Then::Save,
            "fill" => Then::Fill,
            _ => Then::Preview,
        };
        let mut rules: BTreeMap<_, _> = fields.below("rule.").into_iter().collect();
        // a field that was not sent is as empty as one that was emptied
        for target in Target::ALL {
            rules.entry(target.key().to_owned()).or_default();
        }
        let (country, preset) = (fields.text("country"), fields.text("preset"));
        Self { rules, country, preset, seen: fields.text("seen"), then }
    }
}

impl Typed {
    /// What stands there now.
    pub(crate) fn standing(mapping: &Mapping) -> Self {
        let preset = Preset::like(mapping).map_or("", |preset| preset.id).to_owned();
        let mut typed =
            Self { rules: BTreeMap::new(), country: String::new(), preset, seen: seen(mapping), then: Then::Preview };
        typed.fill(mapping);
        typed.country = mapping.country.map(|country| country.to_string()).unwrap_or_default();
        typed
    }

    /// With this expression typed for a field.
    #[cfg(test)]
    pub(crate) fn with(mut self, target: Target, expression: &str) -> Self {
        self.rules.insert(target.key().to_owned(), expression.to_owned());
        self
    }

    fn fill(&mut self, mapping: &Mapping) {
        let expression = |target| mapping.rules.get(target).map(|rule| rule.as_str().to_owned()).unwrap_or_default();
        self.rules = Target::ALL.iter().map(|target| (target.key().to_owned(), expression(target))).collect();
    }

    fn change(&self) -> MappingChange {
        MappingChange { preset: None, set: self.rules.clone(), country: Some(self.country.clone()) }
    }

    /// The mapping that is typed, or what is wrong, by the field's name.
    pub(crate) fn read(&self, l: &Lang) -> Result<Mapping, Found> {
        Mapping::default().changed(&self.change()).map_err(|problems| {
            let problems = problems.into_iter().filter_map(|problem| match problem {
                MappingProblem::Rule { target, problem, .. } => {
                    Some((format!("rule.{target}"), words::mapping::problem(l, &problem)))
                }
                MappingProblem::Country(_) => Some(("country".to_owned(), l.t("problem-country").to_string())),
                MappingProblem::Nameless => Some(("rule.name".to_owned(), l.t("problem-nameless").to_string())),
                // this form has neither
                MappingProblem::Target(_) | MappingProblem::Preset(_) => None,
            });
            problems.collect()
        })
    }

    fn preset(&self, l: &Lang) -> Field {
        let own = (!Preset::ALL.iter().any(|preset| preset.id == self.preset))
            .then(|| (String::new(), l.t("mapping-preset-own").to_string()));
        let choices = Preset::ALL.map(|preset| (preset.id.to_owned(), words::mapping::preset(l, preset)));
        let choices = own.into_iter().chain(choices).collect();
        Field::new("preset", l.t("mapping-preset"), &self.preset).kind(Kind::Choice(choices))
    }

    fn fields(&self, l: &Lang, found: &Found) -> Vec<Field> {
        let rules = Target::ALL.into_iter().map(|target| {
            let name = format!("rule.{target}");
            let (value, problem) = (self.rules.get(target.key()).map_or("", String::as_str), found.get(&name).cloned());
            Field::new(name, l.t(words::mapping::target(target)), value).problem(problem).optional()
        });
        let country = Field::new("country", l.t("mapping-numbers"), &self.country)
            .hint(l.t("mapping-numbers-hint"))
            .problem(found.get("country").cloned())
            .optional();
        rules.chain([country]).collect()
    }
}

struct Answer {
    status: StatusCode,
    found: Found,
    told: Told,
    preview: Option<MappingPreview>,
}

impl Answer {
    fn told(status: StatusCode, told: Told) -> Self {
        Self { status, found: Found::new(), told, preview: None }
    }
}

fn page(desk: &Desk, source: &Source, typed: &Typed, answer: Answer) -> Reply {
    let Answer { status, found, told, preview } = answer;
    let s = Shell::new(desk, Section::Sources, format!("{}/mapping", path_of(&source.name)));
    let page = MappingPage { preview, ..MappingPage::new(&desk.l, s, source, typed, &found, told) };
    desk.page_with(status, &page)
}

/// `GET /sources/{name}/mapping`
pub(crate) async fn show(desk: Desk, name: web::Path<String>) -> Reply {
    let source = desk.ok(desk.service().source(&desk.ctx, &name).await)?.source;
    page(&desk, &source, &Typed::standing(&source.mapping), Answer::told(StatusCode::OK, Told::Nothing))
}

/// `POST /sources/{name}/mapping`: by the button, preview, save, or fill in a preset.
pub(crate) async fn act(sent: ProtectedForm<Typed>, name: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: mut typed } = sent;
    desk.needs(Right::SourcesChange)?;
    let source = desk.ok(desk.service().source(&desk.ctx, &name).await)?.source;
    if typed.then == Then::Fill {
        let told = Preset::of(&typed.preset).map_or(Told::Nothing, |preset| {
            typed.fill(&preset.mapping());
            Told::Filled(preset.name)
        });
        return page(&desk, &source, &typed, Answer::told(StatusCode::OK, told));
    }
    let mapping = match typed.read(&desk.l) {
        Ok(mapping) => mapping,
        Err(found) => {
            let answer = Answer { found, ..Answer::told(StatusCode::UNPROCESSABLE_ENTITY, Told::Nothing) };
            return page(&desk, &source, &typed, answer);
        }
    };
    if typed.then == Then::Save {
        save(&desk, &source, &typed, mapping).await
    } else {
        preview(&desk, &source, &typed, &mapping).await
    }
}

async fn preview(desk: &Desk, source: &Source, typed: &Typed, mapping: &Mapping) -> Reply {
    let answer = match desk.service().preview_mapping(&desk.ctx, &source.name, mapping, PREVIEWED).await {
        Ok(preview) => Answer { preview: Some(preview), ..Answer::told(StatusCode::OK, Told::Nothing) },
        Err(Error::Plugin(failure)) => Answer::told(StatusCode::OK, Told::Silent(failure.message)),
        Err(error) => return desk.ok(Err(error)),
    };
    page(desk, source, typed, answer)
}

async fn save(desk: &Desk, source: &Source, typed: &Typed, mapping: Mapping) -> Reply {
    let conflict = |waits| Answer::told(StatusCode::CONFLICT, Told::Waits(waits));
    if typed.seen != seen(&source.mapping) {
        return page(desk, source, typed, conflict(Waits::Changed));
    }
    match desk.service().set_mapping(&desk.ctx, &source.name, &source.mapping, mapping).await {
        Ok(source) => Ok(see_other(&path_of(&source.name))),
        Err(Error::Conflict(_)) => {
            let overview = desk.ok(desk.service().source(&desk.ctx, &source.name).await)?;
            let open = overview.last_run.filter(|(_, state, _)| state.is_open());
            let waits = open.map_or(Waits::Changed, |(run, ..)| Waits::Run(format!("/runs/{run}")));
            page(desk, source, typed, conflict(waits))
        }
        Err(error) => desk.ok(Err(error)),
    }
}
