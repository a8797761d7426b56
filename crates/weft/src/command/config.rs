//! `weft config`: the path of the configuration, a check of it, and the effective values.

mod check;
mod show;

use std::env;

use weft_agent::{ConfigFile, Error, Home};
use weft_gateway::Settings;

use super::{
    args::{Config, ConfigAction},
    chat::wants_stream,
    exit::Exit,
    terminal::print,
};

impl Config {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        match self.action {
            ConfigAction::Path => print(&format!("{}\n", home.config.display()))?,
            ConfigAction::Check { offline, strict } => return check::check(home, offline, strict),
            ConfigAction::Show => {
                let file = ConfigFile::read(home)?;
                let (mut config, gateway) = read(&file)?;
                config.agents.stream = wants_stream(&file, &config)?;
                print(&show::show(&config, &gateway))?;
            }
        }
        Ok(Exit::Success)
    }
}

fn read(file: &ConfigFile) -> Result<(clawft_types::Config, Settings), Error> {
    let config = file.agent()?;
    let gateway = Settings::read(Some(file), &|name| env::var(name).ok(), None)?;
    Ok((config, gateway))
}
