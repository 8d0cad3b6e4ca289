//! Content-addressed blobs.

use diesel::prelude::*;
use estampe_domain::{BlobId, Ts};

use super::Tx;
use crate::conn::per_backend;
use crate::error::Result;
use crate::schema::{blob, person, signature_picture};

impl Tx<'_> {
    /// Stores a blob once; the same content again changes nothing.
    pub fn put_blob(&mut self, media_type: &str, content: &[u8], now: Ts) -> Result<BlobId> {
        let blob_id = BlobId::of(content);
        let values = (
            blob::id.eq(blob_id.as_str()),
            blob::media_type.eq(media_type),
            blob::content.eq(content),
            blob::created_at.eq(now.as_micros()),
        );
        per_backend!(self.conn, c => {
            diesel::insert_into(blob::table).values(values).on_conflict_do_nothing().execute(c)?;
        });
        Ok(blob_id)
    }

    /// Removes a blob that nobody's photo and no picture is any more.
    pub(crate) fn drop_blob(&mut self, id: &BlobId) -> Result<()> {
        let id = id.as_str();
        let photos: i64 = person::table.filter(person::photo_id.eq(id)).count().get_result(self.conn)?;
        let pictures = signature_picture::table.filter(signature_picture::blob_id.eq(id));
        let pictures: i64 = pictures.count().get_result(self.conn)?;
        if photos + pictures == 0 {
            diesel::delete(blob::table.find(id)).execute(self.conn)?;
        }
        Ok(())
    }

    /// Reads a blob.
    pub fn blob(&mut self, id: &BlobId) -> Result<Option<Vec<u8>>> {
        Ok(blob::table.find(id.as_str()).select(blob::content).get_result(self.conn).optional()?)
    }
}
