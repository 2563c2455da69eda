//! Compiles the code in the repository's README and the examples' README, with the dependencies
//! that they name.

#![doc = include_str!("../../../README.md")]

#[doc = include_str!("../../README.md")]
pub mod examples {}
