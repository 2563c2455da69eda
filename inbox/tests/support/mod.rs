//! What the tests share: deliveries, effects, waiting, and child processes.

pub(crate) mod child;
pub(crate) mod delivery;
pub(crate) mod effect;
pub(crate) mod faults;
pub(crate) mod mount;
pub(crate) mod roles;
pub(crate) mod wait;

use std::{
    collections::BTreeSet,
    env,
    io::{self, Write as _},
    sync::Mutex,
    time::Duration,
};

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Reports that tests are skipped. If `INBOX_TEST_REQUIRE_ALL` is set, as in CI, that is a failure.
pub(crate) fn skip(why: &'static str) {
    static SAID: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    assert!(
        env::var_os("INBOX_TEST_REQUIRE_ALL").is_none(),
        "INBOX_TEST_REQUIRE_ALL is set, and {why}"
    );
    if SAID.lock().unwrap().insert(why) {
        // Not with a macro: the harness shows its output only if the test fails.
        let _ = writeln!(io::stderr(), "\nskipped, and passed: {why}");
    }
}

/// Returns how many deliveries the tests that kill processes send.
pub(crate) fn deliveries() -> usize {
    let count = env::var("INBOX_TEST_DELIVERIES").unwrap_or_else(|_| "300".into());
    count.parse().expect("INBOX_TEST_DELIVERIES is a number")
}
