//! With `done_in`, the effect commits if and only if the job is marked as handled.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use trackingmore_webhook_inbox::{BoxError, InboxErrorKind, Job};

use super::{handle_pending, quick};
use crate::{
    database::{Database, Db, IS_SQLITE},
    support::{
        DAY,
        child::Child,
        delivery::state,
        effect::{self, messages, minutes},
        ms,
        wait::{next, until, until_idle},
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_whose_handler_fails_is_rolled_back() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let worker = inbox.worker(|job: Job<Db>| async move {
        let mut transaction = job.begin().await?;
        effect::write(&mut transaction, &job).await?;
        if job.attempt() < 5 {
            return Err("after the effect and before the mark".into());
        }
        Ok(job.done_in(transaction).await?)
    });
    quick(worker).run_until(until_idle(&inbox)).await.unwrap();
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_in_a_transaction_of_the_users_pool_happens_once_too() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let worker = inbox.worker_with(inbox.pool().clone(), |pool, job| async move {
        let mut transaction = pool.begin().await?;
        effect::write(&mut transaction, &job).await?;
        Ok(job.done_in(transaction).await?)
    });
    quick(worker).run_until(until_idle(&inbox)).await.unwrap();
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_commit_fails_is_retried() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    database.fail_effects().await;
    let database = Arc::new(database);
    let worker = inbox.worker_with(Arc::clone(&database), |database, job| async move {
        if job.attempt() == 3 {
            database.let_effects_succeed().await;
        }
        let attempt = job.attempt();
        let done = effect::handle(job).await;
        assert_eq!(done.is_ok(), attempt >= 3, "attempt {attempt}");
        done
    });
    quick(worker).run_until(until_idle(&inbox)).await.unwrap();
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

/// An attempt lost its parcel while it was stalled. The parcel has been handled since, and another
/// attempt is running: it has the same attempt number and nothing else in common.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_attempt_does_not_complete_a_later_one() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let (begun, mut attempts) = mpsc::unbounded_channel::<(u32, oneshot::Sender<()>)>();
    let (ended, mut ends) = mpsc::unbounded_channel();
    let handler = (begun, ended);
    let worker = inbox.worker_with(handler, |(begun, ended), job| async move {
        let attempt = job.attempt();
        let (go_on, going_on) = oneshot::channel();
        begun.send((attempt, go_on))?;
        going_on.await?;
        let done = effect::handle(job).await;
        ended.send(done.as_ref().map(|_| ()).map_err(ToString::to_string))?;
        done
    });
    let steps = async {
        let (attempt, stale) = next(&mut attempts).await;
        assert_eq!(attempt, 1);
        database.lose_claims().await;
        let (_, second) = next(&mut attempts).await;
        second.send(()).unwrap();
        assert_eq!(next(&mut ends).await, Ok(()));

        inbox.accept(&state("AB1", 2).sent()).await.unwrap();
        let (attempt, third) = next(&mut attempts).await;
        assert_eq!(
            attempt, 1,
            "attempts are counted from 1 again after a success"
        );
        stale.send(()).unwrap();
        assert!(
            next(&mut ends).await.is_err(),
            "the stale attempt is refused"
        );
        assert_eq!(minutes(&database, "AB1").await, [1]);
        third.send(()).unwrap();
        assert_eq!(next(&mut ends).await, Ok(()));
        until_idle(&inbox).await;
    };
    quick(worker).concurrency(4).run_until(steps).await.unwrap();
    assert_eq!(minutes(&database, "AB1").await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn completing_a_lost_job_is_an_error() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let handler = (inbox.clone(), Arc::clone(&kinds));
    let worker = inbox.worker_with(handler, |(inbox, kinds), job| async move {
        inbox.forget("AB1").await?;
        let mut transaction = job.begin().await?;
        effect::write(&mut transaction, &job).await?;
        let lost = job.done_in(transaction).await.unwrap_err();
        kinds.lock().unwrap().push(lost.kind());
        Err(lost.into())
    });
    quick(worker).run_until(until_idle(&inbox)).await.unwrap();
    assert_eq!(kinds.lock().unwrap()[..], [InboxErrorKind::LostJob]);
    assert!(
        messages(&database).await.is_empty(),
        "its transaction is rolled back"
    );
}

/// Without a transaction, the job is marked too, and its effect happens at least once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn done_without_a_transaction_marks_the_job() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let calls = Arc::new(Mutex::new(0));
    let worker = inbox.worker_with(Arc::clone(&calls), |calls, job| async move {
        *calls.lock().unwrap() += 1;
        Ok(job.done().await?)
    });
    quick(worker).run_until(until_idle(&inbox)).await.unwrap();
    handle_pending(&inbox).await;
    assert_eq!(*calls.lock().unwrap(), 1);
    assert!(messages(&database).await.is_empty());
}

/// A handler must return the `Done` of its own job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_handler_returns_another_jobs_done_is_not_done() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    for number in ["AB1", "AB2"] {
        inbox.accept(&state(number, 1).sent()).await.unwrap();
    }
    let kept = Arc::new(tokio::sync::Mutex::new(None));
    let calls = Arc::new(Mutex::new(0));
    let handler = (kept, Arc::clone(&calls));
    let worker = inbox.worker_with(handler, |(kept, calls), job| async move {
        *calls.lock().unwrap() += 1;
        if let Some(done) = kept.lock().await.take() {
            drop(job);
            return Ok(done);
        }
        let done = job.done().await?;
        if *calls.lock().unwrap() == 1 {
            *kept.lock().await = Some(done);
            return Err(BoxError::from("its job is marked all the same"));
        }
        Ok(done)
    });
    // No lease ends meanwhile: that would cause a retry too.
    let worker = quick(worker).concurrency(1).lease(DAY);
    worker.run_until(until_idle(&inbox)).await.unwrap();
    assert_eq!(*calls.lock().unwrap(), 3, "the dropped job is retried");
}

/// In SQLite no other process can work meanwhile; in PostgreSQL another one takes over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_suspended_between_effect_and_mark_has_its_effect_once() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let mut role = json!({
        "role": "work", "handler": "stop before the mark", "lease": 500,
        "target": database.target(),
    });
    let mut child = Child::start(&role);
    child.expect("working").await;
    child.expect("before the mark").await;
    child.signal("STOP");
    if IS_SQLITE {
        child.signal("CONT");
        child.write_line("go on").await;
        child.expect("marked").await;
    } else {
        role["handler"] = "handle".into();
        let mut other = Child::start(&role);
        other.expect("working").await;
        until("another took over", || async {
            !minutes(&database, "AB1").await.is_empty()
        })
        .await;
        child.signal("CONT");
        child.write_line("go on").await;
        child.expect("refused").await;
        other.kill().await;
    }
    child.kill().await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lease_of_a_long_handler_is_renewed() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let calls = Arc::new(Mutex::new(0));
    let worker = inbox.worker_with(Arc::clone(&calls), |calls, job| async move {
        *calls.lock().unwrap() += 1;
        tokio::time::sleep(ms(1_500)).await;
        effect::handle(job).await
    });
    let worker = quick(worker).lease(ms(300));
    worker.run_until(until_idle(&inbox)).await.unwrap();
    assert_eq!(*calls.lock().unwrap(), 1);
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

/// An attempt keeps its lease when an earlier attempt in the same process ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_stale_attempt_does_not_end_the_lease_of_a_later_one() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let (begun, mut attempts) = mpsc::unbounded_channel::<(u32, oneshot::Sender<()>)>();
    let worker = inbox.worker_with(begun, |begun, job| async move {
        let (go_on, going_on) = oneshot::channel();
        begun.send((job.attempt(), go_on))?;
        going_on.await?;
        effect::handle(job).await
    });
    let steps = async {
        let (_, stale) = next(&mut attempts).await;
        database.lose_claims().await;
        let (_, later) = next(&mut attempts).await;
        stale.send(()).unwrap();
        // Several times the lease.
        tokio::time::sleep(ms(2_000)).await;
        later.send(()).unwrap();
        until_idle(&inbox).await;
    };
    let worker = quick(worker).concurrency(4).lease(ms(300));
    worker.run_until(steps).await.unwrap();
    assert!(attempts.try_recv().is_err(), "there was a third attempt");
    assert_eq!(minutes(&database, "AB1").await, [1]);
}
