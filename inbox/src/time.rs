//! The clocks of this process.

use std::time::{SystemTime, UNIX_EPOCH};
#[cfg(feature = "sqlite")]
use std::{sync::LazyLock, time::Instant};

use crate::store::millis;

/// Milliseconds since 1970, by the wall clock.
pub(crate) fn wall_clock() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, millis)
}

/// Milliseconds since 1970 that never jump: the wall clock at the first call, and monotonic from
/// there.
#[cfg(feature = "sqlite")]
pub(crate) fn process_clock() -> i64 {
    static START: LazyLock<(i64, Instant)> = LazyLock::new(|| (wall_clock(), Instant::now()));
    START.0 + millis(START.1.elapsed())
}

pub(crate) fn system_time(wall_clock: i64) -> SystemTime {
    let millis = u64::try_from(wall_clock).unwrap_or(0);
    UNIX_EPOCH + std::time::Duration::from_millis(millis)
}
