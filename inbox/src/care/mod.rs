//! Looking after an inbox: inspecting it, and acting on what is found.

mod dead;
pub(crate) mod forget;
mod history;
mod stats;
mod unread;

#[cfg(feature = "metrics")]
pub(crate) use self::stats::count;
pub use self::{
    dead::DeadParcel,
    forget::Forgotten,
    history::{HistoryEntry, Outcome},
    stats::Stats,
    unread::UnreadDelivery,
};
