//! The file format of a saved delivery.
//!
//! Three blocks, with an empty line behind each of the first two:
//!
//! ```text
//! trackingmore-webhook delivery, format 1
//! received: 2026-11-23T23:01:02.123Z
//! PRIVATE: ...
//!
//! content-type: application/json
//! timestamp: 1662371528
//! signature: a37084ab...
//!
//! {"code":200,...}
//! ```
//!
//! 1. What the file is: the name of the format, when the delivery was received, and notes for
//!    people, which programs pass over.
//! 2. The headers of the request, one a line, in the order in which their names first came, those of
//!    one name together; values are bytes, and need not be UTF-8.
//! 3. The body, byte for byte, up to the end of the file.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use jiff::Timestamp;

use crate::{failure::Failure, input};

const FORMAT: &str = "trackingmore-webhook delivery, format 1";

const NOTE: &str = "\
PRIVATE: this file holds customers' data and a live signature. Whoever reads it can send requests
that pass as genuine deliveries. Keep it to yourself, and delete it when you are done.";

/// A request to a receiver, as it arrived.
pub(crate) struct Saved {
    pub(crate) received: Timestamp,
    /// Names in lower case, in the order in which they first came, those of one name together.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Saved {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        Self::parse(&input::read(path)?).map_err(|what| {
            let path = path.display();
            Failure::usage(format_args!("{path} is not a saved delivery: {what}"))
        })
    }

    /// Writes a new file that its owner alone can read, whole or not at all.
    pub(crate) fn create(&self, path: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(path)?.write_all(&self.to_bytes());
        written.inspect_err(|_| {
            // Why it could not be written is what is to be told.
            _ = fs::remove_file(path);
        })
    }

    /// Gives the content of the file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let Self { received, .. } = self;
        let mut bytes = format!("{FORMAT}\nreceived: {received}\n{NOTE}\n\n").into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut lines = Lines(bytes);
        if lines.next() != Some(FORMAT.as_bytes()) {
            return Err(format!("its first line is not `{FORMAT}`"));
        }
        let received = lines
            .next()
            .and_then(|line| str::from_utf8(line.strip_prefix(b"received: ")?).ok())
            .and_then(|time| time.parse().ok())
            .ok_or("its second line is not `received: ` and a time")?;
        while !lines.next().ok_or("it ends before the headers")?.is_empty() {}

        let mut headers = Vec::new();
        loop {
            let line = lines.next().ok_or("it ends before the body")?;
            if line.is_empty() {
                break;
            }
            headers.push(header(line).ok_or("a header is not `name: value`")?);
        }
        Ok(Self {
            received,
            headers,
            body: lines.0.to_vec(),
        })
    }
}

/// Makes a directory that its owner alone can look into, unless it is there.
pub(crate) fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Reads `name: value`.
pub(crate) fn header(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = str::from_utf8(&line[..colon]).ok()?;
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    let value = line[colon + 1..].trim_ascii().to_vec();
    is_name.then(|| (name.to_ascii_lowercase(), value))
}

/// The lines of what is left, without their ends.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == b'\n')?;
        let line = &self.0[..end];
        self.0 = &self.0[end + 1..];
        // An editor may have added them.
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Saved {
        Saved {
            received: "2026-11-23T23:01:02.123Z".parse().unwrap(),
            headers: vec![
                ("timestamp".to_owned(), b"1662371528".to_vec()),
                ("signature".to_owned(), b"one".to_vec()),
                ("signature".to_owned(), b"two: \xff".to_vec()),
                ("empty".to_owned(), Vec::new()),
                ("#odd".to_owned(), b"#".to_vec()),
            ],
            body: b"\n\r\nsignature: three\n\n\x00\xff".to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read_to_the_byte() {
        let saved = saved();
        let read = Saved::parse(&saved.to_bytes()).unwrap();
        assert_eq!(read.received, saved.received);
        assert_eq!(read.headers, saved.headers);
        assert_eq!(read.body, saved.body);

        let bare = Saved {
            headers: Vec::new(),
            body: Vec::new(),
            ..saved
        };
        let read = Saved::parse(&bare.to_bytes()).unwrap();
        assert!(read.headers.is_empty() && read.body.is_empty());
    }

    #[test]
    fn a_header_may_have_been_written_by_hand() {
        let file = format!(
            "{FORMAT}\r\nreceived: 2026-11-23T23:01:02Z\r\n\r\nSignature:  abc \r\n\r\n{{}}"
        );
        let read = Saved::parse(file.as_bytes()).unwrap();
        assert_eq!(read.headers, [("signature".to_owned(), b"abc".to_vec())]);
        assert_eq!(read.body, b"{}");
    }

    #[test]
    fn no_part_of_a_file_is_taken_for_a_whole() {
        let whole = saved().to_bytes();
        let body = whole.len() - saved().body.len();
        for end in 0..body {
            assert!(Saved::parse(&whole[..end]).is_err(), "{end}");
        }
        assert!(Saved::parse(&whole[..body]).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let second = "its second line is not `received: ` and a time";
        let head = format!("{FORMAT}\nreceived: 2026-11-23T23:01:02Z\n");
        for (file, what) in [
            (
                "{}\n".to_owned(),
                format!("its first line is not `{FORMAT}`"),
            ),
            (
                format!("{FORMAT}\nreceived: today\n\n\n"),
                second.to_owned(),
            ),
            (
                format!("{head}note\n"),
                "it ends before the headers".to_owned(),
            ),
            (
                format!("{head}\nsignature: x\n{{}}"),
                "it ends before the body".to_owned(),
            ),
            (
                format!("{head}\nsignature\n\n"),
                "a header is not `name: value`".to_owned(),
            ),
            (
                format!("{head}\nsig nature: x\n\n"),
                "a header is not `name: value`".to_owned(),
            ),
        ] {
            assert_eq!(Saved::parse(file.as_bytes()).err(), Some(what));
        }
    }
}
