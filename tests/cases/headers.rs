//! Every route of the three listeners, from the router's own list, with every method:
//! what each answer carries, and what a stranger reaches.

use estampe_tests::{Options, Server};
use estampe_web::{Route, Surface, routes};
use reqwest::{Client, Method, Response};

use crate::hostile::administrator;
use crate::signatures;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

/// What may be fetched again with its ETag, or is kept: all of it is public.
const KEPT: [&str; 9] = [
    "/i/{file}",
    "",
    ".vcf",
    "/photo.jpg",
    "/qr.svg",
    "/qr.png",
    "/qr",
    "/static/{hash}/{name}",
    "/outlook/{picture:icon-[0-9]+[.]png}",
];

/// Pages of the console that are for people who are not signed in (yet).
const OPEN: [&str; 20] = [
    "/outlook/manifest.xml",
    "/outlook/runtime.html",
    "/outlook/runtime.js",
    "/outlook/pane",
    "/outlook/{picture:icon-[0-9]+[.]png}",
    "/sign-in/second",
    "/sign-in/passkey",
    "/forgotten",
    "/welcome",
    "/first-run",
    "/sign-in",
    "/sign-in/back",
    "/sign-in/with/{provider}",
    "/language/{tag}",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/static/{hash}/{name}",
    "/ca",
    "/ca.pem",
];

/// A server with something of everything, and what stands for each parameter.
struct World {
    server: Server,
    card: String,
    account: String,
    person: String,
    run: String,
    lead: String,
    ending: String,
    bulk: String,
    design: String,
    rule: String,
    picture: String,
    stylesheet: (String, String),
}

impl World {
    async fn new() -> Self {
        let extra = "[security]\ncontact = \"mailto:security@banque.example\"\n".to_owned();
        let server = Server::with_sample(Options { extra, ..Options::default() }).await;
        let card = server.card_of("lefevre");
        let form = [("name", "A"), ("email", "a@visitors.example"), ("idempotency_key", "0123456789abcdefghij")];
        let sent = server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap();
        assert_eq!(sent.status(), 200);
        let page = server.client().get(&card).send().await.unwrap().text().await.unwrap();
        let (_, rest) = page.split_once("/static/").unwrap();
        let (hash, _) = rest.split_once('/').unwrap();
        let found = server.json(&["person", "list", "lefevre"]);
        let lead = server.json(&["lead", "list"]);
        let input = format!("people={}", estampe_tests::sample().display());
        assert_eq!(server.cli(&["source", "add", "gone", "--input", &input]).code, 0);
        let ending = server.json(&["source", "disconnect", "gone", "--people", "keep", "--yes"]);
        let bulk = server.json(&["card", "up", found["people"][0]["id"].as_str().unwrap()]);
        let provider = ["provider", "add", "directory", "--kind", "directory", "--label", "D", "--source", "siege"];
        assert_eq!(server.cli(&provider).code, 0);
        signatures::for_everybody(&server);
        let picture = signatures::picture(&server).await;
        let account = server.json(&["account", "add", "a@banque.example", "--name", "A", "--role", "auditor"]);
        let id = |of: &str, list: &str| {
            let all = server.json(&["signature", of, "list"]);
            all[list][0]["id"].as_str().unwrap().to_owned()
        };
        Self {
            design: id("design", "designs"),
            rule: id("rule", "rules"),
            picture: picture.rsplit('/').next().unwrap().to_owned(),
            account: account["account"]["id"].as_str().unwrap().to_owned(),
            person: found["people"][0]["id"].as_str().unwrap().to_owned(),
            lead: lead["leads"][0]["id"].as_str().unwrap().to_owned(),
            bulk: bulk["id"].as_str().unwrap().to_owned(),
            ending: ending["id"].as_str().unwrap().to_owned(),
            run: server.sync()["id"].as_str().unwrap().to_owned(),
            card: card.rsplit('/').next().unwrap().to_owned(),
            stylesheet: (hash.to_owned(), "app.css".to_owned()),
            server,
        }
    }

    /// The pattern with its parameters filled in.
    fn path(&self, pattern: &str) -> String {
        let (mut path, mut rest) = (String::new(), pattern);
        while let Some((before, parameter)) = rest.split_once('{') {
            let (parameter, after) = parameter.split_once('}').unwrap();
            let name = parameter.split(':').next().unwrap();
            path += before;
            path += match (name, path.trim_end_matches('/').rsplit('/').next().unwrap()) {
                ("public_id", _) => &self.card,
                ("hash", _) => &self.stylesheet.0,
                ("name", hash) if hash == self.stylesheet.0 => &self.stylesheet.1,
                ("name", "pictures") => "Logo",
                ("name", _) => "siege",
                ("id", "people") => &self.person,
                ("id", "runs") => &self.run,
                ("id", "endings") => &self.ending,
                ("id", "bulk") => &self.bulk,
                ("group", _) => "nobody",
                ("design", _) => &self.design,
                ("rule", _) => &self.rule,
                ("provider", _) => "directory",
                ("account", _) | ("id", "accounts") => &self.account,
                // no mail, session or factor has this id: a page of ours says so
                ("id", "leads" | "groups" | "tokens" | "services" | "publications")
                | ("job" | "session" | "factor" | "approval" | "change" | "publication", _) => &self.lead,
                ("line", _) => "0",
                ("id", "plugins") => "directory-file",
                ("tag", _) => "fr",
                ("picture", "pictures") | ("file", _) => &self.picture,
                ("picture", _) => "icon-16.png",
                ("table", _) => "audit_event",
                (other, before) => panic!("nothing stands for {{{other}}} after {before} of {pattern}"),
            };
            rest = after;
        }
        path + rest
    }
}

/// The addresses of a listener, each with its methods.
fn addresses(surface: Surface) -> Vec<(String, Vec<&'static str>)> {
    let mut found: Vec<(String, Vec<&'static str>)> = Vec::new();
    for Route { method, pattern } in routes(surface) {
        match found.iter_mut().find(|(known, _)| *known == pattern) {
            Some((_, methods)) => methods.push(method),
            None => found.push((pattern, vec![method])),
        }
    }
    for (_, methods) in &mut found {
        methods.sort_unstable();
    }
    found
}

/// What every answer has to carry.
pub fn assert_headers(answer: &Response, what: &str) {
    let one = |name: &str| {
        let all: Vec<_> = answer.headers().get_all(name).iter().collect();
        assert_eq!(all.len(), 1, "{what} ({}): {name}: {all:?}", answer.status());
        all[0].to_str().unwrap().to_owned()
    };
    let policy = one("content-security-policy");
    let is_framed = what.contains("/signature") && what.ends_with("/preview") && answer.status() == 200;
    let page_of_outlook = |name: &str| what.contains(&format!("/outlook/{name}")) && answer.status() == 200;
    let is_shown_by_outlook = page_of_outlook("pane") || page_of_outlook("runtime.html");
    let is_outlook = is_shown_by_outlook || page_of_outlook("connect");
    for directive in policy.split(';') {
        let mut words = directive.split_whitespace();
        let name = words.next().unwrap();
        // a signature has its styles at its elements and its pictures anywhere; nothing in it acts
        let framed = |source| match name {
            "style-src" => source == "'unsafe-inline'",
            "img-src" => ["https:", "data:"].contains(&source),
            _ => false,
        };
        // Outlook's own script has to come from its maker, and its pages show the pane
        let office = |source: &str| match name {
            "script-src" => source == "https://appsforoffice.microsoft.com",
            "frame-ancestors" => is_shown_by_outlook && source.starts_with("https://outlook."),
            _ => false,
        };
        let fits = |source| {
            source == "'self'" || source == "'none'" || (is_framed && framed(source)) || (is_outlook && office(source))
        };
        assert!(words.all(fits), "{what}: {name} in {policy}");
    }
    let frames = match (is_framed, is_shown_by_outlook) {
        (true, _) => "frame-ancestors 'self'",
        (_, true) => "frame-ancestors https://outlook.office.com ",
        _ => "frame-ancestors 'none'",
    };
    assert!(policy.contains("default-src 'none'") && policy.contains(frames), "{what}: {policy}");
    assert_eq!(policy.contains("sandbox"), is_framed, "{what}: {policy}");
    let seconds = one("strict-transport-security");
    let seconds: u64 = seconds.strip_prefix("max-age=").unwrap().parse().unwrap();
    assert!(seconds >= 31_536_000, "{what}: {seconds}");
    assert_eq!(one("x-content-type-options"), "nosniff", "{what}");
    assert!(["no-referrer", "same-origin"].contains(&one("referrer-policy").as_str()), "{what}");
    assert!(one("permissions-policy").contains("camera=()"), "{what}");
    let opener = if is_outlook { "unsafe-none" } else { "same-origin" };
    assert_eq!(one("cross-origin-opener-policy"), opener, "{what}");
    let is_lent = page_of_outlook("runtime.js") || page_of_outlook("{picture");
    let is_lent = is_lent || (what.contains("/i/{file}") && answer.status() == 200);
    let resource = if is_lent { "cross-origin" } else { "same-origin" };
    assert_eq!(one("cross-origin-resource-policy"), resource, "{what}");
    one("cache-control");
    assert!(!answer.headers().contains_key("server"), "{what}");
}

/// Asks for an address with every method that there is.
async fn walk(world: &World, surface: Surface, client: &Client, origin: &str, signed_in: bool) {
    for (pattern, methods) in addresses(surface) {
        for method in METHODS {
            // what is signed out here could not be walked any further
            let url = format!("{origin}{}", world.path(&pattern));
            let request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), &url);
            let answer = request.send().await.unwrap();
            let what = format!("{surface:?} {method} {pattern}");
            assert_headers(&answer, &what);
            let status = answer.status().as_u16();
            let door = surface == Surface::Console && !OPEN.contains(&pattern.as_str());
            if !methods.contains(&method) {
                assert_eq!(status, if surface == Surface::Console && !signed_in { 303 } else { 405 }, "{what}");
                if status == 405 {
                    assert_eq!(answer.headers()["allow"], methods.join(", ").as_str(), "{what}");
                }
            } else if door && !signed_in {
                assert_eq!(status, 303, "{what}");
                assert!(answer.headers()["location"].to_str().unwrap().starts_with("/sign-in"), "{what}");
            } else if method == "GET" && !pattern.starts_with("/first-run") {
                // the sample has no groups, and nothing was published
                let acts = ["/apply", "/pause", "/resume", "/stop"].iter().any(|act| pattern.ends_with(act));
                let unpublished = pattern.contains("/publications/{") && !acts;
                let nothing = pattern.ends_with("/groups/{group}") || unpublished;
                // a card's address with a slash at its end leads to the one without
                let there = match pattern.as_str() {
                    "/c/{public_id:[^/.]+}/" => &[308][..],
                    _ if nothing => &[404],
                    _ => &[200, 303],
                };
                assert!(there.contains(&status), "{what}: {status}");
            }
            let kept = status == 200 && surface != Surface::Operator && method != "POST" && {
                let rest = pattern.strip_prefix("/c/{public_id:[^/.]+}").unwrap_or(&pattern);
                KEPT.contains(&rest)
                    || ["/people/{id}/photo.jpg", "/signatures/pictures/{picture}"].contains(&&*pattern)
            };
            let caching = answer.headers()["cache-control"].to_str().unwrap();
            // a form that a visitor comes back to is found as they left it
            let form =
                ["GET", "HEAD"].contains(&method) && pattern.ends_with("/exchange") && surface == Surface::Public;
            if form && status == 200 {
                assert_eq!(caching, "private, no-cache", "{what}");
            } else if !kept {
                assert_eq!(caching, "no-store", "{what}");
            }
            if surface == Surface::Public {
                assert!(!answer.headers().contains_key("set-cookie"), "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_carries_the_headers_and_lets_in_who_may() {
    let world = World::new().await;
    let server = &world.server;
    walk(&world, Surface::Public, &server.client(), &server.public, false).await;
    let administrator = administrator(server).await;
    walk(&world, Surface::Console, &server.client(), &server.internal, false).await;
    walk(&world, Surface::Console, &administrator, &server.internal, true).await;
    let operator = Client::builder().unix_socket(server.data().join("operator.sock")).build().unwrap();
    walk(&world, Surface::Operator, &operator, "http://localhost", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_carries_the_headers_and_says_what_it_takes() {
    let world = World::new().await;
    let client = world.server.client();
    for (pattern, methods) in addresses(Surface::Api) {
        for method in METHODS {
            let url = format!("{}{}", world.server.internal, world.path(&pattern));
            let request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), &url);
            let answer = request.send().await.unwrap();
            let what = format!("{method} {pattern}");
            assert_headers(&answer, &what);
            let wanted = match (methods.contains(&method), pattern.ends_with("/openapi.json")) {
                (true, true) => 200,
                (true, false) => 401,
                (false, _) => 405,
            };
            assert_eq!(answer.status(), wanted, "{what}");
            if wanted == 405 {
                assert_eq!(answer.headers()["allow"], methods.join(", ").as_str(), "{what}");
            }
            if wanted != 200 {
                assert_eq!(answer.headers()["content-type"], "application/problem+json", "{what}");
                assert_eq!(answer.headers()["cache-control"], "no-store", "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_say_no_carry_the_headers_too() {
    let server = Server::start_default().await;
    let client = server.client();
    let operator = Client::builder().unix_socket(server.data().join("operator.sock")).build().unwrap();
    for (client, origin) in
        [(&client, server.public.as_str()), (&client, &server.internal), (&operator, "http://localhost")]
    {
        for path in
            ["/no/such/page", "/c/%ff", "/static/x/y", "/people/%ff", "/v1/runs/%ff", "/%2e%2e/etc/passwd", "/c//"]
        {
            let answer = client.get(format!("{origin}{path}")).send().await.unwrap();
            assert!([404, 303].contains(&answer.status().as_u16()), "{origin}{path}: {}", answer.status());
            assert_headers(&answer, path);
        }
    }
    let card = format!("{}/c/00000000000000000000000000/leads", server.public);
    let huge = "x".repeat(200_000);
    for url in [card.clone(), format!("{}/sign-in", server.internal)] {
        let answer = client.post(&url).form(&[("message", &huge)]).send().await.unwrap();
        assert_eq!(answer.status(), 413, "{url}");
        assert_headers(&answer, &url);
    }
    let foreign =
        client.post(&card).header("origin", "https://evil.example").form(&[("name", "x")]).send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    assert_headers(&foreign, "foreign form");
}
