//! Who may ask what of the API: every route, asked by every role and by every scope, for what
//! is theirs and for what is not.

use estampe_domain::Right as R;
use estampe_domain::access::{Reach, Role};
use estampe_domain::token::TokenScope;
use estampe_tests::api::Program;
use estampe_tests::{Options, Server};
use estampe_web::{Route, Surface, routes};
use reqwest::Method;

use super::super::access::welcomed;
use super::super::signatures;
use super::text;
use super::tokens::personal;

/// What a route asks of whoever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    /// Nothing at all.
    Nothing,
    /// A token.
    Token,
    /// A token of an account, with this scope.
    Own(TokenScope),
    /// A right, for everybody.
    All(R),
    /// A right, for whom it is about.
    About(R),
}

/// The row of a route, written by hand; none for one that nobody wrote down.
fn row(method: &str, pattern: &str) -> Option<Asks> {
    let method = if method == "HEAD" { "GET" } else { method };
    Some(match (method, pattern.strip_prefix("/api/v1")?) {
        ("GET", "/openapi.json") => Asks::Nothing,
        ("GET", "/me") => Asks::Token,
        ("GET", "/me/signature") => Asks::About(R::SignaturesRead),
        ("GET", "/people" | "/people/{id}" | "/people/{id}/photo" | "/groups/{id}") => Asks::About(R::PeopleRead),
        ("PATCH", "/people/{id}") | ("POST", "/people/{id}/give-back") => Asks::About(R::PeopleChange),
        ("GET", "/leads" | "/leads/{id}") => Asks::About(R::LeadsRead),
        ("GET", "/groups" | "/sources" | "/sources/{name}" | "/runs" | "/runs/{id}") => Asks::All(R::SourcesRead),
        ("POST", "/sources/{name}/runs" | "/runs/{id}/approve" | "/runs/{id}/discard") => Asks::All(R::SourcesRun),
        ("GET", "/plugins" | "/plugins/{id}") => Asks::All(R::PluginsRead),
        ("GET", "/accounts" | "/accounts/{id}") => Asks::All(R::AccountsRead),
        ("POST", "/accounts") | ("PATCH", "/accounts/{id}") => Asks::All(R::AccountsChange),
        ("GET", "/health" | "/checkup") => Asks::All(R::HealthRead),
        ("GET", "/tokens") => Asks::Own(TokenScope::TokensRead),
        ("POST", "/tokens") | ("DELETE", "/tokens/{id}") => Asks::Own(TokenScope::TokensWrite),
        _ => return None,
    })
}

/// What stands in the place of a parameter.
struct Places {
    person: String,
    lead: String,
    run: String,
}

const NOBODY: &str = "01a21960-04a2-7123-92d9-15a7d089b201";

impl Places {
    /// The path to something that is there, or that is not.
    fn path(&self, pattern: &str, there: bool) -> String {
        let section = pattern.split('/').nth(3).unwrap();
        let put = match (section, there) {
            ("people", true) => &self.person,
            ("leads", true) => &self.lead,
            ("runs", true) => &self.run,
            ("sources", true) => "siege",
            ("plugins", true) => "directory-file",
            ("sources" | "plugins", false) => "nosuch",
            _ => NOBODY,
        };
        let path = pattern.strip_prefix("/api/v1").unwrap();
        path.replace("{id}", put).replace("{name}", put)
    }
}

async fn ask(program: &Program, method: &str, path: &str) -> u16 {
    let mut request = program.ask(Method::from_bytes(method.as_bytes()).unwrap(), path);
    if matches!(method, "POST" | "PATCH") {
        request = request.header("if-match", "*").json(&serde_json::json!({}));
    }
    request.send().await.unwrap().status().as_u16()
}

/// Whether a role that reaches so far is answered so.
fn is_well(role: Role, reach: Option<Reach>, pattern: &str, status: u16) -> bool {
    let theirs = !pattern.contains('{') || (role == Role::Employee && !pattern.contains("/groups/"));
    match reach {
        None => status == 403,
        Some(Reach::All) => !matches!(status, 401 | 403 | 500..),
        // nothing was said that it could give back
        Some(_) if theirs && pattern.ends_with("/give-back") => status == 422,
        // a photo is not everybody's
        Some(_) if theirs && pattern.ends_with("/photo") => matches!(status, 200 | 404),
        Some(_) if theirs => status == 200,
        Some(_) => status == 404,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_every_role_and_every_scope() {
    let extra = estampe_tests::UNLIMITED.to_owned();
    let server = Server::with_sample(Options { extra, ..Options::default() }).await;
    let card = server.card_of("lefevre");
    let form =
        [("name", "Amélie Traoré"), ("email", "amelie@atelier.example"), ("idempotency_key", "0123456789abcdefghij")];
    assert_eq!(server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap().status(), 200);
    let person = text(&server.json(&["person", "list", "lefevre"])["people"][0]["id"]).to_owned();
    signatures::for_everybody(&server);
    let people = server.people();
    let stranger = people.iter().map(|one| text(&one["id"])).find(|id| *id != person).unwrap();
    let places = Places {
        person: person.clone(),
        lead: text(&server.json(&["lead", "list"])["leads"][0]["id"]).to_owned(),
        run: text(&server.json(&["run", "list"])["runs"][0]["id"]).to_owned(),
    };

    // one who may make tokens of every scope, and is made something else afterwards: what is
    // tried is the role, not the scope
    let administrator = welcomed(&server, Role::Administrator, None).await;
    let all: Vec<_> = TokenScope::ALL.map(TokenScope::as_str).into();
    let second = ["account", "add", "second@banque.example", "--name", "X", "--role", "administrator"];
    let second = server.json(&second);
    let entered = [("token", text(&second["token"])), ("password", "violet hortensia 47")];
    let entered = server.console().post(format!("{}/welcome", server.internal)).form(&entered).send().await.unwrap();
    assert_eq!(entered.status(), 303);
    let program = personal(&server, &administrator, &all).await;
    let services: Vec<(TokenScope, Program)> = TokenScope::ALL
        .into_iter()
        .filter(|scope| scope.is_for_services())
        .map(|scope| (scope, Program::service(&server, &[scope.as_str()])))
        .collect();

    let (mut uncovered, mut wrong) = (Vec::new(), Vec::new());
    let table: Vec<_> = routes(Surface::Api);
    for Route { method, pattern } in &table {
        let Some(asks) = row(method, pattern) else {
            uncovered.push(format!("{method} {pattern}"));
            continue;
        };
        let path = places.path(pattern, true);
        let mut complain = |who: &str, status: u16| wrong.push(format!("{who}, {method} {path}: {status}"));
        // whoever has no token learns nothing
        if asks != Asks::Nothing {
            let url = format!("{}/api/v1{path}", server.internal);
            let none =
                server.client().request(Method::from_bytes(method.as_bytes()).unwrap(), url).send().await.unwrap();
            if none.status() != 401 {
                complain("nobody", none.status().as_u16());
            }
        }
        // of something that is not there, so that nothing is done
        let path = places.path(pattern, false);
        for (scope, service) in &services {
            let opens = match asks {
                Asks::Nothing | Asks::Token => true,
                Asks::Own(_) => false,
                Asks::All(right) | Asks::About(right) => scope.opens().contains(&right),
            };
            let status = ask(service, method, &path).await;
            if (status == 403) == opens || matches!(status, 401 | 500..) {
                complain(scope.as_str(), status);
            }
        }
    }
    assert_eq!(uncovered, Vec::<String>::new(), "no row of the test covers these");

    for role in Role::ALL {
        // the employee has the lead, the team manager is somebody else
        let own = match role {
            Role::Employee => person.as_str(),
            Role::TeamManager => stranger,
            _ => "",
        };
        let set = ["account", "set", "administrator@banque.example", "--role", role.as_str(), "--person", own];
        let set = server.cli(&set);
        assert_eq!(set.code, 0, "{set:?}");
        for Route { method, pattern } in &table {
            let right = match row(method, pattern).unwrap() {
                Asks::Nothing | Asks::Token | Asks::Own(_) => {
                    let path = places.path(pattern, false);
                    let status = ask(&program, method, &path).await;
                    if matches!(status, 401 | 403 | 500..) {
                        wrong.push(format!("{role:?}, {method} {path}: {status}"));
                    }
                    continue;
                }
                Asks::All(right) | Asks::About(right) => right,
            };
            let about = matches!(row(method, pattern), Some(Asks::About(_)));
            let reach = match right.reach(role) {
                Some(Reach::Own | Reach::Team) if !about => None,
                reach => reach,
            };
            let path = places.path(pattern, reach != Some(Reach::All));
            let status = ask(&program, method, &path).await;
            let well = is_well(role, reach, pattern, status);
            if !well {
                wrong.push(format!("{role:?} with {reach:?}, {method} {path}: {status}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
