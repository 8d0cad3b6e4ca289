//! Runs of Google Workspace and of Microsoft Entra, as tests/fakes has them, whose every answer
//! takes 50 ms: beside the same pages fetched by a plain client, and what a run asks for when
//! nothing changed.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use estampe_fakes::google::{ADMIN, Google, scope};
use estampe_fakes::graph::{CLIENT_ID, CLIENT_SECRET, Graph, TENANT};
use estampe_fakes::{Control, Tls};
use estampe_tests::{Authority, WayOut};
use tokio::runtime::Runtime;

use super::directory::newest_run;
use super::{Bench, Setting};
use crate::certificate::Certificates;
use crate::process::mib;
use crate::report::Row;
use crate::server::Server;

/// How long an answer takes.
const ANSWER: Duration = Duration::from_millis(50);

/// See the module.
pub struct Providers;

impl Bench for Providers {
    fn name(&self) -> &'static str {
        "providers"
    }

    fn about(&self) -> &'static str {
        "runs of Google Workspace and Microsoft Entra beside a plain client that fetches the same pages"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        let people = with.pace.cards / 5;
        let mut rows = measured(with, &OfGoogle::start(people))?;
        rows.extend(measured(with, &OfEntra::start(people))?);
        Ok(rows)
    }
}

/// A provider that is measured.
trait Provider {
    const NAME: &'static str;
    const PLUGIN: &'static str;
    /// Whether it can tell what changed.
    const TELLS_CHANGES: bool;

    fn authority(&self) -> &str;
    fn address(&self) -> SocketAddr;
    fn control(&self) -> &Control;
    /// A token for the plain client.
    fn token(&self) -> String;
    /// Where its people are asked for.
    fn host(&self) -> &'static str;
    /// The source's configuration: the secret's key and text, then values.
    fn secret(&self) -> (&'static str, String);
    fn values(&self) -> Vec<String>;
}

struct OfGoogle {
    google: Google,
    root: String,
}

impl OfGoogle {
    fn start(people: usize) -> Self {
        let (authority, root) = Authority::new();
        let names = ["admin.googleapis.com", "gmail.googleapis.com", "oauth2.googleapis.com"];
        let (certificates, key) = authority.leaf(&names, (1, 30));
        let google = Google::start_tls(people, &Tls { certificates, key });
        let scopes = ["admin.directory.user.readonly", "admin.directory.customer.readonly"].map(scope);
        google.delegate(&scopes.each_ref().map(String::as_str));
        Self { google, root }
    }
}

impl Provider for OfGoogle {
    const NAME: &'static str = "google";
    const PLUGIN: &'static str = "google-workspace";
    const TELLS_CHANGES: bool = false;

    fn authority(&self) -> &str {
        &self.root
    }

    fn address(&self) -> SocketAddr {
        self.google.address()
    }

    fn control(&self) -> &Control {
        self.google.control()
    }

    fn token(&self) -> String {
        self.google.token(ADMIN, &[&scope("admin.directory.user.readonly")])
    }

    fn host(&self) -> &'static str {
        "admin.googleapis.com"
    }

    fn secret(&self) -> (&'static str, String) {
        ("service-account", self.google.service_account_at("https://oauth2.googleapis.com/token"))
    }

    fn values(&self) -> Vec<String> {
        vec![format!("administrator={ADMIN}"), "photos=false".to_owned()]
    }
}

struct OfEntra {
    graph: Graph,
    root: String,
}

impl OfEntra {
    fn start(people: usize) -> Self {
        let (authority, root) = Authority::new();
        let (certificates, key) = authority.leaf(&["graph.microsoft.com", "login.microsoftonline.com"], (1, 30));
        let graph = Graph::start_tls(people, &Tls { certificates, key });
        graph.consent(&["User.Read.All"]);
        Self { graph, root }
    }
}

impl Provider for OfEntra {
    const NAME: &'static str = "entra";
    const PLUGIN: &'static str = "microsoft-entra";
    const TELLS_CHANGES: bool = true;

    fn authority(&self) -> &str {
        &self.root
    }

    fn address(&self) -> SocketAddr {
        self.graph.address()
    }

    fn control(&self) -> &Control {
        self.graph.control()
    }

    fn token(&self) -> String {
        self.graph.token(None, &["User.Read.All"])
    }

    fn host(&self) -> &'static str {
        "graph.microsoft.com"
    }

    fn secret(&self) -> (&'static str, String) {
        ("client-secret", CLIENT_SECRET.to_owned())
    }

    fn values(&self) -> Vec<String> {
        vec![format!("tenant={TENANT}"), format!("client-id={CLIENT_ID}")]
    }
}

fn measured<P: Provider>(with: &Setting, provider: &P) -> Result<Vec<Row>, String> {
    let runtime = crate::load::runtime(1)?;
    let proxy = runtime.block_on(WayOut::to(provider.address()));
    provider.control().latency(ANSWER);
    let (mut ratios, mut told, mut peak) = (Vec::new(), Vec::new(), 0);
    let (mut people, mut unchanged) = (0, 0);
    for _ in 0..with.pace.rounds.min(3) {
        let folder = with.fresh_folder()?;
        let certificates = Certificates::make(folder.path())?;
        let ca = folder.path().join("provider-ca.pem");
        std::fs::write(&ca, provider.authority()).map_err(|e| format!("{}: {e}", ca.display()))?;
        let egress = format!("[egress]\nproxy = {:?}\nca_file = {:?}\n", proxy.url(), ca.display().to_string());
        let server = Server::start_with(&with.built, folder.path(), &certificates, &egress)?;
        add(&server, provider, folder.path())?;
        let before = provider.control().log().len();
        let (took, created) = newest_run(&server, &server.ask(&["source", "sync", P::NAME])?)?;
        people = created;
        let pages = pages(provider, before);
        let plain = fetched(&runtime, provider, proxy.url(), &pages)?;
        ratios.push(took.as_secs_f64() / plain.as_secs_f64());
        told.push(format!("{:.2} ÷ {:.2} s", took.as_secs_f64(), plain.as_secs_f64()));
        // once more, when nothing changed
        let before = provider.control().log().len();
        let again = server.ask(&["source", "sync", P::NAME])?;
        newest_run(&server, &again)?;
        unchanged = provider.control().log().len() - before;
        peak = peak.max(server.peak()?);
        server.stop()?;
    }
    let name = |what: &str| format!("providers.{}.{what}", P::NAME);
    let requests = Row::lower(name("unchanged"), unchanged as f64, "requests");
    Ok(vec![
        Row::lower(name("full"), crate::stats::median(&ratios), "ratio").bar(1.5).detail(format!(
            "{people} people, {} ms an answer; ours ÷ the same pages by a plain client: {}",
            ANSWER.as_millis(),
            told.join("; ")
        )),
        Row::lower(name("memory"), mib(peak), "MiB").bar(160.0).detail("resident, at its most"),
        // where the API has no way to tell, everybody is listed
        if P::TELLS_CHANGES { requests.bar(3.0) } else { requests }.detail("what a run asks for when nothing changed"),
    ])
}

fn add<P: Provider>(server: &Server, provider: &P, folder: &Path) -> Result<(), String> {
    let (key, text) = provider.secret();
    let file = folder.join(key);
    std::fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    server.ask(&["plugin", "install", P::PLUGIN, "--yes"])?;
    let secret = format!("{key}={}", file.display());
    let values = provider.values();
    let mut arguments = vec!["source", "add", P::NAME, "--plugin", P::PLUGIN, "--set-file", &secret];
    arguments.extend(values.iter().flat_map(|value| ["--set", value]));
    server.ask(&arguments).map(|_| ())
}

/// The pages that a run had: addresses in order.
fn pages<P: Provider>(provider: &P, since: usize) -> Vec<String> {
    let log = provider.control().log();
    let asked = log.into_iter().skip(since).filter(|one| one.method == "GET" && one.status == 200);
    asked
        .filter(|one| one.path.contains("users"))
        .map(|one| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&one.query);
            // links are taken as they were given, and a `$` stands in them as it is
            format!("https://{}{}?{}", provider.host(), one.path, query.finish().replace("%24", "$"))
        })
        .collect()
}

/// Fetches them one after the other, by one connection and the same proxy.
fn fetched<P: Provider>(runtime: &Runtime, provider: &P, proxy: &str, pages: &[String]) -> Result<Duration, String> {
    let root = reqwest::Certificate::from_pem(provider.authority().as_bytes()).map_err(|e| format!("{e}"))?;
    // reqwest has none of its own; another case may have installed it
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder().tls_certs_only([root]);
    let client = client.proxy(reqwest::Proxy::https(proxy).map_err(|e| format!("{e}"))?);
    let client = client.build().map_err(|e| format!("{e}"))?;
    let token = provider.token();
    runtime.block_on(async {
        let begun = Instant::now();
        let mut octets = 0;
        for page in pages {
            let answer = client.get(page).bearer_auth(&token).send().await.map_err(|e| format!("{page}: {e}"))?;
            let status = answer.status();
            let body = answer.bytes().await.map_err(|e| format!("{page}: {e}"))?;
            if status != 200 {
                return Err(format!("{page}: {status}: {}", String::from_utf8_lossy(&body)));
            }
            let _: serde_json::Value = serde_json::from_slice(&body).map_err(|e| format!("{page}: {e}"))?;
            octets += body.len();
        }
        if octets == 0 {
            return Err(format!("no page of {} was fetched", P::NAME));
        }
        Ok(begun.elapsed())
    })
}
