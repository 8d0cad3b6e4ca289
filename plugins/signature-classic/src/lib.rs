//! A sober e-mail signature: what it says (`facts`), how that looks in HTML (`html`) and
//! in plain text (`text`), and what may be configured (`options`).

mod facts;
mod html;
mod options;
mod text;

use estampe_plugin_sdk::{Failure, Rendered, SignatureInput, SignatureTemplate, Template, TemplateHost};

use facts::Facts;
use options::Options;

/// The template.
#[derive(Debug)]
pub struct SignatureClassic;

impl SignatureTemplate for SignatureClassic {
    fn describe() -> Template {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Template {
            person_attributes: names(&facts::OF_PEOPLE),
            organisation_attributes: names(&facts::OF_ORGANISATIONS),
            locales: names(&["fr", "en"]),
        }
    }

    fn render(host: &dyn TemplateHost, input: &SignatureInput) -> Result<Rendered, Failure> {
        let options = Options::read(host, input)?;
        let facts = Facts::of(input)?;
        Ok(Rendered { html: html::write(&facts, &options), text: text::write(&facts, &options) })
    }
}

estampe_plugin_sdk::export_signature_template!(SignatureClassic);
