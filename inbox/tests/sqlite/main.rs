//! The inbox in SQLite. What it promises in every database is in `laws`; what follows here is
//! about its file.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod crashes;
mod database;
mod file;
#[path = "../laws/mod.rs"]
mod laws;
// Some of it is for the other database.
#[allow(dead_code)]
#[path = "../support/mod.rs"]
mod support;
