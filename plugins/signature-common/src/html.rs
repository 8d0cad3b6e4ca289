//! Pieces of HTML: styles at the elements and sizes as attributes, since Outlook draws with
//! Word's engine. They are written as browsers write HTML themselves, so that the host has
//! nothing to mend in them. The rules that they keep: docs/plugins/signatures.md.

use std::borrow::Cow;

use estampe_plugin_sdk::html::{escape, tel};

use crate::options::Picture;

/// The colour of ordinary text.
pub const INK: &str = "#333333";

/// Opens the table that all of a signature stands in, with text of this size. It names the
/// font itself: a table inherits none from a mail's body where clients draw as old browsers.
pub fn table(size: u32) -> String {
    format!(
        "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"border-collapse:collapse;font-family:Arial,Helvetica,sans-serif;font-size:{size}px;line-height:1.4;\
         color:{INK}\"><tbody><tr>"
    )
}

/// A picture with both sizes, which Word's engine takes from the file otherwise.
pub fn picture(picture: &Picture, alt: &str, style: &str) -> String {
    let Picture { address, width, height } = picture;
    format!(
        "<img src=\"{}\" width=\"{width}\" height=\"{height}\" border=\"0\" alt=\"{}\" style=\"display:block{style}\">",
        escape(address),
        escape(alt)
    )
}

/// The cell of a logo, that far from what stands beside it.
pub fn logo(logo: &Picture, alt: &str, distance: u32) -> String {
    let width = logo.width;
    let picture = picture(logo, alt, "");
    format!("<td width=\"{width}\" valign=\"top\" style=\"padding:0 {distance}px 0 0\">{picture}</td>")
}

/// A text that leads somewhere, in a colour of ours: clients paint links blue otherwise.
pub fn link(address: &str, shown: &str, colour: &str) -> String {
    format!("<a href=\"{}\" style=\"color:{colour};text-decoration:none\">{}</a>", escape(address), escape(shown))
}

/// A telephone number, as a link where it is one.
pub fn number<'a>(number: &'a str, colour: &str) -> Cow<'a, str> {
    tel(number).map_or_else(|| escape(number), |address| Cow::Owned(link(&address, number, colour)))
}

/// A notice of several lines.
pub fn notice(notice: &str) -> String {
    notice.lines().map(|line| escape(line.trim())).collect::<Vec<_>>().join("<br>")
}
