//! The design system on one page: tokens and parts in both themes, side by side. Only a
//! development build serves it; a release answers as for any address that is not there.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use askama::Template;
use estampe_texts::key;

use crate::console::shell::{Section, Shell};
use crate::fields::{Field, Kind};
use crate::locale::Lang;
use crate::respond::Reply;
use crate::routes::Table;
use crate::session::Desk;

/// Whether this build serves the page.
const SERVED: bool = cfg!(debug_assertions);

const CSS: &str = include_str!("../../static/app.css");

/// Adds the routes, where this build has them.
pub(crate) fn routes(table: Table) -> Table {
    add(table, SERVED)
}

fn add(table: Table, served: bool) -> Table {
    if !served {
        return table;
    }
    table.scope("/styleguide", |table| table.get("", show).get("/themes.css", themes))
}

/// A colour: its name, its value, and whether words stand in it.
pub(crate) struct Colour {
    pub(crate) name: &'static str,
    pub(crate) value: &'static str,
}

/// One half of the page.
pub(crate) struct Theme {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) colours: Vec<Colour>,
    pub(crate) fields: Vec<Field>,
}

/// The page.
#[derive(Template)]
#[template(path = "console/styleguide.html")]
pub(crate) struct StyleguidePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) themes: [Theme; 2],
}

/// Every icon, by its name.
const ICONS: &[&str] = &[
    "alert", "back", "check", "clock", "disk", "download", "exchange", "forward", "gear", "globe", "home", "inbox",
    "key", "leave", "link", "lock", "mail", "people", "person", "phone", "pin", "plug", "plus", "qr", "refresh",
    "search", "team",
];

/// The tones of a pill, a notice, a banner.
const TONES: &[(&str, &str)] = &[
    ("plate", "styleguide-tone-plate"),
    ("leaf", "styleguide-tone-leaf"),
    ("sun", "styleguide-tone-sun"),
    ("seal", "styleguide-tone-seal"),
    ("plain", "styleguide-tone-plain"),
];

impl<'a> StyleguidePage<'a> {
    pub(crate) fn new(l: &'a Lang, s: Shell) -> Self {
        let theme = |id, title, name: fn(&str) -> &'static str, block| Theme {
            id,
            title,
            colours: colours(block),
            fields: fields(l, name),
        };
        let (light, dark) = blocks();
        let named_light = |name: &str| if name == "email" { "light-email" } else { other(name, true) };
        let named_dark = |name: &str| if name == "email" { "dark-email" } else { other(name, false) };
        let themes = [
            theme("light", key("styleguide-light"), named_light, light),
            theme("dark", key("styleguide-dark"), named_dark, dark),
        ];
        Self { l, s, themes }
    }

    fn icons(&self) -> &'static [&'static str] {
        ICONS
    }

    fn tones(&self) -> &'static [(&'static str, &'static str)] {
        TONES
    }
}

/// Ids stand once on a page, so each half has its own.
const fn other(name: &str, light: bool) -> &'static str {
    match (name.as_bytes(), light) {
        (b"name", true) => "light-name",
        (b"name", false) => "dark-name",
        (b"message", true) => "light-message",
        (b"message", false) => "dark-message",
        (_, true) => "light-language",
        (_, false) => "dark-language",
    }
}

fn fields(l: &Lang, name: fn(&str) -> &'static str) -> Vec<Field> {
    let choices = [("fr", "Français"), ("en", "English")].map(|(value, words)| (value.to_owned(), words.to_owned()));
    vec![
        Field::new(name("name"), l.t("account-name"), "Zoé Lefèvre-Núñez").hint(l.t("styleguide-hint")),
        Field::new(name("email"), l.t("first-run-email"), "zoe@banque,example")
            .kind(Kind::Line("email"))
            .problem(Some(l.t("first-run-email-wrong").to_string())),
        Field::new(name("message"), l.t("styleguide-lines"), "").kind(Kind::Lines).optional(),
        Field::new(name("language"), l.t("styleguide-choice"), "fr").kind(Kind::Choice(choices.into())),
    ]
}

/// What stands in the two `:root` blocks of the style sheet: light, then dark.
fn blocks() -> (&'static str, &'static str) {
    let mut blocks = CSS.split(":root {").skip(1).map(|rest| rest.split('}').next().unwrap_or_default());
    (blocks.next().unwrap_or_default(), blocks.next().unwrap_or_default())
}

fn colours(block: &'static str) -> Vec<Colour> {
    let tokens = block.lines().filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": "));
    tokens.filter(|(_, value)| value.starts_with('#')).map(|(name, value)| Colour { name, value }).collect()
}

/// Each theme under a class of its own, so that one page shows both.
pub(crate) fn themes_css() -> String {
    let (light, dark) = blocks();
    let ground = "background: var(--paper); color: var(--ink);";
    let mut css = format!(
        ".theme-light {{ {light} color-scheme: light; {ground} }}\n.theme-dark {{ {dark} color-scheme: dark; {ground} }}\n"
    );
    for Colour { name, .. } in colours(light) {
        // writing to a String cannot fail
        let _ = writeln!(css, ".swatch-{name} {{ background: var(--{name}); }}");
    }
    css
}

/// `GET /styleguide`
async fn show(desk: Desk) -> Reply {
    desk.page(&StyleguidePage::new(&desk.l, Shell::new(&desk, Section::Styleguide, "/styleguide")))
}

/// `GET /styleguide/themes.css`
async fn themes(_: Desk) -> Reply {
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/css; charset=utf-8")).body(themes_css()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_serves_no_style_guide() {
        assert!(SERVED, "tests are a development build");
        assert_eq!(add(Table::new(), true).list().len(), 4, "two addresses, each by GET and HEAD");
        assert!(add(Table::new(), false).list().is_empty());
    }

    #[test]
    fn every_icon_and_every_colour_is_shown() {
        assert!(ICONS.iter().all(|name| !crate::icons::strokes(name).is_empty()));
        let (light, dark) = blocks();
        assert_eq!(colours(light).len(), colours(dark).len());
        assert!(colours(light).len() > 15);
        let css = themes_css();
        assert!(css.contains(".theme-dark") && css.contains("#121418") && css.contains(".swatch-paper {"), "{css}");
    }
}
