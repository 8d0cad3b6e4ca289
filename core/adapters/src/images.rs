//! Pictures made harmless: decoded within limits, turned upright, scaled, encoded anew,
//! which leaves EXIF and whatever else was in the file behind.

use std::io::Cursor;

use estampe_domain::ports::Images;
use estampe_domain::signature::{
    MadePicture, PICTURE_HEIGHT, PICTURE_OCTETS, PICTURE_SOURCE, PICTURE_WIDTH, PictureKind, PictureProblem,
};
use image::codecs::png::{CompressionType, FilterType as RowFilter, PngDecoder, PngEncoder};
use image::codecs::webp::WebPDecoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use jpeg_encoder::{ColorType, Encoder};

/// Largest source of a portrait, in octets.
const SOURCE_MAX: usize = 8 << 20;
/// Largest width and height of a source, in pixels.
const SIDE_MAX: u32 = 6000;
/// Largest decoded size, in octets.
const DECODED_MAX: u64 = 128 << 20;
/// Width and height of a portrait at most, in pixels.
const PORTRAIT: u32 = 512;
/// Quality of the JPEG, of 100.
const QUALITY: u8 = 84;

/// Makes them with the crate `image`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SafeImages;

impl Images for SafeImages {
    fn portrait(&self, source: &[u8]) -> Result<Vec<u8>, String> {
        if source.len() > SOURCE_MAX {
            return Err(format!("the file is larger than {} MiB", SOURCE_MAX >> 20));
        }
        let format = format_of(source).ok_or_else(|| "it is no JPEG, PNG or WebP image".to_owned())?;
        let picture = decoded(source, format).map_err(|refused| match refused {
            Refused::TooLarge => format!("it is larger than {SIDE_MAX} pixels"),
            Refused::Damaged => "it is damaged".to_owned(),
        })?;
        // a transparent PNG stands on white, as on paper
        jpeg(&on_white(&within(picture, PORTRAIT, PORTRAIT))).ok_or_else(|| "it cannot be written as JPEG".to_owned())
    }

    fn picture(&self, source: &[u8]) -> Result<MadePicture, PictureProblem> {
        if source.len() > PICTURE_SOURCE {
            return Err(PictureProblem::FileTooLarge);
        }
        if image::guess_format(source).is_ok_and(|format| format == ImageFormat::Gif) || moves(source) {
            return Err(PictureProblem::Moves);
        }
        let format = format_of(source).ok_or(PictureProblem::UnknownFormat)?;
        let picture = decoded(source, format).map_err(|refused| match refused {
            Refused::TooLarge => PictureProblem::TooManyPixels,
            Refused::Damaged => PictureProblem::Damaged,
        })?;
        let picture = within(picture, PICTURE_WIDTH, PICTURE_HEIGHT);
        let (kind, content) = match format {
            ImageFormat::Jpeg => (PictureKind::Jpeg, jpeg(&picture.to_rgb8())),
            _ => (PictureKind::Png, png(&picture)),
        };
        let content = content.ok_or(PictureProblem::Damaged)?;
        if content.len() > PICTURE_OCTETS {
            return Err(PictureProblem::TooHeavy(content.len()));
        }
        Ok(MadePicture { kind, width: picture.width(), height: picture.height(), content })
    }
}

fn format_of(source: &[u8]) -> Option<ImageFormat> {
    let known = |format: &ImageFormat| matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP);
    image::guess_format(source).ok().filter(known)
}

/// Whether it is an APNG or an animated WebP.
fn moves(source: &[u8]) -> bool {
    match image::guess_format(source) {
        Ok(ImageFormat::Png) => {
            PngDecoder::with_limits(Cursor::new(source), limits()).is_ok_and(|png| png.is_apng().unwrap_or_default())
        }
        Ok(ImageFormat::WebP) => WebPDecoder::new(Cursor::new(source)).is_ok_and(|webp| webp.has_animation()),
        _ => false,
    }
}

/// Why a picture could not be read.
enum Refused {
    TooLarge,
    Damaged,
}

impl From<image::ImageError> for Refused {
    fn from(error: image::ImageError) -> Self {
        if matches!(error, image::ImageError::Limits(_)) { Self::TooLarge } else { Self::Damaged }
    }
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODED_MAX);
    limits
}

/// Read within limits, and upright.
fn decoded(source: &[u8], format: ImageFormat) -> Result<DynamicImage, Refused> {
    let mut reader = ImageReader::with_format(Cursor::new(source), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Made smaller where it is larger than this.
fn within(picture: DynamicImage, width: u32, height: u32) -> DynamicImage {
    if picture.width() > width || picture.height() > height {
        picture.resize(width, height, FilterType::CatmullRom)
    } else {
        picture
    }
}

fn jpeg(rgb: &image::RgbImage) -> Option<Vec<u8>> {
    let side = |side: u32| u16::try_from(side).ok();
    let mut jpeg = Vec::new();
    let encoder = Encoder::new(&mut jpeg, QUALITY);
    encoder.encode(rgb.as_raw(), side(rgb.width())?, side(rgb.height())?, ColorType::Rgb).ok()?;
    Some(jpeg)
}

/// With eight bits a channel, which every mail program reads.
fn png(picture: &DynamicImage) -> Option<Vec<u8>> {
    let eight = if picture.color().has_alpha() {
        DynamicImage::ImageRgba8(picture.to_rgba8())
    } else {
        DynamicImage::ImageRgb8(picture.to_rgb8())
    };
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Best, RowFilter::Adaptive);
    eight.write_with_encoder(encoder).ok()?;
    Some(png)
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
        let jpeg = SafeImages.portrait(&png(1200, 600)).unwrap();
        let read = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).unwrap().to_rgb8();
        assert_eq!((read.width(), read.height()), (512, 256));
        assert!(read.get_pixel(10, 10).0.iter().all(|c| *c > 250));
    }

    #[test]
    fn what_is_no_image_or_too_large_is_refused_in_words() {
        assert!(SafeImages.portrait(b"GIF89a...").unwrap_err().contains("JPEG, PNG or WebP"));
        assert!(SafeImages.portrait(&png(1, 1)[..30]).unwrap_err().contains("damaged"));
        assert!(SafeImages.portrait(&png(6001, 1)).unwrap_err().contains("6000 pixels"));
        assert!(SafeImages.portrait(&vec![0; SOURCE_MAX + 1]).unwrap_err().contains("8 MiB"));
    }

    #[test]
    fn a_logo_stays_transparent_and_becomes_no_larger_than_needed() {
        let made = SafeImages.picture(&png(2400, 400)).unwrap();
        assert_eq!((made.kind, made.width, made.height), (PictureKind::Png, 1200, 200));
        let read = image::load_from_memory_with_format(&made.content, ImageFormat::Png).unwrap().to_rgba8();
        assert_eq!(read.get_pixel(10, 10).0, [0, 0, 0, 0]);
        // made of what was made, it stays what it is
        assert_eq!(SafeImages.picture(&made.content).unwrap().content, made.content);
    }

    #[test]
    fn what_makes_no_picture_says_why() {
        // every pixel its own: nothing that PNG could make smaller
        let noise = image::RgbImage::from_fn(900, 600, |x, y| {
            let n = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).wrapping_mul(2_246_822_519);
            let [_, r, g, b] = n.to_be_bytes();
            image::Rgb([r, g, b])
        });
        let mut heavy = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(noise).write_to(&mut heavy, ImageFormat::Png).unwrap();
        for (source, problem) in [
            (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;".to_vec(), PictureProblem::Moves),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), PictureProblem::UnknownFormat),
            (png(9, 9)[..40].to_vec(), PictureProblem::Damaged),
            (png(6001, 1), PictureProblem::TooManyPixels),
            (vec![0; PICTURE_SOURCE + 1], PictureProblem::FileTooLarge),
        ] {
            assert_eq!(SafeImages.picture(&source).unwrap_err(), problem);
        }
        let refused = SafeImages.picture(heavy.get_ref()).unwrap_err();
        assert!(matches!(refused, PictureProblem::TooHeavy(octets) if octets > PICTURE_OCTETS), "{refused:?}");
    }
}
