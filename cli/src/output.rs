//! Prints on standard output: text for people, or one JSON object a line.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};

use crate::failure::Failure;

// Shown on terminals only, and not with NO_COLOR.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();

#[derive(Args, Clone, Copy)]
pub(crate) struct Output {
    /// Print one JSON object per line, for scripts
    #[arg(long, global = true)]
    json: bool,
}

impl Output {
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints a line: `text`, or with `--json` the `record`.
    pub(crate) fn line(
        self,
        text: impl fmt::Display,
        record: &impl Serialize,
    ) -> Result<(), Failure> {
        if self.json {
            print_json(record)
        } else {
            print(anstream::stdout().lock(), text)
        }
    }

    /// As [`Output::line`], for `text` that a program reads: nothing is stripped from it.
    pub(crate) fn exact_line(
        self,
        text: impl fmt::Display,
        record: &impl Serialize,
    ) -> Result<(), Failure> {
        if self.json {
            print_json(record)
        } else {
            print(io::stdout().lock(), text)
        }
    }

    /// Prints a line that only people read.
    pub(crate) fn remark(self, text: impl fmt::Display) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        print(anstream::stdout().lock(), text)
    }
}

fn print(mut out: impl Write, text: impl fmt::Display) -> Result<(), Failure> {
    writeln!(out, "{text}").map_err(Failure::output)
}

fn print_json(record: &impl Serialize) -> Result<(), Failure> {
    let mut line = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut line, ForTerminals);
    record.serialize(&mut serializer).map_err(Failure::failed)?;
    line.push(b'\n');
    io::stdout()
        .lock()
        .write_all(&line)
        .map_err(Failure::output)
}

/// JSON that escapes what could control a terminal, as text for people does.
struct ForTerminals;

impl Formatter for ForTerminals {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        fragment
            .chars()
            .try_for_each(|char| match is_harmless(char) {
                true => write!(writer, "{char}"),
                false => writer.write_all(escape(char).as_bytes()),
            })
    }
}

/// Writes a character as a JSON escape.
pub(crate) fn escape(char: char) -> String {
    let mut units = [0; 2];
    let units = char.encode_utf16(&mut units).iter();
    units.map(|unit| format!("\\u{unit:04x}")).collect()
}

/// Text in a colour, on terminals that have colours.
pub(crate) struct Painted<T>(pub(crate) Style, pub(crate) T);

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:#}", self.0, self.1, self.0)
    }
}

/// Foreign text, on one line and unable to control the terminal.
pub(crate) struct Foreign<'a>(pub(crate) &'a str);

impl fmt::Display for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match is_harmless(char) {
            true => f.write_char(char),
            false => write!(f, "{}", char.escape_debug()),
        })
    }
}

/// Returns whether a terminal only displays this character.
fn is_harmless(char: char) -> bool {
    matches!(char, '\'' | '"' | '\\') || char.escape_debug().len() == 1
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
