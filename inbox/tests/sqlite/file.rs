//! What holds only of SQLite: the file, its locks and its disk.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use serde_json::json;
use trackingmore_webhook::ErrorKind;
use trackingmore_webhook_inbox::{
    Accepted, InboxErrorKind, InboxOptions,
    sqlx::{self, Row as _},
};

use crate::{
    database::Database,
    laws::{fail_with, handle_pending},
    support::{
        child::Child,
        delivery::{sent, state},
        effect::{handle, minutes},
        faults::Faults,
        mount::Mount,
        ms,
        wait::{soon, until},
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_its_owner_can_read_a_new_file() {
    let database = Database::new().await.unwrap();
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    handle_pending(&inbox).await;
    let files = database.files();
    assert!(files.len() >= 3, "also while it is open: {files:?}");
    for file in files {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_worker_process_is_an_error_until_the_first_has_ended() {
    let database = Database::new().await.unwrap();
    let inbox = database.open().await;
    let role = json!({"role": "work", "target": database.target()});
    let mut first = Child::start(&role);
    first.expect("working").await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    until("the first works", || async {
        !minutes(&database, "AB1").await.is_empty()
    })
    .await;

    let error = soon("the second worker is refused", inbox.worker(handle).run())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::WorkerRunning);
    // Receiving and inspecting still work.
    inbox.accept(&state("AB1", 2).sent()).await.unwrap();
    inbox.stats().await.unwrap();
    first.kill().await;
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1, 2]);
}

/// Closing any descriptor of a file drops all POSIX locks that its process holds on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_a_file_again_in_the_same_process_keeps_its_locks() {
    let database = Database::new().await.unwrap();
    let inbox = database
        .open_with(InboxOptions::new().accept_deadline(ms(500)))
        .await;
    let mut writing = inbox.pool().begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query("CREATE TABLE mine (n)")
        .execute(&mut *writing)
        .await
        .unwrap();
    let options = InboxOptions::new().accept_deadline(ms(200));
    let _ = Database::open_target(&database.target(), options).await;

    let role = json!({"role": "receive", "deadline": 500, "target": database.target()});
    let mut other = Child::start(&role);
    // The file is locked, so that it can be neither opened nor written.
    assert_eq!(other.rest().await, [""; 0]);
    writing.commit().await.unwrap();
    let mut other = Child::start(&role);
    other.expect("receiving").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_file_is_waited_for_until_the_deadline() {
    let database = Database::new().await.unwrap();
    let blocked = database.block().await;
    let began = Instant::now();
    let options = InboxOptions::new().accept_deadline(ms(500));
    let target = database.target();
    let opening = Database::open_target(&target, options.clone());
    let error = soon("it is refused", opening).await.unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::Database);
    assert!(began.elapsed() >= ms(450), "{:?}", began.elapsed());

    let opening = tokio::spawn({
        let (target, options) = (
            database.target(),
            options.accept_deadline(Duration::from_secs(30)),
        );
        async move { Database::open_target(&target, options).await }
    });
    tokio::time::sleep(ms(200)).await;
    blocked.release().await;
    let inbox = opening.await.unwrap().unwrap();
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_held_too_long_does_not_end_a_worker() {
    let database = Database::new().await.unwrap();
    let inbox = database
        .open_with(InboxOptions::new().accept_deadline(ms(200)))
        .await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let held = async {
        for minute in 2..5 {
            let blocked = database.block().await;
            let delivery = state("AB1", minute).sent();
            let refused = soon("it is answered", inbox.accept(&delivery)).await;
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotStored);
            blocked.release().await;
            until("it is accepted", || async {
                inbox.accept(&delivery).await.is_ok()
            })
            .await;
        }
        until("all is handled", || async {
            minutes(&database, "AB1").await == [1, 2, 3, 4]
        })
        .await;
    };
    let worker = inbox.worker(handle).poll(ms(20)).retry_delays(ms(1), ms(1));
    worker.run_until(held).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_users_own_tables_and_settings_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.db");
    let database = Database::in_file(folder, file).await;
    database
        .run(
            "PRAGMA user_version = 7; PRAGMA application_id = 8;
            CREATE TABLE _sqlx_migrations (version INTEGER);
            CREATE TABLE delivery (mine TEXT); CREATE TABLE parcel (mine TEXT)",
        )
        .await;
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    handle_pending(&inbox).await;
    inbox.prune().await.unwrap();
    inbox.close().await;
    let mut connection = database.raw().await;
    for (pragma, value) in [("PRAGMA user_version", 7), ("PRAGMA application_id", 8)] {
        let row = sqlx::query(pragma)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(row.get::<i64, _>(0), value);
    }
    let names =
        "SELECT name FROM sqlite_schema WHERE tbl_name NOT LIKE 'trackingmore!_%' ESCAPE '!'
        AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name";
    let names: Vec<String> = sqlx::query_scalar(names)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(names, ["_sqlx_migrations", "delivery", "message", "parcel"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_an_error_while_it_lasts_and_loses_nothing() {
    let Some(disk) = Mount::new(4) else { return };
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    let file = folder.path().join("deliveries.db");
    let database = Database::in_file(folder, file).await;
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    disk.fill_up(200 * 1024);

    let large = |minute| state("AB1", minute).with("note", "x".repeat(20_000)).sent();
    let mut accepted = 1;
    let mut filling = async || loop {
        let delivery = large(accepted + 1);
        if inbox.accept(&delivery).await.is_err() {
            break delivery;
        }
        accepted += 1;
        assert!(accepted < 1_000, "the disk is never full");
    };
    // A worker that cannot mark its jobs must go on too.
    let worker = inbox
        .worker(handle)
        .poll(ms(20))
        .retry_delays(ms(10), ms(50))
        .max_attempts(10_000);
    let full = async {
        let refused = filling().await;
        for _ in 0..5 {
            assert_eq!(inbox.accept(&refused).await.unwrap_err().status(), 503);
        }
        disk.make_room();
        until("it is accepted", || async {
            inbox.accept(&refused).await.is_ok()
        })
        .await;
        crate::support::wait::until_idle(&inbox).await;
    };
    worker.run_until(full).await.unwrap();
    assert_eq!(inbox.stats().await.unwrap().stored, u64::from(accepted) + 1);
    assert!(
        minutes(&database, "AB1")
            .await
            .into_iter()
            .eq(1..=i64::from(accepted) + 1)
    );
    inbox.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_fails_is_an_error() {
    let database = Database::new().await.unwrap();
    let Some(faults) = Faults::new() else { return };
    let role = json!({"role": "both", "target": database.target()});
    let mut child = Child::start_with(&role, Some(&faults));
    while child.line().await.unwrap() != "receiving" {}
    child.write_line("AB1 1").await;
    while child.line().await.unwrap() != "stored AB1 1" {}
    until("it is handled", || async {
        minutes(&database, "AB1").await == [1]
    })
    .await;

    faults.fail_syncs(true);
    for _ in 0..3 {
        child.write_line("AB1 2").await;
        child.expect("refused AB1 2").await;
    }
    faults.fail_syncs(false);
    child.write_line("AB1 2").await;
    child.expect("stored AB1 2").await;
    until("it is handled", || async {
        minutes(&database, "AB1").await == [1, 2]
    })
    .await;
    child.kill().await;
    let inbox = database.open().await;
    assert_eq!(
        inbox.accept(&state("AB1", 3).sent()).await.unwrap(),
        Accepted::New
    );
}

/// The file was written by the first version, with a parcel in each state. Once 0.1.0 is published,
/// it must not be written again: it stands for the files that users have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_of_the_first_version_opens() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deliveries.db");
    fs::write(&file, include_bytes!("version-1.db")).unwrap();
    let database = Database::of_file(folder, file);
    let inbox = database.open().await;
    let stats = inbox.stats().await.unwrap();
    assert_eq!(
        (stats.pending, stats.dead, stats.unread, stats.stored),
        (1, 1, 1, 4)
    );
    assert_eq!(inbox.dead().await.unwrap()[0].tracking_number, "DEAD");
    assert_eq!(
        inbox.accept(&state("HANDLED", 1).sent()).await.unwrap(),
        Accepted::Duplicate
    );
    inbox.accept(&state("HANDLED", 2).sent()).await.unwrap();
    assert_eq!(inbox.retry_dead().await.unwrap(), 1);
    handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "HANDLED").await, [1, 2]);
    assert_eq!(minutes(&database, "DEAD").await, [1]);
    assert_eq!(minutes(&database, "WAITING").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the file of the first version, which must not change once 0.1.0 is published"]
async fn write_the_file_of_the_first_version() {
    let database = Database::new().await.unwrap();
    let inbox = database.open().await;
    inbox.accept(&state("HANDLED", 1).sent()).await.unwrap();
    handle_pending(&inbox).await;
    inbox.accept(&state("DEAD", 1).sent()).await.unwrap();
    fail_with(&inbox, "the last error", 1).await;
    inbox.accept(&state("WAITING", 1).sent()).await.unwrap();
    inbox.accept(&sent("not JSON")).await.unwrap();
    inbox.close().await;
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sqlite/version-1.db");
    fs::copy(database.target(), kept).unwrap();
}
