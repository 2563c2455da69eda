//! Reading bodies, as far as the inbox needs it.

use std::{collections::HashSet, fmt::Write as _};

use sha2::{Digest as _, Sha256};
use trackingmore_webhook::{DeliveryId, Events, Tracking};

/// More than any real parcel has. Each costs time whenever the parcel is handled.
const MOST_CHECKPOINTS: usize = 1_000;

/// Reads the parcels of a body or of a recorded state. Returns `None` if it is neither.
///
/// [`VerifiedBody::parse`](trackingmore_webhook::VerifiedBody::parse) would log that the delivery
/// was refused.
pub(crate) fn parcels(bytes: &[u8]) -> Option<Vec<Tracking>> {
    let events: Events = serde_json::from_slice(bytes).ok()?;
    let trackings = events.into_iter().map(|event| event.tracking);
    Some(trackings.collect())
}

/// Returns the id of a delivery with these bytes.
pub(crate) fn id(bytes: &[u8]) -> Option<DeliveryId> {
    DeliveryId::try_from(Sha256::digest(bytes).as_slice()).ok()
}

/// Returns the [`key`]s of the tracking number and the courier. The courier is empty if none is
/// known.
pub(crate) fn name(tracking: &Tracking) -> (String, String) {
    let courier = tracking.courier_code.as_deref().unwrap_or_default();
    (key(&tracking.tracking_number), key(courier))
}

/// Returns the hash by which a forgotten parcel is recognised.
pub(crate) fn forgotten_key(account: &str, tracking_number: &str) -> String {
    hashed(&format!("{account}\0{tracking_number}"))
}

/// Returns the form in which a tracking number, a courier or an account is stored and compared. It
/// is the text itself, or its hash if a database would refuse the text in a column or an index. The
/// key of a key is the same key.
pub(crate) fn key(text: &str) -> String {
    const LONGEST: usize = 200;
    if text.len() <= LONGEST && !text.contains('\0') {
        return text.to_owned();
    }
    format!("sha256:{}", hashed(text))
}

fn hashed(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Drops all but the newest checkpoints.
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
    let legs = [&mut tracking.origin_info, &mut tracking.destination_info];
    for leg in legs.into_iter().flatten() {
        leg.trackinfo
            .retain(|checkpoint| newest.contains(checkpoint));
        leg.trackinfo.truncate(MOST_CHECKPOINTS);
    }
}
