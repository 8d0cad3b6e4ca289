//! Reads the people and groups of a Microsoft Entra tenant through Microsoft Graph v1.0, and sets
//! some properties of people and changes groups where the host asks for it. Besides `GET` its manifest
//! asks for `PATCH` of a user with those properties and no others, and for what groups need: nothing
//! is deleted but a reference to a member, and no password is reached. Secrets and tokens are the
//! host's.

mod check;
mod graph;
mod groups;
mod organisation;
mod person;
mod photo;
mod recent;
mod run;
mod write;
mod write_groups;

use estampe_plugin_sdk::{
    Attribute, Connector, Cursor, Description, Failure, Features, Host, Organisation, Page, Probe, Role, SyncMode,
    WriteBack, WriteGroups, config,
};

/// The connector.
#[derive(Debug)]
pub struct MicrosoftEntra;

impl Connector for MicrosoftEntra {
    fn describe() -> Description {
        Description { features: Features { incremental: true }, attributes: person::fields() }
    }

    fn check(host: &dyn Host) -> Vec<Probe> {
        check::probes(host)
    }

    fn sync_page(host: &dyn Host, mode: SyncMode, from: Option<Cursor>) -> Result<Page, Failure> {
        match mode {
            SyncMode::Full => run::full(host, from),
            SyncMode::Incremental => run::incremental(host, from),
        }
    }
}

impl Organisation for MicrosoftEntra {
    fn about(host: &dyn Host) -> Result<estampe_plugin_sdk::Details, Failure> {
        organisation::about(host)
    }

    fn roles_of(host: &dyn Host, user: &str) -> Result<Vec<Role>, Failure> {
        organisation::roles_of(host, user)
    }
}

impl WriteBack for MicrosoftEntra {
    fn read_person(host: &dyn Host, id: &str, fields: &[String]) -> Result<Vec<Attribute>, Failure> {
        write::read(host, id, fields)
    }

    fn write_person(host: &dyn Host, id: &str, changes: &[Attribute]) -> Result<Vec<Attribute>, Failure> {
        write::set(host, id, changes)
    }
}

impl WriteGroups for MicrosoftEntra {
    fn create_group(host: &dyn Host, name: &str) -> Result<String, Failure> {
        write_groups::create(host, name)
    }

    fn rename_group(host: &dyn Host, group: &str, name: &str) -> Result<(), Failure> {
        write_groups::rename(host, group, name)
    }

    fn add_member(host: &dyn Host, group: &str, person: &str) -> Result<(), Failure> {
        write_groups::add(host, group, person)
    }

    fn remove_member(host: &dyn Host, group: &str, person: &str) -> Result<(), Failure> {
        write_groups::remove(host, group, person)
    }
}

/// Whether a flag of the configuration is set.
fn is_on(host: &dyn Host, key: &str) -> bool {
    config::get(host, key).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

estampe_plugin_sdk::export_connector!(MicrosoftEntra);
estampe_plugin_sdk::export_organisation!(MicrosoftEntra);
estampe_plugin_sdk::export_write_back!(MicrosoftEntra);
estampe_plugin_sdk::export_write_groups!(MicrosoftEntra);
