use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use axum_core::{
    BoxError,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use tower_service::Service;
use trackingmore_webhook::{Incoming, Verifier};

use crate::{layer::OnRefusal, receive};

/// The service that [`VerifyLayer`](crate::VerifyLayer) makes.
#[derive(Clone)]
pub struct Verify<S> {
    inner: S,
    verifier: Verifier,
    on_refusal: OnRefusal,
}

impl<S> Verify<S> {
    pub(crate) fn new(inner: S, verifier: Verifier, on_refusal: OnRefusal) -> Self {
        Self {
            inner,
            verifier,
            on_refusal,
        }
    }
}

impl<S, B> Service<http::Request<B>> for Verify<S>
where
    S: Service<Request> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let Self {
            mut inner,
            verifier,
            on_refusal,
        } = self.clone();
        Box::pin(async move {
            let request = request.map(Body::new);
            let received = receive::receive(&verifier, request, Incoming::finish).await;
            let (mut parts, body) = match received {
                Ok(accepted) => accepted,
                Err(refusal) => {
                    let mut response = on_refusal(&refusal.error);
                    if refusal.closes {
                        receive::announce_close(&mut response);
                    }
                    return Ok(response);
                }
            };
            let bytes = body.bytes().clone();
            parts.extensions.insert(body);
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            let response = inner
                .call(Request::from_parts(parts, Body::from(bytes)))
                .await?;
            Ok(response.into_response())
        })
    }
}

impl<S: fmt::Debug> fmt::Debug for Verify<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verify")
            .field("inner", &self.inner)
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}
