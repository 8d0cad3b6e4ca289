//! What belongs to no section of its own: nothing to see, the settings, the design system.

use askama::Template as _;

use super::Pages;
use crate::console::home::NothingPage;
use crate::console::settings::SettingsPage;
use crate::console::shell::Section;
use crate::console::styleguide::StyleguidePage;
use crate::locale::Lang;
use crate::samples::{self, shell};

/// Their pages.
pub(super) fn pages(l: &Lang) -> Pages {
    let nothing = |has_person| NothingPage { l, s: samples::nobody(), has_person }.render().unwrap();
    let facts = &samples::configuration::settings();
    vec![
        ("nothing", nothing(false)),
        ("nothing-role", nothing(true)),
        ("settings", SettingsPage { l, s: shell(Section::Settings), facts }.render().unwrap()),
        ("styleguide", StyleguidePage::new(l, shell(Section::Styleguide)).render().unwrap()),
    ]
}
