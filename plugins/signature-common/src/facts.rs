//! What a signature says, taken from the attributes of a person and their organisation.

use estampe_plugin_sdk::{Attributes, Failure, SignatureInput, html};

/// Attributes of people that a template makes use of that shows all of it.
pub const OF_PEOPLE: [&str; 18] = [
    "displayName",
    "cn",
    "givenName",
    "sn",
    "title",
    "department",
    "ou",
    "o",
    "telephoneNumber",
    "mobile",
    "mail",
    "labeledURI",
    "wWWHomePage",
    "profileUrl",
    "street",
    "postalCode",
    "l",
    "co",
];
/// Attributes of organisations that such a template makes use of.
pub const OF_ORGANISATIONS: [&str; 7] = ["o", "labeledURI", "wWWHomePage", "street", "postalCode", "l", "co"];

/// Telephone numbers of one kind.
const MAX_NUMBERS: usize = 3;
/// Links of a person.
const MAX_LINKS: usize = 3;

/// A link: its words, if it has any of its own, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its words.
    pub label: Option<String>,
    /// Its address.
    pub address: String,
}

impl Page {
    /// What is shown of it: its words, else its address without its scheme.
    pub fn shown(&self) -> &str {
        let bare = || self.address.split_once("://").map_or(self.address.as_str(), |(_, shown)| shown);
        self.label.as_deref().unwrap_or_else(|| bare().trim_end_matches('/'))
    }
}

/// What it says.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Whose it is.
    pub name: String,
    /// What they do.
    pub title: Option<&'a str>,
    /// Where in the organisation.
    pub department: Option<&'a str>,
    /// The organisation.
    pub organisation: Option<&'a str>,
    /// Fixed telephones.
    pub phones: Vec<&'a str>,
    /// Mobile telephones.
    pub mobiles: Vec<&'a str>,
    /// Mailbox.
    pub mail: Option<&'a str>,
    /// Web pages: the organisation's, then their own.
    pub links: Vec<Page>,
    /// Their business card.
    pub card: Option<String>,
    /// Postal address, line by line.
    pub address: Vec<String>,
}

impl Facts<'_> {
    /// Title and department, those that are known.
    pub fn role(&self) -> Vec<&str> {
        [self.title, self.department].into_iter().flatten().collect()
    }

    /// What the organisation is called, for a picture that stands for it.
    pub fn alt(&self) -> &str {
        self.organisation.unwrap_or_default()
    }
}

impl<'a> Facts<'a> {
    /// Those of a person; a failure when there is nothing to call them by.
    pub fn of(input: &'a SignatureInput) -> Result<Self, Failure> {
        let SignatureInput { person, organisation, .. } = input;
        let name = name(person).ok_or_else(|| {
            Failure::config(
                "there is no name: none of displayName, cn, givenName and sn is known and granted; \
                 grant one of these fields to the template",
            )
        })?;
        let theirs = address(person);
        Ok(Self {
            name,
            title: person.text("title"),
            department: person.text("department").or_else(|| person.text("ou")),
            organisation: person.text("o").or_else(|| organisation.text("o")),
            phones: person.texts("telephoneNumber").take(MAX_NUMBERS).collect(),
            mobiles: person.texts("mobile").take(MAX_NUMBERS).collect(),
            mail: person.text("mail").filter(|mail| mail.contains('@')),
            links: links(person, organisation),
            card: person.text("profileUrl").and_then(html::web),
            address: if theirs.is_empty() { address(organisation) } else { theirs },
        })
    }
}

fn name(person: &Attributes) -> Option<String> {
    if let Some(name) = person.text("displayName").or_else(|| person.text("cn")) {
        return Some(name.to_owned());
    }
    let parts: Vec<&str> = [person.text("givenName"), person.text("sn")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The organisation's own site says itself what it is; those of a person have words (RFC 2079).
fn links(person: &Attributes, organisation: &Attributes) -> Vec<Page> {
    let site = organisation.text("labeledURI").or_else(|| organisation.text("wWWHomePage"));
    let site = site.and_then(html::web).map(|address| Page { label: None, address });
    let theirs = person.texts("labeledURI").take(MAX_LINKS).filter_map(|text| {
        let label = text.trim().split_once(char::is_whitespace).map(|(_, label)| label.trim().to_owned());
        Some(Page { label: label.filter(|label| !label.is_empty()), address: html::web(text)? })
    });
    let mut links: Vec<Page> = site.into_iter().chain(theirs).collect();
    if links.is_empty() {
        let page = person.text("wWWHomePage").and_then(html::web);
        links.extend(page.map(|address| Page { label: None, address }));
    }
    links
}

/// Street, then postcode and town, then country; nothing when neither street nor town is
/// known, since a country alone is no address.
fn address(of: &Attributes) -> Vec<String> {
    if of.text("street").is_none() && of.text("l").is_none() {
        return Vec::new();
    }
    // RFC 4519: lines of an address are parted by $ in some directories
    let street = of.text("street").into_iter().flat_map(|street| street.split(['\n', '$']));
    let town: Vec<&str> = [of.text("postalCode"), of.text("l")].into_iter().flatten().collect();
    let lines = street.map(|line| line.trim().to_owned()).chain([town.join(" ")]);
    lines.chain(of.text("co").map(str::to_owned)).filter(|line| !line.is_empty()).collect()
}
