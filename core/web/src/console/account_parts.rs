//! Parts of the forms of an account: the person whose it is, found by words; the roles that
//! may be ticked.

use estampe_domain::PersonId;
use estampe_domain::access::{Role, Roles};
use estampe_domain::person::PersonSummary;
use estampe_service::views::PeopleFilter;

use crate::error::Fault;
use crate::fields::Field;
use crate::forms::Fields;
use crate::locale::Lang;
use crate::session::Desk;
use crate::words;

/// People shown to choose from at most.
const OFFERED: usize = 10;

/// A role that may be ticked.
pub(crate) struct Choice {
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) ticked: bool,
}

pub(crate) fn choices(roles: Roles) -> Vec<Choice> {
    let choice = |role: Role| {
        let (words, hint) = words::role(role);
        Choice { name: role.as_str(), words, hint, ticked: roles.has(role) }
    };
    Role::ALL.map(choice).into()
}

/// Somebody whose account it may be.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) id: PersonId,
    pub(crate) name: String,
    /// What tells them from others of the same name.
    pub(crate) more: String,
}

impl From<&PersonSummary> for Candidate {
    fn from(person: &PersonSummary) -> Self {
        let profile = &person.profile;
        let more = [profile.title.as_ref().map(ToString::to_string), profile.emails.first().map(ToString::to_string)];
        Self {
            id: person.id,
            name: profile.display_name.to_string(),
            more: more.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        }
    }
}

/// Whom words mean.
pub(crate) enum Meant {
    /// This one.
    One(Candidate),
    /// One of these, and perhaps others.
    Several(Vec<Candidate>),
    /// Nobody.
    Nobody,
}

/// Looks for whom words mean: the only one who fits, or the only one who is called so.
pub(crate) async fn meant(desk: &Desk, words: &str) -> Result<Meant, Fault> {
    let filter = PeopleFilter { query: words.to_owned(), ..PeopleFilter::default() };
    let found = desk.ok(desk.service().people(&desk.ctx, &filter).await)?.people;
    let called: Vec<_> = found.iter().filter(|person| person.profile.display_name.as_str() == words).collect();
    Ok(match (found.as_slice(), called.as_slice()) {
        ([], _) => Meant::Nobody,
        ([one], _) => Meant::One(one.into()),
        (_, [one]) => Meant::One((*one).into()),
        (several, _) => Meant::Several(several.iter().take(OFFERED).map(Candidate::from).collect()),
    })
}

/// Who was chosen among those that the words mean; nobody, when the words are others by now.
pub(crate) fn candidate_of(fields: &Fields) -> Option<PersonId> {
    let is_of_these = fields.text("found-by").trim() == fields.text("find").trim();
    fields.text("candidate").parse().ok().filter(|_| is_of_these)
}

/// Somebody by their id.
pub(crate) async fn candidate(desk: &Desk, person: PersonId) -> Result<Candidate, Fault> {
    let detail = desk.ok(desk.service().person(&desk.ctx, person).await)?;
    Ok((&detail.summary).into())
}

/// The field in which somebody is looked for.
pub(crate) fn find_field(l: &Lang, typed: &str, problem: Option<String>) -> Field {
    Field::new("find", l.t("account-find"), typed).hint(l.t("account-find-hint")).optional().problem(problem)
}

/// The roles as the summary of a form names them, where they are what is wrong.
pub(crate) fn roles_field(l: &Lang, problem: Option<String>) -> Field {
    Field::new("roles", l.t("account-roles"), "").problem(problem)
}
