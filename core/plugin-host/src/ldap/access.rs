//! What was granted of a directory, and the way into it: the manifest's templates, filled in
//! from the source's configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use estampe_domain::credential::{filled, only_key};
use estampe_domain::ldap::mediation::Granted;
use estampe_domain::ldap::{LdapAccess, LdapBind, is_secret};
use estampe_domain::permission::Permission;
use estampe_domain::plugin::{FailKind, Given, LdapAsk, PluginFailure, PluginInfo};

/// Time to connect to one server.
const CONNECTING: Duration = Duration::from_secs(3);
/// Time for one operation, such as a page: within what a call may wait.
const OPERATION: Duration = Duration::from_secs(10);

type Config = BTreeMap<String, String>;

/// Both, or why there is nothing to search.
pub(super) fn granted(
    info: &PluginInfo,
    given: &Given,
    config: &Config,
    area: Option<&str>,
) -> Result<(Granted, LdapAccess), PluginFailure> {
    let denied = |message: &str| PluginFailure::new(FailKind::Denied, message);
    let Some(ask) = &info.asks.ldap else {
        return Err(denied("the manifest of the plugin asks for no directory (ldap)"));
    };
    let asked = ask.permission();
    if !given.grants.cover(&asked) {
        return Err(denied(&format!("an administrator would have to grant \"{asked}\"")));
    }
    let may_read = |name: &&String| given.grants.cover(&Permission::LdapRead((*name).clone()));
    let reads_mapped = ask.mapped && given.grants.cover(&Permission::LdapReadMapped);
    // what an administrator maps is none of what proves who somebody is, by whatever name
    let is_plain = |name: &&String| name.starts_with(char::is_alphabetic) && !is_secret(name);
    // a mapping is about people, and these stand in no other area
    let mapped = given.fields.iter().filter(|_| reads_mapped && area.is_none()).filter(is_plain).map(String::as_str);
    let attributes = ask.attributes.iter().filter(may_read).map(String::as_str);
    let access = access(ask, given, config).map_err(|why| wrong(&why))?;
    let (own, filter) = match area {
        None => (None, ask.filter.as_ref()),
        Some(name) => {
            let area = ask.areas.get(name);
            let area = area.ok_or_else(|| denied("the manifest of the plugin names no such area of the directory"))?;
            (area.base.as_ref(), area.filter.as_ref())
        }
    };
    let filter = optional(filter, config).map_err(|why| wrong(&why))?;
    let base = match optional(own, config).map_err(|why| wrong(&why))? {
        Some(base) => base,
        None => filled(&ask.base, config).map_err(|why| wrong(&why))?,
    };
    Ok((Granted::new(&base, filter.as_deref(), attributes)?.with_mapped(mapped), access))
}

/// How people of the source sign in.
pub(super) struct Login {
    /// The attributes that their names are looked for in, separated by spaces.
    pub attributes: String,
    /// The attribute that identifies them, unless the first present does.
    pub identity: Option<String>,
}

/// How people sign in, or why nobody does.
pub(super) fn login(info: &PluginInfo, config: &Config) -> Result<Login, PluginFailure> {
    let ask = info.asks.ldap.as_ref();
    let of = |template: Option<&String>| optional(template, config).map_err(|why| wrong(&why));
    let attributes = of(ask.and_then(|ask| ask.login.as_ref()))?.ok_or_else(|| {
        let words = "nobody signs in by this source: its plugin names no attributes for that (login)";
        PluginFailure::new(FailKind::Unsupported, words)
    })?;
    let identity = of(ask.and_then(|ask| ask.identity.as_ref()))?.filter(|chosen| chosen != "auto");
    Ok(Login { attributes, identity })
}

fn wrong(why: &str) -> PluginFailure {
    PluginFailure::new(FailKind::Config, format!("the directory of the source is not configured: {why}"))
}

fn access(ask: &LdapAsk, given: &Given, config: &Config) -> Result<LdapAccess, String> {
    let servers = filled(&ask.servers, config)?;
    let dn = optional(ask.bind_dn.as_ref(), config)?;
    let password = ask.password.as_deref().map(|template| {
        let key = only_key(template).ok_or("the password of the manifest is no {key}")?;
        Ok::<_, String>((key, given.secrets.get(key).filter(|secret| !secret.reveal().is_empty())))
    });
    let by_name = match (dn, password.transpose()?) {
        (None, None | Some((_, None))) => LdapBind::Anonymous,
        (Some(dn), Some((_, Some(password)))) => LdapBind::Simple { dn, password: password.clone() },
        (Some(_), Some((key, None))) => return Err(format!("\"{key}\" is not set, and there is a name to bind with")),
        (Some(_), None) => return Err("there is a name to bind with and no password".to_owned()),
        (None, Some((key, Some(_)))) => return Err(format!("\"{key}\" is set, and there is no name to bind with")),
    };
    let certificate = optional(ask.client_certificate.as_ref(), config)?;
    let bind = match (certificate, optional(ask.client_key.as_ref(), config)?, by_name) {
        (None, None, by_name) => by_name,
        (Some(certificate), Some(key), LdapBind::Anonymous) => {
            LdapBind::External { certificate: certificate.into(), key: key.into() }
        }
        (Some(_), Some(_), _) => {
            return Err("there is a name to bind with and a client certificate: one of them".into());
        }
        _ => return Err("a client certificate and its key stand together".to_owned()),
    };
    Ok(LdapAccess {
        servers: servers.split_whitespace().map(str::to_owned).collect(),
        start_tls: flag("StartTLS", ask.start_tls.as_ref(), config)?,
        clear_text: flag("clear text", ask.clear_text.as_ref(), config)?,
        ca_file: optional(ask.ca_file.as_ref(), config)?.map(Into::into),
        bind,
        connect_timeout: CONNECTING,
        operation_timeout: OPERATION,
    })
}

/// A template that may stand for nothing: one key that is not set.
fn optional(template: Option<&String>, config: &Config) -> Result<Option<String>, String> {
    let Some(template) = template else { return Ok(None) };
    let unset = |key: &str| config.get(key).is_none_or(|value| value.trim().is_empty());
    match only_key(template) {
        Some(key) if unset(key) => Ok(None),
        _ => filled(template, config).map(Some),
    }
}

fn flag(what: &str, template: Option<&String>, config: &Config) -> Result<bool, String> {
    match optional(template, config)?.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(format!("{what} is true or false")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use estampe_domain::credential::{Secret, Secrets};
    use estampe_domain::ldap::mediation::Wanted;
    use estampe_domain::ldap::{LdapMode, LdapScope};
    use estampe_domain::plugin::{Asks, LdapArea, PluginKind};

    use super::*;

    fn ask() -> LdapAsk {
        let key = |key: &str| Some(format!("{{{key}}}"));
        LdapAsk {
            servers: "{servers}".into(),
            base: "ou=people,{base}".into(),
            filter: key("filter"),
            bind_dn: key("bind-dn"),
            password: key("password"),
            start_tls: key("start-tls"),
            clear_text: None,
            ca_file: key("ca-file"),
            client_certificate: key("client-certificate"),
            client_key: key("client-key"),
            login: key("login"),
            identity: key("identity"),
            attributes: BTreeSet::new(),
            mapped: false,
            areas: BTreeMap::new(),
            description: BTreeMap::new(),
        }
    }

    fn config(values: &[(&str, &str)]) -> Config {
        values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_area_has_its_own_base_and_filter() {
        let area = LdapArea { base: Some("{group-base}".into()), filter: Some("{group-filter}".into()) };
        let ask = LdapAsk { areas: BTreeMap::from([("groups".to_owned(), area)]), ..ask() };
        let ask = LdapAsk { bind_dn: None, password: None, attributes: ["cn".to_owned()].into(), ..ask };
        let grants = [ask.permission(), Permission::LdapRead("cn".into())].into_iter().collect();
        let info = PluginInfo {
            id: "ldap".into(),
            version: "0.1.0".into(),
            contract: "0.1.0".into(),
            kind: PluginKind::Connector,
            offers: BTreeSet::new(),
            license: "MIT".into(),
            description: BTreeMap::new(),
            inputs: Vec::new(),
            config: BTreeMap::new(),
            asks: Asks { ldap: Some(ask), ..Asks::default() },
            provider: estampe_domain::manifest::ProviderAsk::default(),
        };
        let given = Given { grants, ..Given::default() };
        let place = |values: &[(&str, &str)], area: Option<&str>| {
            let values = [&[("servers", "ldaps://a"), ("base", "dc=a"), ("filter", "(cn=a)")], values].concat();
            let (granted, _) = granted(&info, &given, &config(&values), area)?;
            let wanted = Wanted {
                base: None,
                scope: LdapScope::Subtree,
                filter: "(cn=*)".into(),
                attributes: vec!["cn".into()],
                mode: LdapMode::Paged,
                page_size: 1,
            };
            granted.mediate(&wanted).map(|query| (query.base, query.filter))
        };
        let pair = |base: &str, filter: &str| Ok((base.to_owned(), filter.to_owned()));
        let both = [("group-base", "ou=groups,dc=b"), ("group-filter", "(cn=g*)")];
        assert_eq!(place(&both, None), pair("ou=people,dc=a", "(&(cn=a)(cn=*))"));
        assert_eq!(place(&both, Some("groups")), pair("ou=groups,dc=b", "(&(cn=g*)(cn=*))"));
        // the base of people, and never their filter
        assert_eq!(place(&[], Some("groups")), pair("ou=people,dc=a", "(cn=*)"));
        assert_eq!(place(&both, Some("elsewhere")).unwrap_err().kind, FailKind::Denied);
    }

    #[test]
    fn what_is_not_set_stands_for_nothing() {
        let anonymous = access(&ask(), &Given::default(), &config(&[("servers", " ldaps://a  ldaps://b ")])).unwrap();
        assert_eq!(anonymous.servers, ["ldaps://a", "ldaps://b"]);
        assert_eq!((anonymous.bind, anonymous.start_tls, anonymous.ca_file), (LdapBind::Anonymous, false, None));
        let secrets = Secrets::from([("password".to_owned(), Secret::new("p"))]);
        let given = Given { secrets, ..Given::default() };
        let full = [("servers", "ldap://a"), ("bind-dn", "cn=a"), ("start-tls", "true"), ("ca-file", "/ca.pem")];
        let bound = access(&ask(), &given, &config(&full)).unwrap();
        let bind = LdapBind::Simple { dn: "cn=a".into(), password: Secret::new("p") };
        assert_eq!((bound.bind, bound.start_tls, bound.clear_text), (bind, true, false));
        // one without the other is a mistake, not an anonymous bind
        assert!(access(&ask(), &Given::default(), &config(&full)).unwrap_err().contains("\"password\""));
        assert!(access(&ask(), &given, &config(&full[..1])).unwrap_err().contains("no name"));
        assert!(access(&ask(), &given, &config(&full[1..])).unwrap_err().contains("\"servers\""));
        let odd = [&full[..2], &[("start-tls", "yes")]].concat();
        assert!(access(&ask(), &given, &config(&odd)).unwrap_err().contains("true or false"));
        let external = [("servers", "ldaps://a"), ("client-certificate", "/a.pem"), ("client-key", "/a.key")];
        let bound = access(&ask(), &Given::default(), &config(&external)).unwrap().bind;
        assert_eq!(bound, LdapBind::External { certificate: "/a.pem".into(), key: "/a.key".into() });
        assert!(access(&ask(), &Given::default(), &config(&external[..2])).unwrap_err().contains("stand together"));
        let both = [&external[..], &full[1..2]].concat();
        assert!(access(&ask(), &given, &config(&both)).unwrap_err().contains("one of them"));
        let mixed = LdapAsk { filter: Some("(ou={unit})".into()), ..ask() };
        assert!(optional(mixed.filter.as_ref(), &config(&[])).unwrap_err().contains("\"unit\""));
    }
}
