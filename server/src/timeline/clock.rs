//! The wall clock as events carry it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since the Unix epoch.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Now, in microseconds since the Unix epoch.
#[must_use]
pub fn now_us() -> u64 {
    us_of(SystemTime::now())
}

/// A moment, in microseconds since the Unix epoch.
#[must_use]
pub fn us_of(time: SystemTime) -> u64 {
    micros(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A duration as events carry it, in microseconds.
#[must_use]
pub fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
