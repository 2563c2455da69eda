//! Reads bodies, separated by a zero byte, as deliveries about one parcel: what is known in the end
//! does not depend on how they are grouped into updates, and the checkpoints do not depend on their
//! order. Each checkpoint is reported once.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trackingmore_webhook::{Checkpoint, CheckpointKey, Event, Tracking, Update};

const MOST: usize = 6;

fuzz_target!(|bodies: &[u8]| {
    let sent: Vec<_> = bodies.split(|byte| *byte == 0).filter_map(read).collect();
    if sent.is_empty() || sent.len() > MOST {
        return;
    }
    check_once(&sent);
    check_cuts(&sent);
    check_order(&sent);
});

/// Makes all of them about one parcel.
fn read(body: &[u8]) -> Option<Tracking> {
    let mut tracking = serde_json::from_slice::<Event>(body).ok()?.tracking;
    tracking.tracking_number = "1".into();
    tracking.courier_code = None;
    Some(tracking)
}

fn check_once(sent: &[Tracking]) {
    let (mut reported, mut status, mut known) = (0, None, None::<Tracking>);
    for sent in sent {
        let shown = known.as_ref().map_or(0, |it| it.checkpoints().len());
        let update = Update::new(known, sent.clone());
        if let Some(change) = update.status() {
            assert_eq!(change.from, status);
            assert_ne!(Some(&change.to), status.as_ref());
            status = Some(change.to);
        }
        reported += all_reported(&update).len();
        let now_shown = update.tracking().checkpoints().len();
        assert!(reported >= now_shown);
        // Two that were reported may turn out to be one instant, written with two offsets.
        if !has_offsets(update.tracking()) {
            assert!(shown <= now_shown);
            assert_eq!(reported, now_shown);
        }

        let again = Update::new(Some(update.tracking().clone()), sent.clone());
        assert_eq!(again.tracking(), update.tracking());
        assert!(!again.is_news());
        assert_eq!(again.status(), None);
        assert!(all_reported(&again).is_empty());
        let _ = format!("{update:?}");
        known = Some(update.into_tracking());
    }
}

fn check_cuts(sent: &[Tracking]) {
    let mut reported = Vec::new();
    let mut known = None;
    for sent in sent {
        let update = Update::new(known, sent.clone());
        reported.extend(all_reported(&update));
        known = Some(update.into_tracking());
    }
    let (first, then) = sent.split_first().expect("some were sent");
    let first = Update::new(None, first.clone());
    let update = then.iter().cloned().fold(first, Update::then);
    assert_eq!(Some(update.tracking()), known.as_ref());
    reported.sort();
    assert_eq!(all_reported(&update), reported);
}

fn check_order(sent: &[Tracking]) {
    let keys = |sent: &mut dyn Iterator<Item = &Tracking>| {
        let mut known = None;
        for sent in sent {
            known = Some(Update::new(known, sent.clone()).into_tracking());
        }
        let known = known.expect("some were sent");
        let leg = |leg: usize| {
            let leg = [&known.origin_info, &known.destination_info][leg].iter();
            sorted(leg.flat_map(|leg| &leg.trackinfo))
        };
        [leg(0), leg(1), sorted(known.checkpoints())]
    };
    let in_order = keys(&mut sent.iter());
    assert_eq!(keys(&mut sent.iter().rev()), in_order);
    let middle = sent.len() / 2;
    assert_eq!(
        keys(&mut sent.iter().cycle().skip(middle).take(sent.len() * 2)),
        in_order
    );
}

fn all_reported(update: &Update) -> Vec<CheckpointKey> {
    sorted(update.checkpoints().iter().chain(update.backfilled()))
}

fn sorted<'a>(checkpoints: impl IntoIterator<Item = &'a Checkpoint>) -> Vec<CheckpointKey> {
    let mut keys: Vec<_> = checkpoints.into_iter().map(Checkpoint::key).collect();
    keys.sort();
    keys
}

fn has_offsets(tracking: &Tracking) -> bool {
    let times = tracking
        .legs()
        .flat_map(|leg| &leg.trackinfo)
        .filter_map(|checkpoint| checkpoint.checkpoint_date.as_ref());
    times.into_iter().any(|time| time.offset().is_some())
}
