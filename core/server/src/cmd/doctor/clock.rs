//! The clock: not before this program was made, not before what is stored, synchronised.

use std::path::Path;

use estampe_adapters::SystemClock;
use estampe_domain::Ts;
use estampe_domain::ports::Clock;
use estampe_store::DatabaseFacts;

use super::Report;

const CHECK: &str = "clock";
const ADVICE: &str =
    "set the clock by the network (systemd-timesyncd, chrony), then look at what was written meanwhile";
/// Seconds that two machines may differ.
const TOLERANCE: i64 = 60;

/// Looks at it.
pub fn examine(facts: Option<&DatabaseFacts>, report: &mut Report) {
    let now = SystemClock.now();
    if let Some(made) = facts.and_then(|facts| day(&facts.newest_migration))
        && now < made
    {
        return report.fail(CHECK, format!("{now} lies before the day this program was made ({made})"), ADVICE);
    }
    if let Some(newest) = facts.and_then(|facts| facts.newest_event).map(Ts::from_micros)
        && newest.seconds_since(now) > TOLERANCE
    {
        return report.fail(CHECK, format!("{now} lies before the newest audit event ({newest})"), ADVICE);
    }
    // what systemd-timesyncd leaves behind; the kernel's own word needs a system call
    // that safe code cannot make
    let synchronised = if Path::new("/run/systemd/timesync/synchronized").exists() {
        "synchronised (systemd-timesyncd)"
    } else {
        "whether it is synchronised cannot be told here"
    };
    report.ok(CHECK, format!("{now}; {synchronised}"));
}

/// The day of a migration, `20261124000004`.
fn day(migration: &str) -> Option<Ts> {
    let date = jiff::civil::Date::strptime("%Y%m%d", migration.get(..8)?).ok()?;
    Some(jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.into())
}
