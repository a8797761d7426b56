//! Any JSON text, compared with serde_json.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::json(bytes));
