//! Signatures: what stands there, what is written, and what Google makes of it.

use estampe_fakes::google::ADMIN;
use estampe_plugin_google_workspace::GoogleWorkspace;
use estampe_plugin_sdk::{FailKind, Failure, Mailboxes, Sender};

use crate::Bench;

const SIGNATURE: &str = "<TABLE class='x'><tr><td STYLE='color: #123456;'>Zoé &amp; Co</td></tr></TABLE>";

impl Bench {
    fn read(&self, mailbox: &str) -> Result<Vec<Sender>, Failure> {
        self.host.call(|host| GoogleWorkspace::read_signatures(host, mailbox))
    }

    fn push(&self, mailbox: &str, address: &str, signature: &str) -> Result<String, Failure> {
        self.host.call(|host| GoogleWorkspace::push_signature(host, mailbox, address, signature))
    }
}

fn bench(users: usize) -> Bench {
    Bench::new(users).with("signatures", "true")
}

#[test]
fn a_signature_is_written_and_read_back_as_google_has_it() {
    let bench = bench(12);
    // an alias is there for every tenth
    let mailbox = bench.email(1);
    let before = bench.read(&mailbox).unwrap();
    assert_eq!(before.len(), 2);
    assert!(before[0].primary && before[0].address == mailbox && before[0].signature.is_empty());
    let alias = before[1].address.clone();
    assert!(!before[1].primary && alias.starts_with("contact."));

    let kept = bench.push(&mailbox, &mailbox, SIGNATURE).unwrap();
    assert_ne!(kept, SIGNATURE);
    assert!(kept.contains("Zoé &amp; Co") && kept.starts_with("<table"), "{kept}");
    let other = bench.push(&mailbox, &alias, "<b>alias</b>").unwrap();
    let after = bench.read(&mailbox).unwrap();
    assert_eq!([&after[0].signature, &after[1].signature], [&kept, &other]);
    // what Google made of it comes to the same
    assert_eq!(bench.push(&mailbox, &mailbox, &kept).unwrap(), kept);
    // nothing but the signature changes
    let sender = bench.google.people(|people| people.senders[&id_of(people, &mailbox)][0].clone());
    assert_eq!((&sender["isDefault"], &sender["isPrimary"]), (&true.into(), &true.into()));
    assert!(!sender["displayName"].as_str().unwrap().is_empty());
    assert_eq!(bench.push(&mailbox, &mailbox, "").unwrap(), "");
    assert_eq!(bench.read(&mailbox).unwrap()[0].signature, "");
    // only these methods, each by the mailbox itself
    let log = bench.google.control().log();
    assert!(log.iter().filter(|asked| asked.path.contains("sendAs")).all(|asked| asked.who.as_ref() == Some(&mailbox)));
    assert!(log.iter().all(|asked| matches!(asked.method.as_str(), "GET" | "PATCH") || asked.path == "/token"));
    assert_eq!(bench.google.units(&mailbox), 4 * 100 + 3);
}

fn id_of(people: &estampe_fakes::google::People, mailbox: &str) -> String {
    people.id_of(mailbox).unwrap()
}

#[test]
fn an_address_that_is_not_agreed_to_is_left_out() {
    let bench = bench(12);
    let mailbox = bench.email(1);
    bench.google.people(|people| {
        let id = id_of(people, &mailbox);
        let senders = people.senders.get_mut(&id).unwrap();
        senders[1]["verificationStatus"] = "pending".into();
        // the primary one comes first, wherever Google has it
        senders.reverse();
    });
    let senders = bench.read(&mailbox).unwrap();
    assert_eq!(senders.iter().map(|sender| &sender.address).collect::<Vec<_>>(), [&mailbox]);
    let failure = bench.push(&mailbox, "stranger@elsewhere.example", "x").unwrap_err();
    assert_eq!(failure.kind, FailKind::NotFound);
}

#[test]
fn a_mailbox_that_is_none_is_told_from_a_key_that_is_none() {
    let bench = bench(12);
    let (gone, without) = (bench.email(2), bench.email(3));
    bench.google.people(|people| {
        people.suspend(&gone, true);
        people.set(&without, "isMailboxSetup", false.into());
    });
    for mailbox in [&gone, &without, "nobody@banque.example"] {
        assert_eq!(bench.read(mailbox).unwrap_err().kind, FailKind::NotFound, "{mailbox}");
        assert_eq!(bench.push(mailbox, mailbox, "x").unwrap_err().kind, FailKind::NotFound, "{mailbox}");
    }
    // nobody is let in any more
    bench.google.people(|people| people.suspend(ADMIN, true));
    let host = bench.fresh().with_config("signatures", "true");
    let failure = GoogleWorkspace::read_signatures(&host, "nobody@banque.example").unwrap_err();
    assert_eq!(failure.kind, FailKind::Auth);
    bench.google.revoke_delegation();
    let failure = bench.read(&bench.email(1)).unwrap_err();
    assert_eq!(failure.kind, FailKind::Auth);
    assert!(failure.message.contains("auth/gmail.settings.basic"), "{}", failure.message);
}

#[test]
fn what_google_does_not_take_is_not_sent() {
    let bench = bench(3);
    let mailbox = bench.email(1);
    let failure = bench.push(&mailbox, &mailbox, &"é".repeat(10_001)).unwrap_err();
    assert_eq!((failure.kind, bench.google.control().count()), (FailKind::Limit, 0));
    assert!(bench.push(&mailbox, &mailbox, &"é".repeat(10_000)).is_ok());
    // a passing failure of a write is the caller's to look at: it may have been done
    bench.google.control().fail_next(1, 503);
    assert_eq!(bench.push(&mailbox, &mailbox, "x").unwrap_err().kind, FailKind::Unavailable);
    assert_eq!(bench.count("PATCH", "sendAs"), 2);
    bench.google.control().throttle_next(1, 1);
    let failure = bench.push(&mailbox, &mailbox, "x").unwrap_err();
    assert_eq!((failure.kind, failure.retry_after_ms), (FailKind::RateLimited, Some(1_000)));

    let dry = bench.fresh().with_config("signatures", "true").in_dry_run();
    let failure = GoogleWorkspace::push_signature(&dry, &mailbox, &mailbox, "y").unwrap_err();
    assert_eq!((failure.kind, bench.count("PATCH", "sendAs")), (FailKind::Unsupported, 3));
    let off = bench.fresh();
    assert_eq!(GoogleWorkspace::read_signatures(&off, &mailbox).unwrap_err().kind, FailKind::Config);
}
