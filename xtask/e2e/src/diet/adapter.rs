//! An adapter for `wasm-tools component new`: a core module in no component, which is read by the names of its globals.

use anyhow::{Result, ensure};
use builds::{files, temporary};
use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;

use super::context::DietContext;

/// The name of the case.
pub(super) const NAME: &str = "adapter::makes_components_that_run";

/// A program that prints a line.
const PROGRAM: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))))"#;

/// Makes a component with the adapter before and after it was shrunk, and runs both, and the second also shrunk.
pub(super) fn check(context: &DietContext) -> Result<()> {
    let directory = temporary::directory()?;
    let file = |name: &str| directory.path().join(name);
    context.parse(PROGRAM, &file("program.wasm"))?;
    files::replace(&file("before.wasm"), WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)?;
    context.shrink(&file("before.wasm"), &file("after.wasm"), &[])?;
    let (was, is) = (
        context.size(&file("before.wasm"))?,
        context.size(&file("after.wasm"))?,
    );
    ensure!(is < was, "the adapter had {was} bytes and has {is}");
    for adapter in ["before.wasm", "after.wasm"] {
        context.componentize(&file("program.wasm"), &file(adapter), &file("made.wasm"))?;
        let printed = context.run(&file("made.wasm"))?;
        ensure!(
            printed == "hello",
            "with the adapter {adapter} it prints `{printed}`"
        );
    }
    context.shrink(&file("made.wasm"), &file("small.wasm"), &[])?;
    ensure!(
        context.run(&file("small.wasm"))? == "hello",
        "the shrunk component prints another text"
    );
    Ok(())
}
