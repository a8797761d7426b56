//! Signs a Mach-O file ad hoc, as linkers sign programs for Apple's processors. Zig's linker leaves those for Intel's
//! processors without a signature.

use anyhow::{Context as _, Result, ensure};
use object::macho::{LC_CODE_SIGNATURE, LC_SEGMENT_64};
use sha2::{Digest as _, Sha256};

use super::signature::{AD_HOC, CODE_DIRECTORY, SHA_256, SUPER_BLOB};

/// Bytes of the header, of a load command for a signature, and of the start of a segment's load command.
const HEADER: usize = 32;
const COMMAND: usize = 16;
const SEGMENT: usize = 72;
/// Bytes of a section in a segment's load command, and the place of its offset in the file.
const SECTION: usize = 80;
const SECTION_OFFSET: usize = 48;
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
    if found.signed {
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

/// The parts of the load commands that a signature changes or repeats.
#[derive(Debug, Default)]
struct Commands {
    count: u32,
    size: usize,
    signed: bool,
    /// The offset of the first section in the file.
    first_section: usize,
    /// The place of the load command of the last segment, and the segment's offset.
    link_edit: usize,
    link_edit_offset: u64,
    /// The offset and the size of the segment with the code.
    text: (u64, u64),
}

impl Commands {
    fn of(binary: &[u8]) -> Result<Self> {
        let mut found = Self {
            count: word(binary, 16)?,
            size: word(binary, 20)? as usize,
            first_section: usize::MAX,
            ..Self::default()
        };
        let mut at = HEADER;
        for _ in 0..found.count {
            let kind = word(binary, at)?;
            let size = word(binary, at + 4)? as usize;
            ensure!(size >= 8, "a load command is empty");
            found.signed |= kind == LC_CODE_SIGNATURE;
            if kind == LC_SEGMENT_64 {
                found.segment(binary, at)?;
            }
            at += size;
        }
        ensure!(found.link_edit > 0, "it has no segment `__LINKEDIT`");
        Ok(found)
    }

    fn segment(&mut self, binary: &[u8], at: usize) -> Result<()> {
        let name = binary.get(at + 8..at + 24).context(TRUNCATED)?;
        let place = (long(binary, at + 40)?, long(binary, at + 48)?);
        match name.split(|byte| *byte == 0).next() {
            Some(b"__TEXT") => self.text = place,
            Some(b"__LINKEDIT") => (self.link_edit, self.link_edit_offset) = (at, place.0),
            _ => {}
        }
        for index in 0..word(binary, at + 64)? as usize {
            let offset = word(binary, at + SEGMENT + index * SECTION + SECTION_OFFSET)? as usize;
            if offset > 0 {
                self.first_section = self.first_section.min(offset);
            }
        }
        Ok(())
    }
}

/// The error of a file that ends too early.
const TRUNCATED: &str = "it ends too early";

fn word(binary: &[u8], at: usize) -> Result<u32> {
    let word = binary.get(at..).and_then(|rest| rest.first_chunk());
    Ok(u32::from_le_bytes(*word.context(TRUNCATED)?))
}

fn long(binary: &[u8], at: usize) -> Result<u64> {
    let long = binary.get(at..).and_then(|rest| rest.first_chunk());
    Ok(u64::from_le_bytes(*long.context(TRUNCATED)?))
}

fn put(binary: &mut [u8], at: usize, bytes: &[u8]) -> Result<()> {
    let place = binary.get_mut(at..at + bytes.len()).context(TRUNCATED)?;
    place.copy_from_slice(bytes);
    Ok(())
}
