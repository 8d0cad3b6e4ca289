//! Pictures of signatures.

use diesel::prelude::*;
use estampe_domain::signature::{Picture, PictureFile, PictureKind};
use estampe_domain::{BlobId, Ts};

use super::Tx;
use crate::error::{Result, StoreError};
use crate::schema::{blob, signature_picture};

type PictureRow = (String, String, String, String, i64, i64, i64, i64);

const DAMAGED: StoreError = StoreError::Damaged("signature_picture");

fn kind_name(kind: PictureKind) -> &'static str {
    match kind {
        PictureKind::Jpeg => "jpeg",
        PictureKind::Png => "png",
    }
}

fn picture((file, name, kind, blob_id, width, height, octets, created_at): PictureRow) -> Result<Picture> {
    Ok(Picture {
        file: PictureFile::parse(&file).ok_or(DAMAGED)?,
        name,
        kind: PictureKind::ALL.into_iter().find(|known| kind_name(*known) == kind).ok_or(DAMAGED)?,
        blob: BlobId::from_stored(blob_id),
        width: u32::try_from(width).map_err(|_| DAMAGED)?,
        height: u32::try_from(height).map_err(|_| DAMAGED)?,
        octets: u64::try_from(octets).map_err(|_| DAMAGED)?,
        created_at: Ts::from_micros(created_at),
    })
}

impl Tx<'_> {
    /// Every picture, by name.
    pub fn signature_pictures(&mut self) -> Result<Vec<Picture>> {
        let rows: Vec<PictureRow> = signature_picture::table
            .order(signature_picture::name)
            .select(signature_picture::all_columns)
            .load(self.conn)?;
        rows.into_iter().map(picture).collect()
    }

    /// What is in a picture.
    pub fn picture_content(&mut self, file: &PictureFile) -> Result<Option<(BlobId, PictureKind, Vec<u8>)>> {
        let found: Option<(PictureRow, Vec<u8>)> = signature_picture::table
            .inner_join(blob::table)
            .filter(signature_picture::file.eq(file.as_str()))
            .select((signature_picture::all_columns, blob::content))
            .get_result(self.conn)
            .optional()?;
        let Some((row, content)) = found else { return Ok(None) };
        let Picture { blob, kind, .. } = picture(row)?;
        Ok(Some((blob, kind, content)))
    }

    /// Stores a picture, whose content is there.
    pub fn insert_signature_picture(&mut self, new: &Picture) -> Result<()> {
        diesel::insert_into(signature_picture::table)
            .values((
                signature_picture::file.eq(new.file.as_str()),
                signature_picture::name.eq(&new.name),
                signature_picture::kind.eq(kind_name(new.kind)),
                signature_picture::blob_id.eq(new.blob.as_str()),
                signature_picture::width.eq(i64::from(new.width)),
                signature_picture::height.eq(i64::from(new.height)),
                signature_picture::octets.eq(i64::try_from(new.octets).map_err(|_| DAMAGED)?),
                signature_picture::created_at.eq(new.created_at.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Removes a picture, and what was in it.
    pub fn delete_signature_picture(&mut self, picture: &Picture) -> Result<()> {
        diesel::delete(signature_picture::table.find(picture.file.as_str())).execute(self.conn)?;
        self.drop_blob(&picture.blob)
    }
}
