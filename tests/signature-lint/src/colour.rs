//! Colours by WCAG 2.2: contrast, and what a client in dark mode makes of one.

/// Red, green, blue.
pub type Colour = [u8; 3];

/// The ground of mails.
pub const WHITE: Colour = [0xff; 3];
/// The ground of mails in dark mode.
pub const DARK: Colour = [0x1e; 3];

/// A colour as `#rrggbb`; none when it is written otherwise.
pub fn hex(value: &str) -> Option<Colour> {
    let digits = value.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}

/// Contrast of two colours: 1 to 21.
pub fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance: 0 to 1.
pub fn luminance(colour: Colour) -> f64 {
    let [red, green, blue] = colour.map(|channel| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The colour with its lightness (HSL) turned round: the lightest channel becomes what the
/// darkest lacked to white, and hue and saturation stay.
pub fn inverted(colour: Colour) -> Colour {
    let [red, green, blue] = colour;
    let sum = u16::from(red.max(green).max(blue)) + u16::from(red.min(green).min(blue));
    colour.map(|channel| u8::try_from((u16::from(channel) + 255).saturating_sub(sum)).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(hex("#1A4d8f"), Some([0x1a, 0x4d, 0x8f]));
        assert!(["#fff", "red", "#+12345", "1a4d8f"].into_iter().all(|value| hex(value).is_none()));
        assert!((contrast([0; 3], WHITE) - 21.0).abs() < 0.001);
        assert!((contrast([0x76; 3], WHITE) - 4.54).abs() < 0.01);
        assert_eq!(inverted(WHITE), [0; 3]);
        assert_eq!(inverted([0x1a, 0x4d, 0x8f]), [0x70, 0xa3, 0xe5]);
    }

    #[test]
    fn no_colour_is_readable_on_both_grounds_as_it_is() {
        // why the rule of dark mode goes by inverted colours
        let greys = (0..=255_u8).map(|grey| [grey; 3]);
        let mut both = greys.filter(|grey| contrast(*grey, WHITE) >= 4.5 && contrast(*grey, DARK) >= 4.5);
        assert_eq!(both.next(), None);
    }
}
