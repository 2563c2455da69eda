//! The roles that a child process can play.

use std::{process, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines, Stdin, stdin},
    sync::{Mutex, Semaphore, mpsc},
    task::JoinSet,
};
use trackingmore_webhook_inbox::{BoxError, Done, Inbox, InboxOptions, Job};

use super::{
    child::say,
    delivery::{life, sent, state},
    effect, ms,
};
use crate::database::{Database, Db};

type Input = Arc<Mutex<Lines<BufReader<Stdin>>>>;

pub(crate) async fn play(role: &Value) {
    let options = InboxOptions::new().accept_deadline(millis(role, "deadline", 5_000));
    let options = match role["queue"].as_u64() {
        Some(count) => options.queue(count as usize, usize::MAX),
        None => options,
    };
    let inbox = Database::open_target(role["target"].as_str().unwrap(), options).await;
    let inbox = inbox.unwrap();
    let input: Input = Arc::new(Mutex::new(BufReader::new(stdin()).lines()));
    match role["role"].as_str().unwrap() {
        "receive" => receive(&inbox, &input).await,
        "work" => work(&inbox, role, input).await,
        "both" => {
            tokio::spawn({
                let (inbox, role, input) = (inbox.clone(), role.clone(), Arc::clone(&input));
                async move { work(&inbox, &role, input).await }
            });
            receive(&inbox, &input).await;
        }
        "wait" => wait(&inbox, role, &input).await,
        other => panic!("no such role: {other}"),
    }
}

/// Accepts a delivery for each line of its input, `NUMBER MINUTE`, many at once, and prints
/// `stored` or `refused` for each.
async fn receive(inbox: &Inbox<Db>, input: &Input) {
    say("receiving");
    let at_once = Arc::new(Semaphore::new(64));
    let mut accepting = JoinSet::new();
    while let Some(line) = input.lock().await.next_line().await.unwrap() {
        let permit = Arc::clone(&at_once).acquire_owned().await.unwrap();
        let inbox = inbox.clone();
        accepting.spawn(async move {
            let (number, minute) = line.split_once(' ').unwrap();
            let delivery = life(number, minute.parse().unwrap()).sent();
            let answer = inbox
                .accept(&delivery)
                .await
                .map_or("refused", |_| "stored");
            say(&format!("{answer} {line}"));
            drop(permit);
        });
    }
    accepting.join_all().await;
}

/// Runs a worker until it is killed.
async fn work(inbox: &Inbox<Db>, role: &Value, input: Input) {
    let handler: Arc<str> = role["handler"].as_str().unwrap_or("handle").into();
    let worker =
        inbox.worker_with(
            (handler, input),
            |(handler, input): (Arc<str>, Input), job| async move {
                handle(&handler, &input, job).await
            },
        );
    let worker = worker
        .concurrency(role["concurrency"].as_u64().unwrap_or(4) as usize)
        .lease(millis(role, "lease", 60_000))
        .poll(ms(50))
        .max_attempts(role["max_attempts"].as_u64().unwrap_or(20) as u32)
        .retry_delays(millis(role, "delay", 10), millis(role, "delay", 10));
    say("working");
    worker.run().await.unwrap();
}

async fn handle(handler: &str, input: &Input, job: Job<Db>) -> Result<Done, BoxError> {
    let number = job.update().tracking().tracking_number.clone();
    match handler {
        "handle" => effect::handle(job).await,
        "handle slowly" => {
            tokio::time::sleep(ms(20)).await;
            effect::handle(job).await
        }
        // The effect is written, but the job is not marked until the parent says so.
        "stop before the mark" => {
            let mut transaction = job.begin().await?;
            effect::write(&mut transaction, &job).await?;
            say("before the mark");
            input.lock().await.next_line().await?;
            let done = job.done_in(transaction).await;
            say(if done.is_ok() { "marked" } else { "refused" });
            Ok(done?)
        }
        "fail" => {
            say(&format!("attempt {}", job.attempt()));
            Err("not today".into())
        }
        // The jobs beside the poisonous one succeed once it no longer kills the process.
        "abort" if number.starts_with("POISON") => {
            say(&format!("poison {}", job.attempt()));
            tokio::time::sleep(ms(50)).await;
            process::abort()
        }
        "abort" => {
            say(&format!("innocent {} {number}", job.attempt()));
            tokio::time::sleep(ms(200)).await;
            effect::handle(job).await
        }
        other => panic!("no such handler: {other}"),
    }
}

/// Accepts `count` deliveries of 10 KB at once, while the database does not answer. Prints how many
/// were stored, and the peak memory in KB. Starts when it reads a line.
async fn wait(inbox: &Inbox<Db>, role: &Value, input: &Input) {
    let count = role["count"].as_u64().unwrap();
    say("ready");
    input.lock().await.next_line().await.unwrap();
    let (answer, mut answers) = mpsc::unbounded_channel();
    for number in 0..count {
        let (inbox, answer) = (inbox.clone(), answer.clone());
        // Not joined, since the results of finished tasks would take memory too.
        tokio::spawn(async move {
            let delivery = sent(
                state(number.to_string(), 1)
                    .with("note", "x".repeat(10_000))
                    .json()
                    .to_string(),
            );
            let stored = inbox.accept(&delivery).await.is_ok();
            answer.send(stored).unwrap();
        });
    }
    drop(answer);
    let mut stored = 0;
    while let Some(is_stored) = answers.recv().await {
        stored += u32::from(is_stored);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let most = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    say(&format!("{stored} {}", most.trim().trim_end_matches(" kB")));
}

fn millis(role: &Value, setting: &str, default: u64) -> Duration {
    ms(role[setting].as_u64().unwrap_or(default))
}
