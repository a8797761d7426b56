//! WAMR itself, started once per process.

use std::{
    ffi::{CStr, c_char},
    mem,
    sync::Once,
};

use wamrx_sys as wamr;

/// The size of WAMR's own memory, apart from the guest's. It uses a fraction of that; see [`peak`].
const POOL: usize = 16 << 20;

/// The size of the buffer for WAMR's error messages.
const ERROR: usize = 256;

/// Starts WAMR if it has not been started yet.
///
/// # Panics
///
/// If it cannot be started, which no input can cause.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let pool = Box::leak(vec![0_u64; POOL / 8].into_boxed_slice());
        // SAFETY: C code initialises this structure with zeros: null pointers, zeros and the first of each
        // enum.
        let mut settings: wamr::RuntimeInitArgs = unsafe { mem::zeroed() };
        settings.mem_alloc_type = wamr::Alloc_With_Pool;
        settings.running_mode = wamr::Mode_Interp;
        settings.mem_alloc_option.pool.heap_buf = pool.as_mut_ptr().cast();
        settings.mem_alloc_option.pool.heap_size = POOL as u32;
        // SAFETY: the settings are complete, and the pool is WAMR's from here on.
        let started = unsafe { wamr::wasm_runtime_full_init(&mut settings) };
        assert!(started, "WAMR did not start");
    });
}

/// Returns the peak of WAMR's own memory in bytes, for the module and its stacks. The guest's memory is not
/// included.
pub(crate) fn peak() -> u32 {
    // SAFETY: a structure of numbers.
    let mut info: wamr::mem_alloc_info_t = unsafe { mem::zeroed() };
    // SAFETY: WAMR has been started, and fills in the structure.
    unsafe { wamr::wasm_runtime_get_mem_alloc_info(&mut info) };
    info.highmark_size
}

/// Returns the version of WAMR, and the settings of its build.
pub(crate) fn version() -> String {
    let [mut major, mut minor, mut patch] = [0; 3];
    // SAFETY: the function writes three numbers to these addresses.
    unsafe { wamr::wasm_runtime_get_version(&mut major, &mut minor, &mut patch) };
    let with = |is: bool| if is { "with" } else { "without" };
    format!(
        "WAMR {major}.{minor}.{patch} {} reference types, {} bulk memory",
        with(cfg!(feature = "reference-types")),
        with(cfg!(feature = "bulk-memory")),
    )
}

/// Calls `work` with a buffer for an error message and its size; returns the message as an error if the
/// result is null.
pub(crate) fn or_error<T>(work: impl FnOnce(*mut c_char, u32) -> *mut T) -> Result<*mut T, String> {
    let mut text = [0_u8; ERROR];
    let result = work(text.as_mut_ptr().cast(), ERROR as u32);
    match result.is_null() {
        false => Ok(result),
        true => Err(CStr::from_bytes_until_nul(&text)
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()),
    }
}
