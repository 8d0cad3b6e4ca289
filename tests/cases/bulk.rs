//! The cards of many people taken down and put up at once, in the console and by command.

use estampe_tests::{Options, Server, on_both, until};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

use crate::console::{csrf, page, signed_in};

async fn post(server: &Server, browser: &Client, path: &str, form: &[(&str, &str)]) -> Response {
    let request = browser.post(format!("{}{path}", server.internal)).header("origin", &server.internal);
    request.header("accept-language", "en").form(form).send().await.unwrap()
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// The page of an act once it is done.
async fn done(server: &Server, browser: &Client, path: &str) -> String {
    until("an act on many people", 60, async || {
        let url = format!("{}{path}", server.internal);
        let text = browser.get(url).header("accept-language", "en").send().await.unwrap().text().await.unwrap();
        (!text.contains("data-live")).then_some(text)
    })
    .await
}

fn ids(server: &Server, query: &str) -> Vec<String> {
    let found = server.json(&["person", "list", query]);
    let people = found["people"].as_array().unwrap_or_else(|| panic!("{found}"));
    people.iter().map(|person| person["id"].as_str().unwrap().to_owned()).collect()
}

async fn status(server: &Server, card: &str) -> StatusCode {
    server.client().get(card).send().await.unwrap().status()
}

fn audited(server: &Server, operation: &str) -> usize {
    server.sql(&format!("select object_id from audit_event where operation = '{operation}'")).len()
}

on_both! {
    async fn cards_are_taken_down_and_exactly_these_are_put_back(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let browser = signed_in(&server).await;
        let people: Vec<Value> = server.people().into_iter().filter(|person| person["active"] == true).take(3).collect();
        let [one, two, three] = people.as_slice() else { panic!("{people:?}") };
        let (id, card) = (|of: &Value| of["id"].as_str().unwrap().to_owned(), |of: &Value| of["card_url"].as_str().unwrap().to_owned());
        // one of them was taken down before, by the command line
        let before = server.json(&["card", "down", &id(one)]);
        assert_eq!((before["changed"].as_u64(), before["people"].as_u64()), (Some(1), Some(1)), "{before}");
        assert_eq!(status(&server, &card(one)).await, 404);

        let list = page(&browser, format!("{}/people", server.internal)).await;
        assert!(list.contains(&format!("value=\"{}\" form=\"bulk\"", id(two))), "{list}");
        let token = csrf(&list);
        // nothing ticked: told, nothing done
        let nobody = post(&server, &browser, "/people/bulk", &[("csrf", &token), ("act", "card-down")]).await;
        assert_eq!(nobody.status(), 422);
        assert!(nobody.text().await.unwrap().contains("Nobody was chosen"));
        let (first, second, third) = (id(one), id(two), id(three));
        let form = [("csrf", token.as_str()), ("act", "card-down"), ("person", &first), ("person", &second), ("person", &third)];
        let act = location(&post(&server, &browser, "/people/bulk", &form).await);
        let told = done(&server, &browser, &act).await;
        assert!(told.contains("2 cards were taken down") && told.contains("Undo for these 2 cards"), "{told}");
        for person in &people {
            assert_eq!(status(&server, &card(person)).await, 404);
        }
        assert_eq!(audited(&server, "card.down"), 3, "one event for each that changed");
        // no run puts them up
        assert_eq!(server.sync()["state"], "done");
        assert_eq!(status(&server, &card(two)).await, 404);
        let shown = page(&browser, format!("{}/people?show=down", server.internal)).await;
        assert!(shown.contains(&second) && shown.contains("retirée"), "{shown}");

        // undone: the one that stood so before stays down
        let undo = location(&post(&server, &browser, &format!("{act}/undo"), &[("csrf", &token)]).await);
        let told = done(&server, &browser, &undo).await;
        assert!(told.contains("2 cards were put up") && !told.contains("/undo\""), "{told}");
        assert_eq!(status(&server, &card(one)).await, 404);
        assert_eq!(status(&server, &card(two)).await, 200);
        assert_eq!(status(&server, &card(three)).await, 200);
        assert_eq!(audited(&server, "card.up"), 2);
        // once more is the same undoing
        assert_eq!(location(&post(&server, &browser, &format!("{act}/undo"), &[("csrf", &token)]).await), undo);
        assert!(done(&server, &browser, &act).await.contains("It was undone"));
        // the first was another act, and the command line undoes it
        let id = before["id"].as_str().unwrap();
        assert_eq!(server.json(&["card", "undo", id])["changed"], 1);
        assert_eq!(status(&server, &card(one)).await, 200);
        let again = server.json(&["card", "undo", id]);
        assert_eq!(again["undoes"], id, "the undoing that there is");
    }

    async fn all_who_are_found_are_asked_about_once_more(database) {
        let mut server = Server::with_sample(Options { database, ..Options::default() }).await;
        let browser = signed_in(&server).await;
        let total = server.json(&["person", "list"])["total"].as_u64().unwrap();
        let found = ids(&server, "agence").len() as u64;
        assert!(found > 1 && found < total, "{found} of {total}");
        let token = csrf(&page(&browser, format!("{}/people?q=agence", server.internal)).await);
        let all = [("csrf", token.as_str()), ("act", "card-down"), ("all", "yes"), ("q", "agence")];
        let asked = post(&server, &browser, "/people/bulk", &all).await;
        assert_eq!(asked.status(), 200);
        assert!(!asked.text().await.unwrap().contains("data-live"));
        assert_eq!(audited(&server, "card.down"), 0, "only asked");
        let stale = [all.as_slice(), &[("sure", "yes"), ("seen", "1")]].concat();
        let refused = post(&server, &browser, "/people/bulk", &stale).await;
        assert_eq!(refused.status(), 409);
        assert!(refused.text().await.unwrap().contains("others than before"));

        // everybody, and the process dies in the middle: the work goes on
        let seen = total.to_string();
        let everybody = [("csrf", token.as_str()), ("act", "card-down"), ("all", "yes"), ("sure", "yes"), ("seen", &seen)];
        let act = location(&post(&server, &browser, "/people/bulk", &everybody).await);
        server.kill();
        server.start_again().await;
        let told = done(&server, &browser, &act).await;
        assert!(told.contains(&format!("{total} cards were taken down")), "{told}");
        assert_eq!(audited(&server, "card.down") as u64, total);
        assert_eq!(server.sql("select count(*) from card where active"), ["0"]);

        // by command: only with a yes, and up again
        let refused = server.cli(&["card", "up", "--all", "--query", "agence"]);
        assert!(refused.code == 1 && refused.stderr.contains("--yes"), "{refused:?}");
        let up = server.json(&["card", "up", "--all", "--query", "agence", "--yes"]);
        assert_eq!(up["changed"].as_u64(), server.json(&["person", "list", "agence"])["total"].as_u64());
        let nobody = server.cli(&["card", "down", "--all", "--query", "nobodyiscalledthis", "--yes"]);
        assert!(nobody.code == 1 && nobody.stderr.contains("nobody is found"), "{nobody:?}");
        let unknown = server.cli(&["card", "undo", "01a21960-04a2-7123-92d9-15a7d089b201"]);
        assert!(unknown.code == 1 && unknown.stderr.contains("no act"), "{unknown:?}");
    }
}
