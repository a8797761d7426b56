//! Variables and arguments by WASI preview 1 itself, on wasm32-wasip1.

use wasip1::{Errno, Size};

/// The arguments of the command, less its name. Bytes that are not UTF-8 are replaced by `U+FFFD`.
pub fn arguments() -> impl Iterator<Item = String> {
    // SAFETY: both are the functions of one list.
    let arguments = unsafe { list(wasip1::args_sizes_get, wasip1::args_get) };
    arguments.into_iter().skip(1).map(|argument| String::from_utf8_lossy(&argument).into_owned())
}

/// The host's variables that are UTF-8.
pub(super) fn host() -> impl Iterator<Item = (String, String)> {
    // SAFETY: both are the functions of one list.
    let variables = unsafe { list(wasip1::environ_sizes_get, wasip1::environ_get) };
    variables.into_iter().filter_map(|variable| {
        let variable = String::from_utf8(variable).ok()?;
        let (name, value) = variable.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    })
}

/// A list of byte strings that the host has: how many and how long they are, and then themselves. A host that has trouble
/// with it has none.
///
/// # Safety
/// `get` writes no more pointers and no more bytes than `sizes` says.
unsafe fn list(
    sizes: unsafe fn() -> Result<(Size, Size), Errno>,
    get: unsafe fn(*mut *mut u8, *mut u8) -> Result<(), Errno>,
) -> Vec<Vec<u8>> {
    // SAFETY: no memory is involved but what the function returns.
    let (count, size) = unsafe { sizes() }.unwrap_or_default();
    let mut places = vec![std::ptr::null_mut(); count];
    let mut bytes = vec![0; size];
    // SAFETY: both are as large as the host wants them.
    match unsafe { get(places.as_mut_ptr(), bytes.as_mut_ptr()) } {
        // Each is ended by a NUL, and they stand in the order of their places.
        Ok(()) => bytes.split(|byte| *byte == 0).take(count).map(<[u8]>::to_vec).collect(),
        Err(_) => Vec::new(),
    }
}
