use metrics::{
    Key, Label, Level, Metadata, SharedString, Unit, describe_counter, describe_histogram,
};

use crate::ErrorKind;

const REQUESTS: &str = "trackingmore_webhook_requests_total";
const AGE: &str = "trackingmore_webhook_timestamp_age_seconds";

static METADATA: Metadata<'_> = Metadata::new("trackingmore_webhook", Level::INFO, None);

/// The keys of a verifier's metrics, made once so that a request allocates nothing. The recorder is
/// looked up each time, since it may be installed after the verifier was built.
pub(crate) struct Metrics {
    accepted: Key,
    refused: Vec<(ErrorKind, Key)>,
    age: Key,
}

impl Metrics {
    pub(crate) fn new(verifier: &str) -> Self {
        describe_counter!(
            REQUESTS,
            Unit::Count,
            "Webhook requests by outcome: accepted, or the code of the refusal"
        );
        describe_histogram!(
            AGE,
            Unit::Seconds,
            "Age of the signed timestamp of accepted and stale deliveries"
        );
        let verifier = Label::new("verifier", SharedString::from_owned(verifier.to_owned()));
        let requests = |outcome: &'static str| {
            let outcome = Label::new("outcome", outcome);
            Key::from_parts(REQUESTS, vec![verifier.clone(), outcome])
        };
        Self {
            accepted: requests("accepted"),
            refused: ErrorKind::ALL
                .map(|kind| (kind, requests(kind.code())))
                .into(),
            age: Key::from_parts(AGE, vec![verifier.clone()]),
        }
    }

    pub(crate) fn accepted(&self, age: Option<i64>) {
        count(&self.accepted);
        self.record_age(age);
    }

    pub(crate) fn refused(&self, kind: ErrorKind, age: Option<i64>) {
        if let Some((_, key)) = self.refused.iter().find(|(of, _)| *of == kind) {
            count(key);
        }
        if kind == ErrorKind::StaleTimestamp {
            self.record_age(age);
        }
    }

    /// A timestamp ahead of this clock counts as 0, since a histogram sums its values.
    fn record_age(&self, age: Option<i64>) {
        if let Some(age) = age {
            metrics::with_recorder(|recorder| {
                let ages = recorder.register_histogram(&self.age, &METADATA);
                ages.record(age.max(0) as f64);
            });
        }
    }
}

fn count(key: &Key) {
    metrics::with_recorder(|recorder| recorder.register_counter(key, &METADATA).increment(1));
}
