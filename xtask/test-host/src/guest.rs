//! The component and its grants.

use std::{env, fs, path::Path, process::ExitCode};

use wasmtime::{
    Engine, Result, Store, StoreLimits, StoreLimitsBuilder,
    component::{Component, Linker, ResourceTable},
    error::Context as _,
};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, p2::bindings::sync};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::{
    network::{Client, Network},
    options,
};

/// Compiles the file `component` into the file `compiled`.
pub(crate) fn compile(component: &Path, compiled: &Path) -> Result<ExitCode> {
    let machine_code = Component::from_file(&Engine::default(), component)?.serialize()?;
    fs::write(compiled, machine_code).with_context(|| format!("could not write `{}`", compiled.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the component as a command on this process's standard streams, and returns its exit code.
pub(crate) fn run(options: &options::Guest) -> Result<ExitCode> {
    let mut wasi = WasiCtx::builder();
    // The first argument is the program's name.
    wasi.inherit_stdio().arg("clawft.wasm").args(&options.arguments);
    let Guest {
        mut store,
        component,
        linker,
    } = Guest::load(wasi, Client::new()?, options)?;
    let command = sync::Command::instantiate(&mut store, &component, &linker)?;
    let ended = command.wasi_cli_run().call_run(&mut store);
    // After the guest's own output.
    for complaint in &store.data().network.complaints {
        eprintln!("test-host: TLS failed: {complaint}");
    }
    match ended {
        Ok(Ok(())) => Ok(ExitCode::SUCCESS),
        Ok(Err(())) => Ok(ExitCode::FAILURE),
        Err(error) => match error.downcast_ref() {
            Some(&I32Exit(code)) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))),
            None => Err(error.context("the guest crashed")),
        },
    }
}

/// A component, and its world.
pub(crate) struct Guest {
    pub(crate) store: Store<State>,
    pub(crate) component: Component,
    pub(crate) linker: Linker<State>,
}

impl Guest {
    /// Loads the component, and adds the grants in `options` to `wasi`. `client` sends its requests.
    pub(crate) fn load(mut wasi: WasiCtxBuilder, client: Client, options: &options::Guest) -> Result<Self> {
        for (host, guest) in &options.directories {
            wasi.preopened_dir(host, guest, FsPerms::ReadWrite)
                .with_context(|| format!("could not open the directory `{}`", host.display()))?;
        }
        for name in &options.variables {
            let value = env::var(name).with_context(|| format!("could not read the variable `{name}`"))?;
            wasi.env(name, value);
        }
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
        if options.http {
            wasmtime_wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
        }
        let limits = options
            .memory
            .into_iter()
            .fold(StoreLimitsBuilder::new(), StoreLimitsBuilder::memory_size);
        let state = State {
            limits: limits.build(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            network: Network::new(client),
        };
        // SAFETY: `compile` wrote the file, in a directory that the tests made for themselves.
        let component = unsafe { Component::deserialize_file(&engine, &options.compiled)? };
        let mut store = Store::new(&engine, state);
        store.limiter(|state| &mut state.limits);
        Ok(Self {
            store,
            component,
            linker,
        })
    }
}

/// The host's state for one guest.
pub(crate) struct State {
    limits: StoreLimits,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    network: Network,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.network,
        }
    }
}
