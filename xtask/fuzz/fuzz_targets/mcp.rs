//! Messages of an MCP server.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::mcp(bytes));
