//! The shared state of a gateway, for tests.

use std::sync::Arc;

use tempfile::TempDir;
use weft_agent::{Agent, ConfigFile, Home};

use super::{
    access::Access,
    build::Build,
    settings::Settings,
    state::{Reloadable, Shared},
    store::FileStore,
};

const CONFIG: &str = r#"{"agents":{"model":"team/small"},
    "providers":{"providers":{"local":{"api_base":"http://127.0.0.1:1/v1","retries":0}}}}"#;

const BUILD: Build = Build {
    version: "0.2.0",
    revision: "none",
    target: "test",
};

/// Returns the state, and the home directory of its files.
pub(super) fn new(access: Access, settings: Settings) -> (Shared, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let home = Home {
        directory: directory.path().to_owned(),
        config: directory.path().join("config.json"),
    };
    std::fs::write(&home.config, CONFIG).unwrap();
    let read = Reloadable::read(&ConfigFile::read(&home).unwrap()).unwrap();
    let agent = Agent::new(&home).unwrap();
    let store = Arc::new(FileStore::new(&home));
    let shared = Shared::new(agent, store, home, settings, access, read, BUILD).unwrap();
    (shared, directory)
}

/// Returns the state of a gateway that needs no token.
pub(super) fn local() -> (Shared, TempDir) {
    new(Access::Local, Settings::default())
}
