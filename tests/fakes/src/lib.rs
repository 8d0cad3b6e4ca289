//! Google and Microsoft Graph for tests, driven by the documents in `contracts/`: what those do
//! not say is refused, in the format of the real service. `README.md` shows how a test starts
//! one.

pub mod contract;
mod control;
pub mod discovery;
pub mod google;
pub mod graph;
mod html;
pub mod jwt;
mod mask;
pub mod openapi;
pub mod shape;
mod wire;

use std::sync::OnceLock;

pub use control::{Broken, Control, Logged};
pub use wire::Tls;

/// A portrait of 96 × 96 pixels (JPEG) whose colours are one of sixteen, by the address.
pub fn portrait(address: &str) -> Vec<u8> {
    static MADE: [OnceLock<Vec<u8>>; 16] = [const { OnceLock::new() }; 16];
    let seed = address.bytes().fold(7, |seed, octet| control::mixed(seed ^ u64::from(octet))) % 16;
    let at = usize::try_from(seed).expect("less than sixteen");
    MADE[at].get_or_init(|| painted(control::mixed(seed))).clone()
}

fn painted(seed: u64) -> Vec<u8> {
    let [red, green, blue, ..] = seed.to_le_bytes();
    let mut pixels = Vec::with_capacity(96 * 96 * 3);
    for row in 0..96_i32 {
        for column in 0..96_i32 {
            let head = (column - 48).pow(2) + (row - 36).pow(2) < 18 * 18;
            let body = (column - 48).pow(2) + (row - 96).pow(2) < 38 * 38;
            let colour = if head {
                [255, 224, 189]
            } else if body {
                [red / 3, green / 3, blue / 3]
            } else {
                [red, green, blue]
            };
            pixels.extend(colour);
        }
    }
    let mut file = Vec::new();
    jpeg_encoder::Encoder::new(&mut file, 80)
        .encode(&pixels, 96, 96, jpeg_encoder::ColorType::Rgb)
        .expect("a portrait");
    file
}
