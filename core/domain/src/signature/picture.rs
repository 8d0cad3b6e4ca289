//! Pictures of signatures: logos and banners that the public listener serves, so that mail
//! programs anywhere can load them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::BlobId;
use crate::time::Ts;

/// Largest width of a picture in pixels: twice what a signature's 600 pixels need on a fine screen.
pub const PICTURE_WIDTH: u32 = 1200;
/// Largest height of a picture in pixels.
pub const PICTURE_HEIGHT: u32 = 800;
/// Most octets of a picture as it is served: every reader of every mail loads it.
pub const PICTURE_OCTETS: usize = 400 << 10;
/// Most octets of the file that a picture is made of.
pub const PICTURE_SOURCE: usize = 8 << 20;

/// Formats that every mail program shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureKind {
    /// Of photos.
    Jpeg,
    /// Of drawings; with transparency.
    Png,
}

impl PictureKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Jpeg, Self::Png];

    /// What ends the names of its files.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// Its media type (RFC 2046).
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// The name of a picture's file: 32 hexadecimal digits of what is in it and its format's ending. Another
/// content has another name, so that whoever has it need never ask again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PictureFile(String);

/// Digits of its content's hash: 128 bits.
const DIGITS: usize = 32;

impl PictureFile {
    /// The name of this content.
    pub fn of(blob: &BlobId, kind: PictureKind) -> Self {
        let digits = blob.as_str().get(..DIGITS).unwrap_or_default();
        Self(format!("{digits}.{}", kind.extension()))
    }

    /// Takes what somebody asks for; none: no picture can be called so.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, end) = text.split_once('.')?;
        let is_hex = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let is_known = PictureKind::ALL.iter().any(|kind| kind.extension() == end);
        (is_hex && is_known).then(|| Self(text.to_owned()))
    }

    /// As it stands in addresses and in the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PictureFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its file.
    pub file: PictureFile,
    /// Its name, unique, chosen by whoever brought it.
    pub name: String,
    /// Its format.
    pub kind: PictureKind,
    /// What is in it.
    pub blob: BlobId,
    /// Its width, in pixels.
    pub width: u32,
    /// Its height, in pixels.
    pub height: u32,
    /// Its size, in octets.
    pub octets: u64,
    /// Brought when.
    pub created_at: Ts,
}

/// A picture made harmless: see [`Images::picture`](crate::ports::Images::picture).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadePicture {
    /// Its format.
    pub kind: PictureKind,
    /// Its width, in pixels.
    pub width: u32,
    /// Its height, in pixels.
    pub height: u32,
    /// The file.
    pub content: Vec<u8>,
}

/// Why a file becomes no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureProblem {
    /// The file is larger than [`PICTURE_SOURCE`].
    FileTooLarge,
    /// It is neither JPEG, PNG nor WebP.
    UnknownFormat,
    /// It moves (GIF, APNG, animated WebP): Outlook shows the first frame alone.
    Moves,
    /// More than 6000 pixels wide or high.
    TooManyPixels,
    /// It cannot be read to its end.
    Damaged,
    /// It would weigh this many octets in each mail, more than [`PICTURE_OCTETS`].
    TooHeavy(usize),
}

impl fmt::Display for PictureProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileTooLarge => write!(f, "the file is larger than {} MiB", PICTURE_SOURCE >> 20),
            Self::UnknownFormat => f.write_str("it is no JPEG, PNG or WebP picture, which mail programs need"),
            Self::Moves => f.write_str("it moves, and mail programs show its first frame alone: bring that one"),
            Self::TooManyPixels => f.write_str("it is more than 6000 pixels wide or high"),
            Self::Damaged => f.write_str("it is damaged"),
            Self::TooHeavy(octets) => write!(
                f,
                "it would weigh {} KiB, and {} are the most for what every mail loads: make it smaller, or a JPEG of it",
                octets.div_ceil(1024),
                PICTURE_OCTETS >> 10
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_by_what_is_in_them() {
        let file = PictureFile::of(&BlobId::of(b"a"), PictureKind::Png);
        assert_eq!(file.as_str(), "ca978112ca1bbdcafac231b39a23dc4d.png");
        assert_eq!(PictureFile::parse(file.as_str()), Some(file));
        for wrong in [
            "",
            "a.png",
            "ca978112ca1bbdcafac231b39a23dc4d",
            "CA978112CA1BBDCAFAC231B39A23DC4D.png",
            "ca978112ca1bbdcafac231b39a23dc4d.gif",
            "ca978112ca1bbdcafac231b39a23dc4d.png.png",
            "../a978112ca1bbdcafac231b39a23dc4d.png",
        ] {
            assert_eq!(PictureFile::parse(wrong), None, "{wrong}");
        }
    }
}
