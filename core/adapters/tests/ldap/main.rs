//! The LDAP adapter against OpenLDAP, and against servers that are none.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod active_directory;
mod changes;
#[expect(dead_code, reason = "a part of it is for the tests through the doors")]
mod samba;
#[expect(dead_code, reason = "a part of it is for the tests through the doors")]
mod slapd;
mod strangers;

use std::time::Duration;

use estampe_adapters::LdapDirectories;
use estampe_domain::credential::Secret;
use estampe_domain::ldap::{LdapAccess, LdapBind, LdapQuery, LdapScope};
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::ports::{LdapClient, LdapConnection};

use slapd::{Certificate, More, PASSWORD, PEOPLE, PHOTO, READER, SMALL, SUFFIX, Slapd, free_port};

fn access(slapd: &Slapd) -> LdapAccess {
    LdapAccess {
        servers: vec![slapd.ldaps()],
        start_tls: false,
        clear_text: false,
        ca_file: Some(slapd.ca()),
        bind: bind(READER, PASSWORD),
        connect_timeout: Duration::from_secs(5),
        operation_timeout: Duration::from_secs(10),
    }
}

fn bind(dn: &str, password: &str) -> LdapBind {
    LdapBind::Simple { dn: dn.to_owned(), password: Secret::new(password) }
}

fn query() -> LdapQuery {
    LdapQuery {
        base: PEOPLE.to_owned(),
        scope: LdapScope::Subtree,
        filter: "(objectClass=inetOrgPerson)".to_owned(),
        attributes: vec!["uid".to_owned(), "jpegPhoto".to_owned()],
        page_size: 500,
        cookie: None,
    }
}

async fn connect(access: &LdapAccess) -> Box<dyn LdapConnection> {
    LdapDirectories.connect(access).await.unwrap_or_else(|failure| panic!("{failure}"))
}

async fn refused(access: &LdapAccess) -> PluginFailure {
    let refused = LdapDirectories.connect(access).await.err().expect("it is refused");
    assert!(!refused.message.contains(PASSWORD), "{refused}");
    refused
}

#[tokio::test]
async fn thousands_arrive_page_by_page() {
    let slapd = Slapd::start(2_500, Certificate::Good);
    let mut connection = connect(&access(&slapd)).await;
    let (mut cookie, mut pages, mut seen) = (None, 0, std::collections::BTreeSet::new());
    loop {
        let page = connection.search(LdapQuery { cookie, ..query() }).await.unwrap();
        assert!(page.entries.len() <= 500);
        for entry in page.entries {
            assert!(entry.dn.ends_with(PEOPLE), "{entry:?}");
            let value = |name: &str| entry.attributes.iter().find(|(other, _)| other == name).unwrap().1[0].clone();
            assert_eq!((value("jpegPhoto").as_slice(), entry.attributes.len()), (PHOTO, 2));
            seen.insert(value("uid"));
        }
        pages += 1;
        cookie = page.cookie;
        if cookie.is_none() {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (5, 2_500));
    // the connection goes on, and a cookie that the server does not know is expired
    let stale = LdapQuery { cookie: Some(vec![7; 8]), ..query() };
    assert_eq!(connection.search(stale).await.unwrap_err().kind, FailKind::CursorExpired);
    assert_eq!(connection.search(query()).await.unwrap().entries.len(), 500);
}

#[tokio::test]
async fn every_protected_way_in_works_and_no_other() {
    let slapd = Slapd::start(1, Certificate::Good);
    let good = access(&slapd);
    let clear = LdapAccess { servers: vec![slapd.ldap()], ..good.clone() };
    let start_tls = LdapAccess { start_tls: true, ..clear.clone() };
    for access in [&good, &start_tls, &LdapAccess { clear_text: true, ..clear.clone() }] {
        let mut connection = connect(access).await;
        assert_eq!(connection.search(query()).await.unwrap().entries.len(), 1);
    }
    let failure = refused(&clear).await;
    assert_eq!(failure.kind, FailKind::Config, "{failure}");
    assert!(failure.message.contains("clear text"), "{failure}");

    let other_ca = Slapd::start(0, Certificate::Good);
    for access in [&good, &start_tls] {
        for ca_file in [Some(other_ca.ca()), None] {
            let failure = refused(&LdapAccess { ca_file, clear_text: true, ..access.clone() }).await;
            assert_eq!(failure.kind, FailKind::Config, "{failure}");
            assert!(failure.message.contains("CA"), "{failure}");
        }
    }
    for ca_file in ["/nowhere/ca.pem", "/dev/null", "/etc/hostname"] {
        let failure = refused(&LdapAccess { ca_file: Some(ca_file.into()), ..good.clone() }).await;
        assert_eq!(failure.kind, FailKind::Config, "{failure}");
    }
}

#[tokio::test]
async fn certificates_that_do_not_hold_are_refused() {
    for (certificate, words) in [(Certificate::Expired, "expired"), (Certificate::OtherName, "another name")] {
        let slapd = Slapd::start(0, certificate);
        let direct = access(&slapd);
        let start_tls = LdapAccess { servers: vec![slapd.ldap()], start_tls: true, clear_text: true, ..direct.clone() };
        for access in [direct, start_tls] {
            let failure = refused(&access).await;
            assert_eq!(failure.kind, FailKind::Config, "{failure}");
            assert!(failure.message.contains(words), "{failure}");
        }
    }
    // a server without StartTLS is not talked to without it, even where clear text is allowed
    let slapd = Slapd::start(0, Certificate::None);
    let start_tls = LdapAccess { servers: vec![slapd.ldap()], start_tls: true, clear_text: true, ..access(&slapd) };
    let failure = refused(&start_tls).await;
    assert_eq!(failure.kind, FailKind::Unavailable, "{failure}");
    assert!(failure.message.contains("refused StartTLS"), "{failure}");
}

#[tokio::test]
async fn a_wrong_password_is_told_as_such() {
    let slapd = Slapd::start(0, Certificate::Good);
    for (dn, password) in [(READER, "wrong"), ("cn=nobody,dc=example,dc=org", PASSWORD)] {
        let failure = refused(&LdapAccess { bind: bind(dn, password), ..access(&slapd) }).await;
        assert_eq!(failure.kind, FailKind::Auth, "{failure}");
        assert!(failure.message.contains("invalidCredentials"), "{failure}");
    }
    let failure = refused(&LdapAccess { bind: bind(READER, ""), ..access(&slapd) }).await;
    assert_eq!(failure.kind, FailKind::Config, "{failure}");
    // anonymous people get in and see nothing
    let mut anonymous = connect(&LdapAccess { bind: LdapBind::Anonymous, ..access(&slapd) }).await;
    let failure = anonymous.search(query()).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::NotFound, "{failure}");
    let root = anonymous.root_dse().await.unwrap();
    assert!(root.attributes.iter().any(|(name, values)| name == "namingContexts" && values[0] == SUFFIX.as_bytes()));
}

/// The page that the plugin `ldap` asks for, in the time that the host gives a directory.
#[tokio::test]
async fn two_hundred_entries_with_photos_come_in_time() {
    let photo = slapd::base64(&(0..75_u8).cycle().take(75 << 10).collect::<Vec<_>>());
    let entry = |number: usize| {
        format!(
            "dn: uid=x{number},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: x{number}\ncn: X\nsn: X\n\
             jpegPhoto:: {photo}\n\n"
        )
    };
    let more = More { entries: (0..400).map(entry).collect(), ..More::default() };
    let slapd = Slapd::start_with(0, Certificate::Good, &more);
    let (connect_timeout, operation_timeout) = (Duration::from_secs(3), Duration::from_secs(10));
    let mut connection = connect(&LdapAccess { connect_timeout, operation_timeout, ..access(&slapd) }).await;
    let begun = std::time::Instant::now();
    let page = connection.search(LdapQuery { page_size: 200, ..query() }).await.unwrap();
    assert_eq!((page.entries.len(), page.cookie.is_some()), (200, true));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_client_certificate_stands_for_name_and_password() {
    let global = "TLSCACertificateFile {folder}/ca.pem\nTLSVerifyClient demand\n\
                  authz-regexp \"^cn=estampe$\" \"cn=reader,dc=example,dc=org\"\n";
    let more = More { global: global.to_owned(), ..More::default() };
    let slapd = Slapd::start_with(3, Certificate::Good, &more);
    let (certificate, key) = slapd.client();
    let bind = LdapBind::External { certificate: certificate.clone(), key: key.clone() };
    let good = LdapAccess { bind, ..access(&slapd) };
    let start_tls = LdapAccess { servers: vec![slapd.ldap()], start_tls: true, ..good.clone() };
    for access in [&good, &start_tls] {
        assert_eq!(connect(access).await.search(query()).await.unwrap().entries.len(), 3);
    }
    // without it nobody gets in, whatever their password
    let failure = refused(&access(&slapd)).await;
    assert_eq!(failure.kind, FailKind::Unavailable, "{failure}");
    for (certificate, key, words) in [
        (slapd.ca(), key.clone(), "cannot be used together"),
        ("/nowhere.pem".into(), key.clone(), "/nowhere.pem"),
        (key, certificate.clone(), "no certificate"),
        (certificate.clone(), certificate, "no private key"),
    ] {
        let failure = refused(&LdapAccess { bind: LdapBind::External { certificate, key }, ..good.clone() }).await;
        assert_eq!(failure.kind, FailKind::Config, "{failure}");
        assert!(failure.message.contains(words), "{words}: {failure}");
    }
}

#[tokio::test]
async fn answers_of_the_server_become_kinds_of_failure() {
    let slapd = Slapd::start(40, Certificate::Good);
    let mut connection = connect(&access(&slapd)).await;
    for (base, kind) in [
        ("ou=nobody,dc=example,dc=org", FailKind::NotFound),
        ("no name", FailKind::Config),
        ("ou=x,ou=elsewhere,ou=people,dc=example,dc=org", FailKind::Config),
    ] {
        let failure = connection.search(LdapQuery { base: base.to_owned(), ..query() }).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
    }
    // a referral among the entries is passed over
    let all = LdapQuery { filter: "(objectClass=*)".to_owned(), page_size: 1_000, ..query() };
    assert_eq!(connection.search(all).await.unwrap().entries.len(), 41);
    // one entry, and names without values asked for
    let one = LdapQuery { scope: LdapScope::Base, attributes: Vec::new(), filter: "(ou=*)".to_owned(), ..query() };
    let page = connection.search(one).await.unwrap();
    assert_eq!((page.entries.len(), page.entries[0].attributes.len(), page.cookie), (1, 0, None));

    let mut small = connect(&LdapAccess { bind: bind(SMALL, PASSWORD), ..access(&slapd) }).await;
    let first = small.search(LdapQuery { page_size: 8, ..query() }).await.unwrap();
    assert_eq!(first.entries.len(), 8);
    let second = LdapQuery { page_size: 8, cookie: first.cookie, ..query() };
    let failure = small.search(second).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Limit, "{failure}");
}

#[tokio::test]
async fn a_server_that_goes_away_is_told_and_another_one_is_found() {
    let mut first = Slapd::start(20, Certificate::Good);
    let mut connection = connect(&access(&first)).await;
    let page = connection.search(LdapQuery { page_size: 10, ..query() }).await.unwrap();
    first.kill();
    let next = LdapQuery { page_size: 10, cookie: page.cookie, ..query() };
    for _ in 0..2 {
        let failure = connection.search(next.clone()).await.unwrap_err();
        assert_eq!(failure.kind, FailKind::Unavailable, "{failure}");
    }
    let failure = refused(&access(&first)).await;
    assert_eq!(failure.kind, FailKind::Unavailable, "{failure}");
    assert!(failure.message.contains("refused"), "{failure}");

    let second = Slapd::start(3, Certificate::Good);
    let nobody = format!("ldaps://localhost.invalid:{}", free_port());
    let servers = vec![first.ldaps(), nobody, second.ldaps()];
    let mut connection = connect(&LdapAccess { servers: servers.clone(), ..access(&second) }).await;
    assert_eq!(connection.search(query()).await.unwrap().entries.len(), 3);
    // a wrong password is not tried on every server
    let wrong = LdapAccess { servers, bind: bind(READER, "wrong"), ..access(&second) };
    assert_eq!(refused(&wrong).await.kind, FailKind::Auth);
}
