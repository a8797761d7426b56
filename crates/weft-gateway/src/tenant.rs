//! The state that belongs to one client: its sessions, and the turns of them that run.

use std::sync::Arc;

use weft_agent::{Agent, Error, Home};

use super::{
    live_answers::LiveAnswers,
    running_turns::RunningTurns,
    store::{ClientStore, KEYS, Store},
};

/// The state that belongs to one client.
pub(super) struct Tenant {
    /// The agent with the client's notes.
    pub(super) agent: Agent,
    /// The client's part of the store.
    pub(super) store: Arc<dyn ClientStore>,
    /// The running turns of sessions.
    pub(super) running: RunningTurns,
    /// The answers that other connections can join.
    pub(super) live: LiveAnswers,
}

impl Tenant {
    /// Returns the state of whoever has no key.
    ///
    /// # Errors
    /// If the path of the home directory is not UTF-8.
    pub(super) fn owner(agent: Agent, store: &Arc<dyn Store>) -> Result<Tenant, Error> {
        Ok(Tenant {
            agent,
            store: store.client(None)?,
            running: RunningTurns::default(),
            live: LiveAnswers::default(),
        })
    }

    /// Returns the state of the key `name`, whose files are in a directory of their own.
    ///
    /// # Errors
    /// If the path of `home` is not UTF-8.
    pub(super) fn of_key(
        agent: &Agent,
        store: &Arc<dyn Store>,
        home: &Home,
        name: &str,
    ) -> Result<Tenant, Error> {
        let home = Home {
            directory: home.directory.join(KEYS).join(name),
            config: home.config.clone(),
        };
        Ok(Tenant {
            agent: agent.at(&home)?,
            store: store.client(Some(name))?,
            running: RunningTurns::default(),
            live: LiveAnswers::default(),
        })
    }
}
