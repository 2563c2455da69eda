//! What is so in SQLite only: the file, its lock and its one writer.

#![cfg(feature = "sqlite")]

mod harness;

use std::{fs, path::Path, time::Duration};

use harness::{Running, drain, open, quick, state, until};
use sqlx::Sqlite;
use tempfile::tempdir;
use trackingmore_webhook::ErrorKind;
use trackingmore_webhook_inbox::{Accepted, InboxErrorKind, InboxOptions, Job, SqliteInbox, sqlx};

fn contains(file: &Path, text: &str) -> bool {
    let bytes = fs::read(file).unwrap_or_default();
    bytes.windows(text.len()).any(|it| it == text.as_bytes())
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempdir().unwrap();
    let inbox = open::<Sqlite>(&place).await;
    inbox.accept(&state("A", 1, "transit")).await.unwrap();
    let running = Running::start(inbox.worker(async |job| Ok(job.done().await?)));
    let files = || {
        fs::read_dir(place.path())
            .unwrap()
            .map(|file| file.unwrap())
    };
    until("the worker has locked", async || files().count() == 4).await;
    for file in files() {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file:?}");
    }
    running.stop().await;
}

#[tokio::test]
async fn only_one_worker_works_on_a_file() {
    let place = tempdir().unwrap();
    let inbox = open::<Sqlite>(&place).await;
    let worker = || inbox.worker(async |job| Ok(job.done().await?));
    inbox.accept(&state("A", 1, "transit")).await.unwrap();
    let running = Running::start(worker());
    until("it works", async || {
        inbox.stats().await.unwrap().pending == 0
    })
    .await;
    // Receivers may open it all the same.
    let receiver = open::<Sqlite>(&place).await;
    let refused = receiver.worker(async |job: Job<Sqlite>| Ok(job.done().await?));
    let refused = refused.run().await.unwrap_err();
    assert_eq!(refused.kind(), InboxErrorKind::WorkerRunning);
    receiver.accept(&state("B", 1, "transit")).await.unwrap();
    until("it finds what another accepted", async || {
        inbox.stats().await.unwrap().pending == 0
    })
    .await;
    running.stop().await;
    drain(&inbox, worker()).await;
}

#[tokio::test]
async fn what_is_forgotten_is_gone_from_the_file_and_its_log() {
    let place = tempdir().unwrap();
    let inbox = open::<Sqlite>(&place).await;
    inbox.accept(&state("SECRET", 1, "transit")).await.unwrap();
    let worker = inbox.worker(async |job| {
        if job.attempt() == 1 {
            return Err("SECRET went wrong".into());
        }
        Ok(job.done().await?)
    });
    drain(&inbox, quick(worker)).await;
    inbox.accept(&state("SECRET", 2, "transit")).await.unwrap();
    let file = place.path().join("deliveries.db");
    let log = place.path().join("deliveries.db-wal");
    assert!(contains(&file, "SECRET") || contains(&log, "SECRET"));
    inbox.forget("SECRET").await.unwrap();
    inbox.accept(&state("SECRET", 3, "transit")).await.unwrap();
    assert!(!contains(&file, "SECRET") && !contains(&log, "SECRET"));
}

#[tokio::test]
async fn a_lock_held_too_long_is_an_error_at_the_deadline_and_no_longer() {
    let place = tempdir().unwrap();
    let options = InboxOptions::new().accept_deadline(Duration::from_millis(300));
    let path = place.path().join("deliveries.db");
    let inbox = SqliteInbox::open_with(&path, options.clone())
        .await
        .unwrap();
    let other = SqliteInbox::open(&path).await.unwrap();
    let lock = other.pool().begin_with("BEGIN IMMEDIATE").await.unwrap();
    let delivery = state("A", 1, "transit");
    let refused = inbox.accept(&delivery).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotStored);
    lock.rollback().await.unwrap();
    assert!(inbox.accept(&delivery).await.is_ok());
    assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::Duplicate);

    // So is opening a file that is locked against all.
    let exclusive = other.pool().begin_with("BEGIN EXCLUSIVE").await.unwrap();
    let locked = SqliteInbox::open_with(&path, options).await.unwrap_err();
    assert_eq!(locked.kind(), InboxErrorKind::Database);
    drop(exclusive);
}

#[tokio::test]
async fn a_full_queue_is_an_error_at_once() {
    let place = tempdir().unwrap();
    let path = place.path().join("deliveries.db");
    let options = InboxOptions::new().queue(3, 10_000_000);
    let inbox = SqliteInbox::open_with(&path, options).await.unwrap();
    let other = SqliteInbox::open(&path).await.unwrap();
    let lock = other.pool().begin_with("BEGIN IMMEDIATE").await.unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for minute in 0..10 {
        let inbox = inbox.clone();
        let delivery = state("A", minute, "transit");
        waiting.spawn(async move { inbox.accept(&delivery).await.is_ok() });
    }
    for _ in 0..7 {
        assert!(!waiting.join_next().await.unwrap().unwrap());
    }
    lock.rollback().await.unwrap();
    assert_eq!(waiting.join_all().await, [true; 3]);
    assert_eq!(inbox.stats().await.unwrap().stored, 3);
}

#[test]
fn it_goes_on_when_the_runtime_that_opened_it_is_gone() {
    let place = tempdir().unwrap();
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let first = runtime();
    let inbox = first.block_on(open::<Sqlite>(&place));
    let accept = async |minute| inbox.accept(&state("A", minute, "transit")).await.unwrap();
    assert_eq!(first.block_on(accept(1)), Accepted::New);
    drop(first);
    for minute in 2..5 {
        let next = runtime();
        assert_eq!(next.block_on(accept(minute)), Accepted::New);
        assert_eq!(next.block_on(accept(minute)), Accepted::Duplicate);
        next.shutdown_background();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accept_that_is_given_up_harms_no_other() {
    let place = tempdir().unwrap();
    let inbox = open::<Sqlite>(&place).await;
    let mut tasks = tokio::task::JoinSet::new();
    for minute in 0..200 {
        let inbox = inbox.clone();
        let delivery = state("A", minute, "transit");
        let patience =
            Duration::from_micros(u64::from(minute % 2) * 10_000_000 + u64::from(minute));
        tasks.spawn(async move {
            let accepting = inbox.accept(&delivery);
            let accepted = tokio::time::timeout(patience, accepting).await;
            (accepted.is_ok(), delivery)
        });
    }
    for (was_stored, delivery) in tasks.join_all().await {
        let again = inbox.accept(&delivery).await.unwrap();
        assert!(!was_stored || again == Accepted::Duplicate);
    }
    assert_eq!(inbox.stats().await.unwrap().stored, 200);
}

#[tokio::test]
async fn the_tables_of_a_newer_version_are_refused() {
    let place = tempdir().unwrap();
    let inbox = open::<Sqlite>(&place).await;
    let newer = "UPDATE trackingmore_schema SET version = 99";
    sqlx::raw_sql(newer).execute(inbox.pool()).await.unwrap();
    let path = place.path().join("deliveries.db");
    let refused = SqliteInbox::open(&path).await.unwrap_err();
    assert_eq!(refused.kind(), InboxErrorKind::NewerSchema);
    assert!(
        refused
            .to_string()
            .ends_with("they are of version 99, and this one knows 1")
    );
}

#[tokio::test]
async fn settings_of_the_user_stay_as_they_are() {
    let place = tempdir().unwrap();
    let inbox = open::<Sqlite>(&place).await;
    let theirs = "PRAGMA user_version = 7; CREATE TABLE _sqlx_migrations (version INTEGER)";
    sqlx::raw_sql(theirs).execute(inbox.pool()).await.unwrap();
    inbox.close().await;
    let inbox = open::<Sqlite>(&place).await;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(inbox.pool())
        .await
        .unwrap();
    assert_eq!(version, 7);
}
