//! What a delivery says.
