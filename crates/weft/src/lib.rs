//! weft: the clawft agent as a native program.
//!
//! What the agent decides is in `clawft-core`, what it keeps in `clawft-store`; both are the component's own. Here are the
//! network ([`agent`] drives a turn with reqwest), the files of a home directory ([`home`]), the command for the terminal
//! ([`command`]), and the [`gateway`] for everything else.

pub mod agent;
pub mod command;
pub mod error;
pub mod gateway;
pub mod home;
pub mod stop;
pub mod warnings;

pub use agent::{Agent, Answer};
pub use error::{Error, Fault};
pub use home::{ConfigFile, Home};
pub use stop::Stop;

/// The version, as `weft --version` begins with it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
