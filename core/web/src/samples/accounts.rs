//! Accounts for the gallery.

use estampe_domain::access::{Role, Roles};
use estampe_domain::account::{Account, AccountDetail};
use estampe_domain::{AccountId, GroupId};
use estampe_service::views::AccountPage;

use super::{Sevens, now};

pub(crate) fn detail(name: &str, roles: &[Role], has_password: bool, active: bool) -> AccountDetail {
    let first = name.split(' ').next().unwrap_or_default().to_lowercase();
    let email = format!("{first}@banque-garonne.example").parse().unwrap();
    let (id, roles) = (AccountId::new(now(), &Sevens), roles.iter().copied().collect::<Roles>());
    let team = || (GroupId::new(now(), &Sevens), "Agence de Toulouse".to_owned());
    let teams = roles.has(Role::TeamManager).then(team).into_iter().collect();
    AccountDetail {
        account: Account { id, name: name.parse().unwrap(), email, person: None, roles, active },
        has_password,
        factors: u64::from(has_password),
        providers: has_password.then(|| "Siège".to_owned()).into_iter().collect(),
        teams,
    }
}

pub(crate) fn accounts() -> AccountPage {
    let accounts = vec![
        detail("Maelys Durand", &[Role::Administrator], true, true),
        detail("Karim Benali", &[Role::Employee, Role::TeamManager], false, true),
        detail("Iris Bonnet", &[Role::DataProtectionOfficer, Role::Auditor], true, false),
    ];
    AccountPage { accounts, total: 3, next: None }
}
