//! Attributes that prove who somebody is. No plugin reads them, whoever asks: a manifest that
//! names one is refused, and so is a mapping.

use super::base_name;

/// In lower case, with the number where a server also knows it by that (RFC 4512, section 1.4).
const SECRETS: [&str; 31] = [
    // RFC 4519, RFC 3112, draft-behera-ldap-password-policy
    "userpassword",
    "2.5.4.35",
    "authpassword",
    "1.3.6.1.4.1.4203.1.3.4",
    "pwdhistory",
    "1.3.6.1.4.1.42.2.27.8.1.20",
    "olcrootpw",
    // Active Directory, and its local administrators' passwords
    "unicodepwd",
    "1.2.840.113556.1.4.90",
    "dbcspwd",
    "lmpwdhistory",
    "ntpwdhistory",
    "supplementalcredentials",
    "ms-mcs-admpwd",
    "mslaps-password",
    "mslaps-encryptedpassword",
    "mslaps-encryptedpasswordhistory",
    "msds-managedpassword",
    "msds-keycredentiallink",
    // Samba
    "sambantpassword",
    "1.3.6.1.4.1.7165.2.1.25",
    "sambalmpassword",
    "1.3.6.1.4.1.7165.2.1.24",
    "sambapasswordhistory",
    // FreeIPA and Kerberos
    "ipanthash",
    "krbprincipalkey",
    "krbmkey",
    "ipatokenotpkey",
    "ipakeytab",
    // 389, PKCS
    "passwordhistory",
    "userpkcs12",
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
        for secret in ["userPassword", "USERPASSWORD;x-old", "2.5.4.35", "unicodePwd", "ms-Mcs-AdmPwd"] {
            assert!(is_secret(secret), "{secret}");
        }
        assert!(!is_secret("mail") && !is_secret("pwdLastSet"));
    }
}
