//! Plugins: signatures rendered in the sandbox beside the same code without it, and loading
//! compiled plugins beside compiling them.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use estampe_domain::egress::{HttpRequest, HttpResponse};
use estampe_domain::ldap::LdapAccess;
use estampe_domain::plugin::{AttributeValue, ConnectorSpec, FailKind, Given, PluginFailure};
use estampe_domain::ports::{Clock, HttpEgress, LdapClient, LdapConnection, Plugins, Signatures};
use estampe_domain::signature::SignatureInput;
use estampe_domain::{Locale, Ts};
use estampe_plugin_host::{HostSettings, Keys, Limits, PluginHost, harmless_signature};
use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Attributes, SignatureTemplate};
use estampe_plugin_signature_classic::SignatureClassic;
use tokio::runtime::Runtime;

use super::{Bench, Setting};
use crate::load::runtime;
use crate::report::Row;
use crate::stats::{median, ms};

/// The template that is measured.
const TEMPLATE: &str = "signature-classic";
/// Signatures of a batch.
const BATCH: usize = 500;
/// Plugins that are loaded.
const LOADED: usize = 5;

/// See the module.
pub struct OfPlugins;

impl Bench for OfPlugins {
    fn name(&self) -> &'static str {
        "plugins"
    }

    fn about(&self) -> &'static str {
        "a signature of 3 KB in the sandbox beside the same code without it; loading plugins beside compiling them"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        let runtime = runtime(1)?;
        let folder = with.fresh_folder()?;
        let path = with.built.plugins.join(TEMPLATE).with_extension("estampe");
        let bundle = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut rows = signatures(with, &runtime, &bundle, folder.path())?;
        rows.push(loading(with, &runtime, &bundle, folder.path())?);
        Ok(rows)
    }
}

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Ts {
        Ts::from_micros(1_790_000_000_000_000)
    }
}

struct Nowhere;

#[async_trait]
impl HttpEgress for Nowhere {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, PluginFailure> {
        Err(PluginFailure::new(FailKind::Unavailable, "there is no network in a bench"))
    }
}

#[async_trait]
impl LdapClient for Nowhere {
    async fn connect(&self, _: &LdapAccess) -> Result<Box<dyn LdapConnection>, PluginFailure> {
        Err(PluginFailure::new(FailKind::Unavailable, "there is no directory in a bench"))
    }
}

pub(super) fn host(with: &Setting, runtime: &Runtime, cache: &Path) -> Result<PluginHost, String> {
    let settings = HostSettings {
        offered: with.built.plugins.clone(),
        keys: Keys::default(),
        cache: cache.to_owned(),
        compiler: with.built.binary.with_file_name("estampe-compile"),
        cache_key: [7; 32],
        protected: Vec::new(),
        limits: Limits::default(),
        clock: Arc::new(Standing),
        egress: Arc::new(Nowhere),
        ldap: Arc::new(Nowhere),
        runtime: runtime.handle().clone(),
    };
    PluginHost::start(settings).map_err(|error| error.to_string())
}

/// What one signature is made from: as text by name, for both sides.
fn person() -> Vec<(&'static str, &'static str)> {
    vec![
        ("displayName", "Zoé Lefèvre-Núñez"),
        ("title", "Responsable de la conception des systèmes d’information"),
        ("department", "Direction du numérique et de l’innovation"),
        ("o", "Banque Garonne"),
        ("telephoneNumber", "+33 (0)5 62 00 00 00"),
        ("mobile", "+33 (0)6 00 00 00 00"),
        ("mail", "zoe.lefevre-nunez@banque-garonne.example"),
        ("labeledURI", "https://www.banque-garonne.example/"),
        ("street", "1 rue du Taur"),
        ("postalCode", "31000"),
        ("l", "Toulouse"),
        ("co", "France"),
    ]
}

fn configuration() -> [(&'static str, String); 2] {
    let notice = "Ce message est destiné aux seules personnes qui y sont nommées. ".repeat(26);
    [("logo", "https://www.banque-garonne.example/logo.png".to_owned()), ("legal-notice-fr", notice)]
}

fn signatures(with: &Setting, runtime: &Runtime, bundle: &[u8], folder: &Path) -> Result<Vec<Row>, String> {
    let host = host(with, runtime, &folder.join("cache"))?;
    let facts = runtime.block_on(host.activate(unsigned(bundle, 0)?.into()))?;
    let given =
        Given { grants: facts.info.asked().into_iter().map(|asked| asked.permission).collect(), ..Given::default() };
    let config = configuration().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let spec = ConnectorSpec { plugin: TEMPLATE.to_owned(), config, inputs: BTreeMap::new() };
    let text = |(name, text): (&str, &str)| (name.to_owned(), AttributeValue::Text(text.to_owned()));
    let input = SignatureInput {
        person: person().into_iter().map(text).collect(),
        organisation: Vec::new(),
        locale: Locale::Fr,
        day: jiff::civil::date(2026, 7, 14),
    };
    let batch = vec![input.clone(); BATCH];
    let sandboxed = |batch: &[SignatureInput]| {
        let rendered = runtime.block_on(host.render(&spec, &given, batch.to_vec())).map_err(|why| why.to_string())?;
        rendered.into_iter().collect::<Result<Vec<_>, _>>().map_err(|why| why.to_string())
    };

    let scripted =
        configuration().iter().fold(ScriptedHost::new(), |scripted, (key, value)| scripted.with_config(key, value));
    let attributes = person().into_iter().fold(Attributes::default(), |all, (name, text)| all.with_text(name, text));
    let natively = estampe_plugin_sdk::SignatureInput {
        person: attributes,
        locale: "fr".to_owned(),
        day: "2026-07-14".to_owned(),
        ..estampe_plugin_sdk::SignatureInput::default()
    };
    // the host makes every signature harmless; what is compared is the sandbox alone
    let render = || SignatureClassic::render(&scripted, &natively).map_err(|failure| failure.message);
    let native = || {
        let rendered = render()?;
        harmless_signature(&rendered.html, &rendered.text).map_err(|why| why.to_string())
    };
    let there = sandboxed(std::slice::from_ref(&input))?;
    if there != [native()?] {
        return Err("the sandbox renders something else than the same code without it".to_owned());
    }
    let size = there.iter().map(|signature| signature.html.len()).sum::<usize>();

    let (mut in_batch, mut fresh, mut without, mut bare) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..with.pace.rounds {
        in_batch.push(each(with.pace.time / 4, BATCH, || sandboxed(&batch).map(drop))?);
        fresh.push(each(with.pace.time / 4, 1, || sandboxed(std::slice::from_ref(&input)).map(drop))?);
        without.push(each(with.pace.time / 4, 1, || native().map(drop))?);
        bare.push(each(with.pace.time / 4, 1, || render().map(drop))?);
    }
    let (in_batch, fresh, without, bare) = (median(&in_batch), median(&fresh), median(&without), median(&bare));
    let told = |here: f64| {
        format!(
            "{size} octets: {here:.0} µs, natively {without:.0} µs, of which {bare:.0} µs to render and the rest to make harmless"
        )
    };
    Ok(vec![
        Row::lower("plugins.signature.batch", in_batch / without, "ratio").bar(2.5).detail(told(in_batch)),
        Row::lower("plugins.signature.fresh", fresh / without, "ratio").bar(5.0).detail(told(fresh)),
    ])
}

/// Microseconds of one of `count` things that `work` does at once.
pub(super) fn each(time: Duration, count: usize, mut work: impl FnMut() -> Result<(), String>) -> Result<f64, String> {
    let (begun, mut done) = (Instant::now(), 0);
    while begun.elapsed() < time {
        work()?;
        done += count;
    }
    Ok(begun.elapsed().as_secs_f64() * 1e6 / done as f64)
}

fn loading(with: &Setting, runtime: &Runtime, bundle: &[u8], folder: &Path) -> Result<Row, String> {
    let bundles = (1..=LOADED).map(|number| unsigned(bundle, number)).collect::<Result<Vec<_>, _>>()?;
    let load = |cache: &Path| {
        let host = host(with, runtime, cache)?;
        let begun = Instant::now();
        for bundle in &bundles {
            runtime.block_on(host.activate(bundle.clone().into()))?;
        }
        Ok::<_, String>(begun.elapsed())
    };
    let (mut compiled, mut loaded) = (Vec::new(), Vec::new());
    for round in 0..with.pace.rounds {
        let cache = folder.join(format!("cache-{round}"));
        compiled.push(ms(load(&cache)?));
        loaded.push(ms(load(&cache)?));
    }
    let (compiled, loaded) = (median(&compiled), median(&loaded));
    let told = format!("{LOADED} plugins: loaded in {loaded:.1} ms, compiled in {compiled:.0} ms");
    Ok(Row::lower("plugins.load", loaded / compiled, "ratio").bar(0.05).detail(told))
}

/// The bundle without its signature, and with a component that no cache has seen: it gets a
/// section (WebAssembly core, 5.5.3) that says nothing.
fn unsigned(bundle: &[u8], number: usize) -> Result<Vec<u8>, String> {
    let wrong = |error: std::io::Error| format!("the bundle: {error}");
    let mut written = tar::Builder::new(Vec::new());
    for entry in tar::Archive::new(bundle).entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        let name = entry.path().map_err(wrong)?.to_string_lossy().into_owned();
        let mut octets = Vec::new();
        entry.read_to_end(&mut octets).map_err(wrong)?;
        match name.as_str() {
            "component.wasm" => octets.extend([0, 3, 1, b'n', number as u8]),
            "plugin.toml" => {}
            _ => continue,
        }
        let mut header = tar::Header::new_ustar();
        header.set_size(octets.len() as u64);
        header.set_mode(0o644);
        written.append_data(&mut header, name, octets.as_slice()).map_err(wrong)?;
    }
    written.into_inner().map_err(wrong)
}
