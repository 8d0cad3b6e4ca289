//! Sign-in providers as an administrator sets them, in the console and by the command line.

use estampe_tests::{Options, Server, on_both};
use reqwest::Client;

/// What a field of a form gives, and what the others leave.
struct Console {
    browser: Client,
    origin: String,
    csrf: String,
}

impl Console {
    /// Of an administrator who was invited.
    async fn of(server: &Server) -> Self {
        let add = ["account", "add", "root@banque.example", "--name", "Root", "--role", "administrator"];
        let invited = server.json(&add);
        let form = [("token", invited["token"].as_str().unwrap()), ("password", "violet hortensia 47")];
        let (browser, origin) = (server.console(), server.internal.clone());
        let sent = browser.post(format!("{origin}/welcome")).form(&form).send().await.unwrap();
        assert_eq!(sent.status(), 303);
        let mut console = Self { browser, origin, csrf: String::new() };
        let (_, page) = console.get("/accounts/providers/new").await;
        let rest = page.split("name=\"csrf\" value=\"").nth(1).unwrap_or_else(|| panic!("{page}"));
        rest.split('"').next().unwrap().clone_into(&mut console.csrf);
        console
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let request = self.browser.get(format!("{}{path}", self.origin)).header("accept-language", "en");
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let form = [&[("csrf", self.csrf.as_str())], fields].concat();
        let request = self.browser.post(format!("{}{path}", self.origin)).header("accept-language", "en");
        let answer = request.form(&form).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

const SSO: [(&str, &str); 7] = [
    ("label", "House SSO"),
    ("name", "sso"),
    ("kind", "oidc"),
    ("client-id", "estampe"),
    ("create", "yes"),
    ("role", "employee"),
    ("rules", "cards=integrator"),
];

on_both! {
    async fn an_administrator_sets_a_provider_in_the_console(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        server.never_logs(&["secret-of-a-client"]);
        let console = Console::of(&server).await;
        assert!(console.get("/accounts").await.1.contains("href=\"/accounts/providers\""));
        let with = |issuer| [&SSO[..], &[("issuer", issuer), ("client-secret", "secret-of-a-client")]].concat();
        let (code, told) = console.post("/accounts/providers", &with("http://sso.banque.example")).await;
        assert!(code == 422 && told.contains("begins with https://") && told.contains("cards=integrator"), "{told}");
        assert!(!told.contains("secret-of-a-client"), "{told}");
        assert_eq!(console.post("/accounts/providers", &with("https://sso.banque.example")).await.0, 303);
        let (code, told) = console.post("/accounts/providers", &with("https://other.example")).await;
        assert!(code == 422 && told.contains("Another provider has it"), "{told}");
        let (code, shown) = console.get("/accounts/providers/sso").await;
        assert!(code == 200 && shown.contains("/sign-in/back") && shown.contains("One is set"), "{shown}");
        assert!(!shown.contains("secret-of-a-client"), "{shown}");
        assert!(console.get("/accounts/providers").await.1.contains("House SSO"));

        // an empty field leaves the secret, but it is not shown to another issuer
        let kept = [&SSO[..], &[("issuer", "https://sso.banque.example"), ("rules", "cards=auditor")]].concat();
        assert_eq!(console.post("/accounts/providers/sso", &kept).await.0, 303);
        assert_eq!(server.json(&["provider", "show", "sso"])["has_secret"], true);
        let moved = [&SSO[..], &[("issuer", "https://evil.example")]].concat();
        let (code, told) = console.post("/accounts/providers/sso", &moved).await;
        assert!(code == 422 && told.contains("not sent the first one"), "{told}");
        let public = [&SSO[..], &[("issuer", "https://sso.banque.example"), ("no-secret", "yes")]].concat();
        assert_eq!(console.post("/accounts/providers/sso", &public).await.0, 303);
        assert_eq!(server.json(&["provider", "show", "sso"])["has_secret"], false);

        // nobody answers there
        let (code, told) = console.post("/accounts/providers/sso/check", &[]).await;
        assert!(code == 200 && told.contains("It cannot be used (unreachable)"), "{told}");
        let sent = console.browser.post(format!("{}/sign-in/with/sso", server.internal)).form(&[("next", "/")]);
        let sent = sent.send().await.unwrap();
        assert_eq!(sent.headers()["location"], "/sign-in?why=unreachable");

        assert_eq!(console.post("/accounts/providers/sso/remove", &[]).await.0, 303);
        assert_eq!(console.get("/accounts/providers/sso").await.0, 404);
        let done = server.sql("SELECT operation FROM audit_event WHERE object_kind = 'provider' AND outcome = 'done'");
        assert_eq!(done.len(), 4, "{done:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_says_what_would_be_right() {
    let server = Server::with_sample(Options::default()).await;
    let oidc = ["provider", "add", "sso", "--kind", "oidc", "--client-id", "estampe"];
    let sso = [&oidc[..], &["--issuer", "https://sso.banque.example"]].concat();
    let done = server.cli(&sso);
    assert!(done.code == 0 && done.stdout.contains("/sign-in/back"), "{done:?}");
    assert_eq!(server.cli(&["provider", "add", "dir", "--kind", "directory", "--source", "siege"]).code, 0);
    let google = ["provider", "add", "g", "--kind", "google", "--client-id", "x"];
    for (arguments, why) in [
        (oidc.as_slice(), "https://"),
        (&["provider", "add", "Two Words", "--kind", "directory", "--source", "siege"], "letters a to z"),
        (&["provider", "add", "x", "--kind", "saml"], "oidc, google, microsoft or directory"),
        (&["provider", "add", "x", "--kind", "directory", "--source", "nowhere"], "estampe source list"),
        (&["provider", "add", "again", "--kind", "directory", "--source", "siege"], "another provider has it"),
        (&google, "a domain such as"),
        (&["provider", "add", "m", "--kind", "microsoft", "--client-id", "x", "--tenant", "common"], "not its name"),
        (&["provider", "set", "sso", "--create", "yes"], "needs a role"),
        (&["provider", "set", "sso", "--rule", "cards=root"], "employee, team-manager"),
        (&["provider", "set", "sso", "--rule", "cards"], "group=role"),
        (&["provider", "set", "sso", "--network", "everywhere"], "10.0.0.0/8"),
        (&["provider", "set", "nosuch", "--label", "x"], "estampe provider list"),
        (&["provider", "set", "sso"], "name at least one option"),
        (&["provider", "set", "sso", "--client-secret-file", "/nonexistent"], "/nonexistent"),
        (&["provider", "show", "nosuch"], "estampe provider list"),
        (&["provider", "remove", "nosuch"], "estampe provider list"),
    ] {
        let refused = server.cli(arguments);
        assert!(refused.code == 1 && refused.stderr.contains(why), "{arguments:?}: {refused:?}");
    }
    let listed = server.cli(&["provider", "list"]).stdout;
    assert!(listed.contains("https://sso.banque.example") && listed.contains("source \"siege\""), "{listed}");
    assert!(server.cli(&["provider", "check", "dir"]).stdout.contains("estampe source check"));
}
