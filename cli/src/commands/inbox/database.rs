//! Opens an existing inbox. It never creates one: a mistyped name would look like an empty
//! inbox.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use trackingmore_webhook_inbox::{InboxOptions, PgInbox, SqliteInbox};

use super::failed;
use crate::{failure::Failure, output::Foreign};

const FORMS: &str = "sqlite:FILE or postgres://USER@HOST/NAME";

/// PostgreSQL's code for no such database, and SQLite's for a file that is none.
const NO_DATABASE: [&str; 2] = ["3D000", "26"];

/// How long to wait for a server, which is less than the timeout of a connection.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) enum Database {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Database {
    /// Reads a URL. No error quotes more of it than its scheme: it may have a password.
    pub(super) fn parse(url: Option<&str>) -> Result<Self, Failure> {
        let url =
            url.ok_or_else(|| Failure::usage(format_args!("no inbox: give --database {FORMS}")))?;
        let Some((scheme, rest)) = url.split_once(':') else {
            let what = format_args!("--database has no scheme: write {FORMS}");
            return Err(Failure::usage(what));
        };
        match scheme {
            "sqlite" => Ok(Self::Sqlite(rest.strip_prefix("//").unwrap_or(rest).into())),
            "postgres" | "postgresql" => Ok(Self::Postgres(url.to_owned())),
            _ => Err(Failure::usage(format_args!(
                "--database has the scheme \"{}\": write {FORMS}",
                Foreign(scheme)
            ))),
        }
    }
}

pub(super) async fn open_sqlite(
    path: &Path,
    options: InboxOptions,
) -> Result<SqliteInbox, Failure> {
    let name = path.display();
    fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::usage(format_args!("there is no file {name}")),
        _ => Failure::usage(format_args!("cannot open {name}: {error}")),
    })?;
    let probe = async {
        let options = SqliteConnectOptions::new().filename(path);
        let mut connection = options.connect().await?;
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'trackingmore_schema'";
        let tables: i64 = sqlx::query_scalar(tables)
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(tables > 0)
    };
    is_inbox(probe, &format!("the file {name}")).await?;
    SqliteInbox::open_with(path, options).await.map_err(failed)
}

pub(super) async fn open_postgres(url: &str, options: InboxOptions) -> Result<PgInbox, Failure> {
    let server: PgConnectOptions = url
        .parse()
        .map_err(|error| Failure::usage(format_args!("--database: {error}")))?;
    let name = server.get_database().unwrap_or(server.get_username());
    let name = format!("the database {}", Foreign(name));
    let probe = async {
        let mut connection = server.connect().await?;
        let tables = "SELECT to_regclass('trackingmore.schema') IS NOT NULL";
        let tables: bool = sqlx::query_scalar(tables)
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(tables)
    };
    is_inbox(probe, &name).await?;
    PgInbox::connect_with(url, options).await.map_err(failed)
}

/// Fails unless the inbox's tables are there, before opening it would make them.
async fn is_inbox(
    probe: impl Future<Output = Result<bool, sqlx::Error>>,
    name: &str,
) -> Result<(), Failure> {
    let found = tokio::time::timeout(PATIENCE, probe).await.map_err(|_| {
        let seconds = PATIENCE.as_secs();
        Failure::failed(format_args!("{name} does not answer within {seconds} s"))
    })?;
    match found {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::usage(format_args!("{name} has no inbox in it"))),
        Err(error) => {
            let code = error.as_database_error().and_then(|error| error.code());
            let is_missing = code.is_some_and(|code| NO_DATABASE.contains(&&*code));
            let what = error.to_string();
            let what = format!("cannot open {name}: {}", Foreign(&what));
            Err(match is_missing {
                true => Failure::Usage(what),
                false => Failure::Failed(what),
            })
        }
    }
}
