//! The three adapters over real sockets, in one place: whether they answer alike, count right, and
//! can be starved.

#![allow(clippy::unwrap_used)]

mod concurrency;
mod http2;
mod identical_answers;
mod server;
mod starvation;
