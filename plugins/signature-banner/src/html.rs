//! The signature in HTML: a logo, beside it the facts behind a line in the accent, below
//! them the banner, and at the foot the notice.

use estampe_plugin_sdk::html::escape;
use estampe_plugin_signature_common::facts::Facts;
use estampe_plugin_signature_common::html::{link, logo, notice, number, picture, table};
use estampe_plugin_signature_common::options::Options;

use crate::banner::Banner;

/// Writes it.
pub fn write(facts: &Facts<'_>, options: &Options, banner: Option<&Banner>) -> String {
    let (language, accent) = (options.labels.language, options.colour.as_str());
    let picture = options.logo.as_ref().map(|picture| logo(picture, facts.alt(), 16));
    let columns = if picture.is_some() { " colspan=\"2\"" } else { "" };
    let below = |style: &str, content: &str| {
        format!("<tr><td{columns} lang=\"{language}\" style=\"{style}\">{content}</td></tr>")
    };
    let banner = banner.map(|banner| below("padding:14px 0 0 0", &shown(banner))).unwrap_or_default();
    let notice =
        options.notice.as_ref().map(|text| below("padding:10px 0 0 0;font-size:11px;color:#666666", &notice(text)));
    let lines = lines(facts, options).join("<br>");
    let (table, picture, notice) = (table(13), picture.unwrap_or_default(), notice.unwrap_or_default());
    format!(
        "{table}{picture}<td lang=\"{language}\" valign=\"top\" style=\"padding:0 0 0 16px;\
         border-left:3px solid {accent}\">{lines}</td></tr>{banner}{notice}</tbody></table>"
    )
}

/// The banner. Where there is less room than it is wide, it shrinks; Word's engine goes by
/// the attributes.
fn shown(banner: &Banner) -> String {
    let image = picture(&banner.picture, &banner.alt, ";max-width:100%;height:auto");
    match &banner.link {
        Some(address) => format!("<a href=\"{}\">{image}</a>", escape(address)),
        None => image,
    }
}

fn lines(facts: &Facts<'_>, options: &Options) -> Vec<String> {
    let (labels, ink) = (&options.labels, options.ink());
    let name = escape(&facts.name);
    let mut lines = vec![format!("<strong dir=\"auto\" style=\"font-size:17px;color:{ink}\">{name}</strong>")];
    let role: Vec<_> = facts.role().into_iter().map(escape).collect();
    if !role.is_empty() {
        lines.push(role.join("&nbsp;· "));
    }
    lines.extend(facts.organisation.map(|organisation| format!("<strong>{}</strong>", escape(organisation))));
    for (label, digits) in [(labels.phone, &facts.phones), (labels.mobile, &facts.mobiles)] {
        let numbers = digits.iter().map(|digits| number(digits, ink));
        lines.extend(numbers.map(|number| format!("{label}{}{number}", escape(labels.colon))));
    }
    lines.extend(facts.mail.map(|mail| link(&format!("mailto:{mail}"), mail, ink)));
    lines.extend(facts.links.iter().map(|page| link(&page.address, page.shown(), ink)));
    lines.extend(facts.card.as_ref().map(|card| link(card, labels.card, ink)));
    if !facts.address.is_empty() {
        let address = facts.address.iter().map(|line| escape(line)).collect::<Vec<_>>();
        lines.push(format!("<span style=\"color:#666666\">{}</span>", address.join(", ")));
    }
    lines
}
