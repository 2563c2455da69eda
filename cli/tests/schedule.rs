//! `schedule` as its user runs it.

#![allow(clippy::unwrap_used)]

mod program;

use jiff::Timestamp;
use program::{assert_wrong_usage, run};

#[test]
fn every_reading_has_its_timetable() {
    let before = Timestamp::now();
    let ended = run(&["schedule", "--json"]);
    let after = Timestamp::now();
    assert_eq!(ended.code, 0);
    let rows = ended.json();
    for (reading, attempts, first_wait, window) in [
        ("documented", 14, 30, 245_730),
        ("formula", 14, 60, 491_460),
    ] {
        let rows: Vec<_> = rows
            .iter()
            .filter(|row| row["reading"] == reading)
            .collect();
        assert_eq!(rows.len(), attempts);
        assert_eq!(rows[1]["wait_seconds"], first_wait);
        assert_eq!(rows[attempts - 1]["after_seconds"], window);
        let at =
            |row: &serde_json::Value| -> Timestamp { row["at"].as_str().unwrap().parse().unwrap() };
        assert!((before..=after).contains(&at(rows[0])));
        for (n, row) in rows.iter().enumerate() {
            assert_eq!(row["attempt"], n + 1);
            let since = at(row).duration_since(at(rows[0]));
            assert_eq!(row["after_seconds"], since.as_secs());
        }
    }
}

#[test]
fn as_text_it_has_waits_and_clock_times() {
    let ended = run(&["schedule"]);
    assert_eq!(ended.code, 0);
    for heading in [
        "documented: 14 attempts, the second after 30s, as the documentation's example; over 2d 20h 15m 30s",
        "formula: 14 attempts, the second after 60s, as the documentation's formula; over 5d 16h 31m",
    ] {
        assert!(
            ended.out.lines().any(|line| line == heading),
            "{}",
            ended.out
        );
    }
    let eighth = ended.out.lines().find(|line| line.starts_with("      8  "));
    let eighth: Vec<_> = eighth.unwrap().split_whitespace().collect();
    assert_eq!(eighth[..2], ["8", "32m"]);
    let [_, date, time] = eighth[2..] else {
        panic!("{eighth:?}")
    };
    // A day and a time of day, in the zone of the test.
    let at: Timestamp = format!("{date}T{time}Z").parse().unwrap();
    assert!(at > Timestamp::now());
    assert!(!ended.out.contains('\u{1b}'));
}

#[test]
fn wrong_usage_is_reported_in_one_line() {
    assert_wrong_usage(&["schedule", "tomorrow"], "unexpected argument 'tomorrow'");
}
