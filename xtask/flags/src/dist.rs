//! The flags of `dist`.

use std::path::PathBuf;

use clap::Args;

use crate::values::Target;

/// Build `weft` for release: binaries, archives, checksums
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask dist                         all targets, on Linux or macOS
  cargo xtask dist --target linux-arm64    one target alone
  cargo xtask dist --wasm-diet             `wasm-diet` instead, static and with Binaryen inside
  cargo xtask dist --dry-run               the steps, without running them
  cargo xtask dist --run DIR               the archive for this machine in DIR, unpacked, checked and run

Targets:
  linux-amd64     x86_64-unknown-linux-musl     static
  linux-arm64     aarch64-unknown-linux-musl    static
  macos-amd64     x86_64-apple-darwin           needs libraries of macOS only
  macos-arm64     aarch64-apple-darwin          the same, with an ad hoc signature
  windows-amd64   x86_64-pc-windows-gnu         needs libraries of Windows only

Writes target/dist/weft-OS-ARCH, and archives with SHA256SUMS to target/dist/release/.")]
pub struct Dist {
    /// A target, given once or more: a name or a Rust target, as below [default: all]
    #[arg(long = "target", value_name = "TARGET")]
    pub targets: Vec<Target>,
    /// Build only the binaries, with the notices of third parties beside them, and no archives
    #[arg(long)]
    pub binaries_only: bool,
    /// Build the archives of `wasm-diet` for Linux, with Binaryen inside, in place of `weft`; compiles C++ for
    /// many minutes
    #[arg(long, conflicts_with_all = ["binaries_only", "check_size", "dry_run", "json"])]
    pub wasm_diet: bool,
    /// Fail when a binary is over its budget, has no row in size-budget.toml, or a row has no artifact
    #[arg(long)]
    pub check_size: bool,
    /// Check the archive for this machine in DIR, run the program in it, and have it installed; build nothing
    #[arg(long, value_name = "DIR",
           conflicts_with_all = ["targets", "binaries_only", "check_size", "dry_run", "json"])]
    pub run: Option<PathBuf>,
    /// Print the steps without running them
    #[arg(long)]
    pub dry_run: bool,
    /// Fail if Cargo.lock would have to change
    #[arg(long)]
    pub locked: bool,
    /// Print the result, or the steps, as JSON
    #[arg(long)]
    pub json: bool,
}
