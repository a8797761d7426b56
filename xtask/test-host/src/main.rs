//! A host that embeds the component, over TLS, with an authority of its own.
//!
//! The wasmtime command trusts only public authorities, and calls only `wasi:cli/run`. This host tests the
//! rest: HTTPS to a server whose certificate is valid, or invalid in a chosen way, and the functions that the
//! component exports for hosts that embed it. `cargo xtask smoke host` runs it; the cases are there.
//!
//! ```text
//! test-host serve PORT                        TLS in front of the plain server on PORT
//! test-host compile -o COMPILED COMPONENT     to machine code, once for many runs
//! test-host run  [GRANTS] COMPILED [ARG…]     as the wasmtime command does
//! test-host call [GRANTS] COMPILED < CALLS    the exported functions, a line of JSON a call
//! test-host http ADDRESS [--env NAME]… COMPILED     a component of `wasi:http` behind a server
//!
//! GRANTS: -S http, -W max-memory-size=BYTES, --dir HOST::GUEST, --env NAME
//! ```
//!
//! The certificates of `serve` are signed by an authority that it creates, and writes into its current
//! directory; a guest's host trusts the authority in its own current directory.
//!
//! Modules in reading order: [`options`] parses the command line; [`certificates`] and [`front`] are the
//! server's side; [`guest`] runs the component, [`network`] is its network, [`call`] its exported functions, and
//! [`http`] serves a component of `wasi:http`.

mod call;
mod certificates;
mod front;
mod guest;
mod http;
mod network;
mod options;

use std::{env, process::ExitCode};

use crate::options::Command;

fn main() -> ExitCode {
    match Command::parse(env::args_os().skip(1)).and_then(dispatch) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("test-host: {error:#}");
            // Not 1, because the component itself fails with 1.
            ExitCode::from(2)
        }
    }
}

fn dispatch(command: Command) -> wasmtime::Result<ExitCode> {
    match command {
        Command::Serve { upstream } => front::serve(upstream),
        Command::Compile { component, compiled } => guest::compile(&component, &compiled),
        Command::Run(options) => guest::run(&options),
        Command::Call(options) => call::answer_lines(&options),
        Command::Http(options) => http::serve(&options),
    }
}
