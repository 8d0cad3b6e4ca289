//! `estampe plugin`: install, grant item by item, upgrade, go back, switch, remove; what is
//! there, what each of them asks for, and what may be configured.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::{Cli, Decision, PluginCommand};
use crate::cmd::print;
use crate::cmd::work::{encoded, text};
use crate::operator::Operator;

/// Does one of its commands.
pub async fn run(cli: &Cli, command: &PluginCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        PluginCommand::Kit(_) => return Err("making plugins needs no running appliance".to_owned()),
        PluginCommand::List => list(cli, &operator.get("/v1/plugins").await?),
        PluginCommand::Show { id } => {
            let plugin = found(operator, id).await?;
            said(cli, &plugin, show);
        }
        PluginCommand::Install { bundle, decision } => {
            let plugin = put(operator, bundle, false).await?;
            decide(cli, operator, plugin, decision).await?;
        }
        PluginCommand::Upgrade { bundle, decision } => {
            let plugin = put(operator, bundle, true).await?;
            decide(cli, operator, plugin, decision).await?;
        }
        PluginCommand::Grant { id, items, decision } if items.is_empty() => {
            let plugin = found(operator, id).await?;
            decide(cli, operator, plugin, decision).await?;
        }
        PluginCommand::Grant { id, items, decision } => {
            let plugin = operator.post(&path(id, "/grants"), &json!({ "grant": items })).await?;
            let plugin = if decision.as_granted { operator.post(&path(id, "/use"), &json!({})).await? } else { plugin };
            said(cli, &plugin, standing);
        }
        PluginCommand::Revoke { id, items } => {
            let plugin = operator.post(&path(id, "/grants"), &json!({ "revoke": items })).await?;
            said(cli, &plugin, standing);
        }
        PluginCommand::Rollback { id } => act(cli, operator, id, "/rollback").await?,
        PluginCommand::Disable { id } => act(cli, operator, id, "/disable").await?,
        PluginCommand::Enable { id } => act(cli, operator, id, "/enable").await?,
        PluginCommand::Remove { id } => {
            found(operator, id).await?;
            let answer = operator.post(&path(id, "/remove"), &json!({})).await?;
            said(cli, &answer, |_| print::line(&format!("Removed {id}, its versions and its grants.")));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Installs a plugin that lies ready and is not installed, and asks for its grants; with `yes` all of
/// them. Says it on the way, but for machines.
pub(super) async fn install_missing(cli: &Cli, operator: &Operator, id: &str, yes: bool) -> Result<(), String> {
    let answer = operator.get("/v1/plugins").await?;
    if array(&answer, "plugins").iter().any(|plugin| text(plugin, "id") == id) {
        return Ok(());
    }
    if !yes && (cli.json || !std::io::stdin().is_terminal()) {
        return Err(format!(
            "{id} is not installed, and there is no terminal to ask at for its grants: add --yes, or see estampe plugin install {id}"
        ));
    }
    let plugin = put(operator, id, false).await?;
    if !cli.json {
        return decide(cli, operator, plugin, &Decision { yes, as_granted: false }).await;
    }
    let asked: Vec<String> = newest_asks(&plugin).iter().map(|ask| text(ask, "permission")).collect();
    operator.post(&path(id, "/grants"), &json!({ "grant": asked })).await.map(|_| ())
}

fn path(id: &str, rest: &str) -> String {
    format!("/v1/plugins/{}{rest}", encoded(id))
}

fn said(cli: &Cli, answer: &Value, show: impl FnOnce(&Value)) {
    if cli.json {
        print::json(answer);
    } else {
        show(answer);
    }
}

async fn act(cli: &Cli, operator: &Operator, id: &str, what: &str) -> Result<(), String> {
    found(operator, id).await?;
    let plugin = operator.post(&path(id, what), &json!({})).await?;
    said(cli, &plugin, standing);
    Ok(())
}

/// The plugin of this id, or which there are.
async fn found(operator: &Operator, id: &str) -> Result<Value, String> {
    let answer = operator.get("/v1/plugins").await?;
    let plugins = array(&answer, "plugins");
    plugins.iter().find(|plugin| text(plugin, "id") == id).cloned().ok_or_else(|| {
        let there: Vec<_> = plugins.iter().map(|plugin| text(plugin, "id")).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        format!("no plugin \"{id}\" is installed; there are: {there}")
    })
}

/// Hands over a bundle: a file, or the id of one that lies ready.
async fn put(operator: &Operator, bundle: &str, upgrade: bool) -> Result<Value, String> {
    let is_file = bundle.contains(['/', '.']);
    if !is_file {
        return operator
            .upload(&format!("/v1/plugins?upgrade={upgrade}&offered={}", encoded(bundle)), Vec::new())
            .await;
    }
    let octets = std::fs::read(Path::new(bundle)).map_err(|error| format!("{bundle}: {error}"))?;
    let answer = operator.upload(&format!("/v1/plugins?upgrade={upgrade}"), octets).await;
    answer.map_err(|why| format!("{bundle}: {why}"))
}

/// Grants what the newest version asks for and does not have yet: all of it, or what the
/// administrator says yes to.
async fn decide(cli: &Cli, operator: &Operator, mut plugin: Value, decision: &Decision) -> Result<(), String> {
    let id = text(&plugin, "id");
    let open: Vec<Value> = newest_asks(&plugin).into_iter().filter(|ask| !is(ask, "granted")).collect();
    let waits = |plugin: &Value| version_of(plugin, "waiting").is_some();
    let interactive = !cli.json && std::io::stdin().is_terminal();
    if decision.as_granted || open.is_empty() {
        // what waits with all that it asks for was signed by another key
        if waits(&plugin) && (decision.as_granted || decision.yes || (interactive && uses_other_key(&plugin)?)) {
            plugin = operator.post(&path(&id, "/use"), &json!({})).await?;
        }
        said(cli, &plugin, standing);
        return Ok(());
    }
    if !decision.yes && !interactive {
        said(cli, &plugin, |plugin| {
            signed(plugin);
            asks(plugin);
            standing(plugin);
            print::line("Nothing was granted: there is no terminal to ask at, and no --yes.");
        });
        return Ok(());
    }
    let mut granted = Vec::new();
    if !cli.json {
        signed(&plugin);
        for gone in array(&plugin, "asks_no_longer") {
            print::line(&format!("No longer asks for: {}", gone.as_str().unwrap_or_default()));
        }
    }
    for ask in &open {
        let item = text(ask, "permission");
        if decision.yes || agreed(&item, &words(ask))? {
            granted.push(item);
        }
    }
    if !granted.is_empty() {
        if decision.yes && !cli.json {
            for item in &granted {
                print::line(&format!("Granted: {item}"));
            }
        }
        plugin = operator.post(&path(&id, "/grants"), &json!({ "grant": granted })).await?;
        let complete = newest_asks(&plugin).iter().all(|ask| is(ask, "granted"));
        if waits(&plugin) && complete && (decision.yes || uses_other_key(&plugin)?) {
            plugin = operator.post(&path(&id, "/use"), &json!({})).await?;
        }
    }
    said(cli, &plugin, standing);
    Ok(())
}

/// Asks whether a version that another key signed shall be used.
fn uses_other_key(plugin: &Value) -> Result<bool, String> {
    other_signer(plugin);
    let version = version(plugin, "waiting").unwrap_or_default();
    ask(&format!("Use {} {version} all the same?", text(plugin, "id")))
}

/// Asks on the terminal; anything but yes is no.
fn agreed(item: &str, why: &str) -> Result<bool, String> {
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    ask(&format!("Grant \"{item}\"{why}?"))
}

fn ask(question: &str) -> Result<bool, String> {
    let failed = |error: std::io::Error| format!("the terminal: {error}");
    print!("{question} [y/N] ");
    std::io::stdout().flush().map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes" | "o" | "oui"))
}

/// What the newest version asks for.
fn newest_asks(plugin: &Value) -> Vec<Value> {
    let waiting = array(plugin, "waiting_asks");
    if version_of(plugin, "waiting").is_some() { waiting } else { array(plugin, "asks") }
}

fn version_of<'a>(plugin: &'a Value, which: &str) -> Option<&'a Value> {
    plugin.get(which).filter(|version| !version.is_null())
}

fn version(plugin: &Value, which: &str) -> Option<String> {
    Some(text(version_of(plugin, which)?.get("info")?, "version"))
}

fn array(of: &Value, key: &str) -> Vec<Value> {
    of.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn is(of: &Value, key: &str) -> bool {
    of.get(key).and_then(Value::as_bool).unwrap_or_default()
}

fn list(cli: &Cli, answer: &Value) {
    if cli.json {
        return print::json(answer);
    }
    let (plugins, offered) = (array(answer, "plugins"), array(answer, "offered"));
    let known = |id: &str| plugins.iter().any(|plugin| text(plugin, "id") == id);
    if plugins.is_empty() {
        print::line("No plugin is installed.");
    }
    let row = |plugin: &Value| {
        let current = version(plugin, "current").unwrap_or_else(|| "-".to_owned());
        let shown = version_of(plugin, "current").or_else(|| version_of(plugin, "waiting"));
        let signature = shown.and_then(|version| version.get("signature")).map(signature).unwrap_or_default();
        let state =
            if version_of(plugin, "current").is_none() { "not in use".to_owned() } else { text(plugin, "state") };
        vec![text(plugin, "id"), current, state, signature, remark(plugin)]
    };
    print::table(&plugins.iter().map(row).collect::<Vec<_>>());
    for facts in offered {
        let info = facts.get("info").cloned().unwrap_or_default();
        let id = text(&info, "id");
        if !known(&id) {
            print::line(&format!("{id} {} lies ready: estampe plugin install {id}", text(&info, "version")));
        }
    }
    for problem in array(answer, "problems") {
        print::line(&format!("Problem: {}", problem.as_str().unwrap_or_default()));
    }
}

/// What there is to say of a plugin in a list.
fn remark(plugin: &Value) -> String {
    let open = newest_asks(plugin).iter().filter(|ask| !is(ask, "granted")).count();
    match version(plugin, "waiting") {
        Some(version) => format!("{version} waits for {}: estampe plugin grant {}", awaited(open), text(plugin, "id")),
        None if open > 0 => format!("{open} of what it asks for not granted"),
        None => String::new(),
    }
}

/// What a version waits for.
fn awaited(open: usize) -> String {
    match open {
        0 => "your word".to_owned(),
        1 => "1 grant".to_owned(),
        open => format!("{open} grants"),
    }
}

/// Says that another key signed the version that waits than the one in use.
fn other_signer(plugin: &Value) {
    let of = |which: &str| Some((version(plugin, which)?, version_of(plugin, which)?.get("signature").map(signature)?));
    if let (Some((current, by)), Some((waiting, other))) = (of("current"), of("waiting"))
        && by != other
    {
        print::line(&format!("ANOTHER KEY: {waiting} is {other}, and {current}, which is in use, is {by}."));
    }
}

fn signature(of: &Value) -> String {
    match text(of, "state").as_str() {
        "trusted" => format!("signed {}", text(of, "key")),
        "unknown" => format!("UNKNOWN KEY {}", text(of, "key")),
        "revoked" => format!("REVOKED KEY {}", text(of, "key")),
        _ => "NOT SIGNED".to_owned(),
    }
}

/// Who signed the newest version.
fn signed(plugin: &Value) {
    let Some(newest) = version_of(plugin, "waiting").or_else(|| version_of(plugin, "current")) else { return };
    let info = newest.get("info").cloned().unwrap_or_default();
    let by = newest.get("signature").map(signature).unwrap_or_default();
    print::line(&format!("{} {} ({by})", text(plugin, "id"), text(&info, "version")));
    print::line(&words(&info));
}

/// What the newest version asks for, and what is granted of it.
fn asks(plugin: &Value) {
    let asks = newest_asks(plugin);
    let row = |ask: &Value| {
        let mark = if is(ask, "granted") { "granted" } else { "NOT GRANTED" };
        vec![mark.to_owned(), text(ask, "permission"), words(ask)]
    };
    print::line(if asks.is_empty() { "\nAsks for nothing." } else { "\nAsks for:" });
    print::table(&asks.iter().map(row).collect::<Vec<_>>());
    for gone in array(plugin, "asks_no_longer") {
        print::line(&format!("No longer asks for: {}", gone.as_str().unwrap_or_default()));
    }
    let asked: Vec<_> = asks.iter().map(|ask| text(ask, "permission")).collect();
    for granted in array(plugin, "grants") {
        let granted = granted.as_str().unwrap_or_default().to_owned();
        if !asked.contains(&granted) {
            print::line(&format!("Granted besides: {granted}"));
        }
    }
}

/// How a plugin stands after something was done.
fn standing(plugin: &Value) {
    let id = text(plugin, "id");
    match (text(plugin, "state").as_str(), version(plugin, "current")) {
        ("disabled", _) => print::line(&format!("{id} is disabled.")),
        (_, Some(version)) => print::line(&format!("{id} {version} is in use.")),
        (_, None) => print::line(&format!("{id} is installed and not in use yet.")),
    }
    let open: Vec<_> = newest_asks(plugin).into_iter().filter(|ask| !is(ask, "granted")).collect();
    if let Some(version) = version(plugin, "waiting") {
        other_signer(plugin);
        print::line(&format!("{version} waits for {}:", awaited(open.len())));
        print::line(&format!("  estampe plugin grant {id}              asks for each of them"));
        print::line(&format!("  estampe plugin grant {id} --yes        grants them all"));
        print::line(&format!("  estampe plugin grant {id} --as-granted uses it without them"));
    } else {
        for ask in open {
            print::line(&format!("  not granted: {}", text(&ask, "permission")));
        }
    }
    if let Some(problem) = plugin.get("problem").and_then(Value::as_str) {
        print::line(&format!("Problem: {problem}"));
    }
}

fn show(plugin: &Value) {
    signed(plugin);
    standing(plugin);
    asks(plugin);
    let Some(newest) = version_of(plugin, "waiting").or_else(|| version_of(plugin, "current")) else { return };
    let info = newest.get("info").cloned().unwrap_or_default();
    print::line(&format!("\nContract {}, licence {}", text(&info, "contract"), text(&info, "license")));
    let inputs = array(&info, "inputs");
    print::line(if inputs.is_empty() { "\nAsks for no file." } else { "\nAsks for files (--input NAME=PATH):" });
    print::table(&inputs.iter().map(|input| vec![text(input, "name"), words(input)]).collect::<Vec<_>>());
    let keys: Vec<_> = info.get("config").and_then(Value::as_object).into_iter().flatten().collect();
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
    for word in ["required", "secret"] {
        if is(key, word) {
            parts.push(word.to_owned());
        }
    }
    parts.join(", ")
}

/// Its description in English, or in whatever language there is.
fn words(of: &Value) -> String {
    let texts = of.get("description").and_then(Value::as_object);
    let found = texts.and_then(|texts| texts.get("en").or_else(|| texts.values().next()));
    found.and_then(Value::as_str).unwrap_or_default().to_owned()
}
