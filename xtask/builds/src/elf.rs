//! Checks of ELF files: whether a program runs on a machine with nothing but a kernel.

use anyhow::{Result, anyhow, bail, ensure};
use object::{
    Endianness,
    elf::{
        DT_NEEDED, EM_AARCH64, EM_X86_64, ET_DYN, ET_EXEC, FileHeader64, PF_W, PF_X, PT_DYNAMIC,
        PT_GNU_EH_FRAME, PT_GNU_STACK, PT_INTERP, PT_LOAD,
    },
    read::elf::{FileHeader as _, ProgramHeader as _},
};

/// A processor that we build for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// x86_64, called amd64 in images.
    X86_64,
    /// aarch64, called arm64 in images.
    Aarch64,
}

type Header = FileHeader64<Endianness>;

impl Machine {
    fn number(self) -> u16 {
        match self {
            Self::X86_64 => EM_X86_64,
            Self::Aarch64 => EM_AARCH64,
        }
    }
}

/// Checks that `binary` is a complete executable for `machine`, that it needs only a kernel, that none of its
/// memory is both writable and executable, and that it can unwind, because a request that panics must not end
/// the gateway.
///
/// # Errors
/// Fails with the first violation.
pub fn check_static(binary: &[u8], machine: Machine) -> Result<()> {
    ensure!(!binary.is_empty(), "it is empty");
    let header = Header::parse(binary)
        .ok()
        .filter(|header| header.e_ident().data == 1);
    let header = header.ok_or_else(|| anyhow!("it is no 64-bit little-endian ELF file"))?;
    let endian = Endianness::Little;
    let found = header.e_machine(endian);
    ensure!(
        found == machine.number(),
        "it is for {}, and should be for {}",
        name(found),
        name(machine.number())
    );
    ensure!(
        matches!(header.e_type(endian), ET_EXEC | ET_DYN),
        "it is no executable"
    );
    // A truncated file lacks the table at its end.
    header.section_headers(endian, binary).map_err(damaged)?;
    let (mut stack_is_data, mut unwinds) = (false, false);
    for segment in header.program_headers(endian, binary).map_err(damaged)? {
        let can = |flag| segment.p_flags(endian) & flag != 0;
        segment
            .data(endian, binary)
            .map_err(|()| anyhow!("it ends too early"))?;
        match segment.p_type(endian) {
            PT_INTERP => bail!("it is not static: it asks for the system's loader"),
            PT_DYNAMIC => ensure!(
                !needs_library(
                    segment
                        .dynamic(endian, binary)
                        .map_err(damaged)?
                        .unwrap_or_default()
                ),
                "it is not static: it needs a library"
            ),
            PT_LOAD => ensure!(
                !(can(PF_W) && can(PF_X)),
                "some of it can be both written and run"
            ),
            PT_GNU_EH_FRAME => unwinds = true,
            PT_GNU_STACK => stack_is_data = !can(PF_X),
            _ => {}
        }
    }
    ensure!(stack_is_data, "what is on its stack can be run");
    ensure!(unwinds, "it cannot unwind, so that a panic would end it");
    Ok(())
}

/// Returns whether a dynamic section names a shared library. A static executable that can be loaded anywhere
/// has such a section too, without a library in it.
fn needs_library(dynamic: &[object::elf::Dyn64<Endianness>]) -> bool {
    dynamic
        .iter()
        .any(|entry| entry.d_tag.get(Endianness::Little) == DT_NEEDED)
}

/// Returns the name of a machine in ELF's list.
fn name(machine: u16) -> String {
    match machine {
        EM_X86_64 => "x86_64".to_owned(),
        EM_AARCH64 => "aarch64".to_owned(),
        other => format!("machine {other} in ELF's list"),
    }
}

fn damaged(error: object::Error) -> anyhow::Error {
    anyhow!("it is damaged, or ends too early: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA_STACK: [u64; 3] = [PT_GNU_STACK as u64, 6, 0];
    const UNWINDS: [u64; 3] = [PT_GNU_EH_FRAME as u64, 4, 0];

    /// Returns an ELF file that consists of headers: kind, flags and the first word of each segment.
    fn elf(machine: u16, segments: &[[u64; 3]]) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        let mut put = |at: usize, value: u64, length: usize| {
            file.resize(file.len().max(at + length), 0);
            file[at..at + length].copy_from_slice(&value.to_le_bytes()[..length]);
        };
        put(16, ET_EXEC.into(), 2);
        put(18, machine.into(), 2);
        put(32, 64, 8);
        put(54, 56, 2);
        put(56, segments.len() as u64, 2);
        put(63, 0, 1);
        for (index, [kind, flags, content]) in segments.iter().enumerate() {
            let header = 64 + index * 56;
            let place = 64 + segments.len() * 56 + index * 16;
            put(header, *kind, 4);
            put(header + 4, *flags, 4);
            put(header + 8, place as u64, 8);
            put(header + 32, 16, 8);
            put(place, *content, 8);
            put(place + 8, 0, 8);
        }
        file
    }

    fn segment(kind: u32, flags: u64, content: u64) -> [u64; 3] {
        [kind.into(), flags, content]
    }

    fn error(machine: u16, segments: &[[u64; 3]]) -> String {
        check_static(&elf(machine, segments), Machine::X86_64)
            .unwrap_err()
            .to_string()
    }

    fn whole(machine: u16) -> Vec<u8> {
        elf(
            machine,
            &[
                segment(PT_LOAD, 5, 0),
                segment(PT_DYNAMIC, 6, 21),
                DATA_STACK,
                UNWINDS,
            ],
        )
    }

    #[test]
    fn accepts_both_kinds_of_static_executables() {
        let fixed = elf(
            EM_X86_64,
            &[
                segment(PT_LOAD, 5, 0),
                segment(PT_LOAD, 6, 0),
                DATA_STACK,
                UNWINDS,
            ],
        );
        check_static(&fixed, Machine::X86_64).unwrap();
        check_static(&whole(EM_AARCH64), Machine::Aarch64).unwrap();
    }

    #[test]
    fn error_names_what_the_program_needs() {
        assert!(error(EM_X86_64, &[segment(PT_INTERP, 4, 0), DATA_STACK]).contains("the system's loader"));
        let needed = segment(PT_DYNAMIC, 6, DT_NEEDED.unsigned_abs());
        assert!(error(EM_X86_64, &[needed, DATA_STACK]).contains("needs a library"));
    }

    #[test]
    fn refuses_writable_executable_memory() {
        assert!(error(EM_X86_64, &[segment(PT_LOAD, 7, 0), DATA_STACK]).contains("written and run"));
        assert!(error(EM_X86_64, &[segment(PT_GNU_STACK, 7, 0)]).contains("on its stack can be run"));
        assert!(error(EM_X86_64, &[]).contains("on its stack can be run"));
    }

    #[test]
    fn refuses_executable_without_unwinding() {
        assert!(error(EM_X86_64, &[DATA_STACK]).contains("cannot unwind"));
    }

    #[test]
    fn error_names_wrong_machine_and_form() {
        assert_eq!(
            error(EM_AARCH64, &[DATA_STACK]),
            "it is for aarch64, and should be for x86_64"
        );
        assert!(error(8, &[DATA_STACK]).contains("machine 8 in ELF's list"));
        let other = |bytes: &[u8]| check_static(bytes, Machine::X86_64).unwrap_err().to_string();
        assert_eq!(other(b""), "it is empty");
        assert!(other(b"\0asm").contains("no 64-bit little-endian ELF file"));
        let mut big_endian = whole(EM_X86_64);
        big_endian[5] = 2;
        assert!(other(&big_endian).contains("no 64-bit little-endian ELF file"));
        let mut object_file = whole(EM_X86_64);
        object_file[16] = 1;
        assert_eq!(other(&object_file), "it is no executable");
    }

    #[test]
    fn input_truncated_anywhere_is_an_error() {
        let whole = whole(EM_X86_64);
        for length in 0..whole.len() {
            check_static(&whole[..length], Machine::X86_64).unwrap_err();
        }
    }

    #[test]
    fn refuses_file_without_section_table() {
        let mut file = whole(EM_X86_64);
        let table = file.len() as u64;
        file[40..48].copy_from_slice(&table.to_le_bytes());
        file[58..60].copy_from_slice(&64_u16.to_le_bytes());
        file[60..62].copy_from_slice(&1_u16.to_le_bytes());
        let cut = check_static(&file, Machine::X86_64).unwrap_err().to_string();
        assert!(cut.contains("ends too early"), "{cut}");
        file.extend([0; 64]);
        check_static(&file, Machine::X86_64).unwrap();
    }
}
