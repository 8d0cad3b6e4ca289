//! A QR code in the terminal, to be scanned from the screen.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};

/// Light modules around the code (ISO/IEC 18004 asks for four).
const QUIET: usize = 4;

/// The code in half blocks, two modules in the height of a letter, dark on light
/// whatever the terminal's colours are.
pub fn draw(text: &str) -> Result<String, String> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().map_err(|error| format!("QR code: {error}"))?;
    let size = code.size + 2 * QUIET;
    let dark = |x: usize, y: usize| {
        let inside = |v: usize| (QUIET..QUIET + code.size).contains(&v);
        inside(x) && inside(y) && code.data.get((y - QUIET) * code.size + (x - QUIET)).is_some_and(|m| m.value())
    };
    let mut out = String::new();
    for y in (0..size).step_by(2) {
        out.push_str("  \x1b[38;5;16;48;5;231m");
        for x in 0..size {
            out.push(match (dark(x, y), dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        // writing to a String cannot fail
        let _ = writeln!(out, "\x1b[0m");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_half_as_high_as_wide() {
        let drawn = draw("https://localhost:8443/c/abc").expect("short text");
        let lines: Vec<_> = drawn.lines().collect();
        let width = lines[0].matches([' ', '█', '▀', '▄']).count() - 2;
        assert_eq!(lines.len(), width.div_ceil(2));
    }
}
