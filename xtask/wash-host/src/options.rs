//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, Result, bail};

/// The parsed command line.
#[derive(Debug)]
pub(crate) struct Options {
    /// The address to listen on.
    pub(crate) address: SocketAddr,
    /// Names of the component's variables.
    pub(crate) variables: Vec<String>,
    /// The file of the component.
    pub(crate) component: PathBuf,
}

impl Options {
    /// Parses the arguments without the program's own name.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let address = arguments.next().context("the address is missing")?;
        let address = address.parse().context("the address is IP:PORT")?;
        let mut variables = Vec::new();
        loop {
            let argument = arguments.next().context("the component is missing")?;
            match argument.as_str() {
                "--env" => variables.push(arguments.next().context("the variable's name is missing")?),
                unknown if unknown.starts_with('-') => bail!("unknown option `{unknown}`"),
                component => {
                    return Ok(Self {
                        address,
                        variables,
                        component: component.into(),
                    });
                }
            }
        }
    }
}
