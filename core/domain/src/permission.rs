//! What a plugin may do, item by item. A manifest asks for items, an administrator grants
//! them, the host lets through what was granted and nothing else.
//!
//! Each item has one written form, a line of words, which is what people read, what the
//! command line takes and what the store keeps: `http GET https://api.example.com/v1/*`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::egress::{Method, UrlPattern};

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// `input NAME`: read the file that is handed to its source by this name.
    Input(String),
    /// `http METHOD URL [read-only] [keys KEY,KEY…] [with CREDENTIAL]`: make such requests.
    Http {
        /// The method.
        method: Method,
        /// Which addresses.
        url: UrlPattern,
        /// Whether it changes nothing there, so that a dry run sends it too. `GET` and
        /// `HEAD` never need this word.
        read_only: bool,
        /// Its body is a JSON object with no other keys than these; whatever body when there is
        /// none of them.
        keys: BTreeSet<String>,
        /// The credential that the host may attach.
        credential: Option<String>,
    },
    /// `credential NAME KIND [with KEY,KEY…] [at URL] [SCOPE…]`: let the host authenticate as
    /// this.
    Credential {
        /// The name that requests use.
        name: String,
        /// How it authenticates, such as `client-credentials`.
        kind: String,
        /// The keys of the configuration whose secrets it takes.
        keys: BTreeSet<String>,
        /// The token endpoint that those are sent to, as the manifest has it.
        at: Option<String>,
        /// OAuth 2.0 scopes (RFC 6749, section 3.3).
        scopes: BTreeSet<String>,
    },
    /// `ldap connect SERVER,SERVER… […]`: search this directory.
    LdapConnect(LdapPlace),
    /// `ldap read ATTRIBUTE`: read this attribute there.
    LdapRead(String),
    /// `ldap read-mapped`: read there whatever attributes the mapping of the source names.
    LdapReadMapped,
    /// `field read NAME`: carry this field of people: deliver it, or be shown it.
    FieldRead(String),
    /// `field read-mapped`: carry whatever fields the mapping of the source names.
    FieldReadMapped,
    /// `field write NAME`: change this field in the directory.
    FieldWrite(String),
    /// `groups read`: tell which groups there are and who is in them.
    GroupsRead,
    /// `groups write`: make and change groups of the directory, and who is in them.
    GroupsWrite,
    /// `memory MIB`: so much memory in a call.
    Memory(u32),
    /// `time SECONDS`: so much processor time in a call.
    Time(u32),
    /// `network CIDR`: reach addresses there though they are private, of this machine or of
    /// its link. No manifest asks for this: it is the administrator's to add.
    Network(IpNet),
}

/// Where a plugin's directory is and how it is reached, each text as the manifest has it:
/// `SERVER,SERVER… [with KEY] [start-tls TEXT] [clear-text TEXT] [ca TEXT] [certificate TEXT]
/// [key TEXT]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LdapPlace {
    /// The servers.
    pub servers: Vec<String>,
    /// The key of the configuration that the password stands at.
    pub password: Option<String>,
    /// Whether StartTLS is used.
    pub start_tls: Option<String>,
    /// Whether clear text may be.
    pub clear_text: Option<String>,
    /// The file of the authority that counts.
    pub ca_file: Option<String>,
    /// The file of a certificate to authenticate by.
    pub client_certificate: Option<String>,
    /// The file of its private key.
    pub client_key: Option<String>,
}

impl LdapPlace {
    /// Its parts after the servers, by their words and in their order.
    fn parts(&mut self) -> [(&'static str, &mut Option<String>); 6] {
        let Self { servers: _, password, start_tls, clear_text, ca_file, client_certificate, client_key } = self;
        [
            ("with", password),
            ("start-tls", start_tls),
            ("clear-text", clear_text),
            ("ca", ca_file),
            ("certificate", client_certificate),
            ("key", client_key),
        ]
    }
}

impl fmt::Display for LdapPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.servers.join(","))?;
        for (word, text) in self.clone().parts() {
            if let Some(text) = text {
                write!(f, " {word} {text}")?;
            }
        }
        Ok(())
    }
}

/// Octets of a written item.
const MAX_LENGTH: usize = 4_096;
/// Octets of a name in it.
const MAX_NAME: usize = 128;

impl Permission {
    /// Whether this, granted, allows what `asked` asks.
    pub fn covers(&self, asked: &Self) -> bool {
        match (self, asked) {
            (Self::Memory(granted), Self::Memory(asked)) | (Self::Time(granted), Self::Time(asked)) => granted >= asked,
            (Self::Network(granted), Self::Network(asked)) => granted.contains(asked),
            (
                Self::Credential { name, kind, keys, at, scopes },
                Self::Credential { name: other, kind: other_kind, keys: other_keys, at: elsewhere, scopes: asked },
            ) => {
                let same = name == other && kind == other_kind && keys == other_keys && at == elsewhere;
                same && scopes.is_superset(asked)
            }
            (
                Self::Http { method, url, read_only, keys, credential },
                Self::Http { method: way, url: there, read_only: reads, keys: asked, credential: other },
            ) => {
                let same = method == way && url == there && read_only == reads && credential == other;
                same && (keys.is_empty() || (!asked.is_empty() && keys.is_superset(asked)))
            }
            (Self::LdapRead(granted), Self::LdapRead(asked))
            | (Self::FieldRead(granted), Self::FieldRead(asked))
            | (Self::FieldWrite(granted), Self::FieldWrite(asked)) => granted.eq_ignore_ascii_case(asked),
            (granted, asked) => granted == asked,
        }
    }

    /// Whether a manifest may ask for it.
    pub fn can_be_asked(&self) -> bool {
        !matches!(self, Self::Network(_))
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(name) => write!(f, "input {name}"),
            Self::Http { method, url, read_only, keys, credential } => {
                write!(f, "http {} {url}", method.as_str())?;
                if *read_only {
                    f.write_str(" read-only")?;
                }
                if !keys.is_empty() {
                    write!(f, " keys {}", keys.iter().map(String::as_str).collect::<Vec<_>>().join(","))?;
                }
                match credential {
                    Some(name) => write!(f, " with {name}"),
                    None => Ok(()),
                }
            }
            Self::Credential { name, kind, keys, at, scopes } => {
                write!(f, "credential {name} {kind}")?;
                if !keys.is_empty() {
                    write!(f, " with {}", keys.iter().map(String::as_str).collect::<Vec<_>>().join(","))?;
                }
                if let Some(at) = at {
                    write!(f, " at {at}")?;
                }
                scopes.iter().try_for_each(|scope| write!(f, " {scope}"))
            }
            Self::LdapConnect(place) => write!(f, "ldap connect {place}"),
            Self::LdapRead(name) => write!(f, "ldap read {name}"),
            Self::LdapReadMapped => f.write_str("ldap read-mapped"),
            Self::FieldRead(name) => write!(f, "field read {name}"),
            Self::FieldReadMapped => f.write_str("field read-mapped"),
            Self::FieldWrite(name) => write!(f, "field write {name}"),
            Self::GroupsRead => f.write_str("groups read"),
            Self::GroupsWrite => f.write_str("groups write"),
            Self::Memory(mib) => write!(f, "memory {mib}"),
            Self::Time(seconds) => write!(f, "time {seconds}"),
            Self::Network(network) => write!(f, "network {network}"),
        }
    }
}

/// Why a line is no item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{item}\" is no permission: {why}")]
pub struct NotAPermission {
    item: String,
    why: String,
}

impl FromStr for Permission {
    type Err = NotAPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).map_err(|why| NotAPermission { item: text.chars().take(200).collect(), why })
    }
}

fn read(text: &str) -> Result<Permission, String> {
    if text.len() > MAX_LENGTH || text.chars().any(char::is_control) {
        return Err(format!("it is one line of at most {MAX_LENGTH} octets"));
    }
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    match *words.as_slice() {
        ["input", input] => Ok(Permission::Input(name(input)?)),
        ["http", method, url, ref rest @ ..] => {
            let (read_only, rest) = match rest {
                ["read-only", rest @ ..] => (true, rest),
                rest => (false, rest),
            };
            let (keys, rest) = match rest {
                ["keys", keys, rest @ ..] => (keys.split(',').map(json_key).collect::<Result<_, _>>()?, rest),
                rest => (BTreeSet::new(), rest),
            };
            let credential = match rest {
                [] => None,
                ["with", credential] => Some(name(credential)?),
                _ => {
                    let known = "\"read-only\", \"keys KEY,KEY…\" and \"with CREDENTIAL\"";
                    return Err(format!("after the address stand {known} alone, in this order"));
                }
            };
            let method: Method = method.parse()?;
            if read_only && method.is_safe() {
                return Err(format!("{} is read-only already", method.as_str()));
            }
            if !keys.is_empty() && !method.has_body() {
                return Err(format!("{} has no body whose keys could be named", method.as_str()));
            }
            Ok(Permission::Http { method, url: url.parse()?, read_only, keys, credential })
        }
        ["credential", credential, kind, ref rest @ ..] => {
            let (keys, rest) = match rest {
                ["with", keys, rest @ ..] => (keys.split(',').map(name).collect::<Result<_, _>>()?, rest),
                rest => (BTreeSet::new(), rest),
            };
            let (at, scopes) = match rest {
                ["at", at, scopes @ ..] => (Some((*at).to_owned()), scopes),
                scopes => (None, scopes),
            };
            let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            Ok(Permission::Credential { name: name(credential)?, kind: name(kind)?, keys, at, scopes })
        }
        ["ldap", "connect", servers, ref rest @ ..] => Ok(Permission::LdapConnect(ldap_place(servers, rest)?)),
        ["ldap", "read", attribute] => Ok(Permission::LdapRead(name(attribute)?)),
        ["ldap", "read-mapped"] => Ok(Permission::LdapReadMapped),
        ["field", "read-mapped"] => Ok(Permission::FieldReadMapped),
        ["field", "read", field] => Ok(Permission::FieldRead(name(field)?)),
        ["field", "write", field] => Ok(Permission::FieldWrite(name(field)?)),
        ["groups", "read"] => Ok(Permission::GroupsRead),
        ["groups", "write"] => Ok(Permission::GroupsWrite),
        ["memory", mib] => Ok(Permission::Memory(number(mib, "MiB", 4_096)?)),
        ["time", seconds] => Ok(Permission::Time(number(seconds, "seconds", 600)?)),
        ["network", network] => {
            let found = network.parse::<IpNet>().or_else(|_| network.parse().map(|ip: std::net::IpAddr| ip.into()));
            let network = found.map_err(|_| "a network is written like 10.1.2.0/24 or fd00::/8".to_owned())?;
            Ok(Permission::Network(network.trunc()))
        }
        _ => Err("it begins with input, http, credential, ldap, field, groups, memory, time or network".to_owned()),
    }
}

fn ldap_place(servers: &str, mut rest: &[&str]) -> Result<LdapPlace, String> {
    let mut place = LdapPlace { servers: servers.split(',').map(str::to_owned).collect(), ..LdapPlace::default() };
    for (word, text) in place.parts() {
        if let [first, second, others @ ..] = rest
            && *first == word
        {
            *text = Some((*second).to_owned());
            rest = others;
        }
    }
    if rest.is_empty() {
        return Ok(place);
    }
    let known = "with, start-tls, clear-text, ca, certificate and key";
    Err(format!("after the servers stand {known} alone, in this order"))
}

fn name(word: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:;".contains(c);
    if word.len() <= MAX_NAME && !word.is_empty() && word.chars().all(fits) {
        Ok(word.to_owned())
    } else {
        Err(format!("a name is 1 to {MAX_NAME} of letters, digits and -_.:;"))
    }
}

/// A key of a JSON object, such as `jobTitle` or `members@odata.bind`.
fn json_key(word: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:@$".contains(c);
    if word.len() <= MAX_NAME && !word.is_empty() && word.chars().all(fits) {
        Ok(word.to_owned())
    } else {
        Err(format!("a key is 1 to {MAX_NAME} of letters, digits and -_.:@$"))
    }
}

fn number(word: &str, unit: &str, most: u32) -> Result<u32, String> {
    match word.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("{unit} are a whole number from 1 to {most}")),
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What was granted to a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants(BTreeSet<Permission>);

impl Grants {
    /// Whether an item asks for nothing beyond these.
    pub fn cover(&self, asked: &Permission) -> bool {
        self.0.iter().any(|granted| granted.covers(asked))
    }

    /// What of these items they do not cover.
    pub fn missing<'a>(&self, asked: impl IntoIterator<Item = &'a Permission>) -> Vec<Permission> {
        asked.into_iter().filter(|asked| !self.cover(asked)).cloned().collect()
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Permission> {
        self.0.iter()
    }

    /// The private networks that may be reached.
    pub fn networks(&self) -> Vec<IpNet> {
        self.0
            .iter()
            .filter_map(|granted| match granted {
                Permission::Network(network) => Some(*network),
                _ => None,
            })
            .collect()
    }
}

impl FromIterator<Permission> for Grants {
    fn from_iter<I: IntoIterator<Item = Permission>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str) -> Permission {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn every_item_is_read_back_as_written() {
        for text in [
            "input people",
            "http GET https://api.example.com/v1/*",
            "http POST https://*.example.com/search read-only with api",
            "http DELETE {url}/v1/* with api",
            "http PATCH https://api.example.com/v1/users/*$ keys jobTitle,mobilePhone with api",
            "http POST https://api.example.com/v1/search read-only keys q",
            "http DELETE https://api.example.com/v1/groups/*/members/*/$ref with api",
            "credential api client-credentials with secret at https://login.example/{tenant}/token https://graph.microsoft.com/.default",
            "credential api basic with password",
            "credential api basic",
            "ldap connect {servers}",
            "ldap connect ldaps://a,{other} with password start-tls {tls} clear-text false ca /etc/ca.pem",
            "ldap connect {servers} certificate {client-certificate} key {client-key}",
            "ldap read jpegPhoto;binary",
            "field read mail",
            "field read-mapped",
            "ldap read-mapped",
            "field write title",
            "groups read",
            "groups write",
            "memory 128",
            "time 10",
            "network 10.1.2.0/24",
            "network fd00::/8",
        ] {
            assert_eq!(item(text).to_string(), text);
        }
        assert_eq!(item("network 10.1.2.3").to_string(), "network 10.1.2.3/32");
        assert_eq!(item("network 10.1.2.3/24").to_string(), "network 10.1.2.0/24");
    }

    #[test]
    fn what_is_no_item_is_refused_with_reason() {
        for (text, words) in [
            ("", "begins with"),
            ("everything", "begins with"),
            ("input", "begins with"),
            ("groups delete", "begins with"),
            ("input a/b", "a name is"),
            ("http FETCH https://a.example/", "GET, HEAD"),
            ("http GET a.example", "https://"),
            ("http GET https://a.example/ read-only", "already"),
            ("http POST https://a.example/ and more", "alone"),
            ("http POST https://a.example/ with b keys a", "in this order"),
            ("http DELETE https://a.example/ keys a", "no body"),
            ("http POST https://a.example/ keys a,", "a key is"),
            ("memory 0", "whole number"),
            ("memory 99999", "whole number"),
            ("network here", "written like"),
            ("input a\nb", "one line"),
            ("ldap connect", "begins with"),
            ("ldap connect a ca b with c", "in this order"),
            ("credential a basic with {b}", "a name is"),
        ] {
            let refused = text.parse::<Permission>().unwrap_err().to_string();
            assert!(refused.contains(words), "{text:?}: {refused}");
        }
    }

    #[test]
    fn a_grant_covers_what_is_no_wider() {
        for (granted, asked, covered) in [
            ("memory 128", "memory 64", true),
            ("memory 64", "memory 128", false),
            ("time 5", "memory 5", false),
            ("network 10.0.0.0/8", "network 10.1.0.0/16", true),
            ("network 10.1.0.0/16", "network 10.0.0.0/8", false),
            ("credential a basic", "credential b basic", false),
            ("credential a jwt-bearer x y", "credential a jwt-bearer x", true),
            ("credential a jwt-bearer x", "credential a jwt-bearer x y", false),
            ("credential a jwt-bearer x", "credential a client-credentials x", false),
            (
                "credential a jwt-bearer with k at https://a/ x y",
                "credential a jwt-bearer with k at https://a/ x",
                true,
            ),
            ("credential a jwt-bearer with k at https://a/ x", "credential a jwt-bearer with k at https://b/ x", false),
            ("credential a bearer with k", "credential a bearer with j", false),
            ("ldap connect ldaps://a", "ldap connect ldaps://b", false),
            ("ldap connect {a} with p", "ldap connect {a} with p clear-text true", false),
            ("ldap read Mail", "ldap read mail", true),
            ("field read mail", "field write mail", false),
            ("http GET https://a.example/", "http PUT https://a.example/", false),
            ("http POST https://a.example/", "http POST https://a.example/ read-only", false),
            ("http POST https://a.example/", "http POST https://a.example/ keys a", true),
            ("http POST https://a.example/ keys a,b", "http POST https://a.example/ keys a", true),
            ("http POST https://a.example/ keys a", "http POST https://a.example/ keys a,b", false),
            ("http POST https://a.example/ keys a", "http POST https://a.example/", false),
            ("http PATCH https://a.example/*$", "http PATCH https://a.example/*", false),
        ] {
            assert_eq!(item(granted).covers(&item(asked)), covered, "{granted} covers {asked}");
        }
        let grants: Grants = ["input people", "memory 64"].map(item).into_iter().collect();
        let asked = ["input people", "memory 32", "ldap connect ldaps://a"].map(item);
        assert_eq!(grants.missing(&asked), [item("ldap connect ldaps://a")]);
    }
}
