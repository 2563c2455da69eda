//! Keeps the code of the repository's README compiling.

#![doc = include_str!("../../../README.md")]
