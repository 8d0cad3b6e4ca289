//! Signatures: designs, rules, and what somebody gets on a day, and why.

use estampe_tests::{Options, Server, on_both};
use serde_json::Value;

use crate::console::{page, signed_in};

fn well(server: &Server, arguments: &[&str]) -> Value {
    server.json(&[&["signature"], arguments].concat())
}

/// What standard error says of something that cannot be.
fn refused(server: &Server, arguments: &[&str]) -> String {
    let output = server.cli(&[&["signature"], arguments].concat());
    assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{arguments:?}");
    output.stderr
}

fn with_template(server: &Server) {
    server.json(&["plugin", "install", "signature-classic", "--yes"]);
    well(server, &["design", "add", "Bank", "--template", "signature-classic", "--set", "colour=#7a1f3d"]);
}

/// A signature for everybody.
pub(crate) fn for_everybody(server: &Server) {
    with_template(server);
    well(server, &["rule", "add", "Everybody", "--design", "Bank"]);
}

/// Brings a picture, "Logo": its address.
pub(crate) async fn picture(server: &Server) -> String {
    // a real PNG that is at hand
    let code = server.client().get(format!("{}/qr.png", server.card_of("lefevre"))).send().await.unwrap();
    let file = server.data().join("Logo.png");
    std::fs::write(&file, code.bytes().await.unwrap()).unwrap();
    let brought = well(server, &["picture", "add", file.to_str().unwrap()]);
    brought["address"].as_str().unwrap().to_owned()
}

/// Of a test: rule by rule, what became of it.
fn results(found: &Value) -> Vec<(&str, &str)> {
    let why = found["why"].as_array().unwrap().iter();
    why.map(|one| (one["rule"].as_str().unwrap(), one["result"].as_str().unwrap())).collect()
}

on_both! {
    async fn what_somebody_gets_is_said_with_its_reasons(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let none = well(&server, &["test", "lefevre"]);
        assert_eq!((&none["design"], &none["html"], none["why"].as_array().unwrap().len()), (&Value::Null, &Value::Null, 0));
        assert!(refused(&server, &["test", "lefevre", "--html"]).contains("no rule gives them a design"));
        with_template(&server);
        let notice = "legal-notice-fr=Banque mutuelle, Ramonville";
        well(&server, &["rule", "add", "Everybody", "--design", "Bank", "--set", notice]);
        let season = ["--from", "2026-12-01", "--until", "2026-12-31", "--set", "legal-notice-fr=Joyeuses fêtes"];
        well(&server, &[&["rule", "add", "Season", "--above", "Everybody"], &season[..]].concat());

        let on = |day: &str| well(&server, &["test", "lefevre", "--day", day]);
        let before = on("2026-11-30");
        assert_eq!(results(&before), [("Season", "early"), ("Everybody", "fits")]);
        assert_eq!((before["why"][0]["day"].as_str(), before["design"].as_str()), (Some("2026-12-01"), Some("Bank")));
        let text = before["text"].as_str().unwrap();
        assert!(text.contains("Zoé Lefèvre-Núñez") && text.contains("Banque mutuelle"), "{text}");
        let html = before["html"].as_str().unwrap();
        assert!(html.contains("#7a1f3d") && html.starts_with("<table"), "{html}");
        for day in ["2026-12-01", "2026-12-31"] {
            let found = on(day);
            assert_eq!(found["why"][0]["gives"], serde_json::json!(["legal-notice-fr"]), "{found}");
            assert_eq!(found["why"][1]["gives"], serde_json::json!(["design"]), "{found}");
            let text = found["text"].as_str().unwrap();
            assert!(text.contains("Joyeuses fêtes") && !text.contains("mutuelle"), "{text}");
        }
        assert_eq!(results(&on("2027-01-01"))[0], ("Season", "over"));

        // the order counts, and is kept
        let moved = well(&server, &["rule", "move", "Season", "--last"]);
        assert_eq!(moved["rules"][1]["name"], "Season", "{moved}");
        let found = on("2026-12-24");
        assert_eq!(found["why"][1]["gives"], serde_json::json!([]), "{found}");
        well(&server, &["rule", "move", "Season", "--above", "Everybody"]);
        assert_eq!(on("2026-12-24")["why"][0]["rule"], "Season");

        // in words, and alone for a file
        let told = server.cli(&["signature", "test", "lefevre", "--day", "2026-11-30"]).stdout;
        assert!(told.contains("begins on 2026-12-01") && told.contains("gives design, legal-notice-fr"), "{told}");
        let alone = server.cli(&["signature", "test", "lefevre", "--day", "2026-11-30", "--text"]).stdout;
        assert_eq!(alone.trim_end(), text);
        // what was done is in the audit
        let sql = "SELECT operation FROM audit_event WHERE operation LIKE 'signature.%' ORDER BY id";
        let audit = ["signature.design.add", "signature.rule.add", "signature.rule.add", "signature.rule.move", "signature.rule.move"];
        assert_eq!(server.sql(sql), audit);
    }
}

on_both! {
    async fn rules_are_for_whom_they_name(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        with_template(&server);
        well(&server, &["design", "add", "Plain", "--template", "signature-classic"]);
        let zoe = server.json(&["person", "list", "lefevre"])["people"][0]["id"].as_str().unwrap().to_owned();
        server.json(&["person", "set", &zoe, "office=Agence de Toulouse"]);
        well(&server, &["rule", "add", "Toulouse", "--office", "AGENCE de toulouse", "--design", "Bank"]);
        well(&server, &["rule", "add", "English", "--language", "en", "--design", "Bank"]);
        well(&server, &["rule", "add", "Rest", "--design", "Plain"]);
        let of = |person: &str| well(&server, &["test", person, "--day", "2026-07-14"]);
        assert_eq!(of(&zoe)["design"], "Bank");
        let people = server.people();
        let other = people.iter().find(|person| person["id"] != zoe.as_str()).unwrap()["id"].as_str().unwrap();
        let found = of(other);
        assert_eq!(found["design"], "Plain", "{found}");
        assert_eq!(results(&found)[0], ("Toulouse", "office"));
        // what is not named stays; "" is for all
        well(&server, &["rule", "set", "Toulouse", "--office", ""]);
        assert_eq!(of(other)["design"], "Bank");
        well(&server, &["rule", "set", "Toulouse", "--design", "Plain"]);
        assert_eq!((of(other)["design"].as_str(), results(&of(other))[0]), (Some("Plain"), ("Toulouse", "fits")));
        let kept = well(&server, &["rule", "list"])["rules"][0].clone();
        assert_eq!((&kept["offices"], &kept["languages"]), (&serde_json::json!([]), &serde_json::json!([])));
    }
}

on_both! {
    async fn what_cannot_be_is_said_and_changes_nothing(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        with_template(&server);
        well(&server, &["rule", "add", "All", "--design", "Bank"]);
        for (arguments, told) in [
            (&["design", "add", "X", "--template", "directory-file"][..], "there are: signature-classic"),
            (&["design", "add", "Bank", "--template", "signature-classic"], "already"),
            (&["design", "add", "X", "--template", "signature-classic", "--set", "color=red"], "colour"),
            (&["design", "add", "X", "--template", "signature-classic", "--set", "logo-width=9"], "logo-width"),
            (&["design", "set", "Nope", "colour=#000000"], "see estampe signature design list"),
            (&["design", "set", "Bank", "logo-width=wide"], "logo-width"),
            (&["design", "remove", "Bank"], "the rule \"All\" gives this design"),
            (&["rule", "add", "Nothing"], "gives nothing"),
            (&["rule", "add", "All", "--design", "Bank"], "already"),
            (&["rule", "add", "X", "--design", "Nope"], "no design \"Nope\""),
            (&["rule", "add", "X", "--design", "Bank", "--group", "Nope"], "no group \"Nope\""),
            (&["rule", "add", "X", "--design", "Bank", "--language", "de"], "none of fr, en"),
            (&["rule", "add", "X", "--design", "Bank", "--from", "1.12.2026"], "2026-12-24 is right"),
            (&["rule", "add", "X", "--design", "Bank", "--from", "2026-12-02", "--until", "2026-12-01"], "before it begins"),
            (&["rule", "add", "X", "--set", "baner=https://a.example/b.png"], "baner"),
            (&["rule", "add", "X", "--set", "logo-height=9"], "logo-height"),
            (&["rule", "add", "X", "--design", "Bank", "--above", "Nope"], "no other rule \"Nope\""),
            (&["rule", "move", "All", "--above", "All"], "no other rule"),
            (&["rule", "remove", "Nope"], "see estampe signature rule list"),
            (&["test", "lefevre", "--day", "yesterday"], "2026-12-24 is right"),
        ] {
            let words = refused(&server, arguments);
            assert!(words.contains(told), "{arguments:?}: {words}");
        }
        assert_eq!(well(&server, &["design", "list"])["designs"].as_array().unwrap().len(), 1);
        assert_eq!(well(&server, &["rule", "list"])["rules"].as_array().unwrap().len(), 1);
        // a template that is switched off is a reason, not a blank signature
        server.json(&["plugin", "disable", "signature-classic"]);
        let found = well(&server, &["test", "lefevre"]);
        assert!(found["problem"].as_str().unwrap().contains("disabled") && found["html"].is_null(), "{found}");
        server.json(&["plugin", "enable", "signature-classic"]);
        well(&server, &["rule", "remove", "All"]);
        well(&server, &["design", "remove", "Bank"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signature_is_seen_copied_and_kept_as_files() {
    let server = Server::with_sample(Options::default()).await;
    let zoe = server.json(&["person", "list", "lefevre"])["people"][0]["id"].as_str().unwrap().to_owned();
    let browser = signed_in(&server).await;
    let at = |path: &str| format!("{}/people/{zoe}{path}", server.internal);
    let button = format!("/people/{zoe}/signature");
    assert!(!page(&browser, at("")).await.contains(&button), "no rule, no button");
    for_everybody(&server);
    assert!(page(&browser, at("")).await.contains(&button));
    let shown = page(&browser, at("/signature?day=2026-07-14")).await;
    assert!(
        shown.contains("<iframe") && shown.contains("Everybody") && shown.contains("value=\"2026-07-14\""),
        "{shown}"
    );
    let get = async |path: &str| browser.get(at(path)).send().await.unwrap();
    let preview = get("/signature/preview").await;
    let policy = preview.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    let framed = preview.text().await.unwrap();
    assert!(framed.contains("#7a1f3d") && framed.contains("Zoé Lefèvre-Núñez"), "{framed}");
    let file = get("/signature.htm").await;
    assert!(file.headers()["content-disposition"].to_str().unwrap().contains("Signature.htm"));
    let file = file.text().await.unwrap();
    assert!(file.contains("<meta charset=\"utf-8\">") && !file.contains("<style>"), "{file}");
    let text = get("/signature.txt").await.text().await.unwrap();
    assert!(text.starts_with("Zoé Lefèvre-Núñez\r\n") && text.ends_with("\r\n"), "{text:?}");
    // no day is a reason to lose one's way
    let wrong = get("/signature?day=tomorrow").await;
    assert_eq!(wrong.status(), 422);
    assert!(wrong.text().await.unwrap().contains("<iframe"));
    // nothing to give is nothing to download
    server.json(&["signature", "rule", "remove", "Everybody"]);
    assert_eq!(get("/signature.htm").await.status(), 404);
    assert_eq!(get("/signature").await.status(), 200);
}
