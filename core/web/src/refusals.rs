//! Requests that are refused, in the log and counted: a form that another site sent, one without its
//! token, an act that no role allows. Whoever goes on gets no line each time.

use std::sync::{Mutex, PoisonError};

use estampe_domain::{Actor, ErrorKind, Ts, metric};

use crate::error::Cause;
use crate::visit::Visit;

/// Lines of one kind within a minute.
const LINES: u32 = 20;
const MINUTE: i64 = 60;

/// What is refused, and what was said of it in this minute.
struct Refusals {
    reason: &'static str,
    said: Mutex<Said>,
}

#[derive(Clone, Copy)]
struct Said {
    since: Ts,
    lines: u32,
    unsaid: u64,
}

impl Refusals {
    const fn new(reason: &'static str) -> Self {
        Self { reason, said: Mutex::new(Said { since: Ts::from_micros(0), lines: 0, unsaid: 0 }) }
    }

    /// How many went unsaid before this one; none when this one does as well.
    fn turn(&self, now: Ts) -> Option<u64> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if now.seconds_since(said.since) >= MINUTE {
            *said = Said { since: now, lines: 0, unsaid: said.unsaid };
        }
        if said.lines >= LINES {
            said.unsaid += 1;
            return None;
        }
        said.lines += 1;
        Some(std::mem::take(&mut said.unsaid))
    }
}

static ORIGIN: Refusals = Refusals::new("origin");
static FORM: Refusals = Refusals::new("form");
static RIGHT: Refusals = Refusals::new("right");

/// Says and counts it, where the cause is one of these.
pub(crate) fn note(visit: &Visit, cause: &Cause) {
    let refusals = match cause {
        Cause::Origin => &ORIGIN,
        Cause::Expired(_) => &FORM,
        Cause::Domain(error) if error.kind() == ErrorKind::Forbidden => &RIGHT,
        _ => return,
    };
    metrics::counter!(metric::REFUSALS.name, "reason" => refusals.reason).increment(1);
    let Some(unsaid) = refusals.turn(visit.ctx.now) else { return };
    let account = match visit.ctx.actor {
        Actor::Account(account) => Some(account.to_string()),
        _ => None,
    };
    tracing::warn!(
        request.id = %visit.ctx.request,
        refusal.reason = refusals.reason,
        refusal.surface = visit.surface.as_str(),
        refusal.unsaid = unsaid,
        actor.kind = visit.ctx.actor.kind(),
        account.id = account,
        "a request was refused"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_some_lines_a_minute_and_says_how_many_it_left_out() {
        let refusals = Refusals::new("right");
        let at = |seconds| Ts::from_micros(1_795_507_920_000_000).plus_seconds(seconds);
        let said: Vec<_> = (0..30).filter_map(|_| refusals.turn(at(0))).collect();
        assert_eq!(said, [0; 20]);
        assert_eq!((refusals.turn(at(59)), refusals.turn(at(60)), refusals.turn(at(61))), (None, Some(11), Some(0)));
    }
}
