//! Signatures that other software made.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use trackingmore_webhook::{ErrorKind, Scheme, Signature, Signer, Verifier};

const SECRET: &str = "2e55b9a3-4dd1-4416-9897-c4bd1e3d738f";
const TIMESTAMP: &str = "1662371528";
const SIGNATURE: &str = "a37084ab68ae16b77db1f8463f31be9fcc965e2515e03efecf8139bb1e511b06";

fn then() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_662_371_528)
}

fn verify(secret: &str, timestamp: &str, signature: &str) -> Result<usize, ErrorKind> {
    let headers = [("timestamp", timestamp), ("signature", signature)];
    let verified = Verifier::new(secret)
        .unwrap()
        .verify_at(&headers, b"{}", then());
    verified
        .map(|verified| verified.secret_index())
        .map_err(|error| error.kind())
}

#[test]
fn the_documented_example_verifies() {
    assert_eq!(verify(SECRET, TIMESTAMP, SIGNATURE), Ok(0));
    assert_eq!(verify(SECRET, TIMESTAMP, &SIGNATURE.to_uppercase()), Ok(0));
    let base64 = SIGNATURE.parse::<Signature>().unwrap().to_base64();
    assert_eq!(verify(SECRET, TIMESTAMP, &base64), Ok(0));
}

#[test]
fn the_documented_signature_with_any_bit_changed_does_not_verify() {
    let bytes: Vec<u8> = (0..32)
        .map(|i| u8::from_str_radix(&SIGNATURE[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    for bit in 0..256 {
        let mut changed: [u8; 32] = bytes.clone().try_into().unwrap();
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = Signature::from(changed);
        for text in [changed.to_hex(), changed.to_base64()] {
            assert_eq!(
                verify(SECRET, TIMESTAMP, &text),
                Err(ErrorKind::SignatureMismatch)
            );
        }
    }
}

#[test]
fn the_documented_timestamp_with_any_digit_changed_does_not_verify() {
    for position in 0..TIMESTAMP.len() {
        for digit in '0'..='9' {
            let mut changed = TIMESTAMP.to_owned();
            changed.replace_range(position..=position, &digit.to_string());
            if changed != TIMESTAMP {
                let verified = verify(SECRET, &changed, SIGNATURE);
                assert_eq!(verified, Err(ErrorKind::SignatureMismatch), "{changed}");
            }
        }
    }
    for changed in ["01662371528", "16623715280", "166237152"] {
        let verified = verify(SECRET, changed, SIGNATURE);
        assert_eq!(verified, Err(ErrorKind::SignatureMismatch), "{changed}");
    }
}

#[test]
fn the_documented_example_of_version_3_is_the_same_hmac_with_the_account_as_its_key() {
    let signer = Signer::new("info@trackingmore.org").unwrap();
    assert_eq!(
        signer.sign_timestamp(1_653_632_765).to_hex(),
        "0d90bb874fed0b056d8b3aa794529ebacd49932a0cea691629b63eaf2ca9d400"
    );
}

#[test]
fn the_published_pair_of_version_2_verifies_under_no_known_key() {
    let (timestamp, signature) = (
        "1488249109",
        "4b279021f5c041f6e3344e7a0636cc26201ab24b91adcea6d38331cb89221d45",
    );
    for secret in [
        SECRET,
        "info@trackingmore.org",
        timestamp,
        signature,
        "secret",
    ] {
        let verified = verify(secret, timestamp, signature);
        assert_eq!(verified, Err(ErrorKind::SignatureMismatch), "{secret}");
    }
}

#[test]
fn rfc_4231_over_the_body() {
    for line in include_str!("data/rfc4231.txt").lines() {
        let [key, message, mac] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let (key, message) = (bytes(key), bytes(message));
        let verifier = Verifier::builder()
            .secret(key)
            .scheme(Scheme::Body)
            .build()
            .unwrap();
        let headers = [("signature", mac)];
        let verified = verifier
            .verify(&headers, &message)
            .map_err(|error| error.kind());
        if mac.len() == 64 {
            assert!(verified.unwrap().covers_body());
            let mut other = message;
            other.push(0);
            let error = verifier.verify(&headers, &other).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SignatureMismatch);
        } else {
            assert_eq!(verified.unwrap_err(), ErrorKind::MalformedSignature);
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
        .collect()
}
