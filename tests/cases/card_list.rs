//! The list of cards: states, search, what they received, and whose are seen by whom.

use estampe_domain::access::Role;
use estampe_tests::{Options, Server, on_both};
use serde_json::Value;

use super::access::{PASSWORD, welcomed};
use super::groups::{container, group, person, start};
use super::ldap::slapd::{Certificate, Slapd};
use super::ldap::well;
use crate::console::signed_in;

async fn english(browser: &reqwest::Client, server: &Server, path: &str) -> String {
    let request = browser.get(format!("{}{path}", server.internal)).header("accept-language", "en");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

async fn lead(server: &Server, card: &str, key: &str) {
    let form = [("name", "Amélie Traoré"), ("email", "amelie@atelier.example"), ("idempotency_key", key)];
    assert_eq!(server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap().status(), 200);
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("{key}: {value}")).to_owned()
}

/// The row of a card on a page.
fn row<'a>(page: &'a str, public_id: &str) -> &'a str {
    page.split("<tr>").find(|row| row.contains(public_id)).unwrap_or_else(|| panic!("no {public_id}: {page}"))
}

/// Cards on a page.
fn rows(page: &str) -> usize {
    page.matches("<tr><th scope=\"row\">").count()
}

on_both! {
    async fn cards_are_listed_with_their_state_and_what_they_received(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let browser = signed_in(&server).await;
        let all = server.people();
        let disabled = all.iter().filter(|person| person["active"] == false).count();
        let zoe = all.iter().find(|person| text(person, "name") == "Zoé Lefèvre-Núñez").unwrap();
        let other = all.iter().rfind(|person| person["active"] == true).unwrap();
        let (zoe_card, other_card) = (text(zoe, "public_id"), text(other, "public_id"));
        assert_ne!(zoe_card, other_card);
        for key in ["0123456789abcdefghij", "1123456789abcdefghij"] {
            lead(&server, &text(zoe, "card_url"), key).await;
        }
        lead(&server, &text(other, "card_url"), "2123456789abcdefghij").await;
        well(&server, &["card", "down", &text(other, "id")]);

        let found = english(&browser, &server, "/cards?q=lefevre").await;
        let line = row(&found, &zoe_card);
        for wanted in [
            format!("href=\"/people/{}\"", text(zoe, "id")),
            format!("href=\"{}\" target=\"_blank\" rel=\"noopener\"", text(zoe, "card_url")),
            "data-label=\"Leads\">2<".to_owned(),
            "<time datetime=".to_owned(),
            ">online<".to_owned(),
        ] {
            assert!(line.contains(&wanted), "{wanted}: {line}");
        }
        assert_eq!(rows(&found), 1);

        // one that nobody can open is no link, and keeps what it received
        let down = english(&browser, &server, "/cards?show=down").await;
        let line = row(&down, &other_card);
        assert_eq!(rows(&down), 1, "{down}");
        assert!(line.contains(">taken down<") && line.contains("data-label=\"Leads\">1<"), "{line}");
        assert!(!line.contains("target=\"_blank\""), "{line}");

        // every state has its own, and together they are all
        let cards = |state: &str| {
            let total = server.json(&["card", "list", "--state", state])["total"].as_u64().unwrap();
            usize::try_from(total).unwrap()
        };
        let (up, gone) = (cards("up"), cards("disabled"));
        assert_eq!((cards("down"), gone, up), (1, disabled, all.len() - disabled - 1));
        let listed = english(&browser, &server, "/cards?show=up").await;
        assert!(listed.contains(&format!("{up} cards")) && rows(&listed) == 50, "{listed}");
        // page after page each is there once, and the one that is down never
        let (mut seen, mut path) = (Vec::new(), "/cards?show=up".to_owned());
        loop {
            let page = english(&browser, &server, &path).await;
            seen.extend(page.split("/c/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
            let Some((before, _)) = page.split_once("\" rel=\"next\"") else { break };
            path = before.rsplit("href=\"").next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        }
        let times = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((times, seen.len()), (up, up));
        assert!(seen.contains(&zoe_card) && !seen.contains(&other_card));

        // the command line says the same
        let told = server.json(&["card", "list", "lefevre"]);
        let card = &told["cards"][0];
        assert_eq!((card["leads"].as_u64(), text(card, "state").as_str()), (Some(2), "up"), "{told}");
        assert!(!text(card, "last_lead_at").is_empty());
        let plain = well(&server, &["card", "list", "lefevre"]).stdout;
        assert!(plain.contains("2 leads") && plain.contains("up"), "{plain}");
        assert!(server.cli(&["card", "list", "--state", "sideways"]).code == 2);

        // who sees people and no leads sees no figures
        let designer = welcomed(&server, Role::CardDesigner, None).await;
        let shown = english(&designer.browser, &server, "/cards?q=lefevre").await;
        assert!(row(&shown, &zoe_card).contains(">online<") && !shown.contains("data-label=\"Leads\""), "{shown}");
        // an employee sees their own, and no section
        let employee = welcomed(&server, Role::Employee, Some(&text(other, "id"))).await;
        let own = english(&employee.browser, &server, "/cards").await;
        assert!(rows(&own) == 1 && row(&own, &other_card).contains("data-label=\"Leads\">1<"), "{own}");
        assert!(!own.contains("href=\"/cards\"><"), "{own}");
    }
}

on_both! {
    async fn a_team_manager_sees_the_cards_of_the_team_alone(database) {
        let slapd = Slapd::start(9, Certificate::Good);
        slapd.change(&[container(), group("staff", &[person(0), person(1)])].concat());
        let server = start(database, &slapd).await;
        server.sync();
        let (mine, theirs) = (server.card_of("Person 1"), server.card_of("Person 7"));
        for (card, key) in [(&mine, "0123456789abcdefghij"), (&theirs, "1123456789abcdefghij")] {
            lead(&server, card, key).await;
        }
        drop(welcomed(&server, Role::TeamManager, None).await);
        well(&server, &["account", "set", "team-manager@banque.example", "--team", "staff"]);
        // a change of what an account is for ends its sessions
        let browser = server.console();
        let form = [("email", "team-manager@banque.example"), ("password", PASSWORD)];
        let request = browser.post(format!("{}/sign-in", server.internal)).header("origin", &server.internal);
        assert_eq!(request.form(&form).send().await.unwrap().status(), 303);
        let public_id = |card: &str| card.rsplit('/').next().unwrap().to_owned();
        for path in ["/cards", "/cards?show=up"] {
            let shown = english(&browser, &server, path).await;
            assert!(rows(&shown) == 2 && shown.contains("2 cards"), "{shown}");
            assert!(row(&shown, &public_id(&mine)).contains("data-label=\"Leads\">1<"), "{shown}");
            assert!(!shown.contains(&public_id(&theirs)), "{shown}");
        }
        assert_eq!(rows(&english(&browser, &server, "/cards?q=person+7").await), 0);
        well(&server, &["card", "down", "Person 1", "--yes"]);
        let down = english(&browser, &server, "/cards?show=down").await;
        assert!(rows(&down) == 1 && row(&down, &public_id(&mine)).contains(">taken down<"), "{down}");
        assert_eq!(rows(&english(&browser, &server, "/cards?show=up").await), 1);
    }
}
