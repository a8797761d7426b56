//! Checks of binaries that were built elsewhere, equal to those of `cargo xtask dist`.

use anyhow::{Result, ensure};
use builds::{
    budget::{Budget, grouped},
    elf::{self, Machine},
    secrets,
};
use flags::values::Platform;
use memchr::memmem;

/// The number of digits of its commit that a binary holds.
const COMMIT: usize = 12;

/// The suffix of the revision if the checkout differs from its commit.
const DIRTY: &str = "-dirty";

/// Checks that `binary` is a static executable for `platform`, built from `revision`, within its size limit and free
/// of keys.
///
/// # Errors
/// Fails with the first of these that does not hold.
pub(crate) fn verify(binary: &[u8], platform: Platform, revision: &str, budget: &Budget) -> Result<()> {
    elf::check_static(binary, machine(platform))?;
    if let Some(row) = budget.row(platform.target().file_name()) {
        let limit = row.raw.limit();
        let size = binary.len();
        ensure!(
            size <= limit.bytes(),
            "it is {} bytes, over its limit of {limit} in `size-budget.toml`",
            grouped(size)
        );
    }
    secrets::scan(binary)?;
    ensure!(
        is_of(binary, revision),
        "it was not built from {revision}, which its image would be labelled with: build it again, or check out its commit"
    );
    Ok(())
}

fn machine(platform: Platform) -> Machine {
    match platform {
        Platform::Amd64 => Machine::X86_64,
        Platform::Arm64 => Machine::Aarch64,
    }
}

/// Returns whether `binary` contains the revision in the form that `weft --version` prints. Outside of git there is
/// none.
fn is_of(binary: &[u8], revision: &str) -> bool {
    let holds = |text: &str| memmem::find(binary, text.as_bytes()).is_some();
    let short = |commit: &str| commit.get(..COMMIT).unwrap_or(commit).to_owned();
    match revision.strip_suffix(DIRTY) {
        _ if revision == "unknown" => true,
        Some(commit) => holds(&(short(commit) + DIRTY)),
        None => holds(&short(revision)) && !holds(&(short(revision) + DIRTY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_revisions_of_binaries_apart() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let dirty = format!("{commit}-dirty");
        let clean_binary = b"weft 0.1.0 (0123456789ab)".as_slice();
        let dirty_binary = b"weft 0.1.0 (0123456789ab-dirty)".as_slice();
        assert!(is_of(clean_binary, commit) && is_of(dirty_binary, &dirty));
        assert!(!is_of(clean_binary, &dirty) && !is_of(dirty_binary, commit));
        assert!(!is_of(b"weft", commit) && is_of(b"weft", "unknown"));
    }
}
