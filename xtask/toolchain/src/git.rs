//! git, which is part of the system: it is found and never installed.

use xshell::Shell;

use super::{item::State, programs};

/// The error for a machine without git.
const MISSING: &str = "there is no working git on the PATH: install it (Debian: `apt-get install git`, \
                       Fedora: `dnf install git`, macOS: `xcode-select --install`)";

/// Finds the git on the `PATH`.
pub(super) fn find(shell: &Shell) -> State {
    programs::on_path("git")
        .and_then(|path| programs::runs(shell, path, "the system's"))
        .map_or_else(|| State::Broken(MISSING.to_owned()), State::Found)
}
