//! `/people`: who is known, what is shown of them, and edits of it.
#![expect(unused_qualifications, reason = "utoipa writes them for parameters of the query")]

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::ids::PersonId;
use estampe_domain::ownership::Made;
use estampe_domain::person::{PersonSummary, PhoneKind, ProfileField};
use estampe_service::views::{PeopleFilter, PersonChange, PersonDetail, PersonEdit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::ApiCause;
use crate::api::caller::{Caller, Sent};
use crate::api::edit::{seen, tagged};
use crate::api::page::{Nothing, answer, asking, cursor, listed, query};
use crate::api::person_patch::{PersonPatch, pointer};
use crate::api::problem::FieldProblem;
use crate::error::Fault;
use crate::respond::{Reply, kept_as};

/// A person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Person {
    #[schema(format = "uuid")]
    id: String,
    /// Whether they are with us, so that their card is shown.
    active: bool,
    /// The whole name as it is shown.
    name: String,
    given_name: Option<String>,
    family_name: Option<String>,
    pronouns: Option<String>,
    /// The job title.
    title: Option<String>,
    organisation: Option<String>,
    department: Option<String>,
    office: Option<String>,
    /// The one to call first at the front.
    phones: Vec<PhoneNumber>,
    /// The main one at the front.
    emails: Vec<String>,
    links: Vec<NamedLink>,
    /// The postal address of the office.
    address: Option<Address>,
    /// The language in which they read mail: `fr` or `en`.
    language: Option<&'static str>,
    /// Whether there is a photo at `/people/{id}/photo`.
    has_photo: bool,
    card: PersonCard,
    #[schema(format = "date-time")]
    changed_at: String,
}

/// What is shown publicly of a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonCard {
    public_id: String,
    /// Its public address.
    #[schema(format = "uri")]
    url: String,
}

/// What a number is for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NumberKind {
    /// The desk.
    Work,
    /// The pocket.
    Mobile,
}

/// A telephone number.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhoneNumber {
    pub(super) kind: NumberKind,
    pub(super) number: String,
}

/// A link.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedLink {
    /// Its words; the host stands in when there are none.
    #[serde(default)]
    pub(super) label: Option<String>,
    /// `https://…` or `http://…`
    pub(super) url: String,
}

/// A postal address.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Address {
    pub(super) street: Option<String>,
    pub(super) postal_code: Option<String>,
    pub(super) city: Option<String>,
    pub(super) region: Option<String>,
    pub(super) country: Option<String>,
}

/// One person, with where what is shown comes from.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonFull {
    #[serde(flatten)]
    person: Person,
    /// The source that they come from; `null` for who was entered by hand.
    source: Option<String>,
    /// Who knows them, and as whom.
    identities: Vec<Identity>,
    /// Each field of the profile, and whose it is.
    fields: Vec<ProfilePart>,
}

/// What a source calls a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Identity {
    source: String,
    external_id: String,
}

/// A field of a profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfilePart {
    field: &'static str,
    /// `directory`, `once` or `own`; `null` where no source says anything.
    owner: Option<&'static str>,
    /// Whether its value was entered in Estampe.
    entered: bool,
    /// What the directory says, where that is not what is shown.
    said: Option<String>,
    /// Whether the directory came to contradict what was entered.
    conflict: bool,
}

/// A page of people, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct PeoplePage {
    items: Vec<Person>,
    /// How many the filter finds in all.
    total: u64,
    /// The cursor of the next page; `null` at the end.
    next: Option<String>,
}

/// Most characters of what is searched for.
const LONGEST: usize = 200;

/// Which people.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Words that name, title, department, office or address must contain.
    #[param(max_length = 200, pattern = "^[^\\u0000]*$")]
    q: Option<String>,
    /// Only active people, or only those who are not.
    active: Option<bool>,
    /// Only people of this group.
    #[param(format = "uuid")]
    group: Option<String>,
    /// Where the last page ended: its `next`.
    #[param(pattern = "^[A-Za-z0-9_-]*$")]
    cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

impl Person {
    fn new(caller: &Caller, person: &PersonSummary) -> Self {
        let profile = &person.profile;
        let text = |value: &Option<estampe_domain::text::Line>| value.as_ref().map(ToString::to_string);
        Self {
            id: person.id.to_string(),
            active: person.active,
            name: profile.display_name.to_string(),
            given_name: text(&profile.given_name),
            family_name: text(&profile.family_name),
            pronouns: text(&profile.pronouns),
            title: text(&profile.title),
            organisation: text(&profile.organisation),
            department: text(&profile.department),
            office: text(&profile.office),
            phones: profile
                .phones
                .iter()
                .map(|phone| PhoneNumber {
                    kind: match phone.kind {
                        PhoneKind::Work => NumberKind::Work,
                        PhoneKind::Mobile => NumberKind::Mobile,
                    },
                    number: phone.number.to_string(),
                })
                .collect(),
            emails: profile.emails.iter().map(ToString::to_string).collect(),
            links: profile
                .links
                .iter()
                .map(|link| NamedLink { label: text(&link.label), url: link.url.to_string() })
                .collect(),
            address: profile.address.as_ref().map(|address| Address {
                street: text(&address.street),
                postal_code: text(&address.postal_code),
                city: text(&address.city),
                region: text(&address.region),
                country: text(&address.country),
            }),
            language: profile.locale.map(estampe_domain::Locale::tag),
            has_photo: profile.photo.is_some(),
            card: PersonCard {
                public_id: person.public_id.to_string(),
                url: caller.service().card_url(&person.public_id),
            },
            changed_at: person.changed_at.to_string(),
        }
    }
}

impl PersonFull {
    pub(super) fn new(caller: &Caller, detail: &PersonDetail) -> Self {
        let PersonDetail { summary, made, identities, .. } = detail;
        Self {
            person: Person::new(caller, summary),
            source: made.origin.as_ref().map(|origin| origin.source.clone()),
            identities: identities
                .iter()
                .map(|(source, external_id)| Identity { source: source.clone(), external_id: external_id.clone() })
                .collect(),
            fields: fields(made),
        }
    }
}

fn fields(made: &Made) -> Vec<ProfilePart> {
    let open = made.conflicts();
    let view = |field: ProfileField| ProfilePart {
        field: field.key(),
        owner: made.owner(field).map(|owner| owner.key()),
        entered: made.entered.of(field).is_some(),
        said: made.said_else(field).and(made.origin.as_ref()).map(|origin| origin.said.readable(field)),
        conflict: open.iter().any(|conflict| conflict.field == field),
    };
    ProfileField::ALL.into_iter().map(view).collect()
}

/// People, by name
///
/// Those whom the token's account may see; a service's token sees everybody.
#[utoipa::path(get, path = "/people", tag = "people", operation_id = "list_people", params(Which),
    security(("token" = ["people:read"])),
    responses((status = 200, body = PeoplePage, description = "A page of people.",
        headers(("Link" = String, description = "The next page, `rel=\"next\"`.")))))]
pub(crate) async fn list(caller: Caller, request: HttpRequest) -> Reply {
    let Which { q, active, group, cursor: at, limit } = query(&caller, &request)?;
    let problem =
        |name: &str, why: &str| Fault::new(&caller, ApiCause::Problems(vec![FieldProblem::query(name, why)]).into());
    let wrong = |_| problem("group", "it is no id of a group");
    if q.as_ref().is_some_and(|q| q.chars().count() > LONGEST) {
        return Err(problem("q", "it has at most 200 characters"));
    }
    let group = group.map(|group| group.parse()).transpose().map_err(wrong)?;
    let page = asking(&caller, "people", at.as_deref(), limit)?;
    let filter =
        PeopleFilter { query: q.unwrap_or_default(), active, group, page, exact: true, ..PeopleFilter::default() };
    let found = listed(&caller, at.as_deref(), caller.service().people(&caller.ctx, &filter).await)?;
    let next = found.next.as_deref().map(|next| cursor("people", next));
    let items = found.people.iter().map(|person| Person::new(&caller, person)).collect();
    answer(&caller, &request, next.as_deref(), &PeoplePage { items, total: found.total, next: next.clone() })
}

pub(super) async fn found(caller: &Caller, id: PersonId) -> Result<PersonDetail, Fault> {
    caller.ok(caller.service().person(&caller.ctx, id).await)
}

/// One person
#[utoipa::path(get, path = "/people/{id}", tag = "people", operation_id = "get_person",
    params(("id" = String, Path, format = "uuid"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already.")),
    security(("token" = ["people:read"])),
    responses((status = 200, body = PersonFull, description = "The person.",
            headers(("ETag" = String, description = "What to send as `If-Match` with an edit."))),
        (status = 304, description = "It is what is known already.")))]
pub(crate) async fn show(caller: Caller, request: HttpRequest, path: web::Path<String>) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let detail = found(&caller, caller.id(&path)?).await?;
    tagged(&caller, &request, StatusCode::OK, &PersonFull::new(&caller, &detail))
}

/// A person's photo
#[utoipa::path(get, path = "/people/{id}/photo", tag = "people", operation_id = "get_photo",
    params(("id" = String, Path, format = "uuid"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already.")),
    security(("token" = ["people:read"])),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>, description = "The photo."),
        (status = 304, description = "It is what is known already.")))]
pub(crate) async fn photo(caller: Caller, request: HttpRequest, path: web::Path<String>) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let id: PersonId = caller.id(&path)?;
    let photo = caller.ok(caller.service().person_photo(&caller.ctx, id).await)?;
    Ok(kept_as(&request, "image/jpeg", photo.blob.as_str(), photo.bytes))
}

/// Changes what is shown of a person
///
/// What is named is entered, and kept over what a directory says. Whoever may change only
/// their own profile changes only the fields that are theirs (`once`, `own` or `written`). A field
/// whose owner is `written` is not entered: the person or whoever leads a team of theirs agrees
/// in the console, it is written into the directory, and shown once that has it.
#[utoipa::path(patch, path = "/people/{id}", tag = "people", operation_id = "change_person",
    params(("id" = String, Path, format = "uuid"),
        ("If-Match" = String, Header, description = "The `ETag` of what its maker saw.")),
    request_body = PersonPatch, security(("token" = ["people:write"])),
    responses((status = 200, body = PersonFull, description = "The person as they are now.",
        headers(("ETag" = String, description = "The tag of what they are now."))),
        (status = 202, body = PersonFull, description = "The person as they are now: some of it is written \
            into the directory first.",
        headers(("ETag" = String, description = "The tag of what they are now.")))))]
pub(crate) async fn change(sent: Sent, request: HttpRequest, path: web::Path<String>) -> Reply {
    let caller = &sent.caller;
    let Nothing {} = query(caller, &request)?;
    let id: PersonId = caller.id(&path)?;
    caller.ok(caller.ctx.scope(estampe_domain::Right::PeopleChange))?;
    let problems = |problems| Fault::new(caller, ApiCause::Problems(problems).into());
    let inputs = sent.json::<PersonPatch>()?.inputs().map_err(|problem| problems(vec![problem]))?;
    let before = found(caller, id).await?;
    seen(caller, &request, &PersonFull::new(caller, &before))?;
    let change = PersonChange { inputs, seen: Some(before.made.version()) };
    match caller.ok(caller.service().edit_person(&caller.ctx, id, change).await)? {
        done @ (PersonEdit::Done | PersonEdit::Asked) => {
            let after = found(caller, id).await?;
            let status = if done == PersonEdit::Asked { StatusCode::ACCEPTED } else { StatusCode::OK };
            tagged(caller, &request, status, &PersonFull::new(caller, &after))
        }
        PersonEdit::Problems(found) => {
            let all = found.0.iter().map(|(input, why)| FieldProblem::body(pointer(input), why.to_string()));
            Err(problems(all.collect()))
        }
    }
}
