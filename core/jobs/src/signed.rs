//! A mail with a signature below it, as its holder would write one.

use askama::Template;
use estampe_domain::Locale;
use estampe_domain::signature::Signature;
use estampe_service::{Settings, SignatureMailData};
use estampe_texts::say;

/// What such a mail says.
pub struct SignedMail<'a> {
    /// Subject.
    pub subject: String,
    /// Words above the signature.
    words: Vec<String>,
    signature: &'a Signature,
    locale: Locale,
}

#[derive(Template)]
#[template(path = "signed.html")]
struct Html<'a> {
    lang: &'a str,
    mail: &'a SignedMail<'a>,
}

impl<'a> SignedMail<'a> {
    /// Writes one.
    pub fn new(data: &'a SignatureMailData, settings: &Settings) -> Self {
        let words = |key: &'static str| {
            say(data.locale, key)
                .with("name", data.account.name.to_string())
                .with("organisation", settings.organisation.clone())
                .to_string()
        };
        Self {
            subject: words("mail-signature-subject"),
            words: vec![
                words("mail-account-greeting"),
                words("mail-signature-intro"),
                words("mail-signature-only-you"),
            ],
            signature: &data.signature,
            locale: data.locale,
        }
    }

    /// As plain text; what stands below `-- ` is a signature (RFC 3676, 4.3).
    pub fn text(&self) -> String {
        format!("{}\n\n-- \n{}\n", self.words.join("\n\n"), self.signature.text)
    }

    /// As HTML. The signature was made harmless by the host.
    pub fn html(&self) -> Result<String, askama::Error> {
        Html { lang: self.locale.tag(), mail: self }.render()
    }
}
