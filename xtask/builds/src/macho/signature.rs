//! The signature of a Mach-O file: a blob with a *code directory*, which holds a digest of each page. All numbers are
//! big-endian. `xnu/osfmk/kern/cs_blobs.h` describes the format.

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

/// The magic number of the blob that holds the others.
pub(super) const SUPER_BLOB: u32 = 0xfade_0cc0;
/// The magic number of a code directory.
pub(super) const CODE_DIRECTORY: u32 = 0xfade_0c02;
/// The flag of a signature without an identity.
pub(super) const AD_HOC: u32 = 2;
/// The type of SHA-256 digests, and their length.
pub(super) const SHA_256: (u8, usize) = (2, 32);

/// The error of a signature that ends too early.
const TRUNCATED: &str = "its signature ends too early";

/// Checks the signature in the `size` bytes of `binary` that begin at `at`: it is ad hoc, covers everything before it,
/// and its digests fit.
///
/// # Errors
/// Fails with the first violation.
pub(super) fn check(binary: &[u8], at: u32, size: u32) -> Result<()> {
    let (start, size) = (at as usize, size as usize);
    let (code, rest) = binary
        .split_at_checked(start)
        .context("its signature is missing")?;
    let blob = rest.get(..size).context(TRUNCATED)?;
    check_directory(code, &blob[directory(blob)?..])
}

/// Sets the digests of the signature in the `size` bytes of `binary` that begin at `at`, after a change in what it
/// covers.
///
/// # Errors
/// Fails if the signature is not complete, or has other digests.
pub(super) fn renew(binary: &mut [u8], at: u32, size: u32) -> Result<()> {
    let (code, rest) = binary
        .split_at_mut_checked(at as usize)
        .context("its signature is missing")?;
    let blob = rest.get_mut(..size as usize).context(TRUNCATED)?;
    let start = directory(blob)?;
    let directory = &mut blob[start..];
    let digests = word(directory, 16)? as usize;
    for (index, page) in code.chunks(page_size(directory)?).enumerate() {
        let at = digests + index * SHA_256.1;
        let place = directory.get_mut(at..at + SHA_256.1).context(TRUNCATED)?;
        place.copy_from_slice(&Sha256::digest(page));
    }
    Ok(())
}

/// Returns the place of the code directory in a signature.
fn directory(blob: &[u8]) -> Result<usize> {
    ensure!(
        word(blob, 0)? == SUPER_BLOB,
        "its signature is of an unknown kind"
    );
    let count = word(blob, 8)? as usize;
    for index in 0..count.min(blob.len() / 8) {
        let place = word(blob, 16 + index * 8)? as usize;
        if word(blob, place)? == CODE_DIRECTORY {
            return Ok(place);
        }
    }
    bail!("its signature holds no digests")
}

/// Returns the bytes that each digest of a code directory covers.
fn page_size(directory: &[u8]) -> Result<usize> {
    let [length, kind, _, page] = word(directory, 36)?.to_be_bytes();
    ensure!(
        (kind, usize::from(length)) == SHA_256,
        "its signature has other digests than SHA-256"
    );
    1_usize
        .checked_shl(page.into())
        .context("its signature has pages of an unknown size")
}

fn check_directory(code: &[u8], directory: &[u8]) -> Result<()> {
    ensure!(word(directory, 12)? & AD_HOC != 0, "its signature is not ad hoc");
    let digests = word(directory, 16)? as usize;
    let slots = word(directory, 28)? as usize;
    ensure!(
        word(directory, 32)? as usize == code.len(),
        "its signature does not cover all of it"
    );
    let pages = code.chunks(page_size(directory)?);
    ensure!(pages.len() == slots, "its signature lacks digests");
    for (index, page) in pages.enumerate() {
        let at = digests + index * SHA_256.1;
        let expected = directory.get(at..at + SHA_256.1).context(TRUNCATED)?;
        ensure!(
            Sha256::digest(page).as_slice() == expected,
            "its signature does not fit page {index}"
        );
    }
    Ok(())
}

/// Returns the big-endian number at `at`.
fn word(bytes: &[u8], at: usize) -> Result<u32> {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    Ok(u32::from_be_bytes(*word.context(TRUNCATED)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns `code` with a signature of pages of 4 KB.
    fn signed(code: &[u8], flags: u32) -> Vec<u8> {
        let digests: Vec<u8> = code.chunks(4096).flat_map(Sha256::digest).collect();
        let slots = digests.len() as u32 / 32;
        let length = 44 + digests.len() as u32;
        let words = [
            SUPER_BLOB,
            20 + length,
            1,
            0,
            20,
            CODE_DIRECTORY,
            length,
            0x0002_0400,
            flags,
            44,
            44,
            0,
            slots,
            code.len() as u32,
            u32::from_be_bytes([32, 2, 0, 12]),
            0,
        ];
        let words = words.into_iter().flat_map(u32::to_be_bytes);
        code.iter().copied().chain(words).chain(digests).collect()
    }

    fn judged(binary: &[u8], code: usize) -> Result<()> {
        check(binary, code as u32, (binary.len() - code) as u32)
    }

    #[test]
    fn accepts_digests_of_all_pages() {
        let code = vec![7; 10_000];
        judged(&signed(&code, AD_HOC), code.len()).unwrap();
    }

    #[test]
    fn names_page_that_changed_afterwards() {
        let code = vec![7; 10_000];
        let mut binary = signed(&code, AD_HOC);
        binary[5000] = 8;
        let error = judged(&binary, code.len()).unwrap_err().to_string();
        assert_eq!(error, "its signature does not fit page 1");
    }

    #[test]
    fn refuses_other_and_truncated_signatures() {
        let code = vec![7; 10_000];
        assert!(
            judged(&signed(&code, 0), code.len())
                .unwrap_err()
                .to_string()
                .contains("not ad hoc")
        );
        let whole = signed(&code, AD_HOC);
        for length in code.len()..whole.len() {
            judged(&whole[..length], code.len()).unwrap_err();
        }
        judged(&[0; 100], 50).unwrap_err();
    }
}
