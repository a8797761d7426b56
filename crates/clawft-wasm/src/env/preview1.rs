//! Variables and arguments through WASI preview 1, on wasm32-wasip1.

use clawft_types::text::Ascii as _;
use wasip1::{Errno, Size};

/// Returns the arguments of the command without its name. Bytes that are not UTF-8 are replaced by `U+FFFD`.
pub fn arguments() -> impl Iterator<Item = String> {
    // SAFETY: both functions belong to one list.
    let arguments = unsafe { list(wasip1::args_sizes_get, wasip1::args_get) };
    arguments
        .into_iter()
        .skip(1)
        .map(|argument| String::from_utf8_lossy(&argument).into_owned())
}

/// Returns the host's variables that are UTF-8.
pub(super) fn host() -> impl Iterator<Item = (String, String)> {
    // SAFETY: both functions belong to one list.
    let variables = unsafe { list(wasip1::environ_sizes_get, wasip1::environ_get) };
    variables.into_iter().filter_map(|variable| {
        let variable = String::from_utf8(variable).ok()?;
        let (name, value) = variable.cut(b'=')?;
        Some((name.to_owned(), value.to_owned()))
    })
}

/// Returns a list of byte strings from the host: `sizes` returns their number and total length, `get` the
/// strings. The list is empty if the host reports an error.
///
/// # Safety
/// `get` writes at most as many pointers and bytes as `sizes` returns.
unsafe fn list(
    sizes: unsafe fn() -> Result<(Size, Size), Errno>,
    get: unsafe fn(*mut *mut u8, *mut u8) -> Result<(), Errno>,
) -> Vec<Vec<u8>> {
    // SAFETY: no memory is involved but the function's return value.
    let (count, size) = unsafe { sizes() }.unwrap_or_default();
    let mut places = vec![std::ptr::null_mut(); count];
    let mut bytes = vec![0; size];
    // SAFETY: both buffers have the size that the host requires.
    match unsafe { get(places.as_mut_ptr(), bytes.as_mut_ptr()) } {
        // Each string ends with a NUL, and they are in the order of their addresses.
        Ok(()) => bytes
            .split(|byte| *byte == 0)
            .take(count)
            .map(<[u8]>::to_vec)
            .collect(),
        Err(_) => Vec::new(),
    }
}
