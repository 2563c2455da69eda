//! What moves on a terminal while one waits; elsewhere nothing is shown.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::duration::Written;

/// Counts down to what comes `next`.
pub(super) fn countdown(next: String, wait: Duration) -> ProgressBar {
    let end = Instant::now() + wait;
    let left = move |_: &ProgressState, out: &mut dyn Write| {
        let left = end.saturating_duration_since(Instant::now());
        // There is nobody to tell if a line cannot be drawn.
        _ = write!(out, "{}", Written(left));
    };
    let style = ProgressStyle::with_template("{spinner} {msg} in {left}");
    let bar = ProgressBar::new_spinner().with_message(next);
    if let Ok(style) = style {
        bar.set_style(style.with_key("left", left));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Fills up as deliveries come to their end; its message is how many attempts have failed.
pub(super) fn bar(count: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{wide_bar} {pos} of {len} in {elapsed}, {msg} failed attempts",
    );
    let bar = ProgressBar::new(count).with_message("0");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
