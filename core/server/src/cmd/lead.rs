//! `estampe lead …`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::cmd::print;
use crate::cmd::work::{encoded, list, more, query_path, text};
use crate::operator::Operator;

/// What to do with leads.
#[derive(Debug, Subcommand)]
pub enum LeadCommand {
    /// List leads, newest first
    List {
        /// Go on where the last page ended
        #[arg(long)]
        after: Option<String>,
    },
    /// Write all leads as CSV, as the console does; the audit notes it
    Export {
        /// The file to make, readable by its owner alone; it must not be there [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Of its headings, and of what stands between cells: fr (;) or en (,)
        #[arg(long, value_name = "LANGUAGE", default_value = "en", value_parser = ["fr", "en"])]
        language: String,
    },
    /// Write one lead as a vCard, as the console does; the audit notes it
    Vcard {
        /// Which, by its id
        id: String,
        /// The file to make, readable by its owner alone; it must not be there [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Of the note in it: fr or en
        #[arg(long, value_name = "LANGUAGE", default_value = "en", value_parser = ["fr", "en"])]
        language: String,
    },
}

/// Does a command about leads.
pub async fn run(cli: &Cli, command: &LeadCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        LeadCommand::List { after } => {
            let answer = operator.get(&query_path("/v1/leads", &[("after", after.as_deref())])).await?;
            let code = list(cli, &answer, "leads", "No lead yet.", |lead| {
                let details = lead.get("details").cloned().unwrap_or_default();
                let whose = Some(text(lead, "person_name")).filter(|name| !name.is_empty());
                let whose = whose.unwrap_or_else(|| "(erased)".into());
                let agreed = lead.get("agreed").and_then(Value::as_array).into_iter().flatten();
                let agreed = agreed.filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
                vec![text(lead, "received_at"), text(&details, "name"), text(&details, "email"), whose, agreed]
            });
            more(cli, &answer);
            code
        }
        LeadCommand::Export { out, language } => {
            taken(cli, operator, &format!("/v1/leads/export?lang={language}"), out.as_deref()).await
        }
        LeadCommand::Vcard { id, out, language } => {
            let path = format!("/v1/leads/{}/contact?lang={}", encoded(id), language);
            taken(cli, operator, &path, out.as_deref()).await
        }
    }
}

/// Takes a file along: into a new file, or to standard output.
async fn taken(cli: &Cli, operator: &Operator, path: &str, out: Option<&Path>) -> Result<ExitCode, String> {
    let Some(out) = out else {
        let octets = operator.post_for_file(path, &json!({})).await?;
        std::io::stdout().write_all(&octets).map_err(|why| format!("standard output: {why}"))?;
        return Ok(ExitCode::SUCCESS);
    };
    let wrong = |why: std::io::Error| format!("{}: {why}", out.display());
    // before anything is asked for: the audit notes what is taken along
    let mut file = fresh(out).map_err(wrong)?;
    let written = match operator.post_for_file(path, &json!({})).await {
        Ok(octets) => file.write_all(&octets).and_then(|()| file.sync_all()).map_err(wrong),
        Err(why) => Err(why),
    };
    if let Err(why) = written {
        // half a file is none
        drop(std::fs::remove_file(out));
        return Err(why);
    }
    if cli.json {
        print::json(&json!({ "file": out }));
    } else {
        print::line(&format!("Written to {}.", out.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// A new file that others cannot read.
fn fresh(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
