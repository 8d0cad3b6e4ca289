//! One harmless question for each scope that the configuration makes use of.

use estampe_plugin_sdk::{FailKind, Failure, Host, Organisation as _, Probe, config};
use serde_json::Value;

use crate::scope::{Scope, line};
use crate::{GoogleWorkspace, address, ask, mailboxes};

/// Tries all of them: what one is refused says nothing of the others.
pub fn probes(host: &dyn Host) -> Vec<Probe> {
    let used = Scope::used(host);
    let mut probes = vec![Probe::passed("scopes", format!("this configuration makes use of: {}", line(&used)))];
    if let Err(failure) = config::require(host, "administrator") {
        probes.push(Probe::failed("administrator", failure.message));
        return probes;
    }
    for scope in used {
        let (name, found) = match scope {
            Scope::Customer => ("organisation", GoogleWorkspace::about(host).map(|about| about.name)),
            Scope::Users => ("people", list(host, scope, "/users", "users(id)")),
            Scope::Groups => ("groups", list(host, scope, "/groups", "groups(id)")),
            Scope::Roles => ("roles", roles(host)),
            Scope::Gmail => ("signatures", mailbox(host)),
        };
        probes.push(match found {
            Ok(found) => Probe::passed(name, format!("{} works: {found}", scope.address())),
            Err(failure) => Probe::failed(name, failure.message),
        });
    }
    probes
}

fn list(host: &dyn Host, scope: Scope, path: &str, fields: &str) -> Result<String, Failure> {
    let query = [("customer", "my_customer"), ("maxResults", "1"), ("fields", fields)];
    let answer: Value = ask::get(host, scope, address::directory(host, path, &query))?;
    Ok(if answer.as_object().is_none_or(serde_json::Map::is_empty) { "there are none" } else { "there are some" }
        .to_owned())
}

fn roles(host: &dyn Host) -> Result<String, Failure> {
    let query = [("maxResults", "1"), ("fields", "items(roleId)")];
    ask::get::<Value>(host, Scope::Roles, address::directory(host, "/customer/my_customer/roles", &query))?;
    Ok("roles can be read".to_owned())
}

/// The administrator's own mailbox: nobody else is named in the configuration.
fn mailbox(host: &dyn Host) -> Result<String, Failure> {
    let administrator = config::require(host, "administrator")?;
    match mailboxes::read(host, &administrator) {
        Ok(()) => Ok("the mailbox of `administrator` can be read".to_owned()),
        // the token was given, which is what is tried here
        Err(failure) if failure.kind == FailKind::NotFound => {
            Ok("it was given; `administrator` has no mailbox to try it on".to_owned())
        }
        Err(failure) => Err(failure),
    }
}
