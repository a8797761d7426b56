//! The command: a message on standard input, the answer on standard output.

use clawft_wasm::{SessionId, VERSION, WasmPlatform, capabilities, console};
use std::env;
use std::io::ErrorKind;
use std::process::ExitCode;

const HELP: &str = "\
clawft: asks a language model

Usage: wasmtime run -S http --dir CONFIG_DIR::/config [--env KEY_VARIABLE] clawft.wasm [OPTIONS] < MESSAGE

The message is all of standard input: plain text or {\"role\":\"user\",\"content\":\"…\"}. The answer goes to standard
output, and both are kept in /config/sessions/ID.json. The configuration is /config/config.json.

Options:
  --session ID    the session to continue or begin [default: default]
  --capabilities  print as JSON what this build can do
  --version       print the version
  --help          print this

Environment:
  CLAWFT_CONFIG_DIR  the configuration directory, if it is not /config";

fn main() -> ExitCode {
    match run().and_then(print) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            console::say("error", &text);
            ExitCode::FAILURE
        }
    }
}

/// Nobody misses what is printed into a pipe that the reader has closed.
fn print(text: String) -> Result<(), String> {
    match console::print(&text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err("standard output cannot be written".to_owned())
        }
        _ => Ok(()),
    }
}

/// What to print, or what went wrong.
fn run() -> Result<String, String> {
    let mut session = SessionId::default();
    let mut options = env::args().skip(1);
    while let Some(option) = options.next() {
        match option.as_str() {
            "--session" => {
                let id = options.next().unwrap_or_default();
                session = id.parse().map_err(|error: clawft_types::SessionIdError| error.to_string())?;
            }
            "--capabilities" => return Ok(capabilities()),
            "--version" => return Ok(["clawft ", VERSION].concat()),
            "--help" => return Ok(HELP.to_owned()),
            _ => return Err(["unknown option `", &option, "`, see `--help`"].concat()),
        }
    }
    let message = console::read_input()?;
    WasmPlatform::new().answer(session, &message).map_err(|error| error.to_string())
}
