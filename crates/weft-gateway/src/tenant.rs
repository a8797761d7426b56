//! The state that belongs to one client: its sessions, and the turns of them that run.

use super::live_answers::LiveAnswers;
use super::running_turns::RunningTurns;
use super::sessions::KnownSessions;
use weft_agent::{Agent, Error, Home};

/// The directory with a directory for each key.
const KEYS: &str = "keys";

/// The state that belongs to one client.
pub(super) struct Tenant {
    /// The agent on the client's sessions.
    pub(super) agent: Agent,
    /// The data of the sessions that were listed last.
    pub(super) known_sessions: KnownSessions,
    /// The running turns of sessions.
    pub(super) running: RunningTurns,
    /// The answers that other connections can join.
    pub(super) live: LiveAnswers,
}

impl Tenant {
    /// Returns the state for the sessions of `agent`.
    pub(super) fn new(agent: Agent) -> Tenant {
        Tenant {
            agent,
            known_sessions: KnownSessions::default(),
            running: RunningTurns::default(),
            live: LiveAnswers::default(),
        }
    }

    /// Returns the state of the key `name`, whose sessions are in a directory of their own.
    ///
    /// # Errors
    /// If the path of `home` is not UTF-8.
    pub(super) fn of_key(agent: &Agent, home: &Home, name: &str) -> Result<Tenant, Error> {
        let home = Home {
            directory: home.directory.join(KEYS).join(name),
            config: home.config.clone(),
        };
        Ok(Tenant::new(agent.at(&home)?))
    }
}
