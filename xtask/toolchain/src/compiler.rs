//! The C++ compiler, which is part of the system: it is found and never installed.

use std::env;

use devkit::cmd;
use xshell::{Shell, cmd};

use super::item::{Installation, State};

/// Advice for a machine without a compiler.
const ADVICE: &str = "install one (Debian: `apt-get install g++`, Fedora: `dnf install gcc-c++`, \
                      macOS: `xcode-select --install`), or name one in CXX";

/// Finds the compiler that build scripts use: the one in CXX, else `c++`.
pub(super) fn find(shell: &Shell) -> State {
    let named = env::var("CXX").ok().filter(|name| !name.trim().is_empty());
    let (program, from) = match &named {
        Some(name) => (name.as_str(), "from CXX"),
        None => ("c++", "the system's"),
    };
    let asked = cmd::output(
        cmd!(shell, "{program} -dumpversion"),
        "ask the C++ compiler for its version",
    );
    match asked {
        Ok(output) if output.status.success() => State::Found(Installation {
            version: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            path: program.into(),
            from: from.to_owned(),
        }),
        _ => State::Broken(format!(
            "there is no C++ compiler `{program}`, which Binaryen and the fuzzer need: {ADVICE}"
        )),
    }
}
