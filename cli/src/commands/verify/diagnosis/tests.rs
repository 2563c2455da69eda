use std::io::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use trackingmore_webhook::testing;

use super::*;

const SECRET: &str = "correct-horse-battery-staple";
const TIME: &str = "1772437260";
const BODY: &str = r#"{"code":200,"data":{"tracking_number":"1/2","location":"Malmö"}}"#;

/// Everything right, until a test changes it.
struct Sent {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    secret: String,
    scheme: Option<SchemeArg>,
    encoding: Option<Encoding>,
    now: u64,
}

fn signed(signature: impl Into<Vec<u8>>) -> Sent {
    Sent {
        headers: vec![
            ("timestamp".to_owned(), TIME.into()),
            ("signature".to_owned(), signature.into()),
        ],
        body: BODY.into(),
        secret: SECRET.to_owned(),
        scheme: None,
        encoding: None,
        now: 1_772_437_260,
    }
}

/// The signature of a message, in hex.
fn hex(message: impl AsRef<[u8]>) -> String {
    hex_by(SECRET, message)
}

fn hex_by(secret: &str, message: impl AsRef<[u8]>) -> String {
    hex::encode(mac(secret.as_bytes(), message.as_ref()))
}

fn base64(message: impl AsRef<[u8]>) -> String {
    STANDARD.encode(mac(SECRET.as_bytes(), message.as_ref()))
}

impl Sent {
    fn set(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.add(name, value)
    }

    fn add(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    fn judge(&self) -> Result<(VerifiedBody, Encoding), Vec<Mistake>> {
        let suspect = Suspect {
            headers: &self.headers,
            body: &self.body,
            secret: self.secret.as_bytes(),
            scheme: self.scheme,
            encoding: self.encoding,
            max_age: Duration::from_secs(300),
            now: UNIX_EPOCH + Duration::from_secs(self.now),
        };
        suspect.judge()
    }

    #[track_caller]
    fn is_genuine(&self, covers_body: bool, encoding: Encoding) {
        let (body, written) = self.judge().unwrap();
        assert_eq!(body.verified().covers_body(), covers_body);
        assert_eq!(written, encoding);
    }

    /// Checks the codes of the mistakes, and that their words give nothing away.
    #[track_caller]
    fn is_wrong_by(&self, codes: &[&str]) -> String {
        let mistakes = self.judge().unwrap_err();
        let found: Vec<_> = mistakes.iter().map(|mistake| mistake.code).collect();
        assert_eq!(found, codes);
        let words = format!("{mistakes:?}");
        for hidden in [
            SECRET,
            self.secret.trim(),
            &hex(TIME)[..8],
            &hex(&self.body)[..8],
            &base64(TIME)[..8],
            &base64(&self.body)[..8],
        ] {
            assert!(!words.contains(hidden), "{words}");
        }
        words
    }
}

#[test]
fn a_genuine_delivery_of_each_form_is_told_as_such() {
    signed(hex(TIME)).is_genuine(false, Encoding::Hex);
    signed(hex(TIME).to_uppercase()).is_genuine(false, Encoding::Hex);
    signed(base64(TIME)).is_genuine(false, Encoding::Base64);
    signed(hex(BODY)).is_genuine(true, Encoding::Hex);
    signed(base64(BODY))
        .without("timestamp")
        .is_genuine(true, Encoding::Base64);
}

#[test]
fn headers_that_are_missing_or_repeated() {
    signed("")
        .without("signature")
        .is_wrong_by(&["missing_signature"]);
    signed(hex(TIME))
        .add("signature", &hex(TIME))
        .is_wrong_by(&["repeated_signature"]);
    let words = signed(hex(TIME))
        .add("timestamp", TIME)
        .is_wrong_by(&["repeated_timestamp"]);
    assert!(words.contains("`timestamp` appears twice"), "{words}");
    signed(hex(TIME))
        .without("timestamp")
        .is_wrong_by(&["missing_timestamp"]);

    let mut body_form = signed("0".repeat(64)).add("timestamp", TIME);
    body_form.scheme = Some(SchemeArg::Body);
    body_form.is_wrong_by(&["signature_mismatch"]);
}

#[test]
fn a_signature_in_another_header() {
    let other = signed("")
        .without("signature")
        .add("x-signature", &hex(BODY));
    let words = other.is_wrong_by(&["other_header"]);
    assert!(words.contains("`x-signature`"), "{words}");
    let mut old = other.set("x-signature", &hex(TIME));
    old.now += 301;
    old.is_wrong_by(&["other_header", "stale_timestamp"]);
}

#[test]
fn what_strangers_send_is_tried_within_limits() {
    let with = |others: usize| {
        let mut sent = signed("").without("signature");
        for n in 0..others {
            sent = sent.add(&format!("x-{n}"), &"0".repeat(64));
        }
        sent.add("x-signature", &hex(BODY))
    };
    with(SIGNATURES - 1).is_wrong_by(&["other_header"]);
    with(SIGNATURES).is_wrong_by(&["missing_signature"]);

    let with = |length: usize| {
        let body = format!("{BODY}{}", " ".repeat(length - BODY.len()));
        Sent {
            body: body.into(),
            ..signed(hex(BODY))
        }
    };
    with(REWRITTEN).is_wrong_by(&["changed_body"]);
    with(REWRITTEN + 1).is_wrong_by(&["signature_mismatch"]);
}

#[test]
fn a_timestamp_in_another_header() {
    let mut sent = signed(hex(TIME))
        .without("timestamp")
        .add("content-length", &BODY.len().to_string())
        .add("x-timestamp", TIME);
    let words = sent.is_wrong_by(&["other_header"]);
    assert!(
        words.contains("no header `timestamp`; its value is in `x-timestamp`"),
        "{words}"
    );
    sent.now += 301;
    sent.is_wrong_by(&["other_header", "stale_timestamp"]);
    sent.scheme = Some(SchemeArg::Body);
    sent.is_wrong_by(&["other_header", "other_form"]);

    let both = signed("")
        .without("timestamp")
        .without("signature")
        .add("x-timestamp", TIME)
        .add("x-signature", &hex(TIME));
    let words = both.is_wrong_by(&["other_header", "other_header"]);
    for name in ["timestamp", "signature"] {
        let told = format!("no header `{name}`; its value is in `x-{name}`");
        assert!(words.contains(&told), "{words}");
    }
    both.set("x-signature", &hex_by("another secret", TIME))
        .is_wrong_by(&["missing_signature"]);
}

#[test]
fn seconds_and_milliseconds_mixed() {
    let milliseconds = format!("{TIME}000");
    let words = signed(hex(TIME))
        .set("timestamp", &format!("{TIME}789"))
        .is_wrong_by(&["milliseconds"]);
    assert!(words.contains("the signature is of the seconds"), "{words}");
    let words = signed(hex(milliseconds)).is_wrong_by(&["milliseconds"]);
    assert!(
        words.contains("of the timestamp in milliseconds"),
        "{words}"
    );
}

#[test]
fn whitespace_and_quotes_around_the_secret() {
    for secret in ["\n", "\r\n", " "].map(|end| format!("{SECRET}{end}")) {
        signed(hex_by(&secret, TIME)).is_wrong_by(&["whitespace_around_secret"]);
        signed(hex_by(&secret, BODY)).is_wrong_by(&["whitespace_around_secret"]);

        let mut sent = signed(hex(TIME));
        sent.secret = secret.clone();
        sent.is_wrong_by(&["whitespace_around_secret"]);

        let mut same = signed(hex_by(&secret, TIME));
        same.secret = secret;
        let words = same.is_wrong_by(&["whitespace_around_secret"]);
        assert!(
            words.contains("your secret and the sender's both"),
            "{words}"
        );
    }
    for given in [format!("{SECRET}\u{a0}"), format!("\u{feff}{SECRET}")] {
        for signer in [SECRET, &given] {
            let mut sent = signed(hex_by(signer, TIME));
            sent.secret = given.clone();
            sent.is_wrong_by(&["whitespace_around_secret"]);
        }
    }
    let mut quoted = signed(hex(TIME));
    quoted.secret = format!("\"{SECRET}\"");
    quoted.is_wrong_by(&["quotes_around_secret"]);
}

#[test]
fn the_other_documented_form() {
    let mut timestamp = signed(hex(TIME));
    timestamp.scheme = Some(SchemeArg::Body);
    timestamp.is_wrong_by(&["other_form"]);
    timestamp.scheme = Some(SchemeArg::Timestamp);
    timestamp.is_genuine(false, Encoding::Hex);

    let mut body = signed(base64(BODY));
    body.scheme = Some(SchemeArg::Timestamp);
    body.is_wrong_by(&["other_form"]);
    body.scheme = Some(SchemeArg::Body);
    body.is_genuine(true, Encoding::Base64);
}

#[test]
fn other_encodings() {
    let mut hex_wanted = signed(base64(BODY));
    hex_wanted.encoding = Some(Encoding::Hex);
    let words = hex_wanted.is_wrong_by(&["other_encoding"]);
    assert!(words.contains("is in base64, not in hex"), "{words}");
    let mut base64_wanted = signed(hex(BODY));
    base64_wanted.encoding = Some(Encoding::Base64);
    base64_wanted.is_wrong_by(&["other_encoding"]);

    signed(base64(TIME).trim_end_matches('=')).is_wrong_by(&["odd_encoding"]);
    let differs = |body: &String| base64(body).contains(['+', '/']);
    let body = (0..100).map(|n| format!(r#"{{"code":{n}}}"#)).find(differs);
    let body = body.unwrap();
    let mut for_urls = signed(base64(&body).replace('+', "-").replace('/', "_"));
    for_urls.body = body.into();
    for_urls.is_wrong_by(&["odd_encoding"]);
    signed(STANDARD.encode(hex(TIME))).is_wrong_by(&["odd_encoding"]);
    for decorated in [
        format!("sha256={}", hex(TIME)),
        format!("0x{}", hex(TIME)),
        format!("0X{}", hex(TIME)),
        format!("\"{}\"", hex(TIME)),
    ] {
        signed(decorated).is_wrong_by(&["decorated_signature"]);
    }
    for twice in [
        format!("0X0x{}", hex(TIME)),
        STANDARD.encode(format!("0x{}", hex(TIME))),
    ] {
        signed(twice).is_wrong_by(&["malformed_signature"]);
    }
    let words = signed(&hex(TIME)[..63]).is_wrong_by(&["malformed_signature"]);
    assert!(words.contains("63 characters"), "{words}");
    signed([0xff; 64]).is_wrong_by(&["malformed_signature"]);
    signed("").is_wrong_by(&["malformed_signature"]);
}

#[test]
fn a_body_that_was_rewritten() {
    let php = BODY.replace("Malmö", r"Malm\u00f6").replace('/', r"\/");
    let python = r#"{"code": 200, "data": {"tracking_number": "1/2", "location": "Malm\u00f6"}}"#;
    let indented = "{\n  \"code\": 200,\n  \"data\": {\n    \"tracking_number\": \"1/2\",\n    \"location\": \"Malmö\"\n  }\n}";
    for original in [
        php.as_str(),
        python,
        indented,
        &indented.replace("  ", "    "),
        &python.replace(r"\u00f6", "ö"),
        &BODY.replace('ö', r"\u00f6"),
        &format!("{BODY}\n"),
        &format!("{BODY}\r\n"),
    ] {
        signed(hex(original)).is_wrong_by(&["changed_body"]);
    }
    let mut pretty = signed(hex(BODY));
    pretty.body = indented.into();
    let words = pretty.is_wrong_by(&["changed_body"]);
    assert!(words.contains("it matches compacted"), "{words}");
    pretty.body = format!(" {BODY}\n").into();
    let words = pretty.is_wrong_by(&["changed_body"]);
    assert!(
        words.contains("it matches without surrounding whitespace"),
        "{words}"
    );
}

#[test]
fn other_messages() {
    signed(hex(format!("{TIME}{BODY}"))).is_wrong_by(&["joined"]);
    signed(hex(format!("{TIME}.{BODY}"))).is_wrong_by(&["joined"]);
    signed(hex(format!("{BODY}{TIME}"))).is_wrong_by(&["joined"]);
    let date = "2026-03-02T07:41:00Z";
    signed(hex(date))
        .set("timestamp", date)
        .is_wrong_by(&["malformed_timestamp"]);
    let mut captured = signed(hex(TIME)).without("timestamp");
    captured.body = TIME.into();
    captured.is_wrong_by(&["digits_body"]);
}

#[test]
fn what_gateways_do_to_a_body() {
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zipped.write_all(BODY.as_bytes()).unwrap();
    let zipped = zipped.finish().unwrap();
    let time = r#"{"data":{"update_at":"2026-03-02T06:41:00+08:00","note":"a b"}}"#;
    for (signed_body, sent, words) in [
        (BODY, zipped.clone(), "decompressed, as it is gzip"),
        (
            BODY,
            STANDARD.encode(BODY).into(),
            "decoded, as it is base64",
        ),
        (
            BODY,
            format!("\u{feff}{BODY}").into(),
            "without its byte order mark (BOM)",
        ),
        (
            time,
            time.replace('+', " ").into(),
            "with `+` for the space in its times",
        ),
        (BODY, BODY.replace("1/2", "1+2").into(), "another secret"),
        (
            "{\"a\":\"b c\"}",
            b"{\"a\":\"b+c\"}".to_vec(),
            "with spaces for each `+`",
        ),
    ] {
        let mut sent_so = signed(hex(signed_body));
        sent_so.body = sent;
        let mistakes = sent_so.judge().unwrap_err();
        assert!(mistakes[0].detail.contains(words), "{words}: {mistakes:?}");
    }
    // What cannot be undone is named.
    for (body, words) in [
        (zipped, "compressed with gzip"),
        (STANDARD.encode(BODY).into(), "is base64"),
        (br#"{"tracking_number":"1/2"}"#.to_vec(), "`data` alone"),
        (
            br#"{"code":1,"data":{"a":1,"b":2}}"#.to_vec(),
            "keys of the body are sorted",
        ),
    ] {
        let mut sent = signed("0".repeat(64));
        sent.body = body;
        let found = sent.is_wrong_by(&["signature_mismatch"]);
        assert!(found.contains(words), "{found}");
    }
    let mut empty = signed(hex(BODY));
    empty.body.clear();
    empty.is_wrong_by(&["empty_body"]);
    let unzipped = signed("0".repeat(64)).add("content-encoding", "gzip");
    let found = unzipped.is_wrong_by(&["signature_mismatch"]);
    assert!(found.contains("was compressed with gzip"), "{found}");
    let spaced = (0..).map(|n| n.to_string()).find(|time| {
        let inner = base64(time);
        inner.trim_matches('+').contains('+')
    });
    let spaced = spaced.unwrap();
    let sent = signed(base64(&spaced).replace('+', " ")).set("timestamp", &spaced);
    assert_eq!(sent.judge().unwrap_err()[0].code, "odd_encoding");
}

#[test]
fn what_wrong_senders_sign() {
    let data = r#"{"tracking_number":"1/2","location":"Malmö"}"#;
    let sorted = r#"{"code":200,"data":{"location":"Malmö","tracking_number":"1/2"}}"#;
    for (message, words) in [
        ("", "an empty body"),
        (&*STANDARD.encode(BODY), "the base64 of the body"),
        (data, "the member `data` alone"),
        (sorted, "the body with sorted keys"),
        (
            &sorted.replace(':', ": ").replace(',', ", "),
            "the body with sorted keys",
        ),
    ] {
        let found = signed(hex(message)).is_wrong_by(&["other_message"]);
        assert!(found.contains(words), "{words}: {found}");
    }
}

#[test]
fn the_time_is_told_beside_other_mistakes() {
    let mut sent = signed(hex(TIME));
    sent.secret = format!("{SECRET}\n");
    sent.now += 300 + 7200;
    let words = sent.is_wrong_by(&["whitespace_around_secret", "stale_timestamp"]);
    assert!(words.contains("2h 5m old"), "{words}");
    sent.now -= 300 + 7200 + 301;
    sent.is_wrong_by(&["whitespace_around_secret", "future_timestamp"]);
    let milliseconds = format!("{TIME}000");
    signed(hex_by(&format!("{SECRET}\n"), &milliseconds))
        .set("timestamp", &milliseconds)
        .is_wrong_by(&["whitespace_around_secret", "milliseconds"]);

    let mut prefixed = signed(format!("sha256={}", hex(TIME)));
    prefixed.now += 301;
    prefixed.is_wrong_by(&["decorated_signature", "stale_timestamp"]);

    let mut encoded = signed(hex(TIME));
    encoded.encoding = Some(Encoding::Base64);
    encoded.now += 301;
    let words = encoded.is_wrong_by(&["other_encoding", "stale_timestamp"]);
    assert_eq!(
        words.matches("the signature is valid, but ").count(),
        1,
        "{words}"
    );

    // What was signed is not the time, so nothing proves it.
    let mut body = signed(hex(format!("{BODY}\n")));
    body.now += 301;
    body.is_wrong_by(&["changed_body"]);
}

#[test]
fn mistakes_that_were_made_together() {
    let secret = format!("{SECRET}\n");
    let sent = signed(format!("sha256={}", hex_by(&secret, format!("{BODY}\n"))));
    sent.is_wrong_by(&[
        "decorated_signature",
        "whitespace_around_secret",
        "changed_body",
    ]);
}

#[test]
fn times_that_are_not_accepted() {
    let mut sent = signed(hex(TIME));
    sent.now += 300 + 7200;
    let words = sent.is_wrong_by(&["stale_timestamp"]);
    assert!(
        words.contains("2h 5m old, which is 2h more than the 5m allowed"),
        "{words}"
    );
    sent.now -= 300 + 7200 + 301;
    let words = sent.is_wrong_by(&["future_timestamp"]);
    assert!(words.contains("5m 1s ahead of the clock"), "{words}");

    // Where the clock has never been set, no second is taken for a millisecond.
    sent.now = 3_600;
    let words = sent.is_wrong_by(&["future_timestamp"]);
    assert!(words.contains("one of the two clocks is wrong"), "{words}");

    let milliseconds = format!("{TIME}000");
    let mut sent = signed(hex(&milliseconds)).set("timestamp", &milliseconds);
    sent.is_wrong_by(&["milliseconds"]);
    sent.now = 3_600;
    sent.is_wrong_by(&["milliseconds"]);
    let last = u64::MAX.to_string();
    signed(hex(&last))
        .set("timestamp", &last)
        .is_wrong_by(&["future_timestamp"]);
}

#[test]
fn the_proof_of_an_older_version() {
    for (version, body) in [
        (
            "V2",
            r#"{"data":{},"verifyInfo":{"timeStr":1488249109,"signature":"00"}}"#,
        ),
        (
            "V3",
            r#"{"verify":{"timestamp":1653632765,"signature":"00"},"data":{}}"#,
        ),
        (
            "V3",
            r#"{"data":{"verify":{"timestamp":"1653632765","signature":"00"}}}"#,
        ),
    ] {
        let mut sent = signed("").without("signature");
        sent.body = body.into();
        let words = sent.is_wrong_by(&["proof_in_body"]);
        assert!(words.contains(version), "{words}");
    }
}

#[test]
fn what_no_usual_mistake_explains() {
    signed("0".repeat(64)).is_wrong_by(&["signature_mismatch"]);
    signed(hex_by("another secret", TIME)).is_wrong_by(&["signature_mismatch"]);
    let mut tampered = signed(hex(BODY));
    tampered.body[9] ^= 1;
    tampered.is_wrong_by(&["signature_mismatch"]);

    let mut cut = signed(hex(BODY)).add("content-length", &BODY.len().to_string());
    cut.body.pop();
    cut.is_wrong_by(&["incomplete_body"]);
}

#[test]
fn it_agrees_with_the_verifier_on_every_case() {
    let now = SystemTime::now();
    for case in testing::cases(now) {
        let headers = case.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        for scheme in [None, Some(SchemeArg::Timestamp), Some(SchemeArg::Body)] {
            let suspect = Suspect {
                headers: &headers,
                body: &case.body,
                secret: testing::SECRET.as_bytes(),
                scheme,
                encoding: None,
                max_age: Duration::from_secs(6 * 24 * 60 * 60),
                now,
            };
            let context = format!("{} {scheme:?}", case.name);
            match (suspect.judge(), case.verification(scheme.map(Into::into))) {
                // A size is no reason to think a delivery forged.
                (Ok(_), Ok(()) | Err(ErrorKind::BodyTooLarge)) => {}
                (Ok(_), Err(kind)) => panic!("{context}: {kind:?}"),
                (Err(mistakes), Ok(())) => panic!("{context}: {mistakes:?}"),
                (Err(mistakes), Err(_)) => assert!(!mistakes.is_empty(), "{context}"),
            }
        }
    }
}
