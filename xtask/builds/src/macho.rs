//! Checks of Mach-O files: whether a program runs on any Mac, with the system's own libraries.

mod signature;

use anyhow::{Result, anyhow, bail, ensure};
use object::{
    Endianness,
    macho::{
        CPU_TYPE_ARM64, CPU_TYPE_X86_64, LC_CODE_SIGNATURE, LinkeditDataCommand, MH_EXECUTE, MH_PIE,
        MachHeader64,
    },
    read::macho::{LoadCommandVariant, MachHeader as _},
};

use crate::elf::Machine;

/// The libraries that a program may need. Every Mac has them, and the linker has stubs of no others.
const LIBRARIES: [&str; 5] = [
    "/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation",
    "/System/Library/Frameworks/Security.framework/Versions/A/Security",
    "/usr/lib/libSystem.B.dylib",
    "/usr/lib/libcharset.1.dylib",
    "/usr/lib/libiconv.2.dylib",
];

type Header = MachHeader64<Endianness>;

/// Checks that `binary` is a complete executable for `machine`, that it needs libraries of the system only, and that
/// its signature, without which no Mac with Apple's processor starts it, fits its bytes.
///
/// # Errors
/// Fails with the first violation.
pub fn check(binary: &[u8], machine: Machine) -> Result<()> {
    let header = Header::parse(binary, 0)
        .ok()
        .filter(|header| header.is_little_endian());
    let header = header.ok_or_else(|| anyhow!("it is no 64-bit little-endian Mach-O file"))?;
    let endian = Endianness::Little;
    let (expected, signed) = match machine {
        Machine::X86_64 => (CPU_TYPE_X86_64, false),
        Machine::Aarch64 => (CPU_TYPE_ARM64, true),
    };
    ensure!(
        header.cputype(endian) == expected,
        "it is for another processor than {machine:?}"
    );
    ensure!(header.filetype(endian) == MH_EXECUTE, "it is no executable");
    ensure!(
        header.flags(endian) & MH_PIE != 0,
        "it cannot be loaded at a random address"
    );
    let mut signature = None;
    let mut commands = header.load_commands(endian, binary, 0).map_err(damaged)?;
    while let Some(command) = commands.next().map_err(damaged)? {
        if command.cmd() == LC_CODE_SIGNATURE {
            let range: &LinkeditDataCommand<Endianness> = command.data().map_err(damaged)?;
            signature = Some((range.dataoff.get(endian), range.datasize.get(endian)));
            continue;
        }
        match command.variant().map_err(damaged)? {
            LoadCommandVariant::Dylib(library) => {
                let name = command.string(endian, library.dylib.name).map_err(damaged)?;
                let name = String::from_utf8_lossy(name);
                ensure!(
                    LIBRARIES.contains(&name.as_ref()),
                    "it needs the library `{name}`"
                );
            }
            LoadCommandVariant::Segment64(segment, _) => {
                let end = segment
                    .fileoff
                    .get(endian)
                    .checked_add(segment.filesize.get(endian));
                let whole = end.is_some_and(|end| end <= binary.len() as u64);
                ensure!(whole, "it ends too early");
            }
            _ => {}
        }
    }
    match signature {
        Some((at, size)) => signature::check(binary, at, size),
        None if signed => bail!("it is not signed, and no Mac with Apple's processor would start it"),
        None => Ok(()),
    }
}

fn damaged(error: object::Error) -> anyhow::Error {
    anyhow!("it is damaged, or ends too early: {error}")
}

#[cfg(test)]
mod tests {
    use object::macho::{LC_LOAD_DYLIB, MH_DYLIB, MH_MAGIC_64};

    use super::*;

    /// Returns a Mach-O file that consists of a header and a load command for each library.
    fn macho(cpu: u32, kind: u32, flags: u32, libraries: &[&str]) -> Vec<u8> {
        let commands: Vec<u8> = libraries.iter().flat_map(|name| library(name)).collect();
        let words = [
            MH_MAGIC_64,
            cpu,
            0,
            kind,
            libraries.len() as u32,
            commands.len() as u32,
            flags,
            0,
        ];
        let header = words.into_iter().flat_map(u32::to_le_bytes);
        header.chain(commands).collect()
    }

    fn library(name: &str) -> Vec<u8> {
        let size = (24 + name.len() as u32 + 1).next_multiple_of(8);
        let words = [LC_LOAD_DYLIB, size, 24, 0, 0, 0];
        let mut command: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        command.extend(name.as_bytes());
        command.resize(size as usize, 0);
        command
    }

    fn error(binary: &[u8], machine: Machine) -> String {
        check(binary, machine).unwrap_err().to_string()
    }

    #[test]
    fn accepts_system_libraries_and_names_others() {
        let intel = |libraries: &[&str]| macho(CPU_TYPE_X86_64, MH_EXECUTE, MH_PIE, libraries);
        check(&intel(&LIBRARIES), Machine::X86_64).unwrap();
        let other = intel(&[LIBRARIES[2], "/opt/homebrew/lib/libssl.dylib"]);
        assert!(error(&other, Machine::X86_64).contains("`/opt/homebrew/lib/libssl.dylib`"));
    }

    #[test]
    fn refuses_other_processors_kinds_and_addresses() {
        let binary = macho(CPU_TYPE_X86_64, MH_EXECUTE, MH_PIE, &[]);
        assert!(error(&binary, Machine::Aarch64).contains("another processor than Aarch64"));
        let library = macho(CPU_TYPE_X86_64, MH_DYLIB, MH_PIE, &[]);
        assert_eq!(error(&library, Machine::X86_64), "it is no executable");
        let fixed = macho(CPU_TYPE_X86_64, MH_EXECUTE, 0, &[]);
        assert!(error(&fixed, Machine::X86_64).contains("random address"));
    }

    #[test]
    fn requires_signature_for_apples_processors() {
        let unsigned = macho(CPU_TYPE_ARM64, MH_EXECUTE, MH_PIE, &LIBRARIES);
        assert!(error(&unsigned, Machine::Aarch64).contains("it is not signed"));
    }

    #[test]
    fn input_truncated_anywhere_is_an_error() {
        let whole = macho(CPU_TYPE_X86_64, MH_EXECUTE, MH_PIE, &LIBRARIES);
        for length in 0..whole.len() {
            check(&whole[..length], Machine::X86_64).unwrap_err();
        }
        assert!(error(b"\x7fELF", Machine::X86_64).contains("no 64-bit little-endian Mach-O file"));
    }
}
