//! What a host of this program would make of bundles: they are read and held to the contract and
//! the keys. Nothing is run, compiled or written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use estampe_domain::bundle::{BundleFacts, BundleRefusal};
use estampe_domain::ports::Offered;

use crate::bundle::{self, Bundle, Keys};
use crate::cache;
use crate::compiler::Compiler;
use crate::host::offered;

/// Time for asking the compiler which processor it compiles for.
const ASKING: Duration = Duration::from_secs(20);

/// Looks at bundles.
pub struct Looker {
    keys: Keys,
    cache: PathBuf,
    fingerprint: Result<String, String>,
}

impl Looker {
    /// With these keys, this folder of compiled plugins and this compiler.
    pub fn new(keys: Keys, cache: PathBuf, compiler: PathBuf) -> Self {
        Self { keys, cache, fingerprint: Compiler::new(compiler, ASKING).fingerprint() }
    }

    /// Why nothing could be compiled, if that is so.
    pub fn compiler_problem(&self) -> Option<&str> {
        self.fingerprint.as_ref().err().map(String::as_str)
    }

    /// What a bundle is, and whether it lies compiled already for this program.
    pub fn look(&self, octets: &[u8]) -> Result<(BundleFacts, bool), BundleRefusal> {
        let Bundle { facts, component, .. } = bundle::read(octets, &self.keys)?;
        let name = self.fingerprint.as_ref().map(|fingerprint| cache::name(fingerprint, &component));
        let is_compiled = name.is_ok_and(|name| self.cache.join(name).is_file());
        Ok((facts, is_compiled))
    }

    /// The bundles that lie ready in a folder.
    pub fn offered(&self, folder: &Path) -> Offered {
        offered(folder, &self.keys)
    }
}
