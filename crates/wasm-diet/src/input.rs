//! Refuses files that cannot be shrunk, with an error that names the cause.

use anyhow::{Result, bail};
use wasmparser::{BinaryReader, Parser, Payload};

use crate::{features, sections};

/// The beginning of every WebAssembly binary.
const MAGIC: &[u8] = b"\0asm";

/// The bytes before the first section: [`MAGIC`] and the version.
const HEADER: usize = 8;

/// The beginnings of other formats.
const FORMATS: [(&[u8], &str); 19] = [
    (b"\x1f\x8b", "it is compressed with gzip: decompress it first"),
    (
        b"\x28\xb5\x2f\xfd",
        "it is compressed with zstd: decompress it first",
    ),
    (b"\xfd7zXZ\0", "it is compressed with xz: decompress it first"),
    (b"BZh", "it is compressed with bzip2: decompress it first"),
    (b"PK\x03\x04", "it is a zip archive: unpack it first"),
    (b"!<arch>\n", "it is an archive of objects: link them first"),
    (b"BC\xc0\xde", "it is LLVM bitcode: compile and link it first"),
    (b"\x7fELF", "it is a program or library for Linux (ELF)"),
    (b"MZ", "it is a program for Windows"),
    (b"\xcf\xfa\xed\xfe", "it is a program for macOS"),
    (b"#!", "it is a script"),
    (
        b"version https://git-lfs",
        "it is a pointer of Git LFS: `git lfs pull` fetches the file",
    ),
    (b"<", "it is a page or another text with markup"),
    (b"{", "it is JSON"),
    (b"AGFzb", "it is WebAssembly in base64: decode it first"),
    (
        b";;",
        "it is WebAssembly text: `wasm-tools parse` makes a binary of it",
    ),
    (
        b"(;",
        "it is WebAssembly text: `wasm-tools parse` makes a binary of it",
    ),
    (
        b"(module",
        "it is WebAssembly text: `wasm-tools parse` makes a binary of it",
    ),
    (
        b"(component",
        "it is WebAssembly text: `wasm-tools parse` makes a binary of it",
    ),
];

/// Fails unless `binary` is a valid component or core module.
///
/// # Errors
/// Names the format of the file if it is another one, else the place of the fault.
pub fn check(binary: &[u8]) -> Result<()> {
    check_form(binary)?;
    if let Err(error) = features::accepts(binary, &features::every()) {
        bail!(
            "it is not valid: {} (at offset {:#x})",
            error.message(),
            error.offset()
        );
    }
    Ok(())
}

/// Fails unless `binary` has the sections of a component or core module.
///
/// # Errors
/// Names the format of the file if it is another one, else the place of the fault.
pub fn check_form(binary: &[u8]) -> Result<()> {
    if binary.is_empty() {
        bail!("it is empty");
    }
    if binary.len() < HEADER && MAGIC.starts_with(binary.get(..MAGIC.len()).unwrap_or(binary)) {
        bail!(
            "it is cut short: of the {HEADER} bytes of the header, {} are there",
            binary.len()
        );
    }
    if !binary.starts_with(MAGIC) {
        // A text may begin with a byte order mark.
        let text = binary
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(binary)
            .trim_ascii_start();
        let known = FORMATS.iter().find(|(beginning, _)| text.starts_with(beginning));
        match known {
            Some((_, explanation)) => bail!("it is not a WebAssembly binary: {explanation}"),
            None => bail!("it is not a WebAssembly binary: it does not begin with `\\0asm`"),
        }
    }
    if !Parser::is_core_wasm(binary) && !Parser::is_component(binary) {
        bail!("it is neither a core module nor a component of a version that is known");
    }
    whole(binary)
}

/// Fails if a section reaches beyond the end of the file, or a second binary follows.
fn whole(binary: &[u8]) -> Result<()> {
    let mut reader = BinaryReader::new(binary, 0);
    reader.read_bytes(8)?;
    while !reader.eof() {
        let at = reader.current_position();
        let rest = binary.get(at..).unwrap_or_default();
        if rest.starts_with(MAGIC) {
            bail!("a second WebAssembly binary begins at offset {at:#x}: the file was joined from several");
        }
        let id = reader.read_u8()?;
        let size = match reader.read_var_u32() {
            Ok(size) => size as usize,
            Err(error) if reader.eof() => bail!("it is cut short in the header of a section: {error}"),
            Err(error) => return Err(error.into()),
        };
        if size > reader.bytes_remaining() {
            bail!(
                "it is cut short: the section with id {id} at offset {at:#x} has {size} bytes, of which {} are there",
                reader.bytes_remaining()
            );
        }
        reader.read_bytes(size)?;
    }
    Ok(())
}

/// Fails if a core module is an object that still has to be linked.
///
/// # Errors
/// Fails also if the module is damaged.
pub fn refuse_object(module: &[u8]) -> Result<()> {
    let (_, customs) = sections::detach(module)?;
    if !customs.iter().any(|custom| custom.name == "linking") {
        return Ok(());
    }
    // A linked module that kept its relocations has the section as well. Only an object exports nothing and
    // imports the memory that the linker makes.
    let mut exports = false;
    let mut imports = false;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ExportSection(section) => exports |= section.count() > 0,
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    imports |= import.module == "env" && import.name == "__linear_memory";
                }
            }
            _ => {}
        }
    }
    if imports || !exports {
        bail!("it is an object that has to be linked first: it has the sections of a linker, and no exports");
    }
    Ok(())
}
