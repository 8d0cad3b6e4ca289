//! Signatures into mailboxes by the pages of the console: planned, looked at, tried on one, written,
//! looked for, brought back. Google is the one of tests/fakes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use estampe_domain::signature::is_same;
use estampe_fakes::google::{ADMIN, scope};
use estampe_tests::{Browser, DESKTOP, Database, Scheme, Server, on_both, until};
use reqwest::{Client, Response};

use crate::access::PASSWORD;
use crate::console::csrf;
use crate::google::{SCOPES, World, world};

const ALL: &str = "/signatures/publications";

/// Somebody who is signed in.
struct Desk {
    at: String,
    browser: Client,
    token: String,
}

impl Desk {
    async fn of(server: &Server, email: &str, role: &str) -> Self {
        let invited = server.json(&["account", "add", email, "--name", "Somebody", "--role", role]);
        let token = invited["token"].as_str().unwrap_or_else(|| panic!("{invited}"));
        let (browser, at) = (server.console(), server.internal.clone());
        let form = [("token", token), ("password", PASSWORD)];
        assert_eq!(browser.post(format!("{at}/welcome")).form(&form).send().await.unwrap().status(), 303);
        let page = browser.get(format!("{at}/account")).send().await.unwrap().text().await.unwrap();
        Self { token: csrf(&page), browser, at }
    }

    async fn get(&self, path: &str) -> Response {
        self.browser.get(format!("{}{path}", self.at)).header("accept-language", "en").send().await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    /// Sends a form: the status, and where it leads or what stands there.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let form = [&[("csrf", self.token.as_str())], fields].concat();
        let request = self.browser.post(format!("{}{path}", self.at)).header("accept-language", "en").form(&form);
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

    /// A publication's page once nothing is done any more by itself.
    async fn settled(&self, path: &str) -> String {
        until("a publication to settle", 60, async || {
            let page = self.page(path).await;
            (!page.contains("data-live")).then_some(page)
        })
        .await
    }

    async fn planned(&self, kind: &str, more: &[(&str, &str)]) -> (String, String) {
        let fields = [&[("source", "google"), ("kind", kind)], more].concat();
        let to = self.done(ALL, &fields).await;
        let page = self.settled(&to).await;
        (to, page)
    }

    /// Chooses a ring, is asked once more, and says yes: the question and what became of it.
    async fn apply(&self, path: &str, choice: &[(&str, &str)]) -> (String, (u16, String)) {
        let to = format!("{path}/apply");
        let (status, asked) = self.post(&to, choice).await;
        assert_eq!(status, 200, "{asked}");
        let seen =
            [("sure", "yes".to_owned()), ("ring", hidden(&asked, "ring")), ("mailboxes", hidden(&asked, "mailboxes"))];
        let seen = seen.each_ref().map(|(name, value)| (*name, value.as_str()));
        (asked, self.post(&to, &[choice, &seen].concat()).await)
    }
}

fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name}: {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}

/// Whom the list offers to tick, at this place of it.
fn line_of_person(page: &str, at: usize) -> String {
    let offered = page.split("type=\"checkbox\" name=\"person\" value=\"").skip(1).nth(at);
    offered.unwrap_or_else(|| panic!("{page}")).split_once('"').unwrap().0.to_owned()
}

/// Where the mailbox of this address stands in the list.
fn line_of(page: &str, address: &str) -> String {
    let (before, _) = page.split_once(&format!("{address}</span>")).unwrap_or_else(|| panic!("{address}: {page}"));
    let (_, line) = before.rsplit_once("class=\"strong\" href=\"").unwrap();
    line.split_once('"').unwrap().0.to_owned()
}

fn addresses(world: &World) -> Vec<String> {
    world.server.people().iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect()
}

fn written(world: &World) -> usize {
    world.google.control().count_of("PATCH", "sendAs")
}

on_both! {
    async fn planned_tried_on_one_written_looked_for_and_brought_back(database) {
        let world = world(database, 12).await;
        let server = &world.server;
        let (admin, other) = (Desk::of(server, ADMIN, "administrator").await, Desk::of(server, "b@banque.example", "administrator").await);
        let addresses = addresses(&world);
        world.write_in_gmail(&addresses[3], "<div dir=\"ltr\"><b>Mine</b> alone</div>");
        let before: Vec<String> = addresses.iter().map(|address| world.in_gmail(address)).collect();

        // what is wrong is said, and nothing is planned
        assert!(admin.page("/signatures").await.contains(&format!("href=\"{ALL}\"")));
        let empty = admin.page(ALL).await;
        assert!(empty.contains("Nothing was written yet") && empty.contains("<option value=\"google\""), "{empty}");
        let wrong = [("source", "google"), ("kind", "publish"), ("group", "Nobody here"), ("q", "a")];
        let (status, page) = admin.post(ALL, &wrong).await;
        assert!(status == 422 && page.contains("There is no group “Nobody here”.") && page.contains("value=\"a\""), "{page}");
        let (status, page) = admin.post(ALL, &[("source", "google"), ("kind", "restore")]).await;
        assert!(status == 422 && page.contains("Estampe has written no mailbox of these"), "{page}");

        let (id, page) = admin.planned("publish", &[("day", "2026-12-24")]).await;
        for said in ["The plan stands", "12 to be written", "Write a first ring", "24 December 2026", "/apply\""] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert_eq!(written(&world), 0, "a plan writes nothing");
        let (status, page) = admin.post(ALL, &[("source", "google"), ("kind", "drift")]).await;
        assert!(status == 422 && page.contains(&format!("href=\"{id}\"")), "one at a time: {page}");

        // the difference of one mailbox
        let line = line_of(&admin.page(&format!("{id}?state=planned")).await, &addresses[3]);
        let page = admin.page(&line).await;
        assert!(page.contains("<del><span class=\"only-read\">Before </span>Mine alone</del>") || page.contains("Mine alone</del>"), "{page}");
        assert!(page.contains("<ins>") && page.contains("&#60;b&#62;Mine&#60;/b&#62;"), "{page}");
        assert!(admin.page(&format!("{line}/preview?of=found")).await.contains("<b>Mine</b> alone"));
        assert!(admin.page(&format!("{line}/preview?of=wanted")).await.contains("<table"));
        assert_eq!(admin.get(&format!("{line}/preview")).await.status(), 404);
        assert_eq!(admin.get(&format!("{id}/lines/99")).await.status(), 404);

        // what was ticked stays, and the list where it was, until it is written
        let second = line_of_person(&admin.page(&format!("{id}?state=planned&from=1")).await, 0);
        let ticked = [("which", "ticked"), ("person", second.as_str()), ("state", "planned"), ("from", "1")];
        let (status, asked) = admin.post(&format!("{id}/apply"), &ticked).await;
        let left = format!("{id}?which=ticked&#38;person={second}&#38;state=planned&#38;from=1");
        assert!(status == 200 && asked.contains(&format!("href=\"{left}\"")), "{left}: {asked}");
        let page = admin.page(&left.replace("&#38;", "&")).await;
        let is_kept = |page: &str| {
            page.contains(&format!("value=\"{second}\" form=\"ring\" checked"))
                && page.contains("value=\"ticked\" checked")
                && page.contains("name=\"state\" value=\"planned\"><input type=\"hidden\" name=\"from\" value=\"1\"")
                && page.matches(" checked").count() == 2
        };
        assert!(is_kept(&page), "{page}");
        let (_, (status, page)) = other.apply(&id, &ticked).await;
        assert!(status == 409 && is_kept(&page), "{page}");

        // a ring of one: nobody by mistake, nobody who administers nothing there
        let apply = format!("{id}/apply");
        for (choice, said) in [
            (&[("which", "ticked")][..], "None of the mailboxes that wait was chosen"),
            (&[], "None of the mailboxes that wait was chosen"),
            (&[("which", "first"), ("first", "some")], "A whole number"),
            (&[("which", "first"), ("first", "0")], "A whole number"),
        ] {
            let (status, page) = admin.post(&apply, choice).await;
            assert!(status == 422 && page.contains(said), "{choice:?}: {page}");
        }
        let person = hidden(&admin.page(&format!("{id}?state=planned")).await, "person");
        let ticked = [("which", "ticked"), ("person", person.as_str())];
        let (asked, (status, page)) = other.apply(&id, &ticked).await;
        assert!(asked.contains("Write one signature?"), "{asked}");
        assert!(status == 409 && page.contains("administers nothing at the provider"), "{page}");
        assert_eq!(written(&world), 0);
        let (_, (status, to)) = admin.apply(&id, &ticked).await;
        assert_eq!((status, to.as_str()), (303, id.as_str()));
        let page = admin.settled(&id).await;
        assert!(page.contains("1 written") && page.contains("11 to be written") && page.contains("Write the others"), "{page}");
        assert_eq!(written(&world), 1);

        // the rest, as it was seen
        let stale = [("which", "all"), ("sure", "yes"), ("ring", "0"), ("mailboxes", "12")];
        let (status, page) = admin.post(&apply, &stale).await;
        assert!(status == 409 && page.contains("The plan is not what this page showed"), "{page}");
        let (asked, (status, _)) = admin.apply(&id, &[("which", "all")]).await;
        assert!(status == 303 && asked.contains("Write 11 signatures"), "{asked}");
        let page = admin.settled(&id).await;
        assert!(page.contains("12 written") && page.contains("value=\"drift\"") && page.contains("value=\"restore\""), "{page}");
        assert_eq!(written(&world), 12);
        let (status, page) = admin.post(&apply, &[("which", "all")]).await;
        assert!(status == 409 && page.contains("does not wait for your word any more"), "{page}");

        // somebody writes their own: looked for, said on the first page, written anew or not
        world.write_in_gmail(&addresses[3], "<div>Another</div>");
        let (drift, page) = admin.planned("drift", &[]).await;
        assert!(page.contains("1 changed since") && page.contains("11 as they were written"), "{page}");
        let home = admin.page("/").await;
        assert!(home.contains("One signature of google was changed") && home.contains(&format!("{drift}?state=drifted")), "{home}");
        // a colleague was quicker: what is sent once more is still about these alone
        let look = drift.rsplit('/').next().unwrap();
        let (open, _) = other.planned("restore", &[]).await;
        let again = [("source", "google"), ("kind", "publish"), ("drifted", look)];
        let (status, page) = admin.post(ALL, &again).await;
        assert!(status == 422 && page.contains("Only about the one mailbox that the look begun"), "{page}");
        assert!(hidden(&page, "drifted") == look && !page.contains("name=\"group\""), "{page}");
        admin.done(&format!("{open}/stop"), &[]).await;
        let (anew, page) = admin.planned("publish", &[("drifted", hidden(&page, "drifted").as_str())]).await;
        assert!(page.contains("1 to be written") && page.contains(&addresses[3]), "{page}");
        admin.done(&format!("{anew}/stop"), &[]).await;
        assert!(admin.page(&anew).await.contains("What was written stays, and can be restored"));
        assert!(!admin.page("/").await.contains("was changed"), "somebody dealt with it");
        assert_eq!(written(&world), 12);

        // the end of the source says what it would cost, and offers to restore first
        let end = admin.page("/sources/google/disconnect").await;
        assert!(end.contains("In 12 of them stands a signature that Estampe wrote") && end.contains("value=\"restore\""), "{end}");
        let (back, page) = admin.planned("restore", &[]).await;
        assert!(page.contains("12 to be restored"), "{page}");
        let (asked, (status, _)) = admin.apply(&back, &[("which", "all")]).await;
        assert!(status == 303 && asked.contains("Restore 12 mailboxes"), "{asked}");
        admin.settled(&back).await;
        for (address, before) in addresses.iter().zip(&before) {
            let now = world.in_gmail(address);
            assert!(is_same(&now, before), "{address}: {now} and {before}");
        }
        assert!(!admin.page("/sources/google/disconnect").await.contains("that Estampe wrote"));
        let list = admin.page(ALL).await;
        assert!(list.contains("12 restored") && list.contains("Look for changed ones"), "{list}");
        assert!(admin.page("/signatures").await.contains("Restore what stood there: google"));
        world.is_well();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_refused_is_paused_says_why_and_goes_on() {
    let mut world = world(Database::Sqlite, 12).await;
    let (admin, auditor) = (
        Desk::of(&world.server, ADMIN, "administrator").await,
        Desk::of(&world.server, "c@banque.example", "auditor").await,
    );
    world.google.revoke_delegation();
    let (id, page) = admin.planned("publish", &[]).await;
    for said in ["does not let Estampe in", "/resume\"", "href=\"/sources/google\"", "5 failed"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(admin.page("/").await.contains("The signatures of google are paused"));
    // an auditor sees all of it and has no buttons
    for path in [ALL, &id, &format!("{id}/lines/0"), "/signatures", "/"] {
        let seen = auditor.page(path).await;
        assert!(!seen.contains("method=\"post\" action=\"/signatures"), "{path}: {seen}");
    }
    assert!(auditor.page(&id).await.contains("does not let Estampe in"));
    for what in ["apply", "pause", "resume", "stop"] {
        assert_eq!(auditor.post(&format!("{id}/{what}"), &[]).await.0, 403, "{what}");
        assert_eq!(auditor.done_get(&format!("{id}/{what}")).await, id);
    }
    assert_eq!(auditor.post(ALL, &[("source", "google"), ("kind", "publish")]).await.0, 403);

    world.google.delegate(&SCOPES.map(scope).each_ref().map(String::as_str));
    // the provider's refusal is kept to for a while, in memory
    world.server.stop();
    world.server.start_again().await;
    admin.done(&format!("{id}/resume"), &[]).await;
    let page = admin.settled(&id).await;
    assert!(page.contains("12 to be written") && !page.contains("failed"), "{page}");
    // while it is written the source cannot end, and a pause is kept
    world.google.control().latency(std::time::Duration::from_millis(300));
    let (_, (status, _)) = admin.apply(&id, &[("which", "all")]).await;
    assert_eq!(status, 303);
    let page = admin.page(&id).await;
    assert!(
        page.contains("data-live=\"applying\"")
            && page.contains("<progress")
            && page.contains("http-equiv=\"refresh\""),
        "{page}"
    );
    let end = admin.page("/sources/google/disconnect").await;
    assert!(end.contains("are being read or written") && end.contains(&format!("href=\"{id}\"")), "{end}");
    let seen = [("people", "keep"), ("seen", "0.0.0.0.0")];
    assert_eq!(admin.post("/sources/google/disconnect", &seen).await.0, 409);
    let refused = world.server.cli(&["source", "disconnect", "google", "--people", "keep", "--yes"]);
    assert!(refused.code == 1 && refused.stderr.contains("is under way"), "{refused:?}");
    admin.done(&format!("{id}/pause"), &[]).await;
    let page = admin.settled(&id).await;
    assert!(page.contains("Somebody paused it") && !page.contains("does not let"), "{page}");
    // resumed while an answer is awaited, again and again: no mailbox is written twice
    for _ in 0..6 {
        admin.done(&format!("{id}/resume"), &[]).await;
        admin.done(&format!("{id}/pause"), &[]).await;
    }
    admin.done(&format!("{id}/resume"), &[]).await;
    let page = admin.settled(&id).await;
    assert!(page.contains("12 written"), "{page}");
    assert_eq!(written(&world), 12);
}

impl Desk {
    /// Where a button's address leads back to.
    async fn done_get(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 303, "{path}");
        answer.headers()["location"].to_str().unwrap().to_owned()
    }
}

/// Counts whoever connects.
async fn beacon() -> (u16, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, heard) = (listener.local_addr().unwrap().port(), Arc::<AtomicUsize>::default());
    let counted = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    (port, heard)
}

fn hostile(port: u16) -> String {
    let evil = format!("http://127.0.0.1:{port}");
    let meta = format!("<meta http-equiv=\"refresh\" content=\"0;url={evil}/meta\">");
    [
        "<p>Harmless words</p><script>top.document.title='pwned';window.pwned=1</script>".to_owned(),
        format!("<img src=\"{evil}/img\" onerror=\"top.document.title='pwned'\"><img srcset=\"{evil}/set 1x\">"),
        format!("<link rel=\"preconnect\" href=\"{evil}\"><link rel=\"stylesheet\" href=\"{evil}/css\">{meta}"),
        format!("<style>@import '{evil}/import'; p {{ background: url({evil}/style) }}</style><base href=\"{evil}/\">"),
        format!("<p style=\"background:url({evil}/inline)\">A</p><table background=\"{evil}/table\"><tr><td>B</table>"),
        format!(
            "<iframe src=\"{evil}/frame\"></iframe><object data=\"{evil}/object\"></object><embed src=\"{evil}/embed\">"
        ),
        format!("<svg><image href=\"{evil}/svg\"/><script>top.document.title='pwned'</script></svg>"),
        format!("<video poster=\"{evil}/poster\" src=\"{evil}/video\" autoplay></video>"),
        format!("<form action=\"{evil}/form\"><input autofocus onfocus=\"top.document.title='pwned'\"></form>"),
        "<math><mtext><table><mglyph><style><img src=x onerror=\"top.document.title='pwned'\">".to_owned(),
        "<a href=\"javascript:top.document.title='pwned'\">C</a><div style=\"position:fixed;inset:0\">D</div>"
            .to_owned(),
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_signature_runs_nothing_and_fetches_nothing() {
    let world = world(Database::Sqlite, 6).await;
    let server = &world.server;
    let admin = Desk::of(server, ADMIN, "administrator").await;
    let address = addresses(&world).remove(2);
    let (port, heard) = beacon().await;
    world.write_in_gmail(&address, &hostile(port));
    let (id, page) = admin.planned("publish", &[]).await;
    let line = line_of(&page, &address);
    let answer = admin.get(&format!("{line}/preview?of=found")).await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox") && !policy.contains("http"),
        "{policy}"
    );
    assert!(!policy.contains("script-src") && policy.contains("img-src data:;"), "{policy}");
    let shown = answer.text().await.unwrap();
    assert!(shown.contains("Harmless words"), "{shown}");
    for word in ["127.0.0.1", "pwned", "<script", "<link", "<iframe", "<form", "<meta http", "url(", "onerror"] {
        assert!(!shown.contains(word), "{word}: {shown}");
    }
    // in the page itself it is text
    let page = admin.page(&line).await;
    assert!(!page.contains("<script>top") && page.contains("&#60;script&#62;top"), "{page}");

    let browser = Browser::open("en").await;
    browser.show_as(DESKTOP, Scheme::Light).await;
    browser.go(&format!("{}/sign-in", server.internal)).await;
    browser.fill("[name=email]", ADMIN).await;
    browser.fill("[name=password]", PASSWORD).await;
    browser.follow("form:not([data-passkey]) button[type=submit]").await;
    browser.go(&format!("{}{line}", server.internal)).await;
    assert!(browser.text("h1").await.len() > 1);
    let frames = browser.script("return document.querySelectorAll('iframe').length").await;
    assert_eq!(frames, 2);
    // `go` came back when the page was whole: its frames, and what they load, were through
    let title = browser.script("return document.title").await;
    assert!(!title.as_str().unwrap().contains("pwned"), "{title}");
    browser.picture("publication-line-hostile").await;
    browser.close().await;
    assert_eq!(heard.load(Ordering::SeqCst), 0, "somebody was told that it was looked at");
    // the beacon hears
    let _ = reqwest::get(format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(heard.load(Ordering::SeqCst), 1);
    admin.done(&format!("{id}/stop"), &[]).await;
}
