//! Designs and rules of signatures, by the pages of the console.

use estampe_domain::access::Role;
use estampe_tests::{Options, Server, on_both};
use reqwest::{Client, Response};

use crate::access::{Signed, welcomed};

/// A designer at work.
struct Designer<'a> {
    server: &'a Server,
    signed: Signed,
}

impl<'a> Designer<'a> {
    async fn of(server: &'a Server, role: Role) -> Self {
        Self { server, signed: welcomed(server, role, None).await }
    }

    fn browser(&self) -> &Client {
        &self.signed.browser
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.server.internal)
    }

    async fn get(&self, path: &str) -> Response {
        self.browser().get(self.at(path)).header("accept-language", "en").send().await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    /// Sends a form: the status, and where it leads or what stands there.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let form = [&[("csrf", self.signed.csrf.as_str())], fields].concat();
        let request = self.browser().post(self.at(path)).header("accept-language", "en").form(&form);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (status, to.unwrap_or(answer.text().await.unwrap()))
    }

    async fn done(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let (status, to) = self.post(path, fields).await;
        assert_eq!(status, 303, "{path}: {to}");
        to
    }

    /// The address of the rule or the design of this name.
    async fn found(&self, name: &str) -> String {
        let page = self.page("/signatures").await;
        let (before, _) = page.split_once(&format!("\">{name}</a>")).unwrap_or_else(|| panic!("{name}: {page}"));
        before.rsplit("href=\"").next().unwrap().to_owned()
    }

    fn rules(&self) -> Vec<String> {
        let all = self.server.json(&["signature", "rule", "list"]);
        all["rules"].as_array().unwrap().iter().map(|rule| rule["name"].as_str().unwrap().to_owned()).collect()
    }
}

fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name}: {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}

fn install(server: &Server) {
    server.json(&["plugin", "install", "signature-classic", "--yes"]);
}

const NEW_DESIGN: &str = "/signatures/designs/new";
const NEW_RULE: &str = "/signatures/rules/new";
const CLASSIC: (&str, &str) = ("template", "signature-classic");

on_both! {
    async fn designs_are_made_seen_changed_and_removed(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let designer = Designer::of(&server, Role::CardDesigner).await;
        let empty = designer.page("/signatures").await;
        assert!(empty.contains("No template is installed") && !empty.contains("designs/new"), "{empty}");
        assert!(!empty.contains("href=\"/plugins\""), "a designer sees no plugins: {empty}");
        assert_eq!(designer.post(NEW_DESIGN, &[CLASSIC, ("name", "Bank")]).await.0, 422);
        install(&server);
        assert!(designer.page("/signatures").await.contains("Add the first design"));

        // what is wrong is said beside its field, and what was typed stays
        let wrong = [CLASSIC, ("name", "One/two"), ("config.logo-width", "9"), ("config.colour", "#7a1f3d")];
        let (status, page) = designer.post(NEW_DESIGN, &wrong).await;
        assert_eq!(status, 422);
        for said in ["value=\"One/two\"", "A slash cannot be", "value=\"9\"", "from 16 to 400", "value=\"#7a1f3d\""] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert_eq!(server.json(&["signature", "design", "list"])["designs"], serde_json::json!([]));
        let to = designer.done(NEW_DESIGN, &[CLASSIC, ("name", "Bank"), ("config.colour", "#7a1f3d")]).await;
        assert_eq!(designer.found("Bank").await, to);
        let (status, page) = designer.post(NEW_DESIGN, &[CLASSIC, ("name", "Bank")]).await;
        assert!(status == 422 && page.contains("There is one of this name already"), "{page}");

        // how it looks, with somebody's data, in a frame of ours that runs nothing
        let shown = designer.get(&to).await;
        let policy = shown.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("frame-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        let form = shown.text().await.unwrap();
        assert!(form.contains(&format!("src=\"{to}/preview?on=dark\"")), "{form}");
        for (on, is_turned) in [("", false), ("?on=dark", true)] {
            let preview = designer.get(&format!("{to}/preview{on}")).await;
            assert_eq!(preview.status(), 200);
            let policy = preview.headers()["content-security-policy"].to_str().unwrap().to_owned();
            for part in ["frame-ancestors 'self'", "default-src 'none'", "form-action 'none'", "sandbox"] {
                assert!(policy.contains(part), "{policy}");
            }
            let preview = preview.text().await.unwrap();
            assert!(preview.contains("#7a1f3d") && preview.contains("invert(1)") == is_turned, "{preview}");
        }

        // what another one changed meanwhile is not overwritten
        let seen = hidden(&form, "seen");
        let typed = [("name", "The bank"), ("config.logo-width", "120"), ("seen", seen.as_str())];
        server.json(&["signature", "design", "set", "Bank", "colour=#000000"]);
        let (status, page) = designer.post(&to, &typed).await;
        assert!(status == 409 && page.contains("changed meanwhile") && page.contains("value=\"120\""), "{page}");
        assert!(designer.page(&to).await.contains("value=\"#000000\""));
        // now it was seen: a value that is not there goes
        let seen = hidden(&page, "seen");
        designer.done(&to, &[("name", "The bank"), ("config.logo-width", "120"), ("seen", &seen)]).await;
        let kept = &server.json(&["signature", "design", "list"])["designs"][0];
        assert_eq!((&kept["name"], &kept["config"]), (&"The bank".into(), &serde_json::json!({ "logo-width": "120" })));

        // a rule gives it: it stays
        server.json(&["signature", "rule", "add", "Everybody", "--design", "The bank"]);
        let (status, page) = designer.post(&format!("{to}/remove"), &[]).await;
        assert!(status == 409 && page.contains("Change those rules first") && page.contains("Given by: Everybody"), "{page}");
        server.json(&["signature", "rule", "remove", "Everybody"]);
        designer.done(&format!("{to}/remove"), &[]).await;
        assert_eq!(designer.get(&to).await.status(), 404);
        let sql = "SELECT operation FROM audit_event WHERE operation LIKE 'signature.design.%' ORDER BY id";
        let audit = ["add", "change", "change", "remove"].map(|what| format!("signature.design.{what}"));
        assert_eq!(server.sql(sql), audit);
    }
}

on_both! {
    async fn rules_are_made_changed_moved_and_removed(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let designer = Designer::of(&server, Role::CardDesigner).await;
        install(&server);
        designer.done(NEW_DESIGN, &[CLASSIC, ("name", "Bank")]).await;
        assert!(designer.page("/signatures").await.contains("Add the first rule"));
        designer.done(NEW_RULE, &[("name", "Everybody"), ("design", "Bank")]).await;

        let wrong = [
            ("name", "Everybody"), ("groups", "Nobody here"), ("offices", "Toulouse"), ("language", "fr"),
            ("from", "2026-12-02"), ("until", "2026-12-01"), ("config.logo-height", "9"), ("above", "Everybody"),
        ];
        let (status, page) = designer.post(NEW_RULE, &wrong).await;
        assert_eq!(status, 422);
        for said in [
            "There is one of this name already", "There is no group “Nobody here”.", "It ends before it begins.",
            "from 16 to 400", "value=\"fr\" checked", "value=\"2026-12-02\"", ">\nNobody here</textarea>",
            "<option value=\"Everybody\" selected>",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let (status, page) = designer.post(NEW_RULE, &[("name", "Nothing"), ("from", "soon")]).await;
        assert!(status == 422 && page.contains("this rule gives nothing") && page.contains("That is no day"), "{page}");
        assert!(page.contains("value=\"soon\""), "{page}");
        let gone = [("name", "X"), ("design", "Bank"), ("above", "Nope")];
        assert_eq!(designer.post(NEW_RULE, &gone).await.0, 422);
        assert_eq!(designer.rules(), ["Everybody"]);

        let season = [
            ("name", "Season"), ("from", "2026-12-01"), ("until", "2099-12-31"), ("language", "fr"),
            ("offices", "Toulouse\r\nPau\r\n"), ("config.legal-notice-fr", "Joyeuses fêtes"), ("above", "Everybody"),
        ];
        designer.done(NEW_RULE, &season).await;
        designer.done(NEW_RULE, &[("name", "Last summer"), ("until", "2020-08-31"), ("config.legal-notice-fr", "Bel été")]).await;
        assert_eq!(designer.rules(), ["Season", "Everybody", "Last summer"]);
        let stands = server.json(&["signature", "rule", "list"])["rules"][0].clone();
        assert_eq!((&stands["offices"], &stands["languages"]), (&serde_json::json!(["Pau", "Toulouse"]), &serde_json::json!(["fr"])));
        let list = designer.page("/signatures").await;
        for said in ["Offices: Pau, Toulouse", "Languages: Français", "For everybody", "the design Bank", "ended on 31 August 2020"] {
            assert!(list.contains(said), "{said}: {list}");
        }

        // one place at a time, over the rule that was seen beside it
        let place = |path: &str| format!("{path}/move");
        let (everybody, season) = (designer.found("Everybody").await, designer.found("Season").await);
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        designer.done(&place(&everybody), &[("over", &id(&season))]).await;
        assert_eq!(designer.rules(), ["Everybody", "Season", "Last summer"]);
        let last = designer.found("Last summer").await;
        let (status, page) = designer.post(&place(&everybody), &[("over", &id(&last))]).await;
        assert!(status == 409 && page.contains("The order was changed meanwhile"), "{page}");
        designer.done(&place(&season), &[("over", &id(&last))]).await;
        assert_eq!(designer.rules(), ["Everybody", "Last summer", "Season"]);

        // a change that was made of something else changes nothing, and what was typed stays
        let form = designer.page(&season).await;
        assert!(form.contains(">\nPau\nToulouse</textarea>") && form.contains("value=\"Joyeuses fêtes\""), "{form}");
        let seen = hidden(&form, "seen");
        server.json(&["signature", "rule", "set", "Season", "--until", "2099-01-06"]);
        let typed = [("name", "Greetings"), ("config.legal-notice-fr", "Bonne année"), ("seen", seen.as_str())];
        let (status, page) = designer.post(&season, &typed).await;
        assert!(status == 409 && page.contains("changed meanwhile") && page.contains("value=\"Bonne année\""), "{page}");
        let seen = hidden(&page, "seen");
        designer.done(&season, &[("name", "Greetings"), ("config.legal-notice-fr", "Bonne année"), ("seen", &seen)]).await;
        let stands = server.json(&["signature", "rule", "list"])["rules"][2].clone();
        assert_eq!((&stands["name"], &stands["until"], &stands["offices"]), (&"Greetings".into(), &().into(), &serde_json::json!([])));

        designer.done(&format!("{last}/remove"), &[]).await;
        assert_eq!(designer.rules(), ["Everybody", "Greetings"]);
        assert_eq!(designer.get(&last).await.status(), 404);
        let sql = "SELECT operation FROM audit_event WHERE operation LIKE 'signature.rule.%' ORDER BY id";
        let audit = ["add", "add", "add", "move", "move", "change", "change", "remove"];
        assert_eq!(server.sql(sql), audit.map(|what| format!("signature.rule.{what}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tester_leads_to_the_reasons() {
    let server = Server::with_sample(Options::default()).await;
    crate::signatures::for_everybody(&server);
    let designer = Designer::of(&server, Role::CardDesigner).await;
    let zoe = server.json(&["person", "list", "lefevre"])["people"][0]["id"].as_str().unwrap().to_owned();
    let found = designer.get("/signatures?q=lefevre&day=2026-12-24").await;
    assert_eq!(found.status(), 303);
    let to = found.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(to, format!("/people/{zoe}/signature?day=2026-12-24"));
    let why = designer.page(&to).await;
    assert!(why.contains("Everybody") && why.contains("gives the design"), "{why}");
    assert!(designer.page("/signatures?q=nobodyatall").await.contains("Nobody fits these words"));
    // whoever fits is offered
    let several = designer.page("/signatures?q=toulouse&day=2026-12-24").await;
    let offered = several.matches("/signature?day=2026-12-24\"").count();
    assert!((2..=10).contains(&offered), "{offered}: {several}");
    let wrong = designer.get("/signatures?q=lefevre&day=tomorrow").await;
    assert_eq!(wrong.status(), 422);
    let wrong = wrong.text().await.unwrap();
    assert!(wrong.contains("value=\"lefevre\"") && wrong.contains("value=\"tomorrow\""), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_sees_and_changes_nothing() {
    let server = Server::with_sample(Options::default()).await;
    crate::signatures::for_everybody(&server);
    let auditor = Designer::of(&server, Role::Auditor).await;
    let list = auditor.page("/signatures").await;
    assert!(list.contains("Everybody") && !list.contains("/move") && !list.contains("/new\""), "{list}");
    for name in ["Everybody", "Bank"] {
        let path = auditor.found(name).await;
        let page = auditor.page(&path).await;
        assert!(page.contains("Bank") && !page.contains("name=\"seen\"") && !page.contains("/remove"), "{page}");
        assert_eq!(auditor.post(&path, &[("name", "Mine")]).await.0, 403);
        assert_eq!(auditor.post(&format!("{path}/remove"), &[]).await.0, 403);
    }
    assert_eq!(auditor.get(NEW_RULE).await.status(), 403);
    // a template that is switched off is a reason, not a broken frame
    server.json(&["plugin", "disable", "signature-classic"]);
    let page = auditor.page(&auditor.found("Bank").await).await;
    assert!(page.contains("The signature cannot be made") && !page.contains("<iframe"), "{page}");
}
