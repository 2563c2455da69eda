//! Secrets that change without a restart. Each shop has a file: the current secret is in the first
//! line, and the previous one follows until its last retry is over.

use std::{env, fs, path::PathBuf, time::Duration};

use tokio::{sync::watch, time::sleep};
use trackingmore_webhook_axum::Verifier;
use trackingmore_webhook_inbox::BoxError;

/// Returns the verifier of a shop, which is replaced when the file changes.
pub(crate) fn verifier(shop: &'static str) -> Result<watch::Receiver<Verifier>, BoxError> {
    let folder = env::var_os("SECRETS").ok_or("set SECRETS to the folder of the secrets")?;
    let file = PathBuf::from(folder).join(shop);
    let (sender, receiver) = watch::channel(read(shop, &file)?);
    tokio::spawn(follow(shop, file, sender));
    Ok(receiver)
}

fn read(shop: &str, file: &PathBuf) -> Result<Verifier, BoxError> {
    let mut builder = Verifier::builder().name(shop);
    for secret in fs::read_to_string(file)?.lines() {
        builder = builder.secret(secret);
    }
    Ok(builder.build()?)
}

async fn follow(shop: &str, file: PathBuf, verifier: watch::Sender<Verifier>) {
    let mut known = None;
    loop {
        let modified = fs::metadata(&file).and_then(|file| file.modified()).ok();
        if modified != known {
            match read(shop, &file) {
                Ok(new) => _ = verifier.send_replace(new),
                Err(error) => tracing::error!(error, shop, "the old secrets stay"),
            }
            known = modified;
        }
        sleep(Duration::from_secs(1)).await;
    }
}
