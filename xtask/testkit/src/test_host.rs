//! The program `test-host`, which takes the place of the wasmtime command, and TLS in front of the mock provider.
//!
//! It has the options of the wasmtime command that cases use, so they run in it unchanged.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use builds::on_demand::OnDemand;
use devkit::child::Guarded;
use xshell::{Shell, cmd};

/// The host. Compiling wasmtime as a library takes most of the time.
pub const PROGRAM: OnDemand = OnDemand {
    package: "test-host",
    workspace: None,
    profile: "test-host",
    first_time: "the test host, once for this machine: about 2 minutes on 2 cores",
    sources: &["xtask/test-host", "crates/clawft-wasm/wit"],
    prepare: |_| Ok(()),
};

/// The certificate of a server with TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// A valid certificate.
    Trusted,
    /// A certificate of an unknown authority.
    Untrusted,
    /// An expired certificate.
    Expired,
    /// A certificate for another name than the requested one.
    AnotherName,
    /// No certificate: the server does not use TLS.
    Plain,
}

/// A running `test-host serve`. It ends when this is dropped, and when this process dies.
#[derive(Debug)]
pub struct TlsFront {
    _process: Guarded,
    addresses: BTreeMap<String, String>,
}

impl TlsFront {
    /// Starts `program` in front of the plain server on `port`. It writes its authority to the current directory
    /// of `shell`.
    pub fn start(shell: &Shell, program: &Path, port: &str) -> Result<Self> {
        let (process, line) = Guarded::server(cmd!(shell, "{program} serve {port}"), "test-host")?;
        let addresses = serde_json::from_str(&line)
            .with_context(|| format!("test-host printed `{line}` where its addresses should be"))?;
        Ok(Self {
            _process: process,
            addresses,
        })
    }

    /// Returns the address of the server with this certificate, including the scheme.
    pub fn address(&self, presented: Certificate) -> Result<String> {
        let known = |name: &str| {
            self.addresses
                .get(name)
                .with_context(|| format!("test-host printed no address `{name}`"))
        };
        Ok(match presented {
            Certificate::Trusted => known("trusted")?.clone(),
            Certificate::Untrusted => known("untrusted")?.clone(),
            Certificate::Expired => known("expired")?.clone(),
            // The host resolves every name to loopback.
            Certificate::AnotherName => known("trusted")?.replace("provider.test", "another.test"),
            Certificate::Plain => known("plain")?.clone(),
        })
    }
}
