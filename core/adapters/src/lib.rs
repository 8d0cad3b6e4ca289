//! Ports of the domain made real: clock, randomness, mail, requests of plugins, directories,
//! sign-in providers, images, QR; and what else speaks to the outside world: ACME.

mod acme;
mod backup;
mod breaches;
mod egress;
mod images;
mod ldap;
mod openid;
mod passkeys;
mod qr;
mod smtp;
mod smtp_door;
mod system;

pub use acme::{AcmeAccount, AcmeSettings, Issued};
pub use backup::{
    BackupFolder, BackupSettings, Identities, Unpacked, add_erasures, erasures_beside, erasures_in, new_identity,
    unpack,
};
pub use breaches::{BreachFile, NoBreaches};
pub use egress::{CheckedEgress, EgressSettings};
pub use images::SafeImages;
pub use ldap::LdapDirectories;
pub use openid::OpenIdProviders;
pub use passkeys::WebAuthnPasskeys;
pub use qr::QrPictures;
pub use smtp::{Encryption, Examined, NoMailer, SmtpMailer, SmtpSettings};
pub use system::{SystemClock, SystemRandom};

/// When a certificate (DER) ends.
fn certificate_end(der: &[u8]) -> Option<estampe_domain::Ts> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    Some(estampe_domain::Ts::from_micros(seconds.saturating_mul(1_000_000)))
}
