//! A running `listen`, a browser that shows its inspector, and a way to cut them apart.

use std::{
    io::{BufRead as _, BufReader, Lines},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use thirtyfour::prelude::*;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, sleep},
};

pub(crate) const SECRET: &str = "a-secret-to-try-with";

/// For how long something is waited for that comes at once on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that ends with the test, and with it the programs that it started.
struct Program(Child);

impl Program {
    fn start(mut command: Command) -> (Self, Lines<BufReader<ChildStdout>>) {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        (Self(child), lines)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that fails does not close its browser, and chromedriver would leave it running.
        let own = self.0.id().to_string();
        _ = Command::new("pkill").args(["-KILL", "-P", &own]).status();
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

pub(crate) struct Listen {
    program: Program,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
    pub(crate) inspect: String,
}

/// The program, as built by the command that runs these tests.
fn program() -> Command {
    let built =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/trackingmore-webhook");
    let mut command = Command::new(built);
    command
        .env("TRACKINGMORE_WEBHOOK_SECRET", SECRET)
        .env("TZ", "UTC");
    command
}

impl Listen {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = program();
        command.args(["listen", "--addr", "127.0.0.1:0"]).args(args);
        let (program, mut lines) = Program::start(command);
        let mut line = |start| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(start).unwrap_or_default().to_owned()
        };
        let url = line("listening on ");
        let inspect = match args.contains(&"--inspect") {
            true => line("inspect at "),
            false => String::new(),
        };
        Self {
            program,
            lines,
            url,
            inspect,
        }
    }

    /// Sends a sample, with further arguments of `send`.
    pub(crate) fn send(&self, args: &[&str]) {
        let mut command = program();
        command.arg("send").args(args).arg(&self.url);
        command.stdout(Stdio::null()).status().unwrap();
    }

    /// Sends a body, with further arguments of `send`.
    pub(crate) fn send_body(&self, body: &[u8], args: &[&str]) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("body");
        std::fs::write(&file, body).unwrap();
        self.send(&[&["--file", file.to_str().unwrap()], args].concat());
    }

    /// Waits for the next line that has all of `words`.
    pub(crate) fn line_with(&mut self, words: &[&str]) -> String {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        let line = lines.find(|line| words.iter().all(|word| line.contains(word)));
        line.unwrap()
    }

    pub(crate) fn kill(&mut self) {
        self.program.0.kill().unwrap();
        self.program.0.wait().unwrap();
    }
}

pub(crate) struct Page {
    pub(crate) driver: WebDriver,
    _chromedriver: Program,
    _profile: tempfile::TempDir,
}

impl Page {
    pub(crate) async fn open(url: &str) -> Self {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0");
        let (chromedriver, lines) = Program::start(command);
        let port: u16 = lines
            .map(Result::unwrap)
            .find_map(|line| {
                let (_, rest) = line.split_once("started successfully on port ")?;
                rest.trim_end_matches('.').parse().ok()
            })
            .unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        for arg in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--force-device-scale-factor=2",
            &format!("--user-data-dir={}", profile.path().display()),
        ] {
            wanted.add_arg(arg).unwrap();
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted)
            .await
            .unwrap();
        let page = Self {
            driver,
            _chromedriver: chromedriver,
            _profile: profile,
        };
        page.size(1280, 860).await;
        page.driver.goto(url).await.unwrap();
        page
    }

    /// Sets the size of the page itself, which a window in this mode cannot be as small as.
    pub(crate) async fn size(&self, width: u32, height: u32) {
        self.chrome(
            "Emulation.setDeviceMetricsOverride",
            serde_json::json!({"width": width, "height": height, "deviceScaleFactor": 2, "mobile": false}),
        )
        .await;
    }

    pub(crate) async fn scheme(&self, scheme: &str) {
        self.chrome(
            "Emulation.setEmulatedMedia",
            serde_json::json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        )
        .await;
    }

    async fn chrome(&self, command: &str, params: serde_json::Value) {
        let tools = self.driver.cdp();
        tools.send_raw(command, params).await.unwrap();
    }

    pub(crate) async fn run(&self, script: &str) -> serde_json::Value {
        let result = self.driver.execute(script, Vec::new()).await.unwrap();
        result.json().clone()
    }

    /// What can be read of an element, or of all that match.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let script = format!(
            "return [...document.querySelectorAll({})].map((it) => it.innerText).join('\\n')",
            serde_json::json!(selector)
        );
        self.run(&script).await.as_str().unwrap().to_owned()
    }

    /// Gives a field another value, as if it were typed.
    pub(crate) async fn set(&self, selector: &str, value: &str) {
        self.run(&format!(
            "const field = document.querySelector({}); field.value = {}; \
             field.dispatchEvent(new Event('input'))",
            serde_json::json!(selector),
            serde_json::json!(value)
        ))
        .await;
    }

    /// Waits until the list has so many rows.
    pub(crate) async fn until_rows(&self, count: usize) {
        let rows = format!("#rows:has(> :nth-child({count}):last-child)");
        self.until(&rows, "").await;
    }

    async fn has(&self, selector: &str) -> bool {
        let script = format!(
            "return !!document.querySelector({})",
            serde_json::json!(selector)
        );
        self.run(&script).await == true
    }

    /// Waits until the text of an element has `part` in it, and gives it.
    pub(crate) async fn until(&self, selector: &str, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text(selector).await;
            let is_there = !part.is_empty() || self.has(selector).await;
            if is_there && text.contains(part) {
                return text;
            }
            assert!(
                Instant::now() < deadline,
                "no {part:?} in {selector}: {text}"
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn press(&self, keys: impl Into<TypingData>) {
        let keys = self.driver.action_chain().send_keys(keys);
        keys.perform().await.unwrap();
    }

    /// Clicks the first button that has this text.
    pub(crate) async fn button(&self, text: &str) {
        let buttons = self
            .driver
            .find_all(By::Css("button, summary, a"))
            .await
            .unwrap();
        for button in buttons {
            if button.text().await.unwrap().contains(text) {
                return button.click().await.unwrap();
            }
        }
        panic!("no button {text}");
    }

    /// Opens a request from the list.
    pub(crate) async fn choose(&self, number: u64) {
        let row = format!(".row[data-number='{number}']");
        self.until(&row, "").await;
        self.run(&format!(
            "document.querySelector({}).click()",
            serde_json::json!(row)
        ))
        .await;
        self.until_shown(number).await;
    }

    /// Waits until the request is the one that is shown.
    pub(crate) async fn until_shown(&self, number: u64) {
        self.until(&format!(".head[data-of='{number}']"), "").await;
    }

    /// Keeps how the page looks now, for people to look at.
    pub(crate) async fn screenshot(&self, name: &str) {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&dir).unwrap();
        self.driver.screenshot(&dir.join(name)).await.unwrap();
    }

    pub(crate) async fn close(self) {
        self.driver.clone().quit().await.unwrap();
    }
}

/// A connection between the browser and an inspector that can be cut.
pub(crate) struct Cable {
    port: u16,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Counts the cuts.
    Whole(u64),
    /// Nothing comes through, and nothing is closed.
    Dead,
}

impl Cable {
    /// Leads from 127.0.0.1 to the same port of 127.0.0.2, so that the browser asks for a host that
    /// the inspector takes for its own.
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, watched) = watch::channel(State::Whole(0));
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(lead(
                    near,
                    SocketAddr::new([127, 0, 0, 2].into(), port),
                    watched.clone(),
                ));
            }
        });
        Self { port, state }
    }

    /// Where the inspector is to listen.
    pub(crate) fn far(&self) -> String {
        format!("127.0.0.2:{}", self.port)
    }

    /// The address of the page as the browser is to ask for it.
    pub(crate) fn near(&self, inspect: &str) -> String {
        inspect.replace("127.0.0.2", "127.0.0.1")
    }

    /// Closes all connections.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| {
            *state = match state {
                State::Whole(cuts) => State::Whole(*cuts + 1),
                State::Dead => State::Whole(0),
            }
        });
    }

    /// Lets nothing through any more.
    pub(crate) fn kill(&self) {
        self.state.send_replace(State::Dead);
    }
}

async fn lead(mut near: TcpStream, far: SocketAddr, mut state: watch::Receiver<State>) {
    let born = *state.borrow_and_update();
    let Ok(mut far) = TcpStream::connect(far).await else {
        return;
    };
    let (mut to_far, mut to_near) = (vec![0; 4096], vec![0; 4096]);
    loop {
        if *state.borrow_and_update() == State::Dead {
            _ = state.changed().await;
            return;
        }
        if *state.borrow() != born {
            return;
        }
        tokio::select! {
            _ = state.changed() => {}
            read = near.read(&mut to_far) => match read {
                Ok(read) if read > 0 => far.write_all(&to_far[..read]).await.unwrap_or_default(),
                _ => return,
            },
            read = far.read(&mut to_near) => match read {
                Ok(read) if read > 0 => near.write_all(&to_near[..read]).await.unwrap_or_default(),
                _ => return,
            },
        }
    }
}
