//! QR codes as SVG and PNG: error correction M, a quiet zone of four modules.

use std::fmt::Write as _;

use estampe_domain::ports::QrCodes;
use estampe_domain::{Error, Result};
use fast_qr::{ECL, QRBuilder, QRCode};

/// The quiet zone that ISO/IEC 18004 asks for, in modules.
const QUIET: usize = 4;
/// Pixels a module has in the PNG.
const SCALE: usize = 12;

/// Draws with the crate `fast_qr`.
#[derive(Clone, Copy, Debug, Default)]
pub struct QrPictures;

fn code(text: &str) -> Result<QRCode> {
    QRBuilder::new(text).ecl(ECL::M).build().map_err(|_| Error::invalid("QR code", "the address is too long for one"))
}

/// Whether the module at a place is dark; the quiet zone is light.
fn dark(code: &QRCode, x: usize, y: usize) -> bool {
    let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < code.size);
    let (Some(x), Some(y)) = (inside(x), inside(y)) else { return false };
    code.data.get(y * code.size + x).is_some_and(|module| module.value())
}

impl QrCodes for QrPictures {
    fn svg(&self, text: &str) -> Result<String> {
        let code = code(text)?;
        let side = code.size + 2 * QUIET;
        let mut path = String::new();
        for y in 0..side {
            let mut x = 0;
            while x < side {
                let start = x;
                while x < side && dark(&code, x, y) {
                    x += 1;
                }
                if x > start {
                    // writing to a String cannot fail
                    let _ = write!(path, "M{start} {y}h{}v1H{start}z", x - start);
                }
                x += 1;
            }
        }
        Ok(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
        ))
    }

    fn png(&self, text: &str) -> Result<Vec<u8>> {
        let code = code(text)?;
        let side = (code.size + 2 * QUIET) * SCALE;
        let broken = |e: png::EncodingError| Error::Internal(format!("PNG: {e}"));
        let width = u32::try_from(side).map_err(|_| Error::Internal("PNG: size".into()))?;
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, width);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header().map_err(broken)?;
        let row_bytes = side.div_ceil(8);
        let mut data = Vec::with_capacity(row_bytes * side);
        for y in 0..side {
            for byte in 0..row_bytes {
                let bits = (0..8).fold(0u8, |bits, bit| {
                    let x = byte * 8 + bit;
                    let light = x >= side || !dark(&code, x / SCALE, y / SCALE);
                    (bits << 1) | u8::from(light)
                });
                data.push(bits);
            }
        }
        writer.write_image_data(&data).map_err(broken)?;
        writer.finish().map_err(broken)?;
        Ok(out)
    }
}
