//! The command line.

use std::env;

use anyhow::{Context as _, Result, bail};

use crate::client::Target;

const USAGE: &str = "usage: load-generator upstream
       load-generator latency --direct URL --through URL [--requests N]
       load-generator requests --target URL [--connections N] [--requests N]
       load-generator streams --target URL [--count N] [--rounds N] [--pieces N]";

/// The variable with the key or token of requests, because command lines are public.
const KEY: &str = "LOAD_KEY";

/// The task.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Options {
    /// Play the provider until standard input ends.
    Upstream,
    /// Send requests to both targets in turns, and compare their times.
    Latency {
        direct: Target,
        through: Target,
        requests: usize,
    },
    /// Send `requests` requests on each of `connections` connections.
    Requests {
        target: Target,
        connections: usize,
        requests: usize,
    },
    /// Hold `count` streams at once, each `rounds` times, and check that each delivers `pieces` deltas.
    Streams {
        target: Target,
        count: usize,
        rounds: usize,
        pieces: usize,
    },
}

impl Options {
    /// Parses the arguments after the program's name.
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments: Vec<String> = arguments.collect();
        if arguments.is_empty() {
            bail!(USAGE);
        }
        let command = arguments.remove(0);
        let mut values = Values(arguments);
        let options = match command.as_str() {
            "upstream" => Self::Upstream,
            "latency" => Self::Latency {
                direct: values.target("--direct")?,
                through: values.target("--through")?,
                requests: values.number("--requests", 2000)?,
            },
            "requests" => Self::Requests {
                target: values.target("--target")?,
                connections: values.number("--connections", 16)?,
                requests: values.number("--requests", 200)?,
            },
            "streams" => Self::Streams {
                target: values.target("--target")?,
                count: values.number("--count", 500)?,
                rounds: values.number("--rounds", 1)?,
                pieces: values.number("--pieces", 20)?,
            },
            _ => bail!("unknown command `{command}`; {USAGE}"),
        };
        match values.0.first() {
            Some(other) => bail!("unknown argument `{other}`; {USAGE}"),
            None => Ok(options),
        }
    }
}

/// Arguments in pairs of a name and a value.
struct Values(Vec<String>);

impl Values {
    fn take(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.0.iter().position(|argument| argument == name) else {
            return Ok(None);
        };
        self.0.remove(at);
        if at == self.0.len() {
            bail!("`{name}` needs a value");
        }
        Ok(Some(self.0.remove(at)))
    }

    fn number(&mut self, name: &str, default: usize) -> Result<usize> {
        let Some(text) = self.take(name)? else {
            return Ok(default);
        };
        let number = text.parse().ok().filter(|number| *number > 0);
        number.with_context(|| format!("`{name}` takes a number from 1 on"))
    }

    fn target(&mut self, name: &str) -> Result<Target> {
        let url = self
            .take(name)?
            .with_context(|| format!("`{name}` is missing; {USAGE}"))?;
        Target::parse(&url, env::var(KEY).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn numbers_of_options_have_defaults() {
        let target = Target::parse("http://127.0.0.1:1/v1", env::var(KEY).ok()).expect("a target");
        let expected = Options::Streams {
            target,
            count: 500,
            rounds: 1,
            pieces: 7,
        };
        assert_eq!(
            parse("streams --pieces 7 --target http://127.0.0.1:1/v1").expect("options"),
            expected
        );
        assert_eq!(parse("upstream").expect("options"), Options::Upstream);
    }

    #[test]
    fn mistakes_in_options_are_named() {
        for (line, named) in [
            ("", "usage"),
            ("loud", "`loud`"),
            ("streams", "`--target` is missing"),
            ("streams --target", "`--target` needs a value"),
            ("streams --target http://h:1/ --count 0", "from 1 on"),
            ("upstream --more", "`--more`"),
        ] {
            let error = parse(line).expect_err(line).to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
