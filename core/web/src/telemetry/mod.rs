//! What is told of each request: its id, its figures, and a line when somebody looks
//! closely. The pattern of a route stands for its address, which may name a card.

mod hot;
mod meters;
mod middleware;
pub(crate) mod page;

pub(crate) use hot::HotCard;
pub(crate) use middleware::{Telemetry, request_id, span_of};
