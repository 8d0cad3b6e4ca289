//! Listings in pages, and the tokens that lead from one to the next.

use std::sync::Arc;

use serde_json::{Value, json};

use super::directory::Answered;
use super::errors::invalid;
use super::people::etag;
use super::{Call, State};
use crate::wire::Answer;

/// Where a listing goes on, and for which question.
#[derive(Clone)]
pub(in crate::google) struct Place {
    asked: Vec<(String, String)>,
    path: String,
    user: String,
    kind: &'static str,
    key: &'static str,
    all: Arc<Vec<Value>>,
    offset: usize,
}

/// How many on a page, when nobody says it; the most.
fn size(call: &Call<'_>, (most, other): (usize, usize)) -> Result<usize, Answer> {
    let size = call.asked.said("maxResults").and_then(|text| text.parse().ok()).unwrap_or(other);
    if (1..=most).contains(&size) { Ok(size) } else { Err(invalid("maxResults")) }
}

/// The first page of these, and the token of the next one.
pub(super) fn paged(
    state: &mut State,
    call: &Call<'_>,
    (kind, key): (&'static str, &'static str),
    all: Vec<Value>,
    sizes: (usize, usize),
) -> Answered {
    let size = size(call, sizes)?;
    let place = Place {
        asked: question(call),
        path: call.asked.path.clone(),
        user: call.access.user.clone(),
        kind,
        key,
        all: Arc::new(all),
        offset: 0,
    };
    Ok(page(state, place, size))
}

/// What has to stay the same from page to page.
fn question(call: &Call<'_>) -> Vec<(String, String)> {
    let same = |name: &str| !matches!(name, "pageToken" | "fields" | "prettyPrint" | "quotaUser");
    let mut question: Vec<_> = call.asked.query.iter().filter(|(name, _)| same(name)).cloned().collect();
    question.sort();
    question
}

/// The page that a token leads to.
pub(super) fn next_page(state: &mut State, call: &Call<'_>, token: &str) -> Answered {
    let place = state.pages.get(token).cloned().ok_or_else(|| invalid("pageToken"))?;
    if place.asked != question(call) || place.path != call.asked.path || place.user != call.access.user {
        return Err(invalid("pageToken: the other parameters have to stay the same"));
    }
    let size = size(
        call,
        if place.key == "users" {
            (500, 100)
        } else if place.kind.ends_with("roles") {
            (100, 100)
        } else {
            (200, 200)
        },
    )?;
    Ok(page(state, place, size))
}

fn page(state: &mut State, place: Place, size: usize) -> Value {
    let page: Vec<Value> = place.all.iter().skip(place.offset).take(size).cloned().collect();
    let (key, next) = (place.key, place.offset + page.len());
    let mut answer = json!({"kind": place.kind, "etag": etag(Value::from(page.clone()).to_string().as_bytes())});
    if next < place.all.len() {
        let token = state.secret("~!!~");
        state.pages.insert(token.clone(), Place { offset: next, ..place });
        answer["nextPageToken"] = token.into();
    }
    // an empty list's key is left out
    if !page.is_empty() {
        answer[key] = page.into();
    }
    answer
}
