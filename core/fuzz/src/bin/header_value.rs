//! Uses bytes as the value of a header: as a signature and as a timestamp.

#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use libfuzzer_sys::fuzz_target;
use trackingmore_webhook::{ErrorKind, Scheme, Signature, Signer, Verifier};

const SECRET: &str = "2e55b9a3-4dd1-4416-9897-c4bd1e3d738f";

static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::new(SECRET).unwrap());
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    Verifier::builder()
        .secret(SECRET)
        .scheme(Scheme::Timestamp)
        .max_age(Duration::MAX)
        .max_clock_skew(Duration::MAX)
        .build()
        .unwrap()
});

fuzz_target!(|value: &[u8]| {
    check_signature(value);
    check_timestamp(value);
    if let Some(bytes) = value.first_chunk() {
        check_every_way_to_write(Signature::from(*bytes), bytes);
    }
});

fn check_signature(text: &[u8]) {
    match Signature::parse(text) {
        Ok(signature) => {
            let hex = signature.to_hex();
            let base64 = signature.to_base64();
            assert!(text.eq_ignore_ascii_case(hex.as_bytes()) || text == base64.as_bytes());
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::MalformedSignature);
            assert!(text.len() != 64 || !text.iter().all(u8::is_ascii_hexdigit));
        }
    }
}

fn check_every_way_to_write(signature: Signature, bytes: &[u8; 32]) {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for text in [
        signature.to_hex(),
        signature.to_hex().to_uppercase(),
        signature.to_base64(),
    ] {
        assert_eq!(text.parse::<Signature>().unwrap().to_hex(), hex);
    }
}

/// Signs the text, so that only the text decides.
fn check_timestamp(text: &[u8]) {
    let signature = SIGNER.sign_body(text).to_hex();
    let headers = [("timestamp", text), ("signature", signature.as_bytes())];
    let answer = VERIFIER.verify_at(&headers, b"{}", UNIX_EPOCH);
    let answer = answer.map(|verified| verified.timestamp().unwrap());

    let is_digits = text.len() <= 20 && text.iter().all(u8::is_ascii_digit);
    let seconds = str::from_utf8(text).ok().filter(|_| is_digits);
    let expected = match seconds.and_then(|text| text.parse().ok()) {
        Some(seconds) => UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds))
            .ok_or(ErrorKind::FutureTimestamp),
        None => Err(ErrorKind::MalformedTimestamp),
    };
    assert_eq!(answer.map_err(|error| error.kind()), expected);
}
