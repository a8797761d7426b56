//! Calls of the built-in tools, and the files that they work on.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::tools(bytes));
