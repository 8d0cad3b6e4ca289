//! Colours, and whether a text in one can be read (WCAG 2.2, 1.4.3).

/// Contrast that a text of ordinary size has to have.
const ENOUGH: f64 = 4.5;
/// The ground of clients in dark mode.
const DARK: [u8; 3] = [0x1e; 3];

/// Whether this is `#rrggbb`.
pub fn is_hex(colour: &str) -> bool {
    channels(colour).is_some()
}

/// Whether a text in this colour can be read on white, and in a client that turns the
/// lightness of colours round and shows them on a dark ground.
pub fn is_readable(colour: &str) -> bool {
    channels(colour)
        .is_some_and(|colour| contrast(colour, [0xff; 3]) >= ENOUGH && contrast(turned(colour), DARK) >= ENOUGH)
}

fn channels(colour: &str) -> Option<[u8; 3]> {
    let hex = colour.strip_prefix('#').filter(|hex| hex.len() == 6)?;
    // `from_str_radix` takes a sign, too
    if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let [_, red, green, blue] = u32::from_str_radix(hex, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|channel| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Its lightness (HSL) turned round. Hue and saturation stay exactly when to each channel the
/// same is added: what is missing of white to the lightest and darkest together.
fn turned(colour: [u8; 3]) -> [u8; 3] {
    let lightest = colour.into_iter().max().unwrap_or_default();
    let darkest = colour.into_iter().min().unwrap_or_default();
    let shift = 255 - i16::from(lightest) - i16::from(darkest);
    colour.map(|channel| u8::try_from(i16::from(channel) + shift).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_recommendation() {
        assert!((contrast([0; 3], [0xff; 3]) - 21.0).abs() < 0.001);
        // the lightest grey that is enough on white
        assert!(contrast([0x76; 3], [0xff; 3]) >= ENOUGH && contrast([0x77; 3], [0xff; 3]) < ENOUGH);
    }

    #[test]
    fn lightness_turns_and_hue_stays() {
        assert_eq!(turned([0x33; 3]), [0xcc; 3]);
        assert_eq!(turned([0, 0, 0xff]), [0, 0, 0xff]);
        assert_eq!(turned([0x1a, 0x4d, 0x8f]), [0x70, 0xa3, 0xe5]);
    }

    #[test]
    fn light_and_glaring_colours_are_no_inks() {
        for (colour, is) in [
            ("#1a4d8f", true),
            ("#333333", true),
            ("#666666", true),
            ("#7a1f3d", true),
            ("#ffd200", false),
            ("#0000ff", false),
            ("#1a4d8", false),
            ("+1a4d8f", false),
            ("#+1a4d8", false),
            ("red", false),
        ] {
            assert_eq!(is_readable(colour), is, "{colour}");
        }
    }
}
