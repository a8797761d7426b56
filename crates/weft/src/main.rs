//! `weft`: the clawft agent on the command line and as a gateway. What it does is in the library, where tests reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    weft::command::main()
}
