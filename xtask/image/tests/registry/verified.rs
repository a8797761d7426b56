//! Binaries from elsewhere: one that must not ship is not pushed and gets no tag.

use std::fs;

use crate::{
    context::{Context, run},
    programs::{AMD64, ARM64, REVISION, program},
    server::{Habits, Registry},
};

/// Puts `bytes` in the place of the binary for amd64, which has to be refused with `word`.
fn refuses(bytes: &[u8], word: &str) {
    let registry = Registry::start(Habits::default());
    let context = Context::new();
    fs::write(context.path("programs").join(AMD64.1), bytes).unwrap();
    let outcome = run(context.push(&registry));
    outcome.failed(&[
        "nothing was pushed or tagged",
        "weft-linux-amd64` must not ship",
        word,
    ]);
    assert_eq!(
        (registry.tags(), registry.blobs()),
        (0, 0),
        "something was pushed"
    );
    assert!(!context.path("digests").exists(), "a digest was recorded");
}

#[test]
fn refuses_files_that_are_no_programs() {
    refuses(b"", "it is empty");
    refuses(b"#!/bin/sh\n", "no 64-bit little-endian ELF file");
    refuses(&program(AMD64.0, &REVISION, b"")[..150], "ends too early");
}

#[test]
fn refuses_programs_of_the_other_platform() {
    refuses(
        &program(ARM64.0, &REVISION, b""),
        "it is for aarch64, and should be for x86_64",
    );
}

#[test]
fn refuses_programs_of_another_revision() {
    refuses(&program(AMD64.0, "0123456789ab", b""), "it was not built from");
    if REVISION.ends_with("-dirty") {
        refuses(
            &program(AMD64.0, REVISION.trim_end_matches("-dirty"), b""),
            "it was not built from",
        );
    } else {
        refuses(
            &program(AMD64.0, &format!("{}-dirty", *REVISION), b""),
            "it was not built from",
        );
    }
}

#[test]
fn refuses_programs_that_are_not_static() {
    let mut file = program(AMD64.0, &REVISION, b"");
    // The first segment becomes PT_INTERP.
    file[64..68].copy_from_slice(&3_u32.to_le_bytes());
    refuses(&file, "it is not static");
}

#[test]
fn refuses_programs_over_their_budget() {
    refuses(
        &program(AMD64.0, &REVISION, &vec![0; 20_000_000]),
        "over its limit",
    );
}

#[test]
fn refuses_programs_with_keys() {
    refuses(
        &program(AMD64.0, &REVISION, b"-----BEGIN PRIVATE KEY-----"),
        "private key",
    );
}
