//! Measures whether the time that verifying takes reveals anything to a forger, by the method of
//! [dudect](https://eprint.iacr.org/2016/1123): requests of two classes in random order, and
//! Welch's t-test on their times. |t| over 5 means that the classes can be told apart.
//!
//! The controls must be told apart, and nothing else. Requests are made a batch at a time, by the
//! same steps for both classes: if each was timed right after it was made, what that left in the
//! caches would count too. The environment variable `BATCHES` is the number of batches, 4000 by
//! default.

use std::{
    env,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use dudect_bencher::{BenchRng, Class, CtRunner, ctbench_main, rand::RngExt as _};
use trackingmore_webhook::{Scheme, Signature, Signer, Verifier};

const BATCH: usize = 500;
const SECRET: &str = "2e55b9a3-4dd1-4416-9897-c4bd1e3d738f";
const OTHER_SECRET: &str = "7d1f0c52-93ab-4e6e-8a14-5b0c2f9e6d31";

fn timestamp_wrong_in_first_or_last_byte(runner: &mut CtRunner, rng: &mut BenchRng) {
    verify(Scheme::Timestamp, wrong_in_first_or_last_byte, runner, rng);
}

fn body_wrong_in_first_or_last_byte(runner: &mut CtRunner, rng: &mut BenchRng) {
    verify(Scheme::Body, wrong_in_first_or_last_byte, runner, rng);
}

fn timestamp_by_wrong_or_right_secret(runner: &mut CtRunner, rng: &mut BenchRng) {
    verify(Scheme::Timestamp, by_wrong_or_right_secret, runner, rng);
}

fn body_by_wrong_or_right_secret(runner: &mut CtRunner, rng: &mut BenchRng) {
    verify(Scheme::Body, by_wrong_or_right_secret, runner, rng);
}

/// Refusing is different work from accepting, and the answer says which it was anyway.
fn control_refused_or_accepted(runner: &mut CtRunner, rng: &mut BenchRng) {
    verify(Scheme::Timestamp, wrong_or_right, runner, rng);
}

/// Compares as no verifier should.
fn control_hex_compared_by_equality(runner: &mut CtRunner, rng: &mut BenchRng) {
    measure(
        Scheme::Timestamp,
        wrong_in_first_or_last_byte,
        runner,
        rng,
        |request| {
            let [_, (_, sent)] = &request.headers;
            request.genuine == *sent
        },
    );
}

ctbench_main!(
    timestamp_wrong_in_first_or_last_byte,
    body_wrong_in_first_or_last_byte,
    timestamp_by_wrong_or_right_secret,
    body_by_wrong_or_right_secret,
    control_refused_or_accepted,
    control_hex_compared_by_equality
);

/// Makes the signature to send from the genuine one, that of the other secret and a change that is
/// not 0; the flag chooses the second class.
type Forge = fn(genuine: [u8; 32], other: [u8; 32], change: u8, second: bool) -> [u8; 32];

fn wrong_in_first_or_last_byte(genuine: [u8; 32], _: [u8; 32], change: u8, last: bool) -> [u8; 32] {
    let mut sent = genuine;
    sent[31 * usize::from(last)] ^= change;
    sent
}

/// The signature of the right secret is changed in its last byte, so both are refused.
fn by_wrong_or_right_secret(
    genuine: [u8; 32],
    other: [u8; 32],
    change: u8,
    right: bool,
) -> [u8; 32] {
    let mut sent = [other, genuine][usize::from(right)];
    sent[31] ^= change;
    sent
}

fn wrong_or_right(genuine: [u8; 32], _: [u8; 32], change: u8, right: bool) -> [u8; 32] {
    let mut sent = genuine;
    sent[31] ^= change * u8::from(!right);
    sent
}

fn verify(scheme: Scheme, forge: Forge, runner: &mut CtRunner, rng: &mut BenchRng) {
    let verifier = Verifier::builder()
        .secret(SECRET)
        .scheme(scheme)
        .build()
        .unwrap();
    measure(scheme, forge, runner, rng, |request| {
        verifier.verify_at(&request.headers, request.body.as_bytes(), request.now)
    });
}

fn measure<T>(
    scheme: Scheme,
    forge: Forge,
    runner: &mut CtRunner,
    rng: &mut BenchRng,
    judge: impl Fn(&Request) -> T,
) {
    let batches = env::var("BATCHES").map_or(4_000, |number| number.parse().unwrap());
    for _ in 0..batches {
        let requests: Vec<_> = (0..BATCH)
            .map(|_| Request::random(scheme, forge, rng))
            .collect();
        for request in &requests {
            runner.run_one(request.class, || judge(request));
        }
    }
}

struct Request {
    class: Class,
    genuine: String,
    now: SystemTime,
    headers: [(&'static str, String); 2],
    body: String,
}

impl Request {
    fn random(scheme: Scheme, forge: Forge, rng: &mut BenchRng) -> Self {
        let seconds = rng.random_range(1_000_000_000..10_000_000_000);
        let timestamp = u64::to_string(&seconds);
        let body = format!(r#"{{"data":{{"tracking_number":"{timestamp}"}}}}"#);
        let message = if scheme == Scheme::Timestamp {
            &timestamp
        } else {
            &body
        };
        let [genuine, other] = [SECRET, OTHER_SECRET].map(|secret| sign(secret, message));
        let second = rng.random();
        let sent = forge(genuine, other, rng.random_range(1..=255), second);
        Self {
            class: if second { Class::Right } else { Class::Left },
            genuine: Signature::from(genuine).to_hex(),
            now: UNIX_EPOCH + Duration::from_secs(seconds),
            headers: [
                ("timestamp", timestamp),
                ("signature", Signature::from(sent).to_hex()),
            ],
            body,
        }
    }
}

fn sign(secret: &str, message: &str) -> [u8; 32] {
    let signature = Signer::new(secret).unwrap().sign_body(message.as_bytes());
    let mut bytes = [0; 32];
    hex::decode_to_slice(signature.to_hex(), &mut bytes).unwrap();
    bytes
}
