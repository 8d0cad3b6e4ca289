//! Signatures into mailboxes, over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::signature::publication::{
    LineState, Publication, PublicationKind, PublicationLine, PublicationState,
};
use estampe_domain::{Error, PersonId, PublicationId};
use estampe_service::{NewPublication, Ring, Whom};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::console::people::query_of;
use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

/// Mailboxes of one answer.
const PAGE: u64 = 200;

fn view(publication: &Publication) -> Value {
    let counts = publication.counts.iter();
    let counts: Map<_, _> = counts.map(|(state, count)| (state.as_str().to_owned(), json!(count))).collect();
    json!({
        "id": publication.id, "kind": publication.kind, "source": publication.source_name, "day": publication.day,
        "state": publication.state, "resumes_in": publication.resumes_in.map(PublicationState::as_str),
        "why": publication.why, "ring": publication.ring, "counts": counts,
        "released": publication.released, "left": publication.left,
        "not_before": publication.not_before.map(|at| at.to_string()),
        "started_at": publication.started_at.to_string(),
        "ended_at": publication.ended_at.map(|at| at.to_string()),
    })
}

/// A mailbox; what stands and is to stand there only where it was asked for.
fn line_view(line: &PublicationLine, name: &str, html: bool) -> Value {
    let content = &line.content;
    let mut view = json!({
        "place": line.seq, "person": line.person, "name": name, "mailbox": content.mailbox,
        "address": content.address, "state": line.state, "code": line.code, "tries": line.tries,
    });
    if html && let Some(view) = view.as_object_mut() {
        view.insert("found".to_owned(), json!(content.found));
        view.insert("wanted".to_owned(), json!(content.wanted));
    }
    view
}

async fn answer(wire: &Wire, status: StatusCode, id: PublicationId) -> Reply {
    let publication = wire.ok(wire.service().publication(&wire.ctx, id).await)?;
    wire.json(status, &view(&publication))
}

/// `GET /v1/signatures/publications`
pub(crate) async fn list(wire: Wire) -> Reply {
    let found = wire.ok(wire.service().publications(&wire.ctx).await)?;
    wire.json(StatusCode::OK, &json!({ "publications": found.iter().map(view).collect::<Vec<_>>() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    source: String,
    kind: PublicationKind,
    /// The day whose rules count; today.
    #[serde(default)]
    day: Option<Date>,
    /// These people alone.
    #[serde(default)]
    people: Vec<PersonId>,
    /// Whom these words find alone, as in the list of people.
    #[serde(default)]
    search: String,
    /// Who is in this group alone: its name or its id.
    #[serde(default)]
    group: String,
}

/// `POST /v1/signatures/publications`: makes a plan, and writes nothing.
pub(crate) async fn begin(wire: Wire, body: Body) -> Reply {
    let Wanted { source, kind, day, people, search, group } = wire.body(&body)?;
    let day = day.unwrap_or_else(|| wire.l.today());
    let whom = match Whom::found(&search, &group) {
        found @ Whom::Found { .. } if people.is_empty() => found,
        Whom::Found { .. } => {
            let words = "name people one by one, or by a search and a group, not both";
            return wire.ok(Err(Error::invalid("people", words)));
        }
        _ => Whom::These(people),
    };
    let new = NewPublication { source, kind, day, whom };
    let id = wire.ok(wire.service().begin_publication(&wire.ctx, new).await)?;
    answer(&wire, StatusCode::ACCEPTED, id).await
}

/// `GET /v1/signatures/publications/{id}`
pub(crate) async fn show(wire: Wire, path: web::Path<String>) -> Reply {
    answer(&wire, StatusCode::OK, wire.id(&path)?).await
}

/// `GET /v1/signatures/publications/{id}/lines?state=&from=&html=`
pub(crate) async fn lines(wire: Wire, path: web::Path<String>, request: HttpRequest) -> Reply {
    let id = wire.id(&path)?;
    let unknown = |text: &str| {
        let all: Vec<_> = LineState::ALL.iter().map(|state| state.as_str()).collect();
        Error::invalid("state", format!("\"{text}\" is none of {}", all.join(", ")))
    };
    let state = match query_of(&request, "state") {
        text if text.is_empty() => None,
        text => Some(wire.ok(LineState::from_stored(&text).ok_or_else(|| unknown(&text)))?),
    };
    let from = query_of(&request, "from").parse().unwrap_or(0);
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let found = wire.ok(wire.service().publication_lines(&wire.ctx, id, state, (from, limit)).await)?;
    let next = found.last().filter(|_| found.len() as u64 == PAGE).map(|(line, _)| line.seq + 1);
    let html = query_of(&request, "html") == "true";
    let lines: Vec<_> = found.iter().map(|(line, name)| line_view(line, name, html)).collect();
    wire.json(StatusCode::OK, &json!({ "lines": lines, "next": next }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedRing {
    #[serde(default)]
    first: Option<u64>,
    #[serde(default)]
    people: Vec<PersonId>,
}

/// `POST /v1/signatures/publications/{id}/apply`
pub(crate) async fn apply(wire: Wire, path: web::Path<String>, body: Body) -> Reply {
    let id = wire.id(&path)?;
    let WantedRing { first, people } = wire.body(&body)?;
    wire.ok(wire.service().apply_publication(&wire.ctx, id, Ring { first, people, seen: None }).await)?;
    answer(&wire, StatusCode::ACCEPTED, id).await
}

/// `POST /v1/signatures/publications/{id}/pause`
pub(crate) async fn pause(wire: Wire, path: web::Path<String>) -> Reply {
    let id = wire.id(&path)?;
    wire.ok(wire.service().pause_publication(&wire.ctx, id).await)?;
    answer(&wire, StatusCode::OK, id).await
}

/// `POST /v1/signatures/publications/{id}/resume`
pub(crate) async fn resume(wire: Wire, path: web::Path<String>) -> Reply {
    let id = wire.id(&path)?;
    wire.ok(wire.service().resume_publication(&wire.ctx, id).await)?;
    answer(&wire, StatusCode::ACCEPTED, id).await
}

/// `POST /v1/signatures/publications/{id}/stop`
pub(crate) async fn stop(wire: Wire, path: web::Path<String>) -> Reply {
    let id = wire.id(&path)?;
    wire.ok(wire.service().stop_publication(&wire.ctx, id).await)?;
    answer(&wire, StatusCode::OK, id).await
}
