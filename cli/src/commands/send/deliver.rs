use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT},
};
use tokio::{sync::mpsc, time::sleep};
use trackingmore_webhook_axum::trackingmore_webhook::retry::{MAX_ATTEMPTS, RetrySchedule};

use crate::{
    client::{self, Answer},
    event::EventSource,
    failure::Failure,
    secret::Secret,
    signing::SigningArgs,
};

const NAME: &str = concat!("trackingmore-webhook/", env!("CARGO_PKG_VERSION"));

/// Signs deliveries and sends each until it is accepted or given up.
pub(super) struct Sender {
    pub(super) receivers: Vec<Receiver>,
    pub(super) events: EventSource,
    pub(super) secret: Secret,
    pub(super) signing: SigningArgs,
    /// `None` to attempt each delivery once.
    pub(super) schedule: Option<RetrySchedule>,
    pub(super) speed: f64,
    pub(super) repeat: u64,
}

pub(super) struct Receiver {
    client: Client,
    url: Url,
}

impl Receiver {
    pub(super) fn new(url: Url) -> Result<Self, Failure> {
        let client = client::client(&url)?;
        Ok(Self { client, url })
    }
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

type Report = mpsc::Sender<Result<Attempt, Failure>>;

impl Sender {
    /// The number of deliveries if everything is sent `count` times.
    pub(super) fn total(&self, count: u64) -> u64 {
        count * self.events.steps() * self.repeat * self.receivers.len() as u64
    }

    /// Starts to send everything `count` times, and reports each attempt.
    pub(super) fn start(
        self,
        count: u64,
        is_shuffled: bool,
        concurrency: u64,
    ) -> Result<mpsc::Receiver<Result<Attempt, Failure>>, Failure> {
        // Fail before anything is sent.
        self.make(0)?;
        let mut order: Box<dyn Iterator<Item = u64> + Send> = Box::new(0..self.total(count));
        if is_shuffled {
            let mut all: Vec<_> = order.collect();
            shuffle(&mut all)?;
            order = Box::new(all.into_iter());
        }
        let order = Arc::new(Mutex::new(order));
        let sender = Arc::new(self);
        let (report, attempts) = mpsc::channel(64);
        for _ in 0..concurrency {
            let (sender, order, report) = (sender.clone(), order.clone(), report.clone());
            tokio::spawn(async move {
                let next = || order.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(place) = next() {
                    if sender.deliver(place, &report).await.is_err() {
                        break;
                    }
                }
            });
        }
        Ok(attempts)
    }

    /// Attempts a delivery until it is accepted or given up. Fails if reports are no longer read.
    async fn deliver(
        &self,
        place: u64,
        report: &Report,
    ) -> Result<(), mpsc::error::SendError<Result<Attempt, Failure>>> {
        let copy = place / self.receivers.len() as u64;
        let receiver = &self.receivers[place as usize % self.receivers.len()];
        let (headers, body) = match self.make(copy) {
            Ok(delivery) => delivery,
            Err(failure) => return report.send(Err(failure)).await,
        };
        for number in 1.. {
            let Receiver { client, url } = receiver;
            let answer = client::post(client, url, headers.clone(), body.clone()).await;
            let wait = self.wait_after(number, &answer);
            let attempt = Attempt {
                delivery: copy / self.repeat + 1,
                url: client::shown(url),
                number,
                of: self.schedule.map_or(1, |_| MAX_ATTEMPTS),
                answer,
                wait,
            };
            report.send(Ok(attempt)).await?;
            match wait {
                Some(wait) => sleep(wait).await,
                None => break,
            }
        }
        Ok(())
    }

    fn make(&self, copy: u64) -> Result<(HeaderMap, Vec<u8>), Failure> {
        let delivery = copy / self.repeat;
        let (n, step) = (
            delivery / self.events.steps(),
            delivery % self.events.steps(),
        );
        let body = self.events.body(n + 1, step)?;
        Ok((headers(&self.secret, &self.signing, &body)?, body))
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
