//! The identifier of a program, by which debuggers find its symbols. Zig's linker takes it from a file that still has
//! the symbols, with the paths and the times of the compiled files: so it differs from build to build.

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use super::{
    commands::{Commands, put},
    signature,
};

/// Bytes of an identifier, a UUID.
const SIZE: usize = 16;

/// Sets the identifier of the program `binary` to a digest of its other bytes, and renews the signature if there is
/// one.
///
/// # Errors
/// Fails if the file is no complete program.
pub fn identify(binary: &mut [u8]) -> Result<()> {
    let found = Commands::of(binary)?;
    let Some(at) = found.identifier else {
        return Ok(());
    };
    put(binary, at, &[0; SIZE])?;
    let code = found.signature.map_or(binary.len(), |(at, _)| at as usize);
    let digest = Sha256::digest(&binary[..code.min(binary.len())]);
    let mut identifier = [0; SIZE];
    identifier.copy_from_slice(&digest[..SIZE]);
    // The version and the variant of UUIDs whose content is up to those who make them (RFC 9562).
    identifier[6] = identifier[6] & 0x0f | 0x80;
    identifier[8] = identifier[8] & 0x3f | 0x80;
    put(binary, at, &identifier)?;
    match found.signature {
        Some((at, size)) => signature::renew(binary, at, size),
        None => Ok(()),
    }
}
