//! The inbox in SQLite. `laws` tests what it promises in every database; the tests here are about
//! the file.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod crashes;
mod database;
mod file;
#[path = "../laws/mod.rs"]
mod laws;
// The other database uses the rest.
#[allow(dead_code)]
#[path = "../support/mod.rs"]
mod support;
