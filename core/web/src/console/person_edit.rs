//! A person's profile as a form: every field, where it comes from, what is entered over it.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use estampe_domain::ownership::{Inputs, Made, Owner, ProfileForm, ProfileProblems};
use estampe_domain::person::{PhoneKind, ProfileField};
use estampe_domain::{Error, Locale, PersonId, Right};
use estampe_service::views::{PersonChange, PersonDetail, PersonEdit};
use estampe_texts::key;

use crate::console::shell::{Section, Sees, Shell};
use crate::error::Fault;
use crate::fields::{Field, Kind, problems};
use crate::forms::{Fields, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// The inputs of one field of the profile.
pub(crate) struct Group {
    pub(crate) key: &'static str,
    pub(crate) title: String,
    /// Where its value comes from, and what is shown meanwhile.
    pub(crate) notes: Vec<String>,
    /// Rows that stand side by side where there is room: how, and their inputs.
    pub(crate) rows: Vec<(&'static str, Vec<Field>)>,
}

/// The page.
#[derive(Template)]
#[template(path = "console/person_edit.html")]
pub(crate) struct PersonEditPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) detail: &'a PersonDetail,
    pub(crate) groups: Vec<Group>,
    /// What the form is made of, to be sent back with it.
    pub(crate) seen: String,
    pub(crate) was: String,
    /// Somebody else, or a run, changed this person meanwhile.
    pub(crate) stale: bool,
}

/// What was typed, what is wrong with it, and whether it was made of another state.
#[derive(Default)]
pub(crate) struct Typed<'a> {
    pub(crate) inputs: Inputs,
    pub(crate) problems: Option<&'a ProfileProblems>,
    pub(crate) stale: bool,
}

/// The fields that whoever looks may change: of what the directory owns, nobody anything of their own.
pub(crate) fn changeable<'a>(s: &Shell, made: &'a Made) -> impl Iterator<Item = ProfileField> + use<'a> {
    let all = s.sees.changes_people;
    ProfileField::ALL.into_iter().filter(move |field| {
        let theirs = matches!(made.owner(*field), Some(Owner::Once | Owner::Own | Owner::Written));
        *field != ProfileField::Photo && (all || theirs)
    })
}

impl<'a> PersonEditPage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell, detail: &'a PersonDetail, typed: &Typed<'_>) -> Self {
        let standing = ProfileForm::of(&detail.made.shown);
        let mut form = standing.clone();
        // what is no input of ours was left out before
        let touched = form.fill(&typed.inputs).unwrap_or_default();
        let is_own = s.sees.is_own(&detail.summary.id);
        let builder = Builder { l, made: &detail.made, form: &form, typed, touched, is_own };
        Self {
            groups: changeable(&s, &detail.made).map(|field| builder.group(field)).collect(),
            seen: detail.made.version(),
            was: serde_json::to_string(&standing.inputs()).unwrap_or_default(),
            stale: typed.stale,
            l,
            s,
            detail,
        }
    }

    fn fields(&self) -> Vec<&Field> {
        self.groups.iter().flat_map(|group| group.rows.iter().flat_map(|(_, row)| row)).collect()
    }

    fn problems(&self) -> usize {
        self.groups.iter().flat_map(|group| &group.rows).map(|(_, row)| problems(row)).sum()
    }

    fn name(&self) -> &str {
        self.detail.made.shown.display_name.as_str()
    }
}

struct Builder<'a> {
    l: &'a Lang,
    made: &'a Made,
    form: &'a ProfileForm,
    typed: &'a Typed<'a>,
    touched: BTreeSet<ProfileField>,
    /// Whose card it is reads this.
    is_own: bool,
}

impl Builder<'_> {
    fn group(&self, field: ProfileField) -> Group {
        let mut notes = vec![self.origin(field)];
        if self.typed.stale && self.touched.contains(&field) {
            let now = self.made.shown.readable(field);
            notes.push(if now.is_empty() {
                self.l.t("person-edit-now-nothing").to_string()
            } else {
                self.l.t("person-edit-now").with("value", now.as_str()).to_string()
            });
        }
        let mut group =
            Group { key: field.key(), title: self.l.t(words::field(field)).to_string(), notes, rows: self.rows(field) };
        // an input alone says itself whose it is
        if let [(_, row)] = group.rows.as_mut_slice()
            && let [only] = row.as_mut_slice()
            && only.label == group.title
        {
            only.hint = Some(std::mem::take(&mut group.notes).join(" "));
        }
        group
    }

    /// Where a field's value comes from.
    fn origin(&self, field: ProfileField) -> String {
        let l = self.l;
        let Some(origin) = &self.made.origin else { return l.t("person-from-nowhere").to_string() };
        let source = origin.source.as_str();
        let (owner, said) = (origin.owners.of(field), origin.said.readable(field));
        let from = |key: &'static str| l.t(key).with("source", source).to_string();
        match (self.made.entered.of(field), owner) {
            (None, Owner::Directory) => from(key("person-from-directory")),
            (_, Owner::Written) => from(key("person-from-written")),
            (None, Owner::Once) => from(key("person-from-once")),
            (None, Owner::Own) if self.is_own => from(key("person-from-yours")),
            (None, Owner::Own) => from(key("person-from-own")),
            (Some(_), Owner::Once | Owner::Own) => l.t("person-from-entered").to_string(),
            (Some(_), Owner::Directory) if said.is_empty() => from(key("person-from-entered-nothing")),
            (Some(_), Owner::Directory) => {
                l.t("person-from-entered-over").with("source", source).with("value", said.as_str()).to_string()
            }
        }
    }

    fn rows(&self, field: ProfileField) -> Vec<(&'static str, Vec<Field>)> {
        match field {
            ProfileField::Name => vec![
                ("", vec![self.line("name", key("input-name"), false)]),
                (
                    "pair pair-even",
                    vec![
                        self.line("given-name", key("input-given-name"), true),
                        self.line("family-name", key("input-family-name"), true),
                    ],
                ),
            ],
            ProfileField::Phones => self.phones(),
            ProfileField::Emails => {
                let emails = self.form.emails.iter().map(String::as_str).chain([""]).enumerate();
                let email = |(row, text): (usize, &str)| {
                    self.row("email", row, key("input-email"), text).kind(Kind::Line("email"))
                };
                emails.map(|typed| ("", vec![email(typed)])).collect()
            }
            ProfileField::Links => {
                let links = self.form.links.iter().map(|(label, url)| (label.as_str(), url.as_str()));
                let rows = links.chain([("", "")]).enumerate().map(|(row, (label, url))| {
                    let url = self.row("link", row, key("input-link"), url).kind(Kind::Line("url"));
                    ("pair pair-even", vec![url, self.row("link-label", row, key("input-link-label"), label)])
                });
                rows.collect()
            }
            ProfileField::Address => vec![
                ("", vec![self.line("street", key("input-street"), true)]),
                (
                    "pair pair-even",
                    vec![
                        self.line("postal-code", key("input-postal-code"), true),
                        self.line("city", key("input-city"), true),
                    ],
                ),
                (
                    "pair pair-even",
                    vec![
                        self.line("region", key("input-region"), true),
                        self.line("country", key("input-country"), true),
                    ],
                ),
            ],
            ProfileField::Language => {
                let unknown = (String::new(), self.l.t("input-language-none").to_string());
                let known = Locale::ALL.into_iter().map(|locale| (locale.tag().to_owned(), words::language(locale)));
                let kind = Kind::Choice(std::iter::once(unknown).chain(known).collect());
                vec![("", vec![self.line("language", words::field(field), true).kind(kind)])]
            }
            one => vec![("", vec![self.line(one.key(), words::field(one), true)])],
        }
    }

    fn phones(&self) -> Vec<(&'static str, Vec<Field>)> {
        let phones = self.form.phones.iter().map(|(kind, number)| (*kind, number.as_str()));
        // a desk and a pocket: at least two rows, and always an empty one
        let empty = if self.form.phones.is_empty() { 2 } else { 1 };
        let empty = std::iter::repeat_n((PhoneKind::Work, ""), empty);
        let rows = phones.chain(empty).enumerate().map(|(row, (kind, number))| {
            let number = self.row("phone", row, key("input-phone"), number).kind(Kind::Line("tel"));
            let choices = [("work", key("phone-work")), ("mobile", key("phone-mobile"))]
                .map(|(value, words)| (value.to_owned(), self.l.t(words).to_string()));
            let kind = if kind == PhoneKind::Mobile { "mobile" } else { "work" };
            let kind = self.row("phone-kind", row, key("input-phone-kind"), kind);
            ("pair", vec![number, Field { optional: false, ..kind.kind(Kind::Choice(choices.into())) }])
        });
        rows.collect()
    }

    fn line(&self, input: &'static str, label: &'static str, optional: bool) -> Field {
        let field = Field::new(input, self.l.t(label), self.form.line(input)).problem(self.problem(input));
        if optional { field.optional() } else { field }
    }

    fn row(&self, input: &str, row: usize, label: &'static str, text: &str) -> Field {
        let name = format!("{input}.{row}");
        let problem = self.problem(&name);
        Field::new(name, self.l.t(label).with("row", row + 1), text).problem(problem).optional()
    }

    fn problem(&self, input: &str) -> Option<String> {
        let problem = self.typed.problems?.0.get(input)?;
        Some(words::input_problem(self.l, problem))
    }
}

/// What is sent.
pub(crate) struct Sent {
    /// What was typed, of the fields that were touched.
    touched: Inputs,
    seen: String,
}

impl From<Fields> for Sent {
    fn from(fields: Fields) -> Self {
        let was: Option<Inputs> = serde_json::from_str(&fields.text("was")).ok();
        Self { touched: touched(fields.below(""), was.as_ref()), seen: fields.text("seen") }
    }
}

/// The inputs of the fields of which any is not what it was. A field that nobody touched is
/// not entered: it stays whose it is.
fn touched(mut inputs: Inputs, was: Option<&Inputs>) -> Inputs {
    inputs.retain(|(input, _)| ProfileForm::field_of(input).is_some());
    let before = |input: &str| {
        let unset = if input.starts_with("phone-kind.") { "work" } else { "" };
        was.map(|was| was.iter().find(|(name, _)| name == input).map_or(unset, |(_, text)| text.as_str()))
    };
    let moved = inputs.iter().filter(|(input, text)| before(input) != Some(text.as_str()));
    let moved: BTreeSet<_> = moved.filter_map(|(input, _)| ProfileForm::field_of(input)).collect();
    inputs.retain(|(input, _)| ProfileForm::field_of(input).is_some_and(|field| moved.contains(&field)));
    inputs
}

async fn form(desk: &Desk, id: PersonId, status: StatusCode, typed: &Typed<'_>) -> Reply {
    let detail = desk.ok(desk.service().person(&desk.ctx, id).await)?;
    let s = Shell::new(desk, Section::People, format!("/people/{id}/edit"));
    desk.page_with(status, &PersonEditPage::new(&desk.l, s, &detail, typed))
}

/// `GET /people/{id}/edit`
pub(crate) async fn show(desk: Desk, path: web::Path<String>) -> Reply {
    let id: PersonId = desk.id(&path)?;
    desk.needs_some(Right::PeopleChange)?;
    if !Sees::of(&desk.ctx).changes(&id) {
        return Err(Fault::not_found(&desk));
    }
    form(&desk, id, StatusCode::OK, &Typed::default()).await
}

/// `POST /people/{id}/edit`
pub(crate) async fn save(sent: ProtectedForm<Sent>, path: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: Sent { touched: inputs, seen } } = sent;
    let id: PersonId = desk.id(&path)?;
    let change = PersonChange { inputs: inputs.clone(), seen: Some(seen) };
    match desk.service().edit_person(&desk.ctx, id, change).await {
        // whoever touched nothing saved nothing
        Ok(PersonEdit::Done) if inputs.is_empty() => Ok(see_other(&format!("/people/{id}"))),
        Ok(PersonEdit::Done) => Ok(see_other(&format!("/people/{id}?done=saved"))),
        Ok(PersonEdit::Asked) => Ok(see_other(&format!("/people/{id}?done=asked"))),
        Ok(PersonEdit::Problems(found)) => {
            let typed = Typed { inputs, problems: Some(&found), stale: false };
            form(&desk, id, StatusCode::UNPROCESSABLE_ENTITY, &typed).await
        }
        Err(Error::Conflict(_) | Error::Changed(_)) => {
            form(&desk, id, StatusCode::CONFLICT, &Typed { inputs, problems: None, stale: true }).await
        }
        Err(error) => desk.ok(Err(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_that_were_touched_are_entered() {
        let pairs = |pairs: &[(&str, &str)]| -> Inputs {
            pairs.iter().map(|(input, text)| ((*input).to_owned(), (*text).to_owned())).collect()
        };
        let was = pairs(&[("name", "Ada"), ("title", "Analyst"), ("phone.0", "+33 1"), ("phone-kind.0", "mobile")]);
        let blank = [("phone.1", ""), ("phone-kind.1", "work")];
        let sent =
            [&[("name", "Ada"), ("title", "Chief"), ("phone.0", "+33 1"), ("phone-kind.0", "mobile")], &blank[..]];
        assert_eq!(touched(pairs(&sent.concat()), Some(&was)), pairs(&[("title", "Chief")]));
        let moved = [("phone.0", "+33 1"), ("phone-kind.0", "work"), ("phone.1", ""), ("csrf", "x")];
        assert_eq!(touched(pairs(&moved), Some(&was)), pairs(&moved[..3]), "the rows of a list go together");
        assert_eq!(touched(pairs(&[("title", "Analyst")]), None), pairs(&[("title", "Analyst")]));
    }
}
