//! Deliveries that wait to be written, and the one task that writes them.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::{Notify, oneshot};

use super::{Cause, Entry, cause};
use crate::InboxOptions;

/// The most that one commit writes, unless a single delivery is larger.
const BATCH_COUNT: usize = 1_024;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Receives whether the delivery is new.
type Answer = oneshot::Sender<Result<bool, Cause>>;

/// Deliveries that wait to be written.
#[derive(Debug)]
pub(crate) struct Queue {
    most_count: usize,
    most_bytes: usize,
    state: Mutex<State>,
    written: Notify,
    /// Notified when the writing task is dropped while deliveries wait.
    pub(super) left: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// Of the deliveries that wait and of those that are being written.
    count: usize,
    bytes: usize,
    is_writing: bool,
    is_closed: bool,
}

#[derive(Debug)]
struct Waiting {
    entry: Entry,
    answer: Answer,
    since: Instant,
}

impl Queue {
    pub(crate) fn new(options: &InboxOptions) -> Self {
        Self {
            most_count: options.queue_count,
            most_bytes: options.queue_bytes,
            state: Mutex::default(),
            written: Notify::new(),
            left: Notify::new(),
        }
    }

    /// Adds a delivery. Returns whether the caller must start the writing task.
    pub(super) fn push(&self, entry: Entry, answer: Answer) -> Result<bool, Cause> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(cause("the inbox is closed"));
        }
        let is_full = |state: &State| {
            let bytes = state.bytes.saturating_add(entry.size);
            state.count >= self.most_count || (bytes > self.most_bytes && state.count > 0)
        };
        if is_full(&state) {
            state.drop_abandoned();
            if is_full(&state) {
                return Err(cause("the queue is full"));
            }
        }
        state.count += 1;
        state.bytes += entry.size;
        state.waiting.push_back(Waiting {
            entry,
            answer,
            since: Instant::now(),
        });
        Ok(!mem::replace(&mut state.is_writing, true))
    }

    /// Returns whether deliveries wait and the caller must start the writing task.
    pub(super) fn takes_over(&self) -> bool {
        let mut state = self.lock();
        let takes_over = !state.is_writing && !state.waiting.is_empty();
        state.is_writing |= takes_over;
        takes_over
    }

    /// Takes a batch of the deliveries whose caller still waits.
    pub(super) fn take(&self) -> Batch<'_> {
        let mut state = self.lock();
        state.drop_abandoned();
        let mut batch = Batch {
            queue: self,
            entries: Vec::new(),
            answers: Vec::new(),
            bytes: 0,
        };
        while let Some(next) = state.waiting.front() {
            let size = next.entry.size;
            let is_full = batch.entries.len() == BATCH_COUNT || batch.bytes + size > BATCH_BYTES;
            if is_full && !batch.entries.is_empty() {
                break;
            }
            if let Some(Waiting { entry, answer, .. }) = state.waiting.pop_front() {
                batch.bytes += size;
                batch.entries.push(entry);
                batch.answers.push(answer);
            }
        }
        batch
    }

    /// Fails all deliveries that came before this time.
    pub(super) fn fail(&self, before: Instant, cause: &Cause) {
        let mut failed = Vec::new();
        let mut state = self.lock();
        while state.waiting.front().is_some_and(|it| it.since <= before) {
            failed.extend(state.waiting.pop_front());
        }
        for Waiting { entry, answer, .. } in failed {
            state.count -= 1;
            state.bytes -= entry.size;
            let _ = answer.send(Err(Arc::clone(cause)));
        }
    }

    /// Ends the writing if nothing waits. Returns whether it ended.
    fn ends_writing(&self) -> bool {
        let mut state = self.lock();
        let ends = state.waiting.is_empty();
        if ends {
            state.is_writing = false;
            self.written.notify_waiters();
        }
        ends
    }

    /// Refuses further deliveries, and waits until those that wait are written.
    pub(crate) async fn close(&self) {
        loop {
            let written = self.written.notified();
            if !self.still_writes_when_closed() {
                return;
            }
            written.await;
        }
    }

    fn still_writes_when_closed(&self) -> bool {
        let mut state = self.lock();
        state.is_closed = true;
        state.is_writing
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn drop_abandoned(&mut self) {
        let (mut count, mut bytes) = (0, 0);
        self.waiting.retain(|it| {
            let is_abandoned = it.answer.is_closed();
            if is_abandoned {
                count += 1;
                bytes += it.entry.size;
            }
            !is_abandoned
        });
        self.count -= count;
        self.bytes -= bytes;
    }
}

/// Deliveries that are being written. They count until this is dropped.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    queue: &'a Queue,
    pub(super) entries: Vec<Entry>,
    answers: Vec<Answer>,
    bytes: usize,
}

impl Batch<'_> {
    pub(super) fn answer(mut self, results: impl IntoIterator<Item = Result<bool, Cause>>) {
        for (answer, result) in mem::take(&mut self.answers).into_iter().zip(results) {
            let _ = answer.send(result);
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.count -= self.entries.len();
        state.bytes -= self.bytes;
    }
}

/// The writing task. If its runtime drops it, before it has begun or halfway, the deliveries that
/// it was writing are errors, and one of the callers that wait starts another task on its own
/// runtime.
pub(super) struct Writing {
    queue: Arc<Queue>,
    has_ended: bool,
}

impl Writing {
    pub(super) fn of(queue: &Arc<Queue>) -> Self {
        Self {
            queue: Arc::clone(queue),
            has_ended: false,
        }
    }

    /// Ends if nothing waits.
    pub(super) fn ends(&mut self) -> bool {
        self.has_ended = self.queue.ends_writing();
        self.has_ended
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.has_ended {
            self.queue.lock().is_writing = false;
            self.queue.written.notify_waiters();
            self.queue.left.notify_waiters();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot::Receiver;
    use trackingmore_webhook::DeliveryId;

    use super::*;

    fn queue(count: usize, bytes: usize) -> Queue {
        Queue::new(&InboxOptions::new().queue(count, bytes))
    }

    fn push(queue: &Queue, size: usize) -> Result<(bool, Receiver<Result<bool, Cause>>), Cause> {
        let (answer, answered) = oneshot::channel();
        let entry = Entry {
            account: Arc::from(""),
            id: DeliveryId::try_from(&[0; 32][..]).unwrap(),
            received_at: 0,
            is_unread: false,
            names: Vec::new(),
            body: None,
            size,
        };
        queue.push(entry, answer).map(|must| (must, answered))
    }

    /// The count and the bytes of what waits and of what is being written.
    fn counted(queue: &Queue) -> (usize, usize) {
        let state = queue.lock();
        (state.count, state.bytes)
    }

    #[test]
    fn it_is_limited_by_count_and_by_bytes() {
        let full = queue(2, 100);
        let (_, _first) = push(&full, 10).unwrap();
        let (_, _second) = push(&full, 90).unwrap();
        assert_eq!(counted(&full), (2, 100));
        assert_eq!(push(&full, 0).unwrap_err().to_string(), "the queue is full");

        let full = queue(10, 100);
        let (_, _large) = push(&full, 101).unwrap();
        assert!(
            push(&full, 0).is_err(),
            "one delivery is larger than the whole queue"
        );
    }

    #[test]
    fn callers_that_gave_up_make_room() {
        let queue = queue(3, 100);
        let (_, waits) = push(&queue, 10).unwrap();
        let (_, gone) = push(&queue, 20).unwrap();
        let (_, _waits) = push(&queue, 30).unwrap();
        drop(gone);
        let (_, _new) = push(&queue, 40).unwrap();
        assert_eq!(counted(&queue), (3, 80));
        drop(waits);
        assert_eq!(queue.take().entries.len(), 2);
    }

    #[test]
    fn deliveries_being_written_count_until_they_are_answered() {
        let queue = queue(10, 1_000);
        let (_, mut first) = push(&queue, 10).unwrap();
        let (_, mut second) = push(&queue, 20).unwrap();
        let batch = queue.take();
        assert_eq!(batch.entries.len(), 2);
        assert_eq!(counted(&queue), (2, 30));
        let (_, _later) = push(&queue, 5).unwrap();
        batch.answer([Ok(true), Ok(false)]);
        assert_eq!(counted(&queue), (1, 5));
        assert!(first.try_recv().unwrap().unwrap());
        assert!(!second.try_recv().unwrap().unwrap());
    }

    #[test]
    fn a_batch_ends_with_its_count_or_its_bytes() {
        let queue = queue(10_000, 100 * BATCH_BYTES);
        let mut answers = Vec::new();
        let mut fill = |sizes: &[usize]| {
            let pushed = sizes.iter().map(|size| push(&queue, *size).unwrap());
            answers.extend(pushed);
        };
        fill(&[1; BATCH_COUNT + 1]);
        assert_eq!(queue.take().entries.len(), BATCH_COUNT);
        assert_eq!(queue.take().entries.len(), 1);
        assert_eq!(queue.take().entries.len(), 0);
        // As many bytes as fit, and one more.
        fill(&[BATCH_BYTES / 2, BATCH_BYTES / 2, 1]);
        assert_eq!(queue.take().entries.len(), 2);
        assert_eq!(queue.take().entries.len(), 1);
        // A larger delivery is a batch of its own.
        fill(&[BATCH_BYTES + 1, 1]);
        assert_eq!(queue.take().entries.len(), 1);
        assert_eq!(queue.take().entries.len(), 1);
        assert_eq!(counted(&queue), (0, 0));
    }

    #[test]
    fn a_failure_is_reported_to_the_callers_that_waited_for_it() {
        let queue = queue(10, 1_000);
        let (_, mut before) = push(&queue, 10).unwrap();
        let began = Instant::now() + Duration::from_millis(1);
        while Instant::now() <= began {
            std::hint::spin_loop();
        }
        let (_, mut after) = push(&queue, 20).unwrap();
        queue.fail(began, &cause("the database is gone"));
        assert!(before.try_recv().unwrap().is_err());
        assert!(after.try_recv().is_err(), "it has no answer yet");
        assert_eq!(counted(&queue), (1, 20));
    }

    #[test]
    fn one_task_writes_until_nothing_waits() {
        let queue = queue(10, 1_000);
        assert!(!queue.takes_over(), "nothing waits");
        let (must_write, _first) = push(&queue, 1).unwrap();
        assert!(must_write);
        let (must_write, _second) = push(&queue, 1).unwrap();
        assert!(!must_write, "a task writes already");
        assert!(!queue.takes_over());
        assert!(!queue.ends_writing(), "two wait");
        drop(queue.take());
        assert!(queue.ends_writing());
        assert!(!queue.takes_over(), "nothing waits");
        assert!(push(&queue, 1).unwrap().0);
    }

    #[tokio::test]
    async fn another_task_takes_over_when_the_writing_task_is_dropped() {
        let queue = Arc::new(queue(10, 1_000));
        let (_, _waits) = push(&queue, 1).unwrap();
        let left = queue.left.notified();
        drop(Writing::of(&queue));
        left.await;
        assert!(queue.takes_over());
        assert!(!queue.takes_over(), "one is enough");
        drop(Writing::of(&queue));
        queue.close().await;
    }

    #[tokio::test]
    async fn closing_waits_for_the_write_in_progress_and_takes_no_more() {
        let queue = queue(10, 1_000);
        let (_, _waits) = push(&queue, 1).unwrap();
        let close = std::pin::pin!(queue.close());
        assert!(
            tokio::time::timeout(Duration::from_millis(10), close)
                .await
                .is_err()
        );
        assert!(push(&queue, 1).is_err());
        drop(queue.take());
        let closing = queue.close();
        assert!(queue.ends_writing());
        closing.await;
    }
}
