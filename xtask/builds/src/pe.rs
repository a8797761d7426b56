//! Checks of PE files: whether a program runs on any Windows, with the system's own libraries.

use anyhow::{Context as _, Result, anyhow, ensure};
use object::{
    LittleEndian as LE,
    pe::{
        IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, IMAGE_DLLCHARACTERISTICS_NX_COMPAT, IMAGE_FILE_DLL,
        IMAGE_FILE_EXECUTABLE_IMAGE, IMAGE_FILE_MACHINE_AMD64,
    },
    read::pe::{ImageNtHeaders as _, ImageOptionalHeader as _, PeFile64},
};

/// The libraries that a program may need, in lower case. Every Windows since 10 has them; names that begin with
/// [`API_SETS`] are parts of them.
const LIBRARIES: [&str; 14] = [
    "advapi32.dll",
    "bcrypt.dll",
    "bcryptprimitives.dll",
    "crypt32.dll",
    "kernel32.dll",
    "msvcrt.dll",
    "ntdll.dll",
    "ole32.dll",
    "secur32.dll",
    "shell32.dll",
    "user32.dll",
    "userenv.dll",
    "ucrtbase.dll",
    "ws2_32.dll",
];
/// The beginning of the names of parts of the system's libraries.
const API_SETS: &str = "api-ms-win-";

/// The distance from the beginning of the header, whose offset is at [`HEADER`], to the time of linking.
const TIME: usize = 8;
/// The place of the header's offset.
const HEADER: usize = 0x3c;

/// Replaces the time of linking in `binary` by zero, because equal sources have to give equal bytes. The linker has no
/// option for that.
///
/// # Errors
/// Fails if there is no header.
pub fn clear_time(binary: &mut [u8]) -> Result<()> {
    let header = binary.get(HEADER..).and_then(|rest| rest.first_chunk());
    let header = u32::from_le_bytes(*header.context("it has no header")?) as usize;
    let time = binary.get_mut(header + TIME..header + TIME + 4);
    time.context("it has no header")?.fill(0);
    Ok(())
}

/// Checks that `binary` is a complete executable for Windows on x86_64, that it needs libraries of the system only, and
/// that its data cannot be run and its address is random.
///
/// # Errors
/// Fails with the first violation.
pub fn check(binary: &[u8]) -> Result<()> {
    let file = PeFile64::parse(binary).map_err(|error| anyhow!("it is no 64-bit PE file: {error}"))?;
    let header = file.nt_headers().file_header();
    ensure!(
        header.machine.get(LE) == IMAGE_FILE_MACHINE_AMD64,
        "it is for another processor than x86_64"
    );
    ensure!(
        header.time_date_stamp.get(LE) == 0,
        "it holds the time when it was linked"
    );
    let kind = header.characteristics.get(LE);
    ensure!(
        kind & IMAGE_FILE_EXECUTABLE_IMAGE != 0 && kind & IMAGE_FILE_DLL == 0,
        "it is no executable"
    );
    let traits = file.nt_headers().optional_header().dll_characteristics();
    let has = |flag| traits & flag != 0;
    ensure!(
        has(IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE),
        "it cannot be loaded at a random address"
    );
    ensure!(
        has(IMAGE_DLLCHARACTERISTICS_NX_COMPAT),
        "what is on its stack can be run"
    );
    for section in file.section_table().iter() {
        section
            .pe_data(binary)
            .map_err(|error| anyhow!("it ends too early: {error}"))?;
    }
    for library in libraries(&file).map_err(|error| anyhow!("it is damaged: {error}"))? {
        ensure!(
            LIBRARIES.contains(&library.as_str()) || library.starts_with(API_SETS),
            "it needs the library `{library}`"
        );
    }
    Ok(())
}

/// Returns the names of the libraries that `file` needs, in lower case.
fn libraries(file: &PeFile64<'_>) -> object::Result<Vec<String>> {
    let Some(table) = file.import_table()? else {
        return Ok(Vec::new());
    };
    let mut descriptors = table.descriptors()?;
    let mut names = Vec::new();
    while let Some(descriptor) = descriptors.next()? {
        let name = table.name(descriptor.name.get(LE))?;
        names.push(String::from_utf8_lossy(name).to_ascii_lowercase());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use object::pe::{IMAGE_DOS_SIGNATURE, IMAGE_NT_OPTIONAL_HDR64_MAGIC, IMAGE_NT_SIGNATURE};

    use super::*;

    const RANDOM: u16 = IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | IMAGE_DLLCHARACTERISTICS_NX_COMPAT;

    /// Returns a PE file that consists of headers.
    fn pe(machine: u16, kind: u16, traits: u16, time: u32) -> Vec<u8> {
        let mut file = vec![0; 0x40 + 24 + 240];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &IMAGE_DOS_SIGNATURE.to_le_bytes());
        put(HEADER, &0x40_u32.to_le_bytes());
        put(0x40, &IMAGE_NT_SIGNATURE.to_le_bytes());
        put(0x44, &machine.to_le_bytes());
        put(0x40 + TIME, &time.to_le_bytes());
        put(0x54, &240_u16.to_le_bytes());
        put(0x56, &kind.to_le_bytes());
        put(0x58, &IMAGE_NT_OPTIONAL_HDR64_MAGIC.to_le_bytes());
        put(0x58 + 70, &traits.to_le_bytes());
        put(0x58 + 108, &16_u32.to_le_bytes());
        file
    }

    fn error(binary: &[u8]) -> String {
        check(binary).unwrap_err().to_string()
    }

    #[test]
    fn accepts_program_whose_time_was_cleared() {
        let mut program = pe(IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_EXECUTABLE_IMAGE, RANDOM, 7);
        assert_eq!(error(&program), "it holds the time when it was linked");
        clear_time(&mut program).unwrap();
        check(&program).unwrap();
    }

    #[test]
    fn refuses_other_processors_kinds_and_addresses() {
        let program = IMAGE_FILE_EXECUTABLE_IMAGE;
        assert!(error(&pe(0xaa64, program, RANDOM, 0)).contains("another processor than x86_64"));
        let library = pe(IMAGE_FILE_MACHINE_AMD64, program | IMAGE_FILE_DLL, RANDOM, 0);
        assert_eq!(error(&library), "it is no executable");
        let fixed = pe(IMAGE_FILE_MACHINE_AMD64, program, 0, 0);
        assert!(error(&fixed).contains("random address"));
        let stack = pe(
            IMAGE_FILE_MACHINE_AMD64,
            program,
            IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE,
            0,
        );
        assert!(error(&stack).contains("stack can be run"));
    }

    #[test]
    fn input_truncated_anywhere_is_an_error() {
        let whole = pe(IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_EXECUTABLE_IMAGE, RANDOM, 0);
        for length in 0..whole.len() {
            check(&whole[..length]).unwrap_err();
        }
        clear_time(&mut [0; 8]).unwrap_err();
    }
}
