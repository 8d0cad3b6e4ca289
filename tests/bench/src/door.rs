//! The store's door: the use case of a lead on a real store, without HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use estampe_adapters::{BackupFolder, NoBreaches, QrPictures, SafeImages, SystemClock, SystemRandom, WebAuthnPasskeys};
use estampe_domain::bundle::{BundleFacts, BundleProblem, BundleRefusal, PluginUsage};
use estampe_domain::group::GroupWrite;
use estampe_domain::mapping::Mapping;
use estampe_domain::openid::{
    OpenIdBack, OpenIdClaims, OpenIdFound, OpenIdParty, OpenIdRefusal, OpenIdSecrets, OpenIdStart, ProofReason,
};
use estampe_domain::plugin::{
    AttributeValue, ConnectorSpec, FailKind, Given, MailSender, Page, PluginFailure, PluginInfo, Probe,
    ProviderOrganisation, SourcePerson, SourcePhoto, SyncCall,
};
use estampe_domain::ports::{
    Clock, Directory, Mailboxes, Offered, OpenId, Organisations, Plugins, Signatures, WriteBack, WriteGroups,
};
use estampe_domain::signature::{Signature, SignatureInput};
use estampe_domain::{Actor, CardId, Locale, PersonId, PublicId, Roles, Ts};
use estampe_service::views::Submission;
use estampe_service::{Ports, Service, Settings, SignInSettings};
use estampe_store::{Database, Store, StoreSettings};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::lead::{details, idempotency_key};
use crate::load::{Outcome, TYPING, forms_for, runtime};

/// The use cases on a store with some cards.
pub struct Door {
    runtime: Runtime,
    service: Arc<Service>,
    cards: Arc<[PublicId]>,
}

/// No plugin is loaded.
struct NoPlugins;

#[async_trait]
impl Plugins for NoPlugins {
    async fn inspect(&self, _: Arc<[u8]>) -> Result<BundleFacts, String> {
        Err("it is not looked at here".to_owned())
    }

    async fn prove(&self, bundle: Arc<[u8]>) -> Result<BundleFacts, BundleRefusal> {
        self.inspect(bundle).await.map_err(|words| BundleRefusal::new(BundleProblem::Host, words))
    }

    async fn activate(&self, bundle: Arc<[u8]>) -> Result<BundleFacts, String> {
        self.inspect(bundle).await
    }

    fn active(&self, _: &str) -> Option<String> {
        None
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

/// No connector is asked.
struct NoDirectory;

/// No signature is made.
struct NoTemplates;

#[async_trait]
impl Signatures for NoTemplates {
    async fn render(
        &self,
        _: &ConnectorSpec,
        _: &Given,
        _: Vec<SignatureInput>,
    ) -> Result<Vec<Result<Signature, PluginFailure>>, PluginFailure> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Directory for NoDirectory {
    fn plugins(&self) -> Vec<PluginInfo> {
        Vec::new()
    }

    async fn check(&self, _: &ConnectorSpec, _: &Given) -> Result<Vec<Probe>, PluginFailure> {
        Ok(Vec::new())
    }

    async fn sync_page(&self, _: SyncCall) -> Result<Page, PluginFailure> {
        Ok(Page::default())
    }
}

/// Nobody signs in.
struct NoProvider;

fn no_provider() -> OpenIdRefusal {
    OpenIdRefusal::new(ProofReason::Unreachable, "there is none here")
}

#[async_trait]
impl OpenId for NoProvider {
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

struct NoMail;

fn no_mail() -> PluginFailure {
    PluginFailure::new(FailKind::Unsupported, "no provider of e-mail")
}

#[async_trait]
impl Mailboxes for NoMail {
    async fn read_signatures(
        &self,
        _: &ConnectorSpec,
        _: &Given,
        _: &str,
    ) -> std::result::Result<Vec<MailSender>, PluginFailure> {
        Err(no_mail())
    }

    async fn push_signature(
        &self,
        _: &ConnectorSpec,
        _: &Given,
        _: &str,
        _: &str,
        _: &str,
    ) -> std::result::Result<String, PluginFailure> {
        Err(no_mail())
    }
}

#[async_trait]
impl WriteBack for NoMail {
    async fn read_person(
        &self,
        _: &ConnectorSpec,
        _: &Given,
        _: &str,
        _: &BTreeSet<String>,
    ) -> std::result::Result<Vec<(String, AttributeValue)>, PluginFailure> {
        Err(no_mail())
    }

    async fn write_person(
        &self,
        _: &ConnectorSpec,
        _: &Given,
        _: &str,
        _: &BTreeMap<String, Vec<String>>,
    ) -> std::result::Result<Vec<(String, AttributeValue)>, PluginFailure> {
        Err(no_mail())
    }
}

#[async_trait]
impl WriteGroups for NoMail {
    async fn write_group(
        &self,
        _: &ConnectorSpec,
        _: &Given,
        _: &GroupWrite,
    ) -> std::result::Result<Option<String>, PluginFailure> {
        Err(no_mail())
    }
}

#[async_trait]
impl Organisations for NoMail {
    async fn about(&self, _: &ConnectorSpec, _: &Given) -> std::result::Result<ProviderOrganisation, PluginFailure> {
        Err(no_mail())
    }

    async fn administers(&self, _: &ConnectorSpec, _: &Given, _: &str) -> std::result::Result<bool, PluginFailure> {
        Err(no_mail())
    }
}

impl Door {
    /// Opens a store in `folder`, in the file there or at this address of PostgreSQL.
    pub fn open(folder: &Path, postgres: Option<String>) -> Result<Self, String> {
        let data_dir = folder.to_owned();
        let database = postgres.map_or_else(|| Database::Sqlite(data_dir.join("estampe.db")), Database::Postgres);
        let settings = StoreSettings { database, kek_file: data_dir.join("keys/kek"), data_dir };
        // as the server has it: see core/server/src/serve.rs
        let runtime = runtime(2)?;
        let entered = runtime.enter();
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let store = Store::open(&settings, clock.clone(), random.clone()).map_err(|e| e.to_string())?;
        let cards = runtime.block_on(people(&store))?;
        let ports = Ports {
            clock,
            random,
            directory: Arc::new(NoDirectory),
            signatures: Arc::new(NoTemplates),
            mailboxes: Arc::new(NoMail),
            write_back: Arc::new(NoMail),
            write_groups: Arc::new(NoMail),
            organisations: Arc::new(NoMail),
            open_id: Arc::new(NoProvider),
            images: Arc::new(SafeImages),
            qr: Arc::new(QrPictures),
            plugins: Arc::new(NoPlugins),
            breaches: Arc::new(NoBreaches),
            background: runtime.handle().clone(),
            hashing: runtime.handle().clone(),
            passkeys: Arc::new(WebAuthnPasskeys::new("https://localhost", "Banque Garonne")),
            backups: Arc::new(BackupFolder::new(None, folder.to_owned())),
        };
        let settings = Settings {
            organisation: "Banque Garonne".into(),
            public_origin: "https://localhost".into(),
            internal_origin: "https://localhost".into(),
            version: env!("CARGO_PKG_VERSION"),
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
                second_administrator: false,
            },
        };
        let service = Arc::new(Service::new(store, ports, settings));
        drop(entered);
        Ok(Self { runtime, service, cards: cards.into() })
    }

    /// Leads, as many as go through with this many clients, each acknowledged before
    /// the next.
    pub fn leads(&self, clients: usize, time: Duration) -> Result<Outcome, String> {
        self.runtime.block_on(async {
            let mut keys = self.form_keys(clients * forms_for(time, 500)).await?.into_iter();
            tokio::time::sleep(TYPING).await;
            let (begun, mut tasks) = (Instant::now(), JoinSet::new());
            for number in 0..clients {
                let (service, cards) = (Arc::clone(&self.service), Arc::clone(&self.cards));
                let mut keys = keys.by_ref().take(forms_for(time, 500)).collect::<Vec<_>>().into_iter();
                tasks.spawn(async move {
                    let mut outcome = Outcome::default();
                    for card in cards.iter().cycle().skip(number * 7 % cards.len().max(1)) {
                        if begun.elapsed() >= time {
                            break;
                        }
                        let ctx = service.context(Actor::Visitor, Locale::Fr);
                        match service
                            .submit_lead(&ctx, card, &details(&keys.next().unwrap_or_else(idempotency_key)))
                            .await
                        {
                            Ok(Submission::Received(_)) => outcome.done += 1,
                            Ok(_) => outcome.fail("a lead was not taken".into()),
                            Err(problem) => outcome.fail(problem.to_string()),
                        }
                    }
                    outcome
                });
            }
            let mut all = Outcome::default();
            while let Some(one) = tasks.join_next().await {
                match one {
                    Ok(outcome) => all.merge(outcome),
                    Err(problem) => all.fail(problem.to_string()),
                }
            }
            all.took = begun.elapsed();
            Ok(all)
        })
    }

    /// Keys of forms that people have just opened.
    async fn form_keys(&self, forms: usize) -> Result<Vec<String>, String> {
        let mut keys = Vec::with_capacity(forms);
        for card in self.cards.iter().cycle().take(forms) {
            let ctx = self.service.context(Actor::Visitor, Locale::Fr);
            keys.push(self.service.exchange(&ctx, card).await.map_err(|e| e.to_string())?.idempotency_key);
        }
        Ok(keys)
    }
}

/// Two hundred people with a card each.
async fn people(store: &Store) -> Result<Vec<PublicId>, String> {
    let text = |key: &str, value: String| (key.to_owned(), AttributeValue::Text(value));
    let now = SystemClock.now();
    let mut cards = Vec::new();
    let mut people = Vec::new();
    for n in 0..200 {
        let attributes = vec![text("cn", format!("Camille Mesure-{n}")), text("mail", format!("c{n}@banque.example"))];
        let source = SourcePerson {
            external_id: n.to_string(),
            active: true,
            attributes,
            photo: SourcePhoto::None,
            position: None,
            handles: Vec::new(),
            withheld: Vec::new(),
        };
        let Ok(mapped) = Mapping::standard().apply(&source) else { return Err("a profile could not be made".into()) };
        let card = PublicId::new(&SystemRandom);
        cards.push(card.clone());
        people.push((card, mapped.profile));
    }
    store
        .write(move |tx| {
            for (card, profile) in &people {
                let (person, id) = (PersonId::new(now, &SystemRandom), CardId::new(now, &SystemRandom));
                tx.insert_person(person, id, card, profile, now)?;
            }
            Ok(())
        })
        .await
        .map_err(|e| e.to_string())?;
    Ok(cards)
}
