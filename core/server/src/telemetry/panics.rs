//! Panics, told as log lines. A panic is a defect; its words may hold what was being
//! worked on, so only words that stand in the program itself are told.

use std::panic::{self, PanicHookInfo};

use estampe_domain::metric;

/// From now on panics are log lines.
pub fn tell() {
    panic::set_hook(Box::new(line));
}

fn line(info: &PanicHookInfo<'_>) {
    metrics::counter!(metric::PANICS.name).increment(1);
    let thread = std::thread::current();
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    // words put together at run time are a String; these stand in the program
    let words = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not told: they may hold data)");
    tracing::error!(
        panic.location = at,
        panic.thread = thread.name().unwrap_or("unnamed"),
        panic.words = words,
        "a thread panicked: this is a defect of Estampe"
    );
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Mutex;

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::lines::tests::{Kept, lines};

    #[test]
    fn a_panic_is_told_with_its_place_and_without_its_data() {
        static ONE_HOOK: Mutex<()> = Mutex::new(());
        let _alone = ONE_HOOK.lock();
        let kept = Kept::default();
        let before = panic::take_hook();
        tell();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines(&kept, true)), || {
            let name = String::from("Canari");
            let _ = catch_unwind(AssertUnwindSafe(|| panic!("cannot greet {name}")));
            let _ = catch_unwind(|| panic!("a fixed word"));
        });
        panic::set_hook(before);
        let lines = kept.text();
        let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0]["panic.location"].as_str().unwrap().contains("panics.rs:"), "{lines:?}");
        assert!(!lines[0].to_string().contains("Canari"), "{lines:?}");
        assert_eq!(lines[1]["panic.words"], "a fixed word");
        assert_eq!(lines[1]["level"], "ERROR");
    }
}
