//! Cards: what is shown publicly of a person.

use crate::ids::{CardId, PersonId, PublicId};
use crate::person::Profile;
use crate::time::Ts;

/// A card that is shown, with its holder's profile.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its id.
    pub id: CardId,
    /// Its public name.
    pub public_id: PublicId,
    /// Its holder.
    pub person: PersonId,
    /// Rises with every change of what is shown: names a rendering.
    pub version: i64,
    /// What it shows.
    pub profile: Profile,
    /// When it last changed.
    pub changed_at: Ts,
}
