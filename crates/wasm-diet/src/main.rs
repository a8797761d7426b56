//! `wasm-diet`: shrinks and explains WebAssembly components and core modules. The library of this package does the
//! work; this is the command line.

// Input from outside may cause an error, but never a panic or a truncated number.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

mod command;

use std::process::ExitCode;

/// The allocator where the C library is musl, whose own is slow with threads. C++ uses it too.
#[cfg(all(feature = "binaryen", target_env = "musl"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command::main()
}
