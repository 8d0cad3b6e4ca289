//! Photos made harmless: decoded within limits, turned upright, scaled, encoded anew,
//! which leaves EXIF and whatever else was in the file behind.

use std::io::Cursor;

use estampe_domain::ports::Images;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use jpeg_encoder::{ColorType, Encoder};

/// Largest source, in octets.
const SOURCE_MAX: usize = 8 << 20;
/// Largest width and height of a source, in pixels.
const SIDE_MAX: u32 = 6000;
/// Largest decoded size, in octets.
const DECODED_MAX: u64 = 128 << 20;
/// Width and height of a portrait at most, in pixels.
const PORTRAIT: u32 = 512;
/// Quality of the JPEG, of 100.
const QUALITY: u8 = 84;

/// Makes portraits with the crate `image`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portraits;

impl Images for Portraits {
    fn portrait(&self, source: &[u8]) -> Result<Vec<u8>, String> {
        if source.len() > SOURCE_MAX {
            return Err(format!("the file is larger than {} MiB", SOURCE_MAX >> 20));
        }
        let format = image::guess_format(source).map_err(|_| "it is no JPEG, PNG or WebP image".to_owned())?;
        if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
            return Err("it is no JPEG, PNG or WebP image".to_owned());
        }
        let mut limits = Limits::no_limits();
        limits.max_image_width = Some(SIDE_MAX);
        limits.max_image_height = Some(SIDE_MAX);
        limits.max_alloc = Some(DECODED_MAX);
        let mut reader = ImageReader::with_format(Cursor::new(source), format);
        reader.limits(limits);
        let unreadable = |e: image::ImageError| match e {
            image::ImageError::Limits(_) => format!("it is larger than {SIDE_MAX} pixels"),
            _ => "it is damaged".to_owned(),
        };
        let mut decoder = reader.into_decoder().map_err(unreadable)?;
        let orientation = decoder.orientation().map_err(unreadable)?;
        let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
        picture.apply_orientation(orientation);
        if picture.width() > PORTRAIT || picture.height() > PORTRAIT {
            picture = picture.resize(PORTRAIT, PORTRAIT, FilterType::CatmullRom);
        }
        let mut jpeg = Vec::new();
        // a transparent PNG stands on white, as on paper
        let rgb = on_white(&picture);
        let unwritable = || "it cannot be written as JPEG".to_owned();
        let side = |side: u32| u16::try_from(side).map_err(|_| unwritable());
        Encoder::new(&mut jpeg, QUALITY)
            .encode(rgb.as_raw(), side(rgb.width())?, side(rgb.height())?, ColorType::Rgb)
            .map_err(|_| unwritable())?;
        Ok(jpeg)
    }
}

fn on_white(picture: &DynamicImage) -> image::RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let rgba = picture.to_rgba8();
    image::RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let image::Rgba([r, g, b, a]) = *rgba.get_pixel(x, y);
        let blend = |c: u8| {
            let mixed = (u16::from(c) * u16::from(a) + 255 * (255 - u16::from(a))) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        image::Rgb([blend(r), blend(g), blend(b)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(width, height, image::Rgba([0, 0, 0, 0])))
            .write_to(&mut out, ImageFormat::Png)
            .unwrap();
        out.into_inner()
    }

    #[test]
    fn a_large_transparent_png_becomes_a_small_white_jpeg() {
        let jpeg = Portraits.portrait(&png(1200, 600)).unwrap();
        let read = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).unwrap().to_rgb8();
        assert_eq!((read.width(), read.height()), (512, 256));
        assert!(read.get_pixel(10, 10).0.iter().all(|c| *c > 250));
    }

    #[test]
    fn what_is_no_image_or_too_large_is_refused_in_words() {
        assert!(Portraits.portrait(b"GIF89a...").unwrap_err().contains("JPEG, PNG or WebP"));
        assert!(Portraits.portrait(&png(1, 1)[..30]).unwrap_err().contains("damaged"));
        assert!(Portraits.portrait(&png(6001, 1)).unwrap_err().contains("6000 pixels"));
        assert!(Portraits.portrait(&vec![0; SOURCE_MAX + 1]).unwrap_err().contains("8 MiB"));
    }
}
