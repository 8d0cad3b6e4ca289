//! Builds components from text, bundles from components, and hosts from bundles.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use estampe_domain::ldap::LdapAccess;
use estampe_domain::plugin::{ConnectorSpec, FailKind, Given, Photos, PluginFailure, SyncCall, SyncMode};
use estampe_domain::ports::{Clock, LdapClient, LdapConnection, Plugins, Random};
use estampe_domain::{RunId, Ts};
use estampe_plugin_host::{HostSettings, Keys, Limits, PluginHost};
use tempfile::TempDir;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A clock that stands.
pub struct Noon;

impl Clock for Noon {
    fn now(&self) -> Ts {
        Ts::from_micros(1_790_000_000_000_000)
    }
}

/// Where the ports work.
/// A network without directories.
struct NoDirectory;

#[async_trait::async_trait]
impl LdapClient for NoDirectory {
    async fn connect(&self, _: &LdapAccess) -> Result<Box<dyn LdapConnection>, PluginFailure> {
        Err(PluginFailure::new(FailKind::Unavailable, "there is no directory"))
    }
}

struct Fixed(u8);

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// A connector whose `sync-page` is this text. Around it: memory (full of zeros from 0
/// to 64 KiB), an allocator, `describe` and `check`. Locals 0 to 3 are the arguments
/// mode, cursor-is-there, cursor pointer and length; a zeroed page is a good one.
pub fn connector(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "estampe:plugin/file@0.1.0" "stat" (func $stat (param i32 i32 i32)))
            (import "estampe:plugin/clock@0.1.0" "cancelled" (func $cancelled (result i32)))
            (import "estampe:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))
            (import "estampe:plugin/state@0.1.0" "set"
                (func $set (param i32 i32 i32 i32 i32 i32)))
            (import "estampe:plugin/ldap@0.1.0" "search" (func $search
                (param i32 i32 i32) (param i32) (param i32 i32) (param i32 i32) (param i32 i64)
                (param i32) (param i32 i32 i32) (param i32 i32) (param i32)))
            (import "estampe:plugin/ldap@0.1.0" "root-dse" (func $root (param i32)))
            (memory (export "memory") 16)
            (data (i32.const 66000) "people")
            (global $free (mut i32) (i32.const 70000))
            (global $calls (mut i32) (i32.const 0))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $free)
                (global.set $free (i32.and (i32.const -8)
                    (i32.add (i32.const 7) (i32.add (global.get $free) (local.get 3))))))
            (func (export "estampe:plugin/connector@0.1.0#describe") (result i32)
                (i32.const 0))
            (func (export "estampe:plugin/connector@0.1.0#check") (result i32)
                (i32.const 0))
            (func (export "estampe:plugin/connector@0.1.0#sync-page")
                (param i32 i32 i32 i32) (result i32)
                {body}))"#
    );
    component(&text)
}

/// A template whose `render` is this text. Locals: 0 and 1 the person's attributes (pointer
/// and count), 2 and 3 the organisation's, 4 to 7 locale and day. Its answer stands from 0 on:
/// a zero, and from 8 on the pointers and lengths of HTML and text.
pub fn template(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "estampe:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))
            (import "estampe:plugin/config@0.1.0" "get" (func $config (param i32 i32 i32)))
            (memory (export "memory") 16)
            (data (i32.const 66000) "<script>alert(1)</script><b onclick=alert(1)>a</b>")
            (global $free (mut i32) (i32.const 70000))
            (global $calls (mut i32) (i32.const 0))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $free)
                (global.set $free (i32.and (i32.const -8)
                    (i32.add (i32.const 7) (i32.add (global.get $free) (local.get 3))))))
            (func (export "estampe:plugin/signature-template@0.1.0#describe") (result i32)
                (i32.const 0))
            (func (export "estampe:plugin/signature-template@0.1.0#render")
                (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
                {body}))"#
    );
    component_of(&text, "signature-template-plugin")
}

/// A component of the world `connector-plugin`, from its core module's text.
pub fn component(text: &str) -> Vec<u8> {
    component_of(text, "connector-plugin")
}

/// A component of this world, from its core module's text.
fn component_of(text: &str, world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).expect("the text is WebAssembly");
    let mut resolve = Resolve::default();
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugin-sdk/wit");
    let (package, _) = resolve.push_path(wit).expect("the contract is WIT");
    let world = resolve.select_world(&[package], Some(world)).expect("the world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

/// The manifest of a plugin.
pub fn manifest(id: &str, contract: &str) -> String {
    format!(
        "id = {id:?}\nversion = \"1.0.0\"\ncontract = {contract:?}\nlicense = \"MIT\"\n\
         [description]\nen = \"A test\"\nfr = \"Un essai\"\n[[inputs]]\nname = \"people\"\n\
         [fields]\nread = [\"cn\", \"jpegPhoto\"]\n"
    )
}

/// Folders of a host.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("plugins")).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds a connector's bundle.
    pub fn bundle(&self, id: &str, contract: &str, component: &[u8]) -> &Self {
        self.bundle_of(id, &manifest(id, contract), component)
    }

    /// Adds a bundle with this manifest.
    pub fn bundle_of(&self, id: &str, manifest: &str, component: &[u8]) -> &Self {
        let file = std::fs::File::create(self.path(&format!("plugins/{id}.estampe"))).unwrap();
        let mut archive = tar::Builder::new(file);
        for (name, octets) in [("plugin.toml", manifest.as_bytes()), ("component.wasm", component)] {
            let mut header = tar::Header::new_ustar();
            header.set_size(octets.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, octets).unwrap();
        }
        archive.finish().unwrap();
        self
    }

    pub fn settings(&self) -> HostSettings {
        HostSettings {
            offered: self.path("plugins"),
            keys: Keys::default(),
            cache: self.path("cache"),
            compiler: compiler(),
            cache_key: [7; 32],
            protected: Vec::new(),
            limits: Limits { computing: Duration::from_millis(500), ..Limits::default() },
            clock: Arc::new(Noon),
            egress: crate::egress::nothing(),
            ldap: Arc::new(NoDirectory),
            runtime: crate::egress::runtime(),
        }
    }

    /// A host with all of its bundles that can be used.
    pub async fn host(&self) -> Loaded {
        Loaded::start(self.settings()).await
    }
}

/// A host, and what it did not load: name of the file and reason.
pub struct Loaded {
    pub host: PluginHost,
    pub problems: Vec<(String, String)>,
}

impl Deref for Loaded {
    type Target = PluginHost;

    fn deref(&self) -> &PluginHost {
        &self.host
    }
}

impl Loaded {
    pub async fn start(settings: HostSettings) -> Self {
        let mut paths: Vec<_> = std::fs::read_dir(&settings.offered).unwrap().map(|e| e.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "estampe"));
        let (host, mut problems) = (PluginHost::start(settings).unwrap(), Vec::new());
        for path in paths {
            if let Err(why) = host.activate(std::fs::read(&path).unwrap().into()).await {
                problems.push((path.file_stem().unwrap().to_str().unwrap().to_owned(), why));
            }
        }
        if problems.is_empty() {
            host.settled().await;
        }
        Self { host, problems }
    }
}

/// A host with one plugin `test`, whose `sync-page` is this text.
pub async fn host(body: &str) -> (Loaded, Place) {
    let place = Place::new();
    place.bundle("test", "0.1.0", &connector(body));
    let host = place.host().await;
    assert_eq!(host.problems, []);
    (host, place)
}

/// Where `estampe-compile` is.
pub fn compiler() -> PathBuf {
    let path = std::env::var_os("ESTAMPE_COMPILE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/estampe-compile"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "{} is not there: run `cargo build -p estampe-plugin-compile` (on its own) or set ESTAMPE_COMPILE",
        path.display()
    );
    path
}

/// These grants and nothing else.
pub fn given<const N: usize>(grants: [&str; N]) -> Given {
    let grants = grants.map(|item| item.parse().expect("an item")).into_iter().collect();
    Given { grants, ..Given::default() }
}

/// A call of `sync-page` without inputs.
pub fn call(plugin: &str) -> SyncCall {
    SyncCall {
        run: RunId::new(Noon.now(), &Fixed(1)),
        connector: ConnectorSpec { plugin: plugin.to_owned(), config: BTreeMap::new(), inputs: BTreeMap::new() },
        given: given(["input people", "field read cn", "field read jpegPhoto"]),
        mode: SyncMode::Full,
        cursor: None,
        checkpoint: None,
        state: BTreeMap::new(),
        photos: Photos::default(),
    }
}
