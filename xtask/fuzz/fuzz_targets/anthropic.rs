//! A whole answer of Anthropic, with status and headers.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::anthropic(bytes));
