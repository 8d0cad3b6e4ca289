//! The console: who may come in, and what stands there.

use estampe_tests::{Bundle, Options, Server, Signer};
use reqwest::{Client, Response};

const PASSWORD: &str = "violet hortensia 47";

/// Makes the first administrator and gives the signed-in browser.
pub(crate) async fn signed_in(server: &Server) -> Client {
    let token = server.json(&["first-run"])["token"].as_str().unwrap().to_owned();
    let browser = server.console();
    let answer = first_run(server, &browser, &token).await;
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
    browser
}

async fn first_run(server: &Server, browser: &Client, token: &str) -> Response {
    let form =
        [("token", token), ("name", "Mireille Barrau"), ("email", "mireille@banque.example"), ("password", PASSWORD)];
    let request = browser.post(format!("{}/first-run", server.internal)).header("origin", &server.internal);
    request.form(&form).send().await.unwrap()
}

pub async fn page(browser: &Client, url: String) -> String {
    let answer = browser.get(&url).header("accept-language", "fr").send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    assert_eq!(answer.headers()["cache-control"], "no-store", "{url}");
    answer.text().await.unwrap()
}

pub fn csrf(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form");
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_token_is_good_once() {
    let server = Server::start_default().await;
    let stranger = server.console();
    assert_eq!(first_run(&server, &stranger, "no-such-token").await.status(), 422);
    let void = server.json(&["first-run"])["token"].as_str().unwrap().to_owned();
    let token = server.json(&["first-run"])["token"].as_str().unwrap().to_owned();
    assert_eq!(first_run(&server, &stranger, &void).await.status(), 422, "a newer token voids the older");
    let answer = first_run(&server, &stranger, &token).await;
    assert_eq!(answer.status(), 303);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for wanted in ["__Host-estampe=", "Secure", "HttpOnly", "SameSite=", "Path=/"] {
        assert!(cookie.contains(wanted), "{wanted}: {cookie}");
    }
    let again = first_run(&server, &server.console(), &token).await;
    assert!(!again.headers().contains_key("set-cookie"), "{}", again.status());
    let refused = server.cli(&["first-run"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("an administrator exists"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_people_runs_refusals_and_leads() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let form =
        [("name", "Amélie Traoré"), ("email", "amelie@atelier.example"), ("idempotency_key", "0123456789abcdef")];
    server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap();
    let browser = signed_in(&server).await;
    let at = |path: &str| format!("{}{path}", server.internal);
    let home = page(&browser, at("/")).await;
    assert!(home.contains("198"), "{home}");
    assert!(page(&browser, at("/people?q=lefevre")).await.contains("Zoé Lefèvre-Núñez"));
    assert!(page(&browser, at("/sources")).await.contains("siege"));
    let run = server.json(&["source", "sync", "siege"])["id"].as_str().unwrap().to_owned();
    let run = page(&browser, at(&format!("/runs/{run}"))).await;
    assert!(run.contains("line ") && run.contains("base64"), "{run}");
    assert!(page(&browser, at("/leads")).await.contains("Amélie Traoré"));
    // a plan by the console's button, which needs the form's token
    let source = page(&browser, at("/sources/siege")).await;
    let sync = |token: String| {
        let request = browser.post(at("/sources/siege/plan")).header("origin", &server.internal);
        request.form(&[("csrf", token)]).send()
    };
    assert_eq!(sync("forged".into()).await.unwrap().status(), 403);
    assert_eq!(sync(csrf(&source)).await.unwrap().status(), 303);
    let out = browser.post(at("/sign-out")).header("origin", &server.internal).form(&[("csrf", csrf(&source))]);
    let out = out.send().await.unwrap();
    assert_eq!((out.status().as_u16(), &out.headers()["location"]), (303, &"/sign-in?done=out".parse().unwrap()));
    assert!(page(&browser, at("/sign-in?done=out")).await.contains("Vous êtes déconnecté."));
    assert!(!page(&browser, at("/sign-in")).await.contains("Vous êtes déconnecté."));
    assert_eq!(browser.get(at("/")).send().await.unwrap().status(), 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_reaches_nothing() {
    let server = Server::with_sample(Options::default()).await;
    let at = |path: &str| format!("{}{path}", server.internal);
    let id = server.json(&["person", "list"])["people"][0]["id"].as_str().unwrap().to_owned();
    drop(signed_in(&server).await);
    // every address is tried without a session in `headers`
    let stranger = server.console();
    let person = format!("/people/{id}");
    assert_eq!(stranger.get(at(&person)).send().await.unwrap().status(), 303);
    let sign_in = async |password: &str| {
        let form = [("email", "mireille@banque.example"), ("password", password)];
        let request = stranger.post(at("/sign-in")).header("origin", &server.internal).form(&form);
        request.send().await.unwrap()
    };
    let wrong = sign_in("not this one at all").await;
    assert!(!wrong.headers().contains_key("set-cookie"), "{}", wrong.status());
    assert_eq!(sign_in(PASSWORD).await.status(), 303);
    assert_eq!(stranger.get(at("/people")).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_two_listeners_do_not_serve_each_others_pages() {
    let server = Server::with_sample(Options::default()).await;
    let client = server.client();
    for path in ["/", "/sign-in", "/first-run", "/people", "/health/ready", "/v1/people", "/leads"] {
        let answer = client.get(format!("{}{path}", server.public)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    // signed in: a stranger is sent to the door whatever they ask for
    let browser = signed_in(&server).await;
    let card = server.card_of("lefevre").replace(&server.public, "");
    for path in [card.as_str(), &format!("{card}.vcf"), "/v1/people", "/v1/first-run"] {
        let answer = browser.get(format!("{}{path}", server.internal)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    assert_eq!(client.get(format!("{}/health/live", server.internal)).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_installed_and_granted_item_by_item() {
    let server = Server::start_default().await;
    let browser = signed_in(&server).await;
    let post = async |path: &str, more: &[(&str, &str)]| {
        let token = csrf(&page(&browser, format!("{}/plugins", server.internal)).await);
        let mut form = vec![("csrf", token.as_str())];
        form.extend_from_slice(more);
        let request = browser.post(format!("{}/plugins/directory-file{path}", server.internal));
        request.header("origin", &server.internal).form(&form).send().await.unwrap()
    };
    let shown = async || page(&browser, format!("{}/plugins/directory-file", server.internal)).await;

    let list = page(&browser, format!("{}/plugins", server.internal)).await;
    assert!(list.contains("Aucune extension") && list.contains("directory-file 0.1.0"), "{list}");
    assert_eq!(post("/install", &[]).await.status(), 303);
    assert!(shown().await.contains("attend vos accords"));
    let items = server.json(&["plugin", "show", "directory-file"])["waiting_asks"].as_array().unwrap().clone();
    let items: Vec<String> = items.iter().map(|ask| ask["permission"].as_str().unwrap().to_owned()).collect();

    // one of them, and the rest stays as it was
    let one = [("shown", "input people"), ("grant", "input people"), ("shown", "field read mail"), ("then", "save")];
    assert_eq!(post("/grants", &one).await.status(), 303);
    assert_eq!(server.json(&["plugin", "show", "directory-file"])["grants"], serde_json::json!(["input people"]));
    assert!(shown().await.contains("attend vos accords"));

    // all of them, then one is taken back
    let mut all: Vec<(&str, &str)> = items.iter().map(|item| ("shown", item.as_str())).collect();
    all.push(("then", "all"));
    assert_eq!(post("/grants", &all).await.status(), 303);
    assert!(shown().await.contains("en service"));
    assert_eq!(post("/grants", &[("shown", "field read mobile"), ("then", "save")]).await.status(), 303);
    let plugin = server.json(&["plugin", "show", "directory-file"]);
    assert_eq!(plugin["grants"].as_array().unwrap().len(), items.len() - 1);

    // what was made of another version decides nothing
    let stale = [("version", "7f3a"), ("shown", "field read mail"), ("then", "save")];
    assert_eq!(post("/grants", &stale).await.status(), 409);
    let plugin = server.json(&["plugin", "show", "directory-file"]);
    assert_eq!(plugin["grants"].as_array().unwrap().len(), items.len() - 1);

    // what is no item, or not asked for, is refused
    assert_eq!(post("/grants", &[("shown", "everything"), ("grant", "everything")]).await.status(), 422);
    assert_eq!(post("/grants", &[("shown", "ldap connect"), ("grant", "ldap connect")]).await.status(), 422);
    assert_eq!(post("/network", &[("network", "the house")]).await.status(), 422);
    assert_eq!(post("/network", &[("network", "10.1.2.9/24")]).await.status(), 303);
    assert!(shown().await.contains("network 10.1.2.0/24"));
    assert_eq!(post("/network", &[("remove", "network 10.1.2.0/24")]).await.status(), 303);
    assert!(!shown().await.contains("network 10.1.2.0/24"));

    assert_eq!(post("/disable", &[]).await.status(), 303);
    assert!(shown().await.contains("arrêtée"));
    assert_eq!(post("/enable", &[]).await.status(), 303);
    assert_eq!(post("/rollback", &[]).await.status(), 409, "there is no version before");
    assert_eq!(post("/remove", &[]).await.status(), 303);
    assert!(page(&browser, format!("{}/plugins", server.internal)).await.contains("Aucune extension"));
}

/// A form with a file, as a browser sends it: what stands before the file, and the file.
async fn send_file(server: &Server, browser: &Client, fields: &[(&str, &str)], file: &[u8]) -> Response {
    const BOUNDARY: &str = "----estampe7MA4YWxkTrZu0gW";
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(head.as_bytes());
    }
    let head = "Content-Disposition: form-data; name=\"bundle\"; filename=\"a.estampe\"";
    let head = format!("--{BOUNDARY}\r\n{head}\r\nContent-Type: application/octet-stream\r\n\r\n");
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let request = browser.post(format!("{}/plugins", server.internal)).header("origin", &server.internal);
    let request = request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
    request.header("accept-language", "fr").body(body).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_comes_in_a_file_and_nothing_is_granted_by_it() {
    let (signer, stranger, gone) = (Signer::new(), Signer::new(), Signer::new());
    let mut server = Server::start_default().await;
    let keys =
        format!("trusted_keys = [{:?}, {:?}]\nrevoked_keys = [{:?}]\n", signer.public(), gone.public(), gone.public());
    server.configure_more(&format!("[plugins]\n{keys}"));
    server.stop();
    server.start_again().await;
    let browser = signed_in(&server).await;
    let list = format!("{}/plugins", server.internal);
    let token = csrf(&page(&browser, list.clone()).await);
    let send = async |file: &[u8]| send_file(&server, &browser, &[("csrf", &token)], file).await;
    let shown = async || page(&browser, format!("{}/plugins/directory-file", server.internal)).await;
    let shipped = Bundle::shipped("directory-file");
    let good = shipped.octets(Some(&signer));

    // what is no bundle, or not to be trusted, is said in words, and nothing of it stays
    let mut changed = good.clone();
    changed[600] ^= 1;
    let newer_contract = shipped.clone().replacing("contract = \"0.1.0\"", "contract = \"9.1.0\"");
    let no_manifest = shipped.clone().replacing("[description]", "[descriptions]");
    for (file, words, detail) in [
        (b"MZ and the rest of a program".to_vec(), "n’est pas une extension", "tar"),
        (good[..good.len() / 2].to_vec(), "n’est pas une extension", "it "),
        (changed, "modifié après avoir été signé", "does not fit"),
        (shipped.octets(None), "Personne ne l’a signée", "sans signature"),
        (shipped.octets(Some(&stranger)), "que la configuration ne connaît pas", "plugins.trusted_keys"),
        (shipped.octets(Some(&gone)), "révoquée", "par une autre clé"),
        (newer_contract.octets(Some(&signer)), "autre version du contrat", "9.1.0"),
        (no_manifest.octets(Some(&signer)), "Sa déclaration", "plugin.toml"),
    ] {
        let answer = send(&file).await;
        assert_eq!(answer.status(), 422, "{words}");
        let said = answer.text().await.unwrap();
        assert!(said.contains(words) && said.contains(detail), "{words}, {detail}: {said}");
        assert!(said.contains("Aucune extension"), "{words}");
    }
    let answer = send(b"").await;
    assert!(answer.status() == 422 && answer.text().await.unwrap().contains("Choisissez le fichier"));
    let answer = send(&vec![0; 74 << 20]).await;
    assert!(answer.status() == 413 && answer.text().await.unwrap().contains("dépasse 73"));

    // another site's form, a form without this session's token, and one that brings it late
    for fields in [&[][..], &[("csrf", "forged")], &[("other", "x")]] {
        assert_eq!(send_file(&server, &browser, fields, &good).await.status(), 403, "{fields:?}");
    }
    let request = browser
        .post(&list)
        .header("origin", "https://evil.example")
        .header("content-type", "multipart/form-data; boundary=x");
    assert_eq!(request.body("--x--").send().await.unwrap().status(), 403);
    let request = browser.post(&list).header("origin", &server.internal).form(&[("csrf", &token)]);
    assert_eq!(request.send().await.unwrap().status(), 415);
    let stranger = server.console();
    assert_eq!(send_file(&server, &stranger, &[("csrf", &token)], &good).await.headers()["location"], "/sign-in");
    assert!(server.json(&["plugin", "list"])["plugins"].as_array().unwrap().is_empty());
    assert!(server.sql("select operation from audit_event where object_kind = 'plugin'").is_empty());

    // the first one: installed, nothing granted, and its page says so
    let answer = send(&good).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
        (303, "/plugins/directory-file")
    );
    let said = shown().await;
    assert!(said.contains("rien ne lui est accordé d’office") && said.contains("input people"), "{said}");
    let plugin = server.json(&["plugin", "show", "directory-file"]);
    assert_eq!((&plugin["grants"], &plugin["current"]), (&serde_json::json!([]), &serde_json::Value::Null));
    assert_eq!(send(&good).await.status(), 409, "the same again");

    // no more than was granted: in use at once. More: it waits, and the old one goes on
    assert_eq!(server.cli(&["plugin", "grant", "directory-file", "--yes"]).code, 0);
    let same = shipped.clone().version("0.2.0");
    assert_eq!(send(&same.octets(Some(&signer))).await.status(), 303);
    assert_eq!(server.json(&["plugin", "show", "directory-file"])["current"]["info"]["version"], "0.2.0");
    let wider = shipped.version("0.3.0").replacing("[fields]\nread = [", "[fields]\nread = [\n    \"employeeType\",");
    assert_eq!(send(&wider.octets(Some(&signer))).await.status(), 303);
    let plugin = server.json(&["plugin", "show", "directory-file"]);
    assert_eq!(plugin["current"]["info"]["version"], "0.2.0");
    let said = shown().await;
    assert!(said.contains("La version 0.3.0 demande davantage") && said.contains("nouveau"), "{said}");
    let answer = send(&good).await;
    assert_eq!(answer.status(), 409);
    assert!(answer.text().await.unwrap().contains("La version installée est la même, ou plus récente"));

    // who did it stands in the audit
    let account = server.sql("select id from account").remove(0);
    let actors = server.sql("select actor_id from audit_event where operation in ('plugin.install', 'plugin.upgrade')");
    assert_eq!(actors.len(), 3);
    assert!(actors.iter().all(|actor| actor.contains(&account)), "{actors:?}: {account}");

    // unsigned ones only where that is allowed, and then marked
    server.configure_more("[plugins]\nallow_unsigned = true\n");
    server.stop();
    server.start_again().await;
    let own = Bundle::shipped("directory-file").version("0.4.0").octets(None);
    assert_eq!(send_file(&server, &browser, &[("csrf", &token)], &own).await.status(), 303);
    assert!(page(&browser, list).await.contains("0.4.0 attend"));
    let said = page(&browser, format!("{}/plugins/directory-file", server.internal)).await;
    assert!(said.contains("0.4.0 n’est pas signée") && said.contains("non signée"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_a_source_are_changed_in_a_form_that_loses_nothing() {
    const TOKEN: &str = "a-token-that-nobody-sees";
    let signer = Signer::new();
    let mut server = Server::start_default().await;
    server.never_logs(&[TOKEN]);
    server.configure_more(&format!("[plugins]\ntrusted_keys = [{:?}]\n", signer.public()));
    server.stop();
    server.start_again().await;
    let bundle = crate::sources::with_a_service().write(server.folder(), "service", Some(&signer));
    assert_eq!(server.cli(&["plugin", "install", &bundle.display().to_string(), "--yes"]).code, 0);
    let browser = signed_in(&server).await;
    let (add, people) = (format!("{}/sources/new", server.internal), estampe_tests::sample().display().to_string());
    let token = csrf(&page(&browser, add).await);
    let post = async |path: &str, fields: &[(&str, &str)]| {
        let request = browser.post(format!("{}{path}", server.internal)).header("origin", &server.internal);
        let form: Vec<_> = [("csrf", token.as_str())].iter().chain(fields).copied().collect();
        request.header("accept-language", "fr").form(&form).send().await.unwrap()
    };

    // a new source: what was typed stands there again, except for the secret
    let typed = [
        ("plugin", "directory-file"),
        ("input.people", people.as_str()),
        ("config.url", "https://a.example"),
        ("config.token", TOKEN),
    ];
    let answer = post("/sources", &typed).await;
    assert_eq!(answer.status(), 422);
    let again = answer.text().await.unwrap();
    assert!(
        again.contains("https://a.example") && again.contains("jamais réaffiché") && !again.contains(TOKEN),
        "{again}"
    );
    assert_eq!(post("/sources", &[&typed[..], &[("name", "siege")]].concat()).await.status(), 303);

    let path = "/sources/siege/settings";
    // one that was made of something else, or of nothing, changes nothing
    let stale =
        post(path, &[("input.people", people.as_str()), ("config.url", "https://a.example"), ("seen", "0")]).await;
    assert!(stale.status() == 409 && stale.text().await.unwrap().contains("entre-temps"));
    let form = page(&browser, format!("{}{path}", server.internal)).await;
    assert!(form.contains("https://a.example") && form.contains("Laissez vide pour la garder"), "{form}");
    assert!(!form.contains(TOKEN));
    let with = |format: &'static str, url: &'static str, token: &'static str| {
        [("input.people", people.as_str()), ("config.format", format), ("config.url", url), ("config.token", token)]
    };
    // each form is sent with what it was made of
    let post = async |path: &str, fields: &[(&str, &str)]| {
        let form = page(&browser, format!("{}{path}", server.internal)).await;
        let seen = form.split_once("name=\"seen\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
        post(path, &[fields, &[("seen", seen.as_str())]].concat()).await
    };
    for (fields, words) in [
        (&with("xml", "https://a.example", "")[..], "L’un de ces mots"),
        (&with("ldif", "https://b.example", "")[..], "dit où il est envoyé"),
        (&[("config.url", "https://a.example")], "doit être rempli"),
    ] {
        let answer = post(path, fields).await;
        assert_eq!(answer.status(), 422, "{words}");
        let said = answer.text().await.unwrap();
        assert!(said.contains(words), "{words}: {said}");
        assert!(fields.iter().all(|(_, value)| said.contains(value)), "{said}");
    }
    let stands = || server.json(&["source", "show", "siege"]);
    assert_eq!(stands()["config"], serde_json::json!({"url": "https://a.example"}));

    // under an open run it waits, and what was typed stays
    let held = server.json(&["source", "sync", "siege", "--dry-run"])["id"].as_str().unwrap().to_owned();
    let answer = post(path, &with("ldif", "https://a.example", TOKEN)).await;
    assert_eq!(answer.status(), 409);
    let said = answer.text().await.unwrap();
    assert!(said.contains(&format!("/runs/{held}")) && said.contains("value=\"ldif\" selected"), "{said}");
    assert!(said.contains("jamais réaffiché") && !said.contains(TOKEN), "a secret is typed again: {said}");
    assert_eq!(server.cli(&["run", "discard", &held]).code, 0);
    assert_eq!(post(path, &with("ldif", "https://a.example", "")).await.headers()["location"], "/sources/siege");
    assert_eq!(stands()["config"], serde_json::json!({"format": "ldif", "url": "https://a.example"}));
    assert_eq!(post(path, &with("", "https://b.example", TOKEN)).await.status(), 303);
    assert_eq!(stands()["config"], serde_json::json!({"url": "https://b.example"}));
    assert_eq!(stands()["secrets"], serde_json::json!(["token"]));
}
