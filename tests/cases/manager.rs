//! The service manager's side: sockets handed over, what it is told, and a configuration that is
//! read anew. The manager's own programs play it.

use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use estampe_tests::{Metrics, Server, binary, free_ports, until};

use crate::hostile::administrator;

/// What the service says to this socket until `word` is among it.
async fn told(socket: &UnixDatagram, word: &str) -> String {
    until(word, 30, async || {
        let mut octets = [0_u8; 4096];
        let length = socket.recv(&mut octets).ok()?;
        let text = String::from_utf8(octets[..length].to_vec()).unwrap();
        text.lines().any(|line| line == word).then_some(text)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_told_and_its_sockets_are_taken() {
    let mut server = Server::start_default().await;
    server.stop();
    // nobody says under which address cards are found
    let base = std::fs::read_to_string(server.folder().join("base.toml")).unwrap();
    let origin = format!("[public]\norigin = {:?}\n", server.public);
    assert!(base.contains(&origin));
    std::fs::write(server.config(), base.replace(&origin, "")).unwrap();
    let address = server.folder().join("notify");
    let socket = UnixDatagram::bind(&address).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let (port, _) = free_ports();
    let mut activate = Command::new("systemd-socket-activate");
    activate.args(["--listen", &format!("127.0.0.1:{port}"), "--fdname", "public"]);
    activate.arg("--setenv").arg(format!("NOTIFY_SOCKET={}", address.display()));
    activate.args(["--setenv", "WATCHDOG_USEC=1500000"]);
    activate.arg(binary()).arg("--config").arg(server.config()).arg("serve");
    let mut process = activate.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // it starts the service when somebody comes, who is not sent away
    let card = server.client().get(format!("https://localhost:{port}/c/none"));
    let (answered, ready) = tokio::join!(card.send(), told(&socket, "READY=1"));
    assert_eq!(answered.unwrap().status(), 404);
    assert!(ready.contains("STATUS="), "{ready}");
    told(&socket, "WATCHDOG=1").await;
    // nobody listens where the configuration says, and that is well; links lead to where somebody does
    let output = server.cli(&["--json", "doctor"]);
    let findings: Vec<serde_json::Value> = serde_json::from_str(&output.stdout).unwrap();
    let of = |check: &str| findings.iter().find(|finding| finding["check"] == check).unwrap();
    let listeners = of("listeners");
    assert!(
        listeners["status"] == "ok" && listeners["found"].as_str().unwrap().contains(&port.to_string()),
        "{listeners}"
    );
    assert!(of("house")["found"].as_str().unwrap().contains(&format!("https://localhost:{port}")), "{}", of("house"));
    let id = process.id();
    let send = |signal: &str| Command::new("kill").args([signal, &id.to_string()]).status().unwrap();
    send("-HUP");
    let reloading = told(&socket, "RELOADING=1").await;
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    told(&socket, "READY=1").await;
    send("-TERM");
    told(&socket, "STOPPING=1").await;
    assert!(process.wait().unwrap().success());

    let mut unknown = Command::new("systemd-socket-activate");
    unknown.args(["--listen", &format!("127.0.0.1:{port}"), "--fdname", "pubic"]);
    unknown.arg(binary()).arg("--config").arg(server.config()).arg("serve");
    let refused = unknown.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let knocked = until("somebody comes", 10, async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
    let output = refused.wait_with_output().unwrap();
    drop(knocked);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("\"pubic\"") && said.contains("public, internal, http"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_read_anew_applies_at_once_or_says_what_waits() {
    let server = Server::start_default().await;
    let reload = async |more: &str, said: &str| {
        server.configure_more(more);
        let before = server.log().matches(said).count();
        server.hang_up();
        until(said, 20, async || (server.log().matches(said).count() > before).then_some(())).await;
    };
    reload("[limits]\nleads_per_minute = 30\nrequests_per_minute = 2\n", "the configuration was read anew").await;
    assert!(server.log().contains("limits.requests_per_minute"), "{}", server.log());
    let ask = async || server.client().get(format!("{}/c/none", server.public)).send().await.unwrap().status();
    let limited = async || {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(ask().await.as_u16());
        }
        assert!(statuses.contains(&429), "{statuses:?}");
    };
    limited().await;
    // wrong: nothing changes, and whoever watches is told
    let console = administrator(&server).await;
    let watched = async || {
        let ready = server.client().get(format!("{}/health/ready", server.internal)).send().await.unwrap();
        assert_eq!(ready.status(), 200, "it goes on");
        let home = console.get(&server.internal).send().await.unwrap().text().await.unwrap();
        let figure = Metrics::of(&server).await.sum("estampe_configuration_refused", &[]);
        (ready.text().await.unwrap().contains("configuration_refused"), home.contains("check-config"), figure > 0.0)
    };
    assert_eq!(watched().await, (false, false, false));
    reload("[limits]\nrequests_per_minute = \"many\"\n", "what applied before still does").await;
    limited().await;
    assert_eq!(watched().await, (true, true, true));
    // mended, and not read anew yet
    server.configure_more("");
    let said = server.cli(&["doctor"]).stdout;
    assert!(said.contains("refused it") && said.contains("systemctl reload"), "{said}");
    // taken back, and something else that has to wait
    reload("organisation = \"Another house\"\n", "apply after a restart").await;
    assert!(server.log().lines().any(|line| line.contains("apply after a restart") && line.contains("organisation")));
    assert_eq!(ask().await, 404);
    assert_eq!(watched().await, (false, false, false));
    assert!(!server.cli(&["doctor"]).stdout.contains("refused it"));
    // what is logged changes, too: errors alone from then on
    reload("[log]\nlevel = \"error\"\n", "the configuration was read anew").await;
    let wrong = "[log]\nlevel = 7\n";
    reload(wrong, "what applied before still does").await;
    let told = server.log().matches(" INFO ").count();
    reload(wrong, "what applied before still does").await;
    assert_eq!(server.log().matches(" INFO ").count(), told, "{}", server.log());
}
