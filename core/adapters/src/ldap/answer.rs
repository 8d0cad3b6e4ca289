//! What a directory's answers mean: result codes in words for administrators, entries in
//! the domain's types. A server's own words may hold names of people and are not told.

use estampe_domain::ldap::LdapEntry;
use estampe_domain::plugin::{FailKind, PluginFailure};
use ldap3::LdapResult;
use ldap3::asn1::StructureTag;

/// At what an answer was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The bind.
    Bind,
    /// The first page of a search.
    Search,
    /// A page behind a cookie.
    NextPage,
    /// What changed, since a position unless it is the first look.
    Changes { first: bool },
}

/// A refusal of the server as a failure.
pub(super) fn refusal(server: &str, at: At, result: &LdapResult) -> PluginFailure {
    let (kind, name, meaning) = meaning(at, result.rc);
    let step = if at == At::Bind { "the bind" } else { "a search" };
    let mut message = format!("{server} refused {step}: {name} ({})", result.rc);
    let detail = if at == At::Bind { active_directory(&result.text) } else { None };
    if let Some(words) = detail.or(meaning) {
        message.push_str("; ");
        message.push_str(words);
    }
    PluginFailure::new(kind, message)
}

/// RFC 4511, appendix A.
fn meaning(at: At, code: u32) -> (FailKind, &'static str, Option<&'static str>) {
    let bind = at == At::Bind;
    let (kind, name, meaning) = match code {
        1 => (FailKind::Denied, "operationsError", Some("Active Directory answers so to who did not bind")),
        2 => (FailKind::Unsupported, "protocolError", None),
        3 => (FailKind::Limit, "timeLimitExceeded", Some("ask for less, or let the server allow more")),
        4 => (FailKind::Limit, "sizeLimitExceeded", Some("ask for less, or let the server allow more")),
        7 => (FailKind::Auth, "authMethodNotSupported", Some("the server does not take this kind of bind")),
        8 => (FailKind::Config, "strongerAuthRequired", Some("use ldaps:// or StartTLS")),
        10 => (FailKind::Config, "referral", Some("it is held elsewhere: name the server that holds it")),
        11 => (FailKind::Limit, "adminLimitExceeded", Some("ask for less, or let the server allow more")),
        12 => (FailKind::Unsupported, "unavailableCriticalExtension", Some("the server has no paged results")),
        13 => (FailKind::Config, "confidentialityRequired", Some("use ldaps:// or StartTLS")),
        16 => (FailKind::Config, "noSuchAttribute", None),
        17 => (FailKind::Config, "undefinedAttributeType", None),
        18 => (FailKind::Config, "inappropriateMatching", Some("an attribute cannot be compared in this way")),
        21 => (FailKind::Config, "invalidAttributeSyntax", None),
        32 if bind => (FailKind::Auth, "noSuchObject", Some("there is nobody of this name")),
        32 => (FailKind::NotFound, "noSuchObject", Some("there is no such base, or it may not be seen")),
        34 => (FailKind::Config, "invalidDNSyntax", Some("a name is written like ou=people,dc=example,dc=org")),
        48 if bind => (FailKind::Auth, "inappropriateAuthentication", Some("the server wants a name and a password")),
        48 => (FailKind::Denied, "inappropriateAuthentication", None),
        49 => (FailKind::Auth, "invalidCredentials", Some("the name or the password is wrong")),
        50 => (FailKind::Denied, "insufficientAccessRights", Some("who binds may not read there")),
        51 => (FailKind::Unavailable, "busy", None),
        52 => (FailKind::Unavailable, "unavailable", None),
        53 if bind => (FailKind::Auth, "unwillingToPerform", None),
        53 => (FailKind::Denied, "unwillingToPerform", None),
        80 => (FailKind::Unavailable, "other", None),
        _ => (FailKind::Unavailable, "an answer beyond RFC 4511", None),
    };
    // how servers say that they forgot where the page begins
    if at == At::NextPage && matches!(code, 2 | 12 | 53) {
        return (FailKind::CursorExpired, name, Some("the server no longer knows where the page begins"));
    }
    // a server that was restored knows less than the position says (RFC 4533, section 3.3.2:
    // e-syncRefreshRequired; OpenLDAP refuses with 53)
    match at {
        At::Changes { first: false } if matches!(code, 2 | 12 | 53 | 80 | 4096) => {
            (FailKind::CursorExpired, name, Some("the server cannot tell what changed since then"))
        }
        At::Changes { .. } if matches!(code, 2 | 12 | 50 | 53) => {
            (FailKind::Unsupported, name, Some("the server does not tell this account what changed"))
        }
        _ => (kind, name, meaning),
    }
}

/// Active Directory's own code for a refused bind: `…, data 52e, v3839`.
pub(super) fn active_directory_code(text: &str) -> Option<&str> {
    text.split("data ").nth(1)?.split([',', ' ', '\0']).next()
}

/// The same in words.
fn active_directory(text: &str) -> Option<&'static str> {
    Some(match active_directory_code(text)? {
        "525" => "there is nobody of this name",
        "52e" => "the name or the password is wrong",
        "530" => "this account may not sign in at this time",
        "531" => "this account may not sign in from here",
        "532" => "the password of this account has expired",
        "533" => "this account is disabled",
        "701" => "this account has expired",
        "773" => "the password of this account has to be changed first",
        "775" => "this account is locked",
        _ => return None,
    })
}

/// An entry; none when it is not one that RFC 4511 knows. A name that is no UTF-8 is shown
/// as far as it is: one odd entry is no reason to read none.
pub(super) fn entry(tag: StructureTag) -> Option<LdapEntry> {
    let text = |tag: StructureTag| String::from_utf8(tag.expect_primitive()?).ok();
    let mut parts = tag.match_id(4)?.expect_constructed()?.into_iter();
    let dn = String::from_utf8_lossy(&parts.next()?.expect_primitive()?).into_owned();
    let attributes = parts.next()?.expect_constructed()?.into_iter().map(|attribute| {
        let mut parts = attribute.expect_constructed()?.into_iter();
        let name = text(parts.next()?)?;
        let values = parts.next()?.expect_constructed()?.into_iter().map(StructureTag::expect_primitive);
        Some((name, values.collect::<Option<_>>()?))
    });
    Some(LdapEntry { dn, attributes: attributes.collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(rc: u32, text: &str) -> LdapResult {
        LdapResult { rc, matched: String::new(), text: text.to_owned(), refs: Vec::new(), ctrls: Vec::new() }
    }

    #[test]
    fn answers_are_told_without_the_servers_words() {
        let text = "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 775, v3839\0";
        let failure = refusal("ldaps://a:636", At::Bind, &result(49, text));
        assert_eq!(failure.kind, FailKind::Auth);
        assert_eq!(failure.message, "ldaps://a:636 refused the bind: invalidCredentials (49); this account is locked");
        let failure = refusal("ldaps://a:636", At::Search, &result(50, "cn=Zoé may not read, data 775"));
        assert_eq!(failure.kind, FailKind::Denied);
        assert!(!failure.message.contains("Zoé") && !failure.message.contains("locked"), "{failure}");
        for (at, code, kind) in [
            (At::Search, 53, FailKind::Denied),
            (At::NextPage, 53, FailKind::CursorExpired),
            (At::NextPage, 4, FailKind::Limit),
            (At::Search, 32, FailKind::NotFound),
            (At::Bind, 32, FailKind::Auth),
            (At::Search, 9_999, FailKind::Unavailable),
        ] {
            assert_eq!(refusal("x", at, &result(code, "")).kind, kind, "{at:?} {code}");
        }
    }
}
