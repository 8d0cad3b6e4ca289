//! A full e-mail signature with a banner for a campaign: how it looks in HTML (`html`), and
//! the banner (`banner`). What else it says, what else may be configured and the plain text
//! are those of `estampe-plugin-signature-common`.

mod banner;
mod html;

use estampe_plugin_sdk::{Failure, Rendered, SignatureInput, SignatureTemplate, Template, TemplateHost};
use estampe_plugin_signature_common::facts::{self, Facts};
use estampe_plugin_signature_common::options::Options;
use estampe_plugin_signature_common::{described, text};

use banner::Banner;

/// The size of a logo whose own is not set.
const LOGO: u32 = 96;

/// The template.
#[derive(Debug)]
pub struct SignatureBanner;

impl SignatureTemplate for SignatureBanner {
    fn describe() -> Template {
        described(&facts::OF_PEOPLE, &facts::OF_ORGANISATIONS)
    }

    fn render(host: &dyn TemplateHost, input: &SignatureInput) -> Result<Rendered, Failure> {
        let options = Options::read(host, input, LOGO)?;
        let banner = Banner::read(host, &options.labels)?;
        let facts = Facts::of(input)?;
        let html = html::write(&facts, &options, banner.as_ref());
        // the banner stands above the notice there, too
        let notice = options.notice.clone();
        let text = text::write(&facts, &Options { notice: None, ..options }, text::READABLE);
        let parts = [Some(text), banner.map(|banner| banner.text())];
        let text = text::finish(
            vec![parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")],
            notice.as_deref(),
            text::READABLE,
        );
        Ok(Rendered { html, text })
    }
}

estampe_plugin_sdk::export_signature_template!(SignatureBanner);
