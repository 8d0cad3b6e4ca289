//! Attributes that prove who somebody is. No plugin reads, carries or sets them, whoever asks: a
//! manifest that names one is refused, so is a mapping, and the host drops what comes all the same.

use super::base_name;

/// In lower case. By their numbers (RFC 4512, section 1.4) no plugin names attributes at all.
const SECRETS: [&str; 45] = [
    // RFC 4519, RFC 3112, draft-behera-ldap-password-policy, OpenLDAP
    "userpassword",
    "authpassword",
    "pwdhistory",
    "olcrootpw",
    "oathsecret",
    "userpkcs12",
    // SCIM (RFC 7643, section 4.1.1), Microsoft Graph
    "password",
    "passwordprofile",
    // Active Directory, its local administrators' passwords, its disks' keys
    "unicodepwd",
    "dbcspwd",
    "lmpwdhistory",
    "ntpwdhistory",
    "supplementalcredentials",
    "unixuserpassword",
    "mssfu30password",
    "ms-mcs-admpwd",
    "mslaps-password",
    "mslaps-encryptedpassword",
    "mslaps-encryptedpasswordhistory",
    "mslaps-encrypteddsrmpassword",
    "mslaps-encrypteddsrmpasswordhistory",
    "msds-managedpassword",
    "msds-keycredentiallink",
    "msfve-recoverypassword",
    "msfve-keypackage",
    "trustauthincoming",
    "trustauthoutgoing",
    // Samba
    "sambantpassword",
    "sambalmpassword",
    "sambapasswordhistory",
    "sambacleartextpassword",
    "sambapreviouscleartextpassword",
    "lmpassword",
    "ntpassword",
    // FreeIPA and Kerberos
    "ipanthash",
    "ipatokenotpkey",
    "ipatokenradiussecret",
    "krbprincipalkey",
    "krbpwdhistory",
    "krbmkey",
    // 389, eDirectory
    "passwordhistory",
    "nsds5replicacredentials",
    "nsmultiplexorcredentials",
    "nspmdistributionpassword",
    "nspmpassword",
];

/// Whether an attribute, with or without options, is one of them.
pub fn is_secret(name: &str) -> bool {
    let name = base_name(name).to_ascii_lowercase();
    SECRETS.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_in_any_dress() {
        for secret in ["userPassword", "USERPASSWORD;x-old", "unicodePwd", "ms-Mcs-AdmPwd", "password"] {
            assert!(is_secret(secret), "{secret}");
        }
        assert!(!is_secret("mail") && !is_secret("pwdLastSet"));
    }
}
