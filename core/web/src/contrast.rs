//! Holds the tokens of the style sheet to the contrast that they promise (WCAG 2.2:
//! 4.5 to 1 for text, 3 to 1 for the edge of a control).

use std::collections::BTreeMap;

const CSS: &str = include_str!("../static/app.css");

/// The tokens of the first `:root` block after `start`.
fn tokens(start: &str) -> BTreeMap<&'static str, &'static str> {
    let from = CSS.split_once(start).unwrap().1;
    let block = from.split_once(":root {").unwrap().1.split_once('}').unwrap().0;
    block
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--")?.strip_suffix(';')?.split_once(": "))
        .filter(|(_, value)| value.starts_with('#'))
        .collect()
}

/// Relative luminance of `#rrggbb`.
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_pair_in_use_can_be_read() {
    let light = tokens("tokens: light");
    let dark = tokens("@media (prefers-color-scheme: dark)");
    assert_eq!(light.keys().collect::<Vec<_>>(), dark.keys().collect::<Vec<_>>());
    for (theme, tokens) in [("light", light), ("dark", dark)] {
        let text = [
            ("ink", &["paper", "sheet", "plate-tint", "seal-tint", "leaf-tint", "sun-tint"][..]),
            ("ink-2", &["paper", "sheet", "plate-tint", "seal-tint", "sun-tint"]),
            ("ink-3", &["paper", "sheet"]),
            ("plate", &["paper", "sheet", "plate-tint"]),
            ("on-plate", &["plate"]),
            ("seal", &["paper", "sheet", "seal-tint"]),
            ("leaf", &["paper", "sheet", "leaf-tint"]),
            ("sun", &["paper", "sheet", "sun-tint"]),
        ];
        for (on, backs) in text {
            for back in backs {
                let found = contrast(tokens[on], tokens[back]);
                assert!(found >= 4.5, "{theme}: {on} on {back} has {found:.2}");
            }
        }
        for back in ["paper", "sheet"] {
            let found = contrast(tokens["control"], tokens[back]);
            assert!(found >= 3.0, "{theme}: control on {back} has {found:.2}");
        }
    }
}

#[test]
fn the_tokens_are_those_of_the_design() {
    let light = tokens("tokens: light");
    let dark = tokens("@media (prefers-color-scheme: dark)");
    assert_eq!((light["paper"], light["plate"], light["seal"]), ("#faf8f4", "#1d3f72", "#a8351f"));
    assert_eq!((dark["paper"], dark["plate"], dark["seal"]), ("#121418", "#9dbcf0", "#f0937f"));
}

#[test]
fn the_style_sheet_reaches_nothing_outside() {
    assert!(!CSS.contains("http") && !CSS.contains("@import") && !CSS.contains("url(\"/"));
}
