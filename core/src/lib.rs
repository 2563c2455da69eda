//! Verify and read TrackingMore webhooks.

mod event;
