//! The load commands of a Mach-O file, as far as a linker's last steps need them.

use anyhow::{Context as _, Result, ensure};
use object::macho::{LC_CODE_SIGNATURE, LC_SEGMENT_64, LC_UUID};

/// Bytes of the header, and of the start of a segment's load command.
pub(super) const HEADER: usize = 32;
const SEGMENT: usize = 72;
/// Bytes of a section in a segment's load command, and the place of its offset in the file.
const SECTION: usize = 80;
const SECTION_OFFSET: usize = 48;

/// The parts of the load commands that an identifier or a signature changes or repeats.
#[derive(Debug, Default)]
pub(super) struct Commands {
    pub(super) count: u32,
    pub(super) size: usize,
    /// The place of the identifier.
    pub(super) identifier: Option<usize>,
    /// The place of the signature, and its bytes.
    pub(super) signature: Option<(u32, u32)>,
    /// The offset of the first section in the file.
    pub(super) first_section: usize,
    /// The place of the load command of the last segment, and the segment's offset.
    pub(super) link_edit: usize,
    pub(super) link_edit_offset: u64,
    /// The offset and the size of the segment with the code.
    pub(super) text: (u64, u64),
}

impl Commands {
    /// # Errors
    /// Fails if the file ends too early, or is no complete program.
    pub(super) fn of(binary: &[u8]) -> Result<Self> {
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
            match kind {
                LC_UUID => found.identifier = Some(at + 8),
                LC_CODE_SIGNATURE => found.signature = Some((word(binary, at + 8)?, word(binary, at + 12)?)),
                LC_SEGMENT_64 => found.segment(binary, at)?,
                _ => {}
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

/// Writes `bytes` to `binary` at `at`.
pub(super) fn put(binary: &mut [u8], at: usize, bytes: &[u8]) -> Result<()> {
    let place = binary.get_mut(at..at + bytes.len()).context(TRUNCATED)?;
    place.copy_from_slice(bytes);
    Ok(())
}
