//! Who asked us to come back later (RFC 9110, section 10.2.3) is not asked before.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use estampe_domain::Ts;
use estampe_domain::egress::HttpResponse;
use estampe_domain::plugin::{FailKind, PluginFailure};

use super::keys::Key;

/// The longest pause that is believed, in seconds.
const LONGEST: i64 = 3_600;
/// Pauses kept.
const MAX_PAUSES: usize = 1_024;

/// Until when whom.
#[derive(Default)]
pub struct Pauses {
    until: Mutex<HashMap<(String, Option<Key>), Ts>>,
}

impl Pauses {
    /// `rate-limited` while it lasts.
    pub fn check(&self, origin: &str, who: Option<Key>, now: Ts) -> Result<(), PluginFailure> {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (origin.to_owned(), who);
        let Some(end) = until.get(&key).copied() else { return Ok(()) };
        let left = end.as_millis() - now.as_millis();
        // a clock that was set back must not make it longer
        if left <= 0 || left > LONGEST * 1_000 {
            until.remove(&key);
            return Ok(());
        }
        let seconds = left.div_euclid(1_000) + 1;
        let message = format!("{origin} asked to be left alone for {seconds} more seconds; nothing was sent");
        Err(PluginFailure::new(FailKind::RateLimited, message).after(u64::try_from(left).ok()))
    }

    /// Looks whether an answer asks for a pause.
    pub fn note(&self, origin: &str, who: Option<Key>, now: Ts, answer: &HttpResponse) {
        if !matches!(answer.status, 429 | 503) {
            return;
        }
        let asked = answer.headers.iter().find(|(name, _)| name == "retry-after");
        let Some(seconds) = asked.and_then(|(_, value)| seconds(value, now)).filter(|seconds| *seconds > 0) else {
            return;
        };
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if until.len() >= MAX_PAUSES {
            until.retain(|_, end| *end > now);
        }
        if until.len() >= MAX_PAUSES
            && let Some(first) = until.iter().min_by_key(|(_, end)| **end).map(|(key, _)| key.clone())
        {
            until.remove(&first);
        }
        until.insert((origin.to_owned(), who), now.plus_seconds(seconds));
    }
}

/// Seconds, or the seconds until a date; at most [`LONGEST`].
pub fn seconds(value: &str, now: Ts) -> Option<i64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|octet| octet.is_ascii_digit()) {
        // more digits than fit are a very long time
        return Some(value.parse().unwrap_or(LONGEST).min(LONGEST));
    }
    let date = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let until = i64::try_from(date.as_secs()).ok()?;
    Some(until.saturating_sub(now.as_millis().div_euclid(1_000)).clamp(0, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-11-24T12:00:00Z
    const NOW: Ts = Ts::from_micros(1_795_521_600_000_000);

    #[test]
    fn both_forms_are_read_and_capped() {
        for (value, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("999999", Some(LONGEST)),
            ("99999999999999999999999", Some(LONGEST)),
            ("Tue, 24 Nov 2026 12:00:30 GMT", Some(30)),
            ("Tue, 24 Nov 2026 11:00:00 GMT", Some(0)),
            ("Wed, 24 Nov 2027 12:00:00 GMT", Some(LONGEST)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(seconds(value, NOW), expected, "{value:?}");
        }
    }

    #[test]
    fn a_pause_is_for_its_origin_and_credential_and_ends() {
        let pauses = Pauses::default();
        let header = ("retry-after".to_owned(), "60".to_owned());
        let answer = HttpResponse { status: 429, headers: vec![header], body: Vec::new(), certificate_until: None };
        let (one, two) = (Some([1; 32]), Some([2; 32]));
        pauses.note("https://a.example", one, NOW, &answer);
        let refused = pauses.check("https://a.example", one, NOW.plus_seconds(20)).unwrap_err();
        assert_eq!((refused.kind, refused.retry_after_ms), (FailKind::RateLimited, Some(40_000)));
        assert!(pauses.check("https://a.example", two, NOW).is_ok());
        assert!(pauses.check("https://b.example", one, NOW).is_ok());
        assert!(pauses.check("https://a.example", one, NOW.plus_seconds(60)).is_ok());
        for number in 0..2 * MAX_PAUSES {
            pauses.note(&format!("https://{number}.example"), None, NOW, &answer);
        }
        assert_eq!(pauses.until.lock().unwrap().len(), MAX_PAUSES);
        pauses.note("https://c.example", one, NOW, &HttpResponse { status: 200, ..answer });
        assert!(pauses.check("https://c.example", one, NOW).is_ok());
    }
}
