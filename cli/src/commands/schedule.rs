use std::process::ExitCode;

use clap::Args;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use trackingmore_webhook_axum::trackingmore_webhook::retry::RetrySchedule;

use crate::{
    duration::Written,
    failure::Failure,
    output::{FAINT, Output, Painted},
};

/// Show when TrackingMore retries a delivery that fails now.
///
/// The documentation contradicts itself, so there is a timetable for each reading of it. Waits
/// count from the failure of the previous attempt. Clock times are in your time zone, and assume
/// that every attempt fails immediately.
///
/// Exit code: 0, or 2 for wrong usage.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook schedule
  trackingmore-webhook schedule --json | grep documented")]
pub(crate) struct Schedule {
    #[command(flatten)]
    output: Output,
}

const READINGS: [(&str, &str, RetrySchedule); 2] = [
    (
        "documented",
        "14 attempts, the second after 30s, as the documentation's example",
        RetrySchedule::documented(),
    ),
    (
        "formula",
        "14 attempts, the second after 60s, as the documentation's formula",
        RetrySchedule::formula(),
    ),
];

impl Schedule {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let now = Timestamp::now();
        let zone = TimeZone::system();
        for (reading, meaning, schedule) in READINGS {
            let window = Written(schedule.window());
            let heading = format_args!("{reading}: {meaning}; over {window}");
            self.output.remark(heading)?;
            self.output.remark("attempt         wait  at")?;
            let mut at = now;
            for (attempt, wait) in (1..).zip(schedule) {
                at = at.checked_add(wait).map_err(Failure::failed)?;
                let clock = at
                    .to_zoned_datetime(zone.clone())
                    .strftime("%a %Y-%m-%d %H:%M:%S");
                let text = format!("{attempt:>7}  {:>11}  {clock}", Written(wait).to_string());
                let record = json!({
                    "event": "scheduled",
                    "reading": reading,
                    "attempt": attempt,
                    "wait_seconds": wait.as_secs(),
                    "after_seconds": at.duration_since(now).as_secs(),
                    "at": at,
                });
                self.output.line(text, &record)?;
            }
            self.output.remark("")?;
        }
        self.output.remark(Painted(
            FAINT,
            "Any answer outside 200-299 is a failed attempt.",
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
