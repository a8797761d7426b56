//! A URL and a header's value, as they are checked before a request.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::url(bytes));
