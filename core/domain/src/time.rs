//! Time as it is stored: whole microseconds since the Unix epoch, UTC.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A point in time, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ts(i64);

impl Ts {
    /// From microseconds since the epoch, as the database keeps it.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, as UUID v7 wants them.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment moved by whole seconds, saturating at the ends.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Seconds from `earlier` to this moment; negative when it lies after.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).div_euclid(1_000_000)
    }

    /// As a timestamp of jiff, for calendars and formats. A stored value out of
    /// jiff's range (year −9999 to 9999) becomes the epoch.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl From<Timestamp> for Ts {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}

impl std::ops::Sub for Ts {
    type Output = SignedDuration;

    fn sub(self, earlier: Self) -> SignedDuration {
        SignedDuration::from_micros(self.0 - earlier.0)
    }
}

impl fmt::Display for Ts {
    /// RFC 3339 in UTC, to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}
