//! The version of the inbox's tables, in a table of its own.

use crate::{
    InboxError, InboxErrorKind,
    store::{Arg, Store},
};

/// Runs the migrations that the database has not seen, in the caller's transaction.
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
                "they are of version {found}, and this one knows {}",
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
