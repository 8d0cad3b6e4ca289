//! The words of what is measured: every metric's name, kind, labels and meaning in one
//! place, for all crates to use and for one to describe. Nothing is measured here.
//!
//! Labels take values from small fixed sets (routes, plugins, outcomes) and never say
//! anything of a person. `docs/operator/watching.md` explains the same to operators; a
//! test holds the two equal.

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows, from 0 at the start of the process.
    Counter,
    /// A value of this moment.
    Gauge,
    /// A distribution, with the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, with its unit at the end as Prometheus wants it.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// From a cached page (tens of microseconds) to a slow upstream.
const REQUEST: Kind = Kind::Histogram(&[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
]);
/// From a read in memory to a transaction that waited for a busy disk.
const DATABASE: Kind = Kind::Histogram(&[0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0]);
/// From a trivial call to one at its limit.
const PLUGIN: Kind = Kind::Histogram(&[0.000_1, 0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0]);
/// From a small file to the largest directory.
const RUN: Kind = Kind::Histogram(&[0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0]);
/// Submissions that shared one commit.
const BATCH: Kind = Kind::Histogram(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]);

macro_rules! metrics {
    ($($const:ident = $name:literal, $kind:expr, [$($label:literal),*], $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $const: Metric = Metric { name: $name, kind: $kind, labels: &[$($label),*], help: $help };
        )+

        /// Every metric.
        pub const ALL: &[Metric] = &[$($const),+];
    };
}

metrics! {
    HTTP_REQUESTS = "estampe_http_requests_total", Kind::Counter, ["surface", "route", "method", "status"],
        "Requests answered, by listener, pattern of the route and class of the status; status \"gone\" when the client left first";
    HTTP_REQUEST_DURATION = "estampe_http_request_duration_seconds", REQUEST, ["surface", "route", "method", "status"],
        "Time from a request's head to the head of its answer";
    HTTP_IN_FLIGHT = "estampe_http_requests_in_flight", Kind::Gauge, ["surface"],
        "Requests that are not answered yet";

    PAGE_CACHE = "estampe_page_cache_total", Kind::Counter, ["result"],
        "Cards asked of the page cache: hit, confirmed by a look at their version, or miss";
    PAGE_CACHE_RENDERS = "estampe_page_cache_renders_total", Kind::Counter, [],
        "Cards rendered and compressed for the page cache";
    PAGE_CACHE_ENTRIES = "estampe_page_cache_entries", Kind::Gauge, [],
        "Pages in the page cache";
    PAGE_CACHE_BYTES = "estampe_page_cache_bytes", Kind::Gauge, [],
        "Memory that the pages in the page cache take";

    OUTBOX_MAILS = "estampe_outbox_mails", Kind::Gauge, ["state"],
        "Mails in the outbox: due now, waiting for a later try, sending, or dead (given up)";
    OUTBOX_OLDEST_DUE_AGE = "estampe_outbox_oldest_due_age_seconds", Kind::Gauge, [],
        "How long the mail that is due the longest is due; 0 when none is";
    MAIL_SERVER_AWAY = "estampe_mail_server_away_seconds", Kind::Gauge, [],
        "How long the mail server cannot be used; 0 when it can, or when nothing was tried since";
    MAILS = "estampe_mails_total", Kind::Counter, ["mail", "outcome"],
        "Tries to send a mail: sent, later (will be tried again), dead (given up) or void (nobody left to send it to)";

    RUNS = "estampe_runs_total", Kind::Counter, ["outcome"],
        "Runs that ended or stopped to wait: done, failed, held or discarded";
    RUN_DURATION = "estampe_run_duration_seconds", RUN, ["outcome"],
        "Time that a worker spent on a run, since the last start of the process";
    RUNS_HELD = "estampe_runs_held", Kind::Gauge, [],
        "Runs that wait for an administrator's word";

    PEOPLE = "estampe_people", Kind::Gauge, [],
        "People known, disabled ones included";
    CARDS = "estampe_cards", Kind::Gauge, [],
        "Cards shown publicly";
    LEADS = "estampe_leads", Kind::Gauge, [],
        "Leads kept";

    BACKUP_AGE = "estampe_backup_age_seconds", Kind::Gauge, [],
        "Age of the newest good backup, or since the start while there is none; 0 when no folder for them is configured";
    BACKUP_FAILED = "estampe_backup_failed", Kind::Gauge, [],
        "1 when the last try to make a backup failed, else 0";
    KEY_NOT_COPIED = "estampe_key_not_copied", Kind::Gauge, [],
        "1 while nobody has shown a copy of the key that wraps all others now (estampe key check), else 0";

    DB_READABLE = "estampe_db_readable", Kind::Gauge, [],
        "1 when the database answered the last time that these figures were read, else 0";
    DB_CONNECTIONS = "estampe_db_connections", Kind::Gauge, ["pool", "state"],
        "Connections to the database, busy and idle";
    DB_CONNECTIONS_MAX = "estampe_db_connections_max", Kind::Gauge, ["pool"],
        "Connections that a pool may have";
    DB_WAIT = "estampe_db_wait_seconds", DATABASE, ["kind"],
        "Time that a unit of work waited for its turn and a connection";
    DB_TRANSACTION_DURATION = "estampe_db_transaction_duration_seconds", DATABASE, ["kind"],
        "Time of a transaction, commit included";
    DB_FAILURES = "estampe_db_failures_total", Kind::Counter, ["kind", "stage"],
        "Units of work that the database failed: at connect, work or commit";
    DB_BATCH_SIZE = "estampe_db_batch_size", BATCH, [],
        "Submissions that shared one commit";

    PLUGIN_CALLS = "estampe_plugin_calls_total", Kind::Counter, ["plugin", "export", "outcome"],
        "Calls of plugins: ok, or the kind of failure";
    PLUGIN_CALL_DURATION = "estampe_plugin_call_duration_seconds", PLUGIN, ["plugin", "export"],
        "Time of a plugin's call, its wait for a thread included";
    PLUGIN_HOST_CALLS = "estampe_plugin_host_calls_total", Kind::Counter, ["plugin", "import", "outcome"],
        "Requests that plugins made through the host: ok, recorded in a dry run, or the kind of failure";
    PLUGIN_MEMORY_PEAK = "estampe_plugin_memory_peak_bytes", Kind::Gauge, ["plugin"],
        "Most memory that one call of the plugin had";
    PLUGIN_MEMORY_LIMIT = "estampe_plugin_memory_limit_bytes", Kind::Gauge, [],
        "Memory that one call of a plugin may have";
    PLUGIN_PROBLEMS = "estampe_plugin_problems", Kind::Gauge, [],
        "Plugins that could not be loaded at the start";

    REFUSALS = "estampe_refusals_total", Kind::Counter, ["reason"],
        "Requests refused: a form that another site sent (origin), one without its token (form), an act that no role or scope allows (right)";
    SIGN_INS = "estampe_sign_ins_total", Kind::Counter, ["outcome"],
        "Tries to sign in, at the console or by a directory: accepted, refused, or throttled after too many refusals";
    TLS_EXPIRY = "estampe_tls_certificate_expiry_timestamp_seconds", Kind::Gauge, ["certificate"],
        "When the certificate that is served ends: own, or acme for that of the ACME server";
    CONFIGURATION_REFUSED = "estampe_configuration_refused", Kind::Gauge, [],
        "1 since the configuration was read anew and refused, which leaves the one before in force, else 0";
    LOG_LINES = "estampe_log_lines_total", Kind::Counter, ["level"],
        "Lines logged as warn or error";
    PANICS = "estampe_panics_total", Kind::Counter, [],
        "Panics: defects of Estampe";
    BUILD = "estampe_build_info", Kind::Gauge, ["version", "database"],
        "Always 1; its labels say what runs";

    PROCESS_CPU = "process_cpu_seconds_total", Kind::Counter, [],
        "Processor time used, in whole seconds";
    PROCESS_RESIDENT = "process_resident_memory_bytes", Kind::Gauge, [],
        "Resident memory";
    PROCESS_VIRTUAL = "process_virtual_memory_bytes", Kind::Gauge, [],
        "Reserved addresses, most of them the plugins' pool and no memory";
    PROCESS_OPEN_FDS = "process_open_fds", Kind::Gauge, [],
        "Open file descriptors";
    PROCESS_MAX_FDS = "process_max_fds", Kind::Gauge, [],
        "File descriptors that may be open";
    PROCESS_THREADS = "process_threads", Kind::Gauge, [],
        "Threads";
    PROCESS_START = "process_start_time_seconds", Kind::Gauge, [],
        "When the process started";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_follow_the_custom_of_prometheus_and_are_one_each() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for Metric { name, kind, labels, help } in ALL {
            assert!(name.starts_with("estampe_") || name.starts_with("process_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert!(name.bytes().chain(labels.join("").bytes()).all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert!(!help.is_empty() && !help.ends_with('.'), "{name}");
            if let Kind::Histogram(buckets) = kind {
                assert!(buckets.is_sorted(), "{name}");
            }
        }
    }
}
