//! From the start of the process to ready, with many cards in the database.

use super::{Bench, Setting};
use crate::certificate::Certificates;
use crate::process::mib;
use crate::report::Row;
use crate::server::Server;
use crate::stats::{median, ms};

/// Start to ready.
pub struct Start;

impl Bench for Start {
    fn name(&self) -> &'static str {
        "start"
    }

    fn about(&self) -> &'static str {
        "start to ready with 100,000 cards in the database, and memory then"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        let prepared = with.prepared()?;
        let folder = with.fresh_folder()?;
        prepared.copy_to(folder.path())?;
        let certificates = Certificates::make(folder.path())?;
        // the first one may migrate and compile plugins
        Server::start(&with.built, folder.path(), &certificates)?.stop()?;
        let (mut times, mut memory) = (Vec::new(), Vec::new());
        for _ in 0..with.pace.rounds {
            let server = Server::start(&with.built, folder.path(), &certificates)?;
            times.push(ms(server.ready_after));
            memory.push(mib(server.resident()?));
            server.stop()?;
        }
        let cards = prepared.cards.len();
        Ok(vec![
            Row::lower("start.ready", median(&times), "ms")
                .detail(format!("process start to /health/ready with {cards} cards")),
            Row::lower("start.memory", median(&memory), "MiB").detail("resident, then"),
        ])
    }
}
