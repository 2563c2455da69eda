//! Compiles the code of the repository's README with the dependencies that it names.

#![doc = include_str!("../../../README.md")]
