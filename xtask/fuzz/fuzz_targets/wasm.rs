//! A component or core module that is taken apart and put together again.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::wasm(bytes));
