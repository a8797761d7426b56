//! A whole answer of a chat-completions server, with status and headers.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::openai(bytes));
