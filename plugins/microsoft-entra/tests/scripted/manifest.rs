//! The manifest asks for reading, for setting some properties of people, and for nothing that
//! deletes an account or sets a password.

use estampe_plugin_microsoft_entra::MicrosoftEntra;
use estampe_plugin_sdk::Connector;
use toml::Value;

fn manifest() -> Value {
    toml::from_str(include_str!("../../plugin.toml")).unwrap()
}

/// Properties of a user that are set; nothing else of one is.
const SET: [&str; 11] = [
    "businessPhones",
    "city",
    "companyName",
    "country",
    "department",
    "jobTitle",
    "mobilePhone",
    "officeLocation",
    "postalCode",
    "state",
    "streetAddress",
];

#[test]
fn it_reads_sets_some_properties_of_a_user_changes_groups_and_nothing_else() {
    let manifest = manifest();
    let asked = manifest["http"].as_array().unwrap();
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let (mut read, mut set, mut groups) = (0, 0, 0);
    for http in asked {
        assert!(http.get("read-only").is_none(), "{http}");
        assert!(manifest["credentials"].get(http["credential"].as_str().unwrap()).is_some(), "{http}");
        let url = http["url"].as_str().unwrap();
        let path = ["https://graph.microsoft.com/v1.0/", "{graph-url}/v1.0/"]
            .into_iter()
            .find_map(|place| url.strip_prefix(place))
            .unwrap_or_else(|| panic!("{url}"));
        match texts(&http["methods"]).as_slice() {
            [only] if only == "GET" => {
                assert_eq!(path, "*");
                read += 1;
            }
            // nothing below a user, and no user made or deleted
            [only] if only == "PATCH" && path == "users/*$" => {
                assert_eq!(texts(&http["json-keys"]), SET);
                set += 1;
            }
            [only] => {
                let keys: Vec<_> = http.get("json-keys").map(texts).unwrap_or_default();
                let meant: &[&str] = match (only.as_str(), path) {
                    ("POST", "groups") => &["displayName", "mailEnabled", "mailNickname", "securityEnabled"],
                    ("PATCH", "groups/*$") => &["displayName"],
                    ("POST", "groups/*/members/$ref") => &["@odata.id"],
                    // the reference alone: without it the user would be deleted
                    ("DELETE", "groups/*/members/*/$ref") => &[],
                    other => panic!("{other:?}"),
                };
                assert_eq!(keys, meant, "{path}");
                groups += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((read, set, groups), (4, 4, 16));
    assert_eq!(texts(&manifest["offers"]), ["organisation", "write-back", "write-groups"]);
    let delivered = texts(&manifest["fields"]["read"]);
    assert!(texts(&manifest["fields"]["write"]).iter().all(|field| delivered.contains(field)));
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
