//! Texts that may have been signed instead of a body: the body before a gateway changed it, or what
//! a wrong sender makes of it.

use std::io::{self, Read as _, Write};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use serde::Serialize as _;
use serde_json::{
    Serializer, Value,
    ser::{Formatter, PrettyFormatter},
};

use crate::output::escape;

const GZIP: &[u8] = &[0x1f, 0x8b];
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The most that a compressed body may unpack to.
const LIMIT: u64 = 1024 * 1024;

/// Returns the likely originals of a body, each with the change that restores it.
pub(super) fn originals(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let trimmed = body.trim_ascii();
    let from_form = body.iter().map(|byte| match byte {
        b'+' => b' ',
        other => *other,
    });
    let from_form = from_form.collect();
    let mut originals = vec![
        ("without surrounding whitespace", trimmed.to_vec()),
        ("with a line break after it", [trimmed, b"\n"].concat()),
        ("with a line break after it", [trimmed, b"\r\n"].concat()),
        ("with a byte order mark before it", [BOM, body].concat()),
        ("with spaces for each `+`, as forms are decoded", from_form),
        ("with `+` for the space in its times", with_plus(body)),
    ];
    if let Some(body) = body.strip_prefix(BOM) {
        originals.push(("without its byte order mark (BOM)", body.to_vec()));
    }
    let mut unzipped = Vec::new();
    let mut gzip = GzDecoder::new(body).take(LIMIT);
    if gzip.read_to_end(&mut unzipped).is_ok() {
        originals.push(("decompressed, as it is gzip", unzipped));
    }
    let decoded = STANDARD.decode(trimmed).ok();
    originals.extend(decoded.map(|body| ("decoded, as it is base64", body)));
    if let Ok(json) = serde_json::from_slice(body) {
        originals.extend(as_json(&json));
    }
    originals
}

/// Returns what a wrong sender may sign instead of a body.
pub(super) fn others(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut others = vec![
        ("an empty body", Vec::new()),
        ("the base64 of the body", STANDARD.encode(body).into_bytes()),
    ];
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        let mut add =
            |what, json: &Value| others.extend(as_json(json).map(|(_, json)| (what, json)));
        add("the body with sorted keys", &sorted(&json));
        if let Some(data) = json.get("data") {
            add("the member `data` alone", data);
            add("the member `data` alone", &sorted(data));
        }
    }
    others
}

/// Returns the sign of a change that cannot be undone, if there is one.
pub(super) fn trace(body: &[u8], says_gzip: bool) -> Option<&'static str> {
    let event: Value = serde_json::from_slice(body).unwrap_or_default();
    let data = event["data"].as_object();
    Some(if body.starts_with(GZIP) {
        "the body is compressed with gzip"
    } else if says_gzip {
        "the body was compressed with gzip, but no longer is"
    } else if STANDARD.decode(body.trim_ascii()).is_ok() {
        "the body is base64"
    } else if event.get("tracking_number").is_some() && event.get("data").is_none() {
        "the body is the member `data` alone"
    } else if data.is_some_and(|data| data.len() > 1 && data.keys().is_sorted()) {
        "the keys of the body are sorted, which TrackingMore's are not"
    } else {
        return None;
    })
}

/// Puts the `+` back into times such as `2026-03-02T06:41:00 08:00`.
fn with_plus(body: &[u8]) -> Vec<u8> {
    let mut restored = body.to_vec();
    for (at, time) in body.windows(10).enumerate() {
        if time[0] == b'T' && time[9] == b' ' {
            restored[at + 9] = b'+';
        }
    }
    restored
}

/// Puts the keys in alphabetical order.
fn sorted(json: &Value) -> Value {
    let mut json = json.clone();
    json.sort_all_objects();
    json
}

/// Returns the JSON as various programs write it.
fn as_json(json: &Value) -> [(&'static str, Vec<u8>); 7] {
    let compact = json.to_string();
    let spaced = write(json, Spaced);
    let escaped = ascii(&compact);
    // Slashes occur only in text.
    let php = escaped.replace('/', r"\/");
    let written = [
        ("compacted", compact),
        ("compacted, with what is not ASCII escaped", escaped),
        ("written as PHP writes JSON", php),
        ("written as Python writes JSON", ascii(&spaced)),
        ("with spaces after its commas and colons", spaced),
        ("indented by 2", format!("{json:#}")),
        (
            "indented by 4",
            write(json, PrettyFormatter::with_indent(b"    ")),
        ),
    ];
    written.map(|(how, json)| (how, json.into_bytes()))
}

/// Writes escapes for what is not ASCII, which occurs only in text.
fn ascii(json: &str) -> String {
    let mut escaped = String::new();
    for char in json.chars() {
        match char.is_ascii() {
            true => escaped.push(char),
            false => escaped.push_str(&escape(char)),
        }
    }
    escaped
}

/// JSON on one line, with a space after each comma and colon.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        w.write_all(if first { &b""[..] } else { b", " })
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.begin_array_value(w, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }
}

fn write(json: &Value, formatter: impl Formatter) -> String {
    let mut written = Vec::new();
    // Cannot fail: it writes to memory.
    _ = json.serialize(&mut Serializer::with_formatter(&mut written, formatter));
    String::from_utf8(written).unwrap_or_default()
}
