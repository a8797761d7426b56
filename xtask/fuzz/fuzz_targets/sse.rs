//! A streamed answer, in the dialects of all providers.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::sse(bytes));
