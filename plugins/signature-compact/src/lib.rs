//! A small e-mail signature: how it looks in HTML (`html`) and in plain text. What it says
//! and what may be configured are those of `estampe-plugin-signature-common`.

mod html;

use estampe_plugin_sdk::{Failure, Rendered, SignatureInput, SignatureTemplate, Template, TemplateHost};
use estampe_plugin_signature_common::facts::Facts;
use estampe_plugin_signature_common::options::Options;
use estampe_plugin_signature_common::{described, text};

/// Attributes of people that it makes use of.
const OF_PEOPLE: [&str; 11] = [
    "displayName",
    "cn",
    "givenName",
    "sn",
    "title",
    "o",
    "telephoneNumber",
    "mobile",
    "mail",
    "labeledURI",
    "wWWHomePage",
];
/// Attributes of organisations that it makes use of.
const OF_ORGANISATIONS: [&str; 3] = ["o", "labeledURI", "wWWHomePage"];
/// The size of a logo whose own is not set: two lines.
const LOGO: u32 = 36;

/// The template.
#[derive(Debug)]
pub struct SignatureCompact;

impl SignatureTemplate for SignatureCompact {
    fn describe() -> Template {
        described(&OF_PEOPLE, &OF_ORGANISATIONS)
    }

    fn render(host: &dyn TemplateHost, input: &SignatureInput) -> Result<Rendered, Failure> {
        let options = Options::read(host, input, LOGO)?;
        let mut facts = Facts::of(input)?;
        // one of each kind is what two lines have room for
        facts.phones.truncate(1);
        facts.mobiles.truncate(1);
        Ok(Rendered { html: html::write(&facts, &options), text: text(&facts, &options) })
    }
}

fn text(facts: &Facts<'_>, options: &Options) -> String {
    let first: Vec<&str> = [Some(facts.name.as_str()), facts.title, facts.organisation].into_iter().flatten().collect();
    let mut lines = vec![first.join(" · ")];
    let mut ways = text::numbers(facts, &options.labels);
    ways.extend(facts.mail.map(str::to_owned));
    ways.extend(facts.links.first().map(|page| page.address.clone()));
    // a line that is too long for both is better broken between them
    let all = ways.join(" · ");
    if all.len() > text::READABLE {
        lines.extend(ways);
    } else if !all.is_empty() {
        lines.push(all);
    }
    text::finish(lines, options.notice.as_deref(), text::READABLE)
}

estampe_plugin_sdk::export_signature_template!(SignatureCompact);
