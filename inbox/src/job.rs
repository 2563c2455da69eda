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

/// A parcel with news: everything that arrived since it was last handled.
///
/// `Debug` shows the delivery's id and the attempt, but no content.
pub struct Job<DB: Engine> {
    pub(crate) shared: Arc<Shared<DB>>,
    pub(crate) ticket: Ticket,
    pub(crate) account: Arc<str>,
    pub(crate) update: Update,
    pub(crate) id: DeliveryId,
    pub(crate) body: Bytes,
}

/// The proof that a job was marked as handled. A handler returns it on success.
#[derive(Debug)]
#[must_use = "return it from the handler"]
pub struct Done {
    pub(crate) parcel: i64,
    pub(crate) claim: i64,
}

impl<DB: Engine> Job<DB> {
    /// Returns what is known of the parcel now, and what is new since it was last handled.
    #[must_use]
    pub fn update(&self) -> &Update {
        &self.update
    }

    /// Returns the [account](crate::Inbox::account) that the parcel belongs to; empty by default.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns the number of this attempt, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.ticket.attempt
    }

    /// Returns the id of the newest delivery, for logs.
    ///
    /// Do not use it as a key for effects, since news can arrive between two attempts. For an
    /// effect elsewhere, use the parcel with
    /// [`Checkpoint::key`](trackingmore_webhook::Checkpoint::key), or with the change of status.
    #[must_use]
    pub fn id(&self) -> DeliveryId {
        self.id
    }

    /// Returns the body of the newest delivery, byte for byte.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Begins a transaction on the inbox's database, for the effect. End it with
    /// [`done_in`](Self::done_in).
    ///
    /// In SQLite, it waits for its turn and holds the write lock from the start, so that nothing
    /// can be accepted until it ends. Do slow work before you call this.
    ///
    /// # Errors
    ///
    /// The database's own.
    pub async fn begin(&self) -> Result<Transaction<'static, DB>, sqlx::Error> {
        let begun = DB::begin(&self.shared.base, Purpose::Effect).await?;
        Ok(begun.transaction)
    }

    /// Marks the parcel's news as handled, without a transaction. The effect happens at least once:
    /// if the process dies before the mark, the job is repeated.
    ///
    /// In SQLite, first end a transaction of [`begin`](Self::begin).
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

    /// Marks the parcel's news as handled in the transaction of the effect, and commits it. Both
    /// happen, or neither.
    ///
    /// # Errors
    ///
    /// As [`done`](Self::done). The transaction is rolled back.
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
