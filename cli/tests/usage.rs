//! What all commands have in common.

#![allow(clippy::unwrap_used)]

mod program;

use std::{
    io::Read as _,
    process::{Command, Stdio},
};

use program::{assert_wrong_usage, program, run};

const COMMANDS: &[&str] = &[
    "listen",
    "send",
    "replay",
    "sign",
    "verify",
    "check",
    "schedule",
    #[cfg(feature = "inbox")]
    "inbox",
    "completions",
];

#[test]
fn every_command_has_help_with_an_example() {
    let ended = run(&["--help"]);
    assert_eq!(ended.code, 0);
    assert_eq!(run(&["help"]).out, ended.out);
    assert_eq!(run(&["help", "help"]).code, 0);
    for command in COMMANDS {
        let line = ended
            .out
            .lines()
            .find(|line| line.trim_start().starts_with(command));
        assert!(line.is_some(), "{command}: {}", ended.out);
        let ended = run(&[command, "--help"]);
        assert_eq!(ended.code, 0);
        assert_eq!(run(&["help", command]).out, ended.out);
        let example = format!("Example:\n  trackingmore-webhook {command}");
        let examples = format!("Examples:\n  trackingmore-webhook {command}");
        assert!(
            ended.out.contains(&example) || ended.out.contains(&examples),
            "{}",
            ended.out
        );
        // An example that is pasted must not be broken in two.
        let (_, examples) = ended.out.split_once("Example").unwrap();
        let lines: Vec<_> = examples.trim_end().lines().skip(1).collect();
        let mut starts = true;
        for line in &lines {
            let start = if starts {
                "  trackingmore-webhook"
            } else {
                "      "
            };
            assert!(line.starts_with(start), "{lines:?}");
            starts = !line.ends_with('\\');
        }
        let is_one = |line: &&&str| line.starts_with("  trackingmore-webhook");
        let is_plural = examples.starts_with("s:");
        assert_eq!(
            is_plural,
            lines.iter().filter(is_one).count() > 1,
            "{lines:?}"
        );
        assert_eq!(ended.err, "");
    }
}

#[test]
fn the_place_of_the_number_is_in_the_help() {
    let help = run(&["send", "--help"]).out;
    let words: Vec<_> = help.split_whitespace().collect();
    let help = words.join(" ");
    assert!(
        help.contains("{number} is replaced by the number"),
        "{help}"
    );
    assert!(
        help.contains("--set 'tracking_number=AB{number}' http://"),
        "{help}"
    );
}

#[test]
fn alone_it_shows_its_help_as_wrong_usage() {
    let ended = run(&[]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("Usage: trackingmore-webhook <COMMAND>"));
    assert_eq!(ended.out, "");
    assert_wrong_usage(&["recieve"], "unrecognized subcommand 'recieve'");
}

#[test]
fn what_was_probably_meant_is_suggested() {
    for (args, meant) in [
        (&["listn"][..], "a similar subcommand exists: 'listen'"),
        (&["help", "listn"], "a similar subcommand exists: 'listen'"),
        (
            &["send", "--storry"],
            "found; tip: a similar argument exists: '--story' (see --help)",
        ),
        (
            &["listen", "--forwrd", "x"],
            "a similar argument exists: '--forward'",
        ),
        (
            &["send", "--status", "delivred", "http://127.0.0.1:1/"],
            "a similar value exists: 'delivered'",
        ),
    ] {
        assert_wrong_usage(args, meant);
    }
}

#[test]
fn exit_codes_and_events_are_documented() {
    for command in [
        &[][..],
        &["listen"],
        &["send"],
        &["replay"],
        &["sign"],
        &["verify"],
        &["check"],
    ] {
        let help = run(&[command, &["--help"]].concat()).out;
        assert!(help.contains("Exit code: 0 "), "{command:?}: {help}");
    }
    for line in run(&["schedule", "--json"]).json() {
        assert_eq!(line["event"], "scheduled");
    }
}

#[test]
fn it_has_a_version() {
    let ended = run(&["--version"]);
    assert_eq!(ended.code, 0);
    let version = concat!("trackingmore-webhook ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(ended.out, version);
}

#[test]
fn every_shell_is_completed() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = run(&["completions", shell]);
        assert_eq!(ended.code, 0);
        for command in COMMANDS {
            assert!(ended.out.contains(command), "{shell}: {command}");
        }
    }
    assert_wrong_usage(&["completions"], "<SHELL>");
    assert_wrong_usage(&["completions", "cmd"], "possible values: bash");
}

#[test]
#[cfg(unix)]
fn a_completion_script_is_one_of_its_shell() {
    let script = run(&["completions", "bash"]).out;
    let checked = Command::new("bash").args(["-n", "-c", &script]).status();
    assert!(checked.unwrap().success());
}

#[test]
fn a_reader_that_closes_the_pipe_gets_no_error() {
    let mut child = program(&["schedule", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    child.wait().unwrap();
    assert_eq!(err, "");
}
