//! A service on a store of its own, with a provider of e-mail that a test holds in its hands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use estampe_domain::access::Role;
use estampe_domain::account::Account;
use estampe_domain::backup::{BackupFile, BackupPlan, ListPlace, Manifest, Progress, Pruned};
use estampe_domain::bundle::{BundleFacts, BundleProblem, BundleRefusal, PluginUsage, Signature as Signed};
use estampe_domain::context::Proof;
use estampe_domain::ldap::sign_in::LoginFound;
use estampe_domain::manifest::ProviderAsk;
use estampe_domain::mapping::Mapping;
use estampe_domain::openid::{
    OpenIdBack, OpenIdClaims, OpenIdFound, OpenIdParty, OpenIdRefusal, OpenIdSecrets, OpenIdStart, ProofReason,
};
use estampe_domain::plan::Fingerprint;
use estampe_domain::plugin::{
    Asks, AttributeValue, ConnectorSpec, FailKind, Given, MailSender, Offer, Page, PluginFailure, PluginInfo,
    PluginKind, Probe, ProviderOrganisation, SourcePerson, SourcePhoto, SyncCall, SyncMode,
};
use estampe_domain::ports::{
    Backups, Breaches, Ceremony, Clock, Directory, Images, Mailboxes, NewPasskey, Offered, OpenId, Organisations,
    Passkeys, Plugins, QrCodes, Random, Signatures, UsedPasskey,
};
use estampe_domain::run::RunState;
use estampe_domain::signature::publication::{Publication, PublicationKind};
use estampe_domain::signature::{MadePicture, PictureProblem, Signature, SignatureInput};
use estampe_domain::{
    AccountId, Actor, CardId, Context, Locale, PersonId, PublicId, PublicationId, Result, Roles, RunId, SessionId,
    SourceId, Ts,
};
use estampe_service::{NewPublication, Ports, Queue, RuleForm, Service, Settings, SignInSettings, Whom, Work};
use estampe_store::{Database, IdentityOf, NewRun, Store, StoreSettings, Tx};
use tempfile::TempDir;
use tokio::sync::Notify;

/// A clock that a test moves.
#[derive(Default)]
pub struct Hands(AtomicI64);

impl Hands {
    /// Not back.
    pub fn reach(&self, at: Ts) {
        self.0.fetch_max(at.as_micros() - START, Ordering::SeqCst);
    }
}

const START: i64 = 1_764_000_000_000_000;

impl Clock for Hands {
    fn now(&self) -> Ts {
        Ts::from_micros(START + self.0.fetch_add(1, Ordering::SeqCst))
    }
}

pub struct System;

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) {
        use std::io::Read;
        std::fs::File::open("/dev/urandom").unwrap().read_exact(bytes).unwrap();
    }
}

/// What is asked of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Read,
    Push,
}

/// How the provider behaves: by what is asked, the mailbox, and how many requests came before.
type Mood = Box<dyn Fn(Op, &str, usize) -> Answer + Send + Sync>;

/// What it does with a request.
pub enum Answer {
    Well,
    Fail(PluginFailure),
    /// The process that asks is killed before the request gets out, or after it had its effect.
    Killed {
        after: bool,
    },
    /// It makes something else of what is written.
    Mangle,
    /// It has its effect once the test says so.
    Slow,
    /// It has its effect, and the answer is lost.
    Lost,
}

/// The provider's side.
pub struct Provider {
    clock: Arc<Hands>,
    pub mailboxes: Mutex<BTreeMap<String, String>>,
    pub requests: Mutex<Vec<(Op, String)>>,
    pub mood: Mutex<Mood>,
    pub administrators: Mutex<Vec<String>>,
    /// What its directory has of people, by their ids and the fields.
    pub directory: Mutex<BTreeMap<String, BTreeMap<String, Vec<String>>>>,
    /// Told to wait until then; who asks before is noted.
    wait_until: Mutex<Option<Ts>>,
    pub ignored: Mutex<u32>,
    killed: Notify,
    /// A slow request goes on.
    pub goes_on: Notify,
    /// A slow request came.
    pub came: Notify,
}

impl Provider {
    /// How often a mailbox was written.
    pub fn pushes(&self, mailbox: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|(op, of)| *op == Op::Push && of == mailbox).count()
    }

    pub fn all_pushes(&self) -> usize {
        self.requests.lock().unwrap().iter().filter(|(op, _)| *op == Op::Push).count()
    }

    pub fn in_mood(&self, mood: impl Fn(Op, &str, usize) -> Answer + Send + Sync + 'static) {
        *self.mood.lock().unwrap() = Box::new(mood);
    }

    pub fn of(&self, mailbox: &str) -> String {
        self.mailboxes.lock().unwrap()[mailbox].clone()
    }

    pub fn set(&self, mailbox: &str, html: &str) {
        self.mailboxes.lock().unwrap().insert(mailbox.to_owned(), html.to_owned());
    }

    /// The answer to a request, and whether it has its effect.
    pub async fn asked(&self, op: Op, mailbox: &str, effect: impl FnOnce(bool)) -> Result<(), PluginFailure> {
        if self.wait_until.lock().unwrap().is_some_and(|until| self.clock.now() < until) {
            *self.ignored.lock().unwrap() += 1;
        }
        let answer = {
            let number = self.requests.lock().unwrap().len();
            (self.mood.lock().unwrap())(op, mailbox, number)
        };
        match answer {
            Answer::Fail(failure) => {
                if let Some(wait) = failure.retry_after_ms {
                    let until = self.clock.now().as_micros() + i64::try_from(wait).unwrap() * 1000;
                    *self.wait_until.lock().unwrap() = Some(Ts::from_micros(until));
                }
                self.requests.lock().unwrap().push((Op::Read, "failed".into()));
                Err(failure)
            }
            Answer::Killed { after } => {
                if after {
                    self.requests.lock().unwrap().push((op, mailbox.to_owned()));
                    effect(false);
                } else {
                    self.requests.lock().unwrap().push((Op::Read, "killed".into()));
                }
                self.killed.notify_one();
                std::future::pending().await
            }
            Answer::Lost => {
                self.requests.lock().unwrap().push((op, mailbox.to_owned()));
                effect(false);
                Err(PluginFailure::new(FailKind::Unavailable, "no answer"))
            }
            Answer::Well | Answer::Mangle | Answer::Slow => {
                if matches!(answer, Answer::Slow) {
                    self.came.notify_one();
                    self.goes_on.notified().await;
                }
                self.requests.lock().unwrap().push((op, mailbox.to_owned()));
                effect(matches!(answer, Answer::Mangle));
                Ok(())
            }
        }
    }
}

#[async_trait]
impl Mailboxes for Provider {
    async fn read_signatures(
        &self,
        _: &ConnectorSpec,
        given: &Given,
        mailbox: &str,
    ) -> Result<Vec<MailSender>, PluginFailure> {
        self.asked(Op::Read, mailbox, |_| ()).await?;
        assert!(given.secrets.is_empty());
        let Some(signature) = self.mailboxes.lock().unwrap().get(mailbox).cloned() else {
            return Err(PluginFailure::new(FailKind::NotFound, "no such mailbox"));
        };
        let alias =
            MailSender { address: format!("alias-{mailbox}"), primary: false, signature: "<p>alias</p>".into() };
        Ok(vec![alias, MailSender { address: mailbox.to_owned(), primary: true, signature }])
    }

    async fn push_signature(
        &self,
        _: &ConnectorSpec,
        given: &Given,
        mailbox: &str,
        address: &str,
        signature: &str,
    ) -> Result<String, PluginFailure> {
        assert!(!given.dry_run, "what is written has to go out");
        assert_eq!(mailbox, address, "aliases are nobody's business");
        self.asked(Op::Push, mailbox, |mangle| {
            // what came from the provider goes back as it was; ours is spelt its way
            let theirs = signature
                .strip_prefix("<p>")
                .map_or_else(|| signature.to_owned(), |rest| format!("<P>{}\n", rest.replace("</p>", "</P>")));
            self.set(mailbox, if mangle { "<p>mangled</p>" } else { &theirs });
        })
        .await?;
        Ok(self.of(mailbox))
    }
}

#[async_trait]
impl Organisations for Provider {
    async fn about(&self, _: &ConnectorSpec, _: &Given) -> Result<ProviderOrganisation, PluginFailure> {
        Ok(ProviderOrganisation { id: "C1".into(), name: "Banque".into() })
    }

    async fn administers(&self, _: &ConnectorSpec, _: &Given, user: &str) -> Result<bool, PluginFailure> {
        Ok(self.administrators.lock().unwrap().iter().any(|one| one == user))
    }
}

/// What needs not to do anything here.
struct Nothing;

fn never() -> PluginFailure {
    PluginFailure::new(FailKind::Unsupported, "not here")
}

fn no_provider() -> OpenIdRefusal {
    OpenIdRefusal::new(ProofReason::Unreachable, "not here")
}

#[async_trait]
impl Plugins for Nothing {
    async fn inspect(&self, _: Arc<[u8]>) -> Result<BundleFacts, String> {
        Err("it is not looked at here".to_owned())
    }
    async fn prove(&self, bundle: Arc<[u8]>) -> Result<BundleFacts, BundleRefusal> {
        self.inspect(bundle).await.map_err(|words| BundleRefusal::new(BundleProblem::Host, words))
    }
    async fn activate(&self, bundle: Arc<[u8]>) -> Result<BundleFacts, String> {
        self.inspect(bundle).await
    }
    fn active(&self, plugin: &str) -> Option<String> {
        Some(plugin.to_owned())
    }
    fn usage(&self, _: &str) -> Option<PluginUsage> {
        None
    }
    fn deactivate(&self, _: &str) {}
    async fn offered(&self) -> Offered {
        Offered::default()
    }
    async fn settled(&self) {}
}

#[async_trait]
impl Directory for Nothing {
    fn plugins(&self) -> Vec<PluginInfo> {
        Vec::new()
    }
    async fn check(&self, _: &ConnectorSpec, _: &Given) -> Result<Vec<Probe>, PluginFailure> {
        Ok(Vec::new())
    }
    async fn sync_page(&self, _: SyncCall) -> Result<Page, PluginFailure> {
        Ok(Page::default())
    }
    async fn find_login(&self, _: &ConnectorSpec, _: &Given, _: &str, _: Ts) -> Result<LoginFound, PluginFailure> {
        Err(never())
    }
}

#[async_trait]
impl Signatures for Nothing {
    async fn render(
        &self,
        _: &ConnectorSpec,
        _: &Given,
        batch: Vec<SignatureInput>,
    ) -> Result<Vec<Result<Signature, PluginFailure>>, PluginFailure> {
        let made = |input: &SignatureInput| match input.person.iter().find(|(name, _)| name == "displayName") {
            Some((_, AttributeValue::Text(name))) => {
                Ok(Signature { html: format!("<p>{name}, Banque</p>"), text: name.clone() })
            }
            _ => Err(never()),
        };
        Ok(batch.iter().map(made).collect())
    }
}

#[async_trait]
impl OpenId for Nothing {
    async fn start(&self, _: &OpenIdParty, _: &OpenIdSecrets, _: Ts) -> OpenIdStart {
        Err(no_provider())
    }
    async fn finish(
        &self,
        _: &OpenIdParty,
        _: &OpenIdSecrets,
        _: &OpenIdBack,
        _: Ts,
    ) -> Result<OpenIdClaims, OpenIdRefusal> {
        Err(no_provider())
    }
    async fn look(&self, _: &OpenIdParty, _: Ts) -> Result<OpenIdFound, OpenIdRefusal> {
        Err(no_provider())
    }
}

impl Images for Nothing {
    fn picture(&self, _: &[u8]) -> Result<MadePicture, PictureProblem> {
        Err(PictureProblem::UnknownFormat)
    }

    fn portrait(&self, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("not here".into())
    }
}

impl QrCodes for Nothing {
    fn svg(&self, _: &str) -> Result<String> {
        Ok(String::new())
    }
    fn png(&self, _: &str) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }
}

impl Breaches for Nothing {
    fn has(&self, _: &str) -> Result<bool, String> {
        Ok(false)
    }
}

impl Backups for Nothing {
    fn plan(&self) -> Option<BackupPlan> {
        None
    }

    fn work(&self) -> Result<PathBuf, String> {
        Err("none".into())
    }

    fn clean_work(&self) {}

    fn clean_folder(&self) {}

    fn is_marked(&self, _: &str) -> Result<bool, String> {
        Ok(false)
    }

    fn mark(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn ensure_room(&self, _: u64) -> Result<(), String> {
        Ok(())
    }

    fn pack(&self, _: &Manifest, _: &Path, _: &Progress) -> Result<BackupFile, String> {
        Err("none".into())
    }

    fn list(&self) -> Result<Vec<BackupFile>, String> {
        Ok(Vec::new())
    }

    fn prune(&self, _: &str, _: Ts) -> Result<Pruned, String> {
        Ok(Pruned::default())
    }

    fn erasures(&self, _: ListPlace) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn note_erasures(&self, _: ListPlace, _: &[String]) -> Result<(), String> {
        Ok(())
    }
}

impl Passkeys for Nothing {
    fn can_be(&self) -> bool {
        false
    }
    fn begin_registration(&self, _: AccountId, _: &str, _: &str, _: &[String]) -> Result<Ceremony, String> {
        Err("not here".into())
    }
    fn finish_registration(&self, _: &str, _: &str) -> Result<NewPasskey, String> {
        Err("not here".into())
    }
    fn begin_use(&self, _: &[String]) -> Result<Ceremony, String> {
        Err("not here".into())
    }
    fn whose(&self, _: &str) -> Result<AccountId, String> {
        Err("not here".into())
    }
    fn finish_use(&self, _: &str, _: &str, _: &[String], _: bool) -> Result<UsedPasskey, String> {
        Err("not here".into())
    }
}

/// A service, its store, and the provider.
pub struct World {
    _folder: TempDir,
    pub store: Store,
    pub service: Arc<Service>,
    pub provider: Arc<Provider>,
    pub clock: Arc<Hands>,
    pub people: Vec<PersonId>,
}

pub fn plugin(id: &str, kind: PluginKind, offers: &[Offer]) -> BundleFacts {
    let info = PluginInfo {
        id: id.to_owned(),
        version: "1.0.0".into(),
        contract: "0.1.0".into(),
        kind,
        offers: offers.iter().copied().collect(),
        license: "MIT".into(),
        description: BTreeMap::new(),
        inputs: Vec::new(),
        config: BTreeMap::new(),
        asks: Asks::default(),
        provider: ProviderAsk::default(),
    };
    BundleFacts { info, sha256: id.to_owned(), signature: Signed::Trusted { key: "1".into() }, readme: None }
}

/// A source that knows these people, each by their number, and says of them what is shown.
fn known(tx: &mut Tx<'_>, source: SourceId, people: &[PersonId], now: Ts) -> estampe_store::Result<()> {
    let (run, fingerprint) = (RunId::new(now, &System), Fingerprint::from_stored("said".into()));
    tx.insert_run(&NewRun { id: run, source, plan_only: false, mode: SyncMode::Full, at: now })?;
    for (number, person) in people.iter().enumerate() {
        let external_id = number.to_string();
        let identity = IdentityOf { source, external_id: &external_id, fingerprint: &fingerprint, photo: None, run };
        tx.insert_identity(&identity, *person)?;
    }
    tx.move_run(run, RunState::Planning, RunState::Done, None, now)?;
    Ok(())
}

/// The mailbox of a person, by number.
pub fn mailbox(number: usize) -> String {
    format!("p{number}@banque.example")
}

/// The signature that the rules give them.
pub fn ours(number: usize) -> String {
    format!("<p>Person {number}, Banque</p>")
}

/// What stood there before.
pub fn before(number: usize) -> String {
    format!("<div dir=\"ltr\"><b>Person</b> {number} </div>")
}

impl World {
    /// So many people, each with a mailbox.
    pub async fn new(people: usize) -> Self {
        Self::with(people, false).await
    }

    pub async fn with(people: usize, second_administrator: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let database = Database::Sqlite(data_dir.join("estampe.db"));
        let place = StoreSettings { database, kek_file: data_dir.join("keys/kek"), data_dir };
        let clock = Arc::<Hands>::default();
        let store = Store::open(&place, clock.clone(), Arc::new(System)).unwrap();
        let provider = Arc::new(Provider {
            clock: clock.clone(),
            mailboxes: Mutex::default(),
            requests: Mutex::default(),
            mood: Mutex::new(Box::new(|_, _, _| Answer::Well)),
            administrators: Mutex::default(),
            directory: Mutex::default(),
            wait_until: Mutex::default(),
            ignored: Mutex::default(),
            killed: Notify::new(),
            goes_on: Notify::new(),
            came: Notify::new(),
        });
        let runtime = tokio::runtime::Handle::current();
        let ports = Ports {
            clock: clock.clone(),
            random: Arc::new(System),
            plugins: Arc::new(Nothing),
            directory: Arc::new(Nothing),
            signatures: Arc::new(Nothing),
            mailboxes: provider.clone(),
            write_back: provider.clone(),
            write_groups: provider.clone(),
            organisations: provider.clone(),
            open_id: Arc::new(Nothing),
            images: Arc::new(Nothing),
            qr: Arc::new(Nothing),
            breaches: Arc::new(Nothing),
            passkeys: Arc::new(Nothing),
            backups: Arc::new(Nothing),
            background: runtime.clone(),
            hashing: runtime,
        };
        let settings = Settings {
            organisation: "Banque".into(),
            public_origin: "https://localhost".into(),
            internal_origin: "https://localhost".into(),
            version: "0",
            hold_threshold_percent: 10,
            mail_configured: false,
            allow_unsigned_plugins: false,
            default_locale: Locale::Fr,
            key_rotation_days: None,
            rights_contact: None,
            security: None,
            sign_in: SignInSettings {
                idle_seconds: 28_800,
                absolute_seconds: 86_400,
                factor_roles: Roles::NONE,
                second_administrator,
            },
        };
        let service = Arc::new(Service::new(store.clone(), ports, settings));
        let mut world = Self { _folder: folder, store, service, provider, clock, people: Vec::new() };
        world.furnish(people).await;
        world
    }

    async fn furnish(&mut self, people: usize) {
        let now = self.clock.now();
        let text = |key: &str, value: String| (key.to_owned(), AttributeValue::Text(value));
        let mut profiles = Vec::new();
        for number in 0..people {
            let person = SourcePerson {
                external_id: number.to_string(),
                active: true,
                attributes: vec![text("displayName", format!("Person {number}")), text("mail", mailbox(number))],
                photo: SourcePhoto::None,
                position: None,
                handles: Vec::new(),
                withheld: Vec::new(),
            };
            profiles.push((PersonId::new(now, &System), Mapping::standard().apply(&person).unwrap().profile));
            self.provider.set(&mailbox(number), &before(number));
        }
        self.people = profiles.iter().map(|(person, _)| *person).collect();
        self.store
            .write(move |tx| {
                let mut mail = plugin("mail", PluginKind::Connector, &[Offer::Mailboxes, Offer::Organisation]);
                let people = serde_json::from_value(serde_json::json!({"type": "flag", "default": "true"})).unwrap();
                mail.info.config.insert("people".into(), people);
                for (id, facts) in [
                    ("mail", mail),
                    ("plain", plugin("plain", PluginKind::Connector, &[])),
                    ("template", plugin("template", PluginKind::SignatureTemplate, &[])),
                ] {
                    tx.insert_version(&facts, b"bundle")?;
                    tx.set_versions(id, Some("1.0.0"), None, None)?;
                }
                for (person, profile) in &profiles {
                    tx.insert_person(*person, CardId::new(now, &System), &PublicId::new(&System), profile, now)?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let ctx = self.operator();
        let alone = [("people", "false")];
        for (name, plugin, config) in
            [("Mail", "mail", &[][..]), ("Boxes", "mail", &alone), ("New", "mail", &[]), ("Plain", "plain", &[])]
        {
            let plugin = plugin.to_owned();
            let config = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            let spec = ConnectorSpec { plugin, config, inputs: BTreeMap::new() };
            // the host has no plugin here: the source is stored as it would be
            let source = estampe_domain::source::Source {
                id: SourceId::new(now, &System),
                name: name.to_owned(),
                connector: spec,
                every_minutes: None,
                mapping: Mapping::default(),
                created_at: now,
            };
            let members = if name == "Mail" { self.people.clone() } else { Vec::new() };
            self.store
                .write(move |tx| {
                    tx.insert_source(&source)?;
                    known(tx, source.id, &members, now)
                })
                .await
                .unwrap();
        }
        self.service.add_signature_design(&ctx, "Bank", "template", BTreeMap::new()).await.unwrap();
        let rule = RuleForm { name: "All".into(), design: "Bank".into(), ..RuleForm::default() };
        self.service.add_signature_rule(&ctx, &rule, None).await.unwrap();
    }

    pub fn operator(&self) -> Context {
        self.service.context(Actor::Operator, Locale::En)
    }

    /// An administrator of the house who signed in just now.
    pub async fn administrator(&self, email: &str) -> Context {
        let ctx = self.operator();
        let (id, now) = (AccountId::new(ctx.now, &System), ctx.now);
        let roles = Roles::NONE.with(Role::Administrator);
        let name = email.parse().unwrap();
        let account = Account { id, name, email: email.parse().unwrap(), person: None, roles, active: true };
        self.store.write(move |tx| tx.insert_account(&account, None, now)).await.unwrap();
        let proof = Proof { session: SessionId::new(now, &System), confirmed: now, factor: None, has_factor: false };
        ctx.of_account(id, roles, None).with_proof(proof)
    }

    pub async fn begin(&self, kind: PublicationKind, people: &[PersonId]) -> Result<PublicationId> {
        self.begin_at("Mail", kind, Whom::These(people.to_vec())).await
    }

    pub async fn begin_at(&self, source: &str, kind: PublicationKind, whom: Whom) -> Result<PublicationId> {
        let day = "2026-12-24".parse().unwrap();
        self.service
            .begin_publication(&self.operator(), NewPublication { source: source.into(), kind, day, whom })
            .await
    }

    pub async fn publication(&self, id: PublicationId) -> Publication {
        self.service.publication(&self.operator(), id).await.unwrap()
    }

    /// Works until nothing is left to do; waits are over at once. A killed process is started
    /// again. How often it was killed.
    pub async fn work(&self) -> u32 {
        let mut kills = 0;
        loop {
            let (due, next) = self.service.due_work(Queue::House, 10).await.unwrap();
            let Some(job) = due.first().copied() else {
                let Some(next) = next else { return kills };
                self.clock.reach(next);
                continue;
            };
            let Some(job) = self.service.lease_job(job).await.unwrap() else { continue };
            let ctx = self.service.context_of(Actor::System, Locale::En, job.request);
            let work = async {
                match job.work {
                    Work::Publication(publication) => self.service.do_publication(&ctx, publication, job.lease).await,
                    Work::WriteBack(change) => self.service.do_write_back(&ctx, change, job.lease).await,
                    other => panic!("{other:?}"),
                }
            };
            let done = tokio::select! {
                done = work => done.unwrap(),
                () = self.provider.killed.notified() => {
                    kills += 1;
                    self.service.release_jobs().await.unwrap();
                    continue;
                }
            };
            match done {
                None => self.service.finish_job(job.lease).await.unwrap(),
                Some(until) => {
                    let wait = (until.as_micros() - self.clock.now().as_micros()).max(0) / 1_000_000 + 1;
                    self.service.retry_job(job.lease, wait, "waits".into()).await.unwrap();
                }
            }
        }
    }
}
