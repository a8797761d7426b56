//! The tables, and their migrations.

use deadpool_postgres::Object;
use tokio_postgres::types::Type;
use weft_agent::{Error, Fault};

use super::{
    connection::{Attempts, Connections},
    failure::Failure,
};

/// The number of the lock that the replica holds that migrates: any number that no other program uses.
const LOCK: i64 = 0x77_65_66_74;

/// The migrations, each from the version before. None is ever changed after its release.
const MIGRATIONS: [&str; 1] = [include_str!("1.sql")];

/// The table of one row that says which version the tables have.
const STATE: &str = "CREATE TABLE IF NOT EXISTS weft_state (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    schema integer NOT NULL DEFAULT 0,
    keys bigint NOT NULL DEFAULT 1
)";

/// Makes the tables, or brings them up to date. Replicas that start together take turns.
///
/// # Errors
/// If the tables are those of a newer release, or the database cannot be used.
pub(super) async fn prepare(connections: &Connections) -> Result<(), Error> {
    let mut attempts = Attempts::begin();
    loop {
        let Err(failure) = migrate(connections).await else {
            return Ok(());
        };
        let waited = attempts.wait_after(failure).await;
        waited.map_err(|failure| connections.error(failure))?;
    }
}

async fn migrate(connections: &Connections) -> Result<(), Failure> {
    let mut connection = connections.connection().await?;
    let encoding: String = connection
        .query_typed_one("SELECT current_setting('server_encoding')", &[])
        .await?
        .try_get(0)?;
    if encoding != "UTF8" {
        let cause = format!("its encoding is {encoding}, and sessions need UTF8: make another database");
        return Err(Failure::permanent(cause));
    }
    // A replica that finds everything in place needs no right to change it.
    if version(&connection).await? == Some(newest()) {
        return Ok(());
    }
    let transaction = connection.transaction().await?;
    transaction
        .query_typed("SELECT pg_advisory_xact_lock($1)", &[(&LOCK, Type::INT8)])
        .await?;
    transaction.batch_execute(STATE).await?;
    let row = transaction
        .query_typed_one(
            "INSERT INTO weft_state DEFAULT VALUES ON CONFLICT (singleton) DO UPDATE SET singleton = true RETURNING schema",
            &[],
        )
        .await?;
    let found: i32 = row.try_get(0)?;
    if found > newest() {
        let newest = newest();
        let cause = format!(
            "its tables have version {found}, and this program knows {newest}: start the newer release of weft"
        );
        return Err(Failure::permanent(cause));
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.batch_execute(migration).await?;
    }
    transaction
        .query_typed("UPDATE weft_state SET schema = $1", &[(&newest(), Type::INT4)])
        .await?;
    Ok(transaction.commit().await?)
}

/// Returns the version of the tables; `None` if there are none.
async fn version(connection: &Object) -> Result<Option<i32>, Failure> {
    let row = connection
        .query_typed_one("SELECT to_regclass('weft_state') IS NOT NULL", &[])
        .await?;
    if !row.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let rows = connection
        .query_typed("SELECT schema FROM weft_state", &[])
        .await?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
}

fn newest() -> i32 {
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

/// Checks whether turns could be stored now.
///
/// # Errors
/// If the database is out of reach, or accepts no writes.
pub(super) async fn check(connections: &Connections) -> Result<(), Error> {
    let statement = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean \
                     FROM weft_state";
    let rows = connections.query_once(statement, &[]).await?;
    let read_only = rows.first().is_none_or(|row| row.try_get(0).unwrap_or(true));
    match read_only {
        true => Err(Fault::StoreUnavailable("the store accepts no writes".to_owned()).into()),
        false => Ok(()),
    }
}
