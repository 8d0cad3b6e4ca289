//! Reads a bundle: a plain tar with `plugin.toml` and `component.wasm`, with what people
//! read of it (`README.md`, `LICENSE`, `CHANGELOG.md`, `sbom.cdx.json`), and at its end the
//! signature of all before it. Nothing of it is ever unpacked into a folder.

mod manifest;
mod signature;

use std::io::Read;

use data_encoding::HEXLOWER;
pub use estampe_domain::bundle::MAX_BUNDLE;
use estampe_domain::bundle::{BundleFacts, BundleProblem, BundleRefusal};
use estampe_domain::plugin::PluginInfo;
use sha2::{Digest, Sha256};

use crate::contract::Contract;
use crate::text::clean;

pub use self::signature::Keys;

/// Octets of the manifest, and of a text.
const MAX_TEXT: u64 = 64 << 10;
/// Octets of the software bill of materials.
const MAX_SBOM: u64 = 8 << 20;
/// Octets of the component. Python and JavaScript bring their own interpreter.
const MAX_COMPONENT: u64 = 64 << 20;
// whatever each of them may be, together they fit, with the rest and the archive's own
const _: () = assert!(MAX_COMPONENT + MAX_SBOM + 5 * MAX_TEXT < MAX_BUNDLE);
/// How the entry of the signature is called. It is the last one.
const SIGNATURE: &str = "signature.minisig";

/// What a `plugin.toml` says, read as of a bundle; the error says what is wrong with it.
pub fn read_manifest(manifest: &[u8]) -> Result<PluginInfo, String> {
    manifest::parse(manifest).map(|(info, _)| info).map_err(|refusal| refusal.words)
}

/// A bundle, parsed.
#[derive(Debug)]
pub struct Bundle {
    /// What the manifest says, and who signed it.
    pub facts: BundleFacts,
    /// The contract that it speaks.
    pub contract: Contract,
    /// The component, not yet looked at.
    pub component: Vec<u8>,
}

/// What may stand in a bundle, and how large it may be.
const ENTRIES: [(&str, u64); 7] = [
    ("plugin.toml", MAX_TEXT),
    ("component.wasm", MAX_COMPONENT),
    ("README.md", MAX_TEXT),
    ("LICENSE", MAX_TEXT),
    ("CHANGELOG.md", MAX_TEXT),
    ("sbom.cdx.json", MAX_SBOM),
    (SIGNATURE, MAX_TEXT),
];

/// Reads a bundle from its octets and holds its signature to these keys; the error says
/// what is wrong with it. A signature that does not fit is an error; none at all, or one by
/// a key that nobody knows, is a fact for whoever decides.
pub fn read(octets: &[u8], keys: &Keys) -> Result<Bundle, BundleRefusal> {
    let refused = |problem: BundleProblem| move |words: String| BundleRefusal::new(problem, words);
    if octets.len() as u64 > MAX_BUNDLE {
        return Err(refused(BundleProblem::TooLarge)(format!("it is larger than {} MiB", MAX_BUNDLE >> 20)));
    }
    let Contents { mut found, signed } = contents(octets).map_err(refused(BundleProblem::Unreadable))?;
    let mut take = |name: &str| found.iter().position(|(other, _)| *other == name).map(|at| found.swap_remove(at).1);
    let mut needed =
        |name: &str| take(name).ok_or_else(|| refused(BundleProblem::Unreadable)(format!("it holds no {name}")));
    let (manifest, component) = (needed("plugin.toml")?, needed("component.wasm")?);
    let signature = match signed {
        Some((signed, signature)) => keys.verify(signed, &signature).map_err(refused(BundleProblem::Changed))?,
        None => estampe_domain::bundle::Signature::None,
    };
    let (info, contract): (PluginInfo, _) = manifest::parse(&manifest)?;
    let readme = take("README.md").map(|text| String::from_utf8_lossy(&text).into_owned());
    let sha256 = HEXLOWER.encode(&Sha256::digest(octets));
    Ok(Bundle { facts: BundleFacts { info, sha256, signature, readme }, contract, component })
}

/// The entries of an archive.
struct Contents<'a> {
    found: Vec<(&'static str, Vec<u8>)>,
    /// What was signed, and the signature.
    signed: Option<(&'a [u8], Vec<u8>)>,
}

fn contents(archive: &[u8]) -> Result<Contents<'_>, String> {
    let damaged = |error: std::io::Error| format!("it is no tar archive or damaged: {error}");
    let mut contents = Contents { found: Vec::new(), signed: None };
    let mut end = 0;
    // raw: extended names and sparse files are entries like others, and refused
    for entry in tar::Archive::new(archive).entries().map_err(damaged)?.raw(true) {
        let entry = entry.map_err(damaged)?;
        let path = entry.path_bytes().into_owned();
        let Some((name, cap)) = ENTRIES.into_iter().find(|(name, _)| name.as_bytes() == path) else {
            let path = clean(&String::from_utf8_lossy(&path), 100);
            let names = ENTRIES.map(|(name, _)| name).join(", ");
            return Err(format!("it holds {path:?}; a bundle holds these alone: {names}"));
        };
        if !entry.header().entry_type().is_file() {
            return Err(format!("its {name} is not a regular file"));
        }
        if contents.signed.is_some() {
            return Err(format!("its {name} stands after its signature, which is the last entry"));
        }
        if contents.found.iter().any(|(other, _)| *other == name) {
            return Err(format!("it holds {name} twice"));
        }
        let size = entry.header().entry_size().map_err(damaged)?;
        if size > cap {
            return Err(format!("its {name} is larger than {} KiB", cap >> 10));
        }
        let (header, content) = (entry.raw_header_position(), entry.raw_file_position());
        let mut octets = Vec::new();
        entry.take(cap).read_to_end(&mut octets).map_err(damaged)?;
        if octets.len() as u64 != size {
            return Err(format!("its {name} is cut off"));
        }
        end = (content + size).next_multiple_of(512);
        if name == SIGNATURE {
            let before = usize::try_from(header).ok().and_then(|header| archive.get(..header));
            contents.signed = Some((before.unwrap_or_default(), octets));
        } else {
            contents.found.push((name, octets));
        }
    }
    let rest = usize::try_from(end).ok().and_then(|end| archive.get(end..)).unwrap_or_default();
    if rest.iter().any(|octet| *octet != 0) {
        return Err("it goes on after its end".to_owned());
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use estampe_domain::bundle::Signature;

    use super::*;

    const MANIFEST: &str =
        "id = \"a\"\nversion = \"1.0.0\"\ncontract = \"0.1.0\"\nlicense = \"MIT\"\n[description]\nfr = \"x\"\n";

    /// A tar of these entries: name, type, size in the header, content.
    fn archive(entries: &[(&str, tar::EntryType, u64, &[u8])]) -> Vec<u8> {
        let mut octets = Vec::new();
        for (name, kind, size, content) in entries {
            let mut header = tar::Header::new_ustar();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(*size);
            header.set_cksum();
            octets.extend_from_slice(header.as_bytes());
            octets.extend_from_slice(content);
            octets.resize(octets.len().next_multiple_of(512), 0);
        }
        octets.resize(octets.len() + 1024, 0);
        octets
    }

    fn files(files: &[(&str, &[u8])]) -> Vec<u8> {
        let entries: Vec<_> = files
            .iter()
            .map(|(name, content)| (*name, tar::EntryType::Regular, content.len() as u64, *content))
            .collect();
        archive(&entries)
    }

    fn opened(octets: &[u8]) -> Result<Bundle, String> {
        read(octets, &Keys::default()).map_err(|refusal| refusal.words)
    }

    fn refused(octets: &[u8]) -> String {
        opened(octets).unwrap_err()
    }

    #[test]
    fn a_good_bundle_is_read() {
        let good = files(&[("component.wasm", b"code"), ("plugin.toml", MANIFEST.as_bytes())]);
        let bundle = opened(&good).unwrap();
        assert_eq!(bundle.facts.info.id, "a");
        assert_eq!(bundle.component, b"code");
        assert_eq!(bundle.facts.signature, Signature::None);
        assert!(bundle.facts.info.inputs.is_empty() && bundle.facts.info.config.is_empty());
    }

    #[test]
    fn hostile_archives_are_refused() {
        let manifest = ("plugin.toml", MANIFEST.as_bytes());
        for name in ["../plugin.toml", "./plugin.toml", "/plugin.toml", "PLUGIN.TOML", "x", "plugin.toml/"] {
            assert!(refused(&files(&[(name, b"")])).contains("it holds"), "{name}");
        }
        assert!(refused(&files(&[manifest, manifest])).contains("twice"));
        assert!(refused(&files(&[manifest])).contains("no component.wasm"));
        assert!(refused(&files(&[("component.wasm", b"")])).contains("no plugin.toml"));
        assert!(refused(&[]).contains("no plugin.toml"));
        for kind in [
            tar::EntryType::Symlink,
            tar::EntryType::Directory,
            tar::EntryType::Link,
            tar::EntryType::Fifo,
            tar::EntryType::GNUSparse,
            tar::EntryType::XHeader,
            tar::EntryType::GNULongName,
        ] {
            let message = refused(&archive(&[("plugin.toml", kind, 0, b"")]));
            assert!(message.contains("regular"), "{kind:?}: {message}");
        }
        let large = archive(&[("plugin.toml", tar::EntryType::Regular, MAX_TEXT + 1, b"")]);
        assert!(refused(&large).contains("larger"));
        let endless = archive(&[("component.wasm", tar::EntryType::Regular, u64::MAX >> 1, b"")]);
        assert!(refused(&endless).contains("larger"));
        let cut = files(&[manifest, ("component.wasm", &[7; 600])]);
        assert!(!refused(&cut[..1800]).is_empty());
        assert!(refused(&[0xff; 2048]).contains("tar"));
    }

    #[test]
    fn a_manifest_says_all_that_it_asks_for() {
        let more = r#"
            [config.url]
            type = "string"
            [config.secret]
            type = "string"
            secret = true
            [[http]]
            url = "{url}/v1/*"
            methods = ["POST", "GET"]
            read-only = true
            credential = "api"
            description.en = "Lists people"
            [credentials.api]
            type = "client-credentials"
            token-url = "{url}/token"
            client-id = "estampe"
            client-secret = "{secret}"
            scopes = ["people.read"]
            [fields]
            read = ["mail", "cn"]
            [limits]
            memory-mib = 128
        "#;
        let manifest = format!("{MANIFEST}{more}");
        let bundle = opened(&files(&[("plugin.toml", manifest.as_bytes()), ("component.wasm", b"code")])).unwrap();
        let asked: Vec<_> = bundle.facts.info.asked().iter().map(|asked| asked.permission.to_string()).collect();
        assert_eq!(
            asked,
            [
                "http GET {url}/v1/* with api",
                "http POST {url}/v1/* read-only with api",
                "credential api client-credentials with secret at {url}/token people.read",
                "field read cn",
                "field read mail",
                "memory 128",
            ]
        );
    }

    #[test]
    fn hostile_manifests_are_refused() {
        let component = ("component.wasm", b"code".as_slice());
        for (from, to, words) in [
            ("\"a\"", "\"../a\"", "id"),
            ("\"a\"", "\"\"", "id"),
            ("\"1.0.0\"", "\"1.0\"", "version"),
            ("MIT", "my own", "license"),
            ("license = \"MIT\"", "", "license"),
            ("[description]", "network = true\n[description]", "network"),
            ("[description]", "[config.Days]\ntype = \"integer\"\n[description]", "keys"),
            ("[description]", "[config.days]\ntype = \"number\"\n[description]", "number"),
            ("[description]", "[config.days]\ntype = \"choice\"\n[description]", "config.days"),
            ("[description]", "[config.days]\ntype = \"flag\"\nsecret = true\n[description]", "secret"),
            ("[description]", "[[http]]\nurl = \"a.example\"\nmethods = [\"GET\"]\n[description]", "https://"),
            ("[description]", "[[http]]\nurl = \"https://a.example/*\"\nmethods = []\n[description]", "no method"),
            ("[description]", "[[http]]\nurl = \"{url}/*\"\nmethods = [\"GET\"]\n[description]", "no key"),
            (
                "[description]",
                "[[http]]\nurl = \"https://a.example/*\"\nmethods = [\"GET\"]\ncredential = \"a\"\n[description]",
                "does not declare",
            ),
            (
                "[description]",
                "[credentials.a]\ntype = \"bearer\"\ntoken = \"abc\"\n[description]",
                "never in the manifest",
            ),
            (
                "[description]",
                "[config.t]\ntype = \"string\"\n[credentials.a]\ntype = \"bearer\"\ntoken = \"{t}\"\n[description]",
                "not marked as secret",
            ),
            (
                "[description]",
                "[credentials.a]\ntype = \"bearer\"\ntoken = \"{t}\"\nscope = \"x\"\n[description]",
                "plugin.toml is wrong",
            ),
            ("[description]", "[fields]\nread = [\"a b\"]\n[description]", "cannot be granted"),
            ("[description]", "[fields]\nread = [\"cn\", \"userPassword\"]\n[description]", "no plugin's to carry"),
            ("[description]", "[fields]\nwrite = [\"UnicodePwd\"]\n[description]", "no plugin's to set"),
            ("[description]", "[[inputs]]\nname = \"a\"\n[[inputs]]\nname = \"a\"\n[description]", "twice"),
            ("0.1.0", "0.2.0", "contract"),
            ("0.1.0\"", "0.2.0\"\nnews = 1", "contract \"0.2.0\""),
            ("fr = \"x\"", "", "description"),
            ("fr = \"x\"", "\"<b>\" = \"x\"", "language"),
            ("id = ", "id: ", "plugin.toml is wrong"),
            ("[description]", "[[inputs]]\nname = \"A B\"\n[description]", "inputs"),
        ] {
            let manifest = MANIFEST.replace(from, to);
            let message = refused(&files(&[("plugin.toml", manifest.as_bytes()), component]));
            assert!(message.contains(words), "{to}: {message}");
        }
    }
}
