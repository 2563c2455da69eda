//! The inbox in PostgreSQL. `laws` tests what it promises in every database; the tests here are
//! about the server.
//!
//! They need a server: the one of `DATABASE_URL`, or the one that `psql` finds. Without one, they
//! print so and pass.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod cluster;
mod crashes;
mod database;
#[path = "../laws/mod.rs"]
mod laws;
mod proxy;
mod server;
// The other database uses the rest.
#[allow(dead_code)]
#[path = "../support/mod.rs"]
mod support;
