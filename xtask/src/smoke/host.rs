//! A host of our own in the place of the wasmtime command: the program `test-host`, and TLS in front of the server.
//!
//! It speaks the wasmtime command's language as far as cases do, so they run in it as they are.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use devkit::{cargo::OnDemand, child::Guarded, project::Project};
use xshell::{Shell, cmd};

use crate::setup::Wasmtime;

/// The host. It is wasmtime as a library that takes the time.
pub(crate) const PROGRAM: OnDemand = OnDemand {
    package: "test-host",
    profile: "test-host",
    first_time: "the test host, once for this machine: about 2 minutes on 2 cores",
    sources: &["xtask/test-host", "crates/clawft-wasm/wit"],
    prepare: |_| Ok(()),
};

/// The host as the program that runs the cases, compiled if need be.
pub(super) fn program(project: &Project) -> Result<Wasmtime> {
    Ok(Wasmtime { version: "embedded in the test host".to_owned(), path: PROGRAM.ensure_built(project)? })
}

/// How a server that is asked over TLS presents itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented {
    /// With all in order.
    Trusted,
    /// By a certificate of an authority that nobody knows.
    Untrusted,
    /// By a certificate that has ended.
    Expired,
    /// By one for another name than the one that it was asked by.
    AnotherName,
    /// By no certificate: it does not speak TLS.
    Plain,
}

/// A running `test-host serve`. It ends when this is dropped, and when this process dies.
#[derive(Debug)]
pub(super) struct Front {
    _process: Guarded,
    addresses: BTreeMap<String, String>,
}

impl Front {
    /// Starts `program` in front of the plain server on `port`. Its authority is left in the folder where `shell` stands.
    pub(super) fn start(shell: &Shell, program: &Path, port: &str) -> Result<Self> {
        let (process, line) = Guarded::server(cmd!(shell, "{program} serve {port}"), "test-host")?;
        let addresses = serde_json::from_str(&line)
            .with_context(|| format!("test-host printed `{line}` where its addresses should be"))?;
        Ok(Self { _process: process, addresses })
    }

    /// The address of the server that presents itself like that, scheme and all.
    pub(super) fn address(&self, presented: Presented) -> Result<String> {
        let known = |name: &str| {
            self.addresses.get(name).with_context(|| format!("test-host printed no address `{name}`"))
        };
        Ok(match presented {
            Presented::Trusted => known("trusted")?.clone(),
            Presented::Untrusted => known("untrusted")?.clone(),
            Presented::Expired => known("expired")?.clone(),
            // Every name is loopback to the host.
            Presented::AnotherName => known("trusted")?.replace("provider.test", "another.test"),
            Presented::Plain => known("plain")?.clone(),
        })
    }
}
