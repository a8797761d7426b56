//! The keys of clients: each has a name, limits, and sessions of its own.

mod set;
mod spent;

#[cfg(test)]
pub(super) use set::LOOK;
pub(super) use set::{ClientKey, Keys};
pub(super) use spent::Spent;

use std::sync::Arc;

use super::tenant::Tenant;

/// The sender of a request.
#[derive(Clone)]
pub(super) enum Client {
    /// The holder of the gateway's token, or anybody where none is required.
    Owner,
    /// The holder of a key.
    Key(Arc<ClientKey>),
}

impl Client {
    /// Returns the part of the gateway's state that belongs to this client; `owner` is that of whoever has no key.
    pub(super) fn tenant(&self, owner: &Arc<Tenant>) -> Arc<Tenant> {
        match self {
            Client::Owner => Arc::clone(owner),
            Client::Key(key) => Arc::clone(&key.tenant),
        }
    }

    /// Returns whether the client may use a model by this name.
    pub(super) fn may_use(&self, model: &str) -> bool {
        match self {
            Client::Owner => true,
            Client::Key(key) => key.record.may_use(model),
        }
    }

    /// Returns the key, if the client has one.
    pub(super) fn key(&self) -> Option<&Arc<ClientKey>> {
        match self {
            Client::Owner => None,
            Client::Key(key) => Some(key),
        }
    }
}
