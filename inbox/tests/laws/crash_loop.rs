//! An attempt that fails in any way is tried again, later and later, and ends as dead.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::json;
use trackingmore_webhook_inbox::{BoxError, Done, Job};

use super::{fail_with, handle_pending, quick};
use crate::{
    database::{Database, Db},
    support::{
        child::Child,
        delivery::state,
        effect::{self, messages, minutes},
        ms,
        wait::{until, until_idle},
    },
};

/// Fails each attempt in another way.
async fn fail(job: Job<Db>) -> Result<Done, BoxError> {
    match job.attempt() {
        1 => Err("an error".into()),
        // Without the hook, whose backtrace takes longer than the timeout on a busy machine.
        2 => std::panic::resume_unwind(Box::new("a panic")),
        3 => {
            drop(job);
            std::future::pending().await
        }
        4 => {
            let _job = job;
            std::future::pending().await
        }
        5 => Err("the last error".into()),
        _ => unreachable!("it is dead by now"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_fails_panics_is_dropped_or_times_out_is_retried_until_it_is_dead() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox
        .accept(&state("AB1", 1).courier("ups").sent())
        .await
        .unwrap();
    inbox.accept(&state("AB2", 1).sent()).await.unwrap();
    let worker = inbox.worker(|job: Job<Db>| async move {
        match &*job.update().tracking().tracking_number {
            "AB1" => fail(job).await,
            _ => effect::handle(job).await,
        }
    });
    let worker = quick(worker).timeout(ms(200)).max_attempts(5);
    worker.run_until(until_idle(&inbox)).await.unwrap();

    assert_eq!(minutes(&database, "AB2").await, [1]);
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.dead, stats.pending, stats.running), (1, 0, 0));
    let dead = inbox.dead().await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].tracking_number, "AB1");
    assert_eq!(dead[0].courier.as_deref(), Some("ups"));
    assert_eq!(dead[0].attempts, 5);
    assert_eq!(dead[0].error, "the last error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_failure_is_reported() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let mut errors = BTreeSet::new();
    for attempts in 1..=5 {
        let worker = quick(inbox.worker(fail))
            .timeout(ms(1_000))
            .max_attempts(attempts);
        worker.run_until(until_idle(&inbox)).await.unwrap();
        let dead = inbox.dead().await.unwrap();
        assert_eq!(dead.len(), 1, "dead after {attempts}");
        assert!(!dead[0].error.is_empty());
        errors.insert(dead[0].error.clone());
        inbox.retry("AB1").await.unwrap();
    }
    // A dropped job looks like a kept one: both run into the timeout.
    assert_eq!(errors.len(), 4, "{errors:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_error_that_is_kept_is_short() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let long: &str = Box::leak("é\0".repeat(10_000).into_boxed_str());
    fail_with(&inbox, long, 1).await;
    let error = inbox.dead().await.unwrap().remove(0).error;
    assert!(error.starts_with('é'));
    assert!(error.len() <= 1_024, "{} bytes", error.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_revives_a_dead_parcel() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    fail_with(&inbox, "no", 2).await;
    assert_eq!(inbox.stats().await.unwrap().dead, 1);
    // Left alone, it is dead.
    handle_pending(&inbox).await;
    assert!(messages(&database).await.is_empty());

    inbox.accept(&state("AB1", 2).sent()).await.unwrap();
    handle_pending(&inbox).await;
    assert_eq!(inbox.stats().await.unwrap().dead, 0);
    assert_eq!(minutes(&database, "AB1").await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_parcels_can_be_retried() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    for number in ["AB1", "AB2", "AB3"] {
        inbox.accept(&state(number, 1).sent()).await.unwrap();
    }
    fail_with(&inbox, "no", 2).await;
    assert_eq!(inbox.stats().await.unwrap().dead, 3);
    inbox.retry("AB1").await.unwrap();
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
    assert_eq!(inbox.retry_dead().await.unwrap(), 2);
    handle_pending(&inbox).await;
    assert_eq!(messages(&database).await.len(), 3);
    assert_eq!(inbox.retry_dead().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delays_grow() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let worker = inbox.worker_with(Arc::clone(&attempts), |attempts, _| async move {
        attempts.lock().unwrap().push(Instant::now());
        Err::<Done, BoxError>("again".into())
    });
    let worker = worker
        .poll(ms(10))
        .retry_delays(ms(50), ms(800))
        .max_attempts(6);
    worker.run_until(until_idle(&inbox)).await.unwrap();
    let attempts = attempts.lock().unwrap();
    assert_eq!(attempts.len(), 6);
    // 50, 100, 200, 400 and 800 ms, of which the jitter may take a part.
    assert!(
        attempts[5] - attempts[0] >= ms(750),
        "{:?}",
        attempts[5] - attempts[0]
    );
    assert!(
        attempts[5] - attempts[4] >= ms(300),
        "the last delay is long"
    );
}

/// A worker claims only what it can start at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_never_ran_is_not_counted() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    for number in 0..20 {
        inbox
            .accept(&state(format!("AB{number}"), 1).sent())
            .await
            .unwrap();
    }
    for _ in 0..5 {
        let worker = inbox.worker(|_: Job<Db>| std::future::pending());
        let worker = quick(worker).concurrency(2).grace(ms(1));
        let started = until("two run", || async {
            inbox.stats().await.unwrap().running == 2
        });
        worker.run_until(started).await.unwrap();
    }
    let attempts = Arc::new(Mutex::new(0));
    let worker = inbox.worker_with(Arc::clone(&attempts), |attempts, job| async move {
        *attempts.lock().unwrap() += job.attempt() - 1;
        Ok(job.done().await?)
    });
    quick(worker).run_until(until_idle(&inbox)).await.unwrap();
    let attempts = *attempts.lock().unwrap();
    assert!(
        attempts <= 10,
        "{attempts} attempts were counted for 10 that ran"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_kills_the_process_ends_up_dead_and_no_other_job_does() {
    const ATTEMPTS: usize = 4;
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    for number in 0..10 {
        inbox
            .accept(&state(format!("AB{number}"), 1).sent())
            .await
            .unwrap();
    }
    inbox.accept(&state("POISON", 1).sent()).await.unwrap();
    let role = json!({
        "role": "work", "handler": "abort", "lease": 500, "max_attempts": ATTEMPTS,
        "concurrency": 4, "target": database.target(),
    });
    let mut poison = 0;
    for start in 1.. {
        assert!(start <= 20, "it dies again and again");
        let mut child = Child::start(&role);
        let ended = async {
            let mut lines = Vec::new();
            while let Some(line) = child.line().await {
                lines.push(line);
            }
            lines
        };
        let lines = tokio::select! {
            lines = ended => lines,
            () = until_idle(&inbox) => break,
        };
        let attempt = lines
            .iter()
            .position(|line| line.starts_with("poison"))
            .unwrap();
        poison += 1;
        assert_eq!(lines[attempt], format!("poison {poison}"));
        if poison > 1 {
            // It is known to have run when the process died, and so it runs alone.
            assert!(attempt + 1 == lines.len(), "{lines:?}");
        }
    }
    assert_eq!(poison, ATTEMPTS);
    let dead = inbox.dead().await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].tracking_number, "POISON");
    let mut messages: Vec<_> = messages(&database)
        .await
        .into_iter()
        .map(|it| it.tracking_number)
        .collect();
    messages.sort();
    assert!(
        messages
            .into_iter()
            .eq((0..10).map(|number| format!("AB{number}")))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_ran_when_a_process_died_waits_for_the_usual_delay() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let mut child = Child::start(&json!({
        "role": "work", "handler": "stop before the mark", "lease": 500,
        "target": database.target(),
    }));
    child.expect("working").await;
    child.expect("before the mark").await;
    child.kill().await;
    let worker = || quick(inbox.worker(effect::handle)).retry_delays(HOUR, HOUR);
    let freed = until("it runs no more", || async {
        inbox.stats().await.unwrap().running == 0
    });
    worker().run_until(freed).await.unwrap();
    // It would run first, and alone, if it were due.
    inbox.accept(&state("AB2", 1).sent()).await.unwrap();
    let handled = until("the other is handled", || async {
        minutes(&database, "AB2").await == [1]
    });
    worker().run_until(handled).await.unwrap();
    assert!(minutes(&database, "AB1").await.is_empty());
    assert_eq!(inbox.stats().await.unwrap().pending, 1);
}
