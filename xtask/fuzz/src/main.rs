//! The fuzzer: libFuzzer, which calls the target in the variable `FUZZ_TARGET`.

#![no_main]

use std::{env, sync::OnceLock};

use fuzz_targets::Target;

static TARGET: OnceLock<Target> = OnceLock::new();

/// Returns the target. One program contains all of them and reads a variable, because libFuzzer takes the
/// arguments, and linking a program for each would take longer than a short run.
fn target() -> &'static Target {
    TARGET.get_or_init(|| {
        let name = env::var("FUZZ_TARGET").expect("FUZZ_TARGET names the target");
        fuzz_targets::find(&name).expect("FUZZ_TARGET names a target that there is")
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (target().check)(bytes));
