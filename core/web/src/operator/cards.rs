//! Cards over the operator's socket.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use estampe_domain::Error;
use estampe_domain::card::CardState;
use estampe_service::views::CardLine;
use serde_json::{Value, json};

use crate::console::cards::filter_of;
use crate::console::people::query_of;
use crate::operator::wire::Wire;
use crate::respond::Reply;

fn view(wire: &Wire, card: &CardLine) -> Value {
    json!({
        "id": card.holder.card, "public_id": card.holder.public_id.as_str(),
        "url": wire.service().card_url(&card.holder.public_id),
        "person": card.holder.id, "name": card.holder.profile.display_name.as_str(),
        "state": CardState::of(&card.holder).as_str(),
        "leads": card.tally.map(|tally| tally.leads),
        "last_lead_at": card.tally.and_then(|tally| tally.last).map(|last| last.to_string()),
    })
}

/// `GET /v1/cards?q=&show=up|down|disabled&after=`
pub(crate) async fn list(wire: Wire, request: HttpRequest) -> Reply {
    let state = match query_of(&request, "show").as_str() {
        "" => None,
        show => {
            let wrong = || Error::invalid("show", format!("\"{show}\" is none of up, down, disabled"));
            Some(wire.ok(CardState::read(show).ok_or_else(wrong))?)
        }
    };
    let page = wire.ok(wire.service().cards(&wire.ctx, &filter_of(&request, true, state)).await)?;
    let cards: Vec<_> = page.cards.iter().map(|card| view(&wire, card)).collect();
    wire.json(StatusCode::OK, &json!({ "cards": cards, "total": page.total, "next": page.next }))
}
