//! Accounts of people who sign in with the password of their directory.

use estampe_tests::{Options, Server, UNLIMITED, on_both};
use reqwest::Client;

use super::ldap::slapd::{PEOPLE, Slapd};
use super::ldap::well;
use super::ldap_sign_in::{SECRET, directory, person, serving};

const GROUPS: &str = "ou=groups,dc=example,dc=org";

fn cards(kind: &str, members: &[&str]) -> String {
    let members: String = members.iter().map(|uid| format!("member: uid={uid},{PEOPLE}\n")).collect();
    match kind {
        "add" => format!(
            "dn: {GROUPS}\nchangetype: add\nobjectClass: organizationalUnit\nou: groups\n\n\
             dn: cn=cards,{GROUPS}\nchangetype: add\nobjectClass: groupOfNames\ncn: cards\n{members}\n"
        ),
        _ => format!("dn: cn=cards,{GROUPS}\nchangetype: modify\nreplace: member\n{members}\n"),
    }
}

/// What the form of the directory answers: status, where it leads, and the page.
async fn enter(browser: &Client, server: &Server, login: &str, password: &str, next: &str) -> (u16, String, String) {
    let url = format!("{}/sign-in/with/dir", server.internal);
    let form = [("login", login), ("password", password), ("next", next)];
    let sent = browser.post(url).header("accept-language", "en").form(&form).send().await.unwrap();
    let to = sent.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    (sent.status().as_u16(), to, sent.text().await.unwrap())
}

async fn status(browser: &Client, server: &Server, path: &str) -> u16 {
    browser.get(format!("{}{path}", server.internal)).send().await.unwrap().status().as_u16()
}

fn roles(server: &Server, account: &str) -> String {
    let account = server.json(&["account", "show", account]);
    account["roles"]
        .as_array()
        .unwrap_or_else(|| panic!("{account}"))
        .iter()
        .map(|role| role.as_str().unwrap())
        .collect::<Vec<_>>()
        .join(" ")
}

fn id_of(server: &Server, name: &str) -> String {
    let found = server.json(&["person", "list", name]);
    found["people"][0]["id"].as_str().unwrap_or_else(|| panic!("{name}: {found}")).to_owned()
}

/// The server reads the directory again.
fn read_again(server: &Server) {
    let run = server.sync();
    if run["state"] == "held" {
        well(server, &["run", "approve", run["id"].as_str().unwrap()]);
    }
}

fn lock(slapd: &Slapd, uid: &str) {
    slapd.change(&format!("dn: uid={uid},{PEOPLE}\nchangetype: modify\nreplace: nsAccountLock\nnsAccountLock: TRUE\n"));
}

on_both! {
    async fn people_of_a_directory_get_the_account_that_an_administrator_wants(database) {
        let slapd = directory(&["anna", "bert", "carl", "dora", "emil"].map(|uid| person(uid, "")).concat());
        slapd.change(&cards("add", &["anna", "bert"]));
        let base = format!("group-base={GROUPS}");
        let options = Options { database, extra: UNLIMITED.to_owned() };
        let server = serving(options, &slapd, &["--set", "groups=true", "--set", &base]).await;
        // before there is one, every door leads to the first run
        well(&server, &["account", "add", "root@banque.example", "--name", "R", "--role", "administrator"]);
        let add = ["provider", "add", "dir", "--kind", "directory", "--label", "Bank directory", "--source", "siege"];
        let wrong = server.cli(&[&add[..], &["--rule", "nobody=auditor"]].concat());
        assert!(wrong.code == 1 && wrong.stderr.contains("no such group"), "{wrong:?}");
        well(&server, &[&add[..], &["--rule", "cards=integrator"]].concat());
        let shown = server.json(&["provider", "show", "dir"]);
        assert_eq!((&shown["rules"][0], &shown["create"]), (&"cards=integrator".into(), &false.into()), "{shown}");
        // the rule means this group, whatever another one will be called
        let kept = server.sql("SELECT coming FROM sign_in_provider").join("");
        assert!(!kept.contains("cards"), "{kept}");

        // the door leads to a form of its own
        let visitor = server.console();
        let door = format!("{}/sign-in?next=%2Faccounts", server.internal);
        let door = visitor.get(door).header("accept-language", "en").send().await.unwrap().text().await.unwrap();
        assert!(door.contains("href=\"/sign-in/with/dir?next=%2Faccounts\""), "{door}");
        assert_eq!(status(&visitor, &server, "/sign-in/with/dir?next=%2Faccounts").await, 200);

        // whoever proves who they are is told plainly; whoever does not hears one thing
        let (code, _, told) = enter(&visitor, &server, "anna", SECRET, "/").await;
        assert!(code == 403 && told.contains("no account here belongs to you"), "{code} {told}");
        let mut heard = Vec::new();
        for (login, password) in [("anna", "quince quince"), ("who-is-that", "quince quince")] {
            let (code, _, told) = enter(&visitor, &server, login, password, "/").await;
            assert_eq!(code, 422);
            heard.push(told.replace(login, "LOGIN"));
        }
        assert_eq!(heard[0], heard[1]);
        assert_eq!(server.json(&["account", "list"])["total"], 1);

        well(&server, &["provider", "set", "dir", "--create", "yes", "--role", "employee"]);
        let anna = server.console();
        assert_eq!(enter(&anna, &server, "anna", SECRET, "//evil.example").await.1, "/");
        assert_eq!(roles(&server, "anna@mirbach.example"), "employee integrator");
        let own = id_of(&server, "anna");
        assert_eq!(server.json(&["account", "show", "anna@mirbach.example"])["person"], own.as_str());
        assert_eq!(status(&anna, &server, &format!("/people/{own}")).await, 200);
        assert_eq!(status(&anna, &server, "/accounts").await, 403);
        assert_eq!(enter(&anna, &server, "anna@mirbach.example", SECRET, "/sources").await.1, "/sources");
        assert_eq!(server.json(&["account", "list"])["total"], 2);

        // Bert has an account, of the very person that the directory names
        let bert = id_of(&server, "bert");
        well(&server, &["account", "add", "chief@banque.example", "--name", "B", "--role", "auditor", "--person", &bert]);
        let browser = server.console();
        assert_eq!(enter(&browser, &server, "bert", SECRET, "/").await.0, 303);
        assert_eq!(roles(&server, "chief@banque.example"), "integrator auditor");
        // an account with Carl's address is not Carl's by that
        well(&server, &["account", "add", "carl@mirbach.example", "--name", "C", "--role", "administrator"]);
        let (code, _, told) = enter(&visitor, &server, "carl", SECRET, "/").await;
        assert!(code == 403 && told.contains("an address alone proves nothing"), "{code} {told}");
        // one person with two accounts could be either
        let dora = id_of(&server, "dora");
        for email in ["d1@banque.example", "d2@banque.example"] {
            well(&server, &["account", "add", email, "--name", "D", "--role", "auditor", "--person", &dora]);
        }
        assert_eq!(enter(&visitor, &server, "dora", SECRET, "/").await.0, 403);

        // the group changes: the roles follow, and the other session ends; by hand they stay
        slapd.change(&cards("replace", &["carl"]));
        read_again(&server);
        let second = server.console();
        assert_eq!(enter(&second, &server, "anna", SECRET, "/").await.0, 303);
        assert_eq!(roles(&server, "anna@mirbach.example"), "employee");
        assert_eq!(status(&anna, &server, "/people").await, 303);
        assert_eq!(enter(&browser, &server, "bert", SECRET, "/").await.0, 303);
        assert_eq!(roles(&server, "chief@banque.example"), "auditor");

        // who leaves the directory stays outside, and is signed out by the next run
        lock(&slapd, "anna");
        let (code, _, told) = enter(&visitor, &server, "anna", SECRET, "/").await;
        assert!(code == 422 && told.contains("do not belong together"), "{code} {told}");
        assert_eq!(status(&second, &server, &format!("/people/{own}")).await, 200);
        read_again(&server);
        assert_eq!(status(&second, &server, &format!("/people/{own}")).await, 303);
        // and whom an administrator disabled
        well(&server, &["account", "disable", "chief@banque.example"]);
        let (code, _, told) = enter(&visitor, &server, "bert", SECRET, "/").await;
        assert!(code == 403 && told.contains("not in use"), "{code} {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_locks_nobody_out_at_the_door_of_a_directory() {
    let slapd = directory(&person("anna", ""));
    let server = serving(Options { extra: UNLIMITED.to_owned(), ..Options::default() }, &slapd, &[]).await;
    well(&server, &["account", "add", "root@banque.example", "--name", "R", "--role", "administrator"]);
    let add = ["provider", "add", "dir", "--kind", "directory", "--label", "Bank directory", "--source", "siege"];
    well(&server, &[&add[..], &["--create", "yes", "--role", "employee"]].concat());
    let anna = server.console();
    assert_eq!(enter(&anna, &server, "anna", SECRET, "/").await.0, 303);

    let stranger = server.console();
    let mut seen = Vec::new();
    for _ in 0..12 {
        seen.push(enter(&stranger, &server, "anna", "quince quince", "/").await.0);
    }
    assert_eq!(seen, [[422; 10].as_slice(), &[503; 2]].concat());
    // the directory has a lock of its own, for two seconds
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(enter(&stranger, &server, "anna", SECRET, "/").await.0, 503);
    // from where the stranger is, by the browser that her account knows; and from elsewhere by any
    assert_eq!(enter(&anna, &server, "anna", SECRET, "/").await.0, 303);
    let elsewhere = server.console_from(std::net::Ipv4Addr::new(127, 0, 0, 2));
    assert_eq!(enter(&elsewhere, &server, "anna", SECRET, "/").await.0, 303);
    // somebody else's browser is known here too: that helps nobody to guess
    let other = server.console();
    let invited = server.json(&["account", "invite", "root@banque.example"]);
    let form = [("token", invited["token"].as_str().unwrap()), ("password", "violet hortensia 47")];
    let welcome = other.post(format!("{}/welcome", server.internal)).form(&form).send().await.unwrap();
    assert_eq!(welcome.status(), 303);
    assert_eq!(enter(&other, &server, "anna", SECRET, "/").await.0, 422, "as wrong as any, whatever is typed");
    // no password at all is no way to write without end
    let mut seen = Vec::new();
    for _ in 0..12 {
        seen.push(enter(&stranger, &server, "nobody", "", "/").await.0);
    }
    assert_eq!(seen, [[422; 10].as_slice(), &[503; 2]].concat());
}
