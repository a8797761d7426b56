//! The flags of `dist`.

use clap::Args;

use crate::values::Target;

/// Build `weft` for release: binaries, archives, checksums
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask dist                         everything that this machine can build for its own system
  cargo xtask dist --target linux-arm64    one target alone, on a machine of either architecture
  cargo xtask dist --dry-run               the steps, without running them

Targets:
  linux-amd64     x86_64-unknown-linux-musl     static; on Linux or macOS
  linux-arm64     aarch64-unknown-linux-musl    static; on Linux or macOS
  macos-amd64     x86_64-apple-darwin           on macOS
  macos-arm64     aarch64-apple-darwin          on macOS
  windows-amd64   x86_64-pc-windows-msvc        on Windows

Writes target/dist/weft-OS-ARCH, and archives with SHA256SUMS to target/dist/release/.")]
pub struct Dist {
    /// A target, given once or more: a name or a Rust target, as below [default: this system's]
    #[arg(long = "target", value_name = "TARGET")]
    pub targets: Vec<Target>,
    /// Build only the binaries, with the notices of third parties beside them, and no archives
    #[arg(long)]
    pub binaries_only: bool,
    /// Fail when a binary is over its budget, has no row in size-budget.toml, or a row has no artifact
    #[arg(long)]
    pub check_size: bool,
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
