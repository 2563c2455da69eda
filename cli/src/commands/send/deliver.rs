use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT},
};
use tokio::{sync::mpsc, time::sleep};
use trackingmore_webhook_axum::{
    Signer,
    trackingmore_webhook::retry::{MAX_ATTEMPTS, RetrySchedule},
};

use super::Attempts;
use crate::{
    client::{self, Answer},
    event::EventSource,
    failure::Failure,
    signing::SigningArgs,
};

const NAME: &str = concat!("trackingmore-webhook/", env!("CARGO_PKG_VERSION"));

/// Makes deliveries and sees them through.
pub(super) struct Sender {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) events: EventSource,
    pub(super) signer: Signer,
    pub(super) signing: SigningArgs,
    /// `None` to attempt each delivery once.
    pub(super) schedule: Option<RetrySchedule>,
    pub(super) speed: f64,
}

/// One attempt of one delivery.
pub(super) struct Attempt {
    pub(super) number: u32,
    /// How many there are at most.
    pub(super) of: u32,
    pub(super) answer: Answer,
    /// How long it is to the next; `None` if there is none.
    pub(super) wait: Option<Duration>,
}

impl Sender {
    /// Starts to send `count` deliveries, and reports each attempt.
    pub(super) fn start(self, count: u64, concurrency: u64) -> Result<Attempts, Failure> {
        // What cannot be made is to be said before anything is sent.
        self.make(1)?;
        let sender = Arc::new(self);
        let started = Arc::new(AtomicU64::new(0));
        let (report, attempts) = mpsc::channel(64);
        for _ in 0..count.min(concurrency) {
            let (sender, started, report) = (sender.clone(), started.clone(), report.clone());
            tokio::spawn(async move {
                loop {
                    let n = started.fetch_add(1, Ordering::Relaxed) + 1;
                    if n > count || sender.deliver(n, &report).await.is_err() {
                        break;
                    }
                }
            });
        }
        Ok(attempts)
    }

    /// Attempts the delivery `n` until it is accepted or there are no more attempts. Fails if
    /// nobody wants reports any more.
    async fn deliver(
        &self,
        n: u64,
        report: &mpsc::Sender<Result<Attempt, Failure>>,
    ) -> Result<(), mpsc::error::SendError<Result<Attempt, Failure>>> {
        let (headers, body) = match self.make(n) {
            Ok(delivery) => delivery,
            Err(failure) => return report.send(Err(failure)).await,
        };
        for number in 1.. {
            let answer = client::post(&self.client, &self.url, &headers, &body).await;
            let wait = self.wait_behind(number, &answer);
            let attempt = Attempt {
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

    fn make(&self, n: u64) -> Result<(HeaderMap, Vec<u8>), Failure> {
        let body = self.events.body(n)?;
        Ok((headers(&self.signer, &self.signing, &body)?, body))
    }

    fn wait_behind(&self, attempt: u32, answer: &Answer) -> Option<Duration> {
        if answer.is_accepted() {
            return None;
        }
        let wait = self.schedule?.delay_before(attempt + 1)?;
        Some(wait.div_f64(self.speed))
    }
}

/// Makes the headers of a delivery that is sent now.
pub(in crate::commands) fn headers(
    signer: &Signer,
    signing: &SigningArgs,
    body: &[u8],
) -> Result<HeaderMap, Failure> {
    let mut headers = client::header_map(&signing.headers(signer, body)?)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(NAME));
    Ok(headers)
}
