//! Stand-ins for `weft`: static executables that consist of headers and the revision.

use std::{fs, path::Path, sync::LazyLock};

use devkit::{project::Project, revision};

/// The revision of the checkout, as `weft --version` names it.
pub(crate) static REVISION: LazyLock<String> = LazyLock::new(|| {
    let revision = revision::of(&Project::discover().unwrap()).unwrap();
    let revision = revision.unwrap_or_else(|| "unknown".to_owned());
    match revision.strip_suffix("-dirty") {
        Some(commit) => format!("{}-dirty", &commit[..12]),
        None => revision.chars().take(12).collect(),
    }
});

/// The processors, as ELF numbers them, with the names of files.
pub(crate) const AMD64: (u16, &str) = (62, "weft-linux-amd64");
pub(crate) const ARM64: (u16, &str) = (183, "weft-linux-arm64");

/// Returns a static executable for `machine` of `revision`, with these `contents`.
pub(crate) fn program(machine: u16, revision: &str, contents: &[u8]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    let mut put = |at: usize, bytes: &[u8]| {
        file.resize(file.len().max(at + bytes.len()), 0);
        file[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(16, &2_u16.to_le_bytes());
    put(18, &machine.to_le_bytes());
    put(32, &64_u64.to_le_bytes());
    put(54, &56_u16.to_le_bytes());
    put(56, &2_u16.to_le_bytes());
    // PT_GNU_EH_FRAME and PT_GNU_STACK.
    for (index, kind) in [0x6474_e550_u32, 0x6474_e551].into_iter().enumerate() {
        put(64 + index * 56, &kind.to_le_bytes());
        put(64 + index * 56 + 4, &6_u32.to_le_bytes());
    }
    put(176, format!("weft 0.0.0 ({revision})").as_bytes());
    file.extend(contents);
    file
}

/// Writes good programs for both platforms into `directory`.
pub(crate) fn write(directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    for (machine, name) in [AMD64, ARM64] {
        fs::write(directory.join(name), program(machine, &REVISION, &noise(300_000))).unwrap();
    }
}

/// Returns `length` bytes that cannot be compressed.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}
