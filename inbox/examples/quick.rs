use std::{sync::Arc, time::{Duration, Instant, SystemTime}};
use trackingmore_webhook::{Scheme, Signer, VerifiedBody, Verifier};
use trackingmore_webhook_inbox::*;
use trackingmore_webhook_inbox::sqlx::{self, Sqlite, Postgres, Database};

fn bodies(n: usize, tag: usize) -> Vec<VerifiedBody> {
    let verifier = Verifier::new("s").unwrap();
    let signer = Signer::new("s").unwrap();
    (0..n).map(|i| {
        let pad = "x".repeat(4300);
        let t = format!(r#"{{"code":200,"data":{{"tracking_number":"P{tag}-{i}","courier_code":"usps","delivery_status":"transit","update_at":"2026-01-01T00:00:00+00:00","note":"{pad}","origin_info":{{"trackinfo":[{{"checkpoint_date":"2026-01-01T00:00:00","tracking_detail":"x"}}]}}}}}}"#);
        let b = bytes::Bytes::from(t);
        let h = signer.headers(Scheme::Timestamp, SystemTime::now(), &b);
        let mut inc = verifier.begin(&h).unwrap(); inc.push(b).unwrap(); inc.finish().unwrap()
    }).collect()
}
async fn accept_all<DB: Engine>(inbox: &Inbox<DB>, all: Vec<VerifiedBody>, at_once: usize) -> f64 {
    let n = all.len();
    let all = Arc::new(all); let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let t = Instant::now();
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..at_once { let (inbox, all, next) = (inbox.clone(), all.clone(), next.clone());
        set.spawn(async move { loop { let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed); if i >= all.len() {break} inbox.accept(&all[i]).await.unwrap(); } }); }
    set.join_all().await;
    n as f64 / t.elapsed().as_secs_f64()
}
async fn work<DB: Engine, H, F>(inbox: &Inbox<DB>, handle: H) where H: Fn(Job<DB>)->F + Send+Sync+'static, F: Future<Output=Result<Done,BoxError>>+Send+'static {
    let n = inbox.stats().await.unwrap().pending;
    let t = Instant::now();
    let i2 = inbox.clone();
    inbox.worker(handle).run_until(async move { loop { let s = i2.stats().await.unwrap(); if s.pending + s.running == 0 {break} tokio::time::sleep(Duration::from_millis(50)).await } }).await.unwrap();
    println!("handled {:.0}/s ({n})", n as f64 / t.elapsed().as_secs_f64());
}
#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let n: usize = args[2].parse().unwrap();
    if args[1].starts_with("postgres") {
        let inbox = PgInbox::connect(&args[1]).await.unwrap();
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS effect(n text)").execute(inbox.pool()).await.unwrap();
        println!("accept {:.0}/s", accept_all(&inbox, bodies(n, std::process::id() as usize), 64).await);
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(16).connect(&args[1]).await.unwrap();
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS plain(id bytea primary key, body bytea)").execute(&pool).await.unwrap();
        let all = Arc::new(bodies(n, 1)); let next = Arc::new(std::sync::atomic::AtomicUsize::new(0)); let t = Instant::now();
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..64 { let (pool, all, next) = (pool.clone(), all.clone(), next.clone()); set.spawn(async move { loop { let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed); if i>=all.len() {break} sqlx::query("INSERT INTO plain VALUES($1,$2) ON CONFLICT DO NOTHING").bind(&all[i].id().as_bytes()[..]).bind(&all[i].bytes()[..]).execute(&pool).await.unwrap(); } }); }
        set.join_all().await; println!("plain {:.0}/s", n as f64 / t.elapsed().as_secs_f64());
        work(&inbox, async |job: Job<Postgres>| { let mut tx = job.begin().await?; sqlx::query("INSERT INTO effect VALUES ($1)").bind(job.update().tracking().tracking_number.clone()).execute(&mut *tx).await?; Ok(job.done_in(tx).await?) }).await;
    } else {
        let inbox = SqliteInbox::open(&args[1]).await.unwrap();
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS effect(n text)").execute(inbox.pool()).await.unwrap();
        println!("accept {:.0}/s", accept_all(&inbox, bodies(n, std::process::id() as usize), 64).await);
        use sqlx::sqlite::*;
        let o = SqliteConnectOptions::new().filename(format!("{}.plain", args[1])).create_if_missing(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(o).await.unwrap();
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS plain(id blob primary key, body blob)").execute(&pool).await.unwrap();
        let all = Arc::new(bodies(n, 1)); let next = Arc::new(std::sync::atomic::AtomicUsize::new(0)); let t = Instant::now();
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..64 { let (pool, all, next) = (pool.clone(), all.clone(), next.clone()); set.spawn(async move { loop { let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed); if i>=all.len() {break} let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap(); sqlx::query("INSERT INTO plain VALUES(?,?) ON CONFLICT DO NOTHING").bind(&all[i].id().as_bytes()[..]).bind(&all[i].bytes()[..]).execute(&mut *tx).await.unwrap(); tx.commit().await.unwrap(); } }); }
        set.join_all().await; println!("plain {:.0}/s", n as f64 / t.elapsed().as_secs_f64());
        work(&inbox, async |job: Job<Sqlite>| { let mut tx = job.begin().await?; sqlx::query("INSERT INTO effect VALUES ($1)").bind(job.update().tracking().tracking_number.clone()).execute(&mut *tx).await?; Ok(job.done_in(tx).await?) }).await;
    }
}
