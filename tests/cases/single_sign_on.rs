//! Signing in by providers: a real one (oidc-provider), a hostile one, and a directory. Who is
//! let in as whom, and who is not.

use std::path::PathBuf;

use estampe_tests::hostile_oidc::HostileProvider;
use estampe_tests::oidc::{CLIENT, CLIENT_SECRET, Provider, at_provider, browser, location, onward, press};
use estampe_tests::{Browser, Options, Output, PHONE, Scheme, Server, UNLIMITED, on_both, until};
use reqwest::{Client, Url};
use serde_json::{Value, json};

const NETWORKS: [&str; 4] = ["--network", "127.0.0.0/8", "--network", "::1/128"];

fn well(server: &Server, arguments: &[&str]) -> Output {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

fn secret_file(server: &Server) -> PathBuf {
    let file = server.folder().join("client-secret");
    std::fs::write(&file, format!("{CLIENT_SECRET}\n")).unwrap();
    file
}

/// Adds a provider by this issuer.
fn add(server: &Server, name: &str, issuer: &str, more: &[&str]) -> Value {
    let secret = secret_file(server);
    let arguments = [
        &["provider", "add", name, "--kind", "oidc", "--label", "House SSO", "--issuer", issuer, "--client-id", CLIENT],
        &["--client-secret-file", secret.to_str().unwrap()][..],
        &NETWORKS,
        more,
    ];
    let added = server.json(&arguments.concat());
    assert_eq!(added["name"], name, "{added}");
    added
}

/// A server and a provider that runs and knows Anna and Bert.
pub(crate) async fn house(options: Options, more: &[&str]) -> (Server, Provider) {
    let mut provider = Provider::new();
    let server = Server::start(Options { extra: options.extra + UNLIMITED + &provider.trusted(), ..options }).await;
    server.never_logs(&[CLIENT_SECRET, "mirbach"]);
    provider.people(json!({
        "anna": {"email": "anna@mirbach.example", "email_verified": true, "name": "Anna Mirbach"},
        "bert": {"email": "bert@mirbach.example", "email_verified": true, "name": "Bert Mirbach"},
    }));
    provider.run(&server, Some(CLIENT_SECRET)).await;
    // before there is one, every door leads to the first run
    invite(&server, "root@banque.example", "administrator");
    add(&server, "sso", &provider.issuer(), more);
    (server, provider)
}

/// An account with these roles, and the token of its invitation.
fn invite(server: &Server, email: &str, role: &str) -> String {
    let invited = server.json(&["account", "add", email, "--name", "Somebody", "--role", role]);
    invited["token"].as_str().unwrap_or_else(|| panic!("{invited}")).to_owned()
}

/// Goes to the provider as somebody and comes back: where that leads.
async fn come(browser: &Client, server: &Server, who: &str, form: &[(&str, &str)]) -> String {
    let url = press(browser, server, "sso", form).await;
    let back = at_provider(browser, server, &url, who).await;
    let answer = browser.get(&back).send().await.unwrap();
    assert_eq!(answer.status(), 303, "{answer:?}");
    location(&answer)
}

async fn status(browser: &Client, server: &Server, path: &str) -> u16 {
    browser.get(format!("{}{path}", server.internal)).send().await.unwrap().status().as_u16()
}

async fn page(browser: &Client, server: &Server, path: &str) -> String {
    let url = format!("{}{path}", server.internal);
    browser.get(url).header("accept-language", "en").send().await.unwrap().text().await.unwrap()
}

fn csrf(page: &str) -> String {
    let rest = page.split("name=\"csrf\" value=\"").nth(1).unwrap_or_else(|| panic!("{page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The reasons that the audit has of refused sign-ins.
fn reasons(server: &Server) -> Vec<String> {
    let rows = server.sql("SELECT details FROM audit_event WHERE operation = 'session.begin' AND outcome = 'refused'");
    let reason = |row: &String| serde_json::from_str::<Value>(row).ok()?["reason"].as_str().map(str::to_owned);
    rows.iter().filter_map(reason).collect()
}

fn roles(server: &Server, email: &str) -> Vec<String> {
    let account = server.json(&["account", "show", email]);
    let roles = account["roles"].as_array().unwrap_or_else(|| panic!("{account}"));
    roles.iter().map(|role| role.as_str().unwrap().to_owned()).collect()
}

on_both! {
    async fn whoever_is_invited_comes_in_by_the_provider_and_comes_again(database) {
        let (server, provider) = house(Options { database, ..Options::default() }, &[]).await;
        let checked = well(&server, &["provider", "check", "sso"]).stdout;
        assert!(checked.contains("sso answers"), "{checked}");
        let token = invite(&server, "anna@banque.example", "auditor");

        // nobody knows her yet: who she is there is no account here, whatever her address
        let stranger = provider.browser(&server);
        assert_eq!(come(&stranger, &server, "anna", &[]).await, "/sign-in?why=no-account");
        let told = page(&stranger, &server, "/sign-in?why=no-account").await;
        assert!(told.contains("no account here belongs to you") && told.contains("Continue with House SSO"), "{told}");

        // the token of her invitation joins the two
        let anna = provider.browser(&server);
        let door = page(&anna, &server, "/welcome").await;
        assert!(door.contains("formaction=\"/sign-in/with/sso\""), "{door}");
        let form = [("errand", "welcome"), ("token", token.as_str())];
        assert_eq!(come(&anna, &server, "anna", &form).await, "/");
        assert_eq!(status(&anna, &server, "/accounts").await, 200);
        // it was good once
        let again = provider.browser(&server);
        let pressed = again.post(format!("{}/sign-in/with/sso", server.internal)).form(&form).send().await.unwrap();
        assert_eq!(location(&pressed), "/welcome?why=invitation");

        // and she comes again, to where she wanted to go
        let again = provider.browser(&server);
        assert_eq!(status(&again, &server, "/accounts").await, 303);
        assert_eq!(come(&again, &server, "anna", &[("next", "/accounts")]).await, "/accounts");
        assert_eq!(status(&again, &server, "/accounts").await, 200);
        assert_eq!(come(&provider.browser(&server), &server, "bert", &[]).await, "/sign-in?why=no-account");
        assert_eq!(come(&provider.browser(&server), &server, "nobody", &[]).await, "/sign-in?why=denied");

        let found = reasons(&server);
        for reason in ["no-account", "denied", "invitation"] {
            assert!(found.iter().any(|found| found == reason), "{reason}: {found:?}");
        }
        let all = server.sql("SELECT details FROM audit_event").join("\n");
        assert!(!all.contains("mirbach") && !all.contains(CLIENT_SECRET), "{all}");
        // our secret there is sealed, and shown to nobody
        let shown = server.json(&["provider", "show", "sso"]);
        assert!(shown["has_secret"] == true && !shown.to_string().contains(CLIENT_SECRET), "{shown}");
        let kept = server.sql("SELECT settings FROM sign_in_provider").join("");
        assert!(kept.contains(CLIENT) && !kept.contains(CLIENT_SECRET), "{kept}");

        // a disabled account stays outside, and a removed provider lets nobody in
        well(&server, &["account", "disable", "anna@banque.example"]);
        assert_eq!(come(&provider.browser(&server), &server, "anna", &[]).await, "/sign-in?why=inactive");
        well(&server, &["account", "enable", "anna@banque.example"]);
        well(&server, &["provider", "remove", "sso"]);
        let gone = anna.post(format!("{}/sign-in/with/sso", server.internal)).form(&[("a", "b")]).send().await.unwrap();
        assert_eq!(location(&gone), "/sign-in");
        // added anew it joins nobody by itself
        add(&server, "sso", &provider.issuer(), &[]);
        assert_eq!(come(&provider.browser(&server), &server, "anna", &[]).await, "/sign-in?why=no-account");
    }

    async fn accounts_are_made_with_the_roles_of_the_rules_and_follow_them(database) {
        let more = ["--create", "yes", "--role", "employee", "--groups-claim", "groups", "--scopes", "email profile groups",
            "--rule", "cards=integrator", "--rule", "audit=auditor"];
        let (server, provider) = house(Options { database, ..Options::default() }, &more).await;
        let person = |groups: &[&str]| json!({
            "anna": {"email": "anna@mirbach.example", "email_verified": true, "name": "Anna Mirbach", "groups": groups},
            // an address that another account has; one that nobody confirmed; none
            "bert": {"email": "CHIEF@banque.example", "email_verified": true, "name": "Bert", "groups": ["cards"]},
            "carl": {"email": "carl@mirbach.example", "email_verified": false, "name": "Carl", "groups": ["cards"]},
            "dora": {"name": "Dora", "groups": ["administrator", "cards"]},
        });
        invite(&server, "chief@banque.example", "administrator");
        provider.people(person(&["cards", "administrator", "root"]));
        let anna = provider.browser(&server);
        assert_eq!(come(&anna, &server, "anna", &[]).await, "/");
        assert_eq!(roles(&server, "anna@mirbach.example"), ["employee", "integrator"]);
        assert_eq!(status(&anna, &server, "/sources").await, 200);
        assert_eq!(status(&anna, &server, "/accounts").await, 403);

        // never by the address alone
        assert_eq!(come(&provider.browser(&server), &server, "bert", &[]).await, "/sign-in?why=address-taken");
        assert_eq!(roles(&server, "chief@banque.example"), ["administrator"]);
        assert_eq!(come(&provider.browser(&server), &server, "carl", &[]).await, "/sign-in?why=no-address");
        assert_eq!(come(&provider.browser(&server), &server, "dora", &[]).await, "/sign-in?why=no-address");
        assert_eq!(server.json(&["account", "list"])["total"], 3);

        // by hand as well; what comes from the rules follows them, and the other sessions end
        well(&server, &["account", "set", "anna@mirbach.example", "--role", "employee", "--role", "integrator",
            "--role", "card-designer"]);
        assert_eq!(come(&anna, &server, "anna", &[]).await, "/");
        let second = provider.browser(&server);
        assert_eq!(come(&second, &server, "anna", &[]).await, "/");
        assert_eq!(status(&anna, &server, "/sources").await, 200);
        provider.people(person(&["audit"]));
        assert_eq!(come(&second, &server, "anna", &[]).await, "/");
        assert_eq!(roles(&server, "anna@mirbach.example"), ["employee", "card-designer", "auditor"]);
        assert_eq!(status(&anna, &server, "/sources").await, 303, "the other session goes on");
        assert_eq!(status(&second, &server, "/accounts").await, 200);

        // an administrator takes the employee's role away; the rules give nothing any more
        well(&server, &["account", "set", "anna@mirbach.example", "--role", "auditor"]);
        provider.people(person(&[]));
        assert_eq!(come(&second, &server, "anna", &[]).await, "/sign-in?why=no-role");
        assert_eq!(roles(&server, "anna@mirbach.example"), Vec::<String>::new());
        provider.people(person(&["cards"]));
        assert_eq!(come(&second, &server, "anna", &[]).await, "/");
        assert_eq!(roles(&server, "anna@mirbach.example"), ["integrator"]);
        let followed = server.sql("SELECT details FROM audit_event WHERE operation = 'account.roles.follow'");
        assert_eq!(followed.len(), 3, "{followed:?}");

        // without the provider its rules give nothing
        well(&server, &["provider", "remove", "sso"]);
        assert_eq!(roles(&server, "anna@mirbach.example"), Vec::<String>::new());
        assert_eq!(status(&second, &server, "/sources").await, 303);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_finished_once_by_the_browser_that_began_it() {
    let (server, provider) = house(Options::default(), &[]).await;
    let token = invite(&server, "anna@banque.example", "auditor");
    let anna = provider.browser(&server);
    assert_eq!(come(&anna, &server, "anna", &[("errand", "welcome"), ("token", &token)]).await, "/");

    // login CSRF: Mallory's finished sign-in, in a victim's browser
    let (mallory, victim) = (provider.browser(&server), provider.browser(&server));
    let url = press(&mallory, &server, "sso", &[]).await;
    let back = at_provider(&mallory, &server, &url, "anna").await;
    let answer = victim.get(&back).send().await.unwrap();
    assert_eq!(location(&answer), "/sign-in?why=other-browser");
    assert_eq!(status(&victim, &server, "/accounts").await, 303);
    // also where the victim has begun one of their own
    let url = press(&mallory, &server, "sso", &[]).await;
    let back = at_provider(&mallory, &server, &url, "anna").await;
    press(&victim, &server, "sso", &[]).await;
    assert_eq!(location(&victim.get(&back).send().await.unwrap()), "/sign-in?why=other-browser");
    // and it was taken by that: nobody finishes it any more
    assert_eq!(location(&mallory.get(&back).send().await.unwrap()), "/sign-in?why=state-unknown");

    // the same answer again, and a state that nobody has
    let again = provider.browser(&server);
    let url = press(&again, &server, "sso", &[]).await;
    let back = at_provider(&again, &server, &url, "anna").await;
    assert_eq!(location(&again.get(&back).send().await.unwrap()), "/");
    assert_eq!(location(&again.get(&back).send().await.unwrap()), "/sign-in?why=state-unknown");
    for query in ["", "?state=x&code=y", "?code=y", "?error=access_denied"] {
        let answer = again.get(format!("{}/sign-in/back{query}", server.internal)).send().await.unwrap();
        assert_eq!(location(&answer), "/sign-in?why=state-unknown", "{query}");
    }

    // session fixation: what the browser had before is not gone on with
    let jar = provider.browser(&server);
    let door = format!("{}/sign-in/with/sso", server.internal);
    let pressed = jar.post(&door).form(&[("next", "/")]).send().await.unwrap();
    let mark = pressed.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(mark.starts_with("__Host-estampe-door=") && mark.contains("HttpOnly") && mark.contains("Secure"), "{mark}");
    let url = onward(&pressed);
    let back = at_provider(&jar, &server, &url, "anna").await;
    let mark = mark.split(';').next().unwrap();
    let planted = format!("{mark}; __Host-estampe=known-to-mallory");
    let answer = server.client().get(&back).header("cookie", planted).send().await.unwrap();
    assert_eq!(location(&answer), "/");
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("__Host-estampe=")).unwrap();
    assert!(!session.contains("known-to-mallory"), "{session}");
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-estampe-door=;")), "{cookies:?}");
    let planted = server.client().get(format!("{}/accounts", server.internal));
    let planted = planted.header("cookie", "__Host-estampe=known-to-mallory").send().await.unwrap();
    assert_eq!(planted.status(), 303);

    // open redirects: nowhere but here
    for next in ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\r\nb: c"] {
        let there = come(&provider.browser(&server), &server, "anna", &[("next", next)]).await;
        assert_eq!(there, "/", "{next:?}");
    }
    // begun from another site, or without a form's Origin that is ours
    let evil = provider.browser(&server).post(&door).header("origin", "https://evil.example").form(&[("next", "/")]);
    assert_eq!(evil.send().await.unwrap().status(), 403);
    let evil = provider.browser(&server).post(&door).header("sec-fetch-site", "cross-site").form(&[("next", "/")]);
    assert_eq!(evil.send().await.unwrap().status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_joins_and_leaves_a_provider() {
    let (server, provider) = house(Options::default(), &[]).await;
    let password = "violet hortensia 47";
    let welcomed = async |email: &str| {
        let token = invite(&server, email, "auditor");
        let browser = provider.browser(&server);
        let form = [("token", token.as_str()), ("password", password)];
        let sent = browser.post(format!("{}/welcome", server.internal)).form(&form).send().await.unwrap();
        assert_eq!(sent.status(), 303);
        browser
    };
    let (chief, other) = (welcomed("chief@banque.example").await, welcomed("other@banque.example").await);
    let own = page(&chief, &server, "/account/sign-in").await;
    assert!(own.contains("Join House SSO"), "{own}");
    let act = async |browser: &Client, act: &str| {
        let token = csrf(&page(browser, &server, "/account/sign-in").await);
        let form = [("csrf", token.as_str()), ("act", act)];
        browser.post(format!("{}/account/sign-in/sso", server.internal)).form(&form).send().await.unwrap()
    };
    // by another site nobody is joined to anything
    let forged = chief.post(format!("{}/account/sign-in/sso", server.internal)).form(&[("act", "join")]);
    assert_eq!(forged.send().await.unwrap().status(), 403);

    let url = onward(&act(&chief, "join").await);
    let back = at_provider(&chief, &server, &url, "anna").await;
    assert_eq!(location(&chief.get(&back).send().await.unwrap()), "/account/sign-in");
    assert!(page(&chief, &server, "/account/sign-in").await.contains("Joined since"));
    assert_eq!(come(&provider.browser(&server), &server, "anna", &[("next", "/accounts")]).await, "/accounts");

    // Anna is one account's, and nobody else's
    let url = onward(&act(&other, "join").await);
    let back = at_provider(&other, &server, &url, "anna").await;
    assert_eq!(location(&other.get(&back).send().await.unwrap()), "/account/sign-in?why=identity-taken");
    // begun by one account, finished by a browser where another one signed in meanwhile
    let url = onward(&act(&other, "join").await);
    let back = at_provider(&other, &server, &url, "bert").await;
    let form = [("email", "chief@banque.example"), ("password", password)];
    let changed = other.post(format!("{}/sign-in", server.internal)).form(&form).send().await.unwrap();
    assert_eq!(changed.status(), 303);
    assert_eq!(location(&other.get(&back).send().await.unwrap()), "/account/sign-in?why=other-account");
    assert_eq!(come(&provider.browser(&server), &server, "bert", &[]).await, "/sign-in?why=no-account");

    // with a password left, it may be taken away
    assert_eq!(location(&act(&chief, "leave").await), "/account/sign-in");
    assert_eq!(come(&provider.browser(&server), &server, "anna", &[]).await, "/sign-in?why=no-account");
    // as the only way in it stays
    let token = invite(&server, "anna@banque.example", "auditor");
    let anna = provider.browser(&server);
    assert_eq!(come(&anna, &server, "anna", &[("errand", "welcome"), ("token", &token)]).await, "/");
    assert_eq!(act(&anna, "leave").await.status(), 409);
    assert_eq!(come(&provider.browser(&server), &server, "anna", &[]).await, "/");
}

/// Begins a sign-in by a trick, and comes back from it: where that leads.
async fn tricked(server: &Server, hostile: &HostileProvider, trick: &str, more: &str) -> String {
    let browser = browser(server, &hostile.root);
    let door = format!("{}/sign-in/with/{trick}", server.internal);
    let pressed = browser.post(door).form(&[("next", "/")]).send().await.unwrap();
    if pressed.status() == 303 {
        return location(&pressed);
    }
    let url = Url::parse(&onward(&pressed)).unwrap();
    let asked = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!((asked("code_challenge_method").as_str(), asked("response_type").as_str()), ("S256", "code"));
    assert_eq!(asked("redirect_uri"), format!("{}/sign-in/back", server.internal));
    hostile.expects(trick, &asked("nonce"));
    let back = format!("{}/sign-in/back?code=c&state={}{more}", server.internal, asked("state"));
    let answer = browser.get(back).send().await.unwrap();
    let refused = answer.status() == 303 && location(&answer).contains("why=");
    let signed_in = status(&browser, server, "/people").await;
    assert_eq!(signed_in == 303, refused, "{trick}: {answer:?}");
    location(&answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trick_of_a_provider_lets_anybody_in() {
    let hostile = HostileProvider::start();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, &hostile.root).unwrap();
    let server =
        Server::start(Options { extra: format!("{UNLIMITED}[egress]\nca_file = {root:?}\n"), ..Options::default() })
            .await;
    server.never_logs(&[CLIENT_SECRET, "mirbach", "of-anna"]);
    invite(&server, "root@banque.example", "administrator");
    // the same provider without a trick lets in whom it knows
    let create = ["--create", "yes", "--role", "employee", "--role", "auditor"];
    add(&server, "good", &hostile.issuer("good"), &create);
    assert_eq!(tricked(&server, &hostile, "good", "").await, "/");
    assert_eq!(server.json(&["account", "list"])["total"], 2);

    let refused = [
        ("wrong-issuer", "issuer"),
        ("wrong-audience", "audience"),
        ("two-audiences", "audience"),
        ("other-party", "audience"),
        ("wrong-nonce", "nonce"),
        ("no-nonce", "nonce"),
        ("expired", "expired"),
        ("future", "future"),
        ("not-before", "future"),
        ("no-subject", "token"),
        ("alg-none", "algorithm"),
        ("hs256", "algorithm"),
        ("hs256-secret", "algorithm"),
        ("other-key", "signature"),
        ("bent-signature", "signature"),
        ("oversize", "answer"),
        ("no-token", "no-token"),
        ("not-a-token", "answer"),
        ("invalid-grant", "code-refused"),
        ("other-user", "userinfo"),
        ("promises-iss", "mix-up"),
        ("discovery-issuer", "discovery-issuer"),
        ("discovery-slash", "discovery-issuer"),
        ("discovery-redirect", "discovery"),
        ("discovery-html", "discovery"),
        ("discovery-huge", "discovery"),
        ("discovery-http", "discovery"),
        ("discovery-script", "discovery"),
        ("discovery-inside", "unreachable"),
        ("keys-empty", "keys"),
    ];
    for (trick, reason) in refused {
        add(&server, trick, &hostile.issuer(trick), &create);
        let led = tricked(&server, &hostile, trick, "").await;
        assert_eq!(led, format!("/sign-in?why={reason}"), "{trick}: {}", server.log());
        assert_eq!(reasons(&server).last().map(String::as_str), Some(reason), "{trick}");
        let log = server.log();
        let line = log.lines().rev().find(|line| line.contains("was not let in")).unwrap_or_default().to_owned();
        assert!(line.contains(reason) && line.contains(trick), "{trick}: {line}");
        // in our words
        let told = page(&server.client(), &server, &led).await;
        assert!(told.contains("role=\"alert\"") && told.contains(reason) && !told.contains("alert(1)"), "{told}");
    }
    // the answer of one provider in the name of another
    let mix_up = format!("&iss={}", hostile.issuer("wrong-nonce"));
    assert_eq!(tricked(&server, &hostile, "good", &mix_up).await, "/sign-in?why=mix-up");
    let own = format!("&iss={}", hostile.issuer("good"));
    assert_eq!(tricked(&server, &hostile, "good", &own).await, "/");
    // an error of its own making is not shown
    let error = "&error=%3Cscript%3Ealert(1)%3C/script%3E&error_description=anna%40mirbach.example";
    assert_eq!(tricked(&server, &hostile, "good", error).await, "/sign-in?why=provider-error");
    assert_eq!(server.json(&["account", "list"])["total"], 2, "somebody got an account by a trick");

    // it changes its keys: they are asked for once more, and once alone
    let before = hostile.fetched();
    hostile.rotate();
    assert_eq!(tricked(&server, &hostile, "good", "").await, "/");
    assert_eq!(hostile.fetched(), before + 1);
    assert_eq!(tricked(&server, &hostile, "good", "").await, "/");
    assert_eq!(hostile.fetched(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_goes_to_the_provider_and_comes_back() {
    let (server, _provider) = house(Options::default(), &["--create", "yes", "--role", "auditor"]).await;
    let browser = Browser::open("en").await;
    browser.show_as(PHONE, Scheme::Light).await;
    browser.go(&format!("{}/sign-in?next=%2Faccounts", server.internal)).await;
    browser.picture("sign-in-providers-phone-light").await;
    // what leads on from there has to pass the policy that lets forms lead to us alone
    browser.click("form[action='/sign-in/with/sso'] button").await;
    let wanted = format!("{}/accounts", server.internal);
    until("the console", 30, async || (browser.url().await == wanted).then_some(())).await;
    assert_eq!(browser.text("h1").await, "Accounts");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.go(&format!("{}/accounts/providers/sso", server.internal)).await;
    assert!(browser.text("main").await.contains("House SSO"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn begun_sign_ins_keep_nobody_from_beginning_one() {
    let (server, provider) = house(Options::default(), &["--create", "yes", "--role", "auditor"]).await;
    // begun from very many addresses, and not finished
    server.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
         INSERT INTO pending_sign_in (state_hash, provider_id, sealed, ends_at) \
         SELECT 'flood ' || i, (SELECT id FROM sign_in_provider), x'00', \
         (CAST(strftime('%s', 'now') AS INTEGER) + 500) * 1000000 + i FROM n",
    );
    let waiting = || server.sql("SELECT count(*) FROM pending_sign_in")[0].clone();
    assert_eq!(waiting(), "20000");
    let anna = provider.browser(&server);
    let url = press(&anna, &server, "sso", &[]).await;
    assert_eq!(waiting(), "20000", "the oldest one is gone");
    assert!(server.sql("SELECT state_hash FROM pending_sign_in WHERE state_hash = 'flood 1'").is_empty());
    let back = at_provider(&anna, &server, &url, "anna").await;
    assert_eq!(location(&anna.get(&back).send().await.unwrap()), "/");
    // one address begins so many
    let door = format!("{}/sign-in/with/sso", server.internal);
    let begin =
        async |browser: &Client| browser.post(&door).form(&[("next", "/")]).send().await.unwrap().status().as_u16();
    let flood = provider.browser(&server);
    for n in 0..300 {
        assert_eq!(begin(&flood).await, 200, "{n}");
    }
    assert_eq!(begin(&flood).await, 503);
    assert_eq!(begin(&server.console_from(std::net::Ipv4Addr::new(127, 0, 0, 2))).await, 200);
}
