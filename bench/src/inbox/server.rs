//! The PostgreSQL server: that of `DATABASE_URL`, or one in a temporary folder.

use std::{
    env, fs,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    process::{self, Command, Stdio},
    sync::Mutex,
};

use tempfile::TempDir;
use trackingmore_webhook_inbox::sqlx::{
    self, AssertSqlSafe, ConnectOptions as _, PgConnection, postgres::PgConnectOptions,
};

pub struct Server {
    options: PgConnectOptions,
    databases: Mutex<Vec<String>>,
    _own: Option<Cluster>,
}

impl Server {
    pub async fn start() -> Self {
        let (options, own) = match env::var("DATABASE_URL") {
            Ok(url) => (url.parse().expect("the URL of a PostgreSQL server"), None),
            Err(_) => {
                let cluster = Cluster::start();
                (cluster.options(), Some(cluster))
            }
        };
        Self {
            options,
            databases: Mutex::default(),
            _own: own,
        }
    }

    /// Makes an empty database.
    pub async fn new_database(&self) -> PgConnectOptions {
        let name = {
            let mut databases = self.databases.lock().expect("no panic");
            let number = databases.len();
            databases.push(format!("trackingmore_bench_{}_{number}", process::id()));
            databases[number].clone()
        };
        self.run(format!("CREATE DATABASE {name}")).await;
        self.options.clone().database(&name)
    }

    /// Drops the databases.
    pub async fn end(self) {
        let databases = self.databases.lock().expect("no panic").clone();
        for name in databases {
            self.run(format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }

    async fn run(&self, sql: String) {
        let connection = self.options.connect().await;
        let mut connection: PgConnection = connection.expect("a server");
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .expect("a user who may make databases");
    }
}

/// Our own server, with its default settings.
struct Cluster {
    programs: PathBuf,
    folder: TempDir,
}

impl Cluster {
    fn start() -> Self {
        let programs = programs().expect("DATABASE_URL, or the programs of PostgreSQL");
        let folder = tempfile::tempdir().expect("a folder");
        let cluster = Self { programs, folder };
        if is_root() {
            let mut chown = Command::new("chown");
            run(chown.arg("postgres").arg(cluster.folder.path()));
        }
        let mut initdb = cluster.program("initdb");
        run(initdb
            .args(["-A", "trust", "-U", "postgres", "-D"])
            .arg(cluster.data()));
        let file = cluster.data().join("postgresql.conf");
        let settings = format!(
            "{}\nlisten_addresses = ''\nunix_socket_directories = '{}'\n",
            fs::read_to_string(&file).expect("a file"),
            cluster.folder.path().display()
        );
        fs::write(file, settings).expect("a file");
        run(&mut cluster.control(&["-w", "-l", "log", "start"]));
        cluster
    }

    fn options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass().socket(self.folder.path());
        options.port(5432).username("postgres").database("postgres")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn control(&self, arguments: &[&str]) -> Command {
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(self.data()).args(arguments);
        command
    }

    /// One of its programs, which refuse to run as root.
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
        run(&mut self.control(&["-m", "immediate", "stop"]));
    }
}

fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.flatten().map(|version| version.path().join("bin"));
    let mut folders = env::split_paths(&path).chain(debian);
    // The programs look for each other in their own folder, not in that of a link to them.
    folders.find_map(|folder| {
        let program = fs::canonicalize(folder.join("pg_ctl")).ok()?;
        let folder = program.parent()?;
        folder.join("initdb").exists().then(|| folder.to_owned())
    })
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "{command:?}");
}
