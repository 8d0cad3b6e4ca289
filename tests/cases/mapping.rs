//! How a source's attributes become cards: shown, tried, saved, used by the next run.

use estampe_tests::{Options, Server, on_both};
use serde_json::{Value, json};

use crate::console::{csrf, page, signed_in};

const PEOPLE: &str = "\
Nom complet;Prénom;Nom;Courriel;Téléphone;Portable;Fonction;Identifiant
LEFÈVRE Zoé (Pau);Zoé;LEFÈVRE-NÚÑEZ;zoe@banque.example;05 36 49 47 05 poste 12;06 12 34 56 78;Directrice, financements;1
Ada (Siège);Ada;LOVELACE;ada@banque.example;4217;;Analyste;2
;;;;;;Imprimante;3
";
const NAME: &str = r#"name=[givenName, sn|title_case]|join(" ")"#;
const TITLE: &str = r#"title=title|match("^[^,]+")"#;

/// A server with the source "siege", nothing of it read yet.
async fn with_source(database: estampe_tests::Database) -> Server {
    let server = Server::start(Options { database, ..Options::default() }).await;
    server.install();
    let file = server.folder().join("people.csv");
    std::fs::write(&file, PEOPLE).unwrap();
    let added = server.cli(&["source", "add", "siege", "--input", &format!("people={}", file.display())]);
    assert_eq!(added.code, 0, "{added:?}");
    server
}

fn field<'a>(person: &'a Value, name: &str) -> &'a str {
    let fields = person["fields"].as_array().unwrap().iter();
    fields.filter(|field| field["field"] == name).find_map(|field| field["value"].as_str()).unwrap_or_default()
}

/// The command with more arguments.
fn mapping_command<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["source", "mapping", "siege"], more].concat()
}

on_both! {
    async fn a_mapping_is_tried_and_then_used(database) {
        let server = with_source(database).await;
        let standing = server.json(&mapping_command(&[]));
        assert_eq!((&standing["preset"], &standing["country"]), (&json!("standard"), &Value::Null), "{standing}");
        let said = server.cli(&mapping_command(&[])).stdout;
        assert!(said.contains("displayName or cn") && said.contains("the rules of the preset standard"), "{said}");

        // what is wrong is named, all of it
        let wrong = server.cli(&mapping_command(&["--set", "title=sn|uper", "--set", "titel=cn", "--country", "UK", "--preset", "x"]));
        assert_eq!(wrong.code, 1);
        for words in [
            "title: \"sn|uper\": there is no filter \"uper\"; there are: first, join",
            "titel: there is no field of this name; there are: name, given-name",
            "country: \"UK\": it is no country",
            "preset: \"x\": there is none of this id; there are: standard, active-directory",
        ] {
            assert!(wrong.stderr.contains(words), "{words}: {wrong:?}");
        }
        assert!(server.cli(&["source", "mapping", "nobody"]).stderr.contains("there are: siege"));

        // the preview shows real entries and stores nothing
        let change = ["--set", NAME, "--set", TITLE, "--set", "office=sn + 1", "--country", "fr"];
        let preview = server.json(&mapping_command(&[&change[..], &["--preview"]].concat()));
        let people = preview["people"].as_array().unwrap();
        assert_eq!(people.len(), 3, "{preview}");
        let (zoe, ada) = (&people[0], &people[1]);
        assert_eq!((field(zoe, "name"), field(zoe, "title")), ("Zoé Lefèvre-Núñez", "Directrice"), "{preview}");
        assert_eq!(field(zoe, "phone.work"), "+33 5 36 49 47 05 ext. 12");
        assert_eq!(field(zoe, "phone.mobile"), "+33 6 12 34 56 78");
        assert_eq!((zoe["position"].as_str(), field(ada, "phone.work")), (Some("line 2"), "4217"), "{preview}");
        assert!(zoe["left_out"][0].as_str().unwrap().starts_with("office: tried to use +"), "{zoe}");
        assert_eq!(people[2]["refused"], "no-name-no-mail", "{preview}");
        let seen = preview["attributes"].as_array().unwrap();
        assert!(seen.contains(&json!({"name": "title", "sample": "Directrice, financements"})), "{preview}");
        let said = server.cli(&mapping_command(&[&change[..], &["--preview"]].concat())).stdout;
        assert!(said.contains("line 2") && said.contains("Nothing was saved."), "{said}");
        assert_eq!(server.json(&mapping_command(&[])), standing);
        assert!(server.people().is_empty());
        assert_eq!(server.json(&["run", "list"])["runs"], json!([]));
        assert_eq!(server.sql("select id from audit_event where operation = 'source.map'").len(), 0);

        // saved, and not under a plan that was made with other rules
        let held = server.json(&["source", "sync", "siege", "--dry-run"])["id"].as_str().unwrap().to_owned();
        let refused = server.cli(&mapping_command(&change));
        assert!(refused.code == 1 && refused.stderr.contains("waits for a word"), "{refused:?}");
        assert_eq!(server.cli(&["run", "discard", &held]).code, 0);
        let saved = server.cli(&mapping_command(&change));
        assert!(saved.code == 0 && saved.stdout.contains("without their country's code are of FR"), "{saved:?}");
        let run = server.sync();
        assert_eq!((&run["state"], &run["counts"]["created"]), (&json!("done"), &json!(2)), "{run}");
        let notes = run["refusals"].to_string();
        assert!(notes.contains("left-out") && notes.contains("office: tried to use +"), "{notes}");
        let names: Vec<_> = server.people().iter().map(|person| person["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(names, ["Zoé Lefèvre-Núñez", "Ada Lovelace"]);
        let card = server.client().get(server.card_of("Zoé")).send().await.unwrap().text().await.unwrap();
        for words in ["Zoé Lefèvre-Núñez", "tel:+33536494705;ext=12", "+33 6 12 34 56 78", "Directrice"] {
            assert!(card.contains(words), "{words}: {card}");
        }
        assert!(!card.contains("financements"), "{card}");

        // the same again changes nothing; a preset takes the place of the rules, not of the country
        assert_eq!(server.cli(&mapping_command(&change)).code, 0);
        let preset = server.json(&mapping_command(&["--preset", "active-directory", "--set", "office="]));
        assert_eq!((&preset["preset"], &preset["country"]), (&Value::Null, &json!("FR")), "{preset}");
        let run = server.sync();
        assert_eq!((&run["counts"]["changed"], &run["counts"]["unchanged"]), (&json!(2), &json!(0)), "{run}");
        let back = server.json(&mapping_command(&["--preset", "standard", "--country", ""]));
        assert_eq!(back, standing);
        assert_eq!(server.sql("select name from source where mapping is null").len(), 1);
        let events = server.sql("select details from audit_event where operation = 'source.map' order by id");
        assert_eq!(events.len(), 3, "{events:?}");
        assert!(events[0].contains("title") && events[0].contains("FR") && !events[0].contains("match"), "{events:?}");
    }

    async fn the_console_keeps_what_was_typed(database) {
        let server = with_source(database).await;
        let browser = signed_in(&server).await;
        let path = format!("{}/sources/siege/mapping", server.internal);
        let source = page(&browser, format!("{}/sources/siege", server.internal)).await;
        assert!(source.contains("href=\"/sources/siege/mapping\""), "{source}");
        let shown = page(&browser, path.clone()).await;
        assert!(shown.contains("value=\"telephoneNumber or phoneNumbers.work\"") && shown.contains("Active Directory"), "{shown}");
        let seen = |page: &str| page.split_once("name=\"seen\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
        let (token, first) = (csrf(&shown), seen(&shown));
        let post = async |then: &str, more: &[(&str, &str)]| {
            let mut form = vec![("csrf", token.as_str()), ("then", then)];
            form.extend_from_slice(more);
            let request = browser.post(&path).header("origin", &server.internal).header("accept-language", "fr");
            request.form(&form).send().await.unwrap()
        };
        let rules = [
            ("rule.name", r#"[givenName, sn|title_case]|join(" ")"#),
            ("rule.title", "title|upper"),
            ("rule.phone.work", "telephoneNumber"),
            ("rule.emails", "mail"),
            ("country", "FR"),
            ("seen", first.as_str()),
        ];
        let escaped = "value=\"[givenName, sn|title_case]|join(&#34; &#34;)\"";

        // wrong expressions are marked at their field, and nothing that was typed is lost
        let wrong = [&[("rule.office", "sn|uper"), ("rule.links", "a-b|first")], &rules[..4], &[("country", "UK")]].concat();
        let answer = post("save", &wrong).await;
        assert_eq!(answer.status(), 422);
        let said = answer.text().await.unwrap();
        for words in ["sn|uper", "a-b|first", escaped, "id=\"p-rule.office\"", "id=\"p-country\"", "Il n’y a pas de filtre", "attr[&#34;a-b&#34;]"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        let answer = post("save", &[("country", "FR")]).await;
        assert!(answer.status() == 422 && answer.text().await.unwrap().contains("personne n’aurait de nom"));

        // the preview shows entries, keeps the form and saves nothing
        let answer = post("preview", &rules).await;
        assert_eq!(answer.status(), 200);
        let preview = answer.text().await.unwrap();
        for words in ["Zoé Lefèvre-Núñez", "DIRECTRICE, FINANCEMENTS", "+33 5 36 49 47 05 ext. 12", "line 2", escaped, "id=\"preview\""] {
            assert!(preview.contains(words), "{words}: {preview}");
        }
        assert_eq!(server.json(&["source", "mapping", "siege"])["preset"], "standard");
        // a preset fills the form in, and waits to be saved
        let filled = post("fill", &[&[("preset", "freeipa")], &rules[..]].concat()).await.text().await.unwrap();
        assert!(filled.contains("value=\"ou or departmentNumber\"") && filled.contains("value=\"FR\""), "{filled}");
        assert!(filled.contains("Rien n’est encore enregistré"), "{filled}");
        // a connector that cannot be asked says so
        let file = server.folder().join("people.csv");
        std::fs::remove_file(&file).unwrap();
        let silent = post("preview", &rules).await.text().await.unwrap();
        assert!(silent.contains("people.csv") && silent.contains(escaped), "{silent}");
        std::fs::write(&file, PEOPLE).unwrap();

        // saved; what is stale or under an open run is not, and stays typed
        assert_eq!(post("save", &rules).await.headers()["location"], "/sources/siege");
        assert_eq!(server.json(&["source", "mapping", "siege"])["country"], "FR");
        let stale = post("save", &rules).await;
        assert!(stale.status() == 409 && stale.text().await.unwrap().contains(escaped));
        let held = server.json(&["source", "sync", "siege", "--dry-run"])["id"].as_str().unwrap().to_owned();
        let current = seen(&page(&browser, path.clone()).await);
        let waits = post("save", &[&rules[..4], &[("seen", current.as_str())]].concat()).await;
        assert_eq!(waits.status(), 409);
        let said = waits.text().await.unwrap();
        assert!(said.contains(&format!("/runs/{held}")) && said.contains(escaped), "{said}");
        assert_eq!(server.json(&["source", "mapping", "siege"])["country"], "FR");
    }
}
