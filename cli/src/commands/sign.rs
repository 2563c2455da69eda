use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use clap::Args;
use reqwest::Url;
use serde_json::json;

use crate::{
    client,
    failure::Failure,
    input,
    output::Output,
    secret::SecretArgs,
    signing::{self, SigningArgs},
};

/// Sign a body, and print the headers that TrackingMore would send with it.
///
/// Exit code: 0 if it was signed, 2 for wrong usage.
#[derive(Args)]
#[command(after_help = "\
Examples:
  trackingmore-webhook sign body.json
  trackingmore-webhook sign body.json --curl http://127.0.0.1:3000/webhooks/trackingmore | sh")]
pub(crate) struct Sign {
    /// The body, byte for byte; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    body: PathBuf,
    /// Print a `curl` command that sends the body to this URL
    #[arg(long, value_name = "URL", value_parser = client::target)]
    curl: Option<Url>,
    #[command(flatten)]
    signing: SigningArgs,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    output: Output,
}

/// How long an argument may be in Linux, with its final zero.
const ARGUMENT_LIMIT: usize = 128 * 1024;

impl Sign {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let secret = self.secret.one()?;
        signing::check(&secret)?;
        let body = input::read(&self.body)?;
        let headers = self.signing.headers(&secret, &body)?;
        match &self.curl {
            None => {
                let [(_, timestamp), (_, signature)] = &headers;
                let text = format_args!("timestamp: {timestamp}\nsignature: {signature}");
                let record = json!({
                    "event": "signed",
                    "timestamp": timestamp,
                    "signature": signature,
                });
                self.output.exact_line(text, &record)?;
            }
            Some(url) => {
                let command = self.command(url, &headers, body)?;
                let record = json!({"event": "curl", "curl": command});
                self.output.exact_line(&command, &record)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Returns a command for a POSIX shell.
    fn command(
        &self,
        url: &Url,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<String, Failure> {
        let data = if input::is_stdin(&self.body) {
            argument(body).ok_or_else(|| {
                Failure::usage("the body cannot be a command-line argument: put it into a file")
            })?
        } else {
            let path = self.body.to_str();
            let path = path.ok_or_else(|| Failure::usage("the file name is not UTF-8"))?;
            format!("@{path}")
        };
        let headers = headers.iter().map(|(name, value)| (*name, &value[..]));
        let headers = [("content-type", "application/json")]
            .into_iter()
            .chain(headers);
        Ok(curl(url, headers, &data))
    }
}

/// Returns a body as the argument of a command, if it can be one.
pub(super) fn argument(body: Vec<u8>) -> Option<String> {
    // curl reads a file if the argument begins with @, and no argument can contain a NUL.
    String::from_utf8(body)
        .ok()
        .filter(|body| !body.starts_with('@') && !body.contains('\0'))
        .filter(|body| body.len() < ARGUMENT_LIMIT)
}

/// Writes a command that sends a delivery, for a POSIX shell.
pub(super) fn curl<'a>(
    url: &Url,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    data: &str,
) -> String {
    let mut command = format!("curl -gi {}", quoted(url.as_str()));
    for (name, value) in headers {
        // Cannot fail: it writes to memory.
        _ = write!(command, " -H {}", quoted(&format!("{name}: {value}")));
    }
    format!("{command} --data-binary {}", quoted(data))
}

/// Quotes an argument for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
