//! Public cards: the page, the photo, the vCard, the QR.

use std::sync::Arc;
use std::time::Duration;

use estampe_domain::card::Card;
use estampe_domain::vcard::{self, Version};
use estampe_domain::{Context, Error, PublicId, Result, Ts};
use quick_cache::sync::Cache;

use crate::Service;
use crate::views::{Photo, VcardFile};

/// Cards kept in memory.
const CARDS: usize = 4096;
/// How long what was read of a card is taken for true without asking the database, where
/// others write to it too.
pub const TRUSTED: Duration = Duration::from_secs(1);

/// A card as it was at some moment.
#[derive(Clone)]
pub(crate) struct KeptCard {
    card: Arc<Card>,
    /// The count of changes before it was read.
    changes: u64,
    read: Ts,
}

/// Cards that visitors leave details at.
pub(crate) type KeptCards = Cache<PublicId, KeptCard>;

/// None yet.
pub(crate) fn no_cards() -> KeptCards {
    Cache::new(CARDS)
}

impl Service {
    /// The public address of a card.
    pub fn card_url(&self, public_id: &PublicId) -> String {
        format!("{}/c/{public_id}", self.settings.public_origin)
    }

    /// A card that is shown. Anything else is [`Error::NotFound`], whatever the reason.
    pub async fn card(&self, _ctx: &Context, public_id: &PublicId) -> Result<Card> {
        let public_id = public_id.clone();
        self.store.read(move |tx| tx.shown_card(&public_id)).await?.ok_or(Error::NotFound)
    }

    /// A card that is shown, as [`card`](Self::card) gives it, from memory while that is as
    /// good: for what asks for the same cards again and again.
    pub(crate) async fn kept_card(&self, public_id: &PublicId) -> Result<Arc<Card>> {
        let (changes, now) = (self.store.card_changes(), self.ports.clock.now());
        if let Some(kept) = self.cards.get(public_id)
            && kept.changes == changes
            && (self.store.is_alone()
                || u64::try_from(now.seconds_since(kept.read)).is_ok_and(|age| age < TRUSTED.as_secs()))
        {
            return Ok(kept.card);
        }
        let wanted = public_id.clone();
        let card = self.store.read(move |tx| tx.shown_card(&wanted)).await?.ok_or(Error::NotFound)?;
        let card = Arc::new(card);
        self.cards.insert(public_id.clone(), KeptCard { card: Arc::clone(&card), changes, read: now });
        Ok(card)
    }

    /// The version of a card that is shown; [`Error::NotFound`] as for [`card`](Self::card).
    pub async fn card_version(&self, _ctx: &Context, public_id: &PublicId) -> Result<i64> {
        let public_id = public_id.clone();
        self.store.read(move |tx| tx.shown_version(&public_id)).await?.ok_or(Error::NotFound)
    }

    /// A number that rises after every change of a card by this process. Take it before
    /// reading a card: while it stays the same, what was read stays true.
    pub fn card_changes(&self) -> u64 {
        self.store.card_changes()
    }

    /// Whether cards change by this process alone.
    pub fn changes_alone(&self) -> bool {
        self.store.is_alone()
    }

    /// The photo of a card.
    pub async fn photo(&self, _ctx: &Context, public_id: &PublicId) -> Result<Photo> {
        let public_id = public_id.clone();
        let photo = self
            .store
            .read(move |tx| {
                let Some(blob) = tx.shown_card(&public_id)?.and_then(|card| card.profile.photo) else {
                    return Ok(None);
                };
                Ok(tx.blob(&blob)?.map(|bytes| Photo { blob, bytes }))
            })
            .await?;
        photo.ok_or(Error::NotFound)
    }

    /// The vCard of a card.
    pub async fn vcard(&self, _ctx: &Context, public_id: &PublicId, version: Version) -> Result<VcardFile> {
        let wanted = public_id.clone();
        let found = self
            .store
            .read(move |tx| {
                let Some(card) = tx.shown_card(&wanted)? else { return Ok(None) };
                let photo = match &card.profile.photo {
                    Some(blob) => tx.blob(blob)?,
                    None => None,
                };
                Ok(Some((card, photo)))
            })
            .await?;
        let (card, photo) = found.ok_or(Error::NotFound)?;
        Ok(VcardFile {
            text: vcard::write(&card, version, &self.card_url(public_id), photo.as_deref()),
            media_type: version.media_type(),
            file_name: vcard::file_name(&card.profile.display_name),
        })
    }

    /// The card's address as a QR code, SVG, with a name for the file.
    pub async fn qr_svg(&self, ctx: &Context, public_id: &PublicId) -> Result<(String, String)> {
        let card = self.card(ctx, public_id).await?;
        Ok((self.ports.qr.svg(&self.card_url(public_id))?, qr_name(&card, "svg")))
    }

    /// The card's address as a QR code, PNG, with a name for the file.
    pub async fn qr_png(&self, ctx: &Context, public_id: &PublicId) -> Result<(Vec<u8>, String)> {
        let card = self.card(ctx, public_id).await?;
        Ok((self.ports.qr.png(&self.card_url(public_id))?, qr_name(&card, "png")))
    }
}

/// `qr-anne-martin.png`: who has many of them finds whose each is.
fn qr_name(card: &Card, end: &str) -> String {
    match vcard::slug(&card.profile.display_name) {
        Some(name) => format!("qr-{name}.{end}"),
        None => format!("card-qr.{end}"),
    }
}
