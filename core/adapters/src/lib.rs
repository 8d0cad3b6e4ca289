//! Ports of the domain made real: clock, randomness, mail, images, QR, directories; and what else speaks
//! to the outside world: ACME.

mod acme;
mod images;
mod ldap;
mod qr;
mod smtp;
mod smtp_door;
mod system;

pub use acme::{AcmeAccount, AcmeSettings, Issued};
pub use images::Portraits;
pub use ldap::LdapDirectories;
pub use qr::QrPictures;
pub use smtp::{Encryption, Examined, NoMailer, SmtpMailer, SmtpSettings};
pub use system::{SystemClock, SystemRandom};
