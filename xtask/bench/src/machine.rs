//! The machine of a measurement, for comparisons with others.

use std::{env::consts, fs, thread};

use anyhow::Result;
use devkit::{cmd, project::Project};
use flags::{Subject, values::Releases};
use serde::{Deserialize, Serialize};
use xshell::cmd;

/// The machine, and the tools that influence the figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Machine {
    /// Model name from the system.
    pub(super) processor: String,
    /// Number of usable processors.
    pub(super) processors: usize,
    /// Architecture as Rust names it: `x86_64`.
    pub(super) architecture: String,
    /// Operating system with its version.
    pub(super) system: String,
    /// The compiler of the measured programs.
    pub(super) rustc: String,
    /// The wasmtime that ran them, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wasmtime: Option<String>,
}

impl Machine {
    /// Describes this machine, for measurements of `subject`.
    pub(super) fn this(project: &Project, subject: Subject) -> Result<Self> {
        let shell = project.shell()?;
        let wasmtime = match subject {
            Subject::Component | Subject::Serve => {
                Some(toolchain::wasmtimes(project, Releases::Chosen)?.remove(0).version)
            }
            Subject::Gateway | Subject::Peers | Subject::Commands | Subject::Cold | Subject::Diet => None,
        };
        Ok(Self {
            processor: find("/proc/cpuinfo", "model name", ':').unwrap_or_else(|| "unknown".to_owned()),
            processors: thread::available_parallelism().map_or(1, usize::from),
            architecture: consts::ARCH.to_owned(),
            system: find("/etc/os-release", "PRETTY_NAME", '=').unwrap_or_else(|| consts::OS.to_owned()),
            rustc: cmd::read(cmd!(shell, "rustc --version"), "ask rustc for its version")?,
            wasmtime,
        })
    }

    /// Returns the description as a sentence without its full stop.
    pub(super) fn sentence(&self) -> String {
        let Self {
            processor,
            processors,
            architecture,
            system,
            rustc,
            wasmtime,
        } = self;
        let wasmtime = wasmtime
            .as_ref()
            .map(|version| format!(", wasmtime {version}"))
            .unwrap_or_default();
        format!("{processors} × {processor} ({architecture}), {system}, {rustc}{wasmtime}")
    }
}

/// Returns the value of the first line `name SEPARATOR value` of a file, if there is one.
fn find(path: &str, name: &str, separator: char) -> Option<String> {
    value(&fs::read_to_string(path).ok()?, name, separator)
}

fn value(text: &str, name: &str, separator: char) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(separator));
    let (_, value) = lines.find(|(found, _)| found.trim() == name)?;
    Some(value.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_values_by_name() {
        let text = "processor\t: 0\nmodel name\t: A CPU: fast\nmodel name\t: another\n";
        assert_eq!(value(text, "model name", ':').unwrap(), "A CPU: fast");
        assert_eq!(
            value("A=1\nPRETTY_NAME=\"Some OS 12\"", "PRETTY_NAME", '=').unwrap(),
            "Some OS 12"
        );
        assert_eq!(value(text, "vendor", ':'), None);
    }
}
