//! Whose a field is: what runs change, what was entered, and what happens when both speak.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use estampe_tests::{Options, Server, on_both};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::hostile::administrator;

/// Somebody of a directory: uid, title, office.
type Entry<'a> = (&'a str, &'a str, &'a str);

fn ldif(people: &[Entry<'_>]) -> String {
    let mut text = String::from("version: 1\n\n");
    for (uid, title, office) in people {
        let _ = write!(
            text,
            "dn: uid={uid},ou=people\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: Person {uid}\nsn: {uid}\n\
             givenName: Person\nmail: {uid}@banque.example\npronouns: they\n"
        );
        for (name, value) in [("title", title), ("physicalDeliveryOfficeName", office)] {
            if !value.is_empty() {
                let _ = writeln!(text, "{name}: {value}");
            }
        }
        text.push('\n');
    }
    text
}

/// The directory says this, and a run reads it: the run.
fn say(server: &Server, people: &[Entry<'_>]) -> Value {
    let file = server.folder().join("people.ldif");
    let first = !file.exists();
    std::fs::write(&file, ldif(people)).unwrap();
    let mut run = if first { server.import(&file) } else { server.sync() };
    if run["hold"] == "too-many-gone" {
        run = server.json(&["run", "approve", run["id"].as_str().unwrap()]);
    }
    assert_eq!(run["state"], "done", "{run}");
    run
}

fn counts(run: &Value) -> [u64; 5] {
    ["created", "changed", "disabled", "unchanged", "refused"].map(|k| run["counts"][k].as_u64().unwrap())
}

fn field(server: &Server, person: &str, name: &str) -> Value {
    let person = server.json(&["person", "show", person]);
    let fields = person["fields"].as_array().unwrap_or_else(|| panic!("{person}"));
    fields.iter().find(|field| field["field"] == name).unwrap().clone()
}

fn shown(server: &Server, person: &str, name: &str) -> String {
    field(server, person, name)["shown"].as_str().unwrap().to_owned()
}

fn well(server: &Server, arguments: &[&str]) -> String {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output.stdout
}

fn refused(server: &Server, arguments: &[&str], words: &str) {
    let output = server.cli(arguments);
    assert!(output.code == 1 && output.stderr.contains(words), "{arguments:?}: {words}: {output:?}");
}

fn conflicts(server: &Server) -> u64 {
    server.json(&["person", "list", "--conflicts"])["total"].as_u64().unwrap()
}

async fn get(server: &Server, browser: &Client, path: &str) -> String {
    let answer = browser.get(format!("{}{path}", server.internal)).header("accept-language", "en");
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

async fn post(server: &Server, browser: &Client, path: &str, form: &BTreeMap<String, String>) -> Response {
    let request = browser.post(format!("{}{path}", server.internal)).header("origin", &server.internal);
    request.header("accept-language", "en").form(form).send().await.unwrap()
}

/// What a browser would send of the form with this action.
fn form(page: &str, action: &str) -> BTreeMap<String, String> {
    let (_, form) = page.split_once(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("{action}: {page}"));
    let form = form.split_once("</form>").unwrap().0;
    let attribute = |tag: &str, name: &str| {
        let value = tag.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest.split_once('"').unwrap().0);
        let value = value.unwrap_or_default();
        value
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#38;", "&")
    };
    let tags = |begin: &'static str| form.split(begin).skip(1);
    let inputs = tags("<input").map(|tag| tag.split_once('>').unwrap().0);
    let mut sent: BTreeMap<_, _> = inputs.map(|tag| (attribute(tag, "name"), attribute(tag, "value"))).collect();
    for select in tags("<select") {
        let (options, chosen) = (select.split_once("</select>").unwrap().0, "\" selected");
        let first = attribute(options.split_once("<option").unwrap().1, "value");
        let value =
            options.split_once(chosen).map_or(first, |(before, _)| before.rsplit_once('"').unwrap().1.to_owned());
        sent.insert(attribute(select, "name"), value);
    }
    sent
}

fn with(form: &BTreeMap<String, String>, pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    form.clone().into_iter().chain(pairs).collect()
}

on_both! {
    async fn an_entered_value_outlives_every_run_until_it_is_given_back(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        say(&server, &[("one", "Clerk", "Pau"), ("two", "Clerk", "Pau")]);
        let card = server.card_of("one");
        let on_card =
            async |words: &str| server.client().get(&card).send().await.unwrap().text().await.unwrap().contains(words);
        let told =
            well(&server, &["person", "set", "Person one", "title=Head of exports", "work-phone=+33 5 61 00 42 17"]);
        assert!(told.contains("Head of exports") && told.contains("entered; siege says: Clerk"), "{told}");
        assert!(on_card("Head of exports").await && on_card("+33 5 61 00 42 17").await);
        assert_eq!(conflicts(&server), 0, "who enters a value knows what the directory says");

        // the directory says the same as before, then something else: the value stays
        assert_eq!(counts(&say(&server, &[("one", "Clerk", "Pau"), ("two", "Clerk", "Pau")])), [0, 0, 0, 2, 0]);
        assert_eq!(conflicts(&server), 0);
        let people = [("one", "Director", "Tarbes"), ("two", "Clerk", "Pau")];
        let file = server.folder().join("people.ldif");
        std::fs::write(&file, ldif(&people)).unwrap();
        let held = server.json(&["source", "sync", "siege", "--dry-run"]);
        assert_eq!((held["hold"].as_str(), counts(&held)), (Some("plan-only"), [0, 1, 0, 1, 0]));
        assert_eq!((conflicts(&server), shown(&server, "Person one", "office")), (0, "Pau".to_owned()));
        assert_eq!(server.cli(&["run", "approve", held["id"].as_str().unwrap()]).code, 0);
        let title = field(&server, "Person one", "title");
        assert_eq!(
            title,
            json!({
                "field": "title", "shown": "Head of exports", "owner": "directory", "entered": true,
                "said": "Director", "conflict": true
            })
        );
        assert!(on_card("Head of exports").await && !on_card("Director").await && on_card("Tarbes").await);
        assert_eq!(conflicts(&server), 1);
        assert!(well(&server, &["person", "show", "Person one"]).contains("Conflict about title"));
        // and again: nothing new
        assert_eq!(counts(&say(&server, &people)), [0, 0, 0, 2, 0]);
        assert_eq!(conflicts(&server), 1);

        // kept: it is asked again only when the directory says something new
        well(&server, &["person", "set", "Person one", "title=Head of exports"]);
        assert_eq!(conflicts(&server), 0);
        let other = [("one", "Director", "Auch"), ("two", "Clerk", "Pau")];
        assert_eq!(counts(&say(&server, &other)), [0, 1, 0, 1, 0]);
        assert_eq!((conflicts(&server), shown(&server, "Person one", "office")), (0, "Auch".to_owned()));
        // what the directory takes away is no other value
        assert_eq!(counts(&say(&server, &[("one", "", "Auch"), ("two", "Clerk", "Pau")])), [0, 0, 0, 2, 0]);
        assert_eq!(conflicts(&server), 0);
        let last = [("one", "President", "Auch"), ("two", "Clerk", "Pau")];
        assert_eq!(counts(&say(&server, &last)), [0, 1, 0, 1, 0]);
        assert_eq!(conflicts(&server), 1);
        // what is gone and comes back brings nothing of the directory's with it
        assert_eq!(counts(&say(&server, &last[1..])), [0, 0, 1, 1, 0]);
        assert_eq!(conflicts(&server), 0, "who is disabled waits");
        say(&server, &last);
        assert_eq!((conflicts(&server), shown(&server, "Person one", "title")), (1, "Head of exports".to_owned()));

        // given back: the directory's is shown, and followed from then on
        well(&server, &["person", "reset", "Person one", "title"]);
        assert!(on_card("President").await && !on_card("Head of exports").await);
        assert_eq!(conflicts(&server), 0);
        refused(&server, &["person", "reset", "Person one", "title"], "nothing was entered for it; entered is: phones");
        assert_eq!(counts(&say(&server, &[("one", "Clerk", "Auch"), ("two", "Clerk", "Pau")])), [0, 1, 0, 1, 0]);
        assert_eq!(shown(&server, "Person one", "title"), "Clerk");
        assert_eq!(shown(&server, "Person one", "phones"), "+33 5 61 00 42 17");

        // nothing is a value too
        well(&server, &["person", "set", "Person one", "title="]);
        assert_eq!(counts(&say(&server, &[("one", "Boss", "Auch"), ("two", "Clerk", "Pau")])), [0, 1, 0, 1, 0]);
        assert_eq!((shown(&server, "Person one", "title"), conflicts(&server)), (String::new(), 1));

        // each word has its event, and none of them holds a value
        let events = server.sql("select operation, details from audit_event where operation like 'person.%'");
        let all = events.join("\n");
        assert!(all.contains("person.edit") && all.contains("person.give-back") && all.contains("phones"), "{all}");
        assert!(!all.contains("Head of") && !all.contains("+33"), "{all}");
    }

    async fn once_is_once_and_own_is_never_the_directorys(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        say(&server, &[("one", "Clerk", "Pau"), ("two", "Clerk", "Pau")]);
        well(&server, &["person", "set", "Person two", "title=Boss"]);
        let owned = well(&server, &["source", "owners", "siege", "--set", "title=once", "--set", "pronouns=own"]);
        assert!(owned.contains("once") && owned.contains("next run"), "{owned}");
        let owners = server.json(&["source", "owners", "siege"])["owners"].clone();
        assert_eq!(
            (&owners["title"], &owners["pronouns"], &owners["office"]),
            (&json!("once"), &json!("own"), &json!("directory"))
        );
        refused(&server, &["source", "owners", "siege", "--set", "name=own"], "its owner is one of directory, once");
        refused(&server, &["source", "owners", "siege", "--set", "title=mine"], "directory, written, once, own");
        refused(&server, &["source", "owners", "siege", "--set", "salary=own"], "there are: name, pronouns");
        refused(&server, &["source", "owners", "nobody"], "no source \"nobody\"");

        // everybody is looked at, and nobody looks otherwise
        assert_eq!(counts(&say(&server, &[("one", "Clerk", "Pau"), ("two", "Clerk", "Pau")])), [0, 0, 0, 2, 0]);
        let people = [("one", "Director", "Auch"), ("two", "Director", "Pau"), ("three", "Director", "Pau")];
        assert_eq!(counts(&say(&server, &people)), [1, 1, 0, 1, 0]);
        assert_eq!(
            (shown(&server, "Person one", "title"), shown(&server, "Person one", "office")),
            ("Clerk".into(), "Auch".into())
        );
        assert_eq!(shown(&server, "Person three", "title"), "Director", "taken once");
        assert_eq!(shown(&server, "Person one", "pronouns"), "they", "what is shown stays");
        assert_eq!(shown(&server, "Person three", "pronouns"), "", "never set");
        assert_eq!(
            (shown(&server, "Person two", "title"), conflicts(&server)),
            ("Boss".into(), 0),
            "no conflict about what is not its own"
        );
        well(&server, &["person", "set", "Person three", "pronouns=she"]);
        say(&server, &[("one", "X", "Auch"), ("two", "X", "Pau"), ("three", "X", "Tarbes")]);
        assert_eq!(
            (shown(&server, "Person three", "pronouns"), shown(&server, "Person three", "title")),
            ("she".into(), "Director".into())
        );
        well(&server, &["person", "reset", "Person three", "pronouns"]);
        assert_eq!(
            shown(&server, "Person three", "pronouns"),
            "",
            "given back, it is not the directory's all the same"
        );

        // the directory's again: the next run brings it up to date, and a conflict is one again
        well(&server, &["source", "owners", "siege", "--set", "title=directory"]);
        assert_eq!(conflicts(&server), 1, "at once: what it says is known");
        let now = [("one", "X", "Auch"), ("two", "X", "Pau"), ("three", "X", "Tarbes")];
        assert_eq!(counts(&say(&server, &now)), [0, 2, 0, 1, 0]);
        assert_eq!(
            (shown(&server, "Person one", "title"), shown(&server, "Person two", "title")),
            ("X".into(), "Boss".into())
        );

        // not under an open run, whose plan was made before
        std::fs::write(server.folder().join("people.ldif"), ldif(&[("one", "Y", "Auch"), now[1], now[2]])).unwrap();
        let held = server.json(&["source", "sync", "siege", "--dry-run"])["id"].as_str().unwrap().to_owned();
        refused(&server, &["source", "owners", "siege", "--set", "title=own"], "waits for a word");
        // but people can be edited: what is applied is put together anew
        well(&server, &["person", "set", "Person one", "title=Chief"]);
        assert_eq!(server.cli(&["run", "approve", &held]).code, 0);
        assert_eq!((shown(&server, "Person one", "title"), conflicts(&server)), ("Chief".into(), 2));
    }

    async fn a_form_loses_nothing_and_two_editors_do_not_undo_each_other(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        say(&server, &[("one", "Clerk", "Pau")]);
        let browser = administrator(&server).await;
        let id = server.json(&["person", "list"])["people"][0]["id"].as_str().unwrap().to_owned();
        let (person, edit) = (format!("/people/{id}"), format!("/people/{id}/edit"));
        let page = get(&server, &browser, &edit).await;
        assert!(page.contains("From “siege”. What you enter here is kept over its value."), "{page}");
        let first = form(&page, &edit);
        assert_eq!(
            (first["title"].as_str(), first["name"].as_str(), first["email.0"].as_str()),
            ("Clerk", "Person one", "one@banque.example")
        );

        // sent as it was: nothing is entered
        assert_eq!(post(&server, &browser, &edit, &first).await.headers()["location"], person.as_str());
        assert!(server.sql("select operation from audit_event where operation = 'person.edit'").is_empty());

        // every problem at its field, and everything typed stands there
        let typed = [
            ("title", "Head <b>of</b> exports"),
            ("name", ""),
            ("phone.0", "call me"),
            ("phone-kind.0", "mobile"),
            ("language", "fr"),
        ];
        let answer = post(&server, &browser, &edit, &with(&first, &typed)).await;
        assert_eq!(answer.status(), 422);
        let again = answer.text().await.unwrap();
        assert!(
            again.contains("2 fields need another look")
                && again.contains("cannot be called")
                && !again.contains("<b>of"),
            "{again}"
        );
        let kept = form(&again, &edit);
        for (name, value) in typed {
            assert_eq!(kept[name], value, "{name}");
        }
        assert_eq!(shown(&server, "Person one", "title"), "Clerk", "nothing of it was stored");
        let mended = with(&kept, &[("name", "Person One"), ("phone.0", "+33 6 12 00 00 00")]);
        assert_eq!(post(&server, &browser, &edit, &mended).await.status(), 303);
        assert_eq!(shown(&server, "Person One", "title"), "Head <b>of</b> exports");
        assert!(
            !field(&server, "Person One", "emails")["entered"].as_bool().unwrap(),
            "what nobody touched stays whose it is"
        );
        assert!(field(&server, "Person One", "phones")["entered"].as_bool().unwrap());

        // the second of two editors is told, keeps what was typed, and undoes nothing
        let other = form(&get(&server, &browser, &edit).await, &edit);
        well(&server, &["person", "set", "Person One", "title=Director", "office=Auch"]);
        let late = with(&other, &[("pronouns", "elle"), ("office", "Tarbes")]);
        let answer = post(&server, &browser, &edit, &late).await;
        assert_eq!(answer.status(), 409);
        let told = answer.text().await.unwrap();
        assert!(told.contains("was changed meanwhile") && told.contains("Shown meanwhile: Auch"), "{told}");
        let kept = form(&told, &edit);
        assert_eq!(
            (kept["pronouns"].as_str(), kept["office"].as_str(), kept["title"].as_str()),
            ("elle", "Tarbes", "Director")
        );
        assert_eq!(shown(&server, "Person One", "office"), "Auch");
        assert_eq!(post(&server, &browser, &edit, &kept).await.status(), 303);
        for (name, value) in [("pronouns", "elle"), ("office", "Tarbes"), ("title", "Director")] {
            assert_eq!(shown(&server, "Person One", name), value);
        }
        let stale = with(&kept, &[("title", "Old")]);
        assert_eq!(post(&server, &browser, &edit, &stale).await.status(), 409, "sent again, long after");

        // the directory contradicts: seen on the home page, in the list, on their page
        say(&server, &[("one", "President", "Pau")]);
        assert!(get(&server, &browser, "/").await.contains("One person has conflicts"));
        assert!(get(&server, &browser, "/people").await.contains("One person has conflicts"));
        assert!(get(&server, &browser, "/people?show=conflicts").await.contains("Person One"));
        let shows = get(&server, &browser, &person).await;
        assert!(shows.contains("Title: “siege” says something else now") && shows.contains("President"), "{shows}");
        let (settle, back) = (format!("{person}/settle"), format!("{person}/give-back"));
        let word = form(&shows, &settle);
        let keep = with(&word, &[("choice", "keep")]);
        let missing = BTreeMap::from([("choice".to_owned(), "keep".to_owned())]);
        assert_eq!(post(&server, &browser, &settle, &missing).await.status(), 403, "without a token");
        let foreign = browser.post(format!("{}{settle}", server.internal)).header("origin", "https://evil.example");
        assert_eq!(foreign.form(&keep).send().await.unwrap().status(), 403);
        assert_eq!(
            server.client().post(format!("{}{edit}", server.internal)).form(&kept).send().await.unwrap().status(),
            401
        );
        for path in [&edit, &back, &settle] {
            let forged = with(&keep, &[("csrf", "forged"), ("field", "title")]);
            assert_eq!(post(&server, &browser, path, &forged).await.status(), 403, "{path}");
        }
        assert_eq!(post(&server, &browser, &settle, &with(&word, &[("choice", "perhaps")])).await.status(), 422);
        assert_eq!(conflicts(&server), 1);
        assert_eq!(post(&server, &browser, &settle, &keep).await.status(), 303);
        assert_eq!((conflicts(&server), shown(&server, "Person One", "title")), (0, "Director".to_owned()));
        let answer = post(&server, &browser, &settle, &with(&word, &[("choice", "directory")])).await;
        assert_eq!(answer.status(), 409, "made of what stood there before");
        assert!(answer.text().await.unwrap().contains("Nothing was done"));
        say(&server, &[("one", "Queen", "Pau")]);
        let word = form(&get(&server, &browser, &person).await, &settle);
        assert_eq!(post(&server, &browser, &settle, &with(&word, &[("choice", "directory")])).await.status(), 303);
        assert_eq!((conflicts(&server), shown(&server, "Person One", "title")), (0, "Queen".to_owned()));

        // and a button gives a field back
        let shows = get(&server, &browser, &person).await;
        assert!(shows.contains("Give back to the directory"), "{shows}");
        let give = with(&form(&shows, &back), &[("field", "office")]);
        assert_eq!(post(&server, &browser, &back, &give).await.status(), 303);
        assert_eq!(shown(&server, "Person One", "office"), "Pau");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_card_it_is_shares_it_and_changes_what_is_theirs() {
    let server = Server::start(Options::default()).await;
    say(&server, &[("one", "Clerk", "Pau")]);
    let id = server.json(&["person", "list"])["people"][0]["id"].as_str().unwrap().to_owned();
    let add = ["account", "add", "one@banque.example", "--name", "One", "--role", "employee", "--person", &id];
    let token = server.json(&add)["token"].as_str().unwrap().to_owned();
    let browser = server.console();
    let welcome = with(&BTreeMap::new(), &[("token", &token), ("password", "violet hortensia 47")]);
    assert_eq!(post(&server, &browser, "/welcome", &welcome).await.status(), 303);

    // everything is the directory's: there is nothing to change, and the page says so
    let (page, edit) = (format!("/people/{id}"), format!("/people/{id}/edit"));
    let own = get(&server, &browser, &page).await;
    let card = server.card_of("Person one");
    assert!(own.contains(&format!(">\n{card}</textarea>")) && own.contains(&format!("{card}/qr")), "{own}");
    assert!(!own.contains(&edit) && own.contains("comes from the directory"), "{own}");

    // what is theirs they change, and nothing takes it away at one touch
    well(&server, &["source", "owners", "siege", "--set", "phones=own"]);
    let form = form(&get(&server, &browser, &edit).await, &edit);
    let entered = with(&form, &[("phone.0", "+33 6 12 00 00 00"), ("phone-kind.0", "mobile")]);
    assert_eq!(post(&server, &browser, &edit, &entered).await.status(), 303);
    let own = get(&server, &browser, &page).await;
    assert!(own.contains(&edit) && own.contains("+33 6 12 00 00 00") && !own.contains("/give-back"), "{own}");
    let again = get(&server, &browser, &edit).await;
    assert!(again.contains("Entered here"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_outlives_the_session() {
    let server = Server::start(Options::default()).await;
    say(&server, &[("one", "Clerk", "Pau")]);
    let browser = administrator(&server).await;
    let id = server.json(&["person", "list"])["people"][0]["id"].as_str().unwrap().to_owned();
    let edit = format!("/people/{id}/edit");
    let title = "Head of \"exports\" & more";
    let typed = with(&form(&get(&server, &browser, &edit).await, &edit), &[("title", title)]);

    // the session is over when it is sent
    let nobody = server.console();
    let answer = post(&server, &nobody, &edit, &typed).await;
    assert_eq!(answer.status(), 401);
    let page = answer.text().await.unwrap();
    assert!(page.contains("Your session has ended") && page.contains("href=\"/sign-in\""), "{page}");
    let kept = form(&page, &edit);
    assert_eq!(kept["title"], title);
    assert_eq!(shown(&server, "Person one", "title"), "Clerk");

    // signed in on another page: the form gets the token of that session, and is sent by whoever reads that
    let answer = post(&server, &browser, &edit, &kept).await;
    assert_eq!(answer.status(), 403);
    let kept = form(&answer.text().await.unwrap(), &edit);
    assert_eq!(post(&server, &browser, &edit, &kept).await.status(), 303);
    assert_eq!(shown(&server, "Person one", "title"), title);

    // what no page shows is not sent back, and a button alone has nothing to keep
    for (path, pairs) in [("/account/password", vec![("password", "violet hortensia 48")]), ("/sign-out", vec![])] {
        let answer = post(&server, &nobody, path, &with(&BTreeMap::new(), &pairs)).await;
        assert_eq!(answer.status(), 303, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_are_chosen_on_a_page_of_the_source() {
    let server = Server::start_default().await;
    say(&server, &[("one", "Clerk", "Pau")]);
    let browser = administrator(&server).await;
    assert!(get(&server, &browser, "/sources/siege").await.contains("href=\"/sources/siege/fields\""));
    let path = "/sources/siege/fields";
    let chosen = form(&get(&server, &browser, path).await, path);
    assert_eq!((chosen["title"].as_str(), chosen["name"].as_str()), ("directory", "directory"));
    let sent = with(&chosen, &[("title", "once"), ("links", "own")]);
    assert_eq!(post(&server, &browser, path, &with(&sent, &[("csrf", "forged")])).await.status(), 403);
    assert_eq!(post(&server, &browser, path, &with(&sent, &[("name", "own")])).await.status(), 422);
    assert_eq!(post(&server, &browser, path, &sent).await.headers()["location"], "/sources/siege");
    let again = form(&get(&server, &browser, path).await, path);
    assert_eq!((again["title"].as_str(), again["links"].as_str()), ("once", "own"));
    // made of what stood there before: told, and the choice is kept
    let answer = post(&server, &browser, path, &with(&sent, &[("title", "own")])).await;
    assert_eq!(answer.status(), 409);
    let told = answer.text().await.unwrap();
    assert!(told.contains("changed meanwhile"), "{told}");
    assert_eq!(form(&told, path)["title"], "own");
    // under an open run: told, with a way to it
    let file = server.folder().join("people.ldif");
    std::fs::write(&file, ldif(&[("one", "Clerk", "Auch")])).unwrap();
    let held = server.json(&["source", "sync", "siege", "--dry-run"])["id"].as_str().unwrap().to_owned();
    let answer = post(&server, &browser, path, &with(&again, &[("title", "own")])).await;
    assert_eq!(answer.status(), 409);
    let told = answer.text().await.unwrap();
    assert!(told.contains(&format!("/runs/{held}")) && form(&told, path)["title"] == "own", "{told}");
    assert_eq!(server.json(&["source", "owners", "siege"])["owners"]["title"], "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_who_and_what_is_meant() {
    let server = Server::start_default().await;
    say(&server, &[("one", "Clerk", "Pau"), ("two", "Clerk", "Pau")]);
    refused(&server, &["person", "show", "nobody at all"], "nobody fits");
    refused(&server, &["person", "show", "person"], "several people fit \"person\"");
    refused(&server, &["person", "show", "01935e1c-7f00-7000-8000-070707070707"], "no person");
    refused(
        &server,
        &["person", "set", "Person one", "salary=1"],
        "\"salary\" is no field of a person; there are: name",
    );
    refused(
        &server,
        &["person", "set", "Person one", "email=a@b,fr", "language=de"],
        "language: it is neither fr nor en",
    );
    refused(&server, &["person", "set", "Person one", "name="], "name: it is empty");
    refused(&server, &["person", "reset", "Person one", "salary"], "\"salary\" is no field");
    assert_eq!(shown(&server, "Person one", "emails"), "one@banque.example");
    let id = server.json(&["person", "show", "two"])["id"].as_str().unwrap().to_owned();
    well(&server, &["person", "set", &id, "city=Auch", "country=France", "link=https://a.example/ A page"]);
    assert_eq!(
        (shown(&server, &id, "address"), shown(&server, &id, "links")),
        ("Auch, France".into(), "https://a.example/".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_links_that_are_typed_become_whole_or_are_refused() {
    let server = Server::with_sample(Options::default()).await;
    let person = server.json(&["person", "list", "lefevre"])["people"][0]["id"].as_str().unwrap().to_owned();
    let run = |values: &[&str]| server.cli(&[&["person", "set", person.as_str()], values].concat());
    // nobody said which country: as it is typed
    assert_eq!(run(&["work-phone=05 61 00 42 17"]).code, 0);
    assert_eq!(shown(&server, &person, "phones").split(", ").next(), Some("05 61 00 42 17"));
    well(&server, &["source", "mapping", "siege", "--country", "FR"]);
    assert_eq!(run(&["work-phone=05 61 00 42 18", "link=www.atelier.fr"]).code, 0);
    assert_eq!(shown(&server, &person, "phones").split(", ").next(), Some("+33 5 61 00 42 18"));
    assert!(shown(&server, &person, "links").contains("https://www.atelier.fr/"));
    let refused = run(&["work-phone=05 61 00 42"]);
    assert!(refused.code != 0 && refused.stderr.contains("no such telephone number"), "{refused:?}");
    // within the house they are short
    assert_eq!(run(&["work-phone=4217"]).code, 0);
}
