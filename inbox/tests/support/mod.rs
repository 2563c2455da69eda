//! What the tests share: deliveries, effects, waiting, and processes of their own.

pub(crate) mod child;
pub(crate) mod delivery;
pub(crate) mod effect;
pub(crate) mod faults;
pub(crate) mod mount;
pub(crate) mod roles;
pub(crate) mod wait;

use std::{env, time::Duration};

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Says that a test is skipped. Where `INBOX_TEST_REQUIRE_ALL` is set, as in CI, that is a failure.
pub(crate) fn skip(why: &str) {
    assert!(
        env::var_os("INBOX_TEST_REQUIRE_ALL").is_none(),
        "INBOX_TEST_REQUIRE_ALL is set, and {why}"
    );
    eprintln!("skipped: {why}");
}

/// How many deliveries the tests with killed processes send.
pub(crate) fn deliveries() -> usize {
    let count = env::var("INBOX_TEST_DELIVERIES").unwrap_or_else(|_| "300".into());
    count.parse().expect("INBOX_TEST_DELIVERIES is a number")
}
