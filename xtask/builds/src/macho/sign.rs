//! Signs a Mach-O file ad hoc, as linkers sign programs for Apple's processors. Zig's linker leaves those for Intel's
//! processors without a signature.

use anyhow::{Result, ensure};
use object::macho::LC_CODE_SIGNATURE;
use sha2::{Digest as _, Sha256};

use super::{
    commands::{Commands, HEADER, put},
    signature::{AD_HOC, CODE_DIRECTORY, SHA_256, SUPER_BLOB},
};

/// Bytes of a load command for a signature.
const COMMAND: usize = 16;
/// Bytes of a code directory before the name, and of the blob around it.
const DIRECTORY: usize = 88;
const BLOB: usize = 20;
/// The version of code directories that has the executable segment.
const VERSION: u32 = 0x2_0400;
/// The flag of signatures by a linker, which tools replace without asking.
const LINKER_SIGNED: u32 = 0x2_0000;
/// The flag of the main program.
const MAIN_BINARY: u64 = 1;
/// Pages of 4 KB, as a power of two.
const PAGE: u8 = 12;

/// Adds a signature to the program `binary`, unless it has one. `name` is the identifier in it.
///
/// # Errors
/// Fails if the file is no complete program, or has no room for another load command.
pub fn sign(binary: &mut Vec<u8>, name: &str) -> Result<()> {
    let found = Commands::of(binary)?;
    if found.signature.is_some() {
        return Ok(());
    }
    let end = HEADER + found.size;
    ensure!(
        end + COMMAND <= found.first_section,
        "it has no room for a signature's load command"
    );
    binary.resize(binary.len().next_multiple_of(16), 0);
    let code = binary.len();
    let slots = code.div_ceil(1 << PAGE);
    let digests = DIRECTORY + name.len() + 1;
    let size = BLOB + digests + slots * SHA_256.1;

    let command = [LC_CODE_SIGNATURE, COMMAND as u32, code as u32, size as u32];
    put(binary, end, &command.map(u32::to_le_bytes).concat())?;
    put(binary, 16, &(found.count + 1).to_le_bytes())?;
    put(binary, 20, &((found.size + COMMAND) as u32).to_le_bytes())?;
    // The last segment contains the signature.
    let length = (code + size) as u64 - found.link_edit_offset;
    let rounded = length.next_multiple_of(1 << PAGE);
    put(binary, found.link_edit + 32, &rounded.to_le_bytes())?;
    put(binary, found.link_edit + 48, &length.to_le_bytes())?;

    let pages: Vec<u8> = binary.chunks(1 << PAGE).flat_map(Sha256::digest).collect();
    let blob = [SUPER_BLOB, size as u32, 1, 0, BLOB as u32];
    let directory = [
        CODE_DIRECTORY,
        (size - BLOB) as u32,
        VERSION,
        AD_HOC | LINKER_SIGNED,
        digests as u32,
        DIRECTORY as u32,
        0,
        slots as u32,
        code as u32,
        u32::from_be_bytes([SHA_256.1 as u8, SHA_256.0, 0, PAGE]),
    ];
    let words = blob.into_iter().chain(directory).chain([0; 4]);
    binary.extend(words.flat_map(u32::to_be_bytes));
    // Reserved words, and the segment that is executed.
    let segment = [0, found.text.0, found.text.1, MAIN_BINARY];
    binary.extend(segment.into_iter().flat_map(u64::to_be_bytes));
    binary.extend(name.bytes().chain([0]));
    binary.extend(pages);
    Ok(())
}
