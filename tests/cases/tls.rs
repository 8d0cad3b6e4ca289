//! Certificates: what is offered, whom the local authority may sign for, what a changed
//! file does while the listeners run, and what is said in clear.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use estampe_tests::{Authority, Offer, Server, UNLIMITED, fingerprint, free_ports, shake_hands, until};
use rustls::NamedGroup;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs::kx_group;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::{Value, json};

pub(crate) fn address(origin: &str) -> String {
    origin.trim_start_matches("https://").replace("localhost", "127.0.0.1")
}

/// The fingerprint of what a listener serves for this name.
pub(crate) fn served(origin: &str, name: &str) -> String {
    fingerprint(&shake_hands(&address(origin), name, Offer::default()).leaf)
}

pub(crate) async fn warnings(server: &Server) -> Vec<String> {
    let answer = server.client().get(format!("{}/health/ready", server.internal)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "a warning is no failure");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["ready"], true);
    body["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn post_quantum_key_exchange_is_offered_and_preferred() {
    let server = Server::start_default().await;
    for origin in [&server.public, &server.internal] {
        let group = |groups| shake_hands(&address(origin), "localhost", Offer { groups }).group;
        assert_eq!(group(vec![kx_group::X25519MLKEM768]), NamedGroup::X25519MLKEM768);
        assert_eq!(group(vec![kx_group::X25519MLKEM768, kx_group::X25519]), NamedGroup::X25519MLKEM768);
        // who knows nothing of it comes in all the same
        assert_eq!(group(vec![kx_group::SECP256R1]), NamedGroup::secp256r1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_1_2_is_a_choice_and_means_ecdhe_with_aead() {
    let mut server = Server::start_default().await;
    server.configure("[tls]\nmin_version = \"1.2\"\n");
    server.stop();
    server.start_again().await;
    let accepted = |arguments: &[&str]| {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", &address(&server.public), "-servername", "localhost"]);
        client.arg("-CAfile").arg(server.data().join("tls/ca.pem")).arg("-verify_return_error").args(arguments);
        client.stdin(Stdio::null()).output().unwrap().status.success()
    };
    for (arguments, wanted) in [
        (&["-tls1_3"][..], true),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], true),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], true),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"], false),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"], false),
        (&["-tls1_2", "-cipher", "AES128-GCM-SHA256"], false),
        (&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], false),
    ] {
        assert_eq!(accepted(arguments), wanted, "{arguments:?}");
    }
    server.configure("[tls]\nmin_version = \"1.1\"\n");
    let refused = server.cli(&["check-config"]);
    assert!(refused.code == 1 && refused.stderr.contains("tls.min_version"), "{refused:?}");
}

/// Whether rustls and OpenSSL take this certificate for this name, trusting this root.
fn verdicts(root: &Path, folder: &Path, leaf: &str, name: &str) -> (bool, bool) {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root).unwrap()).unwrap();
    let verifier = WebPkiServerVerifier::builder(Arc::new(roots)).build().unwrap();
    let der = CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap();
    let asked = ServerName::try_from(name.to_owned()).unwrap();
    let rustls = verifier.verify_server_cert(&der, &[], &asked, &[], UnixTime::now()).is_ok();
    let file = folder.join("verified.pem");
    std::fs::write(&file, leaf).unwrap();
    let kind = if name.parse::<std::net::IpAddr>().is_ok() { "-verify_ip" } else { "-verify_hostname" };
    let mut openssl = Command::new("openssl");
    openssl.args(["verify", "-purpose", "sslserver", "-x509_strict", kind, name, "-CAfile"]).arg(root).arg(&file);
    (rustls, openssl.output().unwrap().status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_authority_can_sign_for_the_configured_names_alone() {
    let server = Server::start_default().await;
    let root = server.data().join("tls/ca.pem");
    let own = std::fs::read_to_string(server.data().join("tls/leaf.pem")).unwrap();
    for name in ["localhost", "127.0.0.1", "::1"] {
        assert_eq!(verdicts(&root, server.folder(), &own, name), (true, true), "{name}");
    }
    // somebody has taken the authority's key
    let thief = Authority::stolen(&server.data());
    for (name, taken) in [
        ("localhost", true),
        ("below.localhost", true),
        ("intranet.example.com", false),
        ("notlocalhost", false),
        ("192.0.2.7", false),
        ("2001:db8::7", false),
    ] {
        let (leaf, _) = thief.leaf(&[name], (1, 30));
        assert_eq!(verdicts(&root, server.folder(), &leaf, name), (taken, taken), "{name}");
    }
    let text = Command::new("openssl").args(["x509", "-noout", "-text", "-in"]).arg(&root).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("X509v3 Name Constraints: critical"), "{text}");
    // where everything is an address, no host name at all
    server.configure_more(
        "[tls]\nnames = []\n[public]\norigin = \"https://192.0.2.7\"\n[internal]\norigin = \"https://192.0.2.7:9443\"\n",
    );
    assert_eq!(server.cli(&["ca", "--renew"]).code, 0);
    let thief = Authority::stolen(&server.data());
    for (name, taken) in [("192.0.2.7", true), ("192.0.2.8", false), ("intranet.example.com", false)] {
        let (leaf, _) = thief.leaf(&[name], (1, 30));
        assert_eq!(verdicts(&root, server.folder(), &leaf, name), (taken, taken), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_the_authority_may_not_sign_for_ask_for_a_new_one() {
    let mut server = Server::start_default().await;
    let former = server.json(&["ca"])["fingerprint_sha256"].as_str().unwrap().to_owned();
    let more = "[tls]\nnames = [\"localhost\", \"cards.example.com\"]\n";
    server.configure(more);
    server.stop();
    for command in ["check-config", "serve"] {
        let refused = server.cli(&[command]);
        assert_eq!(refused.code, 1, "{command}");
        for part in ["cards.example.com", "localhost", "estampe ca --renew", "every device"] {
            assert!(refused.stderr.contains(part), "{command}: {part} is not in {}", refused.stderr);
        }
    }
    // a service that runs with the former names takes up the new authority as well
    server.configure("");
    server.start_again().await;
    server.configure(more);
    let renewed = server.cli(&["ca", "--renew"]);
    assert_eq!(renewed.code, 0, "{renewed:?}");
    assert!(renewed.stderr.contains("Every device") && renewed.stderr.contains("cards.example.com"), "{renewed:?}");
    let new = server.json(&["ca"])["fingerprint_sha256"].as_str().unwrap().to_owned();
    assert_ne!(new, former);
    assert!(renewed.stdout.contains(&new), "{renewed:?}");
    let (data, public) = (server.data(), server.public.clone());
    until("the new authority is served", 30, async || {
        // a client that trusts the new one alone
        let answer = server.client().get(format!("{public}/ca.pem")).send().await.ok()?.text().await.ok()?;
        (answer == std::fs::read_to_string(data.join("tls/ca.pem")).unwrap()).then_some(())
    })
    .await;
    assert_eq!(server.cli(&["check-config"]).code, 0);
    server.stop();
    server.start_again().await;
    let leaf = std::fs::read_to_string(server.data().join("tls/leaf.pem")).unwrap();
    let root = server.data().join("tls/ca.pem");
    assert_eq!(verdicts(&root, server.folder(), &leaf, "cards.example.com"), (true, true));
    server.configure("[tls]\nnames = [\"no such name\"]\n");
    let refused = server.cli(&["check-config"]);
    assert!(refused.code == 1 && refused.stderr.contains("tls.names: \"no such name\""), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_certificate_that_is_late_is_renewed_while_it_is_served() {
    let server = Server::start_default().await;
    let first = served(&server.public, "localhost");
    let (late, key) = Authority::stolen(&server.data()).leaf(&["localhost", "127.0.0.1", "::1"], (60, 20));
    let folder = server.data().join("tls");
    let tell = fingerprint(&CertificateDer::from_pem_slice(late.as_bytes()).unwrap());
    std::fs::write(folder.join("leaf.key"), key).unwrap();
    std::fs::write(folder.join("leaf.pem"), late).unwrap();
    let second = until("another certificate", 30, async || {
        let now = served(&server.public, "localhost");
        (now != first).then_some(now)
    })
    .await;
    assert_ne!(second, tell, "the late one was taken");
    let on_disk = CertificateDer::from_pem_file(folder.join("leaf.pem")).unwrap();
    assert_eq!(second, fingerprint(&on_disk));
    assert_eq!(second, served(&server.internal, "localhost"));
    assert!(warnings(&server).await.is_empty());
}

/// A server with certificate files of its own, signed by its local authority, which the
/// harness trusts.
async fn with_files() -> (Server, Authority, (String, String)) {
    let mut server = Server::start_default().await;
    let authority = Authority::stolen(&server.data());
    let pair = authority.leaf(&["localhost", "127.0.0.1"], (1, 30));
    put(&server, &pair);
    let file = |name: &str| server.folder().join(name);
    let files = format!("[tls]\ncertificate_file = {:?}\nkey_file = {:?}\n", file("own.pem"), file("own.key"));
    server.configure(&(files + UNLIMITED));
    server.stop();
    server.start_again().await;
    (server, authority, pair)
}

/// Puts both files into place, each whole, one after the other.
fn put(server: &Server, (certificate, key): &(String, String)) {
    for (name, content) in [("own.key", key), ("own.pem", certificate)] {
        let new = server.folder().join(format!("{name}.new"));
        std::fs::write(&new, content).unwrap();
        std::fs::rename(new, server.folder().join(name)).unwrap();
    }
}

fn print_of(pem: &str) -> String {
    fingerprint(&CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_taken_up_and_a_bad_one_changes_nothing() {
    let (server, authority, first) = with_files().await;
    let names: &[&str] = &["localhost", "127.0.0.1"];
    assert_eq!(served(&server.public, "localhost"), print_of(&first.0));
    // without a signal, by looking
    let second = authority.leaf(names, (1, 20));
    put(&server, &second);
    let taken = async |pair: &(String, String)| {
        until("the new certificate", 30, async || {
            (served(&server.public, "localhost") == print_of(&pair.0)).then_some(())
        })
        .await;
    };
    taken(&second).await;
    assert_eq!(served(&server.internal, "localhost"), print_of(&second.0));
    let other = authority.leaf(names, (1, 20));
    let half = &other.0[..other.0.len() / 2];
    for (bad, said) in [
        ((half.to_owned(), other.1.clone()), "own.pem"),
        ((String::new(), other.1.clone()), "there is no certificate"),
        ((other.0.clone(), second.1.clone()), "the key is not the one of the certificate"),
        ((other.0.clone(), "nothing".to_owned()), "own.key"),
        (authority.leaf(names, (30, -1)), "the certificate ended on"),
        (authority.leaf(names, (-3, 30)), "the certificate begins on"),
        (authority.authority(names), "CA:TRUE"),
    ] {
        let before = server.log().len();
        put(&server, &bad);
        server.hang_up();
        until(said, 30, async || server.log()[before..].contains(said).then_some(())).await;
        assert_eq!(warnings(&server).await, ["certificate_not_reloaded"], "{said}");
        assert_eq!(served(&server.public, "localhost"), print_of(&second.0), "{said}");
        if said != "the certificate ended on" && said != "the certificate begins on" {
            let refused = server.cli(&["check-config"]);
            assert!(refused.code == 1 && refused.stderr.contains(said), "{refused:?}");
        }
    }
    put(&server, &other);
    taken(&other).await;
    until("the warning goes", 30, async || warnings(&server).await.is_empty().then_some(())).await;
    // what ends soon is ours to say, not ours to mend
    let ending = authority.leaf(names, (1, 3));
    put(&server, &ending);
    taken(&ending).await;
    until("a warning", 30, async || (warnings(&server).await == ["certificate_ends_soon"]).then_some(())).await;
    let certificate = server.json(&["check-config"])["certificates"][0].clone();
    assert_eq!(certificate["source"], "files");
    assert_eq!(certificate["fingerprint"], print_of(&ending.0));
    assert_eq!(certificate["names"], json!(["localhost", "127.0.0.1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_requests_outlive_continuous_reloads() {
    const REQUESTS: u32 = 10_000;
    let (server, authority, first) = with_files().await;
    let second = authority.leaf(&["localhost", "127.0.0.1"], (1, 30));
    let url = format!("{}/static/0/mark.svg", server.public);
    let asked = Arc::new(AtomicU32::new(0));
    let prints = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let mut visitors = Vec::new();
    for visitor in 0..8 {
        let keeps = visitor % 4 != 0;
        let (url, asked, prints) = (url.clone(), Arc::clone(&asked), Arc::clone(&prints));
        let pem = std::fs::read(server.data().join("tls/ca.pem")).unwrap();
        visitors.push(tokio::spawn(async move {
            let fresh = || {
                reqwest::Client::builder()
                    .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
                    .tls_info(true)
                    .timeout(Duration::from_mins(1))
                    .build()
                    .unwrap()
            };
            let mut client = fresh();
            let mut answered = 0_u32;
            while asked.fetch_add(1, Ordering::Relaxed) < REQUESTS {
                if !keeps {
                    // a new one has no connection and no ticket
                    client = fresh();
                }
                let answer = client.get(&url).send().await.unwrap_or_else(|e| panic!("{e:?}"));
                assert_eq!(answer.status(), 200);
                let tls = answer.extensions().get::<reqwest::tls::TlsInfo>().cloned();
                prints.lock().unwrap().insert(fingerprint(tls.unwrap().peer_certificate().unwrap()));
                assert!(answer.text().await.unwrap().contains("<svg"));
                answered += 1;
            }
            answered
        }));
    }
    let over = Arc::new(AtomicBool::new(false));
    let reloads = async {
        let mut reloads = 0;
        while !over.load(Ordering::Relaxed) {
            put(&server, if reloads % 2 == 0 { &second } else { &first });
            server.hang_up();
            reloads += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        reloads
    };
    let visits = async {
        let mut answered = 0;
        for visitor in visitors {
            answered += visitor.await.expect("no request was dropped");
        }
        over.store(true, Ordering::Relaxed);
        answered
    };
    let (reloads, answered) = tokio::join!(reloads, visits);
    assert_eq!(answered, REQUESTS);
    let seen = prints.lock().unwrap().clone();
    assert_eq!(seen, [print_of(&first.0), print_of(&second.0)].into_iter().collect(), "{reloads} reloads");
    let taken = server.log().matches("a new certificate is served from now on").count();
    assert!(taken >= 10, "{taken} of {reloads} reloads were taken up");
    println!("{answered} requests, {reloads} changes of the files, {taken} certificates taken up");
}

/// A server with the plain listener, and its address.
async fn with_plain() -> (Server, String) {
    let mut server = Server::start_default().await;
    let (port, _) = free_ports();
    server.configure_more(&format!("[listen]\nhttp = \"127.0.0.1:{port}\"\n"));
    server.stop();
    server.start_again().await;
    (server, format!("127.0.0.1:{port}"))
}

/// What a listener answers to these bytes.
fn plainly(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_leads_to_the_configured_origin_and_takes_nothing() {
    let (server, plain) = with_plain().await;
    let origin = &server.public;
    for (target, host, location) in [
        ("/c/abc?lang=fr", "localhost", format!("{origin}/c/abc?lang=fr")),
        ("/", "evil.example", format!("{origin}/")),
        ("//evil.example/c", "localhost", format!("{origin}//evil.example/c")),
        ("http://evil.example/c/abc", "evil.example", format!("{origin}/c/abc")),
        ("/health/ready", "localhost", format!("{origin}/health/ready")),
        ("/people", "localhost", format!("{origin}/people")),
    ] {
        for method in ["GET", "HEAD"] {
            let forwarded = "x-forwarded-host: evil.example\r\nforwarded: host=evil.example;proto=http";
            let answer = plainly(
                &plain,
                &format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\n{forwarded}\r\nconnection: close\r\n\r\n"),
            );
            let lower = answer.to_lowercase();
            assert!(answer.starts_with("HTTP/1.1 308 "), "{method} {target}: {answer}");
            assert!(lower.contains(&format!("\r\nlocation: {}\r\n", location.to_lowercase())), "{target}: {answer}");
            assert!(!lower.contains("strict-transport-security") && !lower.contains("set-cookie"), "{answer}");
            assert!(answer.ends_with("\r\n\r\n"), "a redirect has no body: {answer}");
        }
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let answer = plainly(
            &plain,
            &format!(
                "{method} /c/abc/leads HTTP/1.1\r\nhost: localhost\r\naccept-language: en\r\nconnection: close\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: 11\r\n\r\nname=Amelie"
            ),
        );
        assert!(answer.starts_with("HTTP/1.1 421 "), "{method}: {answer}");
        assert!(answer.contains("This address is not encrypted") && !answer.contains("Amelie"), "{answer}");
        assert!(!answer.to_lowercase().contains("\r\nlocation:"), "{answer}");
    }
    assert_eq!(server.json(&["lead", "list"])["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_is_handed_out_in_clear_with_its_fingerprint() {
    let (server, plain) = with_plain().await;
    let fingerprint = server.json(&["ca"])["fingerprint_sha256"].as_str().unwrap().to_owned();
    let get = async |path: &str| server.client().get(format!("http://{plain}{path}")).send().await.unwrap();
    let page = get("/ca?lang=fr").await;
    assert_eq!(page.status(), 200);
    assert!(!page.headers().contains_key("strict-transport-security"));
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(page.contains(&fingerprint) && page.contains("Certificat de la maison"), "{page}");
    // and looks like ours: its style comes from the same place
    let style = page.split("href=\"").find(|part| part.contains("app.css")).unwrap().split('"').next().unwrap();
    assert_eq!(get(style).await.status(), 200);
    let pem = get("/ca.pem").await.text().await.unwrap();
    assert_eq!(pem, std::fs::read_to_string(server.data().join("tls/ca.pem")).unwrap());
    assert_eq!(get("/.well-known/acme-challenge/unknown").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_listener_is_off_and_wants_a_port_of_its_own() {
    let server = Server::start_default().await;
    let taken = address(&server.public);
    server.configure_more(&format!("[listen]\nhttp = \"{taken}\"\n"));
    let refused = server.cli(&["check-config"]);
    assert!(refused.code == 1 && refused.stderr.contains("listen.http"), "{refused:?}");
    server.configure_more("[listen]\nhttp = \"8080\"\n");
    let refused = server.cli(&["check-config"]);
    assert!(refused.code == 1 && refused.stderr.contains("listen.http"), "{refused:?}");
}

/// Holds a server against one of Mozilla's profiles; what sslyze said.
fn sslyze(server: &Server, profile: &str, target: &str) -> (bool, String) {
    let program = std::env::var_os("ESTAMPE_TEST_SSLYZE")
        .expect("ESTAMPE_TEST_SSLYZE is not set: run the tests by `cargo xtask test`, which installs sslyze");
    let mut sslyze = Command::new(program);
    sslyze.arg(format!("--mozilla_config={profile}")).arg("--certinfo_ca_file").arg(server.data().join("tls/ca.pem"));
    let output = sslyze.arg(target.trim_start_matches("https://")).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn sslyze_finds_mozillas_profiles_kept() {
    let mut server = Server::start_default().await;
    for origin in [&server.public, &server.internal] {
        let (kept, said) = sslyze(&server, "modern", origin);
        assert!(kept && said.contains("OK - Compliant"), "{said}");
    }
    server.configure("[tls]\nmin_version = \"1.2\"\n");
    server.stop();
    server.start_again().await;
    let (kept, said) = sslyze(&server, "intermediate", &server.public);
    assert!(kept && said.contains("OK - Compliant"), "{said}");
    // it can say no
    let (kept, said) = sslyze(&server, "modern", &server.public);
    assert!(!kept && said.contains("FAILED - Not compliant"), "{said}");
}
