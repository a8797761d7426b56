//! The gateway: the agent and the providers over HTTP, with the APIs that clients know, and a web page.
//!
//! ```text
//! server ─→ observe ─→ access ─→ completions ─→ a turn of the agent, in a task of its own
//!                             ├→ proxy ─→ routing: the request goes on to a provider as it came
//!                             ├→ models, sessions, metrics
//!                             └→ page, health: without a token
//! ```
//!
//! `settings` holds the options, `state` the data that requests share; `shutdown` runs and ends the server.
//! `api_error` has the error responses.

// Input from outside may cause an error, but never a panic or a truncated number.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod access;
mod administration;
mod api_error;
mod build;
mod completions;
mod config_warnings;
mod cors;
mod database_url;
mod exposition;
mod failure;
mod frames;
mod headers;
mod health;
mod id;
mod key_limits;
mod key_record;
mod keys;
mod limits;
mod live_answers;
mod log;
mod metrics;
mod models;
mod observe;
mod openapi;
mod origins;
mod page;
mod path_end;
mod paths;
mod proxy;
mod readiness;
mod reply;
mod routes;
mod routing;
mod running_turns;
mod search;
mod server;
mod session_id;
mod sessions;
mod settings;
mod shutdown;
mod state;
mod store;
mod tenant;
#[cfg(test)]
mod test_state;
#[cfg(test)]
mod tests;
mod time;
mod token;
mod work_limits;
mod workers;

pub use administration::{Administration, Imported};
pub use build::Build;
pub use key_record::{KeyRecord, NewKey};
pub use settings::{LISTEN_VARIABLE, STORE_VARIABLE, Settings, StoreSettings, TOKEN_VARIABLE, parse_listen};

use std::{
    env,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
};

use tokio::net::TcpListener;
use weft_agent::{Agent, ConfigFile, Error, Home, Nobody, Tools, warnings};

use access::{Access, Origin};
use log::Line;
use state::{Reloadable, Shared};
use workers::Workers;

/// The maximum number of threads of each event loop for files, the resolver of host names, and large requests.
/// [`work_limits`] reserves some for each.
const MAX_BLOCKING: usize = 64;

/// Checks the members of `gateway` that the settings do not hold: the names of `gateway.models`.
///
/// # Errors
/// If one is invalid, or goes to a provider that is not configured.
pub fn check_models(config: &clawft_types::Config, file: &ConfigFile) -> Result<(), Error> {
    routing::Routing::read(config, file, &|_| {}).map(drop)
}

/// Serves until the process gets SIGTERM or SIGINT. `listen` is the command line's address, which overrides
/// the configuration and the environment.
///
/// # Errors
/// If the configuration is invalid, no token can be had where one is required, or the address is in use.
pub fn run(home: &Home, listen: Option<SocketAddr>, build: Build) -> Result<(), Error> {
    weft_agent::limits::survive_file_size_limit();
    let runtime = workers::event_loop(MAX_BLOCKING)?;
    let served = runtime.block_on(serve(home, listen, build));
    runtime.shutdown_timeout(shutdown::LAST_WRITES);
    log::flush(shutdown::LAST_LINES);
    served
}

async fn serve(home: &Home, listen: Option<SocketAddr>, build: Build) -> Result<(), Error> {
    let file = ConfigFile::read(home)?;
    let reloadable = Reloadable::read(&file)?;
    let settings = Settings::read(Some(&file), &|name| env::var(name).ok(), listen)?;
    let (access, origin) = Access::new(&settings, home)?;
    log::hook_panics();
    server::raise_file_limit();
    let address = settings.listen;
    let agent = Agent::new(home)?;
    let store = store::open(settings.store.as_ref(), home).await?;
    let tools = Tools::new(agent.client(), home, &file, None, Arc::new(Nobody))?;
    let agent = agent.with_tools(tools);
    let workers = Workers::start(MAX_BLOCKING, shutdown::LAST_WRITES)?;
    let shared = Shared::new(agent, store, home.clone(), settings, access, reloadable, build)?;
    shared.keys.look().await?;
    // Signals are handled before the address is announced, so that none is lost afterwards.
    let signals = shutdown::Signals::new()?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| not_listening(address, &error))?;
    announce(&listener, &shared, &origin, build);
    if let Origin::File { path, .. } = &origin {
        warnings::readable_token(path)
            .iter()
            .for_each(|warning| log::warn(warning));
    }
    config_warnings::write(&shared, &file);
    shutdown::run(listener, shared, workers, signals).await;
    Ok(())
}

/// Returns the error for an address that cannot be listened on.
fn not_listening(address: SocketAddr, error: &io::Error) -> Error {
    let cause = match error.kind() {
        ErrorKind::AddrInUse => "another program listens there, perhaps another gateway",
        ErrorKind::AddrNotAvailable => "this machine does not have the address",
        ErrorKind::PermissionDenied => "permission denied, as for ports below 1024",
        _ => &error.to_string(),
    };
    Error::other(format!(
        "could not listen on `{address}`: {cause}; give another address with `--listen`"
    ))
}

/// Logs the address of the gateway, and the place of its token, but not the token.
fn announce(listener: &TcpListener, shared: &Shared, origin: &Origin, build: Build) {
    let address = listener.local_addr().unwrap_or(shared.settings.listen);
    let config = shared.config();
    let line = Line::new("listening")
        .text("address", address.to_string())
        .text("url", format!("http://{address}/"))
        .text("version", build.version)
        .text("model", &config.agents.model);
    let line = match origin {
        Origin::None => line.text("token", "none"),
        Origin::Given => line.text("token", "given"),
        Origin::File { path, new } => {
            let line = line.text("token", if *new { "made" } else { "stored" });
            line.text("token_file", path.display().to_string())
        }
    };
    line.write();
}
