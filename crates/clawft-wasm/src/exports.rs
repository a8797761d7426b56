//! The functions of `include/clawft.h`, for hosts with their own network. [`clawft_wasm::turns`] implements
//! them; this module converts addresses to slices and results to numbers.

use std::{
    arch::wasm32,
    sync::{Mutex, MutexGuard},
};

use clawft_wasm::{
    VERSION, WasmPlatform, heap,
    turns::{Misuse, Turns},
};

/// `CLAWFT_ABI`.
const ABI: u32 = 1;

static TURNS: Mutex<Turns> = Mutex::new(Turns::new());

#[unsafe(no_mangle)]
extern "C" fn clawft_abi() -> u32 {
    ABI
}

#[unsafe(no_mangle)]
extern "C" fn clawft_version() -> *const u8 {
    // The header promises a NUL-terminated constant.
    const TEXT: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    const _: () = assert!(TEXT.len() == VERSION.len() + 1);
    TEXT.as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn clawft_alloc(size: usize) -> *mut u8 {
    heap::allocate(size)
}

#[unsafe(no_mangle)]
extern "C" fn clawft_free(address: *mut u8) {
    // SAFETY: the header requires an address from `clawft_alloc`.
    unsafe { heap::free(address) }
}

#[unsafe(no_mangle)]
extern "C" fn clawft_offer(
    name: usize,
    name_size: usize,
    description: usize,
    description_size: usize,
    parameters: usize,
    parameters_size: usize,
) -> i32 {
    let offer = || {
        // SAFETY: the host changes none of them before the function returns.
        let (name, description, parameters) = unsafe {
            (
                bytes(name, name_size)?,
                bytes(description, description_size)?,
                bytes(parameters, parameters_size)?,
            )
        };
        turns()?.offer(name, description, parameters)
    };
    offer().map_or_else(Misuse::code, |()| 0)
}

#[unsafe(no_mangle)]
extern "C" fn clawft_answer(turn: i32, start: usize, size: usize, is_error: u32, elapsed_ms: u32) -> i32 {
    let answer = || {
        // SAFETY: the host does not change the bytes before the function returns.
        let result = unsafe { bytes(start, size)? };
        turns()?.answer(turn, result, is_error != 0, elapsed_ms)
    };
    answer().map_or_else(Misuse::code, |step| step.code())
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
        // SAFETY: the host does not change the bytes before the function returns.
        let bytes = unsafe { bytes(start, size)? };
        turns()?.feed(turn, event, number, bytes, elapsed_ms)
    };
    feed().map_or_else(Misuse::code, |step| step.code())
}

#[unsafe(no_mangle)]
extern "C" fn clawft_text(turn: i32, text: u32) -> *const u8 {
    let start = |text: &[u8]| {
        if text.is_empty() {
            std::ptr::null()
        } else {
            text.as_ptr()
        }
    };
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
    turns()
        .and_then(|mut turns| turns.forget(turn))
        .map_or_else(Misuse::code, |()| 0)
}

/// Returns the turns of this instance. Fails for a host that calls in again during a call of a WASI function.
fn turns() -> Result<MutexGuard<'static, Turns>, Misuse> {
    TURNS.try_lock().map_err(|_| Misuse::NoTurn)
}

/// Returns the bytes that a host passes by address.
///
/// # Safety
/// The bytes must not change while they are in use.
unsafe fn bytes<'a>(start: usize, size: usize) -> Result<&'a [u8], Misuse> {
    const PAGE: usize = 65536;
    if size == 0 {
        return Ok(&[]);
    }
    let end = start.checked_add(size).ok_or(Misuse::NoBytes)?;
    // No slice begins at address 0, and no host memory does.
    if start == 0 || end.div_ceil(PAGE) > wasm32::memory_size(0) {
        return Err(Misuse::NoBytes);
    }
    // SAFETY: the bytes are in the memory, and every byte there is initialised.
    Ok(unsafe { std::slice::from_raw_parts(start as *const u8, size) })
}
