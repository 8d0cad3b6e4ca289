//! The signature in HTML: a logo, and beside it a line for each fact.

use estampe_plugin_sdk::html::escape;
use estampe_plugin_signature_common::facts::Facts;
use estampe_plugin_signature_common::html::{link, logo, notice, number, table};
use estampe_plugin_signature_common::options::Options;

/// Writes it.
pub fn write(facts: &Facts<'_>, options: &Options) -> String {
    let language = options.labels.language;
    let picture = options.logo.as_ref().map(|picture| logo(picture, facts.alt(), 14));
    let columns = if picture.is_some() { " colspan=\"2\"" } else { "" };
    let lines = lines(facts, options).join("<br>");
    let notice = options.notice.as_ref().map(|text| {
        format!(
            "<tr><td{columns} lang=\"{language}\" style=\"padding:8px 0 0 0;font-size:11px;color:#666666\">\
             {}</td></tr>",
            notice(text)
        )
    });
    let (table, picture, notice) = (table(13), picture.unwrap_or_default(), notice.unwrap_or_default());
    format!("{table}{picture}<td lang=\"{language}\" valign=\"top\">{lines}</td></tr>{notice}</tbody></table>")
}

fn lines(facts: &Facts<'_>, options: &Options) -> Vec<String> {
    let colour = options.ink();
    let mut lines = vec![format!("<strong style=\"font-size:15px;color:{colour}\">{}</strong>", escape(&facts.name))];
    let role: Vec<_> = facts.role().into_iter().map(escape).collect();
    if !role.is_empty() {
        lines.push(role.join(" · "));
    }
    lines.extend(facts.organisation.map(|organisation| format!("<strong>{}</strong>", escape(organisation))));
    let labels = &options.labels;
    let numbers = facts.phones.iter().map(|number| (labels.phone, number));
    for (label, digits) in numbers.chain(facts.mobiles.iter().map(|number| (labels.mobile, number))) {
        lines.push(format!("{label}{}{}", escape(labels.colon), number(digits, colour)));
    }
    lines.extend(facts.mail.map(|mail| link(&format!("mailto:{mail}"), mail, colour)));
    lines.extend(facts.links.iter().map(|page| link(&page.address, page.shown(), colour)));
    lines.extend(facts.card.as_ref().map(|card| link(card, labels.card, colour)));
    lines.extend(facts.address.iter().map(|line| escape(line).into_owned()));
    lines
}
