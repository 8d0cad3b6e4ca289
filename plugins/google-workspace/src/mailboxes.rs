//! The signatures of a mailbox, one for each address that it sends from. Each request is made on
//! the mailbox's own behalf, and for `me`: nobody else's can be met by a wrong address.

use estampe_plugin_sdk::http::Outcome;
use estampe_plugin_sdk::{FailKind, Failure, Host, Mailboxes, Sender, config};
use serde::{Deserialize, Serialize};

use crate::refusal::is_invalid_grant;
use crate::scope::Scope;
use crate::{GoogleWorkspace, address, ask, is_on};

/// The most addresses that the host takes.
const MAX_SENDERS: usize = 200;
/// Characters of a signature: Google's limit.
const MAX_SIGNATURE: usize = 10_000;

/// A page of addresses: there is only one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Senders {
    /// Left out where there are none.
    #[serde(default)]
    send_as: Vec<SendAs>,
}

/// `SendAs` of Gmail.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SendAs {
    #[serde(rename = "sendAsEmail")]
    address: String,
    signature: String,
    is_primary: bool,
    verification_status: String,
}

/// All that is ever written.
#[derive(Debug, Serialize)]
struct Signature<'a> {
    signature: &'a str,
}

impl Mailboxes for GoogleWorkspace {
    fn read_signatures(host: &dyn Host, mailbox: &str) -> Result<Vec<Sender>, Failure> {
        is_wanted(host)?;
        let senders = senders(host, mailbox).map_err(|failure| whose(host, mailbox, failure))?;
        // nobody can send from an address whose owner has not agreed to it yet
        let mut good: Vec<_> = senders.into_iter().filter(|sender| sender.verification_status != "pending").collect();
        good.sort_by_key(|sender| !sender.is_primary);
        good.truncate(MAX_SENDERS);
        let told = |sender: SendAs| Sender {
            address: sender.address,
            primary: sender.is_primary,
            signature: sender.signature,
        };
        Ok(good.into_iter().filter(|sender| !sender.address.is_empty()).map(told).collect())
    }

    fn push_signature(host: &dyn Host, mailbox: &str, address: &str, signature: &str) -> Result<String, Failure> {
        is_wanted(host)?;
        let length = signature.chars().count();
        if length > MAX_SIGNATURE {
            let words = format!("the signature has {length} characters, and Google takes {MAX_SIGNATURE}");
            return Err(Failure::new(FailKind::Limit, words));
        }
        let path = format!("/settings/sendAs/{}", address::encoded(address));
        let url = address::mailbox(host, &path, &[("fields", "signature")]);
        let outcome = ask::patch(host, Scope::Gmail, url, mailbox, &Signature { signature });
        match outcome.map_err(|failure| whose(host, mailbox, failure))? {
            Outcome::Response(answer) if answer.status == 404 => {
                Err(Failure::new(FailKind::NotFound, "this mailbox does not send from that address"))
            }
            Outcome::Response(answer) => Ok(ask::accepted(Scope::Gmail, answer)?.json::<SendAs>()?.signature),
            Outcome::Recorded => {
                Err(Failure::new(FailKind::Unsupported, "this is a dry run: the signature was not sent"))
            }
        }
    }
}

/// Reads the addresses of a mailbox.
pub fn read(host: &dyn Host, mailbox: &str) -> Result<(), Failure> {
    senders(host, mailbox).map(drop)
}

fn senders(host: &dyn Host, mailbox: &str) -> Result<Vec<SendAs>, Failure> {
    let fields = "sendAs(sendAsEmail,signature,isPrimary,verificationStatus)";
    let url = address::mailbox(host, "/settings/sendAs", &[("fields", fields)]);
    let answer = ask::read(host, Scope::Gmail, url, Some(mailbox))?;
    Ok(ask::accepted(Scope::Gmail, answer)?.json::<Senders>()?.send_as)
}

fn is_wanted(host: &dyn Host) -> Result<(), Failure> {
    if is_on(host, "signatures", false) {
        return Ok(());
    }
    Err(Failure::config("`signatures` is not switched on for this source: set it to true, and allow its scopes"))
}

/// Google says the same of a mailbox that is not there and of a key that was deleted. Whether the
/// administrator is let in tells which.
fn whose(host: &dyn Host, mailbox: &str, failure: Failure) -> Failure {
    if !is_invalid_grant(&failure) {
        return failure;
    }
    let administrator = config::get(host, "administrator").unwrap_or_default();
    if administrator.eq_ignore_ascii_case(mailbox) {
        return failure;
    }
    match read(host, &administrator).map_err(|other| (other.kind, other)) {
        // a token was given for the administrator, so the key is good
        Ok(()) | Err((FailKind::NotFound | FailKind::Denied, _)) => {
            Failure::new(FailKind::NotFound, "Google has no such user, or has suspended it")
        }
        Err((_, other)) => other,
    }
}
