//! What would cross a network in clear: refused, unless an administrator wrote it out.

use std::net::IpAddr;

use url::Url;

/// Whether a host is this machine, as far as its name says.
pub(super) fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Refuses a PostgreSQL elsewhere whose `sslmode` is not said, or leaves it to the server: the driver would go
/// on in clear, and say nothing. `disable` is an administrator's word, for a network that is theirs alone.
pub(super) fn database(url: &Url) -> Result<(), String> {
    let mode = sslmode(url);
    if is_local(url) || matches!(mode.as_deref(), Some("require" | "verify-ca" | "verify-full" | "disable")) {
        return Ok(());
    }
    let found = match mode.as_deref() {
        None => "no sslmode is given".to_owned(),
        Some(mode @ ("allow" | "prefer")) => format!("sslmode={mode} goes on in clear where the server wants it"),
        Some(mode) => format!("sslmode={mode} is not known"),
    };
    Err(format!(
        "database.url: {found}, and its host is not this machine; add ?sslmode=verify-full&sslrootcert=FILE (the server's certificate is checked), or ?sslmode=disable where nobody else is on the network between"
    ))
}

/// Whether the database is spoken to so that nobody on the way can read it and no other passes for it; what is
/// missing, in words.
pub fn database_weakness(url: &str) -> Option<&'static str> {
    let url = Url::parse(url).ok().filter(|url| !is_local(url))?;
    match sslmode(&url).as_deref() {
        Some("verify-full") => None,
        Some("verify-ca") => Some("any certificate of its authority is taken (sslmode=verify-ca)"),
        Some("require") => Some("it is encrypted, and whose certificate that is, nobody checks (sslmode=require)"),
        _ => Some("it is spoken to in clear (sslmode=disable)"),
    }
}

fn sslmode(url: &Url) -> Option<String> {
    last(url, "sslmode")
}

/// The driver takes the last of several.
fn last(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().filter(|(key, _)| key == name).last().map(|(_, value)| value.into_owned())
}

/// Whether all hosts are this machine, or sockets of it. What stands in the query counts before the rest.
fn is_local(url: &Url) -> bool {
    let of_authority = url.host_str().unwrap_or_default().replace("%2F", "/").replace("%2f", "/");
    let hosts = last(url, "hostaddr").or_else(|| last(url, "host")).unwrap_or(of_authority);
    hosts.split(',').all(|host| host.is_empty() || host.starts_with(['/', '@']) || is_here(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str) -> Result<(), String> {
        database(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_database_elsewhere_is_never_spoken_to_in_clear_unsaid() {
        for url in [
            "postgres:///estampe",
            "postgres://estampe@localhost/estampe",
            "postgres://estampe@127.0.0.1:5433/estampe",
            "postgres://estampe@[::1]/estampe",
            "postgres://estampe@%2Fvar%2Frun%2Fpostgresql/estampe",
            "postgres:///estampe?host=/var/run/postgresql",
            "postgres://localhost/estampe?sslmode=prefer",
            "postgres://db.example/estampe?sslmode=require",
            "postgres://db.example/estampe?sslmode=verify-ca",
            "postgres://db.example/estampe?sslmode=verify-full&sslrootcert=/ca.pem",
            "postgres://postgres/estampe?sslmode=disable",
        ] {
            assert_eq!(checked(url), Ok(()), "{url}");
        }
        for url in [
            "postgres://estampe@db.example/estampe",
            "postgres://10.0.0.7/estampe",
            "postgres://localhost,db.example/estampe",
            "postgres://localhost/estampe?host=db.example",
            "postgres://localhost/estampe?hostaddr=10.0.0.7",
            "postgres://db.example/estampe?sslmode=prefer",
            "postgres://db.example/estampe?sslmode=allow",
            "postgres://db.example/estampe?sslmode=verify-full&sslmode=prefer",
            "postgres://db.example/estampe?sslmode=",
        ] {
            let problem = checked(url).unwrap_err();
            assert!(problem.contains("verify-full") && problem.contains("not this machine"), "{url}: {problem}");
        }
    }

    #[test]
    fn what_is_weak_is_named() {
        let weak = |mode: &str| database_weakness(&format!("postgres://db.example/estampe?sslmode={mode}"));
        assert_eq!(weak("verify-full"), None);
        assert!(weak("require").is_some_and(|words| words.contains("nobody checks")));
        assert!(weak("disable").is_some_and(|words| words.contains("in clear")));
        assert_eq!(database_weakness("postgres://localhost/estampe"), None);
    }
}
