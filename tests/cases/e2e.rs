//! A visitor and an administrator in a real browser; pictures for a person to look at.

use estampe_tests::{Browser, DESKTOP, Options, PHONE, Scheme, Server};

const NARROW: (u32, u32) = (320, 640);

/// Pictures of the page that stands there, in every size and scheme.
async fn pictures(browser: &Browser, name: &str) {
    for (size, label) in [(PHONE, "phone"), (DESKTOP, "desktop")] {
        for (scheme, shade) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
            browser.show_as(size, scheme).await;
            browser.picture(&format!("{name}-{label}-{shade}")).await;
        }
    }
    browser.show_as(NARROW, Scheme::Light).await;
    assert!(!browser.scrolls_sideways().await, "{name} is wider than 320 px");
    browser.show_as(PHONE, Scheme::Light).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_leaves_their_details_on_a_phone() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let browser = Browser::open("fr").await;
    browser.show_as(PHONE, Scheme::Light).await;
    browser.go(&card).await;
    assert!(browser.text("h1").await.contains("Lefèvre-Núñez"));
    pictures(&browser, "card-fr").await;
    browser.follow("a[href$='/exchange']").await;
    pictures(&browser, "form-fr").await;
    // nobody types this within the two seconds that a program is told by
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    browser.fill("[name=name]", "Amélie Traoré").await;
    browser.fill("[name=email]", "amelie.traore@atelier,fr").await;
    browser.fill("[name=phone]", "06 12 34 56 78").await;
    browser.fill("[name=message]", "Suite à notre échange au Salon de Toulouse.").await;
    browser.follow("button[type=submit]").await;
    assert!(browser.text("main").await.contains("atelier.fr"));
    assert_eq!(browser.value("[name=message]").await, "Suite à notre échange au Salon de Toulouse.");
    pictures(&browser, "form-error-fr").await;
    browser.fill("[name=email]", "amelie.traore@atelier.fr").await;
    browser.follow("button[type=submit]").await;
    browser.text("h1").await;
    pictures(&browser, "sent-fr").await;
    let leads = server.json(&["lead", "list"]);
    assert_eq!(leads["leads"][0]["details"]["email"], "amelie.traore@atelier.fr");
    browser.go(&format!("{card}?lang=en")).await;
    pictures(&browser, "card-en").await;
    // 422 is the one answer that a browser notes as an error
    let complaints: Vec<_> = browser.complaints().await.into_iter().filter(|c| !c.contains("422")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_lost_the_network_comes_back_to_what_they_typed() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let browser = Browser::open("fr").await;
    browser.show_as(PHONE, Scheme::Light).await;
    browser.go(&format!("{card}/exchange")).await;
    let typed = [("name", "Amélie Traoré"), ("email", "amelie@atelier.example"), ("message", "Au Salon, à midi.")];
    for (field, text) in typed {
        browser.fill(&format!("[name={field}]"), text).await;
    }
    // nobody types this within the two seconds that a program is told by
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    // it reached the server; what was lost is the answer
    let key = browser.value("[name=idempotency_key]").await;
    let mut form = typed.to_vec();
    form.push(("idempotency_key", &key));
    let stored = server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap();
    assert_eq!(stored.status(), 200);
    browser.cut_off(true).await;
    browser.follow("button[type=submit]").await;
    browser.cut_off(false).await;
    browser.back().await;
    for (field, text) in typed {
        assert_eq!(browser.value(&format!("[name={field}]")).await, text);
    }
    assert_eq!(browser.value("[name=idempotency_key]").await, key);
    browser.follow("button[type=submit]").await;
    browser.text("h1").await;
    assert_eq!(server.json(&["lead", "list"])["leads"].as_array().unwrap().len(), 1);
    // whoever opens the form anew has something else to say
    browser.go(&format!("{card}/exchange")).await;
    assert_ne!(browser.value("[name=idempotency_key]").await, key);
    assert_eq!(browser.value("[name=message]").await, "");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_begins_with_the_keyboard_alone() {
    let server = Server::with_sample(Options::default()).await;
    let form =
        [("name", "Amélie Traoré"), ("email", "amelie@atelier.example"), ("idempotency_key", "0123456789abcdef")];
    server.client().post(format!("{}/leads", server.card_of("lefevre"))).form(&form).send().await.unwrap();
    let first = server.json(&["first-run"]);
    let browser = Browser::open("fr").await;
    browser.show_as(DESKTOP, Scheme::Light).await;
    browser.go(first["url"].as_str().unwrap()).await;
    pictures(&browser, "first-run-fr").await;
    browser.click("[name=token]").await;
    let (tab, enter) = ("\u{e004}", "\u{e007}");
    let token = first["token"].as_str().unwrap();
    for typed in [token, tab, "Mireille Barrau", tab, "mireille@banque.example", tab, "violet hortensia 47"] {
        browser.keys(typed).await;
    }
    browser.leave().await;
    browser.keys(enter).await;
    browser.arrive().await;
    assert!(browser.text("h1").await.contains("Mireille"));
    pictures(&browser, "home-fr").await;
    let run = server.json(&["source", "sync", "siege"])["id"].as_str().unwrap().to_owned();
    let lead = server.json(&["lead", "list"])["leads"][0]["id"].as_str().unwrap().to_owned();
    let pages = [
        ("people", "/people".to_owned()),
        ("sources", "/sources".to_owned()),
        ("source", "/sources/siege".to_owned()),
        ("source-new", "/sources/new".to_owned()),
        ("source-end", "/sources/siege/disconnect".to_owned()),
        ("run", format!("/runs/{run}")),
        ("leads", "/leads".to_owned()),
        ("lead", format!("/leads/{lead}")),
        ("outbox", "/outbox".to_owned()),
        ("accounts", "/accounts".to_owned()),
        ("account-new", "/accounts/new".to_owned()),
    ];
    for (name, path) in pages {
        browser.go(&format!("{}{path}", server.internal)).await;
        browser.text("h1").await;
        pictures(&browser, &format!("{name}-fr")).await;
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    browser.close().await;
}
