//! The program of a package knows the commands of that package only. One that needs the work of another command starts
//! `devkit::package::XTASK`, never itself.

use std::{collections::BTreeSet, path::Path};

use crate::leftovers::sources_with;

/// The files that may look for the running program, each with its reason.
const OTHERWISE: [&str; 1] = [
    // It takes the digest of the program.
    "xtask/artifacts/src/size/base_cache.rs",
];

/// Returns the faults of the sources below `root`: files that look for the running program, and files of the list that
/// do not.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let found = sources_with(root, |text| {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        code.contains("current_exe()")
    });
    let expected: BTreeSet<String> = OTHERWISE.map(str::to_owned).into();
    let surplus = found.difference(&expected);
    let surplus =
        surplus.map(|name| format!("{name}: `package::XTASK` is the program that has all commands"));
    let gone = expected.difference(&found);
    let gone =
        gone.map(|name| format!("{name} does not look for the running program: remove it from the list"));
    surplus.chain(gone).collect()
}
