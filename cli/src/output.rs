//! What a command prints on standard output: text for people, or one JSON object a line.

use std::{
    fmt::{self, Write as _},
    io::Write as _,
};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde::Serialize;

use crate::failure::Failure;

// These show on a terminal only, and not with NO_COLOR.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();

#[derive(Args, Clone, Copy)]
pub(crate) struct Output {
    /// Print one JSON object a line, for scripts
    #[arg(long)]
    json: bool,
}

impl Output {
    /// Prints a line: `text`, or with `--json` the `record`.
    pub(crate) fn line(
        self,
        text: impl fmt::Display,
        record: &impl Serialize,
    ) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        if self.json {
            let record = serde_json::to_string(record).map_err(Failure::failed)?;
            writeln!(out, "{record}")
        } else {
            writeln!(out, "{text}")
        }
        .map_err(Failure::output)
    }

    /// Prints a line that only people need.
    pub(crate) fn remark(self, text: impl fmt::Display) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        writeln!(anstream::stdout(), "{text}").map_err(Failure::output)
    }
}

/// Text in a colour, where there are colours.
pub(crate) struct Painted<T>(pub(crate) Style, pub(crate) T);

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:#}", self.0, self.1, self.0)
    }
}

/// Text that somebody sent, on one line and without a way to command the terminal.
pub(crate) struct Foreign<'a>(pub(crate) &'a str);

impl fmt::Display for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '\'' | '"' | '\\' => f.write_char(char),
            _ => write!(f, "{}", char.escape_debug()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_on_its_line_and_commands_nothing() {
        assert_eq!(
            Foreign("Malmö, \"it's\" \\").to_string(),
            "Malmö, \"it's\" \\"
        );
        assert_eq!(
            Foreign("a\nb\u{1b}[2J\u{202e}\u{9b}").to_string(),
            r"a\nb\u{1b}[2J\u{202e}\u{9b}"
        );
    }
}
