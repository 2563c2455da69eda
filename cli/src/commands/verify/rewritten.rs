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
    let spaced = body.iter().map(|byte| match byte {
        b'+' => b' ',
        other => *other,
    });
    let mut originals = vec![
        ("without surrounding whitespace", trimmed.to_vec()),
        ("with a line break after it", [trimmed, b"\n"].concat()),
        ("with a line break after it", [trimmed, b"\r\n"].concat()),
        (
            "with a byte order mark (BOM) before it",
            [BOM, body].concat(),
        ),
        (
            "with spaces for each `+`, as forms are decoded",
            spaced.collect(),
        ),
        ("with `+` for the space in its times", with_plus(body)),
    ];
    if let Some(body) = body.strip_prefix(BOM) {
        originals.push(("without its byte order mark (BOM)", body.to_vec()));
    }
    originals.extend(gunzipped(body).map(|body| ("decompressed, as it is gzip", body)));
    let decoded = STANDARD.decode(trimmed).ok();
    originals.extend(decoded.map(|body| ("decoded, as it is base64", body)));
    originals.extend(as_json(body));
    originals
}

/// Returns what a wrong sender may sign instead of a body.
pub(super) fn others(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut others = vec![
        ("an empty body", Vec::new()),
        ("the base64 of the body", STANDARD.encode(body).into_bytes()),
    ];
    if let Some(sorted) = sorted(body) {
        others.extend(as_json(&sorted).map(|(_, body)| ("the body with sorted keys", body)));
    }
    if let Ok(Enveloped { data }) = serde_json::from_slice(body) {
        let only = "the member `data` alone";
        others.extend(as_json(&data).map(|(_, data)| (only, data)));
        others.extend(sorted(&data).map(|data| (only, data)));
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

fn gunzipped(body: &[u8]) -> Option<Vec<u8>> {
    let mut unzipped = Vec::new();
    let mut reader = GzDecoder::new(body).take(LIMIT);
    reader.read_to_end(&mut unzipped).ok()?;
    Some(unzipped)
}

/// Writes JSON compactly with the keys in alphabetical order.
fn sorted(json: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(json).ok()?;
    value.sort_all_objects();
    serde_json::to_vec(&value).ok()
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

/// Returns the JSON as various programs write it, compact first; nothing if it is not JSON.
fn as_json(json: &[u8]) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let indented = |indent| write(json, PrettyFormatter::with_indent(indent));
    let compact = write(json, CompactFormatter);
    let spaced = write(json, Spaced);
    let escaped = compact.as_deref().map(escaped);
    // Slashes occur only in text.
    let php = escaped.as_ref().map(|json| json.replace('/', r"\/"));
    let python = spaced.as_deref().map(self::escaped);
    let written = [
        ("compacted", compact),
        (
            "compacted, with what is not ASCII escaped",
            escaped.map(Vec::from),
        ),
        ("written as PHP writes JSON", php.map(Vec::from)),
        ("written as Python writes JSON", python.map(Vec::from)),
        ("with spaces after its commas and colons", spaced),
        ("indented by 2", indented(b"  ")),
        ("indented by 4", indented(b"    ")),
    ];
    let written = written.into_iter();
    written.filter_map(|(how, json)| Some((how, json?)))
}

/// Writes escapes for what is not ASCII, which occurs only in text.
fn escaped(json: &[u8]) -> String {
    let mut escaped = String::new();
    for char in String::from_utf8_lossy(json).chars() {
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
fn write(json: &[u8], formatter: impl Formatter) -> Option<Vec<u8>> {
    let mut written = Vec::new();
    let mut reader = Deserializer::from_slice(json);
    let mut writer = Serializer::with_formatter(&mut written, formatter);
    serde_transcode::transcode(&mut reader, &mut writer).ok()?;
    reader.end().ok()?;
    Some(written)
}
