//! What is reached by the network: the mail server, and our own listeners.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use estampe_adapters::SmtpMailer;
use estampe_domain::mail::{MailFault, ServerFault};

use super::running::Running;
use super::{Report, Service};
use crate::config::CheckedSettings;

/// An answer of our own listener.
const ANSWER: Duration = Duration::from_secs(10);

/// Goes the whole way to the mail server, without a mail.
pub async fn smtp(settings: &CheckedSettings, report: &mut Report) {
    const CHECK: &str = "mail server";
    let Some(smtp) = &settings.smtp else {
        return report.warn(CHECK, "none is configured: mails wait in the outbox", "set [smtp] host");
    };
    let mailer = match SmtpMailer::new(smtp) {
        Ok(mailer) => mailer,
        Err(error) => return report.fail(CHECK, error, "mend [smtp]"),
    };
    let server = format!("{}:{}", smtp.host, smtp.port);
    let examined = mailer.examine().await;
    let passed = examined.passed.join(", ");
    let Some(failure) = examined.failed else {
        return report.ok(CHECK, format!("{server}: {passed}; no mail was sent"));
    };
    let reached = if passed.is_empty() { String::new() } else { format!(" (after: {passed})") };
    let advice = match failure.fault {
        MailFault::Server(ServerFault::Name) => "look at smtp.host and at the name service of this machine",
        MailFault::Server(ServerFault::Connection) => "look at smtp.host, smtp.port, the firewall, and that server",
        MailFault::Server(ServerFault::Silent) => {
            "something takes connections and does not answer: look at that server"
        }
        MailFault::Server(ServerFault::Tls) => "name its CA in smtp.ca_file, or mend its certificate",
        MailFault::Server(ServerFault::SignIn) => "look at smtp.username and smtp.password_file",
        _ => "look at that server's log",
    };
    report.fail(CHECK, format!("{server}: {failure}{reached}"), advice);
}

/// Whether the listeners answer.
pub async fn listeners(settings: &CheckedSettings, service: &Service, running: Option<&Running>, report: &mut Report) {
    const CHECK: &str = "listeners";
    if !matches!(service, Service::Running(_)) {
        return report.skip(CHECK, "nobody listens while the service is stopped");
    }
    // whether the certificate fits is another check
    let client = reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(ANSWER)
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => return report.skip(CHECK, format!("no client: {error}")),
    };
    let (mut answer, mut silent) = (Vec::new(), Vec::new());
    for (key, address, path) in
        [("listen.public", settings.public, "/"), ("listen.internal", settings.internal, "/health/ready")]
    {
        // a socket that was handed over has an address of its own
        let address = running.and_then(|running| running.address(key)).unwrap_or(address);
        let here = reachable(address);
        match client.get(format!("https://{here}{path}")).send().await {
            Ok(reply) if path == "/health/ready" && reply.status().is_server_error() => {
                silent.push(format!("{key} {address} says that it is not ready"));
            }
            Ok(_) => answer.push(format!("{key} {address}")),
            Err(error) => {
                let why = if error.is_timeout() { "no answer in time" } else { "no connection" };
                silent.push(format!("{key} {address}: {why}"));
            }
        }
    }
    if silent.is_empty() {
        report.ok(CHECK, format!("answering: {}", answer.join(", ")));
    } else {
        report.fail(CHECK, silent.join("; "), "look at the service's log; does another program hold the port?");
    }
}

/// Where something that listens everywhere is reached from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
