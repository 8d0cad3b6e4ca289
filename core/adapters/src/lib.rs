//! Ports of the domain made real: clock, randomness, mail, images, QR.

mod images;
mod qr;
mod smtp;
mod smtp_door;
mod system;

pub use images::Portraits;
pub use qr::QrPictures;
pub use smtp::{Encryption, Examined, NoMailer, SmtpMailer, SmtpSettings};
pub use system::{SystemClock, SystemRandom};
