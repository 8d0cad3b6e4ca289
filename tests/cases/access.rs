//! Who may do what: every address of the console, asked by every role, for what is theirs and
//! for what is not.

use std::collections::BTreeMap;

use estampe_domain::Right as R;
use estampe_domain::access::{Reach, Role};
use estampe_tests::{Options, Server};
use estampe_web::{Route, Surface, routes};
use serde_json::Value;

use super::ldap::slapd::{Certificate, PEOPLE, Slapd};
use super::ldap::{add, well};
use super::signatures;

/// What an address asks of whoever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    /// Nothing at all.
    Nothing,
    /// An account.
    Account,
    /// A right, for everybody.
    All(R),
    /// A right, for whom it is about.
    About(R),
    /// To see more people than oneself.
    Teams,
}

/// The row of an address; none for one that nobody wrote down.
fn row(method: &str, pattern: &str) -> Option<Asks> {
    let read = method != "POST";
    let rest = |prefix: &str| pattern.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let asks = match pattern {
        "/first-run" | "/sign-in" | "/welcome" | "/forgotten" => Asks::Nothing,
        _ if rest("/sign-in").is_some() => Asks::Nothing,
        "/sign-out" | "/" | "/confirm" | "/styleguide" | "/styleguide/themes.css" => Asks::Account,
        // what is one's own, whoever one is
        _ if rest("/account").is_some() => Asks::Account,
        _ if rest("/language").is_some() || rest("/health").is_some() || rest("/static").is_some() => Asks::Nothing,
        "/metrics" | "/ca.pem" | "/ca" | "/favicon.ico" | "/robots.txt" => Asks::Nothing,
        "/outlook/connect" => Asks::Account,
        _ if rest("/outlook").is_some() => Asks::Nothing,
        // of everybody, or of one's teams: whoever sees themselves alone leads none
        "/teams" => Asks::Teams,
        "/settings" => Asks::All(R::HealthRead),
        "/people" | "/cards" => Asks::About(R::PeopleRead),
        "/people/bulk" | "/people/bulk/{id}/undo" if read => Asks::Account,
        _ if rest("/people/bulk").is_some() => Asks::All(R::PeopleChange),
        _ if rest("/people").is_some() => match pattern.rsplit('/').next()? {
            "{id}" | "photo.jpg" => Asks::About(R::PeopleRead),
            // a button's address leads back to the person
            "settle" | "give-back" | "mail" if read => Asks::Account,
            "signature" | "preview" | "signature.htm" | "signature.txt" | "mail" => Asks::About(R::SignaturesRead),
            "edit" | "settle" | "give-back" => Asks::About(R::PeopleChange),
            _ => return None,
        },
        "/signatures/designs/new" | "/signatures/rules/new" => Asks::All(R::SignaturesChange),
        _ if rest("/signatures/publications").is_some() => match (pattern.rsplit('/').next()?, read) {
            // a button's address leads back to the publication
            ("apply" | "pause" | "resume" | "stop", true) => Asks::Account,
            (_, true) => Asks::All(R::SignaturesRead),
            (_, false) => Asks::All(R::SignaturesPublish),
        },
        _ if rest("/signatures").is_some() => match (pattern.rsplit('/').next()?, read) {
            // a button's address leads back to the design or the rule
            ("move" | "remove" | "mail", true) => Asks::Account,
            ("mail", false) | (_, true) => Asks::All(R::SignaturesRead),
            (_, false) => Asks::All(R::SignaturesChange),
        },
        "/changes" => Asks::About(R::ChangesDecide),
        // a button's address leads back to the list
        _ if rest("/changes").is_some() => {
            if read {
                Asks::Account
            } else {
                Asks::About(R::ChangesDecide)
            }
        }
        "/sources/new" => Asks::All(R::SourcesChange),
        _ if rest("/sources").is_some() => match (pattern.rsplit('/').next()?, read) {
            ("compare" | "schedule" | "sync" | "plan" | "check", true) => Asks::Account,
            (_, true) => Asks::All(R::SourcesRead),
            ("disconnect", false) => Asks::All(R::SourcesEnd),
            (_, false) => Asks::All(R::SourcesChange),
        },
        _ if rest("/endings").is_some() => Asks::All(R::SourcesRead),
        _ if rest("/runs").is_some() => Asks::All(if read { R::SourcesRead } else { R::SourcesChange }),
        _ if rest("/plugins").is_some() => match (pattern.rsplit('/').next()?, read) {
            (_, true) => Asks::All(R::PluginsRead),
            ("grants" | "network", false) => Asks::All(R::PluginsGrant),
            (_, false) => Asks::All(R::PluginsChange),
        },
        _ if rest("/leads").is_some() => Asks::About(R::LeadsRead),
        _ if rest("/outbox").is_some() => Asks::All(if read { R::MailsRead } else { R::MailsChange }),
        // who sees no accounts sees what they asked for themselves
        "/approvals" => Asks::Account,
        _ if rest("/approvals").is_some() => Asks::All(if read { R::AccountsRead } else { R::AccountsChange }),
        _ if rest("/tokens/services").is_some() => Asks::All(if read { R::AccountsRead } else { R::AccountsChange }),
        _ if rest("/tokens").is_some() => Asks::Account,
        "/accounts/new" | "/accounts/providers/new" => Asks::All(R::AccountsChange),
        // a button's address leads back to the provider
        "/accounts/providers/{provider}/check" | "/accounts/providers/{provider}/remove" if read => Asks::Account,
        _ if rest("/accounts").is_some() => Asks::All(if read { R::AccountsRead } else { R::AccountsChange }),
        _ => return None,
    };
    Some(asks)
}

pub(crate) struct Signed {
    pub(crate) role: Role,
    pub(crate) browser: reqwest::Client,
    pub(crate) csrf: String,
}

pub(crate) const PASSWORD: &str = "violet hortensia 47";

/// A browser that chose its password by the token of an invitation.
pub(crate) async fn welcomed(server: &Server, role: Role, person: Option<&str>) -> Signed {
    let email = format!("{}@banque.example", role.as_str());
    let mut add = vec!["account", "add", email.as_str(), "--name", "Somebody", "--role", role.as_str()];
    add.extend(person.iter().flat_map(|person| ["--person", person]));
    let invited = server.json(&add);
    let token = invited["token"].as_str().unwrap_or_else(|| panic!("{invited}"));
    let browser = server.console();
    let welcome = format!("{}/welcome", server.internal);
    let entered = browser.post(&welcome).form(&[("token", token), ("password", PASSWORD)]).send().await.unwrap();
    assert_eq!(entered.status(), 303, "{role:?}");
    // it was good once
    let again = server.console().post(&welcome).form(&[("token", token), ("password", PASSWORD)]).send().await.unwrap();
    assert_eq!(again.status(), 422);
    let mut page = browser.get(format!("{}/", server.internal)).send().await.unwrap();
    if page.status() == 303 {
        let to = page.headers()["location"].to_str().unwrap().to_owned();
        page = browser.get(format!("{}{to}", server.internal)).send().await.unwrap();
    }
    let text = page.text().await.unwrap();
    let csrf = text.split("name=\"csrf\" value=\"").nth(1).unwrap_or_else(|| panic!("{role:?}: {text}"));
    Signed { role, browser, csrf: csrf.split('"').next().unwrap().to_owned() }
}

impl Signed {
    async fn ask(&self, server: &Server, method: &str, path: &str) -> u16 {
        let url = format!("{}{path}", server.internal);
        let request = match method {
            // forms that are a file
            "POST" if path == "/plugins" || path == "/signatures/pictures" => {
                let part = |name: &str, value: &str| {
                    format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                };
                let body = part("csrf", &self.csrf) + "--x--\r\n";
                self.browser.post(url).header("content-type", "multipart/form-data; boundary=x").body(body)
            }
            "POST" => self.browser.post(url).form(&[("csrf", self.csrf.as_str())]),
            "HEAD" => self.browser.head(url),
            _ => self.browser.get(url),
        };
        request.send().await.unwrap().status().as_u16()
    }
}

/// What stands in the place of a parameter.
struct Places {
    real: BTreeMap<&'static str, String>,
}

impl Places {
    /// The path to something that is there, or that is not.
    fn path(&self, pattern: &str, there: bool) -> String {
        let section = pattern.split('/').nth(1).unwrap();
        let real = self.real.get(section).map_or("x", String::as_str);
        let none = if section == "sources" || section == "plugins" {
            "nosuch"
        } else {
            "01a21960-04a2-7123-92d9-15a7d089b201"
        };
        let put = |part: &str| match part.starts_with('{') {
            true if there => real.to_owned(),
            true => none.to_owned(),
            false => part.to_owned(),
        };
        pattern.split('/').map(put).collect::<Vec<_>>().join("/")
    }
}

fn id_of(answer: &Value, list: &str, at: usize) -> String {
    answer[list][at]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_asks_every_role_for_its_right() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let form =
        [("name", "Amélie Traoré"), ("email", "amelie@atelier.example"), ("idempotency_key", "0123456789abcdefghij")];
    assert_eq!(server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap().status(), 200);
    let holder = id_of(&server.json(&["person", "list", "lefevre"]), "people", 0);
    let people = server.json(&["person", "list"]);
    let stranger = (0..2).map(|at| id_of(&people, "people", at)).find(|id| *id != holder).unwrap();
    let lead = id_of(&server.json(&["lead", "list"]), "leads", 0);
    let run = id_of(&server.json(&["run", "list"]), "runs", 0);
    let mut signed = Vec::new();
    for role in Role::ALL {
        // the employee has the lead, the team manager is somebody else
        let person = match role {
            Role::Employee => Some(holder.as_str()),
            Role::TeamManager => Some(stranger.as_str()),
            _ => None,
        };
        signed.push(welcomed(&server, role, person).await);
    }
    signatures::for_everybody(&server);
    let design = id_of(&server.json(&["signature", "design", "list"]), "designs", 0);
    let account = id_of(&server.json(&["account", "list"]), "accounts", 0);
    let real = [
        ("people", holder.clone()),
        ("leads", lead),
        ("sources", "siege".to_owned()),
        ("runs", run),
        ("plugins", "directory-file".to_owned()),
        ("signatures", design),
        ("accounts", account),
        ("endings", "01a21960-04a2-7123-92d9-15a7d089b201".to_owned()),
        ("approvals", "01a21960-04a2-7123-92d9-15a7d089b201".to_owned()),
        ("outbox", "01a21960-04a2-7123-92d9-15a7d089b201".to_owned()),
    ];
    let places = Places { real: real.into() };

    let mut uncovered = Vec::new();
    let mut wrong = Vec::new();
    for Route { method, pattern } in routes(Surface::Console) {
        let Some(asks) = row(method, &pattern) else {
            uncovered.push(format!("{method} {pattern}"));
            continue;
        };
        // whoever has no session learns nothing
        if asks != Asks::Nothing {
            let url = format!("{}{}", server.internal, places.path(&pattern, true));
            let visitor = server.console();
            let request = if method == "POST" { visitor.post(url).form(&[("csrf", "x")]) } else { visitor.get(url) };
            let status = request.send().await.unwrap().status();
            if status != 303 {
                wrong.push(format!("a visitor, {method} {pattern}: {status}"));
            }
        }
        let right = match asks {
            Asks::Nothing | Asks::Account => continue,
            Asks::All(right) | Asks::About(right) => right,
            Asks::Teams => R::PeopleRead,
        };
        for one in &signed {
            let reach = match (asks, right.reach(one.role)) {
                (Asks::All(_), Some(Reach::Own | Reach::Team)) | (Asks::Teams, Some(Reach::Own)) => None,
                (_, reach) => reach,
            };
            let is_object = pattern.contains('{');
            let path = places.path(&pattern, reach != Some(Reach::All));
            let status = one.ask(&server, method, &path).await;
            let well = match reach {
                None => status == 403,
                // something that is not there, so that nothing is done
                Some(Reach::All) => !matches!(status, 401 | 403 | 500..),
                // the lead and the person are the employee's and nobody else's; a change there is none
                Some(_) if !is_object || (one.role == Role::Employee && !pattern.starts_with("/changes")) => {
                    !matches!(status, 401 | 403 | 404 | 500..)
                }
                Some(_) => status == 404,
            };
            if !well {
                wrong.push(format!("{:?} with {reach:?}, {method} {path}: {status}", one.role));
            }
        }
    }
    assert_eq!(uncovered, Vec::<String>::new(), "no row of the test covers these");
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_employee_sees_and_changes_what_is_theirs() {
    let server = Server::with_sample(Options::default()).await;
    let holder = id_of(&server.json(&["person", "list", "lefevre"]), "people", 0);
    let signed = welcomed(&server, Role::Employee, Some(&holder)).await;
    let page = async |path: &str| {
        let request = signed.browser.get(format!("{}{path}", server.internal)).header("accept-language", "en");
        request.send().await.unwrap().text().await.unwrap()
    };
    let own = page(&format!("/people/{holder}")).await;
    for (hidden, words) in
        [("/sources", "Sources"), ("/plugins", "Plugins"), ("/accounts", "Accounts"), ("/outbox", "Mail")]
    {
        assert!(!own.contains(&format!("href=\"{hidden}\"")), "{words} is shown: {own}");
    }
    assert!(own.contains("My card") && own.contains("href=\"/leads\""), "{own}");
    // the list is of one
    let list = page("/people").await;
    assert_eq!(
        list.matches("href=\"/people/01").count(),
        3,
        "oneself in the list, and in the sections and the menu: {list}"
    );

    // the directory owns the title, the pronouns are theirs
    assert!(page(&format!("/people/{holder}/edit")).await.contains("comes from the directory"));
    let owned = server.cli(&["source", "owners", "siege", "--set", "pronouns=own"]);
    assert_eq!(owned.code, 0, "{owned:?}");
    let form = page(&format!("/people/{holder}/edit")).await;
    assert!(form.contains("name=\"pronouns\"") && !form.contains("name=\"title\""), "{form}");
    let change = async |field: &str, value: &str| {
        let url = format!("{}/people/{holder}/edit", server.internal);
        let (seen, was) = (hidden(&form, "seen"), hidden(&form, "was"));
        let sent = [("csrf", signed.csrf.as_str()), ("seen", &seen), ("was", &was), (field, value)];
        let answer = signed.browser.post(url).form(&sent).send().await.unwrap();
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (answer.status().as_u16(), to.unwrap_or_default())
    };
    assert_eq!(change("title", "Governor").await.0, 422);
    assert!(!page(&format!("/people/{holder}")).await.contains("Governor"));
    let saved = format!("/people/{holder}?done=saved");
    assert_eq!(change("pronouns", "elle, she").await, (303, saved.clone()));
    let page_saved = page(&saved).await;
    assert!(page_saved.contains("elle, she") && page_saved.contains("Saved."), "{page_saved}");
    assert!(!page(&format!("/people/{holder}")).await.contains("Saved."));
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_departures_end_sessions_and_the_last_administrator_stays() {
    let server = Server::with_sample(Options::default()).await;
    let holder = id_of(&server.json(&["person", "list", "lefevre"]), "people", 0);
    let employee = welcomed(&server, Role::Employee, Some(&holder)).await;
    let administrator = welcomed(&server, Role::Administrator, None).await;
    let path = format!("/people/{holder}");
    assert_eq!(employee.ask(&server, "GET", &path).await, 200);

    // other roles: signed out everywhere, and what they were is over
    let changed = server.cli(&["account", "set", "employee@banque.example", "--role", "auditor"]);
    assert!(changed.code == 0 && changed.stdout.contains("Roles: auditor"), "{changed:?}");
    assert_eq!(employee.ask(&server, "GET", &path).await, 303);

    // disabled: the password is right and does not help
    let browser = server.console();
    let sign_in = async || {
        let form = [("email", "EMPLOYEE@banque.example"), ("password", PASSWORD)];
        browser.post(format!("{}/sign-in", server.internal)).form(&form).send().await.unwrap().status().as_u16()
    };
    assert_eq!(sign_in().await, 303);
    assert_eq!(server.cli(&["account", "disable", "employee@banque.example"]).code, 0);
    assert_eq!(sign_in().await, 422);
    assert_eq!(server.cli(&["account", "enable", "employee@banque.example"]).code, 0);
    assert_eq!(sign_in().await, 303);

    // the last administrator
    for change in [
        ["account", "disable", "administrator@banque.example"].as_slice(),
        &["account", "set", "administrator@banque.example", "--role", "auditor"],
    ] {
        let refused = server.cli(change);
        assert!(refused.code == 1 && refused.stderr.contains("last administrator who can sign in"), "{refused:?}");
    }
    assert_eq!(administrator.ask(&server, "GET", "/accounts").await, 200);

    // who asks for what is not there
    for (arguments, why) in [
        (["account", "set", "nobody@banque.example", "--role", "auditor"].as_slice(), "estampe account list"),
        (&["account", "set", "employee@banque.example", "--role", "root"], "there is no role \"root\""),
        (
            &["account", "add", "employee@banque.example", "--name", "X", "--role", "auditor"],
            "has this address already",
        ),
        (
            &["account", "add", "other@banque.example", "--name", "X", "--role", "auditor", "--person", &nobody()],
            "there is no person",
        ),
    ] {
        let refused = server.cli(arguments);
        assert!(refused.code == 1 && refused.stderr.contains(why), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_the_directory_is_signed_out_by_the_next_run() {
    let slapd = Slapd::start(20, Certificate::Good);
    let server = Server::start_default().await;
    well(&server, &["plugin", "install", "ldap", "--yes"]);
    assert_eq!(add(&server, &slapd).code, 0);
    server.sync();
    let person = id_of(&server.json(&["person", "list", "Person 19"]), "people", 0);
    let signed = welcomed(&server, Role::Employee, Some(&person)).await;
    let path = format!("/people/{person}");
    assert_eq!(signed.ask(&server, "GET", &path).await, 200);
    slapd.change(&format!("dn: uid=p19,{PEOPLE}\nchangetype: delete\n\n"));
    server.sync();
    assert_eq!(server.json(&["run", "list"])["runs"][0]["counts"]["disabled"], 1);
    assert_eq!(signed.ask(&server, "GET", &path).await, 303);
    // nor does the password open anything while they are away
    let form = [("email", "employee@banque.example"), ("password", PASSWORD)];
    let sent = signed.browser.post(format!("{}/sign-in", server.internal)).form(&form).send().await.unwrap();
    assert_eq!(sent.status(), 422);
}

/// What a form carries along.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let value = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{name}: {page}"));
    let value = value.split('"').next().unwrap();
    value
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
        .replace("&#39;", "'")
}

/// An id of nobody.
fn nobody() -> String {
    "01a21960-04a2-7123-92d9-15a7d089b201".to_owned()
}

/// What each role may do, written out a second time: a table that changes changes here too.
#[test]
fn the_table_is_what_was_meant() {
    let meant = [
        (
            Role::Employee,
            vec![
                (R::PeopleRead, Reach::Own),
                (R::PeopleChange, Reach::Own),
                (R::ChangesDecide, Reach::Own),
                (R::LeadsRead, Reach::Own),
                (R::SignaturesRead, Reach::Own),
            ],
        ),
        (
            Role::TeamManager,
            vec![(R::PeopleRead, Reach::Team), (R::ChangesDecide, Reach::Team), (R::LeadsRead, Reach::Team)],
        ),
        (
            Role::CardDesigner,
            [R::PeopleRead, R::SignaturesRead, R::SignaturesChange].map(|right| (right, Reach::All)).into(),
        ),
        (
            Role::Integrator,
            [
                R::Overview,
                R::PeopleRead,
                R::SourcesRead,
                R::SourcesChange,
                R::SourcesRun,
                R::PluginsRead,
                R::PluginsChange,
                R::SignaturesRead,
                R::MailsRead,
                R::HealthRead,
            ]
            .map(|right| (right, Reach::All))
            .into(),
        ),
        (
            Role::Auditor,
            [
                R::Overview,
                R::PeopleRead,
                R::SourcesRead,
                R::PluginsRead,
                R::SignaturesRead,
                R::MailsRead,
                R::AccountsRead,
                R::HealthRead,
            ]
            .map(|right| (right, Reach::All))
            .into(),
        ),
        (
            Role::DataProtectionOfficer,
            [R::PeopleRead, R::LeadsRead, R::SourcesRead, R::PluginsRead, R::AccountsRead]
                .map(|right| (right, Reach::All))
                .into(),
        ),
        (Role::Administrator, R::ALL.map(|right| (right, Reach::All)).into()),
    ];
    for (role, rights) in meant {
        let found: Vec<_> = R::ALL.into_iter().filter_map(|right| Some((right, right.reach(role)?))).collect();
        assert_eq!(found, rights, "{role:?}");
    }
}
