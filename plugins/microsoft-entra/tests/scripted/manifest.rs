//! The manifest asks for reading, and for nothing that deletes an account or sets a password.

use estampe_plugin_microsoft_entra::MicrosoftEntra;
use estampe_plugin_sdk::Connector;
use toml::Value;

fn manifest() -> Value {
    toml::from_str(include_str!("../../plugin.toml")).unwrap()
}

#[test]
fn it_asks_for_get_alone() {
    let manifest = manifest();
    let asked = manifest["http"].as_array().unwrap();
    assert!(!asked.is_empty());
    for http in asked {
        assert_eq!(http["methods"].as_array().unwrap(), &[Value::from("GET")], "{http}");
        assert!(http.get("read-only").is_none(), "{http}");
        let url = http["url"].as_str().unwrap();
        assert!(url == "https://graph.microsoft.com/v1.0/*" || url == "{graph-url}/v1.0/*", "{url}");
        assert!(manifest["credentials"].get(http["credential"].as_str().unwrap()).is_some(), "{http}");
    }
    assert!(manifest["fields"].get("write").is_none());
    assert_eq!(manifest["offers"].as_array().unwrap(), &[Value::from("organisation")]);
}

#[test]
fn secrets_are_marked_and_places_have_no_default() {
    let manifest = manifest();
    let config = manifest["config"].as_table().unwrap();
    for (key, known) in config {
        let is_secret = known.get("secret").and_then(Value::as_bool).unwrap_or(false);
        assert_eq!(is_secret, matches!(key.as_str(), "client-secret" | "certificate"), "{key}");
        assert!(known["description"].get("fr").is_some() && known["description"].get("en").is_some(), "{key}");
    }
    for place in ["tenant", "client-id", "graph-url", "login-url"] {
        assert!(config[place].get("default").is_none(), "{place}");
    }
}

#[test]
fn the_fields_are_those_that_it_delivers() {
    let manifest = manifest();
    let read: Vec<_> =
        manifest["fields"]["read"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let mut delivered = MicrosoftEntra::describe().attributes;
    assert!(MicrosoftEntra::describe().features.incremental);
    let mut read: Vec<_> = read.into_iter().map(str::to_owned).collect();
    read.sort();
    delivered.sort();
    assert_eq!(read, delivered);
}
