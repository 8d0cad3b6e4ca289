//! `estampe provider …`: who else may say who somebody is.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// List the sign-in providers
    List,
    /// Show how a provider is set; of its secret only whether it is set
    Show {
        /// Name of the provider
        name: String,
    },
    /// Add a provider. Prints what it has to be told
    Add(Box<SetProvider>),
    /// Change how a provider is set; what is not named stays
    Set(Box<SetProvider>),
    /// Ask a provider for what it says of itself; signs nobody in
    Check {
        /// Name of the provider
        name: String,
    },
    /// Remove a provider: nobody comes from there any more, and roles by its rules are gone
    Remove {
        /// Name of the provider
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct SetProvider {
    /// Its name in addresses: letters a to z, digits, hyphens
    pub name: String,
    /// What its button says
    #[arg(long)]
    pub label: Option<String>,
    /// oidc, google, microsoft or directory
    #[arg(long)]
    pub kind: Option<String>,
    /// Of oidc: its issuer, letter by letter as the provider writes it
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// Of microsoft: the id of the tenant
    #[arg(long)]
    pub tenant: Option<String>,
    /// Of google: the domain whose people may come
    #[arg(long)]
    pub domain: Option<String>,
    /// Who this appliance is there
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// A file with our secret there, or - for standard input; an empty one takes it away
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<String>,
    /// What is asked for beside openid, with spaces between: "email profile"
    #[arg(long)]
    pub scopes: Option<String>,
    /// The claim that names groups: groups, realm_access.roles; "" for none
    #[arg(long, value_name = "CLAIM")]
    pub groups_claim: Option<String>,
    /// A network that is not public and may be reached for it, such as 10.0.0.0/8; several times
    /// for several, "" for none
    #[arg(long = "network", value_name = "NETWORK")]
    pub networks: Vec<String>,
    /// Of a directory: the source whose people sign in
    #[arg(long)]
    pub source: Option<String>,
    /// Whether somebody who has no account gets one: yes or no
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    pub create: Option<bool>,
    /// A role of accounts that are made; several times for several, "" for none
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// Whoever is in the group has the role, all rules from now on: cards=integrator; "" for none
    #[arg(long = "rule", value_name = "GROUP=ROLE")]
    pub rules: Vec<String>,
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("yes or no is right".to_owned()),
    }
}
