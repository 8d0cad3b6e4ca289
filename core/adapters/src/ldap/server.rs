//! A server as its source names it, checked before anything is sent.

use estampe_domain::credential::Secret;
use estampe_domain::ldap::{LdapAccess, LdapBind};
use estampe_domain::plugin::{FailKind, PluginFailure};
use rustls::pki_types::ServerName;

/// How a connection to it is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// TLS from the first octet.
    Tls,
    /// StartTLS, without which nothing is sent.
    StartTls,
    /// None; an administrator said so.
    None,
}

/// A server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// For people: `ldaps://ldap.example.com:636`.
    pub name: String,
    pub host: String,
    pub port: u16,
    pub protection: Protection,
    /// The name that its certificate has to carry.
    pub certified: ServerName<'static>,
}

/// The servers, all of them sound: one that may not be used is no reason to try the next.
pub(super) fn servers(access: &LdapAccess) -> Result<Vec<Server>, PluginFailure> {
    let servers: Vec<_> = access.servers.iter().map(|url| server(url, access)).collect::<Result<_, _>>()?;
    let clear = servers.iter().find(|server| server.protection == Protection::None);
    if let (Some(server), LdapBind::External { .. }) = (clear, &access.bind) {
        return Err(config(format!("{} has no TLS, and a client certificate needs it", server.name)));
    }
    if servers.is_empty() {
        return Err(config("the source names no LDAP server, such as ldaps://ldap.example.com".to_owned()));
    }
    Ok(servers)
}

fn server(url: &str, access: &LdapAccess) -> Result<Server, PluginFailure> {
    let shown: String = url.chars().filter(|c| !c.is_control()).take(100).collect();
    let wrong =
        || config(format!("\"{shown}\" is no LDAP server; it is written ldaps://host or ldap://host, with :port"));
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    let (standard, protection) = match scheme.to_ascii_lowercase().as_str() {
        "ldaps" => (636, Protection::Tls),
        "ldap" if access.start_tls => (389, Protection::StartTls),
        "ldap" if access.clear_text => (389, Protection::None),
        "ldap" => {
            let message = "would send the password and all that is found in clear text; \
                           use ldaps:// or StartTLS, or allow clear text";
            return Err(config(format!("{shown} {message}")));
        }
        _ => return Err(wrong()),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(wrong)?)),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Ok(standard), |port| port.parse::<u16>().map_err(|_| wrong()))?;
    let certified = ServerName::try_from(host.to_owned()).map_err(|_| wrong())?;
    let scheme = if protection == Protection::Tls { "ldaps" } else { "ldap" };
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    Ok(Server { name: format!("{scheme}://{bracketed}:{port}"), host: host.to_owned(), port, protection, certified })
}

/// As whom to bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// With a name and a password, both empty for nobody.
    Simple { name: String, password: Secret },
    /// With the certificate that TLS was begun with.
    External,
}

impl Credentials {
    /// Whether it is nobody.
    pub fn are_nobodys(&self) -> bool {
        matches!(self, Self::Simple { name, .. } if name.is_empty())
    }
}

/// As whom to bind. A name without a password is refused here: a server
/// would take it for somebody who does not say who they are and answer "success" (RFC 4513,
/// section 5.1.2).
pub(super) fn credentials(bind: &LdapBind) -> Result<Credentials, PluginFailure> {
    match bind {
        LdapBind::Anonymous => Ok(Credentials::Simple { name: String::new(), password: Secret::new("") }),
        LdapBind::External { .. } => Ok(Credentials::External),
        LdapBind::Simple { dn, .. } if dn.trim().is_empty() => Err(config(
            "the name to bind with is empty; leave it and the password out to search anonymously".to_owned(),
        )),
        LdapBind::Simple { password, .. } if password.reveal().is_empty() => {
            Err(config("the password to bind with is empty; a server would take that for an anonymous bind".to_owned()))
        }
        LdapBind::Simple { dn, password } => Ok(Credentials::Simple { name: dn.clone(), password: password.clone() }),
    }
}

fn config(message: String) -> PluginFailure {
    PluginFailure::new(FailKind::Config, message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn access(url: &str, start_tls: bool, clear_text: bool) -> LdapAccess {
        LdapAccess {
            servers: vec![url.to_owned()],
            start_tls,
            clear_text,
            ca_file: None,
            bind: LdapBind::Anonymous,
            connect_timeout: Duration::from_secs(1),
            operation_timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn servers_are_read_and_clear_text_is_an_administrators_word() {
        for (url, start_tls, clear_text, name, protection) in [
            ("ldaps://a.example", false, false, "ldaps://a.example:636", Protection::Tls),
            ("LDAPS://a.example:1636/", true, true, "ldaps://a.example:1636", Protection::Tls),
            ("ldap://a.example", true, false, "ldap://a.example:389", Protection::StartTls),
            ("ldap://a.example", true, true, "ldap://a.example:389", Protection::StartTls),
            ("ldap://10.0.0.1:3389", false, true, "ldap://10.0.0.1:3389", Protection::None),
            ("ldaps://[fd00::1]:1636", false, false, "ldaps://[fd00::1]:1636", Protection::Tls),
            ("ldaps://[fd00::1]", false, false, "ldaps://[fd00::1]:636", Protection::Tls),
        ] {
            let found = servers(&access(url, start_tls, clear_text)).unwrap();
            assert_eq!((found[0].name.as_str(), found[0].protection), (name, protection));
        }
        for url in [
            "a.example",
            "https://a.example",
            "ldaps://",
            "ldaps://a.example:x",
            "ldaps://u@a.example",
            "ldaps://a.example/dc=x",
            "ldapi:///var/run",
            "ldaps://a b",
            "ldaps://[fd00::1",
            "ldaps://a:70000",
        ] {
            assert_eq!(servers(&access(url, true, true)).unwrap_err().kind, FailKind::Config, "{url}");
        }
        let clear = servers(&access("ldap://a.example", false, false)).unwrap_err();
        assert!(clear.message.contains("clear text"), "{clear}");
    }

    #[test]
    fn nobody_binds_without_a_password() {
        let simple = |dn: &str, password: &str| LdapBind::Simple { dn: dn.into(), password: Secret::new(password) };
        assert!(credentials(&simple("cn=a", "b")).is_ok());
        for bad in [simple("cn=a", ""), simple(" ", "b"), simple("", "")] {
            assert_eq!(credentials(&bad).unwrap_err().kind, FailKind::Config);
        }
        assert!(credentials(&LdapBind::Anonymous).unwrap().are_nobodys());
        let certificate = LdapBind::External { certificate: "/a.pem".into(), key: "/a.key".into() };
        let clear = LdapAccess { bind: certificate, ..access("ldap://a.example", false, true) };
        assert!(servers(&clear).unwrap_err().message.contains("client certificate"));
    }
}
