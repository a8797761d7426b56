//! The store for commands that run beside the gateway or without one.

mod transfer;

pub use transfer::Imported;

use std::{env, sync::Arc};

use clawft_types::Secret;
use tokio::runtime::Runtime;
use weft_agent::{ConfigFile, Error, Fault, Home};

use super::{
    key_record::{KeyRecord, NewKey},
    settings::StoreSettings,
    store::{self, Store},
    workers,
};

/// The keys and sessions of a gateway's store. Its methods block.
pub struct Administration {
    runtime: Runtime,
    store: Arc<dyn Store>,
}

impl Administration {
    /// Opens the store of the gateway in `home`.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub fn open(home: &Home) -> Result<Administration, Error> {
        // No provider is asked, so there need not be a configuration.
        let file = match ConfigFile::read(home) {
            Err(error) if matches!(error.fault, Fault::NoConfig { named: false, .. }) => None,
            file => Some(file?),
        };
        let settings = StoreSettings::read(file.as_ref(), &|name| env::var(name).ok())?;
        let runtime = workers::event_loop(1)?;
        let store = runtime.block_on(store::open(settings.as_ref(), home))?;
        Ok(Administration { runtime, store })
    }

    /// Returns all keys.
    ///
    /// # Errors
    /// If they cannot be read, or are invalid.
    pub fn keys(&self) -> Result<Vec<KeyRecord>, Error> {
        let read = self.runtime.block_on(self.store.keys(None))?;
        Ok(read.map(|(_, keys)| keys).unwrap_or_default())
    }

    /// Makes a key. It is returned here, and nowhere else.
    ///
    /// # Errors
    /// If the name is invalid or in use, or the key cannot be stored.
    pub fn add_key(&self, new: NewKey) -> Result<Secret, Error> {
        let (record, secret) = new.make()?;
        match self.runtime.block_on(self.store.add_key(&record))? {
            true => Ok(secret),
            false => Err(Error::other(format!("there is a key `{}` already", record.name))),
        }
    }

    /// Removes a key. Its sessions stay.
    ///
    /// # Errors
    /// If there is no such key, or it cannot be removed.
    pub fn revoke_key(&self, name: &str) -> Result<(), Error> {
        match self.runtime.block_on(self.store.revoke_key(name))? {
            true => Ok(()),
            false => Err(Error::other(format!(
                "there is no key `{name}`: `weft keys list` shows the existing ones"
            ))),
        }
    }
}
