//! `weft config`: the path of the configuration, a check of it, and the effective values.

mod show;

use super::args::{Config, ConfigAction};
use super::exit::Exit;
use super::terminal::{self, print};
use clawft_core::Turn;
use clawft_types::{Input, Session};
use std::env;
use weft_agent::{ConfigFile, Error, Home, warnings};
use weft_gateway::Settings;

impl Config {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        match self.action {
            ConfigAction::Path => print(&format!("{}\n", home.config.display()))?,
            ConfigAction::Check => check(home)?,
            ConfigAction::Show => {
                let file = ConfigFile::read(home)?;
                let (config, gateway) = read(&file)?;
                print(&show::show(&config, &gateway))?;
            }
        }
        Ok(Exit::Success)
    }
}

/// Does everything but the request to the provider, and prints the warnings of commands that send one.
fn check(home: &Home) -> Result<(), Error> {
    let file = ConfigFile::read(home)?;
    let (config, _) = read(&file)?;
    terminal::warn(&warnings::of_config(home, &file, &config, &|name| {
        env::var(name).ok()
    }));
    // Beginning a turn finds the key, and sends nothing.
    let message = Input::parse("Hello!")?;
    Turn::begin(&config, &|name| env::var(name).ok(), Session::default(), message)?;
    let (path, model, provider) = (file.path(), &config.agents.model, &config.provider.name);
    print(&format!(
        "{path}: can be used, asks the model `{model}` of the provider `{provider}`\n"
    ))
}

fn read(file: &ConfigFile) -> Result<(clawft_types::Config, Settings), Error> {
    let config = file.agent()?;
    let gateway = Settings::read(Some(file), &|name| env::var(name).ok(), None)?;
    Ok((config, gateway))
}
