//! What the console's script does in a browser: search as one types, and work under way that
//! its page follows. Without the script the same pages work as forms and links.

use estampe_tests::{Browser, DESKTOP, Options, Scheme, Server, until};

/// A signed-in administrator's browser.
async fn administrator(server: &Server) -> Browser {
    let first = server.json(&["first-run"]);
    let browser = Browser::open("en").await;
    browser.show_as(DESKTOP, Scheme::Light).await;
    browser.go(first["url"].as_str().unwrap()).await;
    browser.fill("[name=token]", first["token"].as_str().unwrap()).await;
    browser.fill("[name=name]", "Mireille Barrau").await;
    browser.fill("[name=email]", "mireille@banque.example").await;
    browser.fill("[name=password]", "violet hortensia 47").await;
    browser.follow("button[type=submit]").await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_follows_what_is_typed() {
    let server = Server::with_sample(Options::default()).await;
    let browser = administrator(&server).await;
    let people = format!("{}/people", server.internal);
    browser.go(&people).await;
    let all = browser.text("[data-part=count]").await;
    browser.script("window.estampeStays = true").await;
    browser.click("form[data-search] [name=q]").await;
    browser.keys("lefev").await;
    until("the list of those found", 20, async || {
        let list = browser.glimpse("[data-part=list]").await;
        (list.contains("Lefèvre") && browser.glimpse("[data-part=count]").await == "One person").then_some(())
    })
    .await;
    // the same page, whose field still has the focus, and whose address says what is shown
    assert_eq!(browser.script("return window.estampeStays === true").await, true);
    assert_eq!(browser.script("return document.activeElement.name").await, "q");
    assert_eq!(browser.url().await, format!("{people}?q=lefev"));
    browser.keys("zzz").await;
    until("the empty list", 20, async || {
        browser.glimpse("[data-part=list]").await.contains("Nobody matches").then_some(())
    })
    .await;
    assert_eq!(browser.url().await, format!("{people}?q=lefevzzz"));
    // one step back is the list before the search
    browser.script("history.back()").await;
    until("the list before", 20, async || {
        (browser.url().await == people && browser.glimpse("[data-part=count]").await == all).then_some(())
    })
    .await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_long_work_follows_it_to_its_end() {
    let server = Server::with_sample(Options::default()).await;
    let browser = administrator(&server).await;
    browser.go(&format!("{}/people", server.internal)).await;
    browser.click("#bulk-all").await;
    browser.follow("#bulk button[value=card-down]").await;
    assert!(browser.text("h1").await.starts_with("Take "));
    browser.picture("bulk-ask-en-desktop-light").await;
    browser.follow("main form button[name=act]").await;
    // by itself, to its end
    until("the end", 60, async || browser.glimpse("h1").await.contains("cards were taken down").then_some(())).await;
    browser.picture("bulk-done-en-desktop-light").await;
    browser.follow("main form[action$='/undo'] button").await;
    until("the end of the undoing", 60, async || {
        browser.glimpse("h1").await.contains("cards were put up").then_some(())
    })
    .await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    browser.close().await;
}
