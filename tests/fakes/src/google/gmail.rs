//! The addresses that a mailbox sends from, and their signatures.

use serde_json::{Value, json};

use super::errors::{error, not_found};
use super::{Call, State};
use crate::html::rewritten;
use crate::wire::Answer;

/// Google's limit, in characters of HTML as sent.
pub const SIGNATURE_LIMIT: usize = 10_000;

pub(super) fn answer(state: &mut State, call: &Call<'_>) -> Result<Value, Answer> {
    let mailbox = call.user["primaryEmail"].as_str().unwrap_or_default().to_owned();
    let named = call.part("userId");
    if named != "me" && !named.eq_ignore_ascii_case(&mailbox) {
        return Err(error(403, "forbidden", &format!("Delegation denied for {mailbox}")));
    }
    if call.user["isMailboxSetup"] != true {
        return Err(error(400, "failedPrecondition", "Mail service not enabled"));
    }
    let writes = matches!(call.asked.method.as_str(), "PATCH" | "PUT");
    if !state.spend(&mailbox, if writes { 100 } else { 1 }) {
        let why = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'gmail.googleapis.com'";
        return Err(error(403, "rateLimitExceeded", why));
    }
    let senders = state.people.senders.entry(call.access.user.clone()).or_default();
    let method = call.operation.id.rsplit('.').next().unwrap_or_default();
    match method {
        "getProfile" => {
            return Ok(json!({"emailAddress": mailbox, "messagesTotal": 1, "threadsTotal": 1, "historyId": "1"}));
        }
        "list" if senders.is_empty() => return Ok(json!({})),
        "list" => return Ok(json!({"sendAs": senders})),
        _ => {}
    }
    let wanted = call.part("sendAsEmail").to_owned();
    let is = |sender: &Value| sender["sendAsEmail"].as_str().is_some_and(|email| email.eq_ignore_ascii_case(&wanted));
    let Some(at) = senders.iter().position(is) else {
        return Err(not_found("sendAsEmail"));
    };
    if method == "get" {
        return Ok(senders[at].clone());
    }
    if senders[at]["isPrimary"] != true && !call.access.delegated {
        let why = "Access restricted to service accounts that have been delegated domain-wide authority";
        return Err(error(403, "forbidden", why));
    }
    let signature = call.body["signature"].as_str();
    if signature.is_some_and(|html| html.chars().count() > SIGNATURE_LIMIT) {
        return Err(error(400, "invalidArgument", "Signature exceeds maximum length of 10000 characters"));
    }
    if call.body["isDefault"] == false {
        return Err(error(400, "invalidArgument", "Invalid value at 'isDefault': the only legal value is true"));
    }
    if !call.body["smtpMsa"].is_null() && senders[at]["isPrimary"] == true {
        return Err(error(400, "invalidArgument", "smtpMsa only applies to custom from aliases"));
    }
    if call.body["isDefault"] == true {
        for sender in senders.iter_mut().filter_map(Value::as_object_mut) {
            sender.remove("isDefault");
        }
    }
    let sender = &mut senders[at];
    if method == "update" {
        // a PUT says all of it: what it leaves out is empty
        for field in ["displayName", "replyToAddress", "signature"] {
            sender[field] = "".into();
        }
    }
    for (name, value) in call.body.as_object().into_iter().flatten() {
        sender[name] = match (name.as_str(), value.as_str()) {
            ("signature", Some(html)) => rewritten(html).into(),
            // a password is written, never read
            ("smtpMsa", _) => {
                let mut server = value.clone();
                if let Some(fields) = server.as_object_mut() {
                    fields.remove("password");
                    fields.remove("username");
                }
                server
            }
            _ => value.clone(),
        };
    }
    Ok(sender.clone())
}
