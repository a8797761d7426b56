//! The arguments of a run for `iwasm`, and for our runner, which has more options.

use std::ffi::OsString;

use anyhow::{Result, bail};

use super::{Artifact, Guest, KEY_VARIABLE, ToDo};
use crate::guests::wamr::Wamr;

/// Returns the arguments of `iwasm` or the runner. `iwasm` takes the values of variables only on its command line;
/// the test key gives no access to anything.
pub(super) fn arguments(guest: &Guest<'_>, host: &Wamr) -> Result<Vec<OsString>> {
    let mut arguments: Vec<OsString> = Vec::new();
    if guest.to_do == ToDo::Call {
        arguments.push("--call".into());
    }
    if guest.config {
        let mut grant = OsString::from("--map-dir=/config::");
        grant.push(guest.test.granted());
        arguments.push(grant);
    }
    for (host, path) in &guest.directories {
        let mut grant = OsString::from(format!("--map-dir={path}::"));
        grant.push(host);
        arguments.push(grant);
    }
    let key = guest.key.iter().map(|key| format!("{KEY_VARIABLE}={key}"));
    let variables = key.chain(guest.variables.iter().cloned());
    arguments.extend(variables.map(|variable| format!("--env={variable}").into()));
    let number = |name: &str, number: usize| OsString::from(format!("--{name}={number}"));
    arguments.extend(guest.memory.map(|bytes| number("max-memory", bytes)));
    arguments.extend(guest.stack.map(|bytes| number("stack-size", bytes)));
    if let Some(file) = &guest.measured {
        let mut report = OsString::from("--report=");
        report.push(file);
        arguments.push(report);
    }
    let shipped = &guest.test.fixture.shipped;
    arguments.push(match guest.artifact {
        Artifact::Component => shipped.component.clone().into(),
        Artifact::Wasip1 => shipped.wasip1.clone().into(),
        Artifact::Sessions => host.sessions.clone().into(),
        Artifact::Compiled => bail!("WAMR runs nothing that wasmtime compiled"),
    });
    arguments.extend(guest.arguments.iter().map(OsString::from));
    Ok(arguments)
}
