//! What `estampe doctor` asks of the sources that read a directory.

use std::time::Duration;

use estampe_domain::ldap::examine::{Examination, Step, Tried};
use estampe_domain::{Context, Error, Result, Right};

use crate::Service;

/// Time for looking at one source's servers, and for what its connector tries by itself.
const LIMIT: Duration = Duration::from_secs(25);

impl Service {
    /// Looks at the directory of a source, server by server, and lets its connector try what
    /// it needs; none for a source without one. Ends in time whatever the servers do.
    pub async fn examine_source(&self, ctx: &Context, name: &str) -> Result<Option<Examination>> {
        ctx.require(Right::SourcesChange)?;
        let source = self.source_named(ctx, name).await?;
        let failed = |step, why: String| Examination { servers: Vec::new(), tried: vec![Tried::failed(step, why)] };
        let silent = |who: &str| format!("{who} did not answer within {LIMIT:?}");
        let given = match self.given(&source, true).await {
            Ok(given) => given,
            Err(Error::Plugin(failure)) => return Ok(Some(failed(Step::Configuration, failure.message))),
            Err(error) => return Err(error),
        };
        let looking = self.ports.directory.examine(&source.connector, &given);
        let mut examination = match tokio::time::timeout(LIMIT, looking).await {
            Ok(Some(examination)) => examination,
            Ok(None) => return Ok(None),
            Err(_) => return Ok(Some(failed(Step::Connection, silent("the servers")))),
        };
        if !examination.servers.iter().any(|report| report.failed.is_none()) {
            // it would wait for the same servers
            return Ok(Some(examination));
        }
        let tried = match tokio::time::timeout(LIMIT, self.check_source(ctx, name)).await {
            Err(_) => vec![Tried::failed(Step::Connector, silent("the connector"))],
            Ok(Err(Error::Plugin(failure))) => vec![Tried::failed(Step::Connector, failure.message)],
            Ok(Err(error)) => return Err(error),
            Ok(Ok(probes)) => {
                let line = |name, detail| format!("{name}: {detail}");
                let probes = probes.into_iter().map(|probe| Tried {
                    step: Step::Connector,
                    passed: probe.passed,
                    found: line(probe.name, probe.detail),
                });
                probes.collect()
            }
        };
        examination.tried.extend(tried);
        Ok(Some(examination))
    }
}
