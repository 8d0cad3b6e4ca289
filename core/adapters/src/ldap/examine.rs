//! Looks at each server of a source by itself: a run uses the first one that answers, and
//! nobody would notice that the second is broken until it is needed.

use std::sync::Arc;

use estampe_domain::ldap::LdapAccess;
use estampe_domain::ldap::examine::{ServerReport, Step, StepFailed};
use estampe_domain::plugin::{FailKind, PluginFailure};
use rustls::ClientConfig;

use super::server::{self, Protection, Server};
use super::{Connection, ready};

/// The servers in their order. The account is tried until a server refuses it: directories
/// lock accounts after a few wrong passwords.
pub(super) async fn servers(access: &LdapAccess) -> Result<Vec<ServerReport>, PluginFailure> {
    let (servers, tls) = ready(access).await?;
    let credentials = server::credentials(&access.bind)?;
    let mut reports = Vec::new();
    let mut refused = false;
    for server in servers {
        let (mut report, connection) = reach(&server, tls.as_ref(), access).await;
        if let Some(mut connection) = connection {
            if refused {
                report.passed.push("not bound: a server refused the account already".to_owned());
            } else {
                match connection.bind(&credentials).await {
                    Ok(()) => report
                        .passed
                        .push(if credentials.are_nobodys() { "bound anonymously" } else { "bound" }.to_owned()),
                    Err(failure) => {
                        refused = failure.kind == FailKind::Auth;
                        // the report names the server already
                        let why = failure.message.strip_prefix(&report.server).unwrap_or(&failure.message);
                        let why = why.trim_start_matches([':', ' ']).to_owned();
                        report.failed = Some(StepFailed { step: Step::Bind, why });
                    }
                }
            }
        }
        reports.push(report);
    }
    Ok(reports)
}

async fn reach(
    server: &Server,
    tls: Option<&Arc<ClientConfig>>,
    access: &LdapAccess,
) -> (ServerReport, Option<Connection>) {
    let mut report =
        ServerReport { server: server.name.clone(), passed: Vec::new(), certificate_until: None, failed: None };
    let secured = match server.protection {
        Protection::Tls => Some("TLS with a trusted certificate"),
        Protection::StartTls => Some("StartTLS with a trusted certificate"),
        Protection::None => None,
    };
    match Connection::open(server, tls, access).await {
        Ok((connection, certificate_until)) => {
            report.passed.push("connected".to_owned());
            report.passed.extend(secured.map(str::to_owned));
            report.certificate_until = certificate_until;
            (report, Some(connection))
        }
        Err(shut) => {
            if shut.step == Step::Tls {
                report.passed.push("connected".to_owned());
            }
            report.failed = Some(StepFailed { step: shut.step, why: shut.why });
            (report, None)
        }
    }
}
