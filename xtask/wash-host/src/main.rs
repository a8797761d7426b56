//! wasmCloud's runtime with one component that serves HTTP.
//!
//! ```text
//! wash-host ADDRESS [--env NAME]… COMPONENT
//! ```
//!
//! Values of variables are taken from the environment, because they may be keys.
//!
//! Modules in reading order: [`options`] parses the command line, [`server`] is a plugin of the runtime that hands
//! requests to the component.

mod options;
mod server;

use std::{env, fs, future, process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result};
use wash_runtime::{engine::Engine, host::{HostApi as _, HostBuilder}, types::{Component, LocalResources, Workload, WorkloadStartRequest}, wit::WitInterface};

use crate::{options::Options, server::Server};

fn main() -> ExitCode {
    match Options::parse(env::args().skip(1)).and_then(|options| serve(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wash-host: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Serves the component until this process is killed.
fn serve(options: &Options) -> Result<()> {
    let server = Server::listen(options.address)?;
    let workload = workload(options)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let host = HostBuilder::new()
            .with_engine(Engine::builder().build()?)
            .with_plugin(Arc::new(server))?
            .build()?;
        let host = host.start().await.context("could not start the host")?;
        host.workload_start(WorkloadStartRequest { workload })
            .await
            .context("could not start the component")?;
        future::pending().await
    })
}

/// Describes the component as an operator of wasmCloud does.
fn workload(options: &Options) -> Result<Workload> {
    let shown = options.component.display();
    let bytes = fs::read(&options.component).with_context(|| format!("could not read `{shown}`"))?;
    let value = |name: &String| {
        let value = env::var(name).with_context(|| format!("could not read the variable `{name}`"))?;
        Ok((name.clone(), value))
    };
    let local_resources = LocalResources {
        environment: options.variables.iter().map(value).collect::<Result<_>>()?,
        ..LocalResources::default()
    };
    let component = Component {
        bytes: bytes.into(),
        local_resources,
        ..Component::default()
    };
    Ok(Workload {
        namespace: "test".to_owned(),
        name: "served".to_owned(),
        annotations: [].into(),
        service: None,
        components: vec![component],
        host_interfaces: vec![WitInterface::from(server::INTERFACE)],
        volumes: Vec::new(),
    })
}
