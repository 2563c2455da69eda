//! A server for one test, which can stop and kill it.

use std::{
    env, fs,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;
use trackingmore_webhook_inbox::sqlx::{ConnectOptions as _, postgres::PgConnectOptions};

use crate::support::{skip, wait::until};

pub(crate) struct Cluster {
    programs: PathBuf,
    folder: TempDir,
}

impl Cluster {
    /// Creates and starts a server. Skips the test if PostgreSQL's programs are missing.
    pub(crate) async fn start_new() -> Option<Self> {
        let Some(programs) = programs() else {
            skip(
                "the tests that stop and kill a server start their own: \
                 install PostgreSQL, in PATH or as Debian does",
            );
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let cluster = Self { programs, folder };
        if is_root() {
            run(Command::new("chown")
                .arg("postgres")
                .arg(cluster.folder.path()));
        }
        let data = cluster.data();
        run(cluster
            .program("initdb")
            .args(["-A", "trust", "-U", "postgres", "-D"])
            .arg(&data));
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\nshared_buffers = '16MB'\n",
            cluster.folder.path().display()
        );
        let file = data.join("postgresql.conf");
        let settings = fs::read_to_string(&file).unwrap() + &settings;
        fs::write(&file, settings).unwrap();
        cluster.start().await;
        Some(cluster)
    }

    pub(crate) fn options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass().socket(self.folder.path());
        options.port(5432).username("postgres").database("postgres")
    }

    /// Starts the server, and waits until it answers.
    pub(crate) async fn start(&self) {
        let log = self.folder.path().join("log");
        // After a kill, it can start only once the last of its processes has ended.
        until("the server starts", || async {
            let mut start = self.control(&["-w", "-l", log.to_str().unwrap(), "start"]);
            start
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
        })
        .await;
        until("the server answers", || async {
            self.options().connect().await.is_ok()
        })
        .await;
    }

    /// Stops the server: `fast` as an administrator does, `immediate` like a crash.
    pub(crate) fn stop(&self, mode: &str) {
        run(&mut self.control(&["-w", "-m", mode, "stop"]));
    }

    /// Kills the server with -9.
    pub(crate) fn kill(&self) {
        let id = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let id = id.lines().next().unwrap();
        run(Command::new("kill").args(["-9", id]));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn control(&self, arguments: &[&str]) -> Command {
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(self.data()).args(arguments);
        command
    }

    /// Prepares one of its programs. They refuse to run as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.control(&["-m", "immediate", "stop"]);
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let debian = debian.map(|version| version.path().join("bin"));
    // The programs look for each other in their real folder, not beside a link to them.
    let folder = |folder: PathBuf| {
        let program = fs::canonicalize(folder.join("pg_ctl")).ok()?;
        let folder = program.parent()?;
        folder.join("initdb").exists().then(|| folder.to_owned())
    };
    env::split_paths(&path).chain(debian).find_map(folder)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
