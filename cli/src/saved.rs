//! Requests in files: those that `listen --save` keeps, and those that other tools show.
//!
//! A saved delivery is a request of HTTP/1.1 (`message/http`), with notes as its first headers:
//!
//! ```text
//! POST /webhooks/trackingmore HTTP/1.1
//! trackingmore-webhook-note: PRIVATE: ...
//! trackingmore-webhook-received: 2026-11-23T23:01:02.123Z
//! trackingmore-webhook-verdict: accepted
//! trackingmore-webhook-answer: 200
//! content-type: application/json
//! timestamp: 1662371528
//! signature: a37084ab...
//! content-length: 4509
//!
//! {"code":200,...}
//! ```
//!
//! The other headers are those of the request, in the order in which their names first came, those
//! of one name together. The body goes to the end of the file.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use httparse::Status;
use jiff::Timestamp;
use serde_json::Value;

use crate::{failure::Failure, input};

const PREFIX: &str = "trackingmore-webhook-";
const RECEIVED: &str = "trackingmore-webhook-received";

const NOTE: &str = "PRIVATE: this file holds customers' data and a live signature. Anyone who reads \
                    it can send requests that pass as genuine deliveries. Delete it after use.";

const NEITHER: &str = "it is neither an HTTP request, the output of `curl -v`, nor a HAR file";

/// How many headers are read; hyper takes 100 of a request.
const HEADERS: usize = 256;

/// A request to a receiver, as it arrived.
#[derive(Clone)]
pub(crate) struct Saved {
    /// When it was received, if that is known.
    pub(crate) received: Option<Timestamp>,
    pub(crate) method: String,
    /// The path and the query.
    pub(crate) target: String,
    /// Names in lower case, in the order in which they first came, those of one name together.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// `None` where a tool does not show it.
    pub(crate) body: Option<Bytes>,
}

impl Saved {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        Self::parse(&input::read(path)?).map_err(|what| {
            let path = path.display();
            Failure::usage(format_args!("{path} is not a request: {what}"))
        })
    }

    /// The body, or nothing where a tool does not show it.
    pub(crate) fn body(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default()
    }

    /// Writes a new file that only its owner can read. If that fails, no file is left.
    pub(crate) fn create(&self, path: &Path, verdict: &str, answer: u16) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let bytes = self.to_bytes(verdict, Some(answer));
        let written = options.open(path)?.write_all(&bytes);
        written.inspect_err(|_| {
            // The first error is the one to report.
            _ = fs::remove_file(path);
        })
    }

    /// Returns the content of the file, with the verdict and the answer.
    pub(crate) fn to_bytes(&self, verdict: &str, answer: Option<u16>) -> Vec<u8> {
        let body = self.body();
        let mut notes = vec![("note", NOTE.to_owned())];
        notes.extend(self.received.map(|time| ("received", time.to_string())));
        notes.push(("verdict", verdict.to_owned()));
        notes.extend(answer.map(|status| ("answer", status.to_string())));
        let notes = notes.into_iter();
        let notes = notes.map(|(name, value)| (format!("{PREFIX}{name}"), value.into_bytes()));
        // The chunks are joined already.
        let own = self.headers.iter();
        let mut headers: Vec<_> = own
            .filter(|(name, _)| name != "transfer-encoding")
            .cloned()
            .collect();
        if !headers.iter().any(|(name, _)| name == "content-length") {
            let length = body.len().to_string();
            headers.push(("content-length".to_owned(), length.into_bytes()));
        }
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in notes.chain(headers) {
            bytes.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        bytes
    }

    /// Reads a request of HTTP/1.1, with its first line or without; the output of `curl -v`; or an
    /// entry of a HAR file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if let Ok(har) = serde_json::from_slice(bytes) {
            return Self::from_har(&har);
        }
        let error = match Self::from_http(bytes) {
            Ok(saved) => return Ok(saved),
            Err(error) => error,
        };
        if let Some(sent) = sent_by_curl(bytes) {
            let saved = Self::from_http(&sent)?;
            return Ok(Self {
                body: None,
                ..saved
            });
        }
        let with_line = [b"POST / HTTP/1.1\r\n", bytes].concat();
        Self::from_http(&with_line).map_err(|_| {
            let mut lines = bytes.split(|byte| *byte == b'\n');
            match error == NEITHER && lines.any(|line| line.starts_with(b"* ")) {
                true => "curl sent no request".to_owned(),
                false => error,
            }
        })
    }

    /// Reads a request that begins with its first line.
    pub(crate) fn from_http(bytes: &[u8]) -> Result<Self, String> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let start = match request.parse(bytes) {
            Ok(Status::Complete(start)) => start,
            _ if request.version.is_none() => return Err(NEITHER.to_owned()),
            Ok(Status::Partial) => return Err("it ends before the body".to_owned()),
            Err(error) => return Err(error.to_string()),
        };
        let mut headers: Vec<_> = request
            .headers
            .iter()
            .map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec()))
            .collect();
        // After other headers, such a header belongs to the request.
        let is_note = |(name, _): &(String, _)| name.starts_with(PREFIX);
        let end = headers.iter().position(|header| !is_note(header));
        let notes = headers.drain(..end.unwrap_or(headers.len()));
        let mut times = notes.filter(|(name, _)| name == RECEIVED);
        let received = times.find_map(|(_, value)| str::from_utf8(&value).ok()?.parse().ok());
        drop(times);
        let is_chunked = |(name, value): &(String, Vec<u8>)| {
            name == "transfer-encoding" && value.eq_ignore_ascii_case(b"chunked")
        };
        let rest = &bytes[start..];
        let joined = headers.iter().any(is_chunked).then(|| joined(rest));
        Ok(Self {
            received,
            method: request.method.unwrap_or_default().to_owned(),
            target: request.path.unwrap_or_default().to_owned(),
            headers,
            body: Some(joined.flatten().unwrap_or_else(|| rest.to_vec()).into()),
        })
    }

    /// Reads the only POST request of a HAR file, or one entry of it.
    fn from_har(har: &Value) -> Result<Self, String> {
        let entries = match &har["log"]["entries"] {
            Value::Array(entries) => entries.iter().collect(),
            _ if har["request"].is_object() => vec![har],
            _ => {
                let what = "it is a body: send it with `send --file`, or use `verify --body`";
                return Err(what.to_owned());
            }
        };
        let is_post = |entry: &&&Value| entry["request"]["method"] == "POST";
        let posts: Vec<_> = entries.iter().filter(is_post).collect();
        let [entry] = posts[..] else {
            let count = posts.len();
            return Err(format!(
                "expected a HAR file with one POST request, found {count}"
            ));
        };
        let request = &entry["request"];
        let headers = request["headers"].as_array().into_iter().flatten();
        let headers = headers.filter_map(|header| {
            let (name, value) = (header["name"].as_str()?, header["value"].as_str()?);
            Some((name.to_ascii_lowercase(), value.into()))
        });
        let posted = &request["postData"];
        let body = posted["text"]
            .as_str()
            .map(|text| match posted["encoding"].as_str() {
                Some("base64") => STANDARD
                    .decode(text)
                    .map_err(|_| "the HAR file's body is not base64".to_owned()),
                _ => Ok(text.into()),
            });
        Ok(Self {
            received: entry["startedDateTime"]
                .as_str()
                .and_then(|time| time.parse().ok()),
            method: "POST".to_owned(),
            target: "/".to_owned(),
            // Names that begin with a colon are not headers, but belong to HTTP/2.
            headers: headers.filter(|(name, _)| !name.starts_with(':')).collect(),
            body: body.transpose()?.map(Bytes::from),
        })
    }
}

/// Returns the head of a request that `curl -v` shows: the lines that begin with `>`.
fn sent_by_curl(text: &[u8]) -> Option<Vec<u8>> {
    let lines = text.split(|byte| *byte == b'\n');
    let mut lines = lines.filter_map(|line| Some(line.strip_prefix(b">")?.trim_ascii()));
    let first = str::from_utf8(lines.next()?).ok()?;
    let (first, _version) = first.rsplit_once(' ')?;
    let mut head = format!("{first} HTTP/1.1\r\n").into_bytes();
    for line in lines.take_while(|line| !line.is_empty()) {
        head.extend([line, b"\r\n"].concat());
    }
    head.extend_from_slice(b"\r\n");
    Some(head)
}

/// Joins the chunks of a body, if they are whole.
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let Ok(Status::Complete((start, size))) = httparse::parse_chunk_size(chunks) else {
            return None;
        };
        let chunk = chunks.get(start..)?;
        let size = usize::try_from(size).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk.get(..size)?);
        chunks = chunk.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

/// Returns the files, and for each folder the saved deliveries in it, in order.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable =
            |error| Failure::usage(format_args!("cannot read {}: {error}", path.display()));
        let entries = fs::read_dir(path).map_err(unreadable)?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let paths = paths.collect::<io::Result<Vec<_>>>().map_err(unreadable)?;
        let is_saved = |path: &PathBuf| {
            // A FIFO has no end.
            path.extension().is_some_and(|end| end == "delivery") && path.is_file()
        };
        let mut found: Vec<_> = paths.into_iter().filter(is_saved).collect();
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// Creates a directory that only its owner can read, unless it exists.
pub(crate) fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Saved {
        Saved {
            received: Some("2026-11-23T23:01:02.123Z".parse().unwrap()),
            method: "POST".to_owned(),
            target: "/hooks?a=b".to_owned(),
            headers: vec![
                ("timestamp".to_owned(), b"1662371528".to_vec()),
                ("signature".to_owned(), b"one".to_vec()),
                ("signature".to_owned(), b"two: \xff".to_vec()),
                ("trackingmore-webhook-received".to_owned(), b"x".to_vec()),
                ("empty".to_owned(), Vec::new()),
                ("#odd".to_owned(), b"#".to_vec()),
                ("content-length".to_owned(), b"22".to_vec()),
            ],
            body: Some(b"\n\r\nsignature: three\n\n\x00\xff".to_vec().into()),
        }
    }

    #[test]
    fn what_is_written_is_read_byte_for_byte() {
        let saved = saved();
        let bytes = saved.to_bytes("refused stale_timestamp", Some(401));
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("\r\ntrackingmore-webhook-verdict: refused stale_timestamp\r\n"));
        assert!(text.contains("\r\ntrackingmore-webhook-answer: 401\r\n"));
        let read = Saved::parse(&bytes).unwrap();
        assert_eq!(read.received, saved.received);
        assert_eq!((read.method, read.target), (saved.method, saved.target));
        assert_eq!(read.headers, saved.headers);
        assert_eq!(read.body, saved.body);
    }

    #[test]
    fn no_part_of_a_head_is_taken_for_a_whole() {
        let whole = saved().to_bytes("accepted", None);
        let body = whole.len() - saved().body.unwrap().len();
        for end in 0..body {
            assert!(Saved::parse(&whole[..end]).is_err(), "{end}");
        }
        assert!(Saved::parse(&whole[..body]).is_ok());
    }

    #[test]
    fn what_other_tools_show_is_read() {
        let curl = "*   Trying 127.0.0.1:3000...\n\
                    > POST /hooks HTTP/2\n> Host: 127.0.0.1\n> signature: x\r\n  0  12\n>\n\
                    * upload completely sent off\n< HTTP/1.1 200 OK\n";
        let chunked = "POST /hooks HTTP/1.1\r\nSignature:  x \r\nTransfer-Encoding: chunked\r\n\r\n\
                       3\r\n{\"a\r\n4;ext\r\n\":1}\r\n0\r\n\r\n";
        let bare = "Signature: x\n\n{\"a\":1}";
        let har = r#"{"log":{"entries":[{"request":{"method":"GET"}},
            {"startedDateTime":"2026-11-23T23:01:02.123Z","request":{"method":"POST",
             "headers":[{"name":":path","value":"/"},{"name":"Signature","value":"x"}],
             "postData":{"text":"{\"a\":1}"}}}]}}"#;
        let base64 = r#"{"request":{"method":"POST","headers":[{"name":"signature","value":"x"}],
            "postData":{"text":"eyJhIjoxfQ==","encoding":"base64"}}}"#;
        for (text, has_body) in [
            (curl, false),
            (chunked, true),
            (bare, true),
            (har, true),
            (base64, true),
        ] {
            let read = Saved::parse(text.as_bytes()).unwrap();
            let signatures = read.headers.iter().filter(|(name, _)| name == "signature");
            let signatures: Vec<_> = signatures.map(|(_, value)| &value[..]).collect();
            assert_eq!(signatures, [b"x"], "{text}");
            assert!(!read.headers.iter().any(|(name, _)| name.starts_with(':')));
            assert_eq!(read.body.as_deref(), has_body.then_some(&b"{\"a\":1}"[..]));
            assert_eq!(read.received.is_some(), text == har);
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let two =
            r#"{"log":{"entries":[{"request":{"method":"POST"}},{"request":{"method":"POST"}}]}}"#;
        let bent = r#"{"request":{"method":"POST","postData":{"text":"*","encoding":"base64"}}}"#;
        let neither = "it is neither an HTTP request, the output of `curl -v`, nor a HAR file";
        let unsent = "*   Trying 127.0.0.1:1...\n* connect to 127.0.0.1 port 1 failed\n";
        for (file, what) in [
            ("{}", "it is a body: send it with `send --file`"),
            (r#"{"log":{"entries":[]}}"#, "found 0"),
            (two, "found 2"),
            (bent, "the HAR file's body is not base64"),
            ("notjson", neither),
            ("tracking_number=A", neither),
            ("signature: x\n", neither),
            (unsent, "curl sent no request"),
            (
                "POST / HTTP/1.1\r\nsignature: x\r\n",
                "it ends before the body",
            ),
            (
                "POST / HTTP/1.1\r\nsig nature: x\r\n\r\n",
                "invalid header name",
            ),
        ] {
            let error = Saved::parse(file.as_bytes()).err().unwrap();
            assert!(error.contains(what), "{file}: {error}");
        }
    }
}
