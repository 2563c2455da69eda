use std::pin::pin;

use futures_util::{Stream, StreamExt as _, future};
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use trackingmore_webhook::{Delivery, Error, ErrorKind, Event, Incoming, VerifiedBody, Verifier};
use warp::{Buf, Filter, Rejection, reject};

use crate::WebhookRejection;

/// Extracts a verified delivery: the route runs only for genuine ones.
///
/// It judges the headers before it takes the body, so a request that they refuse leaves the body
/// for a later `.or(..)`. Any other refusal comes when the body is gone: if a later route takes the
/// body, warp answers 500.
///
/// Put the path and the method in front of it, and [`recover`](crate::recover()) behind the routes:
/// without that, warp answers a [`WebhookRejection`] with status 500.
///
/// The body may come in chunks, and is held up to the verifier's limit. Do not put
/// `warp::body::content_length_limit` in front: it answers chunked bodies with status 411.
///
/// # Examples
///
/// ```
/// use trackingmore_webhook_warp::{Delivery, Verifier, recover, webhook};
/// use warp::{Filter, http::StatusCode};
///
/// let verifier = Verifier::new("2e55b9a3-4dd1-4416-9897-c4bd1e3d738f")?;
/// let routes = warp::path!("webhooks" / "trackingmore")
///     .and(warp::post())
///     .and(webhook(verifier))
///     .map(|delivery: Delivery| {
///         println!("{}", delivery.event.tracking.tracking_number);
///         StatusCode::NO_CONTENT
///     })
///     .recover(recover);
/// # Ok::<(), trackingmore_webhook_warp::ConfigError>(())
/// ```
#[must_use]
pub fn webhook(
    verifier: Verifier,
) -> impl Filter<Extract = (Delivery,), Error = Rejection> + Clone {
    webhook_as::<Event>(verifier)
}

/// Extracts a verified delivery as a type of your own, for members that [`Event`] does not have.
/// Otherwise it works like [`webhook`].
///
/// # Examples
///
/// ```
/// # use trackingmore_webhook_warp::{Delivery, Verifier, recover, webhook_as};
/// # use warp::Filter;
/// #[derive(serde::Deserialize)]
/// struct Mine {
///     data: serde_json::Value,
/// }
///
/// # let verifier = Verifier::new("2e55b9a3-4dd1-4416-9897-c4bd1e3d738f")?;
/// let routes = warp::path!("webhooks" / "trackingmore")
///     .and(warp::post())
///     .and(webhook_as(verifier))
///     .map(|delivery: Delivery<Mine>| delivery.event.data["lane"].to_string())
///     .recover(recover);
/// # Ok::<(), trackingmore_webhook_warp::ConfigError>(())
/// ```
#[must_use]
pub fn webhook_as<T: DeserializeOwned + Send>(
    verifier: Verifier,
) -> impl Filter<Extract = (Delivery<T>,), Error = Rejection> + Clone {
    begun(verifier).and_then(|incoming, body| read(incoming, body, Incoming::finish_as))
}

/// Extracts the body of a verified delivery without reading it as an event. Otherwise it works like
/// [`webhook`].
///
/// # Examples
///
/// ```
/// # use trackingmore_webhook_warp::{VerifiedBody, Verifier, raw_webhook, recover};
/// # use warp::Filter;
/// # let verifier = Verifier::new("2e55b9a3-4dd1-4416-9897-c4bd1e3d738f")?;
/// let routes = warp::path!("webhooks" / "trackingmore")
///     .and(warp::post())
///     .and(raw_webhook(verifier))
///     .map(|body: VerifiedBody| format!("{} is {} bytes long", body.id(), body.bytes().len()))
///     .recover(recover);
/// # Ok::<(), trackingmore_webhook_warp::ConfigError>(())
/// ```
#[must_use]
pub fn raw_webhook(
    verifier: Verifier,
) -> impl Filter<Extract = (VerifiedBody,), Error = Rejection> + Clone {
    begun(verifier).and_then(|incoming, body| read(incoming, body, Incoming::finish))
}

/// Takes the body of a request that the headers do not refuse.
fn begun(
    verifier: Verifier,
) -> impl Filter<
    Extract = (Incoming, impl Stream<Item = Result<impl Buf, warp::Error>>),
    Error = Rejection,
> + Clone {
    warp::header::headers_cloned()
        .and_then(move |headers: HeaderMap| future::ready(begin(&verifier, &headers)))
        .and(warp::body::stream())
}

fn begin(verifier: &Verifier, headers: &HeaderMap) -> Result<Incoming, Rejection> {
    let has_body = headers.contains_key(header::TRANSFER_ENCODING)
        || headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length != "0");
    verifier.begin(headers).map_err(|error| {
        let closes = has_body;
        reject::custom(WebhookRejection { error, closes })
    })
}

/// `finish` decides whether the body is read as an event.
async fn read<B>(
    mut incoming: Incoming,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
    finish: impl FnOnce(Incoming) -> Result<B, Error>,
) -> Result<B, Rejection> {
    let mut body = pin!(body);
    let mut ended = false;
    let received = async {
        while let Some(chunk) = body.next().await {
            let mut chunk = chunk.map_err(|_| incoming.refuse(ErrorKind::BodyUnreadable))?;
            incoming.push(chunk.copy_to_bytes(chunk.remaining()))?;
        }
        ended = true;
        finish(incoming)
    };
    let received = received.await;
    received.map_err(|error| {
        let closes = !ended;
        reject::custom(WebhookRejection { error, closes })
    })
}
