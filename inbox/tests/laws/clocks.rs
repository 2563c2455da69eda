//! Leases and retry delays survive a clock that jumps.

use serde_json::json;

use crate::{
    database::Database,
    support::{
        DAY, child::Child, delivery::state, effect::minutes, faults::Faults, ms, wait::until,
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delay_does_not_grow_when_the_clock_goes_back() {
    let Some(database) = Database::new().await else {
        return;
    };
    let Some(faults) = Faults::new() else { return };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let role = json!({
        "role": "work", "handler": "fail", "delay": 300, "target": database.target(),
    });
    let mut child = Child::start_with(&role, Some(&faults));
    child.expect("working").await;
    child.expect("attempt 1").await;
    faults.shift_clock(-(DAY.as_secs() as i64));
    // By that clock, the retry would be due tomorrow.
    child.expect("attempt 2").await;
    child.expect("attempt 3").await;
    child.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_does_not_end_when_the_clock_goes_forward() {
    let Some(database) = Database::new().await else {
        return;
    };
    let Some(faults) = Faults::new() else { return };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let role = json!({
        "role": "work", "handler": "stop before the mark", "lease": 60_000,
        "target": database.target(),
    });
    let mut child = Child::start_with(&role, Some(&faults));
    child.expect("working").await;
    child.expect("before the mark").await;
    faults.shift_clock(DAY.as_secs() as i64);
    // Long enough to look for ended leases a few times.
    tokio::time::sleep(ms(500)).await;
    child.write_line("go on").await;
    child.expect("marked").await;
    child.kill().await;
    assert_eq!(minutes(&database, "AB1").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_delayed_by_a_wrong_clock_are_handled() {
    let Some(database) = Database::new().await else {
        return;
    };
    let Some(faults) = Faults::new() else { return };
    let inbox = database.open().await;
    inbox.accept(&state("AB1", 1).sent()).await.unwrap();
    let mut role = json!({
        "role": "work", "handler": "fail", "delay": 100, "lease": 1_000,
        "target": database.target(),
    });
    faults.shift_clock(1_000 * DAY.as_secs() as i64);
    let mut wrong = Child::start_with(&role, Some(&faults));
    wrong.expect("working").await;
    wrong.expect("attempt 1").await;
    wrong.expect("attempt 2").await;
    wrong.kill().await;

    role["handler"] = "handle".into();
    let mut right = Child::start(&role);
    right.expect("working").await;
    until("it is handled", || async {
        minutes(&database, "AB1").await == [1]
    })
    .await;
    right.kill().await;
}
