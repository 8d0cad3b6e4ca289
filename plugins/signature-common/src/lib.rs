//! What the signature templates of this repository share: what is known of a person
//! (`facts`), what may be configured (`options`), pieces of HTML (`html`), the plain text
//! (`text`) and the inputs that all of them are tried on (`testing`). No plugin itself.

pub mod colour;
pub mod facts;
pub mod html;
pub mod options;
pub mod testing;
pub mod text;

use estampe_plugin_sdk::Template;

/// What a template says of itself that makes use of these attributes, in French and English.
pub fn described(of_people: &[&str], of_organisations: &[&str]) -> Template {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Template {
        person_attributes: names(of_people),
        organisation_attributes: names(of_organisations),
        locales: names(&["fr", "en"]),
    }
}
