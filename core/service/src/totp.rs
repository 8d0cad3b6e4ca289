//! Codes of apps (TOTP, RFC 6238): SHA-1, six digits, thirty seconds, which is all that the
//! usual apps take.

use estampe_domain::credential::Secret;
use estampe_domain::ports::Random;
use estampe_domain::{Error, Result, Ts};
use totp_rs::{Algorithm, Builder, Secret as Seed, Totp};

/// Octets of a seed: those of the hash (RFC 4226, R6).
const SEED: usize = 20;

/// A new seed, in base32.
pub fn new_seed(random: &dyn Random) -> Secret {
    let mut seed = [0; SEED];
    random.fill(&mut seed);
    Secret::new(data_encoding::BASE32_NOPAD.encode(&seed))
}

/// The app of a seed. A clock may be one step off (RFC 6238, 5.2).
fn app(seed: &Secret, issuer: &str, name: &str) -> Result<Totp> {
    let unusable = || Error::invalid("seed", "it is no seed of ours");
    let octets = data_encoding::BASE32_NOPAD.decode(seed.reveal().as_bytes()).map_err(|_| unusable())?;
    if octets.len() != SEED {
        return Err(unusable());
    }
    // a colon parts the two in the app
    let plain = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_skew(1)
        .with_secret(Seed::new(octets.into_boxed_slice()))
        .with_issuer(Some(plain(issuer)))
        .with_account_name(plain(name))
        .build()
        .map_err(|_| unusable())
}

/// The `otpauth:` address that an app reads from a QR code.
pub fn url(seed: &Secret, issuer: &str, name: &str) -> Result<String> {
    app(seed, issuer, name)?.to_url().map_err(|error| Error::Internal(format!("otpauth: {error}")))
}

/// The step that a code is for; none when it is for none of these moments.
pub fn step(seed: &Secret, code: &str, now: Ts) -> Option<i64> {
    let seconds = u64::try_from(now.as_micros() / 1_000_000).ok()?;
    let app = app(seed, "Estampe", "account").ok()?;
    app.check(code, seconds).and_then(|step| i64::try_from(step).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_rfc_are_those_of_their_step() {
        // RFC 6238, appendix B, of SHA-1; the last six digits of eight
        let seed = Secret::new(data_encoding::BASE32_NOPAD.encode(b"12345678901234567890"));
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            let at = |seconds: i64| Ts::from_micros(seconds * 1_000_000);
            assert_eq!(step(&seed, code, at(seconds)), Some(seconds / 30));
            assert_eq!(step(&seed, code, at(seconds + 30)), Some(seconds / 30), "a step late");
            assert_eq!(step(&seed, code, at(seconds + 90)), None);
        }
        for wrong in ["", "28708", "2870822", "abcdef"] {
            assert_eq!(step(&seed, wrong, Ts::from_micros(59_000_000)), None, "{wrong}");
        }
        assert!(url(&seed, "Banque: Horizon", "a@b.example").unwrap().starts_with("otpauth://totp/Banque"));
    }
}
