//! Whose entry it is. A plugin that reads a directory says so in its own words; the host
//! finds the person of an entry by the same ones (`plugins/ldap/src/person.rs`), and a test
//! through the doors holds the two together.

use super::LdapEntry;

/// Attributes that identify somebody for ever, the best first.
pub const IDENTITIES: [&str; 4] = ["objectGUID", "entryUUID", "ipaUniqueID", "nsUniqueId"];

impl LdapEntry {
    /// The values of an attribute, by its name in any case; of none when it is not there.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let found = self.attributes.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.into_iter().flat_map(|(_, values)| values).map(Vec::as_slice)
    }

    /// The values that are text.
    pub fn texts<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.values(name).filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// Whose it is, as text: by the attribute that was chosen, else by the first that is
    /// there.
    pub fn identity(&self, chosen: Option<&str>) -> Option<String> {
        let of = |name: &str| identity_text(name, self.values(name).next()?);
        match chosen {
            Some(chosen) => of(chosen),
            None => IDENTITIES.iter().copied().find_map(of),
        }
    }
}

/// As text: the sixteen octets of Active Directory as Windows writes them.
fn identity_text(name: &str, octets: &[u8]) -> Option<String> {
    if name.eq_ignore_ascii_case("objectGUID")
        && let Ok(octets) = octets.try_into()
    {
        // the first three groups are little-endian ([MS-DTYP] 2.3.4)
        return Some(uuid::Uuid::from_bytes_le(octets).hyphenated().to_string());
    }
    let text = std::str::from_utf8(octets).ok()?.trim().to_ascii_lowercase();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attributes: &[(&str, &[u8])]) -> LdapEntry {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), vec![value.to_vec()]));
        LdapEntry { dn: "cn=x".to_owned(), attributes: attributes.collect() }
    }

    #[test]
    fn an_entry_says_whose_it_is() {
        let guid: Vec<u8> = (0..16).collect();
        let both = entry(&[("ENTRYUUID", b" AB-CD "), ("objectguid", &guid)]);
        assert_eq!(both.identity(None).as_deref(), Some("03020100-0504-0706-0809-0a0b0c0d0e0f"));
        assert_eq!(both.identity(Some("entryUUID")).as_deref(), Some("ab-cd"));
        assert_eq!(both.identity(Some("ipaUniqueID")), None);
        // what is no GUID is text, as another server may have it
        assert_eq!(entry(&[("objectGUID", b"Seven")]).identity(None).as_deref(), Some("seven"));
        for nobody in [entry(&[]), entry(&[("entryUUID", b" ")]), entry(&[("entryUUID", &[0xff])])] {
            assert_eq!(nobody.identity(None), None);
        }
    }
}
