//! The functions of `include/clawft.h`, for hosts that have their own network. What they do stands in
//! [`clawft_wasm::turns`]; here addresses become slices and results become numbers.

use clawft_wasm::turns::{Misuse, Turns};
use clawft_wasm::{VERSION, WasmPlatform};
use std::arch::wasm32;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard};

/// `CLAWFT_ABI`.
const ABI: u32 = 1;

static TURNS: Mutex<Turns> = Mutex::new(Turns::new());

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn free(address: *mut c_void);
}

#[unsafe(no_mangle)]
extern "C" fn clawft_abi() -> u32 {
    ABI
}

#[unsafe(no_mangle)]
extern "C" fn clawft_version() -> *const u8 {
    // The header promises C's ending, and a constant.
    const TEXT: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    const _: () = assert!(TEXT.len() == VERSION.len() + 1);
    TEXT.as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn clawft_alloc(size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for.
    unsafe { malloc(size) }
}

#[unsafe(no_mangle)]
extern "C" fn clawft_free(address: *mut c_void) {
    // SAFETY: the host gives back what it got from `clawft_alloc`, as the header says.
    unsafe { free(address) }
}

#[unsafe(no_mangle)]
extern "C" fn clawft_begin(message: usize, message_size: usize, session: usize, session_size: usize) -> i32 {
    let begin = || {
        // SAFETY: the host changes neither before the function returns.
        let (message, session) = unsafe { (bytes(message, message_size)?, bytes(session, session_size)?) };
        turns()?.begin(WasmPlatform::new(), message, session)
    };
    begin().unwrap_or_else(Misuse::code)
}

#[unsafe(no_mangle)]
extern "C" fn clawft_step(turn: i32) -> i32 {
    let step = turns().and_then(|turns| turns.step(turn));
    step.map_or_else(Misuse::code, |step| step.code())
}

#[unsafe(no_mangle)]
extern "C" fn clawft_feed(
    turn: i32,
    event: u32,
    number: u32,
    start: usize,
    size: usize,
    elapsed_ms: u32,
) -> i32 {
    let feed = || {
        // SAFETY: the host does not change them before the function returns.
        let bytes = unsafe { bytes(start, size)? };
        turns()?.feed(turn, event, number, bytes, elapsed_ms)
    };
    feed().map_or_else(Misuse::code, |step| step.code())
}

#[unsafe(no_mangle)]
extern "C" fn clawft_text(turn: i32, text: u32) -> *const u8 {
    let start = |text: &[u8]| if text.is_empty() { std::ptr::null() } else { text.as_ptr() };
    turns().map_or(std::ptr::null(), |turns| start(turns.text(turn, text)))
}

#[unsafe(no_mangle)]
extern "C" fn clawft_text_size(turn: i32, text: u32) -> usize {
    turns().map_or(0, |turns| turns.text(turn, text).len())
}

#[unsafe(no_mangle)]
extern "C" fn clawft_number(turn: i32, number: u32) -> u32 {
    turns().map_or(0, |turns| turns.number(turn, number))
}

#[unsafe(no_mangle)]
extern "C" fn clawft_drop(turn: i32) -> i32 {
    turns().and_then(|mut turns| turns.forget(turn)).map_or_else(Misuse::code, |()| 0)
}

/// The turns of this instance. A host that calls in again from within a call of WASI's finds none.
fn turns() -> Result<MutexGuard<'static, Turns>, Misuse> {
    TURNS.try_lock().map_err(|_| Misuse::NoTurn)
}

/// The bytes that a host speaks of.
///
/// # Safety
/// They are not changed while they are in use.
unsafe fn bytes<'a>(start: usize, size: usize) -> Result<&'a [u8], Misuse> {
    const PAGE: usize = 65536;
    if size == 0 {
        return Ok(&[]);
    }
    let end = start.checked_add(size).ok_or(Misuse::NoBytes)?;
    // No slice begins at 0, and nothing of the host's does.
    if start == 0 || end.div_ceil(PAGE) > wasm32::memory_size(0) {
        return Err(Misuse::NoBytes);
    }
    // SAFETY: they are in the memory, and every byte there has a value.
    Ok(unsafe { std::slice::from_raw_parts(start as *const u8, size) })
}
