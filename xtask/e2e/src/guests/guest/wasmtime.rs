//! The arguments of a run for the wasmtime command.

use std::ffi::OsString;

use anyhow::{Result, bail};

use super::{Artifact, Guest, KEY_VARIABLE, ToDo};

/// Returns the arguments of the wasmtime command.
pub(super) fn arguments(guest: &Guest<'_>) -> Result<Vec<OsString>> {
    let fixture = guest.test.fixture;
    let mut arguments: Vec<OsString> = vec![match guest.to_do {
        ToDo::Run => "run".into(),
        ToDo::Call => "call".into(),
    }];
    if guest.http {
        arguments.extend(["-S", "http"].map(OsString::from));
    }
    if let Some(memory) = guest.memory {
        arguments.extend(["-W".into(), format!("max-memory-size={memory}").into()]);
    }
    if guest.config {
        let mut grant = guest.test.granted().into_os_string();
        grant.push("::/config");
        arguments.extend(["--dir".into(), grant]);
    }
    for (host, path) in &guest.directories {
        let mut grant = host.clone().into_os_string();
        grant.push("::");
        grant.push(path);
        arguments.extend(["--dir".into(), grant]);
    }
    if guest.key.is_some() {
        arguments.extend(["--env", KEY_VARIABLE].map(OsString::from));
    }
    for variable in &guest.variables {
        arguments.extend(["--env", variable].map(OsString::from));
    }
    match guest.artifact {
        Artifact::Component => arguments.push(fixture.shipped.component.clone().into()),
        Artifact::Compiled => arguments.extend(["--allow-precompiled".into(), fixture.compiled()?.into()]),
        Artifact::Sessions => bail!("sessions are looked at on WAMR"),
        Artifact::Wasip1 => arguments.push(fixture.shipped.wasip1.clone().into()),
    }
    arguments.extend(guest.arguments.iter().map(OsString::from));
    Ok(arguments)
}
