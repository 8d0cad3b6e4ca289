//! The add-in for Outlook.

use askama::Template as _;

use crate::console::outlook::{ConnectPage, PanePage};
use crate::locale::Lang;

/// Its pages.
pub(crate) fn pages(l: &Lang) -> Vec<(&'static str, String)> {
    let origin = "https://estampe.banque-garonne.example";
    let connect = || ConnectPage::new(l, "csrf".to_owned());
    let key = Some(format!("estp_{}", "0123456789abcdefghijklmnopqrstuv".repeat(2).get(..60).unwrap_or_default()));
    let problem = Some(l.t("outlook-no-signature").to_string());
    vec![
        ("outlook-pane", PanePage::new(l, origin).render().unwrap()),
        ("outlook-connect", connect().render().unwrap()),
        ("outlook-connect-done", ConnectPage { key, ..connect() }.render().unwrap()),
        ("outlook-connect-none", ConnectPage { problem, ..connect() }.render().unwrap()),
    ]
}
