//! Who may do what: one table of roles and rights, which every use case asks through its
//! [`Context`](crate::Context).

use crate::ids::{AccountId, PersonId};

/// What an account is for. One account may have several roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Their own card and the leads that they met.
    Employee,
    /// Reads the leads and the people of their teams.
    TeamManager,
    /// How cards look.
    CardDesigner,
    /// Sources, runs and plugins; what a plugin is granted is an administrator's word.
    Integrator,
    /// Reads how everything is set and what was done, and changes nothing; leads, which are
    /// outsiders' data, are no part of that.
    Auditor,
    /// Data protection officer (GDPR, articles 37 to 39): what is known of whom.
    DataProtectionOfficer,
    /// Everything.
    Administrator,
}

impl Role {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Employee,
        Self::TeamManager,
        Self::CardDesigner,
        Self::Integrator,
        Self::Auditor,
        Self::DataProtectionOfficer,
        Self::Administrator,
    ];

    /// As the database keeps it and commands name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::TeamManager => "team-manager",
            Self::CardDesigner => "card-designer",
            Self::Integrator => "integrator",
            Self::Auditor => "auditor",
            Self::DataProtectionOfficer => "data-protection-officer",
            Self::Administrator => "administrator",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Roles together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// No role at all.
    pub const NONE: Self = Self(0);
    /// The administrator's alone.
    pub const ADMINISTRATOR: Self = Self(Role::Administrator.bit());

    /// Whether a role is among them.
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// One after the other, in the order of [`Role::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }

    /// Those that are among the others too.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The farthest that any of them reaches.
    pub fn reach(self, right: Right) -> Option<Reach> {
        self.iter().filter_map(|role| right.reach(role)).max()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }
}

/// How far a right goes, the farthest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// What is theirs.
    Own,
    /// And what is their teams'.
    Team,
    /// Everybody's.
    All,
}

/// Something that may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See what needs attention, and the figures of the house.
    Overview,
    /// See people and their cards.
    PeopleRead,
    /// Enter what is shown of people, and decide their conflicts.
    PeopleChange,
    /// See the changes that wait to be written into directories, and end them. Who agrees to one
    /// is the person, or leads a team of theirs: no right lets anybody else.
    ChangesDecide,
    /// See leads.
    LeadsRead,
    /// See sources, their settings, their runs and their groups.
    SourcesRead,
    /// Add and set sources.
    SourcesChange,
    /// Run sources, and decide about the plans of their runs.
    SourcesRun,
    /// End a source, with what becomes of its people.
    SourcesEnd,
    /// See plugins, and what they were granted.
    PluginsRead,
    /// Install, upgrade, disable and remove plugins.
    PluginsChange,
    /// Say what a plugin may reach.
    PluginsGrant,
    /// See signatures, and the rules that say who gets which.
    SignaturesRead,
    /// Make designs of signatures, and the rules.
    SignaturesChange,
    /// Read and write the signatures of people's mailboxes.
    SignaturesPublish,
    /// See the mails that could not leave.
    MailsRead,
    /// Send them again, or give them up.
    MailsChange,
    /// See accounts and their roles.
    AccountsRead,
    /// Make and end accounts, and give them roles.
    AccountsChange,
    /// See the health of the appliance in full.
    HealthRead,
    /// Let another key take the place of the one that wraps all others; make backups, and note that one was
    /// looked into.
    KeysChange,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 21] = [
        Self::Overview,
        Self::PeopleRead,
        Self::PeopleChange,
        Self::ChangesDecide,
        Self::LeadsRead,
        Self::SourcesRead,
        Self::SourcesChange,
        Self::SourcesRun,
        Self::SourcesEnd,
        Self::PluginsRead,
        Self::PluginsChange,
        Self::PluginsGrant,
        Self::SignaturesRead,
        Self::SignaturesChange,
        Self::SignaturesPublish,
        Self::MailsRead,
        Self::MailsChange,
        Self::AccountsRead,
        Self::AccountsChange,
        Self::HealthRead,
        Self::KeysChange,
    ];

    /// The table: how far a role reaches. This is the one place that knows.
    pub const fn reach(self, role: Role) -> Option<Reach> {
        use Right as P;
        use Role as R;
        match (self, role) {
            (P::PeopleRead | P::PeopleChange | P::ChangesDecide | P::LeadsRead | P::SignaturesRead, R::Employee) => {
                Some(Reach::Own)
            }
            (P::PeopleRead | P::ChangesDecide | P::LeadsRead, R::TeamManager) => Some(Reach::Team),

            (_, R::Administrator)
            | (P::PeopleRead, R::CardDesigner | R::Integrator | R::Auditor | R::DataProtectionOfficer)
            | (P::SourcesRead | P::PluginsRead, R::Integrator | R::Auditor | R::DataProtectionOfficer)
            | (P::Overview | P::HealthRead | P::MailsRead, R::Integrator | R::Auditor)
            | (P::SourcesChange | P::SourcesRun | P::PluginsChange, R::Integrator)
            | (P::SignaturesChange, R::CardDesigner)
            | (P::SignaturesRead, R::CardDesigner | R::Integrator | R::Auditor)
            | (P::LeadsRead, R::DataProtectionOfficer)
            | (P::AccountsRead, R::Auditor | R::DataProtectionOfficer) => Some(Reach::All),

            _ => None,
        }
    }
}

/// Whom a use case may be about, as far as the one who asks reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This person alone.
    Own(PersonId),
    /// Whoever is in a team that this account leads, and its own person.
    Team(AccountId, Option<PersonId>),
    /// Everybody.
    All,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_its_promises() {
        for right in Right::ALL {
            assert_eq!(right.reach(Role::Administrator), Some(Reach::All), "{right:?}");
        }
        // an auditor changes nothing
        let changes = [
            Right::PeopleChange,
            Right::ChangesDecide,
            Right::SourcesChange,
            Right::SourcesRun,
            Right::SourcesEnd,
            Right::PluginsChange,
            Right::PluginsGrant,
            Right::MailsChange,
            Right::AccountsChange,
            Right::KeysChange,
        ];
        for right in changes {
            assert_eq!(right.reach(Role::Auditor), None, "{right:?}");
        }
        // outsiders' data is not for whoever runs the machines
        for role in [Role::Integrator, Role::Auditor, Role::CardDesigner] {
            assert_eq!(Right::LeadsRead.reach(role), None, "{role:?}");
        }
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Administrator) {
            for right in [Right::PluginsGrant, Right::AccountsChange, Right::SourcesEnd] {
                assert_eq!(right.reach(role), None, "{role:?} {right:?}");
            }
        }
    }

    #[test]
    fn roles_add_up() {
        let both = Roles::from_iter([Role::Employee, Role::TeamManager]);
        assert_eq!(both.reach(Right::LeadsRead), Some(Reach::Team));
        assert_eq!(both.reach(Right::PeopleChange), Some(Reach::Own));
        assert_eq!(both.reach(Right::SourcesRead), None);
        assert_eq!(both.iter().collect::<Vec<_>>(), [Role::Employee, Role::TeamManager]);
        assert!(Roles::NONE.is_empty() && !both.is_empty());
        for role in Role::ALL {
            assert_eq!(Role::from_stored(role.as_str()), Some(role));
        }
        assert_eq!(Role::from_stored("root"), None);
    }
}
