//! The first session of the README, pasted into a shell.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::{env, net::TcpListener, path::Path, process::Command};

const README: &str = include_str!("../README.md");

/// Where the session listens.
const ADDR: &str = "127.0.0.1:3080";

/// Gives the first block of code of a language behind some text.
fn block<'a>(text: &'a str, language: &str) -> (&'a str, &'a str) {
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap()
}

/// Sorts the lines, since two programs print them, and takes out what differs from run to run.
fn normal(output: &str) -> Vec<String> {
    let mut lines: Vec<_> = output.lines().map(masked).collect();
    lines.sort();
    lines
}

/// Takes out the times of day, how long things took, and how old they were to the second.
fn masked(line: &str) -> String {
    let mut masked: Vec<&str> = Vec::new();
    for word in line.split(' ') {
        let before = masked.last().copied();
        let is_length = word.starts_with(|char: char| char.is_ascii_digit());
        if matches!(word, "ms" | "ms;") {
            masked.pop();
        }
        masked.push(match word {
            "ms" | "ms;" => "LENGTH",
            _ if matches!(before, Some("after" | "signed")) && is_length => "LENGTH",
            // A second has begun in between.
            "1s" if before.is_some_and(|before| before.ends_with('d')) => continue,
            _ if word.starts_with("deliveries/") => word.split_once("Z-").unwrap().1,
            _ if is_length && word.split(':').count() == 3 => "TIME",
            _ => word,
        });
    }
    masked.join(" ")
}

#[test]
fn the_first_session_prints_what_the_readme_says() {
    let (_, rest) = README.split_once("# A first session").unwrap();
    let (_, rest) = rest.split_once("pasted into a shell").unwrap();
    let (session, rest) = block(rest, "sh");
    let (expected, _) = block(rest, "text");

    // The default port may be taken, and the machine may be slow.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let script = session
        .replace(" listen ", &format!(" listen --addr {free} "))
        .replace(ADDR, &free.to_string())
        .replace(
            "sleep 1\n",
            &format!(
                "for _ in {{1..600}}; do\n\
                     (: < /dev/tcp/127.0.0.1/{}) 2> /dev/null && break; sleep 0.1\n\
                 done\n",
                free.port()
            ),
        );
    let programs = Path::new(env!("CARGO_BIN_EXE_trackingmore-webhook"))
        .parent()
        .unwrap();
    let path = env::join_paths(
        [programs.to_owned()]
            .into_iter()
            .chain(env::split_paths(&env::var_os("PATH").unwrap())),
    );
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(&dir)
        .env("PATH", path.unwrap())
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        normal(&printed.replace(&free.to_string(), ADDR)),
        normal(expected)
    );
}
