//! The inbox in PostgreSQL. What it promises in every database is in `laws`; what follows here is
//! about its server.
//!
//! They need a server: the one of `DATABASE_URL`, or the one that `psql` finds. Where there is
//! none, they say so and pass.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod cluster;
mod crashes;
mod database;
#[path = "../laws/mod.rs"]
mod laws;
mod proxy;
mod server;
// Some of it is for the other database.
#[allow(dead_code)]
#[path = "../support/mod.rs"]
mod support;
