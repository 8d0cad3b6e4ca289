//! A source ends: what becomes of its people, and that nothing of who was erased is left.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use estampe_tests::{Database, Options, Output, Server, on_both, quoted, until};
use reqwest::Client;

use crate::hostile::administrator;

/// An LDIF of so many people.
fn ldif(people: u32) -> String {
    let mut text = String::from("version: 1\n\n");
    for n in 1..=people {
        let _ = write!(
            text,
            "dn: uid=u{n},ou=people\nobjectClass: inetOrgPerson\nuid: u{n}\ncn: Person Number{n}\nsn: Number{n}\n\
             title: Clerk\nmail: u{n}@banque.example\n\n"
        );
    }
    text
}

async fn with_people(database: Database, people: u32) -> Server {
    let server = Server::start(Options { database, ..Options::default() }).await;
    let file = server.folder().join("people.ldif");
    std::fs::write(&file, ldif(people)).unwrap();
    assert_eq!(server.import(&file)["state"], "done");
    server
}

fn well(server: &Server, arguments: &[&str]) -> Output {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

fn refused(server: &Server, arguments: &[&str], words: &str) -> Output {
    let output = server.cli(arguments);
    assert!(output.code == 1 && output.stderr.contains(words), "{arguments:?}: {words}: {output:?}");
    output
}

fn one(server: &Server, sql: &str) -> String {
    server.sql(sql).join("\n")
}

async fn status(client: &Client, url: &str) -> u16 {
    client.get(url).send().await.unwrap().status().as_u16()
}

async fn leave_a_lead(server: &Server, card: &str) {
    let form =
        [("name", "Amélie Traoré"), ("email", "amelie@atelier.example"), ("idempotency_key", "0123456789abcdefghij")];
    let sent = server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap();
    assert_eq!(sent.status(), 200);
}

/// Another source knows somebody too. No run can make that yet.
fn known_by_another(server: &Server, name: &str, active: bool) {
    let input = format!("people={}", server.folder().join("people.ldif").display());
    let there = server.json(&["source", "list"]).to_string().contains("\"other\"");
    if !there {
        well(server, &["source", "add", "other", "--input", &input]);
    }
    let active = if active { "TRUE" } else { "FALSE" };
    let name = quoted(name);
    server.sql(&format!(
        "INSERT INTO person_identity (source_id, external_id, person_id, fingerprint, active) \
         SELECT source.id, {name}, person.id, 'f', {active} FROM source, person \
         WHERE source.name = 'other' AND person.display_name = {name}"
    ));
}

/// What the source leaves nowhere, whatever became of its people.
fn nothing_is_left_of_the_source(server: &Server) {
    for table in
        ["person_identity", "run", "run_item", "run_log", "run_state", "run_refusal", "source_state", "source_secret"]
    {
        assert_eq!(one(server, &format!("SELECT count(*) FROM {table}")), "0", "{table}");
    }
    assert_eq!(one(server, "SELECT count(*) FROM source WHERE name = 'siege'"), "0");
    let keys =
        "SELECT count(*) FROM data_key WHERE wrapped IS NOT NULL AND id NOT IN (SELECT data_key_id FROM subject)";
    assert_eq!(one(server, keys), "0", "the keys of its runs are destroyed");
    assert_eq!(one(server, "SELECT count(*) FROM job WHERE kind LIKE 'run.%'"), "0");
}

fn events(server: &Server, operation: &str) -> String {
    one(server, &format!("SELECT count(*) FROM audit_event WHERE operation = '{operation}'"))
}

on_both! {
    async fn people_who_are_kept_stay_as_they_are(database) {
        let server = with_people(database, 12).await;
        let card = server.card_of("number7");
        leave_a_lead(&server, &card).await;
        let before = server.people();
        // the plan first, and no decision without one who decides
        let asked = refused(&server, &["source", "disconnect", "siege"], "no terminal to ask at");
        for words in ["12 people", "1 lead left", "1 run,", "12 cards are taken down", "the data of 12 people is erased"] {
            assert!(asked.stdout.contains(words), "{words}: {asked:?}");
        }
        refused(&server, &["source", "disconnect", "siege", "--people", "erase"], "--yes");
        let output = server.cli(&["--json", "source", "disconnect", "siege"]);
        let plan: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!((output.code, plan["plan"]["people"].as_u64(), plan["plan"]["leads"].as_u64()), (1, Some(12), Some(1)));
        for wrong in [&["source", "disconnect", "siege", "--yes"][..], &["source", "disconnect", "siege", "--people", "burn"]] {
            assert_eq!(server.cli(wrong).code, 2, "{wrong:?}");
        }
        refused(&server, &["source", "disconnect", "nobody"], "no source \"nobody\"; there are: siege");
        assert_eq!((server.people(), events(&server, "source.disconnect")), (before.clone(), "0".into()));

        let done = well(&server, &["source", "disconnect", "siege", "--people", "keep", "--yes"]).stdout;
        assert_eq!(done, "Disconnected. People: 12 stay as they were, 0 disabled, 0 erased; 1 run forgotten.\n");
        assert_eq!(server.people(), before);
        assert_eq!(status(&server.client(), &card).await, 200);
        nothing_is_left_of_the_source(&server);
        for (operation, count) in
            [("source.disconnect", "1"), ("person.release", "12"), ("run.forget", "1"), ("source.remove", "1")]
        {
            assert_eq!(events(&server, operation), count, "{operation}");
        }
        // whoever asked stands in the log, and what was done bears the same request
        let actors = server.sql("SELECT actor_kind FROM audit_event WHERE operation = 'source.disconnect'");
        assert_eq!(actors, ["operator"]);
        let requests = "SELECT count(DISTINCT request_id) FROM audit_event WHERE operation IN \
                        ('source.disconnect', 'person.release', 'source.remove')";
        assert_eq!(one(&server, requests), "1");
        refused(&server, &["source", "sync", "siege"], "no source \"siege\"");

        // a source of that name begins afresh: whom it names is new
        assert_eq!(server.import(&server.folder().join("people.ldif"))["counts"]["created"], 12);
        assert_eq!(server.people().len(), 24);
    }

    async fn people_who_are_disabled_lose_their_cards_and_nothing_else(database) {
        let server = with_people(database, 6).await;
        known_by_another(&server, "Person Number2", true);
        known_by_another(&server, "Person Number3", false);
        let (two, three, four) = (server.card_of("number2"), server.card_of("number3"), server.card_of("number4"));
        leave_a_lead(&server, &four).await;
        let browser = administrator(&server).await;
        let at = |path: &str| format!("{}{path}", server.internal);
        let page = async |path: &str| {
            let answer = browser.get(at(path)).header("accept-language", "en").send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        let (_, source) = page("/sources/siege").await;
        assert!(source.contains("/sources/siege/disconnect"), "{source}");
        let (_, ask) = page("/sources/siege/disconnect").await;
        for words in [
            "keep the 6 people",
            "take 5 cards down",
            "erase 4 people",
            "2 of them are known by another source too",
            "They stay: they are those of the visitors.",
        ] {
            assert!(ask.contains(words), "{words}: {ask}");
        }
        assert!(!ask.contains("checked"), "nothing is chosen beforehand");
        let hidden = |name: &str| {
            let (_, rest) = ask.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let post = async |people: &str, seen: &str, name: &str| {
            let csrf = hidden("csrf");
            let form = [("csrf", csrf.as_str()), ("seen", seen), ("people", people), ("name", name)];
            let request = browser.post(at("/sources/siege/disconnect")).header("accept-language", "en");
            request.header("origin", &server.internal).form(&form).send().await.unwrap()
        };
        let seen = hidden("seen");
        // an old page, no choice, another name: nothing is done
        assert_eq!(post("disable", "7.0.7.7", "").await.status(), 409);
        assert_eq!(post("", &seen, "").await.status(), 422);
        for name in ["", "sieg", "other"] {
            let answer = post("erase", &seen, name).await;
            assert_eq!(answer.status(), 422, "{name:?}");
            let text = answer.text().await.unwrap();
            assert!(text.contains("That is not the name of this source"), "{text}");
        }
        assert_eq!((events(&server, "source.disconnect"), status(&server.client(), &four).await), ("0".into(), 200));

        let answer = post("disable", &seen, "").await;
        assert_eq!(answer.status(), 303);
        let ending = answer.headers()["location"].to_str().unwrap().to_owned();
        let done = until("the end", 30, async || {
            let (_, html) = page(&ending).await;
            html.contains("siege was disconnected").then_some(html)
        })
        .await;
        assert!(done.contains("<dt>Card taken down</dt><dd>5</dd>") && done.contains("<dt>As they were</dt><dd>1</dd>"), "{done}");
        let client = server.client();
        assert_eq!((status(&client, &two).await, status(&client, &three).await, status(&client, &four).await), (200, 404, 404));
        let people = server.people();
        assert_eq!(people.len(), 6, "nobody is deleted");
        assert_eq!(people.iter().filter(|p| p["active"] == true).count(), 1);
        assert_eq!(one(&server, "SELECT count(*) FROM person_identity"), "2", "the other source's");
        assert_eq!((events(&server, "person.disable"), events(&server, "person.release")), ("5".into(), "1".into()));
        assert_eq!(events(&server, "person.erase"), "0");
        assert_eq!(server.json(&["lead", "list"])["leads"][0]["person_name"], "Person Number4");
        let (status, list) = page("/sources").await;
        assert!(status == 200 && !list.contains("siege") && list.contains("other"), "{list}");
    }

    async fn of_people_who_are_erased_nothing_is_left(database) {
        let mut server = Server::with_sample(Options { database, ..Options::default() }).await;
        let cards = one(&server, "SELECT count(*) FROM card");
        let photos: u64 = one(&server, "SELECT count(*) FROM blob").parse().unwrap();
        assert!(photos > 1, "{photos}");
        std::fs::write(server.folder().join("people.ldif"), ldif(1)).unwrap();
        // somebody whom another source knows has the photo of somebody who goes
        let shared = one(&server, "SELECT photo_id FROM person WHERE photo_id IS NOT NULL ORDER BY id LIMIT 1");
        let stays = one(&server, "SELECT display_name FROM person WHERE photo_id IS NULL ORDER BY id LIMIT 1");
        server.sql(&format!("UPDATE person SET photo_id = '{shared}' WHERE display_name = {}", quoted(&stays)));
        known_by_another(&server, &stays, false);
        let zoe = server.json(&["person", "list", "lefevre"])["people"][0].clone();
        let (card, id) = (zoe["card_url"].as_str().unwrap(), zoe["id"].as_str().unwrap());
        let email = zoe["email"].as_str().unwrap().to_owned();
        assert_eq!(one(&server, &format!("SELECT count(*) FROM person WHERE profile LIKE '%{email}%'")), "1", "{zoe}");
        leave_a_lead(&server, card).await;
        let client = server.client();
        // it stands in the memory of the cards too
        assert_eq!((status(&client, card).await, status(&client, &format!("{card}.vcf")).await), (200, 200));
        let browser = administrator(&server).await;
        server.json(&["account", "add", "zoe.own@banque.example", "--name", "Zoé's own", "--role", "employee"]);
        server.sql(&format!("UPDATE account SET person_id = '{id}'"));

        assert!(dump(&server, database).contains(&email), "what is looked for below can be found");
        let done = server.json(&["source", "disconnect", "siege", "--people", "erase", "--yes"]);
        assert_eq!((done["done"]["erased"].as_u64(), done["done"]["released"].as_u64()), (Some(197), Some(1)), "{done}");
        assert!(done["ended_at"].is_string());
        for path in ["", ".vcf", "/photo.jpg", "/exchange", "/qr.svg"] {
            assert_eq!(status(&client, &format!("{card}{path}")).await, 404, "{path}");
        }
        // who is known elsewhere is as they were, with their photo; the rest is listed nowhere
        let people = server.people();
        assert_eq!((people.len(), people[0]["name"].as_str()), (1, Some(stays.as_str())));
        assert_eq!(server.sql("SELECT id FROM blob"), [shared]);
        let at = |path: &str| format!("{}{path}", server.internal);
        assert_eq!(status(&browser, &at(&format!("/people/{id}"))).await, 404);
        assert_eq!(status(&browser, &at(&format!("/people/{id}/photo.jpg"))).await, 404);
        let home = browser.get(at("/people")).header("accept-language", "en").send().await.unwrap().text().await.unwrap();
        assert!(home.contains("One person") || home.contains("1 person"), "{home}");
        // the visitor's lead stays, with nobody's name
        let leads = browser.get(at("/leads")).header("accept-language", "en").send().await.unwrap().text().await.unwrap();
        assert!(leads.contains("Amélie Traoré") && leads.contains("someone whose data was erased"), "{leads}");
        assert!(well(&server, &["lead", "list"]).stdout.contains("(erased)"));
        // empty rows hold the places of what pointed at them, and of the cards' addresses
        assert_eq!(one(&server, "SELECT count(*) FROM card"), cards);
        let empty = "SELECT count(*) FROM person WHERE erased_at IS NOT NULL AND display_name = '' AND sort_key = '' \
                     AND search_text = '' AND profile = '{}' AND photo_id IS NULL";
        assert_eq!(one(&server, empty), "197");
        assert_eq!(one(&server, "SELECT count(*) FROM account WHERE person_id IS NOT NULL"), "0");
        assert_eq!(events(&server, "person.erase"), "197");
        // the last administrator stays who they are
        assert_eq!(one(&server, "SELECT count(*) FROM account WHERE email LIKE '%@erased.invalid'"), "1");
        assert_eq!(events(&server, "account.release"), "2");

        // a source of that name begins afresh, and nobody gets an old address
        let again = server.import(&estampe_tests::sample());
        assert_eq!(again["counts"]["created"], 198);
        assert_ne!(server.card_of("lefevre"), card);
        assert_eq!(status(&client, card).await, 404);
        well(&server, &["source", "disconnect", "siege", "--people", "erase", "--yes"]);

        // nowhere in the whole database, not even in the pages that a file keeps for later
        server.stop();
        let words = [email.as_str(), "lefevre", "Lefèvre"];
        let everything = dump(&server, database);
        for word in words {
            let hex = data_encoding::HEXLOWER.encode(word.as_bytes());
            assert!(!everything.contains(word) && !everything.contains(&hex), "{word} is left");
        }
        if database == Database::Sqlite {
            server.sql("VACUUM");
            server.sql("PRAGMA wal_checkpoint(TRUNCATE)");
            for file in std::fs::read_dir(server.data()).unwrap().map(|file| file.unwrap().path()) {
                if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("estampe.db")) {
                    let octets = std::fs::read(&file).unwrap();
                    for word in words {
                        let found = octets.windows(word.len()).any(|part| part == word.as_bytes());
                        assert!(!found, "{word} is left in {}", file.display());
                    }
                }
            }
        }
        server.start_again().await;
    }

    async fn a_kill_in_the_middle_is_made_up_for_after_the_start(database) {
        const PEOPLE: u32 = 4_000;
        let mut server = with_people(database, PEOPLE).await;
        let mut waiting = Command::new(estampe_tests::binary())
            .arg("--config")
            .arg(server.config())
            .args(["source", "disconnect", "siege", "--people", "erase", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("the middle", 60, async || {
            let done = server.sql("SELECT erased FROM source_ending");
            done.first().is_some_and(|done| *done != "0").then_some(())
        })
        .await;
        server.kill();
        waiting.wait().unwrap();
        let done: u32 = one(&server, "SELECT erased FROM source_ending").parse().unwrap();
        assert!((1..PEOPLE).contains(&done), "the kill came too late to show anything: {done}");
        // each chunk is whole: people, events and the count say the same
        assert_eq!(one(&server, "SELECT count(*) FROM person WHERE erased_at IS NOT NULL"), done.to_string());
        assert_eq!(events(&server, "person.erase"), done.to_string());
        assert_eq!(one(&server, "SELECT count(*) FROM person_identity"), (PEOPLE - done).to_string());
        if database == Database::Postgres {
            // two minutes pass: other nodes may share it, so that a start gives nothing back
            server.sql("UPDATE job SET lease_until = 0 WHERE state = 'running'");
        }
        server.start_again().await;
        until("the end", 60, async || {
            tokio::time::sleep(Duration::from_millis(100)).await;
            (one(&server, "SELECT count(*) FROM source_ending WHERE ended_at IS NOT NULL") == "1").then_some(())
        })
        .await;
        nothing_is_left_of_the_source(&server);
        assert_eq!(one(&server, "SELECT erased FROM source_ending"), PEOPLE.to_string());
        assert_eq!(events(&server, "person.erase"), PEOPLE.to_string(), "each once");
        assert!(server.people().is_empty());
        assert_eq!(events(&server, "source.remove"), "1");
    }

    async fn nothing_else_is_done_with_a_source_that_ends(database) {
        let server = with_people(database, 3).await;
        // under a plan that stands it does not begin
        std::fs::write(server.folder().join("people.ldif"), ldif(1)).unwrap();
        let held = server.sync();
        assert_eq!(held["state"], "held");
        let discard = format!("estampe run discard {}", held["id"].as_str().unwrap());
        for more in [&[][..], &["--people", "keep", "--yes"]] {
            refused(&server, &[&["source", "disconnect", "siege"], more].concat(), &discard);
        }
        well(&server, &["run", "discard", held["id"].as_str().unwrap()]);

        // a worker that is slow
        server.sql(
            "INSERT INTO source_ending (source_id, name, people_fate, people, released, disabled, erased, runs, started_at) \
             SELECT id, name, 'keep', 3, 0, 0, 0, 0, created_at FROM source",
        );
        let ends = "being disconnected";
        let file = server.folder().join("people.ldif").display().to_string();
        for command in [&["sync", "siege"][..], &["sync", "siege", "--dry-run"], &["check", "siege"]] {
            refused(&server, &[&["source"], command].concat(), ends);
        }
        refused(&server, &["source", "set", "siege", "--set", "format=csv"], ends);
        refused(&server, &["source", "add", "siege", "--input", &format!("people={file}")], "a source \"siege\" already");
        refused(&server, &["source", "disconnect", "siege", "--people", "erase", "--yes"], "already, with --people keep");
        assert!(well(&server, &["source", "list"]).stdout.contains(ends));
        let browser = administrator(&server).await;
        let id = one(&server, "SELECT id FROM source");
        for path in ["/sources/siege", "/sources/siege/disconnect"] {
            let answer = browser.get(format!("{}{path}", server.internal)).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, &*format!("/endings/{id}")));
        }
        let page = browser.get(format!("{}/endings/{id}", server.internal)).header("accept-language", "en");
        let page = page.send().await.unwrap().text().await.unwrap();
        assert!(page.contains("siege is being disconnected") && page.contains("0 of 3 people"), "{page}");
        assert_eq!(status(&browser, &format!("{}/endings/{}", server.internal, held["id"].as_str().unwrap())).await, 404);
    }
}

/// Every row of every table.
fn dump(server: &Server, database: Database) -> String {
    let tables = match database {
        Database::Sqlite => {
            server.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        }
        Database::Postgres => {
            server.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        }
    };
    assert!(tables.len() > 25, "{tables:?}");
    let rows = tables.iter().flat_map(|table| server.sql(&format!("SELECT * FROM {table}")));
    rows.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_is_asked_and_a_name_is_typed_to_erase() {
    const PYTHON: &str = "import pty,sys,os\n\
        answers=sys.argv[1].split('|')\n\
        def read(fd):\n\
        \x20data=os.read(fd,65536)\n\
        \x20while answers and (b'[nothing is done] ' in data or b'[y/N] ' in data or b'): ' in data):\n\
        \x20\x20os.write(fd,(answers.pop(0)+'\\n').encode()); break\n\
        \x20return data\n\
        sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[2:],read)))";
    let server = with_people(Database::Sqlite, 3).await;
    let disconnect = |answers: &str, more: &[&str]| {
        let mut python = Command::new("/usr/bin/python3");
        python.args(["-c", PYTHON, answers]).arg(estampe_tests::binary()).arg("--config").arg(server.config());
        let output = python.args(["source", "disconnect", "siege"]).args(more).stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for (answers, more) in [
        ("", &[][..]),
        ("nobody", &[]),
        ("keep|n", &[]),
        ("erase|yes", &[]),
        ("y", &["--people", "erase"]),
        ("", &["--people", "disable"]),
    ] {
        let (code, said) = disconnect(answers, more);
        assert!(code == Some(1) && said.contains("Nothing was changed."), "{answers}: {code:?} {said}");
    }
    assert_eq!(events(&server, "source.disconnect"), "0");
    let (code, said) = disconnect("erase|siege", &[]);
    assert!(code == Some(0) && said.contains("3 people") && said.contains("3 erased"), "{code:?} {said}");
    assert!(server.people().is_empty());
}
