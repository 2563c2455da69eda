//! The three adapters over real sockets: whether they answer alike, count correctly, and can be
//! starved.

#![allow(clippy::unwrap_used)]

mod concurrency;
mod http2;
mod identical_answers;
mod server;
mod starvation;
