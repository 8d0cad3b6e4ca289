//! A team manager's token: people, leads and groups of the teams, and nobody else's.

use estampe_domain::access::Role;
use estampe_tests::{Server, on_both};
use serde_json::Value;

use super::super::access::{Signed, welcomed};
use super::super::groups::{container, group, person, start};
use super::super::ldap::slapd::{Certificate, Slapd};
use super::super::ldap::well;
use super::text;
use super::tokens::personal;

/// The id of somebody, and of the lead that was left with them.
async fn with_lead(server: &Server, name: &str) -> (String, String) {
    let person = text(&server.json(&["person", "list", name])["people"][0]["id"]).to_owned();
    let url = format!("{}/leads", server.card_of(name));
    let form = [("name", "A"), ("email", "a@visitors.example"), ("idempotency_key", "0123456789abcdefghij")];
    assert_eq!(server.client().post(url).form(&form).send().await.unwrap().status(), 200);
    let leads = server.json(&["lead", "list"]);
    let of = |lead: &&Value| lead["person"] == person.as_str();
    let lead = leads["leads"].as_array().unwrap().iter().find(of).unwrap_or_else(|| panic!("{leads}"));
    (person, text(&lead["id"]).to_owned())
}

on_both! {
    async fn a_team_manager_s_token_reaches_their_teams(database) {
        let slapd = Slapd::start(5, Certificate::Good);
        slapd.change(&[container(), group("staff", &[person(0), person(1)]), group("bank", &[person(2)])].concat());
        let server = start(database, &slapd).await;
        server.sync();
        let (theirs, lead) = with_lead(&server, "Person 0").await;
        let (other, other_lead) = with_lead(&server, "Person 2").await;
        let of = |name: &str| text(&server.json(&["group", "show", name])["group"]["id"]).to_owned();
        let (staff, bank) = (of("staff"), of("bank"));

        let signed = welcomed(&server, Role::TeamManager, None).await;
        well(&server, &["account", "set", "team-manager@banque.example", "--team", "staff"]);
        // whoever was signed in has to sign in anew
        let form = [("email", "team-manager@banque.example"), ("password", "violet hortensia 47")];
        let entered = signed.browser.post(format!("{}/sign-in", server.internal)).form(&form).send().await.unwrap();
        assert_eq!(entered.status(), 303);
        let page = signed.browser.get(format!("{}/tokens", server.internal)).send().await.unwrap().text().await.unwrap();
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let signed = Signed { csrf, ..signed };
        let program = personal(&server, &signed, &["people:read", "leads:read"]).await;

        let people = program.get("/people", 200).await;
        assert_eq!(people["total"], 2, "{people}");
        program.get(&format!("/people/{theirs}"), 200).await;
        program.get(&format!("/people/{other}"), 404).await;
        assert_eq!(program.get(&format!("/groups/{staff}"), 200).await["people"], 2);
        program.get(&format!("/groups/{bank}"), 404).await;
        assert_eq!(program.get(&format!("/people?group={bank}"), 200).await["total"], 0);
        assert_eq!(program.get("/leads", 200).await["total"], 1);
        assert_eq!(program.get(&format!("/leads/{lead}"), 200).await["consents"][0]["purpose"], "reply");
        program.get(&format!("/leads/{other_lead}"), 404).await;

        // without the team there is nobody
        well(&server, &["account", "set", "team-manager@banque.example", "--team", ""]);
        assert_eq!(program.get("/people", 200).await["total"], 0);
        program.get(&format!("/people/{theirs}"), 404).await;
        program.get(&format!("/leads/{lead}"), 404).await;
    }
}
