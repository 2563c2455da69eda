//! Configurations that are refused when a verifier or signer is built.

use trackingmore_webhook::{ConfigError, Signer, Verifier, VerifierBuilder};

fn builder() -> VerifierBuilder {
    Verifier::builder().secret("secret")
}

#[test]
fn a_wrong_configuration_is_refused_when_it_is_built() {
    let cases = [
        (Verifier::builder(), ConfigError::NoSecret),
        (Verifier::builder().secret(""), ConfigError::EmptySecret),
        (builder().secret(""), ConfigError::EmptySecret),
        (
            Verifier::builder().secret("secret\n"),
            ConfigError::BlankInSecret,
        ),
        (builder().secret(" other"), ConfigError::BlankInSecret),
        (
            builder().signature_header(""),
            ConfigError::InvalidHeaderName,
        ),
        (
            builder().signature_header("sig nature"),
            ConfigError::InvalidHeaderName,
        ),
        (
            builder().timestamp_header("zeit\u{e4}"),
            ConfigError::InvalidHeaderName,
        ),
        (
            builder().timestamp_header("timestamp:"),
            ConfigError::InvalidHeaderName,
        ),
        (
            builder().timestamp_header("Signature"),
            ConfigError::RepeatedHeaderName,
        ),
        (builder().body_limit(0), ConfigError::ZeroBodyLimit),
    ];
    for (builder, expected) in cases {
        assert_eq!(builder.build().unwrap_err(), expected);
    }
    assert_eq!(Verifier::new("").unwrap_err(), ConfigError::EmptySecret);
    assert_eq!(
        Verifier::new("secret\n").unwrap_err(),
        ConfigError::BlankInSecret
    );
    assert_eq!(Signer::new("").unwrap_err(), ConfigError::EmptySecret);
    assert_eq!(
        Signer::new("\tsecret").unwrap_err(),
        ConfigError::BlankInSecret
    );
}

#[test]
fn configuration_errors_say_what_to_change() {
    let messages = [
        (
            ConfigError::NoSecret,
            "no secret is configured: give the webhook secret of the dashboard",
        ),
        (
            ConfigError::EmptySecret,
            "a secret is empty: give the webhook secret of the dashboard",
        ),
        (
            ConfigError::BlankInSecret,
            "a secret begins or ends with a blank or line break: remove it from the configuration",
        ),
        (
            ConfigError::InvalidHeaderName,
            "a header name is empty or has a character that HTTP does not allow: use letters, digits and hyphens",
        ),
        (
            ConfigError::RepeatedHeaderName,
            "signature and timestamp have the same header name: give them different ones",
        ),
        (
            ConfigError::ZeroBodyLimit,
            "the body limit is 0 bytes: give at least 1",
        ),
    ];
    for (error, message) in messages {
        assert_eq!(error.to_string(), message);
    }
}
