//! The command line.

mod card;
mod provider;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use card::{CardCommand, Choose};
pub use provider::{ProviderCommand, SetProvider};

pub use crate::cmd::approval::ApprovalCommand;
pub use crate::cmd::backup::{BackupCommand, Look};
pub use crate::cmd::change::ChangeCommand;
pub use crate::cmd::key::KeyRingCommand;
pub use crate::cmd::lead::LeadCommand;
pub use crate::cmd::signature::SignatureCommand;
pub use crate::cmd::token::TokenCommand;

/// Digital business cards, leads and signatures, inside your own network.
#[derive(Debug, Parser)]
#[command(name = "estampe", version, about, max_term_width = 100)]
pub struct Cli {
    /// Configuration file [default: /etc/estampe/estampe.toml, when it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON, for machines
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the appliance, until Ctrl-C or SIGTERM
    Serve,
    /// Say whether the configuration can be used, without starting anything
    CheckConfig,
    /// Look whether everything is well: configuration, files, database, mail, certificates
    Doctor,
    /// Say what an upgrade to this version would do, before it is made; changes nothing
    UpgradeCheck,
    /// Print the console's address and a one-time token for its first administrator
    FirstRun,
    /// Say by the exit code whether the running service and its database answer
    Health,
    /// Print what a shell needs to complete commands
    Completions {
        /// Which
        shell: clap_complete::Shell,
    },
    /// Write the man pages
    #[command(hide = true)]
    Man {
        /// Where to
        folder: PathBuf,
    },
    /// Print the local CA's fingerprint and where devices can fetch it
    Ca {
        /// Make a new CA for the names that the configuration has now; every device must
        /// trust it anew
        #[arg(long)]
        renew: bool,
    },
    /// Where people come from
    #[command(subcommand)]
    Source(SourceCommand),
    /// Executions of a source: look, approve, discard
    #[command(subcommand)]
    Run(RunCommand),
    /// People of the organisation
    #[command(subcommand)]
    Person(PersonCommand),
    /// Cards: the list, and taking down and putting up those of one person or of many
    #[command(subcommand)]
    Card(CardCommand),
    /// Groups of the directories, and who is in them
    #[command(subcommand)]
    Group(GroupCommand),
    /// Who may sign in, and what for
    #[command(subcommand)]
    Account(AccountCommand),
    /// Tokens by which programs use the API
    #[command(subcommand)]
    Token(TokenCommand),
    /// Who else may say who somebody is: single sign-on, and sign-in by a directory
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// What waits for a second administrator, where the configuration wants one
    #[command(subcommand)]
    Approval(ApprovalCommand),
    /// Changes of people that are written into the directory: what waits, and what failed
    #[command(subcommand)]
    Change(ChangeCommand),
    /// Details that visitors left
    #[command(subcommand)]
    Lead(LeadCommand),
    /// Signatures below e-mails: designs, and the rules that say who gets which
    #[command(subcommand)]
    Signature(SignatureCommand),
    /// Mails that wait to leave, or were given up
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// The key that wraps all others: which it is, and letting a new one take its place
    #[command(subcommand)]
    Key(KeyRingCommand),
    /// Make a backup now; or list them, look into one, make a key for them
    Backup {
        #[command(subcommand)]
        command: Option<BackupCommand>,
    },
    /// Bring a backup back into an empty place, with the service stopped
    Restore(Look),
    /// Let a restored service send mails, synchronise and write signatures again
    ///
    /// After a restore nothing leaves the house: it may be a drill, and what waited in the backup may have been done
    /// since. This ends that.
    Resume,
    /// Installed plugins
    #[command(subcommand)]
    Plugin(PluginCommand),
}

#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Add a source
    Add(AddSource),
    /// List the sources and how they fare
    List,
    /// Show how a source is configured; of its secrets only which are set
    Show {
        /// Name of the source
        name: String,
    },
    /// Change how a source is configured; what is not named stays
    Set(SetSource),
    /// Show or change where each field of its people comes from: directory (always), written
    /// (the same, and changes are written there after agreement), once (at creation) or own
    /// (never). Applied by the next run
    Owners {
        /// Name of the source
        name: String,
        /// Whose a field shall be: title=own
        #[arg(long = "set", value_name = "FIELD=OWNER", value_parser = key_value)]
        values: Vec<(String, String)>,
    },
    /// Show or change which attributes fill in which fields of a card
    Mapping(MapSource),
    /// Let a source's connector try what it needs; changes nothing
    Check {
        /// Name of the source
        name: String,
    },
    /// What a source's provider has to permit: what is needed, what is there, what is never used
    Permissions {
        /// Name of the source
        name: String,
        /// Try each by a harmless question
        #[arg(long)]
        check: bool,
    },
    /// Say how often a source is read by itself, once a first run was applied, or set it
    Schedule {
        /// Name of the source
        name: String,
        /// As in 15m, 1h, 1d; or off
        #[arg(long, value_name = "TIME", value_parser = every)]
        every: Option<Every>,
    },
    /// Try whether somebody may sign in by a source's directory: says who it is, or why not.
    /// Asks for their password, or takes the first line of standard input
    SignIn {
        /// Name of the source
        name: String,
        /// What they would type as their name
        login: String,
    },
    /// Read a source and bring the cards up to date; waits for the end
    Sync {
        /// Name of the source
        name: String,
        /// Read everybody, where the source could tell what changed
        #[arg(long)]
        full: bool,
        /// Make the plan and hold it: nothing is changed before you approve
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        lines: Lines,
    },
    /// End a source, and decide what becomes of its people; shows the plan first
    Disconnect {
        /// Name of the source
        name: String,
        /// Keep them as they are, take their cards down, or erase their data for good
        #[arg(long, value_name = "WHAT", value_parser = ["keep", "disable", "erase"])]
        people: Option<String>,
        /// Do not ask
        #[arg(long, requires = "people")]
        yes: bool,
    },
}

/// How much of a plan is printed.
#[derive(Debug, Args)]
pub struct Lines {
    /// Print the whole plan
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// So many lines of each kind [default: 20, with --json all]
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

/// How often: minutes, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every(pub Option<u32>);

fn every(text: &str) -> Result<Every, String> {
    if text == "off" {
        return Ok(Every(None));
    }
    let wrong = || "it is written 15m, 1h, 1d or off".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let minutes: u32 = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        _ => return Err(wrong()),
    };
    let number: u32 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    number.checked_mul(minutes).filter(|minutes| *minutes > 0).map(|minutes| Every(Some(minutes))).ok_or_else(wrong)
}

#[derive(Debug, Args)]
pub struct AddSource {
    /// A name for it, such as "Head office"
    pub name: String,
    /// The connector plugin
    #[arg(long, default_value = "directory-file")]
    pub plugin: String,
    /// Install the plugin that lies ready in plugins.dir, where it is not installed, and grant what
    /// it asks for, item by item
    #[arg(long)]
    pub install: bool,
    /// Read it at once and bring the cards up to date, as `estampe source sync` does
    #[arg(long)]
    pub sync: bool,
    /// Grant all that the plugin asks for
    #[arg(long, requires = "install")]
    pub yes: bool,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Debug, Args)]
pub struct SetSource {
    /// Name of the source
    pub name: String,
    #[command(flatten)]
    pub settings: Settings,
    /// A key of the plugin's configuration that shall not be set any more
    #[arg(long, value_name = "KEY")]
    pub unset: Vec<String>,
}

#[derive(Debug, Args)]
pub struct MapSource {
    /// Name of the source
    pub name: String,
    /// Begin with the rules for a kind of directory: standard, active-directory, openldap, freeipa
    #[arg(long, value_name = "ID")]
    pub preset: Option<String>,
    /// What fills in a field: title=personalTitle, name='[givenName, sn]|join(" ")'; nothing
    /// after = takes the rule away
    #[arg(long = "set", value_name = "FIELD=EXPRESSION", value_parser = key_value)]
    pub rules: Vec<(String, String)>,
    /// The country of telephone numbers written without it: FR; nothing for none
    #[arg(long, value_name = "CODE")]
    pub country: Option<String>,
    /// Show what this would give on the source's first entries; saves nothing
    #[arg(long)]
    pub preview: bool,
}

/// What a connector is given.
#[derive(Debug, Args)]
pub struct Settings {
    /// A file that the plugin may read: people=/srv/export.ldif
    #[arg(long = "input", value_name = "NAME=PATH", value_parser = key_value)]
    pub inputs: Vec<(String, String)>,
    /// A value of the plugin's configuration: delimiter=;
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub values: Vec<(String, String)>,
    /// A value that stands in a file, or comes from standard input with -: a secret given so
    /// is in no list of processes and no history
    #[arg(long = "set-file", value_name = "KEY=FILE", value_parser = key_value)]
    pub files: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// List the newest runs, of one source or of all
    List {
        /// Name of the source
        source: Option<String>,
    },
    /// Show a run: its plan by person and field, refused entries, what its plugin wrote
    Show {
        /// Id of the run
        id: String,
        #[command(flatten)]
        lines: Lines,
    },
    /// Say yes to a held plan; waits until it is applied
    Approve {
        /// Id of the run
        id: String,
    },
    /// Say no to a held plan; nothing was changed, nothing will be
    Discard {
        /// Id of the run
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// List people and their cards, by name
    List {
        /// Words of their name, title or address
        query: Option<String>,
        /// Only those of whom the directory contradicts what was entered
        #[arg(long)]
        conflicts: bool,
        /// Go on where the last page ended
        #[arg(long)]
        after: Option<String>,
    },
    /// Show a person field by field, and where each value comes from
    Show {
        /// Their id, or words that fit nobody else
        person: String,
    },
    /// Enter values: they are shown, and no run overwrites them. Saying again what is shown
    /// keeps it over what the directory says now
    Set {
        /// Their id, or words that fit nobody else
        person: String,
        /// A value: title="Head of exports"; nothing after the = empties it. work-phone,
        /// mobile-phone, email and link may be named several times
        #[arg(required = true, value_name = "FIELD=VALUE", value_parser = key_value)]
        values: Vec<(String, String)>,
    },
    /// Give fields back to the directory: what was entered for them goes
    Reset {
        /// Their id, or words that fit nobody else
        person: String,
        /// Fields, as `estampe person show` names them
        #[arg(required = true)]
        fields: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// List groups by name, with how many people are in each
    List {
        /// Of this source alone
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
        /// Go on where the last page ended
        #[arg(long)]
        after: Option<String>,
    },
    /// Make a group in the directory of a source, where its plugin does that; the next run of
    /// the source brings it
    Create {
        /// Name of the source
        source: String,
        /// The group's name
        name: String,
    },
    /// Rename a group in its directory
    Rename {
        /// Its name, or its id
        group: String,
        /// Its new name
        name: String,
    },
    /// Put somebody into a group in its directory
    Join {
        /// Its name, or its id
        group: String,
        /// Name or id of the person
        person: String,
    },
    /// Take somebody out of a group in its directory; they stay what they are
    Leave {
        /// Its name, or its id
        group: String,
        /// Name or id of the person
        person: String,
    },
    /// Show a group and who is in it, through other groups too
    Show {
        /// Its name, or its id
        group: String,
        /// Go on where the last page ended
        #[arg(long)]
        after: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// List accounts by their address
    List {
        /// Go on where the last page ended
        #[arg(long)]
        after: Option<String>,
    },
    /// Show an account
    Show {
        /// Its address, or its id
        account: String,
    },
    /// Make an account; prints the token by which its password is chosen
    Add {
        /// What it signs in with
        email: String,
        /// How it is addressed
        #[arg(long)]
        name: String,
        /// What it is for: employee, team-manager, card-designer, integrator, auditor,
        /// data-protection-officer, administrator; several times for several
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
        /// Whose it is: the id of a person
        #[arg(long)]
        person: Option<String>,
    },
    /// Change what an account is for; whoever is signed in with it has to sign in anew
    Set {
        /// Its address, or its id
        account: String,
        /// All its roles from now on
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// Whose it is: the id of a person, or "" for nobody
        #[arg(long)]
        person: Option<String>,
        /// Groups whose people it sees as a team manager, all of them: name or id, or "" for none
        #[arg(long = "team", value_name = "GROUP")]
        teams: Vec<String>,
    },
    /// Print a new token by which a password is chosen; the old password stays until then
    Invite {
        /// Its address, or its id
        account: String,
    },
    /// Take all second factors from whoever lost them; make sure first that it is them who asks
    ResetFactors {
        /// Its address or id
        account: String,
    },
    /// End all sessions of an account
    SignOut {
        /// Its address or id
        account: String,
    },
    /// Let an account sign in no more
    Disable {
        /// Its address, or its id
        account: String,
    },
    /// Let it sign in again
    Enable {
        /// Its address, or its id
        account: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// List the mails that were given up and those that wait, and say why
    List,
    /// Send mails again that were given up, and try now what waits
    Resend {
        /// Id of one mail, as the list shows it
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    #[command(flatten)]
    Kit(KitCommand),
    /// Install a plugin, and grant what it asks for, item by item
    Install {
        /// Its bundle (./name.estampe), or the id of one that lies ready in plugins.dir
        bundle: String,
        #[command(flatten)]
        decision: Decision,
    },
    /// List the plugins that are installed, and those that lie ready
    List,
    /// Show what a plugin is, what it asks for, what was granted and what may be configured
    Show {
        /// Its id
        id: String,
    },
    /// Install a newer version; it waits when it asks for more, and the old one goes on
    Upgrade {
        /// Its bundle (./name.estampe), or the id of one that lies ready in plugins.dir
        bundle: String,
        #[command(flatten)]
        decision: Decision,
    },
    /// Grant what a plugin asks for, or a private network: "network 10.1.2.0/24"
    Grant {
        /// Its id
        id: String,
        /// Items, as `estampe plugin show` prints them; none: asks for each
        items: Vec<String>,
        #[command(flatten)]
        decision: Decision,
    },
    /// Take back what was granted
    Revoke {
        /// Its id
        id: String,
        /// Items, as `estampe plugin show` prints them
        #[arg(required = true)]
        items: Vec<String>,
    },
    /// Withdraw a version that waits; else go back to the version before
    Rollback {
        /// Its id
        id: String,
    },
    /// Switch a plugin off: its sources cannot be read any more
    Disable {
        /// Its id
        id: String,
    },
    /// Switch a plugin on again, also after it was paused
    Enable {
        /// Its id
        id: String,
    },
    /// Remove a plugin that no source uses
    Remove {
        /// Its id
        id: String,
    },
}

/// Making plugins: needs no running appliance.
#[derive(Debug, Subcommand)]
pub enum KitCommand {
    /// Begin a plugin: a connector that reads people over HTTP, with its tests
    New {
        /// Its id, which is its crate's name too
        name: String,
        /// What it is to be: a connector of people, or a template of signatures
        #[arg(long, value_name = "KIND", default_value = "connector", value_parser = ["connector", "signature-template"])]
        kind: String,
        /// The folder to make [default: the name]
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
        /// The folder plugin-sdk of a checkout of Estampe [default: the crate of this
        /// version, which is published nowhere yet]
        #[arg(long, value_name = "FOLDER")]
        sdk: Option<PathBuf>,
    },
    /// Compile a plugin and bundle it as ./ID.estampe
    Build {
        /// The folder with its plugin.toml
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// Sign it with this key
        #[arg(long, value_name = "KEYFILE")]
        sign: Option<PathBuf>,
    },
    /// Keys that plugins are signed with
    #[command(subcommand)]
    Key(KeyCommand),
    /// Sign a bundle, in the place of who signed it before
    Sign {
        /// The bundle: ./name.estampe
        bundle: PathBuf,
        /// The secret key
        #[arg(long, value_name = "KEYFILE")]
        key: PathBuf,
    },
    /// Try a connector by the host and limits of an appliance; sends nothing
    Test(TestPlugin),
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key; its public half is written beside it, as .pub
    New {
        /// The file to make
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct TestPlugin {
    /// The bundle: ./name.estampe
    pub bundle: PathBuf,
    /// A value of the plugin's configuration: url=https://directory.example
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub values: Vec<(String, String)>,
    /// A file that the plugin may read: people=export.ldif
    #[arg(long = "input", value_name = "NAME=PATH", value_parser = key_value)]
    pub inputs: Vec<(String, String)>,
    /// What other sides answer: {"answers": [{"url": …, "json": …}]}
    #[arg(long, value_name = "FILE")]
    pub http_fixture: Option<PathBuf>,
    /// Show what the plugin writes to its log, also where nothing failed
    #[arg(long)]
    pub log: bool,
    /// Of a template of signatures: a folder for what it made of each of some people
    #[arg(long, value_name = "FOLDER")]
    pub save: Option<PathBuf>,
    /// The program estampe-compile [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub compiler: Option<PathBuf>,
}

/// How what is asked for is decided.
#[derive(Debug, Args)]
pub struct Decision {
    /// Grant all that it asks for
    #[arg(long)]
    pub yes: bool,
    /// Use the version that waits with what is granted, and no more
    #[arg(long, conflicts_with = "yes")]
    pub as_granted: bool,
}

/// `NAME=VALUE`.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("give it as NAME=VALUE".to_owned()),
    }
}
