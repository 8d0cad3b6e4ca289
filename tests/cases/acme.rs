//! Certificates from a real ACME server (Pebble), which finds us through a DNS server of
//! the test (pebble-challtestsrv).

use std::process::{Command, Stdio};

use estampe_tests::{Authority, Process, Server, free_ports, until};
use serde_json::json;

use crate::tls::{served, warnings};

const NAME: &str = "cards.estampe.test";
const OTHER: &str = "cartes.estampe.test";

/// Pebble and its DNS, in a folder of their own.
struct Pebble {
    _processes: [Process; 2],
    folder: tempfile::TempDir,
    directory: String,
    dns: String,
}

impl Pebble {
    /// Starts it: it asks for challenges on this port and signs for so many seconds.
    async fn start(http_port: u16, lifetime: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (authority, root) = Authority::new();
        let (certificate, key) = authority.leaf(&["localhost", "127.0.0.1"], (1, 30));
        for (name, content) in [("ca.pem", &root), ("cert.pem", &certificate), ("key.pem", &key)] {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let ((port, dns_port), (dns_management, _)) = (free_ports(), free_ports());
        let configuration = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": "",
            "certificate": folder.path().join("cert.pem"),
            "privateKey": folder.path().join("key.pem"),
            "httpPort": http_port,
            "tlsPort": 1,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "certificateValidityPeriod": lifetime,
        }});
        std::fs::write(folder.path().join("pebble.json"), configuration.to_string()).unwrap();
        let quiet = |program: &str| {
            let mut command = Command::new(program);
            command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let dns = Process::start(quiet("pebble-challtestsrv").args([
            &format!("-dns01=127.0.0.1:{dns_port}"),
            &format!("-management=127.0.0.1:{dns_management}"),
            "-defaultIPv4=127.0.0.1",
            "-defaultIPv6=",
            "-http01=",
            "-https01=",
            "-tlsalpn01=",
        ]));
        let pebble = Process::start(
            quiet("pebble")
                .args(["-config", "pebble.json", "-strict", "-dnsserver", &format!("127.0.0.1:{dns_port}")])
                .env("PEBBLE_VA_NOSLEEP", "1")
                // each order has to be proved
                .env("PEBBLE_AUTHZREUSE", "0"),
        );
        let directory = format!("https://localhost:{port}/dir");
        until("Pebble", 30, async || std::net::TcpStream::connect(("127.0.0.1", port)).ok()).await;
        until("its DNS", 30, async || std::net::TcpStream::connect(("127.0.0.1", dns_management)).ok()).await;
        Self { _processes: [dns, pebble], folder, directory, dns: format!("http://127.0.0.1:{dns_management}") }
    }

    /// From now on every name leads to this address.
    async fn lead_to(&self, address: &str) {
        let body = json!({"ip": address}).to_string();
        let answer = reqwest::Client::new().post(format!("{}/set-default-ipv4", self.dns)).body(body).send().await;
        assert!(answer.unwrap().status().is_success());
    }

    fn configuration(&self, server: &Server, http_port: u16) -> String {
        let port = server.public.rsplit_once(':').unwrap().1;
        format!(
            "[public]\norigin = \"https://{NAME}:{port}\"\n[listen]\nhttp = \"127.0.0.1:{http_port}\"\n\
             [tls]\nnames = [\"localhost\", \"{OTHER}\"]\n\
             [acme]\ndirectory = \"{}\"\nca_file = {:?}\ncontact = \"it@estampe.test\"\nagree_to_terms = true\n",
            self.directory,
            self.folder.path().join("ca.pem"),
        )
    }
}

/// A server whose public origin is a name, with an ACME server that signs for so long.
async fn with_pebble(lifetime: u64, address: &str) -> (Server, Pebble) {
    let mut server = Server::start_default().await;
    let (http_port, _) = free_ports();
    let pebble = Pebble::start(http_port, lifetime).await;
    pebble.lead_to(address).await;
    server.configure_more(&pebble.configuration(&server, http_port));
    server.stop();
    assert_eq!(server.cli(&["ca", "--renew"]).code, 0);
    server.start_again().await;
    (server, pebble)
}

/// The certificates of the data folder, read by OpenSSL: issuer and names.
fn described(server: &Server) -> String {
    let file = server.data().join("tls/acme/certificate.pem");
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-noout", "-issuer", "-ext", "subjectAltName", "-in"]).arg(file);
    String::from_utf8(openssl.output().unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_ordered_served_and_renewed_and_failures_keep_the_former() {
    let (server, pebble) = with_pebble(30, "127.0.0.1").await;
    let local = served(&server.internal, "localhost");
    let first = until("a certificate of Pebble", 60, async || {
        let now = served(&server.public, NAME);
        (now != local).then_some(now)
    })
    .await;
    let text = described(&server);
    assert!(text.contains("Pebble Intermediate CA"), "{text}");
    assert!(text.contains(&format!("DNS:{NAME}")) && text.contains(&format!("DNS:{OTHER}")), "{text}");
    assert!(!text.contains("localhost"), "{text}");
    assert_eq!(served(&server.public, OTHER), served(&server.public, NAME));
    // everything else is as before: the internal listener, and names that ACME knows nothing of
    assert_eq!(served(&server.internal, NAME), local);
    assert_eq!(served(&server.public, "localhost"), local);
    for file in ["certificate.pem", "account.json"] {
        let meta = std::fs::metadata(server.data().join("tls/acme").join(file)).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777, 0o600, "{file}");
    }
    let account = std::fs::read_to_string(server.data().join("tls/acme/account.json")).unwrap();
    until("a renewed certificate", 60, async || (served(&server.public, NAME) != first).then_some(())).await;
    assert!(warnings(&server).await.is_empty());
    assert_eq!(std::fs::read_to_string(server.data().join("tls/acme/account.json")).unwrap(), account);
    // nobody answers at that address: the next renewal fails
    pebble.lead_to("127.0.0.2").await;
    until("a warning", 60, async || (warnings(&server).await == ["acme_failing"]).then_some(())).await;
    let log = server.log();
    let line = log.lines().find(|line| line.contains("no certificate from the ACME server")).unwrap();
    for part in [NAME, "the former one is served", "port 80", "127.0.0.2", "acme.retry_in_seconds=300"] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    let kept = served(&server.public, NAME);
    assert_ne!(kept, local);
    // and when somebody has mended it and says so, it is tried at once
    pebble.lead_to("127.0.0.1").await;
    server.hang_up();
    until("a certificate after the failure", 60, async || (served(&server.public, NAME) != kept).then_some(())).await;
    until("the warning goes", 30, async || warnings(&server).await.is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_first_certificate_the_service_starts_with_its_own() {
    let (mut server, pebble) = with_pebble(86_400, "127.0.0.2").await;
    until("a failure", 60, async || server.log().contains("no certificate from the ACME server").then_some(())).await;
    assert_eq!(warnings(&server).await, ["acme_no_certificate"]);
    let local = served(&server.internal, "localhost");
    assert_eq!(served(&server.public, NAME), local);
    assert!(server.log().contains("the listener's own one is served"), "{}", server.log());
    pebble.lead_to("127.0.0.1").await;
    server.hang_up();
    let signed = until("a certificate", 60, async || {
        let now = served(&server.public, NAME);
        (now != local).then_some(now)
    })
    .await;
    // a restart takes up what is there and orders nothing
    let ordered = || server.log().matches("ordering a certificate").count();
    let before = ordered();
    server.stop();
    server.start_again().await;
    assert_eq!(served(&server.public, NAME), signed);
    let status = server.json(&["check-config"])["certificates"][1].clone();
    assert_eq!((status["source"].clone(), status["fingerprint"].clone()), (json!("acme"), json!(signed)));
    assert_eq!(server.log().matches("ordering a certificate").count(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_acme_needs_is_asked_for() {
    let server = Server::start_default().await;
    let acme = "[acme]\ndirectory = \"https://acme.example/dir\"\n";
    let agreed = format!("{acme}agree_to_terms = true\n");
    let named = "[public]\norigin = \"https://cards.example.com\"\n";
    for (more, said) in [
        (format!("{named}{acme}"), "acme.agree_to_terms"),
        (format!("{named}{agreed}"), "listen.http is empty"),
        (format!("[listen]\nhttp = \"127.0.0.1:8080\"\n{agreed}"), "it can reach"),
        (
            format!("{named}[tls]\nnames = [\"*.example.com\"]\n[listen]\nhttp = \"127.0.0.1:8080\"\n{agreed}"),
            "cannot be proved",
        ),
        ("[acme]\ndirectory = \"letsencrypt\"\n".to_owned(), "acme.directory"),
        ("[acme]\ncontact = \"it@example.com\"\n".to_owned(), "acme.directory is empty"),
    ] {
        server.configure_more(&more);
        let refused = server.cli(&["check-config"]);
        assert!(refused.code == 1 && refused.stderr.contains(said), "{said}: {refused:?}");
    }
}
