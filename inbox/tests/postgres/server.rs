//! A server that is stopped, killed, out of reach or out of space.

use std::process::Command;

use serde_json::json;
use trackingmore_webhook::ErrorKind;
use trackingmore_webhook_inbox::{
    Accepted, InboxOptions, PgInbox,
    sqlx::{self, AssertSqlSafe, PgPool},
};

use crate::{
    cluster::{Cluster, run},
    database::{Database, server},
    proxy::{Cut, Proxy},
    support::{
        DAY,
        child::Child,
        delivery::state,
        effect::{self, messages, minutes},
        mount::Mount,
        ms,
        wait::{next, soon, until, until_idle},
    },
};

/// Receives and works while the server goes away and comes back, as `outage` has it.
async fn survive<F: Future<Output = ()>>(outage: impl Fn(usize) -> F, database: &Database) {
    let inbox = database
        .open_with(InboxOptions::new().accept_deadline(ms(1_000)))
        .await;
    let worker = inbox.worker(effect::handle).poll(ms(20)).lease(ms(1_000));
    let worker = worker.retry_delays(ms(10), ms(50)).max_attempts(1_000);
    let mut minute = 0;
    let living = async {
        for number in 0..3 {
            let before = minute + 40;
            let receiving = async {
                let mut refused = 0;
                while minute < before || refused == 0 {
                    minute += 1;
                    let delivery = state(format!("AB{}", minute % 7), minute).sent();
                    until("it is accepted", || async {
                        let accepted = soon("it is answered", inbox.accept(&delivery)).await;
                        accepted.is_ok()
                    })
                    .await;
                    refused += 1;
                }
            };
            tokio::join!(receiving, outage(number));
        }
        until("all is handled", || async {
            inbox
                .stats()
                .await
                .is_ok_and(|stats| stats.pending == 0 && stats.running == 0)
        })
        .await;
    };
    worker.run_until(living).await.unwrap();
    let mut messages: Vec<_> = messages(database)
        .await
        .into_iter()
        .map(|it| it.minute)
        .collect();
    messages.sort_unstable();
    assert!(messages.into_iter().eq(1..=i64::from(minute)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_killed_and_started_again_loses_nothing() {
    let Some(cluster) = Cluster::start_new().await else {
        return;
    };
    let database = Database::on(cluster.options()).await;
    let outage = async |number| {
        tokio::time::sleep(ms(200)).await;
        match number {
            0 => cluster.stop("fast"),
            1 => cluster.stop("immediate"),
            _ => cluster.kill(),
        }
        tokio::time::sleep(ms(500)).await;
        cluster.start().await;
    };
    survive(outage, &database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_is_an_error_and_not_a_hang() {
    let Some(cluster) = Cluster::start_new().await else {
        return;
    };
    let database = Database::on(cluster.options()).await;
    let inbox = database
        .open_with(InboxOptions::new().accept_deadline(ms(1_000)))
        .await;
    let delivery = state("AB1", 1).sent();
    cluster.stop("fast");
    for _ in 0..3 {
        let refused = soon("it is answered", inbox.accept(&delivery))
            .await
            .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotStored);
    }
    cluster.start().await;
    assert_eq!(
        inbox.accept(&delivery).await.unwrap(),
        Accepted::New,
        "without a restart"
    );
}

/// Where a database is set to answer before it has written, an inbox waits all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_survives_a_crash_of_a_server_that_commits_asynchronously() {
    let Some(cluster) = Cluster::start_new().await else {
        return;
    };
    let database = Database::on(cluster.options()).await;
    for setting in ["synchronous_commit = off", "wal_writer_delay = '10s'"] {
        let alter = AssertSqlSafe(format!("ALTER SYSTEM SET {setting}"));
        sqlx::query(alter)
            .execute(&mut database.raw().await)
            .await
            .unwrap();
    }
    cluster.stop("fast");
    cluster.start().await;
    let inbox = database.open().await;
    for minute in 1..20 {
        inbox.accept(&state("AB1", minute).sent()).await.unwrap();
    }
    cluster.kill();
    cluster.start().await;
    for minute in 1..20 {
        let again = state("AB1", minute).sent();
        until("the server answers", || async {
            inbox.stats().await.is_ok()
        })
        .await;
        assert_eq!(inbox.accept(&again).await.unwrap(), Accepted::Duplicate);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unclear_end_is_an_error_and_its_retry_a_duplicate() {
    let Some(server) = server().await else { return };
    let database = Database::on(server).await;
    let proxy = Proxy::before(database.options()).await;
    let inbox = PgInbox::new(proxy.pool()).await.unwrap();
    let (mut refused, mut duplicates) = (0, 0);
    for message in 1..40 {
        let delivery = state("AB1", u32::from(message)).sent();
        proxy.cut_at([(message, Cut::BeforeTheAnswer)]);
        let accepted = inbox.accept(&delivery).await;
        proxy.cut_no_more();
        if accepted.is_err() {
            refused += 1;
            let again = inbox.accept(&delivery).await.unwrap();
            duplicates += u32::from(again == Accepted::Duplicate);
        }
        assert_eq!(inbox.accept(&delivery).await.unwrap(), Accepted::Duplicate);
    }
    assert!(
        refused > duplicates && duplicates > 0,
        "{duplicates} of {refused}"
    );
    super::laws::handle_pending(&inbox).await;
    assert!(minutes(&database, "AB1").await.into_iter().eq(1..40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_answer_is_an_error_at_the_deadline() {
    let Some(server) = server().await else { return };
    let database = Database::on(server).await;
    let proxy = Proxy::before(database.options()).await;
    let options = InboxOptions::new().accept_deadline(ms(500));
    let inbox = PgInbox::new_with(proxy.pool(), options).await.unwrap();
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    proxy.freeze(true);
    let delivery = state("AB1", 2).sent();
    for _ in 0..3 {
        let refused = soon("it is answered", inbox.accept(&delivery)).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotStored);
    }
    proxy.freeze(false);
    until("it is accepted", || async {
        inbox.accept(&delivery).await.is_ok()
    })
    .await;
    super::laws::handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1, 2]);
}

/// How many statements wait for a lock.
async fn waiting(inbox: &PgInbox) -> i64 {
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waiting = sqlx::query_scalar(waiting).fetch_one(inbox.pool());
    waiting.await.unwrap()
}

/// The parcel is old enough to be erased, and gets news at that moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_that_gets_news_is_not_pruned() {
    let Some(server) = server().await else { return };
    let database = Database::on(server).await;
    let inbox = database.open().await;
    database
        .run(
            "CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END';
            CREATE TRIGGER hold_up BEFORE INSERT ON trackingmore.news
                FOR EACH ROW EXECUTE FUNCTION hold_up()",
        )
        .await;
    let steps = async {
        inbox.accept(&state("AB1", 1).sent()).await.unwrap();
        until("it is handled", || async {
            minutes(&database, "AB1").await == [1]
        })
        .await;
        database.age(366).await;
        let mut holder = inbox.pool().acquire().await.unwrap();
        let lock = sqlx::query("SELECT pg_advisory_lock(1)");
        lock.execute(&mut *holder).await.unwrap();
        inbox.accept(&state("AB1", 2).sent()).await.unwrap();
        until("it is being routed", || async {
            waiting(&inbox).await == 1
        })
        .await;
        let pruning = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.prune().await }
        });
        until("it is pruned, or waits for the routing", || async {
            pruning.is_finished() || waiting(&inbox).await == 2
        })
        .await;
        let unlock = sqlx::query("SELECT pg_advisory_unlock(1)");
        unlock.execute(&mut *holder).await.unwrap();
        pruning.await.unwrap().unwrap();
        until("the news are handled", || async {
            minutes(&database, "AB1").await == [1, 2]
        })
        .await;
    };
    let worker = inbox.worker(effect::handle).poll(ms(20));
    worker.run_until(steps).await.unwrap();
}

/// The job is being marked while its parcel is forgotten: neither waits for the other for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_whose_job_ends_can_be_forgotten() {
    let Some(server) = server().await else { return };
    let database = Database::on(server).await;
    let inbox = database.open().await;
    database
        .run(
            "CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
            CREATE TRIGGER hold_up AFTER UPDATE ON trackingmore.parcel
                FOR EACH ROW WHEN (OLD.state = 2) EXECUTE FUNCTION hold_up()",
        )
        .await;
    let steps = async {
        let mut holder = inbox.pool().acquire().await.unwrap();
        let lock = sqlx::query("SELECT pg_advisory_lock(1)");
        lock.execute(&mut *holder).await.unwrap();
        inbox.accept(&state("AB1", 1).sent()).await.unwrap();
        until("it is being marked", || async {
            waiting(&inbox).await == 1
        })
        .await;
        let forgetting = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.forget("AB1").await }
        });
        until("it is being forgotten", || async {
            waiting(&inbox).await == 2
        })
        .await;
        let unlock = sqlx::query("SELECT pg_advisory_unlock(1)");
        unlock.execute(&mut *holder).await.unwrap();
        assert_eq!(forgetting.await.unwrap().unwrap().parcels, 1);
    };
    let worker = inbox.worker(effect::handle).poll(ms(20));
    worker.run_until(steps).await.unwrap();
    assert_eq!(minutes(&database, "AB1").await, [1]);
    assert_eq!(database.parcels().await, 0);
}

/// As where the machine of the server lost its power: nobody closes the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepting_goes_on_after_its_connection_falls_silent() {
    let Some(server) = server().await else { return };
    let database = Database::on(server).await;
    let proxy = Proxy::before(database.options()).await;
    let options = InboxOptions::new().accept_deadline(ms(500));
    let inbox = PgInbox::new_with(proxy.pool(), options).await.unwrap();
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    // From each message on that an accept sends. That one may be stored or not: the server may
    // have its statement, and wait for the rest.
    for message in 1..10 {
        proxy.cut_at([(message, Cut::Silence)]);
        let minute = u32::from(message) * 2;
        let _ = inbox.accept(&state("AB1", minute).sent()).await;
        proxy.cut_no_more();
        let next = state("AB1", minute + 1).sent();
        until("the next is accepted", || async {
            inbox.accept(&next).await.is_ok()
        })
        .await;
    }
}

/// As where the machine of the server lost its power: nobody closes the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_goes_on_after_its_connections_fall_silent() {
    let Some(server) = server().await else { return };
    let database = Database::on(server).await;
    let proxy = Proxy::before(database.options()).await;
    let inbox = PgInbox::new(proxy.pool()).await.unwrap();
    let receiver = database.open().await;
    let worker = inbox.worker(effect::handle).poll(ms(20)).lease(ms(1_000));
    let worker = worker.retry_delays(ms(10), ms(50)).max_attempts(1_000);
    let outage = async {
        receiver.accept(&state("AB1", 1).sent()).await.unwrap();
        until("it works", || async {
            minutes(&database, "AB1").await == [1]
        })
        .await;
        // In the middle of what it does, and on more connections than it has for that.
        proxy.cut_at([5, 5, 5].map(|message| (message, Cut::Silence)));
        receiver.accept(&state("AB1", 2).sent()).await.unwrap();
        until("it works again", || async {
            minutes(&database, "AB1").await == [1, 2]
        })
        .await;
    };
    worker.run_until(outage).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_ends_while_the_server_is_silent() {
    let Some(server) = server().await else { return };
    let database = Database::on(server).await;
    let proxy = Proxy::before(database.options()).await;
    let inbox = PgInbox::new(proxy.pool()).await.unwrap();
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let worker = inbox.worker_with(begun, |begun, job| async move {
        begun.send(())?;
        std::future::pending::<()>().await;
        Ok(job.done().await?)
    });
    let ended = worker.poll(ms(20)).grace(ms(100)).run_until(async {
        next(&mut begins).await;
        proxy.freeze(true);
        // Until it waits for an answer.
        tokio::time::sleep(ms(200)).await;
    });
    soon("the worker ends", ended).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_for_a_locked_parcel_is_handled_when_the_job_ends() {
    let Some(database) = Database::new().await else {
        return;
    };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let worker = inbox.worker_with(inbox.clone(), |inbox, job| async move {
        if job.update().previous().is_some() || job.update().tracking().tracking_number != "AB1" {
            return effect::handle(job).await;
        }
        let mut transaction = job.begin().await?;
        effect::write(&mut transaction, &job).await?;
        sqlx::query("SELECT 1 FROM trackingmore.parcel FOR UPDATE")
            .execute(&mut *transaction)
            .await?;
        inbox.accept(&state("AB1", 2).sent()).await?;
        inbox.accept(&state("AB2", 1).sent()).await?;
        until("the other parcel is routed", || async {
            !inbox.history("AB2").await.unwrap().is_empty()
        })
        .await;
        Ok(job.done_in(transaction).await?)
    });
    // It looks once, and when a job ends.
    let worker = worker.poll(DAY);
    worker.run_until(until_idle(&inbox)).await.unwrap();
    assert_eq!(minutes(&database, "AB1").await, [1, 2]);
    assert_eq!(minutes(&database, "AB2").await, [1]);
}

/// As where a program may not make tables, and an administrator has made them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_the_right_to_create_opens_existing_tables() {
    let Some(cluster) = Cluster::start_new().await else {
        return;
    };
    let database = Database::on(cluster.options()).await;
    database
        .run(
            "CREATE ROLE shop LOGIN; GRANT USAGE ON SCHEMA trackingmore TO shop;
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA trackingmore TO shop;
            GRANT USAGE ON ALL SEQUENCES IN SCHEMA trackingmore TO shop;
            GRANT ALL ON ALL TABLES IN SCHEMA public TO shop;
            GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO shop",
        )
        .await;
    let pool = PgPool::connect_with(database.options().username("shop"));
    let inbox = PgInbox::new(pool.await.unwrap()).await.unwrap();
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    super::laws::handle_pending(&inbox).await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
    inbox.forget("AB1").await.unwrap();
    inbox.prune().await.unwrap();
    inbox.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_on_an_empty_database_create_the_tables_once() {
    let Some(server) = server().await else { return };
    let database = Database::empty(server).await;
    let role = json!({"role": "receive", "target": database.target()});
    let mut children: Vec<_> = (0..6).map(|_| Child::start(&role)).collect();
    for (number, child) in children.iter_mut().enumerate() {
        child.expect("receiving").await;
        child.write_line(&format!("AB{number} 1")).await;
        child.expect(&format!("stored AB{number} 1")).await;
    }
    assert_eq!(database.open().await.stats().await.unwrap().stored, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_an_error_while_it_lasts_and_loses_nothing() {
    let Some(cluster) = Cluster::start_new().await else {
        return;
    };
    let Some(disk) = Mount::new(32) else { return };
    let folder = disk.path().join("tablespace");
    std::fs::create_dir(&folder).unwrap();
    run(Command::new("chown").arg("postgres").arg(&folder));
    let database = Database::empty_in(cluster.options(), &folder).await;
    let inbox = database
        .open_with(InboxOptions::new().accept_deadline(ms(2_000)))
        .await;
    disk.fill_up(256 * 1024);

    let large = |minute| state("AB1", minute).with("note", incompressible()).sent();
    let mut accepted = 0;
    let refused = loop {
        let delivery = large(accepted + 1);
        if inbox.accept(&delivery).await.is_err() {
            break delivery;
        }
        accepted += 1;
        assert!(accepted < 10_000, "the disk is never full");
    };
    for _ in 0..3 {
        assert_eq!(inbox.accept(&refused).await.unwrap_err().status(), 503);
    }
    disk.make_room();
    until("it is accepted", || async {
        inbox.accept(&refused).await.is_ok()
    })
    .await;
    assert_eq!(inbox.stats().await.unwrap().stored, u64::from(accepted) + 1);
    super::laws::handle_pending(&inbox).await;
    assert!(
        minutes(&database, "AB1")
            .await
            .into_iter()
            .eq(1..=i64::from(accepted) + 1)
    );
}

fn incompressible() -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(20_000)
        .collect()
}
