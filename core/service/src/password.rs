//! Passwords: argon2id on threads that stand back behind visitors, a few at a time.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use estampe_domain::password::{PasswordProblem, check_new_password};
use estampe_domain::ports::Random;
use estampe_domain::{Error, Result};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Most that wait for their turn: whoever comes then would wait for longer than they do.
const WAITING: usize = 128;

/// Bounded hashing: each takes 19 MiB, so a flood of sign-ins queues here.
pub struct Passwords {
    gate: Arc<Semaphore>,
    /// Those under way and those that wait.
    line: Arc<Semaphore>,
    threads: Handle,
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
        Self { gate: Arc::new(Semaphore::new(at_once)), line, threads }
    }

    /// Hashes a new password to a PHC string.
    pub async fn hash(&self, password: &str, random: &dyn Random) -> Result<String> {
        let mut salt = [0; 16];
        random.fill(&mut salt);
        self.bounded(password, move |password| {
            let hash: PasswordHash = hasher()
                .hash_password_with_salt(password, &salt)
                .map_err(|e| Error::Internal(format!("argon2: {e}")))?;
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
        self.bounded(password, move |password| {
            let parsed = PasswordHash::new(&hash).map_err(|e| Error::Internal(format!("password hash: {e}")))?;
            Ok(hasher().verify_password(password, &parsed).is_ok())
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

/// OWASP's second choice of parameters: 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}
