//! `estampe provider …`.

use std::io::Read;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::cli::{Cli, ProviderCommand, SetProvider};
use crate::cmd::print;
use crate::cmd::work::{encoded, list, text};
use crate::operator::Operator;

/// Octets of a secret's file.
const SECRET: u64 = 4 << 10;

/// Does a command about sign-in providers.
pub async fn run(cli: &Cli, command: &ProviderCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        ProviderCommand::List => {
            let empty =
                "No provider yet: estampe provider add NAME --kind oidc --issuer URL --client-id ID --label TEXT";
            list(cli, &operator.get("/v1/providers").await?, "providers", empty, |provider| {
                let create = if provider.get("create") == Some(&Value::Bool(true)) { "makes accounts" } else { "" };
                vec![text(provider, "name"), text(provider, "kind"), whose(provider), create.to_owned()]
            })
        }
        ProviderCommand::Show { name } => {
            let found = operator.get(&path(name, "")).await.map_err(|why| unknown(name, &why))?;
            show(cli, &found);
            Ok(ExitCode::SUCCESS)
        }
        ProviderCommand::Add(new) => {
            let mut body = body(new)?;
            body.insert("name".to_owned(), json!(new.name));
            body.entry("label").or_insert_with(|| json!(new.name));
            show(cli, &operator.post("/v1/providers", &body.into()).await?);
            Ok(ExitCode::SUCCESS)
        }
        ProviderCommand::Set(change) => {
            let body = body(change)?;
            if body.is_empty() {
                return Err("nothing to change: name at least one option, see estampe provider set --help".to_owned());
            }
            let known = operator.get(&path(&change.name, "")).await;
            known.map_err(|why| unknown(&change.name, &why))?;
            show(cli, &operator.post(&path(&change.name, ""), &body.into()).await?);
            Ok(ExitCode::SUCCESS)
        }
        ProviderCommand::Check { name } => {
            let found = operator.post(&path(name, "/check"), &json!({})).await.map_err(|why| unknown(name, &why))?;
            Ok(check(cli, name, &found))
        }
        ProviderCommand::Remove { name } => {
            let done = operator.post(&path(name, "/remove"), &json!({})).await.map_err(|why| unknown(name, &why))?;
            if cli.json {
                print::json(&done);
            } else {
                print::line(&format!("{name} is removed; nobody comes from there any more."));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn path(name: &str, rest: &str) -> String {
    format!("/v1/providers/{}{rest}", encoded(name))
}

fn unknown(name: &str, why: &str) -> String {
    format!("provider \"{name}\": {why}; see estampe provider list")
}

fn body(set: &SetProvider) -> Result<Map<String, Value>, String> {
    let mut body = Map::new();
    let texts = [
        ("label", &set.label),
        ("kind", &set.kind),
        ("issuer", &set.issuer),
        ("tenant", &set.tenant),
        ("domain", &set.domain),
        ("client_id", &set.client_id),
        ("scopes", &set.scopes),
        ("groups_claim", &set.groups_claim),
        ("source", &set.source),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            body.insert(key.to_owned(), json!(value));
        }
    }
    let lists = [("roles", &set.roles), ("rules", &set.rules)];
    for (key, values) in lists {
        if !values.is_empty() {
            let values: Vec<_> = values.iter().filter(|value| !value.is_empty()).collect();
            body.insert(key.to_owned(), json!(values));
        }
    }
    if !set.networks.is_empty() {
        body.insert("networks".to_owned(), json!(set.networks.join(" ")));
    }
    if let Some(create) = set.create {
        body.insert("create".to_owned(), json!(create));
    }
    if let Some(file) = &set.client_secret_file {
        body.insert("client_secret".to_owned(), json!(secret(file)?));
    }
    Ok(body)
}

/// What stands in a file; a secret on the command line would be seen by everybody here.
fn secret(file: &str) -> Result<String, String> {
    let wrong = |why: std::io::Error| format!("--client-secret-file {file}: {why}");
    let mut source: Box<dyn Read> =
        if file == "-" { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(file).map_err(wrong)?) };
    let mut found = String::new();
    source.by_ref().take(SECRET + 1).read_to_string(&mut found).map_err(wrong)?;
    if found.len() as u64 > SECRET {
        return Err(format!("--client-secret-file {file}: more than {SECRET} octets; only the secret stands in it"));
    }
    Ok(found.trim().to_owned())
}

fn whose(provider: &Value) -> String {
    let issuer = text(provider, "issuer");
    if issuer.is_empty() { format!("source \"{}\"", text(provider, "source")) } else { issuer }
}

fn show(cli: &Cli, provider: &Value) {
    if cli.json {
        print::json(provider);
        return;
    }
    let label = text(provider, "label");
    print::line(&format!("{} ({}), {}: {}", text(provider, "name"), label, text(provider, "kind"), whose(provider)));
    let words = |key: &str| {
        let list = provider.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
    };
    let is = |key: &str| provider.get(key) == Some(&Value::Bool(true));
    let secret = if is("has_secret") { "set" } else { "none" };
    let create = if is("create") { "yes" } else { "no" };
    let open_id = !text(provider, "issuer").is_empty();
    let lines = [
        ("Client", text(provider, "client_id")),
        ("Secret", if open_id { secret.to_owned() } else { String::new() }),
        ("Scopes", text(provider, "scopes")),
        ("Groups claim", text(provider, "groups_claim")),
        ("Networks", text(provider, "networks")),
        ("Domain", text(provider, "domain")),
        ("Makes accounts", create.to_owned()),
        ("Their roles", words("roles")),
        ("Rules", words("rules")),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        print::line(&format!("  {name}: {value}"));
    }
    let redirect = text(provider, "redirect");
    if !redirect.is_empty() {
        print::line(&format!("Register there as the redirect URI, letter by letter:\n  {redirect}"));
    }
}

fn check(cli: &Cli, name: &str, found: &Value) -> ExitCode {
    let good = found.get("good") == Some(&Value::Bool(true));
    if cli.json {
        print::json(found);
    } else if !good {
        print::line(&format!("{name}: {} ({})", text(found, "text"), text(found, "reason")));
        print::line(&format!("  {}", text(found, "detail")));
    } else if text(found, "source").is_empty() {
        print::line(&format!("{name} answers: {} keys, {}", text(found, "keys"), text(found, "authorization")));
    } else {
        print::line(&format!("{name} is a directory: estampe source check \"{}\"", text(found, "source")));
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
