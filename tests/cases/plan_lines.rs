//! What a plan says before anything is written: who, which field, what it was and becomes,
//! and why somebody goes; on the terminal, for machines and in the console.

use std::fmt::Write as _;

use estampe_tests::{Options, Server, on_both};
use serde_json::Value;

use crate::hostile::administrator;

/// An LDIF of people numbered by `numbers`; `more` adds lines to one's entry.
fn ldif(numbers: impl IntoIterator<Item = u32>, more: impl Fn(u32) -> &'static str) -> String {
    let mut text = String::from("version: 1\n\n");
    for n in numbers {
        let _ = write!(
            text,
            "dn: uid=u{n},ou=people\nobjectClass: inetOrgPerson\nuid: u{n}\ncn: Person Number{n}\nsn: Number{n}\n\
             mail: u{n}@banque.example\n{}\n",
            more(n)
        );
    }
    text
}

fn said(server: &Server, arguments: &[&str]) -> String {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output.stdout
}

fn line<'a>(plan: &'a Value, name: &str) -> &'a Value {
    let lines = plan["lines"].as_array().unwrap();
    lines.iter().find(|line| line["name"] == name).unwrap_or_else(|| panic!("{name}: {plan}"))
}

on_both! {
    async fn a_dry_run_says_by_person_and_field_what_would_change(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let file = server.folder().join("people.ldif");
        std::fs::write(&file, ldif(1..=130, |n| if n == 1 { "title: Clerk\n" } else { "" })).unwrap();
        server.install();
        let input = format!("people={}", file.display());
        assert_eq!(server.cli(&["source", "add", "siege", "--input", &input]).code, 0);
        let browser = administrator(&server).await;
        let page = async |path: String| {
            let answer = browser.get(format!("{}{path}", server.internal)).header("accept-language", "en").send().await;
            let answer = answer.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            answer.text().await.unwrap()
        };

        // everybody is new: the first twenty with what they get, the rest counted
        let plan = said(&server, &["source", "sync", "siege", "--dry-run"]);
        for words in ["To be added:", "  Person Number1\n", "      Title: Clerk\n", "      E-mail: u1@banque.example\n"] {
            assert!(plan.contains(words), "{words}: {plan}");
        }
        assert!(plan.contains("and 110 more") && plan.contains("Planned. Nothing was changed."), "{plan}");
        assert_eq!(plan.matches("      E-mail: ").count(), 20, "{plan}");
        assert!(server.people().is_empty());
        let run = plan.lines().find_map(|l| l.trim().strip_prefix("estampe run approve ")).unwrap().to_owned();
        assert_eq!(said(&server, &["run", "show", &run, "--limit", "3"]).matches("      E-mail: ").count(), 3);
        assert_eq!(said(&server, &["run", "show", &run, "--all"]).matches("      E-mail: ").count(), 130);
        let whole = server.json(&["run", "show", &run]);
        assert_eq!(whole["lines"].as_array().unwrap().len(), 130);
        assert_eq!(server.json(&["run", "show", &run, "--limit", "7"])["lines"].as_array().unwrap().len(), 7);
        let first = line(&whole, "Person Number1");
        assert_eq!((first["action"].as_str(), first["person"].as_str()), (Some("create"), None));
        assert_eq!(first["changes"][0]["field"], "title");
        assert_eq!((first["changes"][0]["old"].as_str(), first["changes"][0]["new"].as_str()), (Some(""), Some("Clerk")));

        // the console's pages, one after the other, show each of them once
        let (mut next, mut rows, mut pages) = (Some(format!("/runs/{run}")), Vec::new(), 0);
        while let Some(path) = next {
            let html = page(path).await;
            assert!(html.contains(&format!("/runs/{run}/approve")) && html.contains(&format!("/runs/{run}/discard")));
            let named = html.split("<span class=\"strong\">Person Number").skip(1);
            rows.extend(named.map(|rest| rest.split('<').next().unwrap().to_owned()));
            pages += 1;
            next = html.split_once("\" rel=\"next\"").map(|(before, _)| {
                before.rsplit_once("href=\"").unwrap().1.replace("&#38;", "&")
            });
        }
        let shown = rows.len();
        rows.sort();
        rows.dedup();
        assert_eq!((pages, shown, rows.len()), (3, 130, 130));
        assert_eq!(server.cli(&["run", "approve", &run]).code, 0);

        // one changes, one gets what they had not, three go, one is new, one entry is none
        let mut text = ldif((1..=128).chain([131]), |n| match n {
            1 => "title: Director\n",
            2 => "physicalDeliveryOfficeName: Pau\n",
            3 => "nsAccountLock: TRUE\n",
            _ => "",
        });
        text.push_str("dn: cn=printer,ou=people\nobjectClass: person\nuid: printer\n\n");
        std::fs::write(&file, text).unwrap();
        let before = server.people();
        let plan = said(&server, &["source", "sync", "siege", "--dry-run"]);
        for words in [
            "1 to add, 2 to change, 3 to disable, 125 with nothing to do, 1 refused",
            "To be disabled:\n  Person Number3: marked as not active there\n  Person Number129: no longer in the source\n",
            "  Person Number130: no longer in the source\n",
            "To be changed:\n  Person Number1\n      Title: Clerk → Director\n  Person Number2\n      Office: (nothing) → Pau\n",
            "To be added:\n  Person Number131\n",
            "Refused:\n  line ",
        ] {
            assert!(plan.contains(words), "{words}: {plan}");
        }
        assert_eq!(server.people(), before, "a plan changes nobody");
        let run = plan.lines().find_map(|l| l.trim().strip_prefix("estampe run approve ")).unwrap().to_owned();
        let whole = server.json(&["run", "show", &run]);
        let gone = line(&whole, "Person Number129");
        assert_eq!((gone["action"].as_str(), gone["reason"].as_str()), (Some("disable"), Some("missing")));
        assert!(gone["person"].is_string() && whole["lines"].as_array().unwrap().len() == 6, "{whole}");

        // the same in the console, and each kind alone
        let html = page(format!("/runs/{run}")).await;
        assert!(html.contains("Clerk</del>") && html.contains("Director</ins>"), "{html}");
        assert!(html.contains("no longer in the source") && html.contains("card to be taken down"), "{html}");
        for (show, there, not) in [
            ("disabled", "Number129", "Number131"),
            ("changed", "Director", "Number129"),
            ("created", "Number131", "Director"),
            ("refused", "Neither a name nor an e-mail", "Number131"),
        ] {
            let html = page(format!("/runs/{run}?show={show}")).await;
            assert!(html.contains(there) && !html.contains(not), "{show}: {html}");
        }

        // once applied they are told as done; who was gone and is back is told so
        let applied = said(&server, &["run", "approve", &run]);
        assert!(applied.starts_with("1 added, 2 changed, 3 disabled"), "{applied}");
        let shown = said(&server, &["run", "show", &run]);
        assert!(shown.contains("Disabled:\n  Person Number3") && shown.contains("Title: Clerk → Director"), "{shown}");
        std::fs::write(&file, ldif(1..=130, |n| if n == 2 { "physicalDeliveryOfficeName: Pau\n" } else { "" })).unwrap();
        let plan = said(&server, &["source", "sync", "siege", "--dry-run"]);
        assert!(plan.contains("  Person Number129: back in the source\n"), "{plan}");
        assert!(plan.contains("      Title: Director → (nothing)\n"), "{plan}");
        let run = plan.lines().find_map(|l| l.trim().strip_prefix("estampe run approve ")).unwrap().to_owned();
        said(&server, &["run", "approve", &run]);

        // and when there is nothing to do, that is said
        let plan = said(&server, &["source", "sync", "siege", "--dry-run"]);
        assert!(plan.contains("Nothing would change: everybody here is as the source says."), "{plan}");
        let nothing = server.json(&["source", "sync", "siege", "--dry-run"]);
        assert_eq!((nothing["lines"].as_array().unwrap().len(), nothing["plan_only"].as_bool()), (0, Some(true)));
        let html = page(format!("/runs/{}", nothing["id"].as_str().unwrap())).await;
        assert!(html.contains("everybody here is as it says"), "{html}");
        let wrong = server.cli(&["run", "show", &run, "--limit", "some"]);
        assert_eq!(wrong.code, 2, "{wrong:?}");
    }
}
