use trackingmore_webhook_inbox::{Engine, sqlx};

/// A database for the inbox and the messages. With only one kind of database, the handler would
/// call sqlx directly, on a `Job<Sqlite>` or a `Job<Postgres>`.
pub(crate) trait Database: Engine {
    /// Runs a statement, with text for `$1`, `$2` and so on.
    fn execute(
        connection: &mut Self::Connection,
        statement: &'static str,
        texts: &[&str],
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

macro_rules! implement {
    ($($database:ty),*) => {$(
        impl Database for $database {
            async fn execute(
                connection: &mut Self::Connection,
                statement: &'static str,
                texts: &[&str],
            ) -> sqlx::Result<()> {
                let query = sqlx::query(statement);
                let query = texts.iter().fold(query, |query, text| query.bind(text.to_string()));
                query.execute(connection).await?;
                Ok(())
            }
        }
    )*};
}

implement!(sqlx::Sqlite, sqlx::Postgres);
