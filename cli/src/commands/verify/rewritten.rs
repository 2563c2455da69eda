//! Texts that may have been signed instead of a body: the body before a gateway changed it, or what
//! a wrong sender makes of it.

use std::io::{self, Read as _, Write};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use serde::{Deserialize, de::Error as _};
use serde_json::{
    Deserializer, Serializer, Value,
    ser::{CompactFormatter, Formatter, PrettyFormatter},
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
    originals.extend(as_json(body).into_iter().flatten());
    originals
}

/// Returns what a wrong sender may sign instead of a body.
pub(super) fn others(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut others = vec![
        ("an empty body", Vec::new()),
        ("the base64 of the body", STANDARD.encode(body).into_bytes()),
    ];
    let mut add = |what, json: &[u8]| {
        let written = as_json(json).into_iter().flatten();
        others.extend(written.map(|(_, json)| (what, json)));
    };
    if let Some(sorted) = sorted(body) {
        add("the body with sorted keys", sorted.as_bytes());
    }
    if let Ok(Enveloped { data }) = serde_json::from_slice(body) {
        add("the member `data` alone", &data);
        if let Some(sorted) = sorted(&data) {
            add("the member `data` alone", sorted.as_bytes());
        }
    }
    others
}

/// Returns the sign of a change that cannot be undone, if there is one.
pub(super) fn trace(body: &[u8], says_gzip: bool) -> Option<&'static str> {
    let event: Value = serde_json::from_slice(body).unwrap_or_default();
    let has_several = event["data"].as_object().is_some_and(|data| data.len() > 1);
    Some(if body.starts_with(GZIP) {
        "the body is compressed with gzip"
    } else if says_gzip {
        "the body was compressed with gzip, but no longer is"
    } else if STANDARD.decode(body.trim_ascii()).is_ok() {
        "the body is base64"
    } else if event.get("tracking_number").is_some() && event.get("data").is_none() {
        "the body is the member `data` alone"
    } else if has_several && write(body, CompactFormatter) == sorted(body) {
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

/// Writes JSON compactly with the keys in alphabetical order.
fn sorted(json: &[u8]) -> Option<String> {
    let mut json: Value = serde_json::from_slice(json).ok()?;
    json.sort_all_objects();
    Some(json.to_string())
}

#[derive(Deserialize)]
struct Enveloped {
    #[serde(deserialize_with = "compact")]
    data: Vec<u8>,
}

/// Reads any JSON as its compact text, with its members in their order.
fn compact<'de, D: serde::Deserializer<'de>>(json: D) -> Result<Vec<u8>, D::Error> {
    let mut written = Vec::new();
    let mut writer = Serializer::new(&mut written);
    serde_transcode::transcode(json, &mut writer).map_err(D::Error::custom)?;
    Ok(written)
}

/// Returns the JSON as various programs write it. Returns `None` if it is not JSON.
fn as_json(json: &[u8]) -> Option<[(&'static str, Vec<u8>); 7]> {
    let compact = write(json, CompactFormatter)?;
    let spaced = write(json, Spaced)?;
    let escaped = ascii(&compact);
    // Slashes occur only in text.
    let php = escaped.replace('/', r"\/");
    let written = [
        ("compacted", compact),
        ("compacted, with what is not ASCII escaped", escaped),
        ("written as PHP writes JSON", php),
        ("written as Python writes JSON", ascii(&spaced)),
        ("with spaces after its commas and colons", spaced),
        ("indented by 2", write(json, PrettyFormatter::new())?),
        (
            "indented by 4",
            write(json, PrettyFormatter::with_indent(b"    "))?,
        ),
    ];
    Some(written.map(|(how, json)| (how, json.into_bytes())))
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

/// Writes JSON again, with its members in order. Returns `None` if it is not JSON.
fn write(json: &[u8], formatter: impl Formatter) -> Option<String> {
    let mut written = Vec::new();
    let mut reader = Deserializer::from_slice(json);
    let mut writer = Serializer::with_formatter(&mut written, formatter);
    serde_transcode::transcode(&mut reader, &mut writer).ok()?;
    reader.end().ok()?;
    String::from_utf8(written).ok()
}
