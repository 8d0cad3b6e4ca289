//! `estampe signature …`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::cli::{Cli, key_value};
use crate::cmd::publish::{self, PublishCommand};
use crate::cmd::work::{encoded, list, query_path, text};
use crate::cmd::{person, print};
use crate::operator::Operator;

/// What to do with signatures.
#[derive(Debug, Subcommand)]
pub enum SignatureCommand {
    /// Looks: a template and its configuration
    #[command(subcommand)]
    Design(DesignCommand),
    /// Rules: who gets which design, banner and notice, and when
    #[command(subcommand)]
    Rule(RuleCommand),
    /// Pictures that signatures show, served by this appliance
    #[command(subcommand)]
    Picture(PictureCommand),
    /// Write signatures into mailboxes: plan, apply, look for drift, restore
    #[command(subcommand)]
    Publish(PublishCommand),
    /// Say what somebody gets on a day, and why
    Test {
        /// Their id, or words that fit nobody else
        person: String,
        /// The day [default: today]
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<String>,
        /// Print the signature's HTML alone
        #[arg(long, conflicts_with = "text")]
        html: bool,
        /// Print the signature's text alone
        #[arg(long)]
        text: bool,
    },
    /// Send a signature to the holder of an account, who wants to see it in a mail
    TestMail {
        /// Whose signature: their id, or words that fit nobody else
        #[arg(required_unless_present = "design")]
        person: Option<String>,
        /// A design, with the data of the first person by name
        #[arg(long, value_name = "DESIGN", conflicts_with = "person")]
        design: Option<String>,
        /// The address of an account of the console
        #[arg(long, value_name = "EMAIL")]
        to: String,
        /// The day [default: today]
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum DesignCommand {
    /// List the designs
    List,
    /// Make a design of a template
    Add {
        /// Its name
        name: String,
        /// Id of the template's plugin: signature-classic
        #[arg(long, value_name = "PLUGIN")]
        template: String,
        /// A value of the template's configuration: logo=https://cards.example/logo.png
        #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
        values: Vec<(String, String)>,
    },
    /// Change a design; what is not named stays, an empty value goes
    Set {
        /// Its name
        name: String,
        /// A value of the template's configuration
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = key_value)]
        values: Vec<(String, String)>,
    },
    /// Remove a design that no rule gives
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum PictureCommand {
    /// List the pictures, with the address that a design or a rule names
    List,
    /// Bring a picture: JPEG, PNG or WebP. It is made harmless, and smaller where it is larger than 1200 × 800
    Add {
        /// The file
        file: PathBuf,
        /// Its name [default: the file's]
        #[arg(long)]
        name: Option<String>,
    },
    /// Remove a picture that no design and no rule shows; mails that were sent show a gap from then on
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum RuleCommand {
    /// List the rules in the order in which they are asked
    List,
    /// Add a rule below all others, or above one. The first rule that fits and gives something
    /// wins for that alone
    Add(Box<SetRule>),
    /// Change a rule; what is not named stays
    Set(Box<SetRule>),
    /// Move a rule above another one, or below all
    Move {
        /// Its name
        name: String,
        /// The rule that it is asked before
        #[arg(long, value_name = "RULE", required_unless_present = "last")]
        above: Option<String>,
        /// Below all others
        #[arg(long, conflicts_with = "above")]
        last: bool,
    },
    /// Remove a rule
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct SetRule {
    /// Its name
    pub name: String,
    /// For people of this group: name or id; several times for any of several, "" for all
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// For people at this office, as their cards name it; "" for all
    #[arg(long = "office", value_name = "OFFICE")]
    pub offices: Vec<String>,
    /// For people with this language: fr or en; "" for all
    #[arg(long = "language", value_name = "LANGUAGE")]
    pub languages: Vec<String>,
    /// Its first day; "" for none
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<String>,
    /// Its last day; "" for none
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub until: Option<String>,
    /// The design that it gives; "" for none
    #[arg(long, value_name = "DESIGN")]
    pub design: Option<String>,
    /// A value that it gives, in the place of the design's: banner=https://…; an empty one goes
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub values: Vec<(String, String)>,
    /// Of a new one: the rule that it is asked before
    #[arg(long, value_name = "RULE")]
    pub above: Option<String>,
}

/// Does a command about signatures.
pub async fn run(cli: &Cli, command: &SignatureCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        SignatureCommand::Design(command) => design(cli, command, operator).await,
        SignatureCommand::Rule(command) => rule(cli, command, operator).await,
        SignatureCommand::Picture(command) => picture(cli, command, operator).await,
        SignatureCommand::Publish(command) => publish::run(cli, command, operator).await,
        SignatureCommand::Test { person, day, html, text: plain } => {
            let path = format!("{}/signature", person::found(operator, person).await?);
            let found = operator.get(&query_path(&path, &[("day", day.as_deref())])).await?;
            if cli.json {
                print::json(&found);
            } else if *html || *plain {
                return alone(&found, if *html { "html" } else { "text" });
            } else {
                told(&found);
            }
            Ok(ExitCode::SUCCESS)
        }
        SignatureCommand::TestMail { person, design, to, day } => {
            let mut body = json!({ "to": to, "design": design, "day": day });
            if let Some(person) = person {
                let path = person::found(operator, person).await?;
                set(&mut body, "person", path.rsplit('/').next().unwrap_or_default());
            }
            let sent = operator.post("/v1/signatures/mail", &body).await?;
            if cli.json {
                print::json(&sent);
            } else {
                print::line(&format!("It is on its way to {}.", text(&sent, "to")));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn set(body: &mut Value, key: &str, value: &str) {
    if let Some(body) = body.as_object_mut() {
        body.insert(key.to_owned(), json!(value));
    }
}

async fn design(cli: &Cli, command: &DesignCommand, operator: &Operator) -> Result<ExitCode, String> {
    let path = |name: &str| format!("/v1/signatures/designs/{}", encoded(name));
    let unknown = |name: &str, why: &str| format!("design \"{name}\": {why}; see estampe signature design list");
    let answer = match command {
        DesignCommand::List => {
            let empty = "No design yet: estampe signature design add NAME --template signature-classic";
            let answer = operator.get("/v1/signatures/designs").await?;
            return list(cli, &answer, "designs", empty, |one| {
                vec![text(one, "name"), text(one, "template"), pairs(one, "config")]
            });
        }
        DesignCommand::Add { name, template, values } => {
            let body = json!({ "name": name, "template": template, "config": map(values) });
            operator.post("/v1/signatures/designs", &body).await?
        }
        DesignCommand::Set { name, values } => {
            operator.post(&path(name), &json!(map(values))).await.map_err(|why| unknown(name, &why))?
        }
        DesignCommand::Remove { name } => {
            operator.post(&format!("{}/remove", path(name)), &json!({})).await.map_err(|why| unknown(name, &why))?
        }
    };
    done(cli, &answer);
    Ok(ExitCode::SUCCESS)
}

async fn picture(cli: &Cli, command: &PictureCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        PictureCommand::List => {
            let empty = "No picture yet: estampe signature picture add FILE";
            let answer = operator.get("/v1/signatures/pictures").await?;
            list(cli, &answer, "pictures", empty, |one| {
                let number = |key| one.get(key).and_then(Value::as_u64).unwrap_or_default();
                let size =
                    format!("{} × {}, {} KiB", number("width"), number("height"), number("octets").div_ceil(1024));
                vec![text(one, "name"), size, text(one, "address")]
            })
        }
        PictureCommand::Add { file, name } => {
            let shown = file.display();
            let octets = std::fs::read(file).map_err(|error| format!("{shown}: {error}"))?;
            let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let path = format!("/v1/signatures/pictures?name={}", encoded(name.as_deref().unwrap_or(&stem)));
            let answer = operator.upload(&path, octets).await.map_err(|why| format!("{shown}: {why}"))?;
            if cli.json {
                print::json(&answer);
            } else {
                print::line(&text(&answer, "address"));
            }
            Ok(ExitCode::SUCCESS)
        }
        PictureCommand::Remove { name } => {
            let answer = operator.post(&format!("/v1/signatures/pictures/{}/remove", encoded(name)), &json!({})).await;
            let unknown = |why: String| format!("picture \"{name}\": {why}; see estampe signature picture list");
            done(cli, &answer.map_err(unknown)?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn rule(cli: &Cli, command: &RuleCommand, operator: &Operator) -> Result<ExitCode, String> {
    let path = |name: &str| format!("/v1/signatures/rules/{}", encoded(name));
    let unknown = |name: &str, why: &str| format!("rule \"{name}\": {why}; see estampe signature rule list");
    let answer = match command {
        RuleCommand::List => return rules(cli, &operator.get("/v1/signatures/rules").await?),
        RuleCommand::Add(new) => operator.post("/v1/signatures/rules", &body(new, true)).await?,
        RuleCommand::Set(change) => {
            let answer = operator.post(&path(&change.name), &body(change, false)).await;
            answer.map_err(|why| unknown(&change.name, &why))?
        }
        RuleCommand::Move { name, above, .. } => {
            let answer = operator.post(&format!("{}/move", path(name)), &json!({ "above": above })).await;
            return rules(cli, &answer.map_err(|why| unknown(name, &why))?);
        }
        RuleCommand::Remove { name } => {
            let answer = operator.post(&format!("{}/remove", path(name)), &json!({})).await;
            answer.map_err(|why| unknown(name, &why))?
        }
    };
    done(cli, &answer);
    Ok(ExitCode::SUCCESS)
}

fn rules(cli: &Cli, answer: &Value) -> Result<ExitCode, String> {
    let empty = "No rule yet: estampe signature rule add NAME --design DESIGN";
    list(cli, answer, "rules", empty, |one| {
        let days = match (text(one, "from"), text(one, "until")) {
            (from, until) if from.is_empty() && until.is_empty() => String::new(),
            (from, until) => format!("{from} to {until}"),
        };
        let texts = |key: &str| {
            let all = one.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
            all.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        let who = [texts("groups"), texts("offices"), texts("languages")].concat();
        let who = if who.is_empty() { "everybody".to_owned() } else { who.join(", ") };
        vec![text(one, "name"), who, days, text(one, "design"), pairs(one, "values")]
    })
}

/// What was named, as the socket takes it: an empty list is one that is empty on purpose.
fn body(set: &SetRule, is_new: bool) -> Value {
    let mut body = Map::new();
    if is_new {
        body.insert("name".to_owned(), json!(set.name));
        body.insert("above".to_owned(), json!(set.above));
    }
    for (key, all) in [("groups", &set.groups), ("offices", &set.offices), ("languages", &set.languages)] {
        if !all.is_empty() {
            body.insert(key.to_owned(), json!(all));
        }
    }
    for (key, one) in [("from", &set.from), ("until", &set.until), ("design", &set.design)] {
        if let Some(one) = one {
            body.insert(key.to_owned(), json!(one));
        }
    }
    body.insert("values".to_owned(), json!(map(&set.values)));
    body.into()
}

fn map(values: &[(String, String)]) -> BTreeMap<&str, &str> {
    values.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

fn pairs(of: &Value, key: &str) -> String {
    let all = of.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    all.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(" ")
}

fn done(cli: &Cli, answer: &Value) {
    if cli.json {
        print::json(answer);
    } else {
        print::line("Done.");
    }
}

/// The signature and nothing else, for a file or a pipe.
fn alone(found: &Value, part: &str) -> Result<ExitCode, String> {
    match found.get(part).and_then(Value::as_str) {
        Some(made) => {
            print::line(made);
            Ok(ExitCode::SUCCESS)
        }
        None => match text(found, "problem") {
            problem if problem.is_empty() => Err("no rule gives them a design".to_owned()),
            problem => Err(problem),
        },
    }
}

/// What they get, and why, rule by rule.
fn told(found: &Value) {
    let design = match text(found, "design") {
        design if design.is_empty() => "no signature: no rule gives a design".to_owned(),
        design => design,
    };
    print::line(&format!("{}, {}: {design}", text(found, "name"), text(found, "day")));
    let why = found.get("why").and_then(Value::as_array).cloned().unwrap_or_default();
    let rows: Vec<_> = why.iter().map(|one| vec![format!("  {}", text(one, "rule")), because(one)]).collect();
    print::table(&rows);
    let ignored = found.get("ignored").and_then(Value::as_array).cloned().unwrap_or_default();
    for key in ignored.iter().filter_map(Value::as_str) {
        print::line(&format!("{key} is given, and this template has no such key."));
    }
    match text(found, "problem") {
        problem if problem.is_empty() => print::line(&format!("\n{}", text(found, "text"))),
        problem => print::line(&format!("It cannot be made: {problem}")),
    }
}

fn because(one: &Value) -> String {
    let gives = one.get("gives").and_then(Value::as_array).cloned().unwrap_or_default();
    let gives: Vec<_> = gives.iter().filter_map(Value::as_str).collect();
    match text(one, "result").as_str() {
        "fits" if gives.is_empty() => "fits; all that it gives was given above".to_owned(),
        "fits" => format!("gives {}", gives.join(", ")),
        "early" => format!("begins on {}", text(one, "day")),
        "over" => format!("ended on {}", text(one, "day")),
        "group" => "they are in none of its groups".to_owned(),
        "office" => "they are at none of its offices".to_owned(),
        "language" => "their language is none of its".to_owned(),
        other => other.to_owned(),
    }
}
