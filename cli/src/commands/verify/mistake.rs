use serde::Serialize;

/// A reason why a delivery is refused. Contains nothing of the secret, and no signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Mistake {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

pub(super) fn mistake(code: &'static str, detail: impl Into<String>) -> Mistake {
    Mistake {
        code,
        detail: detail.into(),
    }
}

impl Mistake {
    /// Returns whether it says more than that nothing matched.
    pub(crate) fn explains(&self) -> bool {
        self.code != "signature_mismatch"
    }
}

/// Returns what to change, for the code of a mistake or of a refusal.
pub(crate) fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "missing_signature" | "missing_timestamp" | "missing_header" => {
            "Make every proxy pass the headers `timestamp` and `signature` on."
        }
        "missing_body" => "Give the body that was sent.",
        "repeated_signature" | "repeated_timestamp" | "repeated_header" => {
            "Send the header once. A proxy that adds its own must replace the one that came."
        }
        "malformed_signature" | "odd_encoding" | "decorated_signature" => {
            "Send the bare signature: 64 hex digits, or standard base64."
        }
        "malformed_timestamp" | "milliseconds" => {
            "Send the time as whole seconds since 1970, and sign exactly that text."
        }
        "other_header" => "Rename the header, or configure the receiver for the name that is sent.",
        "stale_timestamp" => {
            "Check both clocks. For late retries or a replay, raise --max-age, or sign again."
        }
        "future_timestamp" => "Set the clock of the sender, or of this machine.",
        "whitespace_around_secret" | "quotes_around_secret" => {
            "Copy the secret again, without whitespace or quotes around it."
        }
        "other_encoding" => "Accept both encodings, as the documentation shows both.",
        "other_form" => "Accept this form too: omit --scheme, or choose the other one.",
        "changed_body" | "empty_body" => {
            "Verify the bytes as they arrive. Look for a proxy or middleware that reads, parses or \
             rewrites them first."
        }
        "joined" | "other_message" => "Sign the timestamp alone, or the body as it is sent.",
        "digits_body" => "Nothing to change: no genuine delivery has such a body.",
        "incomplete_body" => "Find out what cut the body: a proxy, or a limit on its size.",
        "proof_in_body" => "Choose version V4 for this webhook in the dashboard.",
        "signature_mismatch" => {
            "Compare the secret with that of this webhook in the dashboard. Each environment has \
             its own."
        }
        "body_too_large" => "No genuine delivery is known to be that long.",
        "body_unreadable" => {
            "The sender closed the connection before the body was complete, or was too slow."
        }
        "invalid_json" => "The signature is valid. Find out what wrote the body: it is not JSON.",
        "unexpected_shape" => {
            "The signature is valid. If the shape is intended, parse the body into a type of your own."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_that_the_readme_names_has_advice() {
        let readme = include_str!("../../../README.md");
        let (_, table) = readme
            .split_once("| what is wrong | `code` |\n|---|---|\n")
            .unwrap();
        let rows: Vec<_> = table
            .lines()
            .take_while(|row| row.starts_with('|'))
            .collect();
        assert!(!rows.is_empty());
        for code in rows
            .iter()
            .flat_map(|row| row.split('`').skip(1).step_by(2))
        {
            assert!(advice(code).is_some(), "{code}");
        }
    }
}
