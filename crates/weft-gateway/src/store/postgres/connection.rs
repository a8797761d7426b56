//! A pool of connections, and statements that are sent again if a connection is lost.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};
use weft_agent::{Error, tls};

use super::{failure::Failure, tls::MakeTls};
use crate::{
    database_url::{self, DatabaseUrl},
    settings::StoreSettings,
};

/// The longest time for which a statement is tried: long enough for a restart of the database.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The longest time that one attempt waits for an answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// The first and the longest pause between two attempts.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(500)];

/// A value in a statement, with its type.
pub(super) type Value<'a> = (&'a (dyn ToSql + Sync), Type);

/// The connections to a database. Clones share them.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    address: Arc<str>,
}

impl Connections {
    /// Returns connections that are made when they are needed.
    pub(super) fn new(settings: &StoreSettings) -> Result<Connections, Error> {
        let DatabaseUrl {
            config,
            roots,
            address,
        } = database_url::parse(settings.url.expose())
            .map_err(|error| Error::other(format!("`store.url`: {error}")))?;
        let tls = MakeTls::new(tls::client_config(roots.as_deref())?);
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(config, tls, ManagerConfig { recycling_method });
        let pool = Pool::builder(manager)
            .max_size(settings.max_connections as usize)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(ANSWER_TIME))
            .create_timeout(Some(ANSWER_TIME))
            .build()
            .map_err(|error| Error::other(format!("`store`: {error}")))?;
        Ok(Connections {
            pool,
            address: address.into(),
        })
    }

    /// Returns the rows of a statement that may be sent twice: if a connection is lost, it is sent again.
    pub(super) async fn query(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Error> {
        let tried = self.persist(statement, values).await;
        tried.map_err(|failure| self.error(failure))
    }

    /// Does the same for a statement that stores a turn. Returns `None` if it is stored already.
    pub(super) async fn store(
        &self,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<Option<Vec<Row>>, Error> {
        match self.persist(statement, values).await {
            Err(failure) if failure.is_repetition => Ok(None),
            tried => tried.map(Some).map_err(|failure| self.error(failure)),
        }
    }

    /// Returns the rows of a statement that is sent once.
    pub(super) async fn query_once(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Error> {
        let tried = self.try_query(statement, values).await;
        tried.map_err(|failure| self.error(failure))
    }

    /// Returns the error for the user.
    pub(super) fn error(&self, failure: Failure) -> Error {
        failure.at(&self.address)
    }

    async fn persist(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        let mut attempts = Attempts::begin();
        loop {
            match self.try_query(statement, values).await {
                Ok(rows) => return Ok(rows),
                Err(failure) => attempts.wait_after(failure).await?,
            }
        }
    }

    async fn try_query(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        let connection = self.connection().await?;
        // Boxed, because the compiler cannot prove that the unboxed future is `Send`.
        let rows: BoxFuture<'_, _> = Box::pin(connection.query_typed(statement, values));
        match timeout(ANSWER_TIME, rows).await {
            Ok(rows) => Ok(rows?),
            Err(_) => {
                // Nobody else shall wait behind this statement.
                drop(Object::take(connection));
                Err(Failure::temporary(format!(
                    "no answer within {} s",
                    ANSWER_TIME.as_secs()
                )))
            }
        }
    }

    /// Returns a connection of the pool.
    pub(super) async fn connection(&self) -> Result<Object, Failure> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(TimeoutType::Wait) => Failure::temporary(format!(
                "all {} connections are in use (`store.max_connections`)",
                self.pool.status().max_size
            )),
            PoolError::Timeout(_) => {
                Failure::temporary(format!("no connection within {} s", ANSWER_TIME.as_secs()))
            }
            error => Failure::temporary(error.to_string()),
        })
    }
}

/// The attempts at one operation.
pub(super) struct Attempts {
    deadline: Instant,
    pause: Duration,
}

impl Attempts {
    /// Begins with the first one.
    pub(super) fn begin() -> Attempts {
        let [pause, _] = PAUSES;
        Attempts {
            deadline: Instant::now() + PATIENCE,
            pause,
        }
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// The failure, if there is no use or no time for another attempt.
    pub(super) async fn wait_after(&mut self, failure: Failure) -> Result<(), Failure> {
        let [_, longest] = PAUSES;
        if !failure.is_temporary || Instant::now() + self.pause >= self.deadline {
            return Err(failure);
        }
        sleep(self.pause).await;
        self.pause = longest.min(self.pause.saturating_mul(2));
        Ok(())
    }
}
