//! The signature in HTML: tables, styles at the elements and sizes as attributes, since
//! Outlook draws it with Word's engine. It is written as browsers write HTML themselves, so
//! that the host has nothing to mend in it.

use estampe_plugin_sdk::html::{escape, tel};

use crate::facts::Facts;
use crate::options::{Logo, Options};

const TABLE: &str = "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
    style=\"border-collapse:collapse;font-family:Arial,Helvetica,sans-serif;font-size:13px;line-height:1.4;\
    color:#333333\"><tbody><tr>";

/// Writes it.
pub fn write(facts: &Facts<'_>, options: &Options) -> String {
    let language = options.labels.language;
    let picture = options.logo.as_ref().map(|logo| picture(logo, facts.organisation.unwrap_or_default()));
    let columns = if picture.is_some() { " colspan=\"2\"" } else { "" };
    let lines = lines(facts, options).join("<br>");
    let notice = options.notice.as_ref().map(|notice| {
        let notice = notice.lines().map(|line| escape(line.trim())).collect::<Vec<_>>().join("<br>");
        format!(
            "<tr><td{columns} lang=\"{language}\" style=\"padding:8px 0 0 0;font-size:11px;color:#666666\">\
             {notice}</td></tr>"
        )
    });
    let (picture, notice) = (picture.unwrap_or_default(), notice.unwrap_or_default());
    format!("{TABLE}{picture}<td lang=\"{language}\" valign=\"top\">{lines}</td></tr>{notice}</tbody></table>")
}

/// The cell of the logo, with both sizes: Word's engine takes the file's own otherwise.
fn picture(logo: &Logo, alt: &str) -> String {
    let Logo { address, width, height } = logo;
    format!(
        "<td width=\"{width}\" valign=\"top\" style=\"padding:0 14px 0 0\"><img src=\"{}\" width=\"{width}\" \
         height=\"{height}\" border=\"0\" alt=\"{}\" style=\"display:block\"></td>",
        escape(address),
        escape(alt)
    )
}

fn lines(facts: &Facts<'_>, options: &Options) -> Vec<String> {
    let colour = options.colour.as_str();
    let link = |address: &str, shown: &str| {
        format!("<a href=\"{}\" style=\"color:{colour};text-decoration:none\">{}</a>", escape(address), escape(shown))
    };
    let mut lines = vec![format!("<strong style=\"font-size:15px;color:{colour}\">{}</strong>", escape(&facts.name))];
    let role: Vec<_> = [facts.title, facts.department].into_iter().flatten().map(escape).collect();
    if !role.is_empty() {
        lines.push(role.join(" · "));
    }
    lines.extend(facts.organisation.map(|organisation| format!("<strong>{}</strong>", escape(organisation))));
    let labels = &options.labels;
    let numbers = facts.phones.iter().map(|number| (labels.phone, number));
    for (label, number) in numbers.chain(facts.mobiles.iter().map(|number| (labels.mobile, number))) {
        let shown = tel(number).map_or_else(|| escape(number).into_owned(), |address| link(&address, number));
        lines.push(format!("{label}{}{shown}", escape(labels.colon)));
    }
    lines.extend(facts.mail.map(|mail| link(&format!("mailto:{mail}"), mail)));
    lines.extend(facts.website.as_ref().map(|(shown, address)| link(address, shown)));
    lines.extend(facts.address.iter().map(|line| escape(line).into_owned()));
    lines
}
