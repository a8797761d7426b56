//! `mock-provider [--host ADDRESS] [--port PORT] [--log FILE]`: serves the scenarios, on loopback unless another
//! address of this machine is given.
//!
//! Prints its base address as one line on stdout. Runs as long as its standard input is open, so that it ends
//! with the process that started it, in whatever way that ends; on a terminal, end it with Ctrl-C or Ctrl-D.

use std::{
    env,
    io::{self, Write as _},
    net::Ipv4Addr,
    process, thread,
};

use anyhow::{Context as _, Result, bail};
use mock_provider::{RequestLog, Server};

fn main() -> Result<()> {
    let options = Options::parse(env::args().skip(1))?;
    let log = match &options.log {
        Some(path) => {
            RequestLog::append_to(path.as_ref()).with_context(|| format!("could not open `{path}`"))?
        }
        None => RequestLog::default(),
    };
    let (host, port) = (options.host, options.port);
    let server = Server::bind_on(host, port, log)
        .with_context(|| format!("could not listen on port {port} of {host}"))?;
    println!("http://{}", server.address());
    io::stdout().flush()?;
    thread::spawn(exit_with_stdin);
    server.run().context("could not serve")
}

/// Reads standard input to its end, which comes when the parent closes it or dies, and then exits.
fn exit_with_stdin() {
    // An error is an end as well.
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    process::exit(0);
}

/// The command line.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// The address.
    host: Ipv4Addr,
    /// The port; 0 means any free one.
    port: u16,
    /// The file that requests are appended to.
    log: Option<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            host: Ipv4Addr::LOCALHOST,
            port: 0,
            log: None,
        };
        while let Some(name) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .with_context(|| format!("`{name}` needs a value"))
            };
            match name.as_str() {
                "--host" => options.host = value()?.parse().context("`--host` takes an IPv4 address")?,
                "--port" => options.port = value()?.parse().context("`--port` takes a number up to 65535")?,
                "--log" => options.log = Some(value()?),
                _ => bail!(
                    "unknown argument `{name}`; usage: mock-provider [--host ADDRESS] [--port PORT] [--log FILE]"
                ),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn all_options_are_optional() {
        let none = Options {
            host: Ipv4Addr::LOCALHOST,
            port: 0,
            log: None,
        };
        assert_eq!(parse("").expect("options"), none);
        let all = Options {
            host: Ipv4Addr::new(172, 17, 0, 1),
            port: 8080,
            log: Some("a.jsonl".to_owned()),
        };
        assert_eq!(
            parse("--log a.jsonl --port 8080 --host 172.17.0.1").expect("options"),
            all
        );
    }

    #[test]
    fn error_names_the_wrong_option() {
        for (line, named) in [
            ("--port", "`--port` needs"),
            ("--port x", "65535"),
            ("--host localhost", "IPv4"),
            ("--loud", "`--loud`"),
        ] {
            let error = parse(line).expect_err(line).to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
