//! `estampe plugin`: what can be used, what each of them asks for, and what may be
//! configured.

use std::process::ExitCode;

use serde_json::Value;

use crate::cli::{Cli, PluginCommand};
use crate::cmd::print;
use crate::cmd::work::{list, text};
use crate::operator::Operator;

/// Does one of its commands.
pub async fn run(cli: &Cli, command: &PluginCommand, operator: &Operator) -> Result<ExitCode, String> {
    let answer = operator.get("/v1/plugins").await?;
    match command {
        PluginCommand::List => {
            list(cli, &answer, "plugins", "No plugin: see [plugins] dir in the configuration.", |plugin| {
                vec![text(plugin, "id"), text(plugin, "version"), format!("contract {}", text(plugin, "contract"))]
            })
        }
        PluginCommand::Show { id } => {
            let plugins = answer.get("plugins").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let Some(plugin) = plugins.iter().find(|plugin| text(plugin, "id") == *id) else {
                let there: Vec<_> = plugins.iter().map(|plugin| text(plugin, "id")).collect();
                return Err(format!("there is no plugin \"{id}\"; installed: {}", there.join(", ")));
            };
            if cli.json {
                print::json(plugin);
            } else {
                show(plugin);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn show(plugin: &Value) {
    print::line(&format!("{} {}", text(plugin, "id"), text(plugin, "version")));
    print::line(&words(plugin));
    print::line(&format!("Contract {}, licence {}", text(plugin, "contract"), text(plugin, "license")));
    let inputs = plugin.get("inputs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    print::line(if inputs.is_empty() { "\nAsks for no file." } else { "\nAsks for files (--input NAME=PATH):" });
    print::table(&inputs.iter().map(|input| vec![text(input, "name"), words(input)]).collect::<Vec<_>>());
    let keys: Vec<_> = plugin.get("config").and_then(Value::as_object).into_iter().flatten().collect();
    print::line(if keys.is_empty() {
        "\nHas nothing to configure."
    } else {
        "\nMay be configured (--set NAME=VALUE):"
    });
    print::table(&keys.into_iter().map(|(name, key)| vec![name.clone(), kind(key), words(key)]).collect::<Vec<_>>());
}

/// What kind of value a key takes.
fn kind(key: &Value) -> String {
    let mut parts = vec![text(key, "type")];
    let choices = key.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !choices.is_empty() {
        let choices: Vec<_> = choices.iter().filter_map(Value::as_str).collect();
        parts = vec![choices.join(" | ")];
    }
    for name in ["minimum", "maximum", "default", "example"] {
        if key.get(name).is_some_and(|value| !value.is_null()) {
            parts.push(format!("{name} {}", text(key, name)));
        }
    }
    if key.get("required").and_then(Value::as_bool) == Some(true) {
        parts.push("required".to_owned());
    }
    parts.join(", ")
}

/// Its description in English, or in whatever language there is.
fn words(of: &Value) -> String {
    let texts = of.get("description").and_then(Value::as_object);
    let found = texts.and_then(|texts| texts.get("en").or_else(|| texts.values().next()));
    found.and_then(Value::as_str).unwrap_or_default().to_owned()
}
