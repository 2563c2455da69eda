//! What the inbox promises, over both databases.

mod harness;

use std::time::Duration;

use harness::{Calls, Database, Running, body, drain, open, quick, state, text, until};
use tokio::sync::{Semaphore, mpsc};
use trackingmore_webhook::{ErrorKind, Tracking};
use trackingmore_webhook_inbox::{
    Accepted, BoxError, Done, Inbox, InboxErrorKind, InboxOptions, Job, Outcome,
};

on_both! {
    a_delivery_has_its_effect_once
    the_same_bytes_are_a_duplicate_for_their_account_only
    all_that_waits_becomes_one_job
    a_late_old_state_is_superseded
    a_body_that_is_no_event_is_kept_unread
    each_parcel_of_a_body_is_handled_by_itself
    no_courier_matches_the_only_one
    a_failing_job_is_tried_again_and_then_dead_until_there_is_news
    a_panic_is_a_failure
    a_timeout_rolls_back_and_is_a_failure
    a_job_dropped_without_its_mark_is_a_failure
    a_lost_job_rolls_its_effect_back
    a_parcel_is_handled_one_job_at_a_time
    a_clean_end_lets_running_jobs_end_and_gives_the_rest_back
    what_a_process_left_running_comes_back_alone
    a_recorded_state_goes_the_same_way
    forgotten_parcels_leave_nothing_but_ids
    odd_texts_are_stored
    a_burst_is_stored_whole
    old_deliveries_are_pruned
    a_closed_inbox_takes_nothing
    an_update_at_from_the_future_counts_as_missing
}

async fn tell<DB: Database>(job: Job<DB>) -> Result<Done, BoxError> {
    let update = job.update().clone();
    let mut transaction = job.begin().await?;
    let number = &update.tracking().tracking_number;
    for checkpoint in update.checkpoints() {
        let detail = checkpoint.tracking_detail.as_deref().unwrap_or_default();
        DB::effect(&mut transaction, number, detail).await?;
    }
    Ok(job.done_in(transaction).await?)
}

async fn a_delivery_has_its_effect_once<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    for number in ["A", "B", "C"] {
        let accepted = inbox.accept(&state(number, 1, "transit")).await;
        assert_eq!(accepted.unwrap(), Accepted::New);
    }
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.pending, stats.running, stats.stored), (3, 0, 3));
    assert!(stats.oldest_pending.is_some());
    drain(&inbox, inbox.worker(tell)).await;
    drain(&inbox, inbox.worker(tell)).await;
    for number in ["A", "B", "C"] {
        assert_eq!(DB::effects(&inbox, number).await, ["transit 1"]);
    }
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.pending, stats.stored, stats.dead), (0, 3, 0));
    assert_eq!(stats.oldest_pending, None);
}

async fn the_same_bytes_are_a_duplicate_for_their_account_only<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let delivery = state("A", 1, "transit");
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::New);
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::Duplicate);
    let other = inbox.account("other");
    assert_eq!(other.accept(&delivery).await.unwrap(), Accepted::New);
    assert_eq!(other.accept(&delivery).await.unwrap(), Accepted::Duplicate);

    let (told, mut accounts) = mpsc::unbounded_channel();
    let worker = inbox.worker_with(told, async |told, job| {
        told.send(job.account().to_owned())?;
        Ok(job.done().await?)
    });
    drain(&inbox, worker).await;
    let mut both = [
        accounts.recv().await.unwrap(),
        accounts.recv().await.unwrap(),
    ];
    both.sort();
    assert_eq!(both, ["", "other"]);
    assert_eq!(other.history("A").await.unwrap().len(), 1);
}

async fn all_that_waits_becomes_one_job<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    for minute in 0..100 {
        inbox.accept(&state("A", minute, "transit")).await.unwrap();
    }
    let calls = Calls::default();
    let worker = inbox.worker_with(calls.clone(), async |calls, job| {
        calls.add();
        assert_eq!(job.update().checkpoints().len(), 100);
        assert_eq!(job.body(), text("A", 99, "transit").as_bytes());
        tell(job).await
    });
    drain(&inbox, worker).await;
    assert_eq!(calls.count(), 1);
    let told = DB::effects(&inbox, "A").await;
    assert_eq!(told.first().unwrap(), "transit 0");
    assert_eq!(told.last().unwrap(), "transit 99");
}

async fn a_late_old_state_is_superseded<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let newest = text("A", 9, "delivered").replace(
        r#""trackinfo":["#,
        r#""trackinfo":[{"checkpoint_date":"2026-01-01T00:05:00+00:00","tracking_detail":"transit 5","location":"Town"},"#,
    );
    inbox.accept(&body(newest)).await.unwrap();
    drain(&inbox, inbox.worker(tell)).await;
    let calls = Calls::default();
    let old = state("A", 5, "transit");
    inbox.accept(&old).await.unwrap();
    let worker = inbox.worker_with(calls.clone(), async |calls, job| {
        calls.add();
        tell(job).await
    });
    drain(&inbox, worker).await;
    assert_eq!(calls.count(), 0);
    assert_eq!(DB::effects(&inbox, "A").await, ["transit 5", "delivered 9"]);
    let history = inbox.history("A").await.unwrap();
    let outcomes: Vec<_> = history.iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Superseded, Outcome::Handled]);
    assert_eq!(history[0].id, old.id());
    let kept = inbox.body(&old.id()).await.unwrap();
    assert_eq!(kept.as_ref(), Some(old.bytes()));
}

async fn a_body_that_is_no_event_is_kept_unread<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    for bytes in ["not JSON", "{}", "\0", ""] {
        let accepted = inbox.accept(&body(bytes)).await;
        assert_eq!(accepted.unwrap(), Accepted::New);
    }
    let unread = inbox.unread().await.unwrap();
    assert_eq!(unread.len(), 4);
    assert_eq!(unread[0].body, "not JSON");
    assert_eq!(inbox.stats().await.unwrap().unread, 4);
    assert_eq!(inbox.reread().await.unwrap(), 0);
    assert_eq!(inbox.stats().await.unwrap().unread, 4);

    // As a later version would find what this one cannot read.
    inbox.accept(&state("A", 1, "transit")).await.unwrap();
    DB::sql_script(&inbox, DB::UNREAD_ALL).await;
    assert_eq!(inbox.reread().await.unwrap(), 1);
    drain(&inbox, inbox.worker(tell)).await;
    assert_eq!(DB::effects(&inbox, "A").await, ["transit 1"]);
}

async fn each_parcel_of_a_body_is_handled_by_itself<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let several = r#"{"data":[
        {"tracking_number":"A","courier_code":"usps","delivery_status":"transit"},
        {"tracking_number":"B","courier_code":"usps","delivery_status":"pickup"},
        {"tracking_number":"A","courier_code":"dhl","delivery_status":"delivered"}]}"#;
    inbox.accept(&body(several)).await.unwrap();
    assert_eq!(inbox.stats().await.unwrap().stored, 1);
    let (told, mut statuses) = mpsc::unbounded_channel();
    let worker = inbox.worker_with(told, async |told, job| {
        told.send(job.update().status().unwrap().to.as_str().to_owned())?;
        Ok(job.done().await?)
    });
    drain(&inbox, worker).await;
    let mut all = Vec::new();
    while let Ok(status) = statuses.try_recv() {
        all.push(status);
    }
    all.sort();
    assert_eq!(all, ["delivered", "pickup", "transit"]);
    assert_eq!(inbox.history("A").await.unwrap().len(), 2);
}

async fn no_courier_matches_the_only_one<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let without = |minute| text("A", minute, "transit").replace(r#""courier_code":"usps","#, "");
    inbox.accept(&body(without(1))).await.unwrap();
    inbox.accept(&state("A", 2, "transit")).await.unwrap();
    inbox.accept(&body(without(3))).await.unwrap();
    let calls = Calls::default();
    let worker = || {
        inbox.worker_with(calls.clone(), async |calls, job| {
            calls.add();
            tell(job).await
        })
    };
    drain(&inbox, worker()).await;
    assert_eq!(calls.count(), 1);
    inbox.accept(&body(without(4))).await.unwrap();
    drain(&inbox, worker()).await;
    assert_eq!(calls.count(), 2);
    let told = ["transit 1", "transit 2", "transit 3", "transit 4"];
    assert_eq!(DB::effects(&inbox, "A").await, told);
    let history = inbox.history("A").await.unwrap();
    assert!(
        history
            .iter()
            .all(|it| it.courier.as_deref() == Some("usps"))
    );
    assert_eq!(history.len(), 4);
}

async fn a_failing_job_is_tried_again_and_then_dead_until_there_is_news<DB: Database>(
    place: DB::Place,
) {
    let inbox = open::<DB>(&place).await;
    inbox.accept(&state("A", 1, "transit")).await.unwrap();
    let (told, mut attempts) = mpsc::unbounded_channel();
    let failing = inbox.worker_with(told, async |told, job| {
        told.send(job.attempt())?;
        let mut transaction = job.begin().await?;
        DB::effect(&mut transaction, "A", "too early").await?;
        Err("the shop is closed".into())
    });
    let running = Running::start(quick(failing).max_attempts(3));
    until("it is dead", async || {
        inbox.stats().await.unwrap().dead == 1
    })
    .await;
    running.stop().await;
    for attempt in 1..=3 {
        assert_eq!(attempts.recv().await, Some(attempt));
    }
    let dead = inbox.dead().await.unwrap();
    assert_eq!(dead[0].tracking_number, "A");
    assert_eq!(dead[0].courier.as_deref(), Some("usps"));
    assert_eq!(dead[0].error, "the shop is closed");
    assert_eq!(dead[0].attempts, 3);
    assert!(!format!("{dead:?}").contains("shop"));

    assert_eq!(inbox.retry("B").await.unwrap(), 0);
    inbox.accept(&state("A", 2, "delivered")).await.unwrap();
    drain(&inbox, inbox.worker(tell)).await;
    assert_eq!(DB::effects(&inbox, "A").await, ["transit 1", "delivered 2"]);
    assert_eq!(inbox.stats().await.unwrap().dead, 0);

    inbox.accept(&state("B", 1, "transit")).await.unwrap();
    let failing = inbox.worker(async |_| Err("no".into()));
    drain(&inbox, quick(failing).max_attempts(1)).await;
    assert_eq!(inbox.retry("B").await.unwrap(), 1);
    drain(&inbox, inbox.worker(tell)).await;
    assert_eq!(DB::effects(&inbox, "B").await, ["transit 1"]);
    assert_eq!(inbox.retry_dead().await.unwrap(), 0);
}

async fn a_panic_is_a_failure<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    inbox.accept(&state("A", 1, "transit")).await.unwrap();
    let worker = inbox.worker(async |job| {
        if job.attempt() == 1 {
            panic!("{}", "x".repeat(2_000));
        }
        tell(job).await
    });
    drain(&inbox, quick(worker)).await;
    assert_eq!(DB::effects(&inbox, "A").await, ["transit 1"]);
    inbox.accept(&state("B", 1, "transit")).await.unwrap();
    let worker = inbox.worker(async |_| panic!("é{}", "é".repeat(2_000)));
    drain(&inbox, quick(worker).max_attempts(1)).await;
    let error = &inbox.dead().await.unwrap()[0].error;
    assert!(error.starts_with("panicked: éé"));
    assert!(error.len() <= 1_024);
}

async fn a_timeout_rolls_back_and_is_a_failure<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    inbox.accept(&state("A", 1, "transit")).await.unwrap();
    let worker = inbox.worker(async |job| {
        if job.attempt() == 1 {
            let mut transaction = job.begin().await?;
            DB::effect(&mut transaction, "A", "never").await?;
            std::future::pending::<()>().await;
        }
        tell(job).await
    });
    drain(&inbox, quick(worker).timeout(Duration::from_millis(300))).await;
    assert_eq!(DB::effects(&inbox, "A").await, ["transit 1"]);
}

async fn a_job_dropped_without_its_mark_is_a_failure<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    inbox.accept(&state("A", 1, "transit")).await.unwrap();
    inbox.accept(&state("B", 1, "transit")).await.unwrap();
    // The mark of another job is none.
    let (stolen, thief) = (mpsc::channel(1), Calls::default());
    let (give, take) = (
        stolen.0,
        std::sync::Arc::new(tokio::sync::Mutex::new(stolen.1)),
    );
    let worker = inbox.worker_with(
        (give, take, thief.clone()),
        async |(give, take, thief), job| {
            let number = job.update().tracking().tracking_number.clone();
            match (number.as_str(), job.attempt()) {
                ("A", 1) => {
                    give.send(job.done().await?).await?;
                    Err("given away".into())
                }
                ("B", 1) => {
                    thief.add();
                    Ok(take.lock().await.recv().await.ok_or("nothing to steal")?)
                }
                _ => tell(job).await,
            }
        },
    );
    drain(&inbox, quick(worker)).await;
    assert_eq!(thief.count(), 1);
    assert_eq!(DB::effects(&inbox, "A").await, [""; 0]);
    assert_eq!(DB::effects(&inbox, "B").await, ["transit 1"]);
}

async fn a_lost_job_rolls_its_effect_back<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    inbox.accept(&state("A", 1, "transit")).await.unwrap();
    let (told, mut errors) = mpsc::unbounded_channel();
    let worker = inbox.worker_with(
        (told, inbox.clone()),
        async |(told, inbox), job: Job<DB>| {
            if job.attempt() > 1 {
                return tell(job).await;
            }
            // As another worker does, when this one has stood still for longer than its lease.
            DB::sql_script(&inbox, DB::TAKE_OVER).await;
            let mut transaction = job.begin().await?;
            DB::effect(&mut transaction, "A", "stale").await?;
            let error = job.done_in(transaction).await.unwrap_err();
            told.send(error.kind())?;
            Err(error.into())
        },
    );
    drain(&inbox, quick(worker)).await;
    assert_eq!(errors.recv().await, Some(InboxErrorKind::LostJob));
    assert_eq!(DB::effects(&inbox, "A").await, ["transit 1"]);
}

async fn a_parcel_is_handled_one_job_at_a_time<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let at_once = std::sync::Arc::new(Semaphore::new(1));
    let worker = inbox.worker_with(at_once, async |at_once, job| {
        let _only = at_once.try_acquire().map_err(|_| "two at once")?;
        tokio::time::sleep(Duration::from_millis(3)).await;
        tell(job).await
    });
    let running = Running::start(worker.max_attempts(1));
    for minute in 0..30 {
        inbox.accept(&state("A", minute, "transit")).await.unwrap();
    }
    until("all is told", async || {
        DB::effects(&inbox, "A").await.len() == 30
    })
    .await;
    running.stop().await;
    let expected: Vec<_> = (0..30).map(|minute| format!("transit {minute}")).collect();
    assert_eq!(DB::effects(&inbox, "A").await, expected);
}

async fn a_clean_end_lets_running_jobs_end_and_gives_the_rest_back<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    inbox.accept(&state("quick", 1, "transit")).await.unwrap();
    inbox.accept(&state("stuck", 1, "transit")).await.unwrap();
    let begun = Calls::default();
    let worker = inbox.worker_with(begun.clone(), async |begun, job| {
        begun.add();
        if job.update().tracking().tracking_number == "stuck" {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        tell(job).await
    });
    let running = Running::start(worker.grace(Duration::from_millis(500)));
    until("both run", async || begun.count() == 2).await;
    running.stop().await;
    assert_eq!(DB::effects(&inbox, "quick").await, ["transit 1"]);
    let stats = inbox.stats().await.unwrap();
    assert_eq!((stats.pending, stats.running), (1, 0));
    drain(&inbox, inbox.worker(tell)).await;
    assert_eq!(DB::effects(&inbox, "stuck").await, ["transit 1"]);
}

async fn what_a_process_left_running_comes_back_alone<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    for number in ["A", "B", "C", "D"] {
        inbox.accept(&state(number, 1, "transit")).await.unwrap();
    }
    let begun = Calls::default();
    let worker = inbox.worker_with(begun.clone(), async |begun, _| {
        begun.add();
        std::future::pending().await
    });
    // As a process that dies: nothing is given back.
    let task = tokio::spawn(worker.lease(Duration::from_millis(200)).run());
    until("all run", async || begun.count() == 4).await;
    task.abort();
    let _ = task.await;
    assert_eq!(inbox.stats().await.unwrap().running, 4);
    let at_once = std::sync::Arc::new(Semaphore::new(1));
    let worker = inbox.worker_with(at_once, async |at_once, job| {
        let _only = at_once.try_acquire().map_err(|_| "not alone")?;
        assert_eq!(job.attempt(), 2);
        tokio::time::sleep(Duration::from_millis(20)).await;
        tell(job).await
    });
    // Innocents are not dead, although their last attempt did not end.
    drain(&inbox, quick(worker).max_attempts(1)).await;
    assert_eq!(inbox.stats().await.unwrap().dead, 0);
    for number in ["A", "B", "C", "D"] {
        assert_eq!(DB::effects(&inbox, number).await, ["transit 1"]);
    }
}

async fn a_recorded_state_goes_the_same_way<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let mut tracking = Tracking::new("A");
    tracking.delivery_status = Some("delivered".into());
    assert_eq!(inbox.record(&tracking).await.unwrap(), Accepted::New);
    assert_eq!(inbox.record(&tracking).await.unwrap(), Accepted::Duplicate);
    let calls = Calls::default();
    let worker = inbox.worker_with(
        (calls.clone(), tracking),
        async |(calls, tracking), job: Job<DB>| {
            calls.add();
            let body: Tracking = serde_json::from_slice(job.body())?;
            assert_eq!(body, tracking);
            assert_eq!(job.update().tracking(), &tracking);
            assert!(!format!("{job:?}").contains("delivered"));
            Ok(job.done().await?)
        },
    );
    drain(&inbox, worker).await;
    assert_eq!(calls.count(), 1);
}

async fn forgotten_parcels_leave_nothing_but_ids<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let known = state("SECRET", 1, "transit");
    inbox.accept(&known).await.unwrap();
    drain(&inbox, inbox.worker(tell)).await;
    let waiting = state("SECRET", 2, "pickup");
    let shared = r#"{"data":[{"tracking_number":"SECRET","note":"HIDDEN"},
        {"tracking_number":"OTHER","delivery_status":"transit"}]}"#;
    inbox.accept(&waiting).await.unwrap();
    inbox.accept(&body(shared)).await.unwrap();
    inbox.forget("SECRET").await.unwrap();

    assert_eq!(inbox.history("SECRET").await.unwrap(), []);
    for delivery in [&known, &waiting] {
        assert_eq!(inbox.accept(delivery).await.unwrap(), Accepted::Duplicate);
        assert_eq!(inbox.body(&delivery.id()).await.unwrap(), None);
    }
    let late = state("SECRET", 3, "delivered");
    assert_eq!(inbox.accept(&late).await.unwrap(), Accepted::New);
    assert_eq!(inbox.accept(&late).await.unwrap(), Accepted::Duplicate);
    assert_eq!(inbox.body(&late.id()).await.unwrap(), None);
    let again = body(shared.replace("HIDDEN", "HIDDEN AGAIN"));
    inbox.accept(&again).await.unwrap();

    let calls = Calls::default();
    let worker = inbox.worker_with(calls.clone(), async |calls, job| {
        calls.add();
        assert_eq!(job.update().tracking().tracking_number, "OTHER");
        Ok(job.done().await?)
    });
    drain(&inbox, worker).await;
    assert_eq!(calls.count(), 1);
    assert_eq!(inbox.stats().await.unwrap().stored, 5);
    let left = inbox.body(&again.id()).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&left).contains("HIDDEN"));
    let texts = "SELECT CAST(count(*) AS BIGINT) FROM trackingmore.delivery \
        WHERE parcels LIKE '%SECRET%'";
    assert_eq!(DB::number(&inbox, texts).await, 0);
}

async fn odd_texts_are_stored<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let long = "9".repeat(100_000);
    let numbers = ["A\\u0000B", &long, "ü😀", "sha256:", "' OR 1=1 --"];
    for number in numbers {
        let text = format!(
            r#"{{"data":{{"tracking_number":"{number}","courier_code":"{number}","note":"\u0000"}}}}"#
        );
        for account in ["", "a\0b", &long] {
            let inbox = inbox.account(account);
            assert_eq!(
                inbox.accept(&body(text.clone())).await.unwrap(),
                Accepted::New
            );
        }
    }
    let (told, mut seen) = mpsc::unbounded_channel();
    let worker = inbox.worker_with(told, async |told, job| {
        told.send(job.update().tracking().tracking_number.clone())?;
        if job.attempt() == 1 && job.account().is_empty() {
            return Err("a \0 in an error".into());
        }
        Ok(job.done().await?)
    });
    drain(&inbox, quick(worker)).await;
    assert_eq!(inbox.stats().await.unwrap().dead, 0);
    let mut all = std::collections::HashSet::new();
    while let Ok(number) = seen.try_recv() {
        all.insert(number);
    }
    assert!(all.contains("A\0B") && all.contains(&long) && all.len() == 5);
    for number in ["A\0B", &long] {
        assert_eq!(inbox.history(number).await.unwrap().len(), 1);
        inbox.forget(number).await.unwrap();
        assert_eq!(inbox.history(number).await.unwrap().len(), 0);
    }
}

async fn a_burst_is_stored_whole<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let mut tasks = tokio::task::JoinSet::new();
    for count in 0..500 {
        let inbox = inbox.clone();
        // Each of them twice.
        let delivery = state(&format!("P{}", count / 2), 1, "transit");
        tasks.spawn(async move { inbox.accept(&delivery).await.unwrap() });
    }
    let all = tasks.join_all().await;
    let new = all.iter().filter(|it| **it == Accepted::New).count();
    assert_eq!(new, 250);
    assert_eq!(inbox.stats().await.unwrap().pending, 250);
    drain(&inbox, inbox.worker(tell)).await;
    assert_eq!(DB::effects(&inbox, "P17").await, ["transit 1"]);
    let effects = "SELECT CAST(count(*) AS BIGINT) FROM effect";
    assert_eq!(DB::number(&inbox, effects).await, 250);
}

async fn old_deliveries_are_pruned<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    for number in ["handled", "waits"] {
        inbox.accept(&state(number, 1, "transit")).await.unwrap();
    }
    let worker = inbox.worker(async |job| {
        if job.update().tracking().tracking_number == "waits" {
            return Err("not yet".into());
        }
        Ok(job.done().await?)
    });
    drain(&inbox, quick(worker).max_attempts(1)).await;
    inbox.prune().await.unwrap();
    assert_eq!(inbox.stats().await.unwrap().stored, 2);
    DB::sql_script(&inbox, DB::AGE_BY_40_DAYS).await;
    inbox.prune().await.unwrap();
    // What no handler has seen is kept, and so is the state of the parcel.
    assert_eq!(inbox.stats().await.unwrap().stored, 1);
    let known = "SELECT CAST(count(*) AS BIGINT) FROM trackingmore.known";
    assert_eq!(DB::number(&inbox, known).await, 1);
    assert_eq!(inbox.retry_dead().await.unwrap(), 1);
    drain(&inbox, inbox.worker(tell)).await;
    assert_eq!(DB::effects(&inbox, "waits").await, ["transit 1"]);
    for _ in 0..10 {
        DB::sql_script(&inbox, DB::AGE_BY_40_DAYS).await;
    }
    inbox.prune().await.unwrap();
    assert_eq!(inbox.stats().await.unwrap().stored, 0);
    assert_eq!(DB::number(&inbox, known).await, 0);

    let short = InboxOptions::new().keep_ids(Duration::from_secs(29 * 24 * 60 * 60));
    let refused = DB::open(&place, short).await.unwrap_err();
    assert_eq!(refused.kind(), InboxErrorKind::InvalidOptions);
}

async fn a_closed_inbox_takes_nothing<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    inbox.accept(&state("A", 1, "transit")).await.unwrap();
    inbox.close().await;
    let refused = inbox.accept(&state("A", 2, "transit")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotStored);
    assert_eq!(refused.status(), 503);
    let again: Inbox<DB> = open(&place).await;
    assert_eq!(again.stats().await.unwrap().stored, 1);
}

async fn an_update_at_from_the_future_counts_as_missing<DB: Database>(place: DB::Place) {
    let inbox = open::<DB>(&place).await;
    let forged = text("A", 1, "exception").replace(r#"update_at":"2026"#, r#"update_at":"9999"#);
    inbox.accept(&body(forged)).await.unwrap();
    drain(&inbox, inbox.worker(tell)).await;
    inbox.accept(&state("A", 2, "transit")).await.unwrap();
    let (told, mut statuses) = mpsc::unbounded_channel();
    let worker = inbox.worker_with(told, async |told, job| {
        told.send(job.update().status().map(|change| change.to.to_string()))?;
        Ok(job.done().await?)
    });
    drain(&inbox, worker).await;
    assert_eq!(statuses.recv().await.flatten().as_deref(), Some("transit"));
}
