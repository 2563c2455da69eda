//! A body as programs on its way may have found it, before they wrote it anew.

use std::io;

use serde_json::{
    Deserializer, Serializer,
    ser::{CompactFormatter, Formatter, PrettyFormatter},
};

use crate::output::write_escape;

/// Every likely original of a body, with what makes it of the body.
pub(super) fn rewritten(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let trimmed = body.trim_ascii();
    let mut originals = vec![
        ("the whitespace around it is taken off", trimmed.to_vec()),
        ("a line break is put after it", [trimmed, b"\n"].concat()),
        ("a line break is put after it", [trimmed, b"\r\n"].concat()),
    ];
    let indented = |indent| PrettyFormatter::with_indent(indent);
    let as_json = [
        ("it is compacted", write(body, CompactFormatter)),
        (
            "it is compacted, with what is not ASCII escaped",
            write(body, PYTHON_COMPACT),
        ),
        ("it is written as PHP writes JSON", write(body, PHP)),
        ("it is written as Python writes JSON", write(body, PYTHON)),
        (
            "it has spaces after its commas and colons",
            write(body, SPACED),
        ),
        ("it is indented by 2", write(body, indented(b"  "))),
        ("it is indented by 4", write(body, indented(b"    "))),
    ];
    let as_json = as_json.into_iter();
    originals.extend(as_json.filter_map(|(how, json)| Some((how, json?))));
    originals
}

const PHP: Dialect = Dialect {
    space: "",
    escapes_slashes: true,
    escapes_beyond_ascii: true,
};
const PYTHON: Dialect = Dialect {
    space: " ",
    escapes_slashes: false,
    escapes_beyond_ascii: true,
};
const PYTHON_COMPACT: Dialect = Dialect {
    space: "",
    ..PYTHON
};
const SPACED: Dialect = Dialect {
    escapes_beyond_ascii: false,
    ..PYTHON
};

/// How a program writes JSON on one line.
struct Dialect {
    /// What is behind a comma or colon.
    space: &'static str,
    escapes_slashes: bool,
    escapes_beyond_ascii: bool,
}

impl Dialect {
    fn comma(&self, writer: &mut (impl io::Write + ?Sized), is_first: bool) -> io::Result<()> {
        if is_first {
            return Ok(());
        }
        write!(writer, ",{}", self.space)
    }
}

impl Formatter for Dialect {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        w: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.comma(w, first)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        w: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.comma(w, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        write!(w, ":{}", self.space)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        w: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        fragment.chars().try_for_each(|char| match char {
            '/' if self.escapes_slashes => w.write_all(br"\/"),
            char if self.escapes_beyond_ascii && !char.is_ascii() => write_escape(w, char),
            char => write!(w, "{char}"),
        })
    }
}

/// Writes JSON anew, with its members in their order; `None` if it is not JSON.
fn write(json: &[u8], formatter: impl Formatter) -> Option<Vec<u8>> {
    let mut written = Vec::new();
    let mut reader = Deserializer::from_slice(json);
    let mut writer = Serializer::with_formatter(&mut written, formatter);
    serde_transcode::transcode(&mut reader, &mut writer).ok()?;
    reader.end().ok()?;
    Some(written)
}
