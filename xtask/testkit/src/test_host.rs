//! A host of our own in the place of the wasmtime command: the program `test-host`, and TLS in front of the server.
//!
//! It speaks the wasmtime command's language as far as cases do, so they run in it as they are.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use devkit::{cargo::OnDemand, child::Guarded};
use xshell::{Shell, cmd};

/// The host. It is wasmtime as a library that takes the time.
pub const PROGRAM: OnDemand = OnDemand {
    package: "test-host",
    profile: "test-host",
    first_time: "the test host, once for this machine: about 2 minutes on 2 cores",
    sources: &["xtask/test-host", "crates/clawft-wasm/wit"],
    prepare: |_| Ok(()),
};

/// How a server that is asked over TLS presents itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
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
pub struct TlsFront {
    _process: Guarded,
    addresses: BTreeMap<String, String>,
}

impl TlsFront {
    /// Starts `program` in front of the plain server on `port`. Its authority is left in the directory where `shell` stands.
    pub fn start(shell: &Shell, program: &Path, port: &str) -> Result<Self> {
        let (process, line) = Guarded::server(cmd!(shell, "{program} serve {port}"), "test-host")?;
        let addresses = serde_json::from_str(&line)
            .with_context(|| format!("test-host printed `{line}` where its addresses should be"))?;
        Ok(Self { _process: process, addresses })
    }

    /// The address of the server that presents itself like that, scheme and all.
    pub fn address(&self, presented: Certificate) -> Result<String> {
        let known = |name: &str| {
            self.addresses.get(name).with_context(|| format!("test-host printed no address `{name}`"))
        };
        Ok(match presented {
            Certificate::Trusted => known("trusted")?.clone(),
            Certificate::Untrusted => known("untrusted")?.clone(),
            Certificate::Expired => known("expired")?.clone(),
            // Every name is loopback to the host.
            Certificate::AnotherName => known("trusted")?.replace("provider.test", "another.test"),
            Certificate::Plain => known("plain")?.clone(),
        })
    }
}
