//! Configurations that are refused when a verifier or signer is built.

use trackingmore_webhook::{ConfigError, Signer, Verifier, VerifierBuilder};

fn builder() -> VerifierBuilder {
    Verifier::builder().secret("secret")
}

#[test]
fn a_wrong_configuration_is_refused_when_it_is_built() {
    let cases = [
        (Verifier::builder(), ConfigError::NoSecret),
        (Verifier::builder().secret(""), ConfigError::EmptySecret(1)),
        (builder().secret(""), ConfigError::EmptySecret(2)),
        (
            Verifier::builder().secret("secret\n"),
            ConfigError::WhitespaceAroundSecret(1),
        ),
        (
            builder().secret("other").secret(" third").secret(""),
            ConfigError::WhitespaceAroundSecret(3),
        ),
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
        (builder().name(""), ConfigError::InvalidName),
        (builder().name(" \u{a0}"), ConfigError::InvalidName),
        (builder().name("shoes\nERROR"), ConfigError::InvalidName),
        (builder().name("shoes\u{1b}[2J"), ConfigError::InvalidName),
    ];
    for (builder, expected) in cases {
        assert_eq!(builder.build().unwrap_err(), expected);
    }
    assert_eq!(Verifier::new("").unwrap_err(), ConfigError::EmptySecret(1));
    assert_eq!(
        Verifier::new("secret\n").unwrap_err(),
        ConfigError::WhitespaceAroundSecret(1)
    );
    assert_eq!(Signer::new("").unwrap_err(), ConfigError::EmptySecret(1));
    assert_eq!(
        Signer::new("\tsecret").unwrap_err(),
        ConfigError::WhitespaceAroundSecret(1)
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
            ConfigError::EmptySecret(2),
            "secret 2 is empty: give the webhook secret of the dashboard",
        ),
        (
            ConfigError::WhitespaceAroundSecret(1),
            "secret 1 begins or ends with whitespace: remove it from the configuration",
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
        (
            ConfigError::InvalidName,
            "the verifier's name is empty or has a control character: give a short word, or leave it out",
        ),
    ];
    for (error, message) in messages {
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn any_other_name_is_shown_unchanged() {
    for name in ["shoes", "Schuhe & B\u{fc}cher", "shop 7"] {
        let verifier = builder().name(name).build().unwrap();
        let shown = format!("{verifier:?}");
        assert!(
            shown.starts_with(&format!("Verifier {{ name: Some({name:?}), ")),
            "{shown}"
        );
    }
}
