//! Binds with a password that somebody typed, and reads the server's answer: whether they
//! got in, and why not.

use estampe_domain::credential::Secret;
use estampe_domain::ldap::LdapAccess;
use estampe_domain::ldap::sign_in::{Barred, Verdict};
use estampe_domain::plugin::{FailKind, PluginFailure};
use ldap3::LdapResult;
use ldap3::controls::{Control, RawControl};

use super::answer::{self, At};
use super::{Connection, MAX_RESULT, all_failed, ready};

/// Asks for the password policy's word (draft-behera-ldap-password-policy-11, section 6.1),
/// and names its answer (6.2).
const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
/// "Got in, and the password has expired" (draft-vchu-ldap-pwd-policy): 389 Directory Server.
const PASSWORD_EXPIRED: &str = "2.16.840.1.113730.3.4.4";

/// The first server that answers has the word.
pub(super) async fn bind_as(access: &LdapAccess, dn: &str, password: &Secret) -> Result<Verdict, PluginFailure> {
    // a server takes the one or the other for somebody who does not say who they are
    if dn.trim().is_empty() || password.reveal().is_empty() {
        return Err(PluginFailure::new(FailKind::Internal, "nobody signs in without a name and a password"));
    }
    let (servers, tls) = ready(access).await?;
    let mut failed = Vec::new();
    for server in servers {
        let connection = match Connection::open(&server, tls.as_ref(), access).await {
            Ok((connection, _)) => connection,
            Err(shut) => {
                failed.push(shut.into());
                continue;
            }
        };
        match connection.verdict(dn, password).await {
            Err(failure) if failure.kind == FailKind::Unavailable => failed.push(failure),
            answered => return answered,
        }
    }
    Err(all_failed(failed))
}

impl Connection {
    async fn verdict(&self, dn: &str, password: &Secret) -> Result<Verdict, PluginFailure> {
        self.watch.allow(MAX_RESULT);
        let (mut ldap, server) = (self.ldap.clone(), self.server.clone());
        let (dn, password) = (dn.to_owned(), password.clone());
        self.run(async move {
            ldap.with_controls(RawControl { ctype: PASSWORD_POLICY.to_owned(), crit: false, val: None });
            let result = ldap.simple_bind(&dn, password.reveal()).await?;
            Ok(verdict(&result).ok_or_else(|| answer::refusal(&server, At::Bind, &result)))
        })
        .await
    }
}

/// None for an answer that says nothing of who binds.
fn verdict(result: &LdapResult) -> Option<Verdict> {
    let policy = policy_error(&result.ctrls);
    let by_policy = policy.and_then(|error| match error {
        0 => Some(Barred::PasswordExpired),
        1 => Some(Barred::Locked),
        2 => Some(Barred::PasswordToChange),
        _ => None,
    });
    let expired = result.ctrls.iter().any(|Control(_, control)| control.ctype == PASSWORD_EXPIRED);
    let barred = match result.rc {
        // got in, to change the password and for nothing else
        0 => match by_policy.or(expired.then_some(Barred::PasswordToChange)) {
            None => return Some(Verdict::Accepted),
            Some(barred) => barred,
        },
        // 389 Directory Server: "Exceed password retry limit"
        19 => by_policy.unwrap_or(Barred::Locked),
        // there is no such entry, or it has no password
        32 | 48 => Barred::WrongPassword,
        49 => {
            let by_code = answer::active_directory_code(&result.text).and_then(by_active_directory);
            by_policy.or(expired.then_some(Barred::PasswordExpired)).or(by_code).unwrap_or(Barred::WrongPassword)
        }
        // 389 Directory Server: "Account inactivated"
        53 => by_policy.unwrap_or(Barred::Disabled),
        _ => return None,
    };
    Some(Verdict::Barred(barred))
}

fn by_active_directory(code: &str) -> Option<Barred> {
    Some(match code {
        "530" => Barred::NotNow,
        "531" => Barred::NotHere,
        "532" => Barred::PasswordExpired,
        "533" => Barred::Disabled,
        "701" => Barred::Expired,
        "773" => Barred::PasswordToChange,
        "775" => Barred::Locked,
        _ => return None,
    })
}

/// `PasswordPolicyResponseValue ::= SEQUENCE { warning [0] …, error [1] ENUMERATED }`, both
/// optional.
fn policy_error(controls: &[Control]) -> Option<u8> {
    let policy = controls.iter().find(|Control(_, control)| control.ctype == PASSWORD_POLICY);
    let value = policy.and_then(|Control(_, control)| control.val.as_deref())?;
    let mut rest = match value {
        [0x30, length, rest @ ..] if usize::from(*length) == rest.len() => rest,
        _ => return None,
    };
    loop {
        match rest {
            [0x81, 1, error, ..] => return Some(*error),
            [0xa0, length, following @ ..] => rest = following.get(usize::from(*length)..)?,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(rc: u32, text: &str, control: Option<(&str, &[u8])>) -> LdapResult {
        let control = control.map(|(name, value)| {
            Control(None, RawControl { ctype: name.to_owned(), crit: false, val: Some(value.to_vec()) })
        });
        let ctrls = control.into_iter().collect();
        LdapResult { rc, matched: String::new(), text: text.to_owned(), refs: Vec::new(), ctrls }
    }

    #[test]
    fn what_servers_say_is_told_apart() {
        let ad = |code: &str| {
            format!("80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data {code}, v3839\0")
        };
        for (code, barred) in [
            ("525", Barred::WrongPassword),
            ("52e", Barred::WrongPassword),
            ("530", Barred::NotNow),
            ("531", Barred::NotHere),
            ("532", Barred::PasswordExpired),
            ("533", Barred::Disabled),
            ("701", Barred::Expired),
            ("773", Barred::PasswordToChange),
            ("775", Barred::Locked),
            ("9", Barred::WrongPassword),
        ] {
            assert_eq!(verdict(&result(49, &ad(code), None)), Some(Verdict::Barred(barred)), "{code}");
        }
        let policy = |error: u8| [0x30, 3, 0x81, 1, error];
        for (rc, error, barred) in [
            (49, 0, Barred::PasswordExpired),
            (49, 1, Barred::Locked),
            (49, 7, Barred::WrongPassword),
            (0, 2, Barred::PasswordToChange),
            (53, 1, Barred::Locked),
        ] {
            let found = verdict(&result(rc, "", Some((PASSWORD_POLICY, &policy(error)))));
            assert_eq!(found, Some(Verdict::Barred(barred)), "{rc} {error}");
        }
        // grace logins are left, and the password has to be changed
        let both = [0x30, 8, 0xa0, 3, 0x81, 1, 2, 0x81, 1, 2];
        let found = verdict(&result(0, "", Some((PASSWORD_POLICY, &both))));
        assert_eq!(found, Some(Verdict::Barred(Barred::PasswordToChange)));
        // a warning alone bars nobody
        let warned = [0x30, 5, 0xa0, 3, 0x80, 1, 60];
        assert_eq!(verdict(&result(0, "", Some((PASSWORD_POLICY, &warned)))), Some(Verdict::Accepted));
        for (rc, barred) in [(0, Barred::PasswordToChange), (49, Barred::PasswordExpired)] {
            let found = verdict(&result(rc, "", Some((PASSWORD_EXPIRED, b"0"))));
            assert_eq!(found, Some(Verdict::Barred(barred)), "{rc}");
        }
        for (rc, barred) in [(19, Barred::Locked), (32, Barred::WrongPassword), (53, Barred::Disabled)] {
            assert_eq!(verdict(&result(rc, "", None)), Some(Verdict::Barred(barred)), "{rc}");
        }
        assert_eq!(verdict(&result(0, "", None)), Some(Verdict::Accepted));
        for none in [8, 10, 13, 51, 52, 80] {
            assert_eq!(verdict(&result(none, "", None)), None);
        }
    }

    #[test]
    fn what_is_no_policy_is_passed_over() {
        for value in [&[][..], &[0x30], &[0x30, 0], &[0x30, 5, 0x81], &[0x30, 2, 0xa0, 9], &[0x30, 3, 0x82, 1, 1]] {
            let found = verdict(&result(0, "", Some((PASSWORD_POLICY, value))));
            assert_eq!(found, Some(Verdict::Accepted), "{value:?}");
        }
    }
}
