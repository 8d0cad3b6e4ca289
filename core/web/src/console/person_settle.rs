//! What was entered for a person: kept, given back, or settled where the directory says
//! something else.

use actix_web::web;
use estampe_domain::ownership::{Made, Owner, Settlement};
use estampe_domain::person::ProfileField;
use estampe_domain::{Error, PersonId, Right};

use crate::console::people;
use crate::forms::{Fields, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// A value that was entered, and that waits for no word.
pub(crate) struct Kept {
    /// The field's name in forms, and its words.
    pub(crate) key: &'static str,
    pub(crate) field: &'static str,
    pub(crate) shown: String,
    /// What the directory says, where that is something else.
    pub(crate) said: Option<String>,
    /// The words to give it back by, where there is somebody to give it back to.
    pub(crate) give_back: Option<String>,
    /// Whether whose card it is may do that as well.
    pub(crate) theirs: bool,
}

/// The values that were entered and wait for no word.
pub(crate) fn kept(l: &Lang, made: &Made) -> Vec<Kept> {
    let open = made.conflicts();
    let fields = made.entered.fields().into_iter();
    fields
        .filter(|field| open.iter().all(|conflict| conflict.field != *field))
        .map(|field| Kept {
            key: field.key(),
            field: words::field(field),
            shown: made.shown.readable(field),
            said: says(l, made, field),
            theirs: matches!(made.owner(field), Some(Owner::Once | Owner::Own | Owner::Written)),
            // what is the person's own would never come back: who wants it gone empties it
            give_back: made
                .origin
                .as_ref()
                .filter(|origin| origin.owners.of(field) != Owner::Own)
                .map(|_| l.t("person-give-back").to_string()),
        })
        .collect()
}

/// What the directory says of an entered field that it could set.
fn says(l: &Lang, made: &Made, field: ProfileField) -> Option<String> {
    let origin = made.origin.as_ref()?;
    let said = made.said_else(field).filter(|_| origin.owners.of(field).is_directorys())?;
    let source = origin.source.as_str();
    Some(if said.is_empty() {
        l.t("person-says-nothing").with("source", source).to_string()
    } else {
        l.t("person-says").with("source", source).with("value", origin.said.readable(field).as_str()).to_string()
    })
}

/// A button beside a value.
pub(crate) struct Word {
    field: Option<ProfileField>,
    choice: Option<Settlement>,
    seen: String,
}

impl From<Fields> for Word {
    fn from(fields: Fields) -> Self {
        Self {
            field: ProfileField::from_key(&fields.text("field")),
            choice: Settlement::from_key(&fields.text("choice")),
            seen: fields.text("seen"),
        }
    }
}

fn path_of(id: PersonId) -> String {
    format!("/people/{id}")
}

/// Back to the person; their page says so where they were changed meanwhile.
async fn answer(desk: &Desk, id: PersonId, outcome: Result<(), Error>) -> Reply {
    match outcome {
        Ok(()) => Ok(see_other(&path_of(id))),
        Err(Error::Conflict(_) | Error::Changed(_)) => people::page(desk, id, path_of(id), true, None).await,
        Err(error) => desk.ok(Err(error)),
    }
}

/// `POST /people/{id}/settle`
pub(crate) async fn settle(sent: ProtectedForm<Word>, path: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: Word { field, choice, seen } } = sent;
    desk.needs_some(Right::PeopleChange)?;
    let id: PersonId = desk.id(&path)?;
    let field = desk.ok(field.ok_or_else(|| Error::invalid("field", "it is the name of a field")))?;
    let choice = desk.ok(choice.ok_or_else(|| Error::invalid("choice", "it is \"keep\" or \"directory\"")))?;
    let settled = desk.service().settle_conflict(&desk.ctx, id, field, choice, Some(seen)).await;
    answer(&desk, id, settled).await
}

/// `POST /people/{id}/give-back`
pub(crate) async fn give_back(sent: ProtectedForm<Word>, path: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: Word { field, seen, .. } } = sent;
    desk.needs_some(Right::PeopleChange)?;
    let id: PersonId = desk.id(&path)?;
    let field = desk.ok(field.ok_or_else(|| Error::invalid("field", "it is the name of a field")))?;
    let given = desk.service().give_back(&desk.ctx, id, vec![field], Some(seen)).await;
    answer(&desk, id, given).await
}

/// `GET` of a button's address, after a reload: the person's own page.
pub(crate) async fn back(desk: Desk, path: web::Path<String>) -> Reply {
    Ok(see_other(&path_of(desk.id(&path)?)))
}
