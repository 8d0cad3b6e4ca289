//! Pages and deltas: links that come back as they were given.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::errors::error;
use super::tenant::Removed;
use super::{Call, State, query};
use crate::contract::{Kind, Shape};
use crate::wire::Answer;

/// Where a link leads.
#[derive(Clone)]
pub(super) enum Place {
    /// A page of a listing.
    Page(Page),
    /// What changed since a version.
    Delta(Since),
}

/// A page of objects that stand fast.
#[derive(Clone)]
pub(super) struct Page {
    path: String,
    all: Arc<Vec<Value>>,
    offset: usize,
    size: usize,
    /// The last page of a delta ends with a link to what comes then.
    then: Option<Since>,
}

/// What a delta wants to know.
#[derive(Clone)]
pub(super) struct Since {
    path: String,
    select: Option<Vec<String>>,
    ids: Option<BTreeSet<String>>,
    version: u64,
}

impl Place {
    pub(super) fn list(path: String, all: Vec<Value>, size: usize) -> Self {
        Self::Page(Page { path, all: Arc::new(all), offset: 0, size, then: None })
    }
}

/// A link of ours that came back.
pub(super) fn followed(state: &mut State, call: &Call<'_>) -> Result<Answer, Answer> {
    let path = call.asked.path.as_str();
    let is_delta = path.ends_with("/delta") || path.ends_with("/delta()");
    if is_delta && call.asked.said("$deltatoken") == Some("") {
        return begin(state, call);
    }
    if is_delta && call.asked.said("$deltatoken") == Some("latest") {
        return latest(state, call);
    }
    let target = call.asked.target.as_str();
    if state.expired.contains(target) {
        if is_delta {
            let again = format!("{}{path}?$deltatoken=", call.asked.origin(&call.inner.origin));
            let message = "The sync state is too old: begin again.";
            return Err(error(410, "syncStateNotFound", message).with("location", again));
        }
        return Err(error(400, "Directory_ExpiredPageToken", "The specified page token value has expired."));
    }
    match state.links.get(target).cloned() {
        Some(Place::Delta(since)) => {
            let size = size(call);
            changes(state, call, since, size)
        }
        Some(place) => page(state, call, place, None),
        None => {
            call.inner.control.refuse(format!("GET {target}: a link that was not given like that"));
            Err(error(
                400,
                "Request_BadRequest",
                "The skip or delta token is not one of ours, or the link was changed.",
            ))
        }
    }
}

/// `Prefer: odata.maxpagesize=…`
fn size(call: &Call<'_>) -> usize {
    let mut prefers = call.asked.header("prefer").split(',');
    let size = prefers.find_map(|one| one.trim().strip_prefix("odata.maxpagesize=")).and_then(|size| size.parse().ok());
    size.filter(|size| (1..=999).contains(size)).unwrap_or(200)
}

fn kind(call: &Call<'_>) -> &'static str {
    if call.asked.path.contains("/groups/") { "microsoft.graph.group" } else { "microsoft.graph.user" }
}

fn since(state: &State, call: &Call<'_>) -> Result<Since, Answer> {
    for name in ["$top", "$orderby", "$expand", "$search", "$skip", "$count"] {
        if call.asked.said(name).is_some() {
            return Err(error(400, "Request_UnsupportedQuery", &format!("{name} is not supported with delta.")));
        }
    }
    let also: &[&str] = if kind(call) == "microsoft.graph.group" { &["members"] } else { &["manager"] };
    let select = query::select(call, kind(call), also)?;
    let ids = call.asked.said("$filter").map(only_ids).map(|ids| {
        ids.ok_or_else(|| {
            error(400, "Request_UnsupportedQuery", "With delta $filter takes id eq '…' alone, fifty at most.")
        })
    });
    Ok(Since { path: call.asked.path.clone(), select, ids: ids.transpose()?, version: state.tenant.version })
}

fn only_ids(filter: &str) -> Option<BTreeSet<String>> {
    let one = |part: &str| Some(part.trim().strip_prefix("id eq '")?.strip_suffix('\'')?.to_owned());
    let ids: Option<BTreeSet<String>> = filter.split(" or ").map(one).collect();
    ids.filter(|ids| ids.len() <= 50)
}

/// A first delta: everything.
pub(super) fn begin(state: &mut State, call: &Call<'_>) -> Result<Answer, Answer> {
    let mut since = since(state, call)?;
    since.version = 0;
    changes(state, call, since, size(call))
}

fn latest(state: &mut State, call: &Call<'_>) -> Result<Answer, Answer> {
    let since = since(state, call)?;
    let place = Page { path: since.path.clone(), all: Arc::default(), offset: 0, size: 1, then: Some(since) };
    page(state, call, Place::Page(place), None)
}

fn changes(state: &mut State, call: &Call<'_>, mut since: Since, size: usize) -> Result<Answer, Answer> {
    let (tenant, kind) = (&state.tenant, kind(call));
    let groups = kind == "microsoft.graph.group";
    let objects = if groups { &tenant.groups } else { &tenant.users };
    let shape = Shape::of(Kind::Named(kind.to_owned()));
    let fields = call.inner.contract.fields(&shape);
    let mut all = Vec::new();
    for (id, _) in tenant.changed.iter().filter(|(_, version)| **version > since.version) {
        if since.ids.as_ref().is_some_and(|ids| !ids.contains(id)) {
            continue;
        }
        if let Some(object) = objects.get(id) {
            let mut seen = query::seen(&fields, kind, object, since.select.as_deref(), false);
            if groups && since.select.as_ref().is_none_or(|names| names.iter().any(|name| name == "members")) {
                let members = moves(tenant, id, since.version);
                if !members.is_empty() {
                    seen["members@delta"] = members.into();
                }
            }
            all.push(seen);
        } else if since.version > 0 {
            let ours = tenant.gone.get(id).is_some_and(|gone| gone["groupTypes"].is_array() == groups);
            if ours && let Some(how) = tenant.removed.get(id) {
                let reason = if *how == Removed::Changed { "changed" } else { "deleted" };
                all.push(json!({"id": id, "@removed": {"reason": reason}}));
            }
        }
    }
    since.version = tenant.version;
    let place = Page { path: since.path.clone(), all: Arc::new(all), offset: 0, size, then: Some(since) };
    page(state, call, Place::Page(place), None)
}

/// Who came and who went, each once.
fn moves(tenant: &super::Tenant, group: &str, since: u64) -> Vec<Value> {
    let now = tenant.members.get(group).cloned().unwrap_or_default();
    let all = tenant.moves.get(group).into_iter().flatten();
    let moved: BTreeSet<&String> = all.filter(|(at, _)| *at > since).map(|(_, member)| member).collect();
    let one = |id: &String| {
        let kind = if tenant.groups.contains_key(id) { "group" } else { "user" };
        let mut one = json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": id});
        if !now.contains(id) {
            one["@removed"] = json!({"reason": "deleted"});
        }
        one
    };
    moved.into_iter().filter(|id| since > 0 || now.contains(*id)).map(one).collect()
}

/// One page, with a link to the next one.
pub(super) fn page(state: &mut State, call: &Call<'_>, place: Place, count: Option<usize>) -> Result<Answer, Answer> {
    let Place::Page(page) = place else {
        return Err(error(400, "Request_BadRequest", "not a page"));
    };
    let empty = page.then.is_some() && state.empty_pages > 0;
    let taken = if empty { 0 } else { page.size };
    let again = usize::from(state.replay && page.then.is_some() && page.offset > 0 && !empty);
    let value: Vec<Value> = page.all.iter().skip(page.offset - again).take(taken + again).cloned().collect();
    state.empty_pages -= u32::from(empty);
    let set = page.path.trim_start_matches("/v1.0/").split('/').next().unwrap_or_default();
    let mut body =
        json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/$metadata#{set}"), "value": value});
    if let Some(count) = count {
        body["@odata.count"] = count.into();
    }
    let next = page.offset + taken;
    if next < page.all.len() || empty {
        let link = Page { offset: next, ..page };
        body["@odata.nextLink"] = link_to(state, call, "$skiptoken", Place::Page(link)).into();
    } else if let Some(then) = page.then {
        body["@odata.deltaLink"] = link_to(state, call, "$deltatoken", Place::Delta(then)).into();
    }
    Ok(Answer::json(200, &body))
}

fn link_to(state: &mut State, call: &Call<'_>, name: &str, place: Place) -> String {
    let path = match &place {
        Place::Page(page) => &page.path,
        Place::Delta(since) => &since.path,
    };
    let path = path.clone();
    let target = format!("{path}?{name}={}", state.secret("R"));
    state.links.insert(target.clone(), place);
    format!("{}{target}", call.asked.origin(&call.inner.origin))
}
