use serde::Deserialize;
/// Stand-in until the model is merged.
#[derive(Debug, Clone, Deserialize, PartialEq)]
pub struct Event {
    /// t
    #[serde(rename = "data")]
    pub tracking: Tracking,
}
/// t
#[derive(Debug, Clone, Deserialize, PartialEq)]
pub struct Tracking {
    /// t
    pub tracking_number: String,
}
