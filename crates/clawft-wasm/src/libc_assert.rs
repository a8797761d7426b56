//! The function that wasi-libc calls when one of its own assertions fails.
//!
//! Some distributions build wasi-libc with assertions. Its own handler prints with `fprintf`, which links all
//! of `printf` and stdio into the component: 12 KB for the message of a bug in libc. This one replaces it and
//! traps. If libc was built without assertions, nothing refers to it and the linker drops it.

use core::{
    arch::wasm32,
    ffi::{c_char, c_int},
};

// SAFETY: the signature is that of `__assert_fail` in wasi-libc's `assert.h`, and no other definition is
// linked: libc's own is in an archive, which is searched for missing symbols only.
#[unsafe(no_mangle)]
extern "C" fn __assert_fail(_: *const c_char, _: *const c_char, _: c_int, _: *const c_char) -> ! {
    wasm32::unreachable()
}
