//! Plugins as they were compiled for each released version of the contract, run for ever:
//! what was right once stays so. `tests/released/v0_1_0` holds the components and what they
//! were made of. They are never built again; a new version of the contract gets a folder and
//! a test of its own. (0.1.0 freezes with the first release: until then both may change.)

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use estampe_domain::Locale;
use estampe_domain::credential::Secret;
use estampe_domain::ldap::{LdapAccess, LdapChanges, LdapEntry, LdapPage, LdapQuery, LdapTrack};
use estampe_domain::permission::Permission;
use estampe_domain::plugin::{
    AttributeValue, DirectoryEvent, FailKind, Given, Gone, PluginFailure, PluginInfo, SourceGroup, SourcePerson,
    SourcePhoto, SyncMode,
};
use estampe_domain::ports::{Directory, LdapClient, LdapConnection, Signatures};
use estampe_domain::signature::SignatureInput;
use estampe_plugin_host::HostSettings;

use crate::egress::Noted;
use crate::support::{Loaded, Place, call};

fn released(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/released").join(version)
}

/// A directory of two.
struct Two;

#[async_trait]
impl LdapClient for Two {
    async fn connect(&self, _: &LdapAccess) -> Result<Box<dyn LdapConnection>, PluginFailure> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl LdapConnection for Two {
    async fn root_dse(&mut self) -> Result<LdapEntry, PluginFailure> {
        let name = ("vendorName".to_owned(), vec![b"a test".to_vec()]);
        Ok(LdapEntry { dn: String::new(), attributes: vec![name] })
    }

    async fn search(&mut self, _: LdapQuery) -> Result<LdapPage, PluginFailure> {
        let entry = |uid: &str| LdapEntry {
            dn: format!("uid={uid},dc=example"),
            attributes: vec![("uid".to_owned(), vec![uid.as_bytes().to_vec()])],
        };
        Ok(LdapPage { entries: vec![entry("ada"), entry("zoé")], cookie: Some(vec![1]) })
    }

    async fn changes(&mut self, _: LdapTrack) -> Result<LdapChanges, PluginFailure> {
        Err(PluginFailure::new(FailKind::Unsupported, "this directory does not tell what changed"))
    }
}

/// All that a plugin asks for.
fn all(host: &Loaded) -> Given {
    let grants = host.plugins().iter().flat_map(PluginInfo::asked).map(|asked| asked.permission).collect();
    Given { grants, ..Given::default() }
}

#[tokio::test]
async fn a_connector_of_0_1_0_does_what_it_did() {
    let place = Place::new();
    std::fs::write(place.path("people.txt"), "Zoé Lefèvre-Núñez\n").unwrap();
    std::fs::copy(released("v0_1_0").join("everything.estampe"), place.path("plugins/everything.estampe")).unwrap();
    let egress = Arc::new(Noted { body: b"an answer".to_vec(), ..Noted::default() });
    let host = Loaded::start(HostSettings { egress: egress.clone(), ldap: Arc::new(Two), ..place.settings() }).await;
    assert_eq!(host.problems, []);
    let described = host.describe("everything").await.unwrap();
    assert_eq!((described.incremental, described.attributes.len()), (true, 5));

    let mut call = call("everything");
    call.given = all(&host);
    call.given.secrets =
        [("token", "t0ken-of-a-test"), ("password", "s3cr3t")].map(|(k, v)| (k.to_owned(), Secret::new(v))).into();
    call.connector.inputs.insert("people".to_owned(), place.path("people.txt"));
    call.connector.config = [
        ("url", "https://directory.example"),
        ("token", "t0ken-of-a-test"),
        ("servers", "ldaps://a.example"),
        ("base", "dc=example"),
        ("filter", "(objectClass=person)"),
        ("bind-dn", "cn=reader,dc=example"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let probes = host.check(&call.connector, &call.given).await.unwrap();
    let probes: Vec<_> = probes.iter().map(|probe| (probe.name.as_str(), probe.passed)).collect();
    assert_eq!(probes, [("clock", true), ("secret", true)]);

    call.state = [("runs".to_owned(), vec![4]), ("gone".to_owned(), vec![1])].into();
    let first = host.sync_page(call.clone()).await.unwrap();
    assert_eq!(first.state, BTreeMap::from([("runs".to_owned(), Some(vec![5])), ("gone".to_owned(), None)]));
    assert_eq!((first.next.as_deref(), first.checkpoint.as_deref()), (Some(b"second".as_slice()), None));
    let text = |text: &str| AttributeValue::Text(text.to_owned());
    let refused = |id: Option<&str>, position: &str, reason: &str| DirectoryEvent::Rejected {
        external_id: id.map(str::to_owned),
        position: position.to_owned(),
        reason: reason.to_owned(),
    };
    let zoe = SourcePerson {
        external_id: "1".to_owned(),
        active: true,
        attributes: vec![
            ("cn".to_owned(), text("Zoé Lefèvre-Núñez")),
            ("mail".to_owned(), AttributeValue::Texts(vec!["a@example.org".to_owned(), "b@example.org".to_owned()])),
            ("employeeNumber".to_owned(), AttributeValue::Number(5)),
            ("pager".to_owned(), AttributeValue::Flag(true)),
        ],
        photo: SourcePhoto::Versioned(vec![0xff, 0xd8, 0xff], "photo-1".to_owned()),
        position: Some("line 1".to_owned()),
        handles: Vec::new(),
        withheld: Vec::new(),
    };
    let refusals = [refused(Some("2"), "line 2", "bonjour"), refused(None, "line 3", "no id")];
    assert_eq!(first.events, [&[DirectoryEvent::Person(zoe)], refusals.as_slice()].concat());

    call.cursor = first.next;
    call.mode = SyncMode::Incremental;
    let second = host.sync_page(call.clone()).await.unwrap();
    assert_eq!((second.next.as_deref(), second.checkpoint.as_deref()), (None, Some(b"checkpoint".as_slice())));
    let told = SourcePerson {
        external_id: "3".to_owned(),
        active: true,
        attributes: vec![(
            "cn".to_owned(),
            text("an answer yes an answer FailKind::Denied dse=1 ada+zoé more=true others=2"),
        )],
        photo: SourcePhoto::None,
        position: None,
        handles: vec!["uid=3".to_owned()],
        withheld: Vec::new(),
    };
    let gone = |id: &str, how| DirectoryEvent::PersonGone(id.to_owned(), how);
    let group = SourceGroup {
        external_id: "6".to_owned(),
        name: "Everyone".to_owned(),
        handles: vec!["cn=6".to_owned()],
        members: vec!["uid=3".to_owned(), "4".to_owned()],
        more: false,
        position: Some("line 6".to_owned()),
    };
    let people = [DirectoryEvent::Person(told), gone("4", Gone::Deleted), gone("5", Gone::OutOfScope)];
    let groups = [DirectoryEvent::Group(group), DirectoryEvent::GroupGone("7".to_owned()), DirectoryEvent::AllGroups];
    assert_eq!(second.events, [people.as_slice(), groups.as_slice()].concat());

    // who may not tell of groups tells of people
    let may = |granted: &&Permission| **granted != Permission::GroupsRead;
    call.given.grants = call.given.grants.iter().filter(may).cloned().collect();
    let without = host.sync_page(call.clone()).await.unwrap();
    assert_eq!(without.events.len(), people.len());
    let [DirectoryEvent::Person(person), ..] = without.events.as_slice() else { panic!("{without:?}") };
    assert!(person.handles.is_empty());
    {
        let sent = egress.requests.lock().unwrap();
        let sent: Vec<_> = sent.iter().map(|request| (request.method.as_str(), request.url.as_str())).collect();
        assert_eq!(
            sent[..2],
            [("GET", "https://directory.example/people"), ("POST", "https://directory.example/people")]
        );
    }

    call.cursor = Some(b"of another version".to_vec());
    let failure = host.sync_page(call).await.unwrap_err();
    assert_eq!((failure.kind.as_str(), failure.message.as_str()), ("cursor-expired", "18 octets"));
}

#[tokio::test]
async fn a_template_of_0_1_0_does_what_it_did() {
    let place = Place::new();
    let bundle = "signature-classic.estampe";
    std::fs::copy(released("v0_1_0").join(bundle), place.path("plugins").join(bundle)).unwrap();
    let host = place.host().await;
    assert_eq!(host.problems, []);
    let mut template = call("signature-classic").connector;
    template.config.insert("legal-notice-fr".to_owned(), "Pensez <à> l’environnement".to_owned());
    let text = |(name, text): (&str, &str)| (name.to_owned(), AttributeValue::Text(text.to_owned()));
    let input = SignatureInput {
        person: [("displayName", "Zoé Lefèvre-Núñez"), ("title", "Conseillère"), ("mail", "zoe@garonne.example")]
            .map(text)
            .to_vec(),
        organisation: [("o", "Banque Garonne")].map(text).to_vec(),
        locale: Locale::Fr,
        day: jiff::civil::date(2026, 7, 14),
    };
    let rendered = host.render(&template, &all(&host), vec![input]).await.unwrap();
    let [Ok(signature)] = rendered.as_slice() else { panic!("{rendered:?}") };
    let lines = ["Zoé Lefèvre-Núñez", "Conseillère", "Banque Garonne", "zoe@garonne.example"];
    assert_eq!(signature.text, format!("{}\n\nPensez <à> l’environnement", lines.join("\n")));
    for part in lines.into_iter().chain(["mailto:zoe@garonne.example", "Pensez &lt;à&gt; l’environnement</td>"]) {
        assert!(signature.html.contains(part), "{part} in {}", signature.html);
    }
}
