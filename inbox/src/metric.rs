//! The inbox's metrics. Without the feature `metrics` these do nothing.

#[cfg(feature = "metrics")]
mod on;

#[cfg(feature = "metrics")]
pub(crate) use on::{delivery, describe, handled_in, job, keep_measuring};

#[cfg(not(feature = "metrics"))]
pub(crate) use off::{delivery, describe, handled_in, job, keep_measuring};

#[cfg(not(feature = "metrics"))]
mod off {
    use std::{future, sync::Arc, time::Duration};

    use crate::{Engine, inbox::Shared};

    pub(crate) fn describe() {}

    pub(crate) fn delivery(_: &'static str) {}

    pub(crate) fn job(_: &'static str) {}

    pub(crate) fn handled_in(_: Duration) {}

    pub(crate) async fn keep_measuring<DB: Engine>(_: Arc<Shared<DB>>) {
        future::pending().await
    }
}
