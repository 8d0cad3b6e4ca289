//! The import `ldap`: translates and hands on.

use estampe_domain::ldap::mediation::Wanted;
use estampe_domain::ldap::{LdapEntry, LdapMode, LdapScope, LdapTracking};
use wasmtime::{Error, Result};

use super::bindings::estampe::plugin::{ldap, types};
use super::imports::answer;
use crate::call::Call;

impl ldap::Host for Call {
    fn search(&mut self, query: ldap::Query) -> Result<Result<ldap::Entries, types::Failure>> {
        let area = Some(query.area.clone()).filter(|area| !area.is_empty());
        let (wanted, cookie) = wanted(query);
        let outcome = self.waiting(|call| call.ldap_search(&wanted, area.as_deref(), cookie)).map_err(Error::new)?;
        Ok(answer(outcome.map(|found| {
            let entries = found.entries.into_iter().map(entry).collect();
            ldap::Entries { entries, next: found.next }
        })))
    }

    fn changes_since(
        &mut self,
        tracking: ldap::Tracking,
        query: ldap::Query,
        position: Option<Vec<u8>>,
    ) -> Result<Result<ldap::Changes, types::Failure>> {
        let area = Some(query.area.clone()).filter(|area| !area.is_empty());
        let (wanted, _) = wanted(query);
        let tracking = match tracking {
            ldap::Tracking::DirSync => LdapTracking::DirSync,
            ldap::Tracking::ContentSync => LdapTracking::ContentSync,
        };
        let asked = |call: &mut Call| call.ldap_changes(&wanted, area.as_deref(), tracking, position);
        let outcome = self.waiting(asked).map_err(Error::new)?;
        Ok(answer(outcome.map(|told| ldap::Changes {
            changed: told.changed,
            gone: told.gone,
            position: told.position,
            more: told.more,
        })))
    }

    fn root_dse(&mut self) -> Result<Result<ldap::Entry, types::Failure>> {
        let outcome = self.waiting(Call::ldap_root_dse).map_err(Error::new)?;
        Ok(answer(outcome.map(entry)))
    }
}

fn wanted(query: ldap::Query) -> (Wanted, Option<Vec<u8>>) {
    let scope = match query.scope {
        ldap::Scope::Base => LdapScope::Base,
        ldap::Scope::OneLevel => LdapScope::OneLevel,
        ldap::Scope::Subtree => LdapScope::Subtree,
    };
    let mode = match query.mode {
        ldap::Mode::Paged => LdapMode::Paged,
        ldap::Mode::ChangedAbove(number) => LdapMode::ChangedAbove(number),
        ldap::Mode::ModifiedSince(moment) => LdapMode::ModifiedSince(moment),
    };
    let ldap::Query { base, filter, attributes, page_size, cookie, .. } = query;
    (Wanted { base, scope, filter, attributes, mode, page_size }, cookie)
}

fn entry(entry: LdapEntry) -> ldap::Entry {
    let attributes = entry.attributes.into_iter().map(|(name, values)| ldap::LdapAttribute { name, values });
    ldap::Entry { dn: entry.dn, attributes: attributes.collect() }
}
