//! The command line. Options that the wasmtime command has too are spelled as there.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use wasmtime::{Result, bail, ensure, error::Context as _, format_err};

/// The command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Speak TLS in front of the plain server on this port of loopback.
    Serve { upstream: u16 },
    /// Compile the file `component` to machine code, into the file `compiled`.
    Compile { component: PathBuf, compiled: PathBuf },
    /// Run the component as a command.
    Run(Guest),
    /// Call the functions that the component exports.
    Call(Guest),
    /// Serve HTTP with the component.
    Http(Served),
}

/// A component that serves HTTP.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Served {
    /// The address to listen on.
    pub(crate) address: SocketAddr,
    /// Names of its variables.
    pub(crate) variables: Vec<String>,
    /// The file of the compiled component.
    pub(crate) compiled: PathBuf,
}

/// A guest and its grants.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Guest {
    /// Whether it gets HTTP.
    pub(crate) http: bool,
    /// The limit of its memory in bytes.
    pub(crate) memory: Option<usize>,
    /// Directories, each with its name in the guest.
    pub(crate) directories: Vec<(PathBuf, String)>,
    /// Names of variables: their values are never on a command line.
    pub(crate) variables: Vec<String>,
    /// The file of the compiled component.
    pub(crate) compiled: PathBuf,
    /// The guest's own arguments, without its name.
    pub(crate) arguments: Vec<String>,
}

impl Command {
    /// Parses the arguments without the program's own name.
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self> {
        let mut arguments = arguments.map(|argument| {
            argument
                .into_string()
                .map_err(|argument| format_err!("`{}` is not UTF-8", argument.display()))
        });
        let mut next = |what: &str| arguments.next().unwrap_or_else(|| bail!("{what} is missing"));
        match next("the command")?.as_str() {
            "serve" => {
                let port = next("the port")?.parse().ok();
                Ok(Self::Serve {
                    upstream: port.context("the port is a number up to 65535")?,
                })
            }
            "compile" => {
                ensure!(next("`-o`")? == "-o", "the first argument of `compile` is `-o`");
                let compiled = next("the file for the result")?.into();
                Ok(Self::Compile {
                    compiled,
                    component: next("the component")?.into(),
                })
            }
            "run" => Ok(Self::Run(Guest::parse(arguments)?)),
            "call" => Ok(Self::Call(Guest::parse(arguments)?)),
            "http" => Ok(Self::Http(Served::parse(arguments)?)),
            other => bail!("`{other}` is none of `serve`, `compile`, `run`, `call` and `http`"),
        }
    }
}

impl Served {
    fn parse(mut arguments: impl Iterator<Item = Result<String>>) -> Result<Self> {
        let mut next = |what: &str| arguments.next().unwrap_or_else(|| bail!("{what} is missing"));
        let address: Option<SocketAddr> = next("the address")?.parse().ok();
        let address = address.context("the address is IP:PORT")?;
        let mut variables = Vec::new();
        loop {
            match next("the compiled component")?.as_str() {
                "--env" => variables.push(next("the variable's name")?),
                unknown if unknown.starts_with('-') => bail!("unknown option `{unknown}`"),
                compiled => {
                    return Ok(Self {
                        address,
                        variables,
                        compiled: compiled.into(),
                    });
                }
            }
        }
    }
}

impl Guest {
    fn parse(mut arguments: impl Iterator<Item = Result<String>>) -> Result<Self> {
        let mut guest = Self::default();
        let mut next = |what: &str| arguments.next().unwrap_or_else(|| bail!("{what} is missing"));
        loop {
            match next("the compiled component")?.as_str() {
                "-S" => {
                    ensure!(
                        next("what `-S` grants")? == "http",
                        "`-S` grants `http` and nothing else"
                    );
                    guest.http = true;
                }
                "-W" => guest.memory = Some(memory(&next("what `-W` sets")?)?),
                "--dir" => guest.directories.push(directory(&next("the directory")?)?),
                "--env" => guest.variables.push(next("the variable's name")?),
                unknown if unknown.starts_with('-') => bail!("unknown option `{unknown}`"),
                compiled => {
                    guest.compiled = compiled.into();
                    guest.arguments = arguments.collect::<Result<_>>()?;
                    return Ok(guest);
                }
            }
        }
    }
}

fn memory(text: &str) -> Result<usize> {
    let bytes = text
        .strip_prefix("max-memory-size=")
        .and_then(|bytes| bytes.parse().ok());
    bytes.context("`-W` sets `max-memory-size=BYTES` and nothing else")
}

fn directory(text: &str) -> Result<(PathBuf, String)> {
    let (host, guest) = text
        .split_once("::")
        .context("a directory is given as HOST::GUEST")?;
    Ok((host.into(), guest.to_owned()))
}
