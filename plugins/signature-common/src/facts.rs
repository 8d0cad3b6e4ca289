//! What a signature says, taken from the attributes of a person and their organisation.

use estampe_plugin_sdk::{Attributes, Failure, SignatureInput, html};

/// Attributes of people that a template makes use of that shows all of it.
pub const OF_PEOPLE: [&str; 17] = [
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
    "street",
    "postalCode",
    "l",
    "co",
];
/// Attributes of organisations that such a template makes use of.
pub const OF_ORGANISATIONS: [&str; 7] = ["o", "labeledURI", "wWWHomePage", "street", "postalCode", "l", "co"];

/// Telephone numbers of one kind.
const MAX_NUMBERS: usize = 3;

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
    /// Web page, without its scheme and as a link.
    pub website: Option<(String, String)>,
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
            website: website(organisation).or_else(|| website(person)),
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

fn website(of: &Attributes) -> Option<(String, String)> {
    let link = html::web(of.text("labeledURI").or_else(|| of.text("wWWHomePage"))?)?;
    let shown = link.split_once("://").map_or(link.as_str(), |(_, shown)| shown);
    Some((shown.trim_end_matches('/').to_owned(), link))
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
