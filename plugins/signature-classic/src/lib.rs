//! A sober e-mail signature: how it looks in HTML (`html`). What it says, what may be
//! configured and the plain text are those of `estampe-plugin-signature-common`.

mod html;

use estampe_plugin_sdk::{Failure, Rendered, SignatureInput, SignatureTemplate, Template, TemplateHost};
use estampe_plugin_signature_common::facts::{self, Facts};
use estampe_plugin_signature_common::options::Options;
use estampe_plugin_signature_common::{described, text};

/// The size of a logo whose own is not set.
const LOGO: u32 = 96;

/// The template.
#[derive(Debug)]
pub struct SignatureClassic;

impl SignatureTemplate for SignatureClassic {
    fn describe() -> Template {
        described(&facts::OF_PEOPLE, &facts::OF_ORGANISATIONS)
    }

    fn render(host: &dyn TemplateHost, input: &SignatureInput) -> Result<Rendered, Failure> {
        let options = Options::read(host, input, LOGO)?;
        let facts = Facts::of(input)?;
        let text = text::write(&facts, &options, text::MOST);
        Ok(Rendered { html: html::write(&facts, &options), text })
    }
}

estampe_plugin_sdk::export_signature_template!(SignatureClassic);
