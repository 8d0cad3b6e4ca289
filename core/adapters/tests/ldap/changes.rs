//! What changed, by content synchronisation (RFC 4533), against slapd.

use estampe_domain::ldap::{LdapChanges, LdapScope, LdapTrack, LdapTracking};
use estampe_domain::plugin::{FailKind, PluginFailure};

use super::slapd::{Certificate, More, PEOPLE, Slapd};
use super::{access, connect};

/// What changed since, over a connection of its own.
async fn changes(slapd: &Slapd, since: Option<Vec<u8>>) -> Result<LdapChanges, PluginFailure> {
    let track = LdapTrack {
        tracking: LdapTracking::ContentSync,
        base: PEOPLE.to_owned(),
        scope: LdapScope::Subtree,
        filter: "(objectClass=person)".to_owned(),
        attributes: vec!["cn".to_owned()],
        since,
    };
    connect(&access(slapd)).await.changes(track).await
}

fn delete(number: usize) -> String {
    format!("dn: uid=p{number},{PEOPLE}\nchangetype: delete\n\n")
}

fn rename(number: usize) -> String {
    format!("dn: uid=p{number},{PEOPLE}\nchangetype: modify\nreplace: sn\nsn: Other\n\n")
}

#[tokio::test]
async fn what_changed_is_told_by_identities() {
    let mut slapd = Slapd::start(50, Certificate::Good);
    let begin = changes(&slapd, None).await.unwrap();
    assert_eq!((begin.changed.len(), begin.gone.len(), begin.more), (0, 0, false));
    let none = changes(&slapd, Some(begin.position.clone())).await.unwrap();
    assert_eq!((none.changed.len(), none.gone.len(), &none.position), (0, 0, &begin.position));

    slapd.change(&(rename(1) + &rename(2) + &delete(3)));
    let told = changes(&slapd, Some(begin.position.clone())).await.unwrap();
    assert_eq!((told.changed.len(), told.gone.len()), (2, 1), "{told:?}");
    assert!(told.changed.iter().chain(&told.gone).all(|identity| identity.len() == 16), "{told:?}");
    assert_ne!(told.position, begin.position);
    let again = changes(&slapd, Some(told.position.clone())).await.unwrap();
    assert_eq!((again.changed.len(), again.gone.len()), (0, 0));

    // restored, it knows less than the position says
    let backup = slapd.backup();
    slapd.change(&rename(4));
    let later = changes(&slapd, None).await.unwrap();
    slapd.restore(&backup);
    let failure = changes(&slapd, Some(later.position)).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::CursorExpired, "{failure}");
}

#[tokio::test]
async fn a_server_that_forgot_is_no_server_that_lost_nobody() {
    let slapd = Slapd::start_with(50, Certificate::Good, &More { sessionlog: 2, ..More::default() });
    let begin = changes(&slapd, None).await.unwrap();
    slapd.change(&(1..6).map(delete).collect::<String>());
    let failure = changes(&slapd, Some(begin.position)).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::CursorExpired, "{failure}");
    assert!(failure.message.contains("what was deleted"), "{failure}");

    let without = Slapd::start_with(2, Certificate::Good, &More { sessionlog: 0, ..More::default() });
    assert_eq!(changes(&without, None).await.unwrap_err().kind, FailKind::Unsupported);
}
