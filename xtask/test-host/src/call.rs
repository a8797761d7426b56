//! The exported functions, called as by a host that embeds the component: many calls on one instance.

use std::{
    io::{self, BufRead as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use wasmtime::{Result, Store, error::Context as _};
use wasmtime_wasi::WasiCtx;

use self::world::Agent;
use crate::{
    guest::{Guest, State},
    network::Client,
    options,
};

mod world {
    //! The component's promises in its `wit/` directory.
    #![allow(missing_docs, unreachable_pub, reason = "written by a macro")]

    wasmtime::component::bindgen!({
        path: "../../crates/clawft-wasm/wit",
        world: "agent",
    });
}

/// A line of standard input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Call {
    /// The exported function of this name.
    ProcessMessage(String),
    /// The exported function of this name.
    Capabilities,
    /// No guest: the exchange that the guest would have with the server, for comparison.
    Native { url: String, body: String },
}

/// A line of standard output.
#[derive(Debug, Serialize)]
struct Answer {
    result: Result<String, String>,
    /// The processor time of this process during the call, in microseconds.
    cpu_micros: u128,
}

/// Answers the calls on standard input one after the other, on one instance of the component. Output of the
/// guest goes to standard error, because an exported function should print nothing.
pub(crate) fn answer_lines(options: &options::Guest) -> Result<ExitCode> {
    let mut wasi = WasiCtx::builder();
    wasi.stdout(io::stderr()).stderr(io::stderr());
    let client = Client::new()?;
    let Guest {
        mut store,
        component,
        linker,
    } = Guest::load(wasi, client.clone(), options)?;
    let agent = Agent::instantiate(&mut store, &component, &linker)?;
    for line in io::stdin().lock().lines() {
        let line = line.context("could not read standard input")?;
        let call = serde_json::from_str(&line).with_context(|| format!("`{line}` is not a call"))?;
        let (result, took) = timed(|| answer(call, &agent, &mut store, &client))?;
        println!(
            "{}",
            serde_json::to_string(&Answer {
                result,
                cpu_micros: took.as_micros()
            })?
        );
        io::stdout().flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(
    call: Call,
    agent: &Agent,
    store: &mut Store<State>,
    client: &Client,
) -> Result<Result<String, String>> {
    match call {
        Call::ProcessMessage(message) => agent
            .call_process_message(store, &message)
            .context("`process-message` crashed"),
        Call::Capabilities => agent
            .call_capabilities(store)
            .map(Ok)
            .context("`capabilities` crashed"),
        Call::Native { url, body } => Ok(client.post(&url, body).map_err(|error| error.to_string())),
    }
}

/// Measures processor time, because the time by the clock is that of everything else on the machine, too.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = cpu()?;
    let value = work()?;
    Ok((value, cpu()?.saturating_sub(start)))
}

/// Returns what all threads of this process have used so far.
fn cpu() -> Result<Duration> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).context("the clock of this process is before its start")
}
