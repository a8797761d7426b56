//! Checks of Mach-O files: whether a program runs on any Mac, with the system's own libraries.

mod commands;
mod identify;
mod sign;
mod signature;

use anyhow::{Context as _, Result, anyhow, ensure};
use object::{
    Endianness,
    macho::{
        CPU_TYPE_ARM64, CPU_TYPE_X86_64, LC_CODE_SIGNATURE, LinkeditDataCommand, MH_EXECUTE, MH_PIE,
        MachHeader64,
    },
    read::macho::{LoadCommandVariant, MachHeader as _},
};

pub use self::{identify::identify, sign::sign};
use crate::elf::Machine;

/// The libraries that a program may need. Every Mac has them, and the linker has stubs of no others.
const LIBRARIES: [&str; 6] = [
    "/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation",
    "/System/Library/Frameworks/Security.framework/Versions/A/Security",
    "/System/Library/Frameworks/SystemConfiguration.framework/Versions/A/SystemConfiguration",
    "/usr/lib/libSystem.B.dylib",
    "/usr/lib/libcharset.1.dylib",
    "/usr/lib/libiconv.2.dylib",
];

/// The oldest macOS that runs the programs, as compilers read it from `MACOSX_DEPLOYMENT_TARGET`. Rust supports none
/// that is older on Apple's processors.
pub const OLDEST_SYSTEM: &str = "11.0";

/// [`OLDEST_SYSTEM`] in a load command: two bytes of the major version, one of the minor, one of the patch.
const OLDEST: u32 = 11 << 16;

type Header = MachHeader64<Endianness>;

/// Checks that `binary` is a complete executable for `machine` and for [`OLDEST_SYSTEM`], that it needs libraries of
/// the system only, and that its signature fits its bytes.
///
/// # Errors
/// Fails with the first violation.
pub fn check(binary: &[u8], machine: Machine) -> Result<()> {
    let header = Header::parse(binary, 0)
        .ok()
        .filter(|header| header.is_little_endian());
    let header = header.ok_or_else(|| anyhow!("it is no 64-bit little-endian Mach-O file"))?;
    let endian = Endianness::Little;
    let expected = match machine {
        Machine::X86_64 => CPU_TYPE_X86_64,
        Machine::Aarch64 => CPU_TYPE_ARM64,
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
    let mut oldest = None;
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
            LoadCommandVariant::BuildVersion(version) => oldest = Some(version.minos.get(endian)),
            _ => {}
        }
    }
    let oldest = oldest.ok_or_else(|| anyhow!("it does not say which macOS it needs"))?;
    ensure!(
        oldest == OLDEST,
        "it is for macOS {}.{} and later, not for {OLDEST_SYSTEM}",
        oldest >> 16,
        (oldest >> 8) & 0xff
    );
    let (at, size) =
        signature.context("it is not signed, and no Mac with Apple's processor would start it")?;
    signature::check(binary, at, size)
}

fn damaged(error: object::Error) -> anyhow::Error {
    anyhow!("it is damaged, or ends too early: {error}")
}

#[cfg(test)]
mod tests {
    use object::macho::{
        LC_BUILD_VERSION, LC_LOAD_DYLIB, LC_SEGMENT_64, LC_UUID, MH_DYLIB, MH_MAGIC_64, PLATFORM_MACOS,
    };

    use super::*;

    /// The offsets of the code and of the last segment in the files.
    const CODE: u32 = 1024;
    const LINK_EDIT: u32 = 1500;

    /// Returns a signed Mach-O file with a load command for each library, for [`OLDEST_SYSTEM`].
    fn macho(cpu: u32, kind: u32, flags: u32, libraries: &[&str]) -> Vec<u8> {
        let mut binary = unsigned(cpu, kind, flags, OLDEST, libraries);
        sign(&mut binary, "weft").unwrap();
        binary
    }

    /// Returns the same without a signature, for the system `oldest`, or for none if that is 0.
    fn unsigned(cpu: u32, kind: u32, flags: u32, oldest: u32, libraries: &[&str]) -> Vec<u8> {
        let mut commands = vec![
            segment("__TEXT", 0, LINK_EDIT, 1),
            segment("__LINKEDIT", LINK_EDIT, 7, 0),
            [LC_UUID, 24, 0, 0, 0, 0].map(u32::to_le_bytes).concat(),
        ];
        if oldest > 0 {
            let words = [LC_BUILD_VERSION, 24, PLATFORM_MACOS, oldest, oldest, 0];
            commands.push(words.map(u32::to_le_bytes).concat());
        }
        commands.extend(libraries.iter().map(|name| library(name)));
        let bytes = commands.concat();
        let (count, size) = (commands.len() as u32, bytes.len() as u32);
        let header = [MH_MAGIC_64, cpu, 0, kind, count, size, flags, 0];
        let mut binary = [header.map(u32::to_le_bytes).concat(), bytes].concat();
        assert!(binary.len() <= CODE as usize);
        binary.resize(LINK_EDIT as usize + 7, 0x90);
        binary
    }

    fn segment(name: &str, at: u32, size: u32, sections: u32) -> Vec<u8> {
        let mut command = [LC_SEGMENT_64, 72 + 80 * sections].map(u32::to_le_bytes).concat();
        command.extend(name.bytes());
        command.resize(24, 0);
        let numbers = [at, size, at, size].map(u64::from);
        command.extend(numbers.into_iter().flat_map(u64::to_le_bytes));
        command.extend([5, 5, sections, 0].into_iter().flat_map(u32::to_le_bytes));
        if sections > 0 {
            command.resize(72 + 48, 0);
            command.extend(CODE.to_le_bytes());
            command.resize(72 + 80, 0);
        }
        command
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
        let other = intel(&[LIBRARIES[3], "/opt/homebrew/lib/libssl.dylib"]);
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
    fn requires_the_oldest_system() {
        let intel = |oldest| unsigned(CPU_TYPE_X86_64, MH_EXECUTE, MH_PIE, oldest, &[]);
        let newer = error(&intel((15 << 16) | (1 << 8)), Machine::X86_64);
        assert_eq!(newer, "it is for macOS 15.1 and later, not for 11.0");
        let silent = error(&intel(0), Machine::X86_64);
        assert_eq!(silent, "it does not say which macOS it needs");
    }

    #[test]
    fn requires_a_signature_that_fits() {
        for (cpu, machine) in [
            (CPU_TYPE_X86_64, Machine::X86_64),
            (CPU_TYPE_ARM64, Machine::Aarch64),
        ] {
            let mut binary = unsigned(cpu, MH_EXECUTE, MH_PIE, OLDEST, &LIBRARIES);
            assert!(error(&binary, machine).contains("it is not signed"));
            sign(&mut binary, "weft").unwrap();
            check(&binary, machine).unwrap();
            let signed = binary.clone();
            sign(&mut binary, "weft").unwrap();
            assert_eq!(binary, signed, "a signature is kept");
            binary[CODE as usize] ^= 1;
            assert!(error(&binary, machine).contains("does not fit page 0"));
        }
    }

    /// Zig's linker takes the identifier from a file with paths and times in it.
    #[test]
    fn identifier_depends_on_the_program_alone() {
        let program = |identifier: u8, signed_first: bool| {
            let mut binary = unsigned(CPU_TYPE_ARM64, MH_EXECUTE, MH_PIE, OLDEST, &LIBRARIES);
            let at = identifier_place(&binary);
            binary[at..at + 16].fill(identifier);
            if signed_first {
                sign(&mut binary, "weft").unwrap();
            }
            identify(&mut binary).unwrap();
            sign(&mut binary, "weft").unwrap();
            check(&binary, Machine::Aarch64).unwrap();
            binary
        };
        for signed_first in [false, true] {
            assert_eq!(program(1, signed_first), program(2, signed_first));
        }
        let mut other = program(1, true);
        let at = identifier_place(&other);
        let identifier = other[at..at + 16].to_vec();
        other[CODE as usize] ^= 1;
        identify(&mut other).unwrap();
        assert_ne!(other[at..at + 16], identifier);
        check(&other, Machine::Aarch64).unwrap();
    }

    #[test]
    fn identifying_refuses_truncated_files() {
        let whole = macho(CPU_TYPE_ARM64, MH_EXECUTE, MH_PIE, &LIBRARIES);
        for length in 0..whole.len() {
            let _ = identify(&mut whole[..length].to_vec());
        }
        identify(&mut whole[..CODE as usize].to_vec()).unwrap_err();
    }

    /// Returns the place of the identifier, whose load command comes third.
    fn identifier_place(binary: &[u8]) -> usize {
        let at = 32 + (72 + 80) + 72;
        assert_eq!(binary[at..at + 4], LC_UUID.to_le_bytes());
        at + 8
    }

    #[test]
    fn signing_refuses_files_without_room_or_end() {
        let mut crowded = unsigned(CPU_TYPE_X86_64, MH_EXECUTE, MH_PIE, OLDEST, &[]);
        let offset = (32 + 72 + 48, 290_u32.to_le_bytes());
        crowded[offset.0..offset.0 + 4].copy_from_slice(&offset.1);
        let error = sign(&mut crowded, "weft").unwrap_err().to_string();
        assert!(error.contains("no room"), "{error}");
        for length in 0..300 {
            let mut cut = crowded[..length].to_vec();
            sign(&mut cut, "weft").unwrap_err();
        }
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
