//! The attributes that are taken, by their standard names; nothing else of an entry
//! leaves this plugin. Which column of a CSV file means which.

/// An attribute that is delivered as text.
#[derive(Debug)]
pub struct Known {
    /// Its name in RFC 4519 or RFC 2798, or Active Directory's.
    pub name: &'static str,
    /// Its other names in directories.
    aliases: &'static [&'static str],
    /// Headers of columns that mean it, as [`folded`] leaves them.
    headers: &'static [&'static str],
}

const fn known(name: &'static str, aliases: &'static [&'static str], headers: &'static [&'static str]) -> Known {
    Known { name, aliases, headers }
}

/// Every attribute that may be delivered.
pub const KNOWN: &[Known] = &[
    known(
        "displayName",
        &[],
        &[
            "nomcomplet",
            "nometprenom",
            "prenometnom",
            "prenomnom",
            "nomprenom",
            "nomaffiche",
            "fullname",
            "nomdaffichage",
        ],
    ),
    known("cn", &["commonName"], &[]),
    known("givenName", &["gn"], &["prenom", "firstname", "forename", "prenomusuel"]),
    known("sn", &["surname"], &["nomdefamille", "nomusuel", "nomdusage", "familyname", "lastname"]),
    known("pronouns", &[], &["pronom", "pronoms"]),
    known(
        "title",
        &[],
        &["fonction", "poste", "titre", "intitule", "intituleduposte", "jobtitle", "position", "emploi", "metier"],
    ),
    known(
        "o",
        &["organizationName", "organization", "company"],
        &["societe", "entreprise", "organisation", "organisme", "etablissement", "raisonsociale", "employer"],
    ),
    known("department", &[], &["service", "departement", "direction", "pole", "dept"]),
    known("ou", &["organizationalUnitName"], &["unite"]),
    known("departmentNumber", &[], &["numerodeservice", "codeservice"]),
    known(
        "physicalDeliveryOfficeName",
        &["office"],
        &["bureau", "agence", "site", "lieudetravail", "branch", "implantation"],
    ),
    known(
        "telephoneNumber",
        &[],
        &[
            "telephone",
            "tel",
            "telephonefixe",
            "telfixe",
            "fixe",
            "lignedirecte",
            "telephoneprofessionnel",
            "telephonebureau",
            "phone",
            "phonenumber",
            "workphone",
            "businessphone",
            "directline",
            "landline",
        ],
    ),
    known(
        "mobile",
        &["mobileTelephoneNumber"],
        &[
            "portable",
            "telephoneportable",
            "telportable",
            "telephonemobile",
            "telmobile",
            "gsm",
            "mobilephone",
            "cell",
            "cellphone",
            "mobilenumber",
        ],
    ),
    known(
        "mail",
        &["rfc822Mailbox", "email", "emailAddress"],
        &[
            "courriel",
            "mel",
            "adresseelectronique",
            "adressemail",
            "adresseemail",
            "adressedemessagerie",
            "adressecourriel",
            "messagerie",
            "workemail",
        ],
    ),
    known(
        "labeledURI",
        &["labeledURL"],
        &["siteweb", "siteinternet", "lien", "liens", "url", "website", "web", "link", "pageweb", "rendezvous"],
    ),
    known("wWWHomePage", &[], &[]),
    known(
        "street",
        &["streetAddress"],
        &["adresse", "rue", "adressepostale", "voie", "address", "adresse1", "addressline1"],
    ),
    known("postalCode", &[], &["codepostal", "cp", "zip", "zipcode", "postcode"]),
    known("l", &["localityName", "locality"], &["ville", "commune", "localite", "city", "town"]),
    known("st", &["stateOrProvinceName"], &["region", "province", "state", "county"]),
    known("co", &["friendlyCountryName"], &["pays", "country"]),
    known("c", &["countryName"], &["codepays", "countrycode"]),
    known("preferredLanguage", &[], &["langue", "language", "languepreferee"]),
];

/// Name of an attribute that is known by this name, in any case.
pub fn canonical(name: &str) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|known| {
            known.name.eq_ignore_ascii_case(name) || known.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
        })
        .map(|known| known.name)
}

/// What a column of this header holds.
pub fn of_header(header: &str) -> Option<&'static str> {
    let folded = folded(header);
    let by_header = match folded.as_str() {
        "id" | "identifiant" | "identifier" | "entryuuid" | "objectguid" | "guid" => Some(ID),
        "employeenumber" | "matricule" | "numeroemploye" | "employeeid" | "staffnumber" | "personnelnumber" => {
            Some(EMPLOYEE_NUMBER)
        }
        "uid" | "login" | "username" => Some(UID),
        "active" | "actif" | "enabled" | "compteactif" | "accountenabled" => Some(ACTIVE),
        "nom" | "name" => Some(NAME),
        _ => None,
    };
    by_header.or_else(|| {
        KNOWN
            .iter()
            .find(|known| {
                known.headers.contains(&folded.as_str())
                    || known.name.eq_ignore_ascii_case(&folded)
                    || known.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(&folded))
            })
            .map(|known| known.name)
    })
}

/// A column's meaning as an administrator writes it: an attribute, or one of ours.
pub fn of_setting(name: &str) -> Option<&'static str> {
    [ID, EMPLOYEE_NUMBER, UID, ACTIVE]
        .into_iter()
        .find(|own| own.eq_ignore_ascii_case(name))
        .or_else(|| canonical(name))
}

/// A column with the identity.
pub const ID: &str = "id";
/// A column with the personnel number; an identity when there is no [`ID`].
pub const EMPLOYEE_NUMBER: &str = "employeeNumber";
/// A column with the name to sign in; an identity only when configured.
pub const UID: &str = "uid";
/// A column that says whether somebody is there.
pub const ACTIVE: &str = "active";
/// A column with a family name or a whole name, depending on the others.
pub const NAME: &str = "name";

/// A header in lower case, without accents, blanks and punctuation: "N° de téléphone"
/// becomes "ndetelephone".
pub fn folded(header: &str) -> String {
    let mut folded = String::with_capacity(header.len());
    for c in header.chars().flat_map(char::to_lowercase) {
        let plain = match c {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
            'ç' => 'c',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ñ' => 'n',
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ý' | 'ÿ' => 'y',
            'œ' => {
                folded.push('o');
                'e'
            }
            'æ' => {
                folded.push('a');
                'e'
            }
            // combining accents, blanks, punctuation
            c if !c.is_alphanumeric() => continue,
            c => c,
        };
        folded.push(plain);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_known_in_any_dress() {
        for (header, attribute) in [
            ("Prénom", "givenName"),
            ("PRENOM", "givenName"),
            ("Pre\u{301}nom", "givenName"),
            ("N° de téléphone", ""),
            ("Téléphone", "telephoneNumber"),
            ("Tél.", "telephoneNumber"),
            ("E-mail", "mail"),
            ("Courriel", "mail"),
            ("Code postal", "postalCode"),
            ("Site web", "labeledURI"),
            ("Société", "o"),
            ("telephoneNumber", "telephoneNumber"),
            ("First name", "givenName"),
            ("Nom", NAME),
            ("Matricule", EMPLOYEE_NUMBER),
            ("Actif", ACTIVE),
            ("Salaire", ""),
        ] {
            assert_eq!(of_header(header).unwrap_or_default(), attribute, "{header}");
        }
    }

    #[test]
    fn no_header_means_two_things() {
        let mut seen = std::collections::BTreeSet::new();
        for header in KNOWN.iter().flat_map(|known| known.headers) {
            assert_eq!(&folded(header), header);
            assert!(seen.insert(header), "{header}");
        }
    }
}
