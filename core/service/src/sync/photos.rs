//! Photos that a source brought before, by their versions: what is known need not be fetched.

use async_trait::async_trait;
use estampe_domain::SourceId;
use estampe_domain::plan::PhotoDigest;
use estampe_domain::ports::KnownPhotos;
use estampe_store::Store;

/// Those of one source.
pub(super) struct PhotosOf {
    pub(super) store: Store,
    pub(super) source: SourceId,
}

#[async_trait]
impl KnownPhotos for PhotosOf {
    async fn same(&self, photos: Vec<(String, String)>) -> Vec<bool> {
        let source = self.source;
        let asked = photos.clone();
        let known = self.store.read(move |tx| {
            let ids: Vec<&str> = asked.iter().map(|(id, _)| id.as_str()).collect();
            tx.identities(source, &ids)
        });
        let Ok(known) = known.await.inspect_err(|error| {
            // they are fetched again, which is slow and right
            tracing::warn!(error.text = %error, "cannot look up which photos are known");
        }) else {
            return vec![false; photos.len()];
        };
        let is_same = |(id, version): &(String, String)| {
            let digest = PhotoDigest::of_version(version);
            known.get(id).is_some_and(|known| known.photo.as_ref() == Some(&digest))
        };
        photos.iter().map(is_same).collect()
    }
}
