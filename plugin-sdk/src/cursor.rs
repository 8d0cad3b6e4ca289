//! Cursors as JSON: readable in a log, and easy to carry on in a newer version.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Cursor, FailKind, Failure};

/// The host's limit, octets.
pub const MAX_CURSOR: usize = 16_384;

/// Writes a cursor.
///
/// # Errors
/// `internal` when it would be longer than [`MAX_CURSOR`].
pub fn encode<T: Serialize>(position: &T) -> Result<Cursor, Failure> {
    let cursor = serde_json::to_vec(position)
        .map_err(|error| Failure::internal(format!("cursor cannot be written: {error}")))?;
    if cursor.len() > MAX_CURSOR {
        return Err(Failure::internal(format!("cursor of {} octets, the contract allows {MAX_CURSOR}", cursor.len())));
    }
    Ok(cursor)
}

/// Reads a cursor that [`encode`] wrote.
///
/// # Errors
/// `cursor-expired` when it cannot be read, so that the host begins a full run:
/// another version of the plugin may have written it.
pub fn decode<T: DeserializeOwned>(cursor: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(cursor).map_err(|error| {
        Failure::new(FailKind::CursorExpired, format!("the cursor is not one of this version's: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_cursor_is_expired() {
        let cursor = encode(&(7_u64, "x")).unwrap();
        assert_eq!(decode::<(u64, String)>(&cursor), Ok((7, "x".to_owned())));
        assert_eq!(decode::<(u64, String)>(b"\xff").unwrap_err().kind, FailKind::CursorExpired);
        assert_eq!(encode(&"x".repeat(MAX_CURSOR)).unwrap_err().kind, FailKind::Internal);
    }
}
