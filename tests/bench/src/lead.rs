//! What the loads leave as leads: always someone else, always another key.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use estampe_adapters::SystemRandom;
use estampe_domain::lead::LeadForm;
use estampe_domain::ports::Random;

use crate::client::Answer;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A key that no submission had before, in this process or another.
pub fn idempotency_key() -> String {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    let process = PROCESS.get_or_init(|| {
        let mut octets = [0; 8];
        SystemRandom.fill(&mut octets);
        u64::from_le_bytes(octets)
    });
    format!("bench-{process:016x}-{:010}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Somebody who was not here before.
fn email() -> String {
    format!("camille.{}@visiteur.example", idempotency_key())
}

/// The details of a visitor, as the use case takes them.
pub fn details(key: &str) -> LeadForm {
    LeadForm {
        name: "Camille Mesure".into(),
        email: email(),
        phone: "06 12 34 56 78".into(),
        company: "Atelier du Canal".into(),
        message: "Suite à notre échange au salon, je vous laisse mes coordonnées.".into(),
        consents: vec!["invitations".into()],
        idempotency_key: key.to_owned(),
        ..LeadForm::default()
    }
}

/// The same as a form, `application/x-www-form-urlencoded`.
pub fn form(key: &str) -> String {
    let lead = details(key);
    let fields = [
        ("name", lead.name.as_str()),
        ("email", &lead.email),
        ("phone", &lead.phone),
        ("company", &lead.company),
        ("message", &lead.message),
        ("consent", "invitations"),
        ("idempotency_key", key),
    ];
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    pairs.join("&")
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|octet| match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(octet).to_string(),
            b' ' => "+".to_owned(),
            _ => format!("%{octet:02X}"),
        })
        .collect()
}

/// Whether an answer acknowledges a lead.
pub fn accepted(answer: Result<Answer, String>) -> Result<(), String> {
    match answer {
        Ok(answer) if answer.status == 200 || answer.status == 303 => Ok(()),
        Ok(answer) => Err(format!("a lead got status {}", answer.status)),
        Err(problem) => Err(problem),
    }
}
