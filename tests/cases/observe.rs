//! Watching it: metrics that move with what happens, one id for a request everywhere,
//! lines that a machine reads, and nothing personal in any of them.

use std::collections::BTreeSet;
use std::time::Duration;

use estampe_domain::metric::{self, Kind};
use estampe_tests::{MailCatcher, Metrics, Options, Server, on_both, until, workspace};
use reqwest::Response;
use serde_json::Value;

use crate::hostile::administrator;

const KEY: &str = "0123456789abcdefghij";

async fn leave(server: &Server, card: &str) -> Response {
    let form = [("name", "Amélie Canari-Traoré"), ("email", "amelie.canari@atelier.example"), ("idempotency_key", KEY)];
    server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap()
}

async fn sign_in(server: &Server, password: &str) -> u16 {
    let form = [("email", "mireille@banque.example"), ("password", password)];
    let request = server.console().post(format!("{}/sign-in", server.internal)).header("origin", &server.internal);
    request.form(&form).send().await.unwrap().status().as_u16()
}

on_both! {
    async fn figures_move_with_what_happens(database) {
        let mail = MailCatcher::start();
        let server = Server::importing_sample(Options { database, extra: mail.configuration() }).await;
        let card = server.card_of("lefevre");
        let before = Metrics::of(&server).await;
        assert_eq!(before.sum("estampe_runs_total", &[("outcome", "done")]), 1.0);
        assert_eq!(before.sum("estampe_run_duration_seconds_count", &[("outcome", "done")]), 1.0);
        assert!(before.sum("estampe_plugin_calls_total", &[("plugin", "directory-file"), ("outcome", "ok")]) >= 1.0);
        let peak = before.sum("estampe_plugin_memory_peak_bytes", &[("plugin", "directory-file")]);
        assert!(peak > 65_536.0 && peak <= before.sum("estampe_plugin_memory_limit_bytes", &[]), "{peak}");
        assert_eq!(before.sum("estampe_people", &[]), 198.0);
        assert_eq!(before.sum("estampe_leads", &[]), 0.0);

        for _ in 0..3 {
            assert_eq!(server.client().get(&card).send().await.unwrap().status(), 200);
        }
        let missing = format!("{}/c/00000000000000000000000000", server.public);
        assert_eq!(server.client().get(missing).send().await.unwrap().status(), 404);
        assert_eq!(server.client().get(format!("{}/no/such/Canari", server.public)).send().await.unwrap().status(), 404);
        assert_eq!(leave(&server, &card).await.status(), 200);
        drop(administrator(&server).await);
        assert_eq!(sign_in(&server, "not this one at all").await, 422);
        assert_eq!(sign_in(&server, "violet hortensia 47").await, 303);
        assert_eq!(server.cli(&["source", "check", "siege"]).code, 0);
        mail.wait_for(2).await;
        let after = until("both mails are counted", 30, async || {
            let after = Metrics::of(&server).await;
            (after.sum("estampe_mails_total", &[("outcome", "sent")]) == 2.0).then_some(after)
        })
        .await;

        let grew = |name: &str, labels: &[(&str, &str)]| after.sum(name, labels) - before.sum(name, labels);
        let cards = [("surface", "public"), ("route", "/c/{public_id}"), ("method", "GET")];
        assert_eq!(grew("estampe_http_requests_total", &[&cards[..], &[("status", "2xx")]].concat()), 3.0);
        assert_eq!(grew("estampe_http_requests_total", &[&cards[..], &[("status", "4xx")]].concat()), 1.0);
        assert_eq!(grew("estampe_http_request_duration_seconds_count", &cards), 4.0);
        let lost = [("surface", "public"), ("route", "none"), ("status", "4xx")];
        assert_eq!(grew("estampe_http_requests_total", &lost), 1.0);
        let posted = [("route", "/c/{public_id}/leads"), ("method", "POST"), ("status", "2xx")];
        assert_eq!(grew("estampe_http_requests_total", &posted), 1.0);
        assert!(grew("estampe_http_requests_total", &[("surface", "operator")]) >= 1.0);
        assert_eq!(grew("estampe_plugin_calls_total", &[("export", "check"), ("outcome", "ok")]), 1.0);
        assert_eq!(grew("estampe_sign_ins_total", &[("outcome", "refused")]), 1.0);
        assert_eq!(grew("estampe_sign_ins_total", &[("outcome", "accepted")]), 1.0);
        assert_eq!(after.sum("estampe_mails_total", &[("mail", "notice"), ("outcome", "sent")]), 1.0);
        for kind in ["read", "write"] {
            assert!(grew("estampe_db_transaction_duration_seconds_count", &[("kind", kind)]) > 0.0, "{kind}");
            assert!(grew("estampe_db_wait_seconds_count", &[("kind", kind)]) > 0.0, "{kind}");
        }
        assert_eq!(after.sum("estampe_db_failures_total", &[]), 0.0);
        assert!(after.sum("estampe_db_connections_max", &[("pool", "read")]) >= after.sum("estampe_db_connections", &[("pool", "read")]));
        assert_eq!(after.sum("estampe_panics_total", &[]), 0.0);
        assert_eq!(after.sum("estampe_log_lines_total", &[("level", "error")]), 0.0);
        assert!(after.sum("process_resident_memory_bytes", &[]) > 1e6);
        assert!(after.sum("process_open_fds", &[]) < after.sum("process_max_fds", &[]));
        let (start, ends) = (after.sum("process_start_time_seconds", &[]), after.sum("estampe_tls_certificate_expiry_timestamp_seconds", &[]));
        let days = (ends - start) / 86_400.0;
        assert!((80.0..90.0).contains(&days), "{days}");
        let name = if database == estampe_tests::Database::Sqlite { "sqlite" } else { "postgres" };
        assert_eq!(after.sum("estampe_build_info", &[("database", name)]), 1.0);
        // what the database knows is read every five seconds at most
        until("the lead is counted", 30, async || {
            let now = Metrics::of(&server).await;
            (now.sum("estampe_leads", &[]) == 1.0 && now.sum("estampe_outbox_mails", &[]) == 0.0).then_some(())
        })
        .await;
        // the one under way is the one that asks
        assert_eq!(Metrics::of(&server).await.sum("estampe_http_requests_in_flight", &[]), 1.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_shows_what_waits_and_since_when() {
    // nobody takes mail at this port
    let smtp = "[smtp]\nhost = \"localhost\"\nport = 9\nencryption = \"none\"\nfrom = \"cards@banque.example\"\n";
    let server = Server::with_sample(Options { extra: smtp.into(), ..Options::default() }).await;
    assert_eq!(leave(&server, &server.card_of("lefevre")).await.status(), 200);
    until("both mails wait for the server", 40, async || {
        let now = Metrics::of(&server).await;
        let in_state = |state| now.sum("estampe_outbox_mails", &[("state", state)]);
        let waits = in_state("waiting") + in_state("due") == 2.0;
        (waits && now.sum("estampe_mails_total", &[("outcome", "later")]) >= 1.0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exposition_says_what_the_one_table_says_and_the_internal_listener_alone_has_it() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    server.client().get(&card).send().await.unwrap();
    assert_eq!(server.client().get(format!("{}/metrics", server.public)).send().await.unwrap().status(), 404);
    let answer = server.client().get(format!("{}/metrics", server.internal)).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let text = answer.text().await.unwrap();
    assert_eq!(estampe_tests::canary::search(&text, &[]), []);
    let metrics = Metrics::parse(&text);
    assert!(metrics.has("estampe_http_requests_total") && metrics.has("process_open_fds"));
    for family in &metrics.0 {
        let known = metric::ALL.iter().find(|known| known.name.trim_end_matches("_total") == family.name);
        let known = known.unwrap_or_else(|| panic!("{} is not in the table", family.name));
        let kind = match known.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        assert_eq!((family.kind.as_str(), family.help.as_str()), (kind, known.help), "{}", family.name);
        for sample in &family.samples {
            let mut names: BTreeSet<&str> = sample.labels.keys().map(String::as_str).collect();
            names.remove("le");
            assert_eq!(names, known.labels.iter().copied().collect(), "{}", sample.name);
        }
    }
}

/// Where a page of the documentation explains metrics: name, kind and labels of each row.
#[test]
fn the_operators_page_explains_every_metric_and_its_rules_use_no_other() {
    let read = |path: &str| std::fs::read_to_string(workspace().join(path)).unwrap();
    let page = read("docs/operator/watching.md");
    let mut rows = BTreeSet::new();
    for row in page.lines().filter(|line| line.starts_with("| `estampe_") || line.starts_with("| `process_")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        rows.insert((cells[1].trim_matches('`').to_owned(), cells[2].to_owned(), cells[4].replace('`', "")));
        assert!(!cells[3].is_empty() && cells[5].len() > 5, "{row}");
    }
    let table: BTreeSet<_> = metric::ALL
        .iter()
        .map(|metric| {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
            };
            (metric.name.to_owned(), kind.to_owned(), metric.labels.join(", "))
        })
        .collect();
    assert_eq!(rows, table);
    let dashboard = read("docs/operator/grafana.json");
    for (name, text) in
        [("estampe.rules.yml", read("docs/operator/estampe.rules.yml")), ("grafana.json", dashboard.clone())]
    {
        let used: BTreeSet<&str> = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| (word.starts_with("estampe_") || word.starts_with("process_")) && word.contains('_'))
            .collect();
        assert!(used.len() >= 10, "{name}: {used:?}");
        for word in used {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
            assert!(metric::ALL.iter().any(|m| m.name == word || m.name == base), "{word} in {name}");
        }
    }
    // whoever imports the dashboard says where the figures come from
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let asked: Vec<&Value> = panels.iter().filter(|panel| panel["type"] != "row").collect();
    assert!(asked.len() > 20 && panels.len() - asked.len() >= 5, "panels in sections");
    for panel in asked {
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        }
    }
}

fn id_of(answer: &Response) -> String {
    answer.headers()["x-request-id"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_one_id_in_its_answer_its_page_and_the_log() {
    let mut server =
        Server::importing_sample(Options { extra: "[log]\nlevel = \"debug\"\n".into(), ..Options::default() }).await;
    let card = server.card_of("lefevre");
    let mut ids = BTreeSet::new();
    for url in [card.clone(), format!("{}/no/such", server.public), format!("{}/health/live", server.internal)] {
        let request = server.client().get(url).header("x-request-id", "Canari-was-here");
        let id = id_of(&request.send().await.unwrap());
        assert_eq!(id.len(), 36, "ours, not the one that was given");
        assert!(server.log().lines().any(|line| line.contains(&id)), "{id}");
        assert!(ids.insert(id));
    }
    let socket = server.data().join("operator.sock");
    let operator = reqwest::Client::builder().unix_socket(socket).build().unwrap();
    let answer = operator.get("http://operator/v1/runs/nonsense").send().await.unwrap();
    let id = id_of(&answer);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["request"], id.as_str());
    // a defect: its page gives the reference that finds the line
    server.stop();
    let at = server.data().join("estampe.db");
    let broken = std::process::Command::new("python3")
        .args(["-c", "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\nc.execute(\"update person set profile='{'\")\nc.commit()"])
        .arg(at)
        .status()
        .unwrap();
    assert!(broken.success());
    server.start_again().await;
    let answer = server.client().get(&card).send().await.unwrap();
    assert_eq!(answer.status(), 500);
    let id = id_of(&answer);
    assert!(answer.text().await.unwrap().contains(&id));
    let log = server.log();
    let line = log.lines().find(|line| line.contains("a request failed")).expect("it is logged");
    assert!(line.contains(&id) && line.matches("request.id=").count() == 1, "{line}");
}

/// Walks through everything that people and machines do, with words to be found again.
async fn walk(server: &Server, mail: &MailCatcher) {
    let token = server.json(&["first-run"])["token"].as_str().unwrap().to_owned();
    server.never_logs(&[&token, "Zaraza", "Ornithorynque", "rue des Lilas"]);
    let card = server.card_of("lefevre");
    let public_id = card.rsplit('/').next().unwrap().to_owned();
    server.never_logs(&[&public_id]);
    let stranger = server.client();
    let ask = async |url: String| {
        let answer = stranger.get(url).header("accept-language", "fr").send().await.unwrap();
        let _ = answer.bytes().await;
    };
    for end in
        ["", ".vcf", ".vcf?v=4", "/qr.svg", "/qr.png", "/qr", "/photo.jpg", "/exchange", "?who=Zaraza", "/Zaraza"]
    {
        ask(format!("{card}{end}")).await;
    }
    for path in ["/c/Zaraza", "/Zaraza@lilas.example", "/c/%00%ff", "/../../etc/passwd", "/ca"] {
        ask(format!("{}{path}", server.public)).await;
    }
    // the form: its key, good input, bad input, twice, another site's, not a form at all, too large
    let form = stranger.get(format!("{card}/exchange")).send().await.unwrap().text().await.unwrap();
    let key = form.split_once("name=\"idempotency_key\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    server.never_logs(&[&key]);
    let good = [
        ("name", "Zaraza Ornithorynque"),
        ("email", "zaraza@lilas.example"),
        ("phone", "+33 6 99 88 77 66"),
        ("company", "12 rue des Lilas"),
        ("message", "Ornithorynque de la rue des Lilas"),
        ("consent", "invitations"),
        ("idempotency_key", &key),
    ];
    // nobody types in less
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    let bad = [("name", ""), ("email", "zaraza@lilas"), ("phone", "Ornithorynque"), ("idempotency_key", &key)];
    for form in [&bad[..], &good[..], &good[..], &[&good[..], &[("message", "autre")]].concat()[..]] {
        stranger.post(format!("{card}/leads")).form(form).send().await.unwrap();
    }
    let foreign = stranger.post(format!("{card}/leads")).header("origin", "https://zaraza.example").form(&good);
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let odd = stranger.post(format!("{card}/leads")).header("content-type", "application/json");
    odd.body("{\"name\":\"Zaraza\"").send().await.unwrap();
    let large = format!("name=Zaraza&message={}", "Ornithorynque+".repeat(8_000));
    let _ = stranger.post(format!("{card}/leads")).body(large).send().await;
    let hostile = stranger.get(&card).header("cookie", "__Host-estampe=Zaraza").header("x-request-id", "Zaraza");
    hostile.header("user-agent", "Zaraza").header("referer", "https://zaraza.example/?q=1").send().await.unwrap();
    raw(server, "GET /c/Zaraza\u{1} HTTP/1.1\r\nhost: Zaraza\r\n\r\n");
    raw(server, "ZARAZA /c/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer Zaraza\r\n\r\n");
    until("both mails were tried", 30, async || {
        (mail.mails().len() + mail.refused().len() >= 2 && !server.json(&["lead", "list"]).is_null()).then_some(())
    })
    .await;
    inside(server, &token).await;
    // the command line, right and wrong
    let id = server.json(&["lead", "list"])["leads"][0]["id"].as_str().unwrap().to_owned();
    for arguments in [
        &["person", "list", "Zaraza"][..],
        &["run", "show", "Zaraza"],
        &["source", "add", "zaraza-2", "--input", "people=/nowhere/Zaraza.ldif"],
        &["source", "check", "zaraza-2"],
        &["source", "sync", "zaraza-2"],
        &["source", "sync", "siege", "--dry-run"],
        &["plugin", "list"],
    ] {
        server.cli(arguments);
    }
    assert_eq!(id.len(), 36);
    // a directory that is half wrong, in both formats
    for (name, text) in [
        (
            "a.ldif",
            "dn: uid=z,dc=lilas\nobjectClass: person\nuid: zaraza\ncn: Zaraza\nmail: zaraza@lilas.example\njpegPhoto:: Wm9l\n\ndn: uid=o\nobjectClass: person\ncn:: ###\nuid: Ornithorynque\n\n",
        ),
        ("b.csv", "Nom;Prénom;Courriel\nZaraza;Ornithorynque;zaraza@lilas.example\n;;pas-une-adresse-zaraza\n"),
    ] {
        let file = server.folder().join(name);
        std::fs::write(&file, text).unwrap();
        let source = format!("src-{}", &name[..1]);
        server.cli(&["source", "add", &source, "--input", &format!("people={}", file.display())]);
        server.cli(&["source", "sync", &source]);
    }
    Metrics::of(server).await;
}

/// The console: guessing, the first run, every page, looking for somebody.
async fn inside(server: &Server, token: &str) {
    let browser = server.console();
    let at = |path: &str| format!("{}{path}", server.internal);
    let post = async |path: &str, form: &[(&str, &str)]| {
        browser.post(at(path)).header("origin", &server.internal).form(form).send().await.unwrap()
    };
    let first = |token: &'static str| {
        [("token", token), ("name", "Zaraza"), ("email", "zaraza@lilas.example"), ("password", "x")]
    };
    post("/first-run", &first("Zaraza")).await;
    let form =
        [("token", token), ("name", "Zaraza"), ("email", "zaraza@lilas.example"), ("password", "violet hortensia 47")];
    let entered = post("/first-run", &form).await;
    assert_eq!(entered.status(), 303);
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
    server.never_logs(&[&cookie]);
    for password in ["Ornithorynque", "violet hortensia 47"] {
        post("/sign-in", &[("email", "zaraza@lilas.example"), ("password", password), ("next", "/people?q=Zaraza")])
            .await;
    }
    let person = server.json(&["person", "list"])["people"][0]["id"].as_str().unwrap().to_owned();
    let lead = server.json(&["lead", "list"])["leads"][0]["id"].as_str().unwrap().to_owned();
    for path in [
        "/",
        "/people?q=Zaraza",
        "/sources",
        "/sources/siege",
        "/sources/new",
        "/leads",
        "/outbox",
        "/health/ready",
        "/Zaraza",
        &format!("/people/{person}"),
        &format!("/people/{person}/photo.jpg"),
        &format!("/leads/{lead}"),
        "/people/Zaraza",
    ] {
        browser.get(at(path)).send().await.unwrap();
    }
    let page = browser.get(at("/sources/siege")).send().await.unwrap().text().await.unwrap();
    let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    server.never_logs(&[&csrf]);
    assert_eq!(post("/sources/siege/plan", &[("csrf", &csrf)]).await.status(), 303);
    assert_eq!(post("/sources/siege/plan", &[("csrf", "Zaraza")]).await.status(), 403);
    post("/sources", &[("csrf", &csrf), ("name", "Zaraza!"), ("file", "/Zaraza")]).await;
    server.client().get(at("/people?q=Zaraza")).send().await.unwrap();
}

/// Speaks to the public listener without caring for HTTP.
fn raw(server: &Server, text: &str) {
    let address = server.public.trim_start_matches("https://").to_owned();
    let mut client = std::process::Command::new("openssl");
    client.args(["s_client", "-quiet", "-connect", &address, "-servername", "localhost"]);
    client.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut client = estampe_tests::Process::start(&mut client);
    std::io::Write::write_all(client.0.stdin.as_mut().unwrap(), text.as_bytes()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_names_anybody_however_closely_one_looks() {
    let mail = MailCatcher::start_refusing(1, "550 5.1.1 zaraza@lilas.example is unknown here");
    let extra = format!("{}[log]\nlevel = \"trace\"\n", mail.configuration());
    let server = Server::importing_sample(Options { extra, ..Options::default() }).await;
    walk(&server, &mail).await;
    let log = server.log();
    for told in
        ["a request was answered", "a mail was handed over", "a mail was given up", "request.route=/c/{public_id}"]
    {
        assert!(log.contains(told), "{told:?} is not in {log}");
    }
    // the log is searched when the server goes
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_flat_json_for_whoever_collects_them() {
    let mail = MailCatcher::start();
    let extra = format!("{}[log]\nlevel = \"debug\"\nformat = \"json\"\n", mail.configuration());
    let mut server = Server::importing_sample(Options { extra, ..Options::default() }).await;
    walk(&server, &mail).await;
    server.stop();
    let log = server.log();
    let mut with_id = 0;
    for line in log.lines() {
        let Ok(Value::Object(fields)) = serde_json::from_str(line) else { panic!("no object: {line}") };
        let time = fields["timestamp"].as_str().unwrap();
        assert!(time.len() == 27 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{line}");
        assert!(["ERROR", "WARN", "INFO", "DEBUG"].contains(&fields["level"].as_str().unwrap()), "{line}");
        assert!(fields["target"].is_string() && !fields["message"].as_str().unwrap().is_empty(), "{line}");
        assert!(fields.values().all(|value| !value.is_object() && !value.is_array()), "flat: {line}");
        for name in fields.keys().filter(|name| !["timestamp", "level", "target", "message"].contains(&name.as_str())) {
            assert!(!fields["target"].as_str().unwrap().starts_with("estampe") || name.contains('.'), "dotted: {line}");
            assert_eq!(line.matches(&format!("\"{name}\":")).count(), 1, "once: {line}");
        }
        with_id += usize::from(fields.contains_key("request.id"));
    }
    assert!(with_id > 50, "{with_id} lines of requests");
}

on_both! {
    async fn what_a_run_writes_belongs_to_the_request_that_caused_it(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let of = |operation: &str| {
            server.sql(&format!("SELECT DISTINCT request_id FROM audit_event WHERE operation = '{operation}'"))
        };
        let asked = of("run.start");
        assert_eq!(asked.len(), 1, "one run was asked for");
        for operation in ["person.create", "run.apply"] {
            assert_eq!(of(operation), asked, "{operation}");
        }
    }
}
