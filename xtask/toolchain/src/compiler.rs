//! The C++ compiler. It belongs to the system, so it is looked for and never installed.

use std::env;

use devkit::cmd;
use xshell::{Shell, cmd};

use super::item::{Piece, State};

/// What someone without one can do.
const ADVICE: &str = "install one (Debian: `apt-get install g++`, Fedora: `dnf install gcc-c++`, \
                      macOS: `xcode-select --install`), or name one in CXX";

/// The compiler that build scripts will use: what CXX names, else `c++`.
pub(super) fn find(shell: &Shell) -> State {
    let named = env::var("CXX").ok().filter(|name| !name.trim().is_empty());
    let (program, from) = match &named {
        Some(name) => (name.as_str(), "named in CXX"),
        None => ("c++", "the system's"),
    };
    let asked = cmd::output(cmd!(shell, "{program} -dumpversion"), "ask the C++ compiler for its version");
    match asked {
        Ok(output) if output.status.success() => State::Found(Piece {
            version: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            path: program.into(),
            from: from.to_owned(),
        }),
        _ => State::Broken(format!(
            "there is no C++ compiler `{program}`, which Binaryen and the fuzzer need: {ADVICE}"
        )),
    }
}
