//! Claiming alone: how long a worker takes from the mark of one job to the handler of the next.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::database::{Content, Database};

/// Jobs per slice.
const CLAIMED: u64 = 100;

/// Returns claims per second. As many parcels wait afterwards as before.
pub async fn claim<D: Database>(database: &D) -> f64 {
    let (sender, mut gaps) = mpsc::unbounded_channel();
    let marked: Arc<Mutex<Option<Instant>>> = Arc::default();
    let worker = database
        .inbox()
        .worker_with((marked, sender), async |(marked, sender), job| {
            let before = marked.lock().expect("no panic").take();
            let gap = before.map(|before| before.elapsed());
            let done = job.done().await?;
            *marked.lock().expect("no panic") = Some(Instant::now());
            let _ = sender.send(gap);
            Ok(done)
        });
    let mut all = Vec::new();
    let taking = async {
        for _ in 0..CLAIMED {
            all.extend(gaps.recv().await.flatten());
        }
    };
    let working = worker.concurrency(1).run_until(taking);
    working.await.expect("a worker");
    while let Ok(gap) = gaps.try_recv() {
        all.extend(gap);
    }
    database.fill(CLAIMED, Content::Waiting).await;
    all.len() as f64 / all.iter().sum::<Duration>().as_secs_f64()
}
