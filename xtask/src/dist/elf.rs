//! As much of an ELF file as tells whether it runs on its own: header, program headers, dynamic section.

use anyhow::{Context as _, Result, bail, ensure};
use flags::values::Target;

const MAGIC_64_LITTLE_ENDIAN: &[u8] = b"\x7fELF\x02\x01";
const EM_X86_64: usize = 62;
const EM_AARCH64: usize = 183;
const PT_LOAD: usize = 1;
const PT_DYNAMIC: usize = 2;
const PT_INTERP: usize = 3;
const PT_GNU_EH_FRAME: usize = 0x6474_e550;
const PT_GNU_STACK: usize = 0x6474_e551;
const PF_X: usize = 1;
const PF_W: usize = 2;
const DT_NEEDED: usize = 1;

/// Checks that `binary` is an executable for `target` that needs nothing of the system but its kernel, that nothing in it can
/// be both written and run, and that it can unwind: a request that panics must not end the gateway.
pub(super) fn check_static(binary: &[u8], target: Target) -> Result<()> {
    ensure!(binary.starts_with(MAGIC_64_LITTLE_ENDIAN), "it is no 64-bit little-endian ELF file");
    let machine = match target {
        Target::LinuxAmd64 => EM_X86_64,
        Target::LinuxArm64 => EM_AARCH64,
        _ => bail!("{target} has no ELF files"),
    };
    let found = number(binary, 18, 2)?;
    ensure!(found == machine, "it is for machine {found} in ELF's list, and should be for {machine}");
    let (mut stack_is_data, mut unwinds) = (false, false);
    for segment in segments(binary)? {
        let can = |flag| segment.flags & flag != 0;
        match segment.kind {
            PT_INTERP => bail!("it is not static: it asks for the system's loader"),
            PT_DYNAMIC => ensure!(!needs_library(segment.bytes)?, "it is not static: it needs a library"),
            PT_LOAD => ensure!(!(can(PF_W) && can(PF_X)), "some of it can be both written and run"),
            PT_GNU_EH_FRAME => unwinds = true,
            PT_GNU_STACK => stack_is_data = !can(PF_X),
            _ => {}
        }
    }
    ensure!(stack_is_data, "what is on its stack can be run");
    ensure!(unwinds, "it can't unwind, so that a panic would end it");
    Ok(())
}

/// A piece of the file as it is laid into memory.
struct Segment<'b> {
    kind: usize,
    flags: usize,
    bytes: &'b [u8],
}

fn segments(binary: &[u8]) -> Result<Vec<Segment<'_>>> {
    let (start, size, count) = (number(binary, 32, 8)?, number(binary, 54, 2)?, number(binary, 56, 2)?);
    let segment = |index: usize| {
        let header = cut(binary, start.saturating_add(index * size), size)?;
        let (offset, length) = (number(header, 8, 8)?, number(header, 32, 8)?);
        let bytes = cut(binary, offset, length)?;
        Ok(Segment { kind: number(header, 0, 4)?, flags: number(header, 4, 4)?, bytes })
    };
    (0..count).map(segment).collect()
}

/// Whether a dynamic section, pairs of a tag and a value, names a shared library. A static executable that can be loaded
/// anywhere has such a section too, and none in it.
fn needs_library(dynamic: &[u8]) -> Result<bool> {
    for pair in dynamic.chunks_exact(16) {
        if number(pair, 0, 8)? == DT_NEEDED {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The little-endian number of `length` bytes at `at`.
fn number(bytes: &[u8], at: usize, length: usize) -> Result<usize> {
    let bytes = cut(bytes, at, length)?;
    let value = bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    usize::try_from(value).context("a number in it is too large for this machine")
}

fn cut(bytes: &[u8], at: usize, length: usize) -> Result<&[u8]> {
    let end = at.checked_add(length).context("a place in it is too far away")?;
    bytes.get(at..end).context("it ends too early")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA_STACK: [usize; 3] = [PT_GNU_STACK, 6, 0];
    const UNWINDS: [usize; 3] = [PT_GNU_EH_FRAME, 4, 0];

    /// An ELF file of nothing but headers: kind, flags and content's first word of each segment.
    fn elf(machine: usize, segments: &[[usize; 3]]) -> Vec<u8> {
        let mut file = MAGIC_64_LITTLE_ENDIAN.to_vec();
        let mut put = |at: usize, value: usize, length: usize| {
            file.resize(file.len().max(at + length), 0);
            file[at..at + length].copy_from_slice(&value.to_le_bytes()[..length]);
        };
        put(18, machine, 2);
        put(32, 64, 8);
        put(54, 56, 2);
        put(56, segments.len(), 2);
        for (index, [kind, flags, content]) in segments.iter().enumerate() {
            let (header, place) = (64 + index * 56, 64 + segments.len() * 56 + index * 16);
            put(header, *kind, 4);
            put(header + 4, *flags, 4);
            put(header + 8, place, 8);
            put(header + 32, 16, 8);
            put(place, *content, 8);
            put(place + 8, 0, 8);
        }
        file
    }

    fn error(machine: usize, segments: &[[usize; 3]]) -> String {
        check_static(&elf(machine, segments), Target::LinuxAmd64).unwrap_err().to_string()
    }

    #[test]
    fn a_static_executable_passes_wherever_it_is_loaded() {
        let fixed = elf(EM_X86_64, &[[PT_LOAD, 5, 0], [PT_LOAD, 6, 0], DATA_STACK, UNWINDS]);
        check_static(&fixed, Target::LinuxAmd64).unwrap();
        let movable = elf(EM_AARCH64, &[[PT_LOAD, 5, 0], [PT_DYNAMIC, 6, 21], DATA_STACK, UNWINDS]);
        check_static(&movable, Target::LinuxArm64).unwrap();
    }

    #[test]
    fn what_it_needs_of_the_system_is_said() {
        assert!(error(EM_X86_64, &[[PT_INTERP, 4, 0], DATA_STACK]).contains("the system's loader"));
        assert!(error(EM_X86_64, &[[PT_DYNAMIC, 6, DT_NEEDED], DATA_STACK]).contains("needs a library"));
    }

    #[test]
    fn what_can_be_run_can_not_be_written() {
        assert!(error(EM_X86_64, &[[PT_LOAD, 7, 0], DATA_STACK]).contains("written and run"));
        assert!(error(EM_X86_64, &[[PT_GNU_STACK, 7, 0]]).contains("on its stack can be run"));
        assert!(error(EM_X86_64, &[]).contains("on its stack can be run"));
    }

    #[test]
    fn one_that_a_panic_would_end_is_refused() {
        assert!(error(EM_X86_64, &[DATA_STACK]).contains("can't unwind"));
    }

    #[test]
    fn another_machine_and_another_form_are_named() {
        assert!(error(EM_AARCH64, &[DATA_STACK]).contains("machine 183"));
        let module = check_static(b"\0asm", Target::LinuxAmd64).unwrap_err();
        assert!(module.to_string().contains("no 64-bit little-endian ELF file"));
    }

    #[test]
    fn damaged_input_is_an_error_wherever_it_ends() {
        let whole = elf(EM_X86_64, &[[PT_LOAD, 5, 0], [PT_DYNAMIC, 6, 21], DATA_STACK, UNWINDS]);
        for length in 0..whole.len() {
            check_static(&whole[..length], Target::LinuxAmd64).unwrap_err();
        }
    }
}
