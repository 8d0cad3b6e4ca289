//! Changes of people's fields into a directory that a test holds in its hands: who agrees, kills at
//! any point, waits, refusals, and what somebody else changed meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use estampe_domain::access::Role;
use estampe_domain::account::Account;
use estampe_domain::context::Proof;
use estampe_domain::group::GroupWrite;
use estampe_domain::manifest::FieldsAsk;
use estampe_domain::mapping::Mapping;
use estampe_domain::ownership::Owner;
use estampe_domain::permission::Permission;
use estampe_domain::person::{PhoneKind, ProfileField};
use estampe_domain::plan::Fingerprint;
use estampe_domain::plugin::{
    AttributeValue, ConnectorSpec, FailKind, Given, Offer, PluginFailure, PluginKind, SyncMode,
};
use estampe_domain::ports::{Clock, WriteBack, WriteGroups};
use estampe_domain::source::Source;
use estampe_domain::token::{Through, TokenScope};
use estampe_domain::write_back::{ChangeState, DirectoryChange, code};
use estampe_domain::{
    AccountId, ApiTokenId, ChangeId, Context, Error, GroupId, PersonId, Roles, RunId, SessionId, SourceId,
};
use estampe_service::views::{Asking, PersonChange, PersonEdit};
use estampe_service::{ChangeWord, GroupOrder, ShownChange};
use estampe_store::{GroupContent, IdentityOf, MemberChange, NewRun};

use crate::world::{Answer, Op, Provider, System, World, plugin};

#[async_trait]
impl WriteBack for Provider {
    async fn read_person(
        &self,
        _: &ConnectorSpec,
        _: &Given,
        id: &str,
        fields: &BTreeSet<String>,
    ) -> Result<Vec<(String, AttributeValue)>, PluginFailure> {
        self.asked(Op::Read, id, |_| ()).await?;
        Ok(self.has(id, fields))
    }

    async fn write_person(
        &self,
        _: &ConnectorSpec,
        given: &Given,
        id: &str,
        changes: &BTreeMap<String, Vec<String>>,
    ) -> Result<Vec<(String, AttributeValue)>, PluginFailure> {
        assert!(!given.dry_run, "what is written has to go out");
        let before = self.has(id, &changes.keys().cloned().collect());
        let mut late = false;
        self.asked(Op::Push, id, |mangle| {
            // it takes it, and does not show it yet
            late = mangle;
            if !mangle {
                let mut all = self.directory.lock().unwrap();
                all.entry(id.to_owned()).or_default().extend(changes.clone());
            }
        })
        .await?;
        Ok(if late { before } else { self.has(id, &changes.keys().cloned().collect()) })
    }
}

#[async_trait]
impl WriteGroups for Provider {
    async fn write_group(
        &self,
        _: &ConnectorSpec,
        given: &Given,
        write: &GroupWrite,
    ) -> Result<Option<String>, PluginFailure> {
        assert!(!given.dry_run);
        self.asked(Op::Push, &format!("{write:?}"), |_| ()).await?;
        Ok(matches!(write, GroupWrite::Create { .. }).then(|| "g9".to_owned()))
    }
}

impl Provider {
    fn has(&self, id: &str, fields: &BTreeSet<String>) -> Vec<(String, AttributeValue)> {
        let all = self.directory.lock().unwrap();
        let of = all.get(id).into_iter().flatten().filter(|(name, texts)| fields.contains(*name) && !texts.is_empty());
        of.map(|(name, texts)| (name.clone(), AttributeValue::Texts(texts.clone()))).collect()
    }

    fn says(&self, id: &str, field: &str) -> Vec<String> {
        self.directory.lock().unwrap()[id].get(field).cloned().unwrap_or_default()
    }

    fn changes_itself(&self, id: &str, field: &str, text: &str) {
        self.directory.lock().unwrap().entry(id.to_owned()).or_default().insert(field.into(), vec![text.into()]);
    }
}

const WRITES: [&str; 4] = ["title", "telephoneNumber", "mobile", "department"];

/// A house whose directory takes titles and numbers: of two people the second is in a team.
struct House {
    world: World,
    source: SourceId,
    /// The first person's own account, whoever leads the second one's team, and an administrator.
    own: Context,
    leader: Context,
    administrator: Context,
    group: GroupId,
}

fn roles(all: &[Role]) -> Roles {
    all.iter().copied().collect()
}

async fn house() -> House {
    let world = World::new(2).await;
    let (people, now) = (world.people.clone(), world.clock.now());
    let id = SourceId::new(now, &System);
    let connector = ConnectorSpec { plugin: "dir".into(), config: BTreeMap::new(), inputs: BTreeMap::new() };
    let source =
        Source { id, name: "Dir".into(), connector, every_minutes: None, mapping: Mapping::default(), created_at: now };
    let mut facts = plugin("dir", PluginKind::Connector, &[Offer::WriteBack]);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    facts.info.asks.fields =
        FieldsAsk { read: names(&[&WRITES[..], &["displayName"]].concat()), mapped: false, write: names(&WRITES) };
    let (group, run) = (GroupId::new(now, &System), RunId::new(now, &System));
    let members = people.clone();
    world
        .store
        .write(move |tx| {
            tx.insert_version(&facts, b"bundle")?;
            tx.set_versions("dir", Some("1.0.0"), None, None)?;
            for name in &WRITES[..3] {
                tx.grant("dir", &Permission::FieldWrite((*name).to_owned()))?;
            }
            tx.insert_source(&source)?;
            tx.insert_run(&NewRun { id: run, source: id, plan_only: false, mode: SyncMode::Full, at: now })?;
            for (number, person) in members.iter().enumerate() {
                let (external_id, fingerprint) = (number.to_string(), Fingerprint::from_stored("said".into()));
                let identity =
                    IdentityOf { source: id, external_id: &external_id, fingerprint: &fingerprint, photo: None, run };
                tx.insert_identity(&identity, *person)?;
            }
            let (external_id, name) = ("g".to_owned(), "Team".to_owned());
            let content = GroupContent { external_id, name, handles: Vec::new(), members: Vec::new() };
            tx.insert_group(group, id, &content, run, now)?;
            tx.change_members(&[MemberChange { group, person: members[1], joins: true }])?;
            tx.move_run(run, estampe_domain::run::RunState::Planning, estampe_domain::run::RunState::Done, None, now)?;
            Ok(())
        })
        .await
        .unwrap();
    for number in 0..2 {
        world.provider.changes_itself(&number.to_string(), "displayName", &format!("Person {number}"));
    }
    let own = account(&world, "own", roles(&[Role::Employee]), Some(people[0])).await;
    let leader = account(&world, "leader", roles(&[Role::TeamManager]), None).await;
    let estampe_domain::Actor::Account(leads) = leader.actor else { unreachable!() };
    world.store.write(move |tx| tx.put_teams(leads, &[group])).await.unwrap();
    let administrator = account(&world, "administrator", roles(&[Role::Administrator]), None).await;
    let house = House { world, source: id, own, leader, administrator, group };
    house.own_fields(&[(ProfileField::Title, Owner::Written), (ProfileField::Phones, Owner::Written)]).await.unwrap();
    house
}

async fn account(world: &World, name: &str, roles: Roles, person: Option<PersonId>) -> Context {
    let ctx = world.operator();
    let (id, now) = (AccountId::new(ctx.now, &System), ctx.now);
    let email = format!("{name}@banque.example").parse().unwrap();
    let account = Account { id, name: name.parse().unwrap(), email, person, roles, active: true };
    world.store.write(move |tx| tx.insert_account(&account, None, now)).await.unwrap();
    let proof = Proof { session: SessionId::new(now, &System), confirmed: now, factor: None, has_factor: false };
    ctx.of_account(id, roles, person).with_proof(proof)
}

impl House {
    async fn own_fields(&self, change: &[(ProfileField, Owner)]) -> estampe_domain::Result<()> {
        let change = change.iter().copied().collect();
        self.world.service.change_owners(&self.world.operator(), "Dir", &change, None).await.map(drop)
    }

    async fn set(&self, ctx: &Context, person: usize, inputs: &[(&str, &str)]) -> PersonEdit {
        let inputs = inputs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let change = PersonChange { inputs, seen: None };
        self.world.service.edit_person(ctx, self.world.people[person], change).await.unwrap()
    }

    async fn changes(&self, ctx: &Context) -> Vec<ShownChange> {
        let page = self.world.service.directory_changes(ctx, None, Asking::default()).await.unwrap();
        assert_eq!(page.next, None);
        page.changes
    }

    /// The one change that there is.
    async fn only(&self) -> DirectoryChange {
        let changes = self.changes(&self.world.operator()).await;
        assert_eq!(changes.len(), 1, "{changes:?}");
        changes[0].named.change.clone()
    }

    async fn say(&self, ctx: &Context, id: ChangeId, word: ChangeWord) -> estampe_domain::Result<()> {
        self.world.service.decide_change(ctx, id, word).await
    }

    async fn title(&self, person: usize) -> String {
        let id = self.world.people[person];
        let detail = self.world.service.person(&self.world.operator(), id).await.unwrap();
        detail.made.shown.readable(ProfileField::Title)
    }

    fn in_directory(&self, person: usize, field: &str) -> Vec<String> {
        self.world.provider.says(&person.to_string(), field)
    }

    fn pushes(&self, person: usize) -> usize {
        self.world.provider.pushes(&person.to_string())
    }

    async fn is_empty(&self) {
        assert!(self.changes(&self.world.operator()).await.is_empty());
    }

    /// How often each of these was noted.
    async fn noted(&self, operation: &'static str) -> u64 {
        let person = self.world.people[0].to_string();
        self.world.store.read(move |tx| tx.audit_count(operation, &person)).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_field_it_is_asks_and_it_is_written_and_shown() {
    let house = house().await;
    assert_eq!(house.set(&house.own, 0, &[("title", "Chief")]).await, PersonEdit::Asked);
    // the card shows what the directory has
    assert_eq!((house.title(0).await, house.only().await.state), (String::new(), ChangeState::Approved));
    assert_eq!(house.world.work().await, 0);
    house.is_empty().await;
    assert_eq!((house.in_directory(0, "title"), house.title(0).await), (vec!["Chief".to_owned()], "Chief".to_owned()));
    assert_eq!(house.pushes(0), 1);
    // the same once more is nothing
    assert_eq!(house.set(&house.own, 0, &[("title", "Chief")]).await, PersonEdit::Done);
    // nothing of it stays entered: the next run of the directory counts
    let detail = house.world.service.person(&house.world.operator(), house.world.people[0]).await.unwrap();
    assert!(detail.made.entered.is_empty());
    // what the directory said before counts anew, should it say so again
    let source = house.source;
    let known = house.world.store.read(move |tx| tx.identities(source, &["0"])).await.unwrap();
    assert_ne!(known["0"].fingerprint.as_str(), "said");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_waits_for_the_person_or_whoever_leads_their_team() {
    let house = house().await;
    for (person, agrees, stranger) in [(0, &house.own, &house.leader), (1, &house.leader, &house.own)] {
        assert_eq!(house.set(&house.administrator, person, &[("title", "Chief")]).await, PersonEdit::Asked);
        let change = house.only().await;
        assert_eq!(change.state, ChangeState::Asked);
        house.world.work().await;
        assert_eq!(house.pushes(person), 0);
        // whoever it does not concern
        let root = house.world.operator();
        for ctx in [&house.administrator, &root] {
            assert!(matches!(house.say(ctx, change.id, ChangeWord::Agree).await, Err(Error::Forbidden)));
            assert!(!house.changes(ctx).await[0].can_agree);
        }
        assert!(matches!(house.say(stranger, change.id, ChangeWord::Agree).await, Err(Error::NotFound)));
        assert!(house.changes(stranger).await.is_empty());
        assert!(house.changes(agrees).await[0].can_agree);
        house.say(agrees, change.id, ChangeWord::Agree).await.unwrap();
        assert!(matches!(house.say(agrees, change.id, ChangeWord::Agree).await, Err(Error::Changed(_))));
        house.world.work().await;
        house.is_empty().await;
        assert_eq!((house.title(person).await, house.pushes(person)), ("Chief".to_owned(), 1));
    }
    // whoever asks for the same agrees to it
    house.set(&house.administrator, 1, &[("title", "Governor")]).await;
    let leader = Context { roles: roles(&[Role::TeamManager, Role::Administrator]), ..house.leader };
    house.set(&leader, 1, &[("title", "Governor")]).await;
    house.world.work().await;
    house.is_empty().await;
    assert_eq!((house.title(1).await, house.pushes(1)), ("Governor".to_owned(), 2));
    // what is refused is never written
    house.set(&house.administrator, 0, &[("title", "Governor")]).await;
    house.say(&house.own, house.only().await.id, ChangeWord::End).await.unwrap();
    house.world.work().await;
    house.is_empty().await;
    assert_eq!((house.title(0).await, house.pushes(0)), ("Chief".to_owned(), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_are_not_switched_on_are_entered_as_before() {
    let house = house().await;
    // department was not granted, office is not the plugin's, a name is nobody's to write
    for field in [ProfileField::Department, ProfileField::Office, ProfileField::Name, ProfileField::Emails] {
        assert!(matches!(house.own_fields(&[(field, Owner::Written)]).await, Err(Error::Invalid { .. })), "{field:?}");
    }
    let edit = house.set(&house.administrator, 0, &[("office", "Pau")]).await;
    assert_eq!(edit, PersonEdit::Done);
    // both at once: one is shown, the other waits
    let edit = house.set(&house.administrator, 0, &[("office", "Auch"), ("title", "Chief")]).await;
    assert_eq!(edit, PersonEdit::Asked);
    let detail = house.world.service.person(&house.own, house.world.people[0]).await.unwrap();
    assert_eq!(detail.made.shown.readable(ProfileField::Office), "Auch");
    assert_eq!(house.title(0).await, "");
    // switched off, what waits can only be ended
    let change = house.only().await;
    house.own_fields(&[(ProfileField::Title, Owner::Directory)]).await.unwrap();
    assert!(matches!(house.say(&house.own, change.id, ChangeWord::Agree).await, Err(Error::Conflict(_))));
    house.say(&house.administrator, change.id, ChangeWord::End).await.unwrap();
    // and what was agreed to before is not written any more
    house.own_fields(&[(ProfileField::Title, Owner::Written)]).await.unwrap();
    house.set(&house.own, 0, &[("title", "Chief")]).await;
    house.own_fields(&[(ProfileField::Title, Owner::Directory)]).await.unwrap();
    house.world.work().await;
    let change = house.only().await;
    assert_eq!((change.state, change.code.as_deref()), (ChangeState::Failed, Some(code::OFF)));
    assert_eq!(house.world.provider.requests.lock().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_changed_meanwhile_is_not_overwritten() {
    let house = house().await;
    house.set(&house.own, 0, &[("title", "Chief")]).await;
    house.world.provider.changes_itself("0", "title", "Director");
    house.world.work().await;
    let change = house.only().await;
    assert_eq!(change.state, ChangeState::Conflict);
    assert_eq!(change.found.unwrap().readable(), "Director");
    assert_eq!((house.in_directory(0, "title"), house.pushes(0)), (vec!["Director".to_owned()], 0));
    // what the directory says is shown from then on, and whoever saw it may ask again
    assert_eq!(house.title(0).await, "Director");
    house.set(&house.own, 0, &[("title", "Governor")]).await;
    house.world.work().await;
    house.is_empty().await;
    assert_eq!((house.title(0).await, house.pushes(0)), ("Governor".to_owned(), 1));
    // what is there already is written by nobody
    house.world.provider.changes_itself("0", "title", "Chief");
    house.set(&house.own, 0, &[("title", "Chief")]).await;
    house.world.work().await;
    house.is_empty().await;
    assert_eq!((house.title(0).await, house.pushes(0)), ("Chief".to_owned(), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_did_not_change_are_left_alone() {
    let house = house().await;
    let numbers = [("work-phone", "+33 5 61 00 42 17"), ("mobile-phone", "+33 6 12 00 42 17")];
    house.set(&house.own, 0, &numbers).await;
    house.world.work().await;
    house.is_empty().await;
    assert_eq!(house.in_directory(0, "telephoneNumber").len(), 1);
    // as somebody else writes it: the same number
    house.world.provider.changes_itself("0", "telephoneNumber", "+33 (0)5 61 00 42 17");
    house.set(&house.own, 0, &[numbers[0], ("mobile-phone", "+33 6 12 00 00 00")]).await;
    house.world.work().await;
    house.is_empty().await;
    assert_eq!(house.in_directory(0, "telephoneNumber"), ["+33 (0)5 61 00 42 17"]);
    let detail = house.world.service.person(&house.own, house.world.people[0]).await.unwrap();
    let kinds: Vec<_> = detail.made.shown.phones.iter().map(|phone| phone.kind).collect();
    assert_eq!(kinds, [PhoneKind::Work, PhoneKind::Mobile]);
    assert_eq!(house.pushes(0), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_it_is_written_once() {
    for (at, after) in [(0, false), (0, true), (1, false), (1, true)] {
        let house = house().await;
        house.world.provider.in_mood(
            move |_, _, number| {
                if number == at { Answer::Killed { after } } else { Answer::Well }
            },
        );
        house.set(&house.own, 0, &[("title", "Chief")]).await;
        assert_eq!(house.world.work().await, 1, "{at} {after}");
        house.is_empty().await;
        assert_eq!((house.title(0).await, house.pushes(0)), ("Chief".to_owned(), 1), "{at} {after}");
        assert_eq!(house.noted("person.write-back.done").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_as_long_as_it_is_told_and_failures_are_kept_in_words() {
    let house = house().await;
    let busy = || PluginFailure::new(FailKind::RateLimited, "busy").after(Some(90_000));
    house.world.provider.in_mood(move |op, _, number| match (op, number) {
        (Op::Read, 0) => Answer::Fail(busy()),
        (Op::Push, 2) => Answer::Fail(PluginFailure::new(FailKind::Unavailable, "away")),
        _ => Answer::Well,
    });
    house.set(&house.own, 0, &[("title", "Chief")]).await;
    house.world.work().await;
    house.is_empty().await;
    assert_eq!((house.pushes(0), *house.world.provider.ignored.lock().unwrap()), (1, 0));

    // refused for good
    let denied = || PluginFailure::new(FailKind::Denied, "grant User.ReadWrite.All");
    house.world.provider.in_mood(move |op, _, _| if op == Op::Push { Answer::Fail(denied()) } else { Answer::Well });
    house.set(&house.own, 0, &[("title", "Governor")]).await;
    house.world.work().await;
    let change = house.only().await;
    assert_eq!((change.state, change.code.as_deref()), (ChangeState::Failed, Some("denied")));
    assert_eq!(change.detail.as_deref(), Some("grant User.ReadWrite.All"));
    assert_eq!(house.title(0).await, "Chief");
    // mended, it is tried again: by whom it concerns, and by whoever runs the house
    assert!(matches!(house.say(&house.leader, change.id, ChangeWord::Again).await, Err(Error::NotFound)));
    house.world.provider.in_mood(|_, _, _| Answer::Well);
    house.say(&house.administrator, change.id, ChangeWord::Again).await.unwrap();
    house.world.work().await;
    house.is_empty().await;
    assert_eq!(house.title(0).await, "Governor");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_value_saved_after_a_failure_is_tried_again_or_asked_for_anew() {
    let house = house().await;
    let denied = || PluginFailure::new(FailKind::Denied, "grant User.ReadWrite.All");
    let fails = || {
        house
            .world
            .provider
            .in_mood(move |op, _, _| if op == Op::Push { Answer::Fail(denied()) } else { Answer::Well });
    };
    fails();
    house.set(&house.own, 0, &[("title", "Chief")]).await;
    house.world.work().await;
    assert_eq!(house.only().await.state, ChangeState::Failed);
    // mended: whoever may decide has it written by saving it once more
    house.world.provider.in_mood(|_, _, _| Answer::Well);
    assert_eq!(house.set(&house.own, 0, &[("title", "Chief")]).await, PersonEdit::Asked);
    let change = house.only().await;
    assert_eq!((change.state, change.code, change.tries), (ChangeState::Approved, None, 0));
    assert_eq!(house.noted("person.write-back.again").await, 1);
    house.world.work().await;
    house.is_empty().await;
    assert_eq!(house.title(0).await, "Chief");

    // a program that acts for somebody cannot decide: it waits for them anew
    fails();
    house.set(&house.own, 0, &[("title", "Governor")]).await;
    house.world.work().await;
    let asked = house.noted("person.write-back.ask").await;
    house.world.provider.in_mood(|_, _, _| Answer::Well);
    let scopes = [TokenScope::PeopleWrite].into_iter().collect();
    let token = ApiTokenId::new(house.world.clock.now(), &System);
    let program = Context { through: Some(Through { token, scopes }), ..house.own };
    house.set(&program, 0, &[("title", "Governor")]).await;
    let change = house.only().await;
    assert_eq!((change.state, change.code.as_deref(), change.agreed_at), (ChangeState::Asked, None, None));
    assert_eq!(house.noted("person.write-back.ask").await, asked + 1);
    house.world.work().await;
    assert_eq!(house.title(0).await, "Chief");
    house.say(&house.own, change.id, ChangeWord::Agree).await.unwrap();
    house.world.work().await;
    house.is_empty().await;
    assert_eq!(house.title(0).await, "Governor");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_listed_page_by_page_to_the_last() {
    let house = house().await;
    house.own_fields(&[(ProfileField::Title, Owner::Written)]).await.unwrap();
    for person in 0..2 {
        house.set(&house.administrator, person, &[("title", "Chief")]).await;
        house.set(&house.administrator, person, &[("work-phone", "+33 5 61 00 42 17")]).await;
    }
    let (service, root) = (&house.world.service, house.world.operator());
    let all = house.changes(&root).await;
    assert_eq!(all.len(), 4);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = service.directory_changes(&root, None, Asking { after, limit: 1 }).await.unwrap();
        assert_eq!((page.changes.len(), page.total), (1, 4));
        seen.push(page.changes[0].named.change.id);
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(seen, all.iter().map(|shown| shown.named.change.id).collect::<Vec<_>>());
    // what is no place of a list
    for after in ["x", "1.x", "."] {
        let asked = service.directory_changes(&root, None, Some(after).into()).await;
        assert!(matches!(asked, Err(Error::NotFound)), "{after}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_show_is_looked_for_a_while() {
    let house = house().await;
    house.world.provider.in_mood(|op, _, _| if op == Op::Push { Answer::Mangle } else { Answer::Well });
    house.set(&house.own, 0, &[("title", "Chief")]).await;
    house.world.work().await;
    let change = house.only().await;
    assert_eq!((change.state, change.code.as_deref()), (ChangeState::Failed, Some(code::NOT_SHOWN)));
    assert_eq!(house.pushes(0), 3);
    assert_eq!(house.title(0).await, "");
    house.say(&house.own, change.id, ChangeWord::End).await.unwrap();
    house.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_leaves_nothing_of_it() {
    let house = house().await;
    house.set(&house.administrator, 0, &[("title", "Chief")]).await;
    let (person, now) = (house.world.people[0], house.world.clock.now());
    house.world.store.write(move |tx| tx.erase_person(person, now)).await.unwrap();
    house.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_changed_by_administrators_alone_and_noted_before_and_after() {
    let house = house().await;
    let (person, group) = (house.world.people[0], house.group);
    let service = &house.world.service;
    let name = || "Export".to_owned();
    let orders = [
        GroupOrder::Create { source: "Dir".into(), name: name() },
        GroupOrder::Rename { group, name: name() },
        GroupOrder::Member { group, person, joins: true },
        GroupOrder::Member { group, person, joins: false },
    ];
    for order in &orders {
        for ctx in [&house.own, &house.leader] {
            assert!(matches!(service.write_group(ctx, order.clone()).await, Err(Error::Forbidden)));
        }
    }
    assert_eq!(house.world.provider.all_pushes(), 0);
    let made = service.write_group(&house.administrator, orders[0].clone()).await.unwrap();
    assert_eq!(made.as_deref(), Some("g9"));
    for order in &orders[1..] {
        service.write_group(&house.world.operator(), order.clone()).await.unwrap();
    }
    let told: Vec<_> = house.world.provider.requests.lock().unwrap().iter().map(|(_, of)| of.clone()).collect();
    assert_eq!(told[1], r#"Rename { group: "g", name: "Export" }"#);
    assert_eq!(told[2], r#"Add { group: "g", person: "0" }"#);
    assert_eq!(told[3], r#"Remove { group: "g", person: "0" }"#);
    assert_eq!((house.noted("group.directory-write").await, house.noted("group.directory-join").await), (2, 1));
    // who is not of this source, what has no name, and a refusal
    let stranger = PersonId::new(house.world.clock.now(), &System);
    for order in
        [GroupOrder::Member { group, person: stranger, joins: true }, GroupOrder::Rename { group, name: " ".into() }]
    {
        assert!(matches!(service.write_group(&house.administrator, order).await, Err(Error::Invalid { .. })));
    }
    house.world.provider.in_mood(|_, _, _| Answer::Fail(PluginFailure::new(FailKind::Denied, "no")));
    let refused = service.write_group(&house.administrator, orders[2].clone()).await;
    assert!(matches!(refused, Err(Error::Plugin(_))), "{refused:?}");
    assert_eq!((house.noted("group.directory-write").await, house.noted("group.directory-join").await), (3, 2));
}
