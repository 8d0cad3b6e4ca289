//! The process's use of the machine, from `/proc/self`, under the names that Prometheus
//! gives to such figures.

use std::fs;

use estampe_domain::metric;

/// Reads and sets them. A figure that cannot be read keeps its last value.
#[expect(clippy::cast_precision_loss, reason = "bytes and counts, far below 2^52")]
pub fn measure() {
    let set = |metric: metric::Metric, value: Option<u64>| {
        if let Some(value) = value {
            metrics::gauge!(metric.name).set(value as f64);
        }
    };
    let page = rustix::param::page_size() as u64;
    if let Some(stat) = Stat::read() {
        metrics::counter!(metric::PROCESS_CPU.name)
            .absolute(stat.ticks / rustix::param::clock_ticks_per_second().max(1));
        set(metric::PROCESS_RESIDENT, Some(stat.resident_pages * page));
        set(metric::PROCESS_VIRTUAL, Some(stat.virtual_bytes));
        set(metric::PROCESS_THREADS, Some(stat.threads));
    }
    // less the one that counts them
    set(metric::PROCESS_OPEN_FDS, fs::read_dir("/proc/self/fd").ok().map(|fds| (fds.count() as u64).saturating_sub(1)));
    set(metric::PROCESS_MAX_FDS, rustix::process::getrlimit(rustix::process::Resource::Nofile).current);
}

/// What of `/proc/self/stat` is of interest (proc_pid_stat(5)).
struct Stat {
    /// User and system time.
    ticks: u64,
    threads: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/self/stat").ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        // the program's name stands in parentheses and may hold anything
        let (_, after) = text.rsplit_once(')')?;
        // fields by their number in the manual, of which the first here is 3
        let field = |number: usize| after.split_ascii_whitespace().nth(number - 3)?.parse::<u64>().ok();
        Some(Self {
            ticks: field(14)? + field(15)?,
            threads: field(20)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_this_process_are_read() {
        let stat = Stat::read().unwrap();
        assert!(stat.threads >= 1 && stat.resident_pages > 100 && stat.virtual_bytes > 1 << 20);
        let text = "7 (a) b) S 1 7 7 0 -1 0 9 9 9 9 250 150 0 0 20 0 6 0 99 4096000 321 9";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.ticks, stat.threads, stat.virtual_bytes, stat.resident_pages), (400, 6, 4_096_000, 321));
        assert!(Stat::parse("nonsense").is_none());
    }
}
