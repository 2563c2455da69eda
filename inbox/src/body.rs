//! What a body says, as far as the inbox needs it.

use std::{collections::HashSet, fmt::Write as _};

use sha2::{Digest as _, Sha256};
use trackingmore_webhook::{DeliveryId, Event, Tracking};

/// More are nobody's history, and each costs time whenever the parcel is handled.
const MOST_CHECKPOINTS: usize = 1_000;

/// Reads the parcels of a body, or of a state that was recorded; `None` if it has none.
pub(crate) fn parcels(bytes: &[u8]) -> Option<Vec<Tracking>> {
    let event: Event = serde_json::from_slice(bytes).ok()?;
    Some(vec![event.tracking])
}

pub(crate) fn id(bytes: &[u8]) -> DeliveryId {
    DeliveryId::from(<[u8; 32]>::from(Sha256::digest(bytes)))
}

/// The form in which a tracking number, a courier or an account is stored and compared: as it is,
/// unless a database would refuse it in a text or in an index.
pub(crate) fn key(text: &str) -> String {
    const LONGEST: usize = 200;
    const HASHED: &str = "sha256:";
    if text.len() <= LONGEST && !text.contains('\0') && !text.starts_with(HASHED) {
        return text.to_owned();
    }
    let mut key = HASHED.to_owned();
    for byte in Sha256::digest(text) {
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// Keeps the newest checkpoints only.
pub(crate) fn trim(tracking: &mut Tracking) {
    let sent: usize = tracking.legs().map(|leg| leg.trackinfo.len()).sum();
    if sent <= MOST_CHECKPOINTS {
        return;
    }
    let newest: HashSet<_> = tracking
        .checkpoints()
        .into_iter()
        .take(MOST_CHECKPOINTS)
        .cloned()
        .collect();
    for leg in [&mut tracking.origin_info, &mut tracking.destination_info] {
        if let Some(leg) = leg {
            leg.trackinfo
                .retain(|checkpoint| newest.contains(checkpoint));
            leg.trackinfo.truncate(MOST_CHECKPOINTS);
        }
    }
}
