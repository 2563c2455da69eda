use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, future, stream};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use tokio::time::sleep;
use trackingmore_webhook_axum::trackingmore_webhook::retry::{MAX_ATTEMPTS, RetrySchedule};

use crate::{
    client::{self, Answer, Target},
    event::EventSource,
    failure::Failure,
    secret::Secret,
    signing::SigningArgs,
};

const NAME: &str = concat!("trackingmore-webhook/", env!("CARGO_PKG_VERSION"));

/// How many deliveries can be put in random order, which happens in memory.
const SHUFFLED: u64 = 10_000_000;

/// Signs deliveries and sends each until it is accepted or given up.
pub(super) struct Sender {
    pub(super) receivers: Vec<Target>,
    pub(super) events: EventSource,
    pub(super) secret: Secret,
    pub(super) signing: SigningArgs,
    /// `None` to attempt each delivery once.
    pub(super) schedule: Option<RetrySchedule>,
    pub(super) speed: f64,
    pub(super) repeat: u64,
}

/// One attempt of one delivery.
pub(super) struct Attempt {
    /// Counts the deliveries, from 1; copies, and those to other receivers, have the same number.
    pub(super) delivery: u64,
    pub(super) url: String,
    pub(super) number: u32,
    /// The maximum number of attempts.
    pub(super) of: u32,
    pub(super) answer: Answer,
    /// The time until the next attempt; `None` if there is none.
    pub(super) wait: Option<Duration>,
}

impl Sender {
    /// The number of deliveries if everything is sent `count` times.
    pub(super) fn total(&self, count: u64) -> u64 {
        count * self.events.steps() * self.repeat * self.receivers.len() as u64
    }

    /// Sends everything `count` times.
    pub(super) fn send(
        &self,
        count: u64,
        is_shuffled: bool,
        concurrency: usize,
    ) -> Result<impl Stream<Item = Result<Attempt, Failure>>, Failure> {
        // Fail before anything is sent.
        self.make(0)?;
        let all = 0..self.total(count);
        if is_shuffled && all.end > SHUFFLED {
            let what = format_args!("--shuffle takes up to {SHUFFLED} deliveries in all");
            return Err(Failure::usage(what));
        }
        let order = if is_shuffled {
            let mut all: Vec<_> = all.collect();
            shuffle(&mut all)?;
            stream::iter(all).left_stream()
        } else {
            stream::iter(all).right_stream()
        };
        let deliveries = order.map(|place| Box::pin(self.deliver(place)));
        Ok(deliveries.flatten_unordered(concurrency))
    }

    /// Attempts a delivery until it is accepted or given up.
    fn deliver(&self, place: u64) -> impl Stream<Item = Result<Attempt, Failure>> {
        let receivers = self.receivers.len() as u64;
        let copy = place / receivers;
        let receiver = &self.receivers[(place % receivers) as usize];
        let (headers, body) = match self.make(copy) {
            Ok(delivery) => delivery,
            Err(failure) => return stream::once(future::ready(Err(failure))).left_stream(),
        };
        let first = Some((1, Duration::ZERO));
        let attempts = stream::unfold(first, move |next| {
            let (headers, body) = (headers.clone(), body.clone());
            async move {
                let (number, wait) = next?;
                sleep(wait).await;
                let answer = receiver.post(headers, body).await;
                let wait = self.wait_after(number, &answer);
                let attempt = Attempt {
                    delivery: copy / self.repeat + 1,
                    url: receiver.shown(),
                    number,
                    of: self.schedule.map_or(1, |_| MAX_ATTEMPTS),
                    answer,
                    wait,
                };
                Some((Ok(attempt), wait.map(|wait| (number + 1, wait))))
            }
        });
        attempts.right_stream()
    }

    fn make(&self, copy: u64) -> Result<(HeaderMap, Bytes), Failure> {
        let delivery = copy / self.repeat;
        let (n, step) = (
            delivery / self.events.steps(),
            delivery % self.events.steps(),
        );
        let body = self.events.body(n + 1, step)?;
        Ok((headers(&self.secret, &self.signing, &body)?, body.into()))
    }

    fn wait_after(&self, attempt: u32, answer: &Answer) -> Option<Duration> {
        if answer.is_accepted() {
            return None;
        }
        let wait = self.schedule?.delay_before(attempt + 1)?;
        Some(wait.div_f64(self.speed))
    }
}

/// Returns the headers of a delivery that is sent now.
pub(in crate::commands) fn headers(
    secret: &[u8],
    signing: &SigningArgs,
    body: &[u8],
) -> Result<HeaderMap, Failure> {
    let mut headers = client::header_map(&signing.headers(secret, body)?)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(NAME));
    Ok(headers)
}

/// Puts items in random order.
pub(in crate::commands) fn shuffle<T>(items: &mut [T]) -> Result<(), Failure> {
    for end in (1..items.len()).rev() {
        let random = getrandom::u64().map_err(Failure::failed)?;
        items.swap(end, (random % (end as u64 + 1)) as usize);
    }
    Ok(())
}
