//! Crashes between any two writes: a process is killed before the n-th write or sync of a file.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    database::Database,
    laws::random_lives::Delivery,
    support::{child::Child, faults::Faults, wait::until_idle},
};

/// Accepts and handles all deliveries in processes that crash at these writes.
pub(crate) async fn live(database: &Database, deliveries: &[Delivery], crashes: &[u16]) {
    let faults = if crashes.is_empty() {
        None
    } else {
        Faults::new()
    };
    let role = json!({"role": "both", "target": database.target()});
    let lines = deliveries
        .iter()
        .map(|(number, minute)| format!("{number} {minute}"));
    let mut pending: Vec<String> = lines.collect();
    let mut crashes = crashes.iter();
    loop {
        let crash = crashes.next();
        if let Some(faults) = &faults {
            // The previous process may not have reached its write.
            faults.kill_before_write(0);
        }
        let mut child = Child::start_with(&role, faults.as_ref());
        let mut said = Vec::new();
        while let Some(line) = child.line().await {
            if line == "receiving" {
                break;
            }
            said.push(line);
        }
        if let (Some(faults), Some(crash)) = (&faults, crash) {
            faults.kill_before_write(i64::from(*crash));
        }
        for line in &pending {
            child.write_line(line).await;
        }
        until_all_stored(&mut child, &mut pending).await;
        if crash.is_none() {
            until_idle(&database.open().await).await;
        }
        // It may not have reached that write.
        child.kill().await;
        if crash.is_none() {
            return;
        }
    }
}

/// Reads the answers of the child until it has stored everything or has died.
async fn until_all_stored(child: &mut Child, pending: &mut Vec<String>) {
    let mut stored = BTreeSet::new();
    while pending.iter().any(|line| !stored.contains(line)) {
        let Some(line) = child.line().await else {
            break;
        };
        if let Some(line) = line.strip_prefix("stored ") {
            stored.insert(line.to_owned());
        }
    }
    pending.retain(|line| !stored.contains(line));
}
