//! Migrations of the inbox's tables. Their version is in a table of its own.

use crate::{
    InboxError, InboxErrorKind,
    store::{Arg, Store},
};

/// Runs the migrations that the database lacks, in the caller's transaction.
pub(crate) async fn bring_up_to_date<DB: Store>(
    connection: &mut DB::Connection,
    migrations: &'static [&'static str],
) -> Result<(), InboxError> {
    let found = DB::run(connection, DB::sql().version, Vec::new()).await?;
    let found = match found.first() {
        Some(row) => usize::try_from(row.int(0)?).unwrap_or(usize::MAX),
        None => 0,
    };
    let Some(missing) = migrations.get(found..) else {
        return Err(InboxError::with_detail(
            InboxErrorKind::NewerSchema,
            format!(
                "their version is {found}, and this library knows versions up to {}",
                migrations.len()
            ),
        ));
    };
    if missing.is_empty() {
        return Ok(());
    }
    for migration in missing {
        DB::run_script(connection, migration).await?;
    }
    DB::run(connection, DB::sql().forget_version, Vec::new()).await?;
    let version = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    DB::run(connection, DB::sql().set_version, vec![Arg::Int(version)]).await?;
    Ok(())
}

#[cfg(all(test, feature = "sqlite"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use sqlx::{Connection as _, Sqlite, SqliteConnection};

    use super::bring_up_to_date;
    use crate::{InboxErrorKind, SqliteInbox};

    const FIRST: &str = include_str!("store/sqlite/1.sql");
    const SECOND: &str = "ALTER TABLE trackingmore_parcel ADD COLUMN weight INTEGER";

    #[tokio::test]
    async fn a_file_of_the_first_version_is_migrated_and_then_refused_by_that_version() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deliveries.db");
        fs::write(&file, include_bytes!("../tests/sqlite/version-1.db")).unwrap();
        let open_before = SqliteInbox::open(&file).await.unwrap();

        let url = format!("sqlite:{}", file.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        for _ in 0..2 {
            bring_up_to_date::<Sqlite>(&mut connection, &[FIRST, SECOND])
                .await
                .unwrap();
        }
        let weights = "SELECT count(*) FROM trackingmore_parcel WHERE weight IS NULL";
        let parcels: i64 = sqlx::query_scalar(weights)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(parcels, 2);

        // A process of the first version that has the file open goes on. Another cannot open it.
        assert_eq!(open_before.stats().await.unwrap().stored, 4);
        assert_eq!(open_before.retry_dead().await.unwrap(), 1);
        let error = SqliteInbox::open(&file).await.unwrap_err();
        assert_eq!(error.kind(), InboxErrorKind::NewerSchema);
    }
}
