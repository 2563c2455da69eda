use std::{fmt, sync::Arc};

use bytes::Bytes;
use sqlx::Transaction;
use trackingmore_webhook::{DeliveryId, Update};

use crate::{
    Engine, InboxError, InboxErrorKind,
    inbox::Shared,
    mark::{self, Marked, Ticket},
    store::{Purpose, Tx},
};

/// A parcel with news: all that came for it since it was handled last.
///
/// `Debug` shows the delivery's id and the attempt, and nothing of the content.
pub struct Job<DB: Engine> {
    pub(crate) shared: Arc<Shared<DB>>,
    pub(crate) ticket: Ticket,
    pub(crate) account: Arc<str>,
    pub(crate) update: Update,
    pub(crate) id: DeliveryId,
    pub(crate) body: Bytes,
}

/// The proof that a job was marked as handled: what a handler returns when all went well.
#[derive(Debug)]
#[must_use = "return it from the handler"]
pub struct Done {
    pub(crate) parcel: i64,
    pub(crate) claim: i64,
}

impl<DB: Engine> Job<DB> {
    /// What is known of the parcel now, and what is new since the state that was handled last.
    #[must_use]
    pub fn update(&self) -> &Update {
        &self.update
    }

    /// The account whose parcel it is; empty if you have only one.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.ticket.attempt
    }

    /// The id of the newest delivery: for logs.
    ///
    /// It is no key for effects, since news can arrive between two attempts. For an effect
    /// elsewhere take the parcel with
    /// [`Checkpoint::key`](trackingmore_webhook::Checkpoint::key), or with the change of status.
    #[must_use]
    pub fn id(&self) -> DeliveryId {
        self.id
    }

    /// The body of the newest delivery, byte for byte.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Begins a transaction on the inbox's database, for the effect. End it with
    /// [`done_in`](Self::done_in).
    ///
    /// In SQLite it waits for its turn and holds the lock for writing from the start, and meanwhile
    /// nothing can be accepted: do what takes long before you call this.
    ///
    /// # Errors
    ///
    /// The database's own.
    pub async fn begin(&self) -> Result<Transaction<'static, DB>, sqlx::Error> {
        let begun = DB::begin(&self.shared.base, Purpose::Effect).await?;
        Ok(begun.transaction)
    }

    /// Marks the parcel's news as handled. The effect happens at least once: if the process dies
    /// before the mark, it is repeated.
    ///
    /// In SQLite, end a transaction of [`begin`](Self::begin) first.
    ///
    /// # Errors
    ///
    /// [`LostJob`](InboxErrorKind::LostJob), [`Database`](InboxErrorKind::Database).
    pub async fn done(self) -> Result<Done, InboxError> {
        let begun = DB::begin(&self.shared.base, Purpose::Work).await?;
        let Tx { transaction, turn } = begun;
        let done = self.done_in(transaction).await;
        drop(turn);
        done
    }

    /// Marks the parcel's news as handled and commits, in the transaction of the effect: both
    /// happen, or neither.
    ///
    /// # Errors
    ///
    /// As [`done`](Self::done); the transaction is rolled back then.
    pub async fn done_in(self, mut transaction: Transaction<'_, DB>) -> Result<Done, InboxError> {
        let marked = mark::done::<DB>(&mut transaction, &self.ticket, Some(&self.update)).await?;
        if marked == Marked::Lost {
            transaction.rollback().await?;
            return Err(InboxError::new(InboxErrorKind::LostJob));
        }
        transaction.commit().await?;
        if marked == Marked::MoreWaits {
            self.shared.wake.all();
        }
        Ok(self.ticket.done())
    }
}

impl<DB: Engine> fmt::Debug for Job<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("id", &self.id)
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}
