//! The environment that cargo gives to the programs that it runs, this one too. Another cargo must not get it: build
//! scripts may read it (that of `ring` does), and would run again whenever cargo is called in the other way.

use std::{env, ffi::OsStr, path::Path};

use xshell::Cmd;

/// The beginnings of the names of variables that cargo is called without: those that another cargo sets, and the login
/// to a registry.
const WITHHELD: [&str; 8] = [
    "CARGO_BIN_",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "CLAWFT_REGISTRY_",
    "OUT_DIR",
];

/// Returns `cmd`, if it starts cargo, without the variables that another cargo has set to run this program. Build
/// scripts must not read the password of a registry either. `CARGO_BUILD_TARGET` is left out as well: builds for
/// another target name it, and all others are for this machine.
pub(crate) fn hidden(cmd: Cmd<'_>) -> Cmd<'_> {
    if !starts_cargo(&cmd.to_string()) {
        return cmd;
    }
    let is_withheld = |name: &str| WITHHELD.iter().any(|prefix| name.starts_with(prefix));
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names
        .filter(|name| is_withheld(name))
        .fold(cmd.env_remove("CARGO_BUILD_TARGET"), |cmd, name| {
            cmd.env_remove(name)
        })
}

/// Returns whether the command in `shown` is cargo or one of its subcommands, such as `cargo-mutants`.
fn starts_cargo(shown: &str) -> bool {
    // Paths with spaces are not quoted.
    let ends = shown.match_indices(' ').map(|(end, _)| end);
    let mut programs = ends.chain([shown.len()]).map(|end| Path::new(&shown[..end]));
    let is_program = |path: &&Path| path.components().count() == 1 || path.is_file();
    let name = programs.find(is_program).and_then(Path::file_stem);
    name.and_then(OsStr::to_str)
        .is_some_and(|name| name == "cargo" || name.starts_with("cargo-"))
}
