//! `estampe serve`: wires the parts and runs them until told to stop.

use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use estampe_adapters::{
    BackupFolder, BreachFile, CheckedEgress, LdapDirectories, NoBreaches, NoMailer, OpenIdProviders, QrPictures,
    SafeImages, SystemClock, SystemRandom, WebAuthnPasskeys,
};
use estampe_domain::backup::ListPlace;
use estampe_domain::ports::{Breaches, Clock, HttpEgress, Mailer, Random};
use estampe_domain::{Actor, Locale};
use estampe_jobs::Worker;
use estampe_plugin_host::{HostSettings, Limits, PluginHost};
use estampe_service::{Ports, Service, Settings as ServiceSettings};
use estampe_store::{Database, Store};
use estampe_web::{AppState, Edge, Listeners, Listening, TlsFacts};
use tokio::runtime::{Builder, Handle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::config::{self, CheckedSettings, Origins, Settings};
use crate::manager::{self, Sockets};
use crate::reload::{LiveMailer, Reload};
use crate::restored;
use crate::telemetry::{self, Exposition, Level};
use crate::tls::Tls;

/// How much the work of the background stands back (nice value), as guests do.
const NICENESS: i32 = 10;

/// How long a start may take, told to the service manager: a database may be brought up to date.
const LONGEST_START: Duration = Duration::from_hours(1);

/// What was configured, and where.
pub struct Configured {
    /// `--config`
    pub file: Option<PathBuf>,
    pub settings: Settings,
    pub origins: Origins,
    pub checked: CheckedSettings,
}

/// Starts everything, says that it is ready, and stops it at Ctrl-C or SIGTERM.
pub fn run(configured: Configured) -> Result<(), String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let checked = &configured.checked;
    let (exposition, level) = telemetry::init(&checked.log_filter, checked.log_json, &clock)?;
    let failed = |e| format!("tokio: {e}");
    let answering = threads(2, 32).build().map_err(failed)?;
    let background = threads(1, 16).on_thread_start(stand_back).build().map_err(failed)?;
    let hashing = threads(1, 4).on_thread_start(stand_far_back).build().map_err(failed)?;
    let handles = (background.handle(), hashing.handle());
    let ended = answering.block_on(serve(configured, clock, (exposition, level), handles));
    // what hangs there is not waited for: its work is in the store
    background.shutdown_timeout(Duration::from_secs(5));
    hashing.shutdown_timeout(Duration::from_secs(1));
    ended
}

fn threads(workers: usize, blocking: usize) -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(workers)
        .max_blocking_threads(blocking)
        .thread_keep_alive(Duration::from_secs(5))
        .enable_all();
    builder
}

/// Lowers the priority of a thread that does what nobody waits for: a first run of a bank's
/// directory keeps two processors busy, and a card has to open at once meanwhile.
fn stand_back() {
    // on Linux this concerns the calling thread alone; without it all works as well
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(error.text = %error, "cannot lower the priority of a thread of the background");
    }
}

/// Lets a thread run when no other wants the processor (`SCHED_IDLE`, sched(7)): who signs in waits
/// a little, a card does not. For threads alone that hold nothing others wait for.
fn stand_far_back() {
    use thread_priority::unix::{
        NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
    };
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if set_thread_priority_and_policy(thread_native_id(), thread_priority::ThreadPriority::Min, policy).is_err() {
        stand_back();
    }
}

async fn serve(
    configured: Configured,
    clock: Arc<dyn Clock>,
    (exposition, level): (Exposition, Level),
    (background, hashing): (&Handle, &Handle),
) -> Result<(), String> {
    let Configured { file, settings: written, origins, checked: mut settings } = configured;
    let sockets = Sockets::take()?;
    manager::starting(LONGEST_START);
    let hangup = signal(SignalKind::hangup()).map_err(|e| format!("SIGHUP: {e}"))?;
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let store = Store::open(&settings.store, Arc::clone(&clock), Arc::clone(&random)).map_err(|e| e.to_string())?;
    let facts = Arc::new(TlsFacts::default());
    let tls = Tls::start(&settings, &clock, &facts)?;
    let Bound { public, internal, plain, operator, listening } = Bound::open(sockets, &settings)?;
    follow(&mut settings, &origins, &listening);
    let smtp = settings.smtp.as_ref().map(|smtp| LiveMailer::new(smtp).map(Arc::new)).transpose()?;
    let mailer = mailer(smtp.as_ref());
    let egress: Arc<dyn HttpEgress> =
        Arc::new(CheckedEgress::new(&settings.egress, Arc::clone(&clock), Arc::clone(&random))?);
    let host = Arc::new(plugin_host((&settings, &origins), &store, &clock, &egress, background.clone())?);
    let exclusive = matches!(settings.store.database, Database::Sqlite(_));
    telemetry::build(env!("CARGO_PKG_VERSION"), if exclusive { "sqlite" } else { "postgres" });
    let breaches: Arc<dyn Breaches> = match &settings.breached_passwords {
        Some(file) => Arc::new(BreachFile::open(file).map_err(|e| format!("sign_in.breached_passwords_file: {e}"))?),
        None => Arc::new(NoBreaches),
    };
    let ports = Ports {
        clock,
        random,
        plugins: Arc::<PluginHost>::clone(&host),
        signatures: Arc::<PluginHost>::clone(&host),
        mailboxes: Arc::<PluginHost>::clone(&host),
        write_back: Arc::<PluginHost>::clone(&host),
        write_groups: Arc::<PluginHost>::clone(&host),
        organisations: Arc::<PluginHost>::clone(&host),
        directory: host,
        open_id: Arc::new(OpenIdProviders::new(egress)),
        images: Arc::new(SafeImages),
        qr: Arc::new(QrPictures),
        breaches,
        background: background.clone(),
        hashing: hashing.clone(),
        backups: Arc::new(BackupFolder::new(settings.backup.clone(), settings.data_dir.clone())),
        passkeys: Arc::new(WebAuthnPasskeys::new(&settings.internal_origin, settings.organisation.as_str())),
    };
    let service = Arc::new(Service::new(store, ports, service_settings(&settings)));
    service.load_plugins().await.map_err(|e| e.to_string())?;
    service.clean_backups().await.map_err(|e| e.to_string())?;
    after_a_restore(&service, &settings.data_dir).await?;
    let shown = config::shown(&written, &origins);
    let keys: Vec<String> = shown.iter().map(|fact| fact.key.clone()).collect();
    service.note_start(&keys).await.map_err(|e| e.to_string())?;
    if exclusive {
        let released = service.release_jobs().await.map_err(|e| e.to_string())?;
        if released > 0 {
            tracing::info!(jobs.released = released, "work of the last start goes on");
        }
    }
    tokio::spawn(exposition.clone().keep());
    let addresses = (address_of(&listening, "listen.public"), address_of(&listening, "listen.internal"));
    let edge = Edge::new(&settings.edge);
    let places = edge.places();
    let state = AppState::new(Arc::clone(&service))
        .with_tls(facts)
        .with_edge(edge)
        .with_metrics(move || exposition.text())
        .with_listening(listening)
        .with_settings(shown);
    let state = Arc::new(state);
    let (stop, stopped) = watch::channel(false);
    let (public_tls, internal_tls, keeping) = tls.keep(&stopped);
    let listeners =
        Listeners { public: (public, public_tls), internal: (internal, internal_tls), operator, plain, places };
    let mut servers = estampe_web::serve(listeners, Arc::clone(&state)).map_err(|e| format!("listen: {e}"))?;
    let sender_domain = settings.smtp.as_ref().map_or("estampe.invalid", |s| s.from.1.domain()).to_owned();
    let worker = background.spawn(Worker { service, mailer, sender_domain }.run(stopped));
    let reload = Reload { file, settings: written, level, mailer: smtp, state };
    let reloading = tokio::spawn(reload.run(hangup, stop.subscribe()));
    let alive = tokio::spawn(manager::watched());
    manager::ready();
    tell_ready(&addresses, &settings.public_origin);
    let ended = tokio::select! {
        () = asked_to_stop() => None,
        ended = servers.ended() => Some(ended),
    };
    manager::stopping();
    tracing::info!("stopping: requests and work in hand end first");
    servers.stop(true).await;
    let _ = stop.send(true);
    let _ = worker.await;
    keeping.join_all().await;
    let _ = reloading.await;
    alive.abort();
    let _ = std::fs::remove_file(&settings.operator);
    tracing::info!("stopped");
    match ended {
        None => Ok(()),
        Some(Ok(())) => Err("a listener ended by itself".into()),
        Some(Err(error)) => Err(format!("a listener failed: {error}")),
    }
}

/// What a restore left to do, before anybody sees what an older backup brought back. The list beside the
/// backups may be on a machine that is away: nobody waits for it.
async fn after_a_restore(service: &Service, data_dir: &Path) -> Result<(), String> {
    let ctx = service.context(Actor::System, Locale::En);
    restored::note(service, &ctx, data_dir).await?;
    service.look_whether_held().await.map_err(|e| e.to_string())?;
    if service.is_held() {
        tracing::warn!(
            "restored from a backup: no mail, no run, no signature leaves before somebody says: estampe resume"
        );
    }
    service.replay_erasures(&ctx, ListPlace::Data).await.map(drop).map_err(|e| e.to_string())
}

/// Who sends mails, where there is a server for them.
fn mailer(live: Option<&Arc<LiveMailer>>) -> Arc<dyn Mailer> {
    match live {
        Some(live) => Arc::<LiveMailer>::clone(live),
        None => Arc::new(NoMailer),
    }
}

/// The listeners, bound or handed over.
struct Bound {
    public: TcpListener,
    internal: TcpListener,
    plain: Option<TcpListener>,
    operator: UnixListener,
    /// Where those for the network are.
    listening: Vec<Listening>,
}

impl Bound {
    fn open(mut sockets: Sockets, settings: &CheckedSettings) -> Result<Self, String> {
        let none = |key: &str| format!("{key}: no socket");
        let units = ["listen.public", "listen.internal", "listen.http"].map(|key| (key, sockets.unit(key)));
        let public = sockets.listener("listen.public", Some(settings.public))?;
        let public = public.ok_or_else(|| none("listen.public"))?;
        let internal = sockets.listener("listen.internal", Some(settings.internal))?;
        let internal = internal.ok_or_else(|| none("listen.internal"))?;
        let plain = sockets.listener("listen.http", settings.http)?;
        let operator = bind_socket(&settings.operator)?;
        let found = [Some(&public), Some(&internal), plain.as_ref()];
        let listening = units.into_iter().zip(found).filter_map(|((key, socket), listener)| {
            Some(Listening { key, address: listener?.local_addr().ok()?, socket })
        });
        let listening = listening.collect();
        Ok(Self { public, internal, plain, operator, listening })
    }
}

fn tell_ready((public, internal): &(String, String), origin: &str) {
    tracing::info!(listen.public = public, listen.internal = internal, public.origin = origin, "ready");
}

fn address_of(listening: &[Listening], key: &str) -> String {
    listening.iter().find(|one| one.key == key).map(|one| one.address.to_string()).unwrap_or_default()
}

/// Where nobody said under which address visitors and administrators come, it is this machine's own with the port
/// that is really listened on: links have to open.
fn follow(settings: &mut CheckedSettings, origins: &Origins, listening: &[Listening]) {
    for (key, listener, origin) in [
        ("public.origin", "listen.public", &mut settings.public_origin),
        ("internal.origin", "listen.internal", &mut settings.internal_origin),
    ] {
        let port = listening.iter().find(|one| one.key == listener).map(|one| one.address.port());
        if let Some(port) = port.filter(|_| !origins.contains_key(key)) {
            *origin = if port == 443 { "https://localhost".to_owned() } else { format!("https://localhost:{port}") };
        }
    }
}

fn service_settings(settings: &CheckedSettings) -> ServiceSettings {
    ServiceSettings {
        organisation: settings.organisation.to_string(),
        public_origin: settings.public_origin.clone(),
        internal_origin: settings.internal_origin.clone(),
        version: env!("CARGO_PKG_VERSION"),
        hold_threshold_percent: settings.hold_percent,
        sign_in: settings.sign_in,
        mail_configured: settings.smtp.is_some(),
        allow_unsigned_plugins: settings.plugins.allow_unsigned,
        default_locale: settings.locale,
        key_rotation_days: settings.key_rotation_days,
        rights_contact: settings.rights_contact.clone(),
        security: settings.security.clone(),
    }
}

fn plugin_host(
    (settings, origins): (&CheckedSettings, &Origins),
    store: &Store,
    clock: &Arc<dyn Clock>,
    egress: &Arc<dyn HttpEgress>,
    runtime: Handle,
) -> Result<PluginHost, String> {
    PluginHost::start(HostSettings {
        offered: settings.plugins.dir.clone(),
        keys: settings.plugins.keys.clone(),
        cache: settings.data_dir.join("plugin-cache"),
        compiler: settings.plugins.compiler.clone(),
        protected: protected(settings, origins),
        cache_key: store.plugin_cache_key(),
        limits: Limits {
            memory: settings.plugins.memory,
            computing: Duration::from_secs(u64::from(settings.plugins.cpu_seconds)),
            machine_percent: settings.plugins.cpu_percent,
            ..Limits::default()
        },
        clock: Arc::clone(clock),
        egress: Arc::clone(egress),
        ldap: Arc::new(LdapDirectories),
        runtime,
    })
    .map_err(|e| format!("plugins: {e}"))
}

/// Folders and files that no plugin reads, whoever names one: what is there is ours, and a
/// check shows the beginning of what it cannot read.
fn protected(settings: &CheckedSettings, origins: &Origins) -> Vec<PathBuf> {
    let keys = settings.store.kek_file.parent().map(Path::to_path_buf);
    let folders = [Some(settings.data_dir.clone()), keys].into_iter().flatten().chain(settings.secret_files.clone());
    // an address of a database may hold its password
    let folders = folders.chain(origins.values().map(PathBuf::from));
    let mut found: Vec<_> = folders.filter_map(|folder| folder.canonicalize().ok()).collect();
    found.extend(settings.backup.as_ref().map(|backup| there(backup.plan.folder.clone())));
    found
}

/// A folder as it is, links followed; as it is called where the machine that it lies on does not answer.
fn there(folder: PathBuf) -> PathBuf {
    let (told, answer) = std::sync::mpsc::channel();
    let asked = folder.clone();
    // left behind where it hangs
    std::thread::spawn(move || told.send(asked.canonicalize().unwrap_or(asked)));
    answer.recv_timeout(Duration::from_secs(2)).unwrap_or(folder)
}

/// The operator's socket: its file mode is its lock.
fn bind_socket(path: &Path) -> Result<UnixListener, String> {
    let at = |e: std::io::Error| format!("listen.operator: {}: {e}", path.display());
    if let Ok(found) = std::fs::symlink_metadata(path) {
        if !found.file_type().is_socket() {
            return Err(format!("listen.operator: {} is there and is no socket; name another path", path.display()));
        }
        if UnixStream::connect(path).is_ok() {
            return Err(format!("listen.operator: {}: another estampe answers there", path.display()));
        }
        std::fs::remove_file(path).map_err(at)?;
    }
    // made with no rights for others from its first moment
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    let listener = listener.map_err(at)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(at)?;
    Ok(listener)
}

async fn asked_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // without signals only a failing listener ends us
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
