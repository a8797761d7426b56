//! The store of several replicas: tables in Postgres.
//!
//! Every operation is one statement, and so a transaction and a round trip of its own. A turn has an
//! identifier that the database knows: a statement whose outcome was lost with its connection is sent again,
//! and the turn is stored once. No statement is prepared, so poolers of connections work.

mod connection;
mod failure;
mod keys;
mod schema;
mod sessions;
mod tls;

use std::sync::Arc;

use async_trait::async_trait;
use weft_agent::Error;

use super::{ClientStore, Store};
use crate::{
    key_limits::{Counts, Limits},
    key_record::KeyRecord,
    settings::StoreSettings,
};
use connection::Connections;
use sessions::ClientRows;

/// The tables in a database.
pub(crate) struct PostgresStore {
    connections: Connections,
}

impl PostgresStore {
    /// Connects, and makes the tables or brings them up to date.
    ///
    /// # Errors
    /// If the URL or the database cannot be used, or is out of reach for too long.
    pub(crate) async fn open(settings: &StoreSettings) -> Result<PostgresStore, Error> {
        let connections = Connections::new(settings)?;
        schema::prepare(&connections).await?;
        Ok(PostgresStore { connections })
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn client(&self, name: Option<&str>) -> Result<Arc<dyn ClientStore>, Error> {
        Ok(Arc::new(ClientRows::new(&self.connections, name)))
    }

    async fn clients(&self) -> Result<Vec<String>, Error> {
        sessions::clients(&self.connections).await
    }

    async fn check(&self) -> Result<(), Error> {
        schema::check(&self.connections).await
    }

    async fn keys(&self, known: Option<u64>) -> Result<Option<(u64, Vec<KeyRecord>)>, Error> {
        keys::list(&self.connections, known).await
    }

    async fn add_key(&self, key: &KeyRecord) -> Result<bool, Error> {
        keys::add(&self.connections, key).await
    }

    async fn revoke_key(&self, name: &str) -> Result<bool, Error> {
        keys::revoke(&self.connections, name).await
    }

    async fn count_request(&self, key: &str, limits: Limits) -> Result<Option<Counts>, Error> {
        keys::count_request(&self.connections, key, limits)
            .await
            .map(Some)
    }

    async fn count_tokens(&self, key: &str, tokens: u64) -> Result<(), Error> {
        keys::count_tokens(&self.connections, key, tokens).await
    }
}
