//! The LDAP adapter against Samba as an Active Directory domain controller.

use std::collections::BTreeSet;

use estampe_domain::ldap::{LdapAccess, LdapBind, LdapEntry, LdapQuery, LdapScope};
use estampe_domain::plugin::FailKind;
use estampe_domain::ports::LdapConnection;

use crate::samba::{DISABLED, GROUPS, PASSWORD, READER, READER_DN, STAFF, SUFFIX, Samba};
use crate::{bind, connect, refused};

fn access(samba: &Samba) -> LdapAccess {
    LdapAccess {
        servers: vec![samba.ldaps()],
        start_tls: false,
        clear_text: false,
        ca_file: Some(samba.ca()),
        bind: bind(READER, PASSWORD),
        connect_timeout: std::time::Duration::from_secs(5),
        operation_timeout: std::time::Duration::from_secs(20),
    }
}

fn query(base: &str, filter: &str) -> LdapQuery {
    LdapQuery {
        base: base.to_owned(),
        scope: LdapScope::Subtree,
        filter: filter.to_owned(),
        attributes: ["objectGUID", "sAMAccountName", "userAccountControl"].map(str::to_owned).to_vec(),
        page_size: 300,
        cookie: None,
    }
}

fn values<'a>(entry: &'a LdapEntry, name: &str) -> &'a [Vec<u8>] {
    let found = entry.attributes.iter().find(|(other, _)| other == name);
    found.map(|(_, values)| values.as_slice()).unwrap_or_default()
}

/// All pages.
async fn everything(connection: &mut dyn LdapConnection, query: LdapQuery) -> (usize, Vec<LdapEntry>) {
    let (mut pages, mut all, mut cookie) = (0, Vec::new(), None);
    loop {
        let page = connection.search(LdapQuery { cookie, ..query.clone() }).await.unwrap();
        assert!(page.entries.len() <= query.page_size as usize);
        pages += 1;
        all.extend(page.entries);
        cookie = page.cookie;
        if cookie.is_none() {
            return (pages, all);
        }
    }
}

#[tokio::test]
async fn binds_are_refused_in_its_own_words() {
    let samba = Samba::start(0);
    for (bind, words) in [
        (bind(READER, "wrong"), "the name or the password is wrong"),
        (bind("nobody@bank.example", PASSWORD), "the name or the password is wrong"),
        (bind(DISABLED, PASSWORD), "this account is disabled"),
    ] {
        let failure = refused(&LdapAccess { bind, ..access(&samba) }).await;
        assert_eq!(failure.kind, FailKind::Auth, "{failure}");
        assert!(failure.message.contains("invalidCredentials (49)") && failure.message.ends_with(words), "{failure}");
    }
    // in clear text it takes nobody, though an administrator here would allow it
    let clear = LdapAccess { servers: vec![samba.ldap()], clear_text: true, ..access(&samba) };
    let failure = refused(&clear).await;
    assert_eq!(failure.kind, FailKind::Config, "{failure}");
    assert!(failure.message.contains("strongerAuthRequired (8); use ldaps:// or StartTLS"), "{failure}");
    for bind in [bind(READER, PASSWORD), bind(READER_DN, PASSWORD)] {
        for way in [access(&samba), LdapAccess { start_tls: true, clear_text: false, ..clear.clone() }] {
            let mut connection = connect(&LdapAccess { bind: bind.clone(), ..way }).await;
            let found = connection.search(query(READER_DN, "(objectClass=user)")).await.unwrap();
            assert_eq!(values(&found.entries[0], "sAMAccountName"), [b"estampe"]);
        }
    }
    // anonymous: the root DSE, and nothing else
    let mut anonymous = connect(&LdapAccess { bind: LdapBind::Anonymous, ..access(&samba) }).await;
    let root = anonymous.root_dse().await.unwrap();
    assert_eq!(values(&root, "defaultNamingContext"), [SUFFIX.as_bytes()]);
    assert!(!values(&root, "highestCommittedUSN").is_empty());
    let failure = anonymous.search(query(STAFF, "(objectClass=user)")).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Denied, "{failure}");
}

#[tokio::test]
async fn pages_are_read_and_referrals_are_not_followed() {
    let samba = Samba::start(2_000);
    let mut connection = connect(&access(&samba)).await;
    let (pages, staff) = everything(&mut *connection, query(STAFF, "(objectClass=user)")).await;
    // with the disabled account and the machine
    assert_eq!((pages, staff.len()), (7, 2_002));
    let guids: BTreeSet<_> = staff.iter().map(|entry| values(entry, "objectGUID")[0].clone()).collect();
    assert_eq!((guids.len(), guids.iter().all(|guid| guid.len() == 16)), (2_002, true));
    // from the root, the domain's other parts come back as referrals with the last page
    let (_, all) = everything(&mut *connection, query(SUFFIX, "(objectClass=user)")).await;
    assert!(all.len() > staff.len(), "{}", all.len());
    assert!(all.iter().all(|entry| entry.dn.ends_with(SUFFIX)));

    // a large group, whole and in parts
    let member = |name: &str| LdapQuery {
        scope: LdapScope::Base,
        attributes: vec![name.to_owned()],
        ..query(&format!("CN=Everyone,{GROUPS}"), "(objectClass=group)")
    };
    let mut found = BTreeSet::new();
    for (range, count) in [("member;range=0-1499", 1_500), ("member;range=1500-*", 500)] {
        let page = connection.search(member(range)).await.unwrap();
        let part = values(&page.entries[0], range);
        assert_eq!(
            part.len(),
            count,
            "{:?}",
            page.entries[0].attributes.iter().map(|(name, _)| name).collect::<Vec<_>>()
        );
        found.extend(part.to_vec());
    }
    assert_eq!(found.len(), 2_000);

    // the nested groups have a cycle: Active Directory follows it to the end
    let chain = format!("(memberOf:1.2.840.113556.1.4.1941:=CN=All,{GROUPS})");
    let (_, nested) = everything(&mut *connection, query(STAFF, &chain)).await;
    assert_eq!(nested.len(), 2);
}

#[tokio::test]
async fn a_controller_that_went_away_comes_back_under_its_name() {
    let mut samba = Samba::start(20);
    let way = access(&samba);
    let backup = samba.back_up();
    samba.delete(&format!("CN=Person 1,{STAFF}"));
    samba.rename(&format!("CN=Person 2,{STAFF}"), "CN=Person Two", SUFFIX);
    let mut connection = connect(&way).await;
    let (_, staff) = everything(&mut *connection, query(STAFF, "(sAMAccountName=p*)")).await;
    // and PC-7
    assert_eq!(staff.len(), 19);
    samba.kill();
    let failure = connection.search(query(STAFF, "(objectClass=user)")).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Unavailable, "{failure}");
    let failure = refused(&way).await;
    assert_eq!(failure.kind, FailKind::Unavailable, "{failure}");
    samba.put_back(&backup);
    let mut connection = connect(&way).await;
    let (_, staff) = everything(&mut *connection, query(STAFF, "(sAMAccountName=p*)")).await;
    assert_eq!(staff.len(), 21);
}
