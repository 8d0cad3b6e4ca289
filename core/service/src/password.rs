//! Passwords: argon2id on threads that stand back behind visitors, a few at a time.

use std::sync::Arc;

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use estampe_domain::password::{PasswordProblem, check_new_password};
use estampe_domain::ports::Random;
use estampe_domain::{Error, Result};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::password_memory::Memory;

/// Most that wait for their turn: whoever comes then would wait for longer than they do.
const WAITING: usize = 128;

/// Bounded hashing: each takes 19 MiB, so a flood of sign-ins queues here.
pub struct Passwords {
    gate: Arc<Semaphore>,
    /// Those under way and those that wait.
    line: Arc<Semaphore>,
    threads: Handle,
    memory: Memory,
}

impl crate::Service {
    /// Why a new password cannot be taken, for an account of this name and address.
    pub(crate) async fn new_password_problem(
        &self,
        password: &str,
        name: impl AsRef<str>,
        email: impl AsRef<str>,
    ) -> Result<Option<PasswordProblem>> {
        let (name, email) = (name.as_ref().to_owned(), email.as_ref().to_owned());
        let (organisation, breaches) = (self.settings.organisation.clone(), Arc::clone(&self.ports.breaches));
        self.passwords
            .bounded(password, move |password| {
                let Ok(password) = str::from_utf8(password) else { return Ok(Some(PasswordProblem::TooUniform)) };
                if let Err(problem) = check_new_password(password, &[&name, &email, &organisation]) {
                    return Ok(Some(problem));
                }
                let is_known = breaches.has(password).map_err(Error::Unavailable)?;
                Ok(is_known.then_some(PasswordProblem::Breached))
            })
            .await
    }
}

impl Passwords {
    /// On the blocking threads of this runtime: half as many at a time as there are processors,
    /// at most four.
    pub fn new(threads: Handle) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let at_once = (processors / 2).clamp(1, 4);
        let line = Arc::new(Semaphore::new(at_once + WAITING));
        let memory = Memory::new(threads.clone());
        Self { gate: Arc::new(Semaphore::new(at_once)), line, threads, memory }
    }

    /// Hashes a new password to a PHC string.
    pub async fn hash(&self, password: &str, random: &dyn Random) -> Result<String> {
        let mut salt = [0; 16];
        random.fill(&mut salt);
        let memory = self.memory.clone();
        self.bounded(password, move |password| {
            let wrong = |e: &dyn std::fmt::Display| Error::Internal(format!("argon2: {e}"));
            let out = fill(&memory, password, &salt).map_err(|e| wrong(&e))?;
            let hash = PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(&Params::DEFAULT).map_err(|e| wrong(&e))?,
                salt: Some(Salt::new(&salt).map_err(|e| wrong(&e))?),
                hash: Some(Output::new(&out).map_err(|e| wrong(&e))?),
            };
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether a password fits a hash. Without a hash the same work is done for
    /// nothing, so that time does not tell whether an account exists.
    pub async fn verify(&self, password: &str, hash: Option<String>, random: &dyn Random) -> Result<bool> {
        let Some(hash) = hash else {
            self.hash(password, random).await?;
            return Ok(false);
        };
        let memory = self.memory.clone();
        self.bounded(password, move |password| {
            let wrong = |e: &dyn std::fmt::Display| Error::Internal(format!("password hash: {e}"));
            let parsed = PasswordHash::new(&hash).map_err(|e| wrong(&e))?;
            match (&parsed.salt, parsed.hash) {
                (Some(salt), Some(expected)) if is_ours(&parsed) => {
                    let out = fill(&memory, password, salt).map_err(|e| wrong(&e))?;
                    // compares in constant time
                    Ok(Output::new(&out).map_err(|e| wrong(&e))? == expected)
                }
                // made with other parameters
                _ => Ok(hasher().verify_password(password, &parsed).is_ok()),
            }
        })
        .await
    }

    async fn bounded<T: Send + 'static>(
        &self,
        password: &str,
        work: impl FnOnce(&[u8]) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let full = |_| Error::Unavailable("too many sign in at once; try again in a moment".into());
        let place = Arc::clone(&self.line).try_acquire_owned().map_err(full)?;
        let closed = |_| Error::Unavailable("password hashing is closed".into());
        let permit = Arc::clone(&self.gate).acquire_owned().await.map_err(closed)?;
        let password = Zeroizing::new(password.as_bytes().to_vec());
        let hashing = self.threads.spawn_blocking(move || {
            let _held = (permit, place);
            work(&password)
        });
        hashing.await.map_err(|e| Error::Internal(format!("password hashing: {e}")))?
    }
}

/// The hash itself.
fn fill(memory: &Memory, password: &[u8], salt: &[u8]) -> argon2::Result<[u8; Params::DEFAULT_OUTPUT_LEN]> {
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    memory.with(|blocks| hasher().hash_password_into_with_memory(password, salt, &mut out, blocks))?;
    Ok(out)
}

/// Whether a hash was made as [`fill`] makes it.
fn is_ours(hash: &PasswordHash) -> bool {
    hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into())
        && hash.hash.is_some_and(|hash| hash.len() == Params::DEFAULT_OUTPUT_LEN)
        && ParamsString::try_from(&Params::DEFAULT).is_ok_and(|params| params == hash.params)
}

/// OWASP's second choice of parameters: 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordHasher;

    use super::*;

    struct Nines;

    impl Random for Nines {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(9);
        }
    }

    #[tokio::test]
    async fn hashes_are_those_of_the_crate_and_of_any_parameters() {
        let passwords = Passwords::new(Handle::current());
        let hash = passwords.hash("violet hortensia 47", &Nines).await.unwrap();
        let expected: PasswordHash = hasher().hash_password_with_salt(b"violet hortensia 47", &[9; 16]).unwrap();
        assert_eq!(hash, expected.to_string());
        let params = Params::new(64, 1, 1, Some(32)).unwrap();
        let other = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let other: PasswordHash = other.hash_password_with_salt(b"violet hortensia 47", b"another salt").unwrap();
        for hash in [hash, other.to_string()] {
            // twice: memory that was filled before makes no difference
            for (password, fits) in [("violet hortensia 47", true), ("violet hortensia 48", false)].repeat(2) {
                assert_eq!(passwords.verify(password, Some(hash.clone()), &Nines).await.unwrap(), fits, "{hash}");
            }
        }
        assert!(!passwords.verify("violet hortensia 47", None, &Nines).await.unwrap());
    }
}
