//! The gateway as a program for the tests, configured by its home directory and the environment only.

use std::process::ExitCode;

use weft_agent::Home;
use weft_gateway::Build;

const BUILD: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    revision: "none",
    target: "test",
};

fn main() -> ExitCode {
    let served = Home::find(None).and_then(|home| weft_gateway::run(&home, None, BUILD));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
