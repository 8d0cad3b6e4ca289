//! The signature in HTML: who it is on one line, how to reach them on the next.

use std::borrow::Cow;

use estampe_plugin_sdk::html::escape;
use estampe_plugin_signature_common::facts::Facts;
use estampe_plugin_signature_common::html::{link, logo, notice, number, table};
use estampe_plugin_signature_common::options::Options;

/// Between two facts of a line. The blank before it does not break, so that no line begins
/// with the dot.
const BETWEEN: &str = "&nbsp;· ";

/// Writes it.
pub fn write(facts: &Facts<'_>, options: &Options) -> String {
    let (language, accent) = (options.labels.language, options.colour.as_str());
    let picture = options.logo.as_ref().map(|picture| logo(picture, facts.alt(), 10));
    let columns = if picture.is_some() { " colspan=\"2\"" } else { "" };
    let lines = [who(facts, options.ink()), ways(facts, options)];
    let lines = lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("<br>");
    let notice = options.notice.as_ref().map(|text| {
        format!(
            "<tr><td{columns} lang=\"{language}\" style=\"padding:6px 0 0 0;font-size:11px;color:#666666\">\
             {}</td></tr>",
            notice(text)
        )
    });
    let (table, picture, notice) = (table(12), picture.unwrap_or_default(), notice.unwrap_or_default());
    format!(
        "{table}{picture}<td lang=\"{language}\" valign=\"top\" style=\"padding:0 0 0 10px;\
         border-left:2px solid {accent}\">{lines}</td></tr>{notice}</tbody></table>"
    )
}

fn who(facts: &Facts<'_>, ink: &str) -> String {
    // a name that runs from right to left keeps what follows where it is
    let mut parts = vec![format!("<strong dir=\"auto\" style=\"color:{ink}\">{}</strong>", escape(&facts.name))];
    parts.extend([facts.title, facts.organisation].into_iter().flatten().map(|part| escape(part).into_owned()));
    parts.join(BETWEEN)
}

fn ways(facts: &Facts<'_>, options: &Options) -> String {
    let (labels, ink) = (&options.labels, options.ink());
    let numbers = facts.phones.iter().map(|digits| (labels.phone, digits));
    let numbers = numbers.chain(facts.mobiles.iter().map(|digits| (labels.mobile, digits)));
    let mut ways: Vec<Cow<'_, str>> = numbers
        .map(|(label, digits)| {
            let (colon, number) = (escape(labels.colon), number(digits, ink));
            Cow::Owned(format!("<span style=\"white-space:nowrap\">{label}{colon}{number}</span>"))
        })
        .collect();
    ways.extend(facts.mail.map(|mail| Cow::Owned(link(&format!("mailto:{mail}"), mail, ink))));
    // one: it is two lines
    ways.extend(facts.links.first().map(|page| Cow::Owned(link(&page.address, page.shown(), ink))));
    ways.join(BETWEEN)
}
