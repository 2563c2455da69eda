use serde::Serialize;

/// A reason for which a delivery is refused. Holds nothing of the secret, and no signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Mistake {
    pub(super) code: &'static str,
    pub(super) detail: String,
}

pub(super) fn mistake(code: &'static str, detail: impl Into<String>) -> Mistake {
    Mistake {
        code,
        detail: detail.into(),
    }
}
