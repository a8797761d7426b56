//! `weft`: the clawft agent as a native program.
//!
//! Here is the command line. The agent, with network and files, is `weft-agent`; the server is `weft-gateway`.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
