//! What a long command says while it works: a line for each step, with its time.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Tells what is being done, indented under the step it belongs to.
pub fn note(text: &str) {
    println!("  {text}");
}

/// Does one step quietly and says how it went: `✓ card  0.1 s`.
pub fn quiet<T>(name: &str, step: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let live = std::io::stdout().is_terminal();
    if live {
        print!("· {name} …");
        // only decoration: the line below says the same again
        let _ = std::io::stdout().flush();
    }
    let begun = Instant::now();
    let result = step();
    let sign = if result.is_ok() { "✓" } else { "✗" };
    if live {
        print!("\r\x1b[2K");
    }
    println!("{sign} {name}  {}", seconds(begun.elapsed()));
    result
}

/// Does one step that writes for itself: a headline before, the time after.
pub fn loud<T>(name: &str, step: impl FnOnce() -> Result<T, String>) -> Result<(T, Duration), String> {
    println!("── {name}");
    let begun = Instant::now();
    let result = step();
    let took = begun.elapsed();
    match result {
        Ok(value) => {
            println!("── {name}: done in {}", seconds(took));
            Ok((value, took))
        }
        Err(problem) => {
            println!("── {name}: failed after {}", seconds(took));
            Err(problem)
        }
    }
}

/// `0.4 s`, `83 s`
pub fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}
